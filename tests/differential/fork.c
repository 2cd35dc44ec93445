/*
 * fork and vfork: what the child has and has not, from handlers, from threads, in numbers, and with
 * parents that go away first.
 */
#include "common.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/time.h>

static volatile int shared, calls;

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

/* ---------------------------------------------------------------- what a child inherits */

static void test_inherits(void)
{
    raw_handle(SIGUSR1, count, SA_SIGINFO, SIGNAL_BIT(SIGINT));
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(60));
    raw(SYS_kill, getpid(), SIGUSR1);
    raw(SYS_tkill, raw_tid(), 60);
    struct itimerval later = {.it_value = {1000, 0}}, left;
    MUST(setitimer(ITIMER_REAL, &later, NULL));
    pid_t parent = getpid(), pid = MUST(fork());
    if (pid == 0) {
        struct kernel_sigaction action;
        raw_action(SIGUSR1, NULL, &action);
        CHECK(action.handler == (void *)count && action.mask == SIGNAL_BIT(SIGINT), "the action");
        CHECK_EQ(current_mask(), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(60), "mask");
        CHECK_EQ(pending_signals(), 0, "pending in the child");
        MUST(getitimer(ITIMER_REAL, &left));
        CHECK_EQ(left.it_value.tv_sec, 0, "timer in the child");
        CHECK_EQ(getppid(), parent, "getppid");
        CHECK_EQ(raw_tid(), getpid(), "gettid");
        raw(SYS_kill, getpid(), SIGUSR1);
        raw_mask(SIG_SETMASK, 0);
        CHECK_EQ(calls, 1, "handler calls in the child");
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    MUST(setitimer(ITIMER_REAL, (&(struct itimerval){{0, 0}, {0, 0}}), &left));
    CHECK(left.it_value.tv_sec > 500, "timer of the parent");
    CHECK_EQ(pending_signals(), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(60), "pending in the parent");
    raw_handle(60, count, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(calls, 2, "handler calls in the parent");
    say("inherits: mask and actions, not what is pending\n");
}

/* A signal sent to a child before it has run one instruction ends it all the same. */
static void test_signal_at_birth(void)
{
    const int signals[] = {SIGSYS, SIGSEGV, SIGBUS, SIGTERM};
    for (int i = 0; i < 400; i++) {
        int signo = signals[i % 4];
        pid_t pid = MUST(fork());
        if (pid == 0) {
            alarm(200);
            for (;;) {
                pause();
            }
        }
        MUST(kill(pid, signo));
        CHECK_EQ(wait_for(pid) & 0x7f, signo, "what ended the child");
    }
    say("a signal at birth: never lost\n");
}

static void test_many(void)
{
    for (int i = 0; i < 300; i++) {
        pid_t pid = MUST(fork());
        if (pid == 0) {
            shared = i;
            _exit(i % 256);
        }
        CHECK_EQ(wait_for(pid), i % 256 << 8, "status");
        CHECK_EQ(shared, 0, "memory isn't shared");
    }
    /* a chain, each the parent of the next */
    int status = 0, depth = 0;
    for (pid_t pid = MUST(fork()); pid == 0 && depth < 40; pid = MUST(fork())) {
        depth++;
        if (depth == 40) {
            _exit(40);
        }
    }
    if (depth > 0) {
        wait(&status);
        _exit(WEXITSTATUS(status));
    }
    wait(&status);
    CHECK_EQ(WEXITSTATUS(status), 40, "status handed up a chain of forks");
    say("300 forks and a chain of 40\n");
}

/* ---------------------------------------------------------------- vfork */

static void test_vfork(void)
{
    char *const missing[] = {(char *)"/no/such/program", NULL};
    for (volatile int i = 0; i < 200; i++) {
        volatile int local = 1;
        shared = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            shared = i + 1;
            local = 77;
            if (i % 2) {
                execv(missing[0], missing);
                shared = errno;
            }
            _exit(i % 100);
        }
        CHECK(pid > 0, "vfork: %s", strerror(errno));
        CHECK_EQ(shared, i % 2 ? ENOENT : i + 1, "memory written by the vfork child");
        CHECK_EQ(local, 77, "the stack is shared");
        CHECK_EQ(wait_for(pid), i % 100 << 8, "status");
    }
    say("vfork: 200 children write the parent's memory\n");
}

/* The parent waits for the child however long it takes, and takes its signals afterwards. */
static void test_vfork_waits(void)
{
    raw_handle(SIGUSR1, count, SA_SIGINFO, 0);
    calls = 0;
    long long start = monotonic_ns();
    pid_t parent = getpid(), pid = vfork();
    if (pid == 0) {
        raw(SYS_kill, parent, SIGUSR1);
        struct timespec time = {0, 20000000};
        raw(SYS_nanosleep, &time, NULL);
        shared = calls;
        _exit(0);
    }
    CHECK(monotonic_ns() - start >= 20000000, "the parent didn't wait for its vfork child");
    CHECK_EQ(shared, 0, "the parent's handler ran while its child had the stack");
    raw(SYS_getpid);
    CHECK_EQ(calls, 1, "handler calls after vfork");
    wait_for(pid);
    say("vfork: the parent waits, its signal too\n");
}

/* A vfork child with its own mask and handlers leaves those of the parent alone. */
static void test_vfork_signals(void)
{
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    raw_handle(SIGUSR2, count, SA_SIGINFO, 0);
    calls = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        uint64_t mask = SIGNAL_BIT(SIGSYS);
        struct kernel_sigaction ignore = {SIG_IGN, 0, NULL, 0};
        raw(SYS_kill, raw(SYS_getpid), SIGUSR2); /* the handler runs in the child */
        shared = calls;
        raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
        raw(SYS_rt_sigaction, SIGUSR2, &ignore, NULL, 8);
        raw(SYS_kill, raw(SYS_getpid), SIGUSR2);
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the vfork child");
    CHECK_EQ(shared, 1, "handler calls in the child");
    CHECK_EQ(raw_mask(SIG_SETMASK, 0), SIGNAL_BIT(SIGHUP), "mask of the parent");
    struct kernel_sigaction action;
    raw_action(SIGUSR2, NULL, &action);
    CHECK(action.handler == (void *)count, "the parent's handler is gone");
    say("vfork: mask and actions are the child's own\n");
}

/* Killed or crashed while it had the parent's memory. */
static void test_vfork_dies(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        raw(SYS_kill, raw(SYS_getpid), SIGKILL);
        _exit(1);
    }
    CHECK_EQ(wait_for(pid), SIGKILL, "status");
    pid = vfork();
    if (pid == 0) {
        __asm__ volatile("movb $1, 8");
        _exit(1);
    }
    CHECK_EQ(wait_for(pid) & 0x7f, SIGSEGV, "status");
    /* nested */
    pid = vfork();
    if (pid == 0) {
        pid_t inner = vfork();
        if (inner == 0) {
            shared = 1234;
            _exit(3);
        }
        _exit(shared == 1234 ? 4 : 5);
    }
    int status = wait_for(pid);
    CHECK(status == 4 << 8 || status == 5 << 8, "status of nested vfork: %#x", (unsigned)status);
    say("vfork: killed, crashed and nested\n");
    say("vfork, nested: %s\n", status == 4 << 8 ? "the parent's memory" : "memory of its own");
}

/* ---------------------------------------------------------------- from handlers and threads */

static volatile pid_t forked;

static void fork_inside(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    forked = (pid_t)raw(SYS_fork);
    calls++;
}

/* Both sides return from the handler by a frame of their own. */
static void test_fork_in_handler(void)
{
    raw_handle(SIGUSR1, fork_inside, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    for (int i = 0; i < 50; i++) {
        calls = 0;
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        CHECK_EQ(calls, 1, "handler calls");
        CHECK_EQ(current_mask(), SIGNAL_BIT(SIGHUP), "mask after the handler, in either");
        if (forked == 0) {
            _exit(61);
        }
        CHECK_EQ(wait_for(forked), 61 << 8, "the child forked in a handler");
    }
    raw_mask(SIG_SETMASK, 0);
    say("fork in a handler: 50 times\n");
}

static int answer_pipe[2];

static void child_answers(int signo, siginfo_t *info, void *context)
{
    fork_inside(signo, info, context);
    if (forked == 0) {
        CHECK_EQ(write(answer_pipe[1], "w", 1), 1, "write");
        _exit(62);
    }
}

static void test_fork_in_interrupting_handler(void)
{
    MUST(pipe(answer_pipe));
    raw_handle(SIGALRM, child_answers, SA_SIGINFO | SA_RESTART, 0);
    calls = 0;
    pid_t reader = getpid(), interrupter = MUST(fork());
    if (interrupter == 0) {
        wait_until_blocked(reader, reader);
        MUST(kill(reader, SIGALRM));
        _exit(0);
    }
    char byte;
    CHECK_EQ(raw(SYS_read, answer_pipe[0], &byte, 1), 1, "read");
    CHECK_EQ(calls, 1, "handler calls");
    CHECK_EQ(wait_for(forked), 62 << 8, "the child forked in a handler");
    CHECK_EQ(wait_for(interrupter), 0, "the interrupter");
    close(answer_pipe[0]);
    close(answer_pipe[1]);
    say("fork in a handler that interrupted a read\n");
}

static volatile int stop;

static void *keep_busy(void *argument)
{
    while (!stop) {
        raw(SYS_getpid);
        free(malloc(100));
    }
    return argument;
}

static int threads_in_child(void)
{
    char line[128];
    int threads = -1;
    int fd = MUST(open("/proc/self/status", O_RDONLY));
    static char text[4096];
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(length > 0, "/proc/self/status");
    const char *found = strstr(text, "Threads:");
    CHECK(found, "Threads:");
    snprintf(line, sizeof line, "%s", found);
    sscanf(line, "Threads: %d", &threads);
    return threads;
}

static void *fork_from_thread(void *argument)
{
    for (int i = 0; i < 30; i++) {
        pid_t pid = MUST(fork());
        if (pid == 0) {
            CHECK_EQ(raw_tid(), getpid(), "the forking thread is the child's main thread");
            CHECK_EQ(threads_in_child(), 1, "threads in the child");
            pthread_t thread;
            stop = 1;
            CHECK_EQ(pthread_create(&thread, NULL, keep_busy, NULL), 0, "pthread_create");
            pthread_join(thread, NULL);
            _exit(7);
        }
        CHECK_EQ(wait_for(pid), 7 << 8, "the child of a thread");
    }
    return argument;
}

static void test_fork_with_threads(void)
{
    pthread_t busy[3], forking[2];
    stop = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&busy[i], NULL, keep_busy, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pthread_create(&forking[i], NULL, fork_from_thread, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(forking[i], NULL);
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(busy[i], NULL);
    }
    say("fork in a multithreaded program: 60 times\n");
}

/* A vfork from one thread holds up that thread alone. */
static volatile long progress;

static void *make_progress(void *argument)
{
    while (!stop) {
        progress++;
        raw(SYS_getpid);
    }
    return argument;
}

static bool shares_with_threads;

static void look_whether_vfork_shares(void)
{
    shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 1;
        _exit(8);
    }
    CHECK_EQ(wait_for(pid), 8 << 8, "the vfork child");
    shares_with_threads = shared == 1;
    say("vfork in a multithreaded program: %s\n",
        shares_with_threads ? "the parent's memory" : "memory of its own");
}

static void test_vfork_with_threads(void)
{
    pthread_t thread;
    stop = 0;
    CHECK_EQ(pthread_create(&thread, NULL, make_progress, NULL), 0, "pthread_create");
    look_whether_vfork_shares();
    for (int i = 0; i < (shares_with_threads ? 20 : 0); i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            long before = progress;
            while (progress < before + 10) {
                raw(SYS_sched_yield);
            }
            _exit(8);
        }
        CHECK_EQ(wait_for(pid), 8 << 8, "the other thread ran during vfork");
    }
    stop = 1;
    pthread_join(thread, NULL);
    say("vfork in a multithreaded program: the others run on\n");
}

/* ---------------------------------------------------------------- vfork and signals */

static volatile pid_t vforked;
static volatile int enough;

/* Sends to the vfork child, one at a time, until it has had enough. */
static void *send_to_child(void *argument)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, 50};
    raw_mask(SIG_SETMASK, ~0ULL);
    while (vforked == 0) {
        sched_yield();
    }
    for (int i = 0; !enough; i++) {
        int before = calls;
        CHECK_EQ(raw(SYS_kill, vforked, signals[i % 4]), 0, "kill");
        while (calls == before && !enough) {
            sched_yield();
        }
    }
    return argument;
}

static volatile pid_t handled_in;

static void note_process(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    pid_t pid = (pid_t)raw(SYS_getpid);
    if (vforked != pid) {
        handled_in = pid;
    }
    calls++;
}

/* A child that has its parent's memory handles its own signals there. With its own it is any child.
 */
static void test_vfork_child_signalled(void)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, 50};
    struct kernel_sigaction first[4];
    for (int i = 0; i < 4; i++) {
        raw_action(signals[i], NULL, &first[i]);
        raw_handle(signals[i], note_process, SA_SIGINFO | SA_RESTART, 0);
    }
    for (volatile int round = 0; round < (shares_with_threads ? 5 : 0); round++) {
        pthread_t thread;
        calls = enough = handled_in = vforked = 0;
        CHECK_EQ(pthread_create(&thread, NULL, send_to_child, NULL), 0, "pthread_create");
        pid_t pid = vfork();
        if (pid == 0) {
            vforked = (pid_t)raw(SYS_getpid);
            while (calls < 40) {
                raw(SYS_getppid);
            }
            enough = 1;
            uint64_t mask = 1;
            raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
            _exit(mask == 0 ? 15 : 16);
        }
        /* The last signal may be sent to a child that has ended: one that is waited for later. Also
         * a child that failed has had enough. */
        enough = 1;
        pthread_join(thread, NULL);
        CHECK_EQ(wait_for(pid), 15 << 8, "the vfork child");
        CHECK_EQ(handled_in, 0, "a process that handled the child's signals");
        CHECK_EQ(current_mask(), 0, "mask of the parent");
    }
    for (int i = 0; i < 4; i++) {
        raw_action(signals[i], &first[i], NULL);
    }
    say("vfork: the child handles its own signals\n");
}

static volatile int child_done, too_early;

static void note_time(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    too_early += !child_done;
    calls++;
}

/* What is queued for the parent meanwhile comes when the child is gone, all of it, in order. */
static void test_vfork_parent_signalled(void)
{
    struct kernel_sigaction first, first_bus;
    raw_action(50, NULL, &first);
    raw_action(SIGBUS, NULL, &first_bus);
    raw_handle(50, note_time, SA_SIGINFO, 0);
    raw_handle(SIGBUS, note_time, SA_SIGINFO, 0);
    for (volatile int round = 0; round < 20; round++) {
        pid_t parent = getpid();
        calls = child_done = too_early = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            int info[32] = {50, 0, SI_QUEUE, 0, (int)raw(SYS_getpid)};
            for (int i = 0; i < 20; i++) {
                raw(SYS_rt_tgsigqueueinfo, parent, parent, 50, info);
            }
            raw(SYS_tgkill, parent, parent, SIGBUS);
            if (round % 2) {
                raw(SYS_kill, parent, SIGSTOP);
                raw(SYS_kill, parent, SIGCONT);
            }
            raw(SYS_nanosleep, (&(struct timespec){0, 1000000}), NULL);
            child_done = 1;
            _exit(0);
        }
        raw(SYS_getpid);
        CHECK_EQ(calls, 21, "signals handled after vfork");
        CHECK_EQ(too_early, 0, "handlers that ran while the child had the stack");
        CHECK_EQ(wait_for(pid), 0, "the vfork child");
        CHECK_EQ(current_mask(), 0, "mask");
    }
    raw_action(50, &first, NULL);
    raw_action(SIGBUS, &first_bus, NULL);
    say("vfork: the parent's signals wait for it\n");
}

/* The parent is killed while it waits: the child goes on alone, and may still execute. */
static void test_vfork_parent_killed(void)
{
    int ends[2];
    char byte = 0;
    MUST(pipe2(ends, O_CLOEXEC));
    for (int execute = 0; execute < 2; execute++) {
        pid_t middle = MUST(fork());
        if (middle == 0) {
            pid_t parent = getpid();
            if (vfork() == 0) {
                raw(SYS_kill, parent, SIGKILL);
                while (raw(SYS_getppid) == parent) {
                    raw(SYS_sched_yield);
                }
                raw(SYS_dup2, ends[1], 1);
                if (execute) {
                    execl("/bin/echo", "echo", "-n", "e", NULL);
                }
                raw(SYS_write, 1, "w", 1);
                _exit(0);
            }
            _exit(1);
        }
        CHECK_EQ(wait_for(middle), SIGKILL, "the vfork child's parent");
        CHECK_EQ(read(ends[0], &byte, 1), 1, "read");
        CHECK_EQ(byte, execute ? 'e' : 'w', "what the orphan wrote");
    }
    close(ends[0]);
    close(ends[1]);
    say("vfork: goes on when the parent is killed\n");
}

/* ---------------------------------------------------------------- nothing is left behind */

static int count_mappings(void)
{
    static char text[65536];
    int lines = 0, fd = MUST(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
    for (ssize_t length; (length = MUST(read(fd, text, sizeof text))) > 0;) {
        for (ssize_t i = 0; i < length; i++) {
            lines += text[i] == '\n';
        }
    }
    close(fd);
    return lines;
}

static void vfork_and_wait(int count)
{
    for (volatile int i = 0; i < count; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            if (i % 4 == 0) {
                execl("/no/such/program", "x", NULL);
            }
            _exit(0);
        }
        CHECK(pid > 0, "vfork: %s", strerror(errno));
        CHECK_EQ(wait_for(pid), 0, "the vfork child");
    }
}

#define LIVING 40

/* Children that live on in a program of their own, until their input ends. */
static void vfork_and_execute(pid_t pids[LIVING], int input)
{
    for (volatile int i = 0; i < LIVING; i++) {
        pids[i] = vfork();
        if (pids[i] == 0) {
            raw(SYS_dup2, input, 0);
            execl("/bin/cat", "cat", NULL);
            _exit(9);
        }
        CHECK(pids[i] > 0, "vfork: %s", strerror(errno));
    }
}

static void test_nothing_left(void)
{
    static pid_t pids[LIVING];
    int ends[2];
    vfork_and_wait(50);
    int before = count_mappings();
    vfork_and_wait(800);
    int after = count_mappings();
    CHECK(after <= before + 1, "%d mappings before 800 vfork children, %d afterwards", before,
          after);
    MUST(pipe2(ends, O_CLOEXEC));
    before = count_mappings();
    vfork_and_execute(pids, ends[0]);
    after = count_mappings();
    CHECK(after <= before + 1, "%d mappings before %d children that execute, %d afterwards", before,
          LIVING, after);
    close(ends[1]);
    for (int i = 0; i < LIVING; i++) {
        CHECK_EQ(wait_for(pids[i]), 0, "the program of a vfork child");
    }
    close(ends[0]);
    say("800 vfork children and %d that execute: no mapping left\n", LIVING);
}

/* ---------------------------------------------------------------- orphans */

static void test_subreaper(void)
{
    int ends[2];
    MUST(pipe(ends));
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    int is_reaper = 0;
    MUST(prctl(PR_GET_CHILD_SUBREAPER, &is_reaper, 0, 0, 0));
    CHECK_EQ(is_reaper, 1, "PR_GET_CHILD_SUBREAPER");
    pid_t self = getpid(), pid = MUST(fork());
    if (pid == 0) {
        pid_t middle = getpid();
        if (MUST(fork()) == 0) {
            close(ends[1]);
            while (getppid() == middle) {
                sched_yield();
            }
            _exit(getppid() == self ? 71 : 72);
        }
        _exit(70);
    }
    CHECK_EQ(wait_for(pid), 70 << 8, "the parent of the orphan");
    int status;
    MUST(waitpid(-1, &status, 0));
    CHECK_EQ(status, 71 << 8, "the orphan's new parent");
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
    close(ends[0]);
    close(ends[1]);
    say("PR_SET_CHILD_SUBREAPER: takes orphans\n");
}

static void test_parent_death_signal(void)
{
    static const int signals[] = {SIGUSR2, SIGSYS, SIGKILL};
    for (unsigned i = 0; i < 3; i++) {
        int ends[2], now = 0;
        MUST(pipe(ends));
        pid_t pid = MUST(fork());
        if (pid == 0) {
            pid_t parent = getpid();
            raw_handle(SIGUSR2, count, SA_SIGINFO, 0);
            raw_handle(SIGSYS, count, SA_SIGINFO, 0);
            if (MUST(fork()) == 0) {
                calls = 0;
                MUST(prctl(PR_SET_PDEATHSIG, signals[i], 0, 0, 0));
                MUST(prctl(PR_GET_PDEATHSIG, &now, 0, 0, 0));
                CHECK_EQ(now, signals[i], "PR_GET_PDEATHSIG");
                CHECK_EQ(write(ends[1], "r", 1), 1, "write");
                for (int wait = 0; wait < 60000 && calls == 0; wait++) {
                    sleep_ms(1);
                }
                CHECK(getppid() != parent, "the signal came before the parent died");
                CHECK_EQ(write(ends[1], calls == 1 ? "s" : "n", 1), 1, "write");
                _exit(0);
            }
            char byte;
            CHECK_EQ(read(ends[0], &byte, 1), 1, "read");
            _exit(0);
        }
        wait_for(pid);
        close(ends[1]);
        char byte = '-';
        ssize_t got = read(ends[0], &byte, 1);
        say("PR_SET_PDEATHSIG %d: %s\n", signals[i],
            got == 0      ? "the child died"
            : byte == 's' ? "handled once"
                          : "not handled");
        close(ends[0]);
    }
    CHECK(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0) == -1 && errno == EINVAL, "PR_SET_PDEATHSIG 65");
}

int main(void)
{
    test_inherits();
    test_signal_at_birth();
    test_many();
    test_vfork();
    test_vfork_waits();
    test_vfork_signals();
    test_vfork_dies();
    test_fork_in_handler();
    test_fork_in_interrupting_handler();
    test_fork_with_threads();
    test_vfork_with_threads();
    test_vfork_child_signalled();
    test_vfork_parent_signalled();
    test_vfork_parent_killed();
    test_nothing_left();
    test_subreaper();
    test_parent_death_signal();
    return 0;
}
