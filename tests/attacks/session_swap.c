/*
 * P9: another process opens the memfd that carries the session through /proc/PID/fd, before it is
 * sealed, and writes to it. It marks the end of the session, where the new process's name stands.
 * Natively the program hands a memfd to itself, and does not look at it again once it is sealed.
 */
#include "attack.h"
#include <sys/prctl.h>

#define MARK   'X'
#define NAME   "session_swap"
#define ROUNDS 200

/*
 * Opened for writing if it is a memfd: anything else of the victim's is to stay as it is, and to be
 * executable meanwhile. By way of O_PATH, since the number may become another file's at any time.
 */
static int open_memfd(const char *path)
{
    static const char prefix[] = "/memfd:";
    char target[sizeof prefix], own[64];
    int fd = -1, found = open(path, O_PATH | O_CLOEXEC);
    snprintf(own, sizeof own, "/proc/self/fd/%d", found);
    if (readlink(own, target, sizeof prefix - 1) == sizeof prefix - 1 &&
        memcmp(target, prefix, sizeof prefix - 1) == 0) {
        fd = open(own, O_RDWR | O_CLOEXEC);
    }
    close(found);
    return fd;
}

/* Writes the mark at the end of whatever memfd `victim` holds for a moment. Never returns. */
static void race(pid_t victim)
{
    static const char mark = MARK;
    char paths[4][64];
    for (int i = 0; i < 4; i++) {
        snprintf(paths[i], sizeof paths[i], "/proc/%d/fd/%d", victim, 3 + i);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != victim) {
        _exit(0); /* it ended before */
    }
    for (unsigned i = 0;; i++) {
        int fd = open_memfd(paths[i % 4]);
        if (fd < 0) {
            continue;
        }
        for (int tries = 0; tries < 100000; tries++) {
            off_t size = lseek(fd, 0, SEEK_END);
            if (size > 1 && pwrite(fd, &mark, 1, size - 2) < 0) {
                break; /* sealed */
            }
        }
        close(fd);
    }
}

static bool marked_natively(void)
{
    char text[sizeof NAME] = NAME;
    int fd = MUST(memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    CHECK_EQ(pwrite(fd, text, sizeof text, 0), sizeof text, "pwrite");
    while (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        CHECK_EQ(errno, EBUSY, "sealing"); /* the other writes to it just now */
    }
    CHECK_EQ(pread(fd, text, sizeof text, 0), sizeof text, "pread");
    close(fd);
    return strcmp(text, NAME) != 0;
}

static bool marked_by_exec(void)
{
    char name[16] = "";
    MUST(prctl(PR_GET_NAME, name));
    return name[0] != 0 && name[strlen(name) - 1] == MARK;
}

int main(int argc, char **argv)
{
    bool monitored = under_monitor();
    int round = argc > 1 ? atoi(argv[1]) : 0;
    int rounds = fewer_when_emulated(ROUNDS);
    if (argc == 1) {
        pid_t self = getpid();
        if (MUST(fork()) == 0) {
            race(self);
        }
    }
    while (!monitored && !marked_natively()) {
    }
    if (!monitored || marked_by_exec()) {
        reached();
    }
    if (round < rounds) {
        char number[16];
        snprintf(number, sizeof number, "%d", round + 1);
        execl("/proc/self/exe", argv[0], number, (char *)NULL);
        not_reached("%s", strerrorname_np(errno));
    }
    not_reached("unmarked");
}
