/* M7: /proc/PID/mem by its many names; the kernel writes there past every protection of a page. */
#include "attack.h"
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define NOT_HERE 200 /* the machine or the user's rights don't give this way */

static uint64_t *target;
static bool with_threads;
static char by_pid[64], by_tid[64];

/* Writes by this descriptor; 0 or a negative errno. */
static int write_by(int fd)
{
    static const uint64_t foreign = FOREIGN_VALUE, none = 0;
    if (fd < 0) {
        return -errno;
    }
    if (pwrite(fd, &foreign, sizeof foreign, (off_t)target) != sizeof foreign) {
        return -errno;
    }
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR) {
        uint64_t now = 0;
        CHECK_EQ(pread(fd, &now, sizeof now, (off_t)target), sizeof now, "reading it back");
        CHECK_EQ(now, FOREIGN_VALUE, "what is there");
    }
    CHECK_EQ(pwrite(fd, &none, sizeof none, (off_t)target), sizeof none, "writing it back");
    close(fd);
    return 0;
}

static int write_by_name(const char *path)
{
    return write_by(open(path, O_RDWR | O_CLOEXEC));
}

/* ---------------------------------------------------------------- names */

static int self(void)
{
    return write_by_name("/proc/self/mem");
}

static int pid(void)
{
    return write_by_name(by_pid);
}

static int thread(void)
{
    return write_by_name("/proc/thread-self/mem");
}

static int task(void)
{
    return write_by_name(by_tid);
}

static int up_and_down(void)
{
    return write_by_name("/proc/self/../self/task/../mem");
}

static int by_root(void)
{
    return write_by_name("/proc/self/root/proc/self/mem");
}

static int truncated(void)
{
    return write_by(open("/proc/self/mem", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
}

static int created(void)
{
    return write_by((int)syscall(SYS_creat, by_pid, 0600));
}

/* ---------------------------------------------------------------- links */

static const char *link_to(const char *path)
{
    unlink("link");
    MUST(symlink(path, "link"));
    return "link";
}

static int by_link(void)
{
    return write_by_name(link_to("/proc/self/mem"));
}

static int by_link_to_folder(void)
{
    link_to("/proc/self");
    return write_by_name("link/mem");
}

static int by_two_links(void)
{
    unlink("second");
    MUST(symlink(link_to("/proc/thread-self/mem"), "second"));
    return write_by_name("./second");
}

static int by_number(const char *format, int flags)
{
    char path[64];
    int fd = MUST(open("/proc/self/mem", O_PATH | flags));
    snprintf(path, sizeof path, format, fd);
    int result = write_by_name(path);
    close(fd);
    return result;
}

static int by_own_number(void)
{
    return by_number("/proc/self/fd/%d", 0);
}

static int by_dev_fd(void)
{
    return by_number("/dev/fd/%d", O_CLOEXEC);
}

/* ---------------------------------------------------------------- where the walk starts */

static int from(const char *folder, const char *path)
{
    int fd = MUST(open(folder, O_PATH | O_DIRECTORY));
    int result = write_by(openat(fd, path, O_RDWR));
    close(fd);
    return result;
}

static int by_folder(void)
{
    return from("/proc/self", "mem");
}

static int by_proc(void)
{
    return from("/proc", "self/mem");
}

static int by_other_folder(void)
{
    return from("/proc/self/fd", "../task/../mem");
}

static int by_working_directory(void)
{
    int before = MUST(open(".", O_PATH));
    MUST(chdir("/proc/self"));
    int result = write_by_name("mem");
    MUST(fchdir(before));
    close(before);
    return result;
}

static int extended(void)
{
    const struct open_how how = {.flags = O_RDWR,
                                 .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH};
    int fd = MUST(open("/proc", O_RDONLY));
    int result = write_by((int)syscall(SYS_openat2, fd, "self/mem", &how, sizeof how));
    close(fd);
    return result;
}

static int extended_inside(void)
{
    struct open_how how = {.flags = O_RDWR, .resolve = RESOLVE_NO_XDEV | RESOLVE_IN_ROOT};
    int fd = MUST(open("/proc/self", O_PATH));
    int result = write_by((int)syscall(SYS_openat2, fd, "/mem", &how, sizeof how));
    close(fd);
    return result;
}

/* ---------------------------------------------------------------- other mounts */

static void *wait_for_ever(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

/* In a child that may mount. */
static int with_mounts(int (*way)(void))
{
    pid_t child = MUST(fork());
    if (child == 0) {
        pthread_t other;
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
            _exit(NOT_HERE);
        }
        if (with_threads) {
            CHECK_EQ(pthread_create(&other, NULL, wait_for_ever, NULL), 0, "pthread_create");
        }
        target = target_page();
        _exit(-way());
    }
    int status = wait_for(child);
    CHECK(WIFEXITED(status), "the child: %s", ending(status));
    return WEXITSTATUS(status) == NOT_HERE ? NOT_HERE : -WEXITSTATUS(status);
}

static int bound_file(void)
{
    close(MUST(open("bound", O_CREAT | O_WRONLY, 0600)));
    return mount("/proc/self/mem", "bound", NULL, MS_BIND, NULL) == 0 ? write_by_name("bound")
                                                                      : NOT_HERE;
}

static int bound_over(void)
{
    return mount("/proc/self/mem", "/proc/self/comm", NULL, MS_BIND, NULL) == 0
               ? write_by_name("/proc/self/comm")
               : NOT_HERE;
}

static int bound_folder(void)
{
    mkdir("bound_folder", 0700);
    return mount("/proc/self", "bound_folder", NULL, MS_BIND, NULL) == 0
               ? write_by_name("bound_folder/mem")
               : NOT_HERE;
}

static int changed_root(void)
{
    return chroot("/proc") == 0 ? write_by_name("/self/mem") : NOT_HERE;
}

static int by_bound_file(void)
{
    return with_mounts(bound_file);
}

static int by_bound_over(void)
{
    return with_mounts(bound_over);
}

static int by_bound_folder(void)
{
    return with_mounts(bound_folder);
}

static int by_changed_root(void)
{
    return with_mounts(changed_root);
}

/* ---------------------------------------------------------------- from elsewhere */

/* Sent to oneself. */
static int by_socket(void)
{
    int ends[2];
    union {
        char buffer[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.buffer = {0}};
    struct msghdr message = {.msg_control = control.buffer,
                             .msg_controllen = sizeof control.buffer};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = open("/proc/thread-self/mem", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
    *header = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    MUST(sendmsg(ends[0], &message, 0));
    close(fd);
    MUST(recvmsg(ends[1], &message, 0));
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return write_by(fd);
}

/* By a thread that has descriptors of its own. */
static int open_apart(void *argument)
{
    volatile int *result = argument;
    static const uint64_t foreign = FOREIGN_VALUE, none = 0;
    long fd = raw(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR, 0);
    long written = fd < 0 ? fd : raw(SYS_pwrite64, fd, &foreign, sizeof foreign, target);
    if (written == sizeof foreign) {
        raw(SYS_pwrite64, fd, &none, sizeof none, target);
    }
    *result = written == sizeof foreign ? 0 : (int)written;
    return -*result;
}

static int by_other_table(void)
{
    const size_t size = 65536;
    uint8_t *stack = map_pages(size, PROT_READ | PROT_WRITE); /* kept: the thread ends some time */
    static volatile int result;
    result = 1;
    CHECK(raw_clone(CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
                    stack + size, NULL, NULL, NULL, open_apart, (void *)(uintptr_t)&result) > 0,
          "clone");
    while (result == 1) {
        sched_yield();
    }
    return result;
}

/* By a process that has this one's descriptors and not its memory. */
static int by_other_process(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    static volatile int result;
    long child = raw_clone(CLONE_FILES | SIGCHLD, stack + sizeof stack, NULL, NULL, NULL,
                           open_apart, (void *)(uintptr_t)&result);
    CHECK(child > 0, "clone");
    int status = wait_for((pid_t)child);
    CHECK(WIFEXITED(status), "the child: %s", ending(status));
    return -WEXITSTATUS(status);
}

/* ---------------------------------------------------------------- */

static int (*const ways[])(void) = {
    self,
    pid,
    thread,
    task,
    up_and_down,
    by_root,
    truncated,
    created,
    by_link,
    by_link_to_folder,
    by_two_links,
    by_own_number,
    by_dev_fd,
    by_folder,
    by_proc,
    by_other_folder,
    extended,
    extended_inside,
    by_bound_file,
    by_bound_over,
    by_changed_root,
    by_bound_folder,
    by_socket,
    by_other_table,
    by_working_directory,
    by_other_process,
};

int main(void)
{
    int tried = 0, succeeded = 0, error = 0;
    pthread_t other;
    snprintf(by_pid, sizeof by_pid, "/proc/%d/mem", getpid());
    snprintf(by_tid, sizeof by_tid, "/proc/%d/task/%d/mem", getpid(), raw_tid());
    target = target_page();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            int result = ways[i]();
            if (result == NOT_HERE) {
                continue;
            }
            CHECK(result == 0 || error == 0 || result == -error, "way %zu: %s", i,
                  strerror(-result));
            tried++;
            succeeded += result == 0;
            error = result < 0 ? -result : error;
        }
        with_threads = true;
        if (round == 0) {
            CHECK_EQ(pthread_create(&other, NULL, wait_for_ever, NULL), 0, "pthread_create");
        }
    }
    judge_ways(tried, succeeded, error);
}
