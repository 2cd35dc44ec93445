/*
 * P5: a descriptor that the monitor holds for a moment, seen by others with the same table: a
 * thread, and a process that shares it without sharing memory. All that the program itself keeps
 * open is moved out of the way, so any descriptor among the first is a foreign one; it is closed,
 * replaced and lent out. Natively there is one that the program opens and closes itself.
 */
#include "executed.h"

#define FIRST  3
#define LAST   20
#define OWN    50
#define ROUNDS 15

/* In memory that the thieves share. */
static struct shared {
    volatile int stop, stolen;
} * shared;

/* Without libc: one of the thieves has no thread pointer of its own. */
static int steal(void *argument)
{
    (void)argument;
    while (!shared->stop) {
        for (int fd = FIRST; fd <= LAST; fd++) {
            if (raw(SYS_fcntl, fd, F_GETFD) == -EBADF) {
                continue;
            }
            shared->stolen = fd;
            raw(SYS_dup3, OWN, fd, O_CLOEXEC);
            raw(SYS_close, fd);
        }
        raw(SYS_sched_yield);
    }
    return 0;
}

static void map_code(int fd)
{
    void *code = mmap(NULL, 64 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    munmap(code, 64 * PAGE);
}

/* All for which a monitor opens something, or might. */
static void make_monitor_work(int code)
{
    char path[64], linked[4096];
    static char *const arguments[] = {"x", NULL};
    map_code(code);
    execv("/nonexistent/program", arguments);
    execv("not-executable-format", arguments);
    execv("script-without-interpreter", arguments);
    CHECK(readlink("/proc/self/exe", linked, sizeof linked) > 0, "readlink: %s", strerror(errno));
    CHECK(access("/proc/self/exe", R_OK) == 0, "access: %s", strerror(errno));
    snprintf(path, sizeof path, "/proc/%d/exe", getppid());
    CHECK(readlink(path, linked, sizeof linked) > 0 || errno == EACCES, "readlink: %s",
          strerror(errno));
}

static void write_executable(const char *name, const char *text)
{
    int fd = MUST(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text), name);
    close(fd);
}

/* Code that no plan is known of. */
static int open_code(void)
{
    int copy = copy_to_memfd("/lib/x86_64-linux-gnu/libc.so.6", MFD_CLOEXEC);
    int fd = MUST(fcntl(copy, F_DUPFD_CLOEXEC, OWN));
    CHECK_EQ(fd, OWN, "F_DUPFD_CLOEXEC");
    return fd;
}

int main(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    bool monitored = under_monitor();
    int rounds = fewer_when_emulated(ROUNDS);
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED, "mmap: %s", strerror(errno));
    write_executable("not-executable-format", "no program\n");
    write_executable("script-without-interpreter", "#!/nonexistent/interpreter\n");
    int code = open_code();
    CHECK_EQ(close_range(FIRST, LAST, 0), 0, "close_range");

    CHECK(
        raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
                  stack + sizeof stack, NULL, NULL, NULL, steal, NULL) > 0,
        "clone: a thread");
    pid_t sharer = (pid_t)raw(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    CHECK(sharer >= 0, "clone: a process");
    if (sharer == 0) {
        raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        raw(SYS_exit_group, steal(NULL));
    }
    for (int round = 0; monitored ? round < rounds : !shared->stolen; round++) {
        if (monitored) {
            make_monitor_work(code);
        } else {
            raw(SYS_close, raw(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_CLOEXEC));
        }
    }
    shared->stop = 1;
    wait_for(sharer);
    if (shared->stolen) {
        reached();
    }
    not_reached("none-seen");
}
