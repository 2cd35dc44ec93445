/*
 * M9: a descriptor of a device whose driver nobody has looked at. Those that reach memory past all
 * protection (KVM, a GPU...) need hardware, so any other stands for them.
 */
#include "attack.h"
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/sysmacros.h>

static const char *const candidates[] = {"kvm", "udmabuf", "vga_arbiter", "loop-control", "hwrng"};
static const char *device, *name; /* its path; that in /dev */
static struct stat wanted;

static bool is_wanted(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && status.st_rdev == wanted.st_rdev &&
           (fcntl(fd, F_GETFL) & O_PATH) == 0;
}

/* 0, or an errno; the descriptor is closed. */
static int judge(int fd)
{
    int error = errno;
    if (fd < 0) {
        return error;
    }
    CHECK(is_wanted(fd), "another file");
    close(fd);
    return 0;
}

/* ---------------------------------------------------------------- ways */

static int by_name(void)
{
    return judge(open(device, O_RDONLY | O_CLOEXEC));
}

static int from_its_folder(void)
{
    int before = MUST(open(".", O_PATH | O_CLOEXEC));
    MUST(chdir("/dev"));
    int error = judge(open(name, O_RDONLY | O_CLOEXEC));
    MUST(fchdir(before));
    close(before);
    return error;
}

static int by_folder(void)
{
    int folder = MUST(open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC));
    int error = judge(openat(folder, name, O_RDONLY | O_CLOEXEC));
    close(folder);
    return error;
}

static int by_link(void)
{
    unlink("link");
    MUST(symlink(device, "link"));
    return judge(open("link", O_RDONLY | O_CLOEXEC));
}

static int by_place(void)
{
    char path[64];
    int place = MUST(open(device, O_PATH | O_CLOEXEC));
    snprintf(path, sizeof path, "/proc/self/fd/%d", place);
    int error = judge(open(path, O_RDONLY | O_CLOEXEC));
    close(place);
    return error;
}

static int by_openat2(void)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    return judge((int)syscall(SYS_openat2, AT_FDCWD, device, &how, sizeof how));
}

static int (*const ways[])(void) = {by_name, from_its_folder, by_folder,
                                    by_link, by_place,        by_openat2};
#define WAYS ((int)(sizeof ways / sizeof ways[0]))

/* ---------------------------------------------------------------- a second thread */

static volatile int stop, seen;

/* What it finds at a low number it keeps before it looks. */
static void *look_for_it(void *argument)
{
    while (!stop) {
        for (int fd = 3; fd < 12; fd++) {
            int kept = fcntl(fd, F_DUPFD_CLOEXEC, 500);
            seen |= is_wanted(kept);
            close(kept);
        }
    }
    return argument;
}

static void try_all(int *succeeded, int *error)
{
    for (int i = 0; i < WAYS; i++) {
        int result = ways[i]();
        *succeeded += result == 0;
        *error = result != 0 ? result : *error;
        CHECK(result == 0 || result == EPERM, "way %d: %s", i, strerror(result));
    }
}

static void choose_device(void)
{
    static char path[64];
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0] && device == NULL; i++) {
        snprintf(path, sizeof path, "/dev/%s", candidates[i]);
        if (access(path, R_OK) == 0 && stat(path, &wanted) == 0) {
            device = path;
            name = candidates[i];
        }
    }
    if (device == NULL) {
        not_reached("no-device");
    }
}

int main(void)
{
    int succeeded = 0, error = 0;
    pthread_t thread;
    choose_device();
    try_all(&succeeded, &error);
    CHECK_EQ(pthread_create(&thread, NULL, look_for_it, NULL), 0, "pthread_create");
    for (int i = 0; i < 20; i++) {
        try_all(&succeeded, &error);
    }
    stop = 1;
    pthread_join(thread, NULL);
    CHECK(succeeded != 0 || !seen, "the other thread met it");
    judge_ways(WAYS * 21, succeeded, error);
}
