/*
 * Code made at run time whose page holds the bytes of an unsafe instruction by chance: in
 * constants, and in data beside it. It does what it does anywhere else, whatever instructions it is
 * made of, whatever comes in between, and whatever becomes of its page.
 */
#include "code.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/time.h>

extern const uint8_t chance_code[], chance_end[];
extern const uint8_t chance_constant[], chance_word[], chance_conditions[], chance_loops[];
extern const uint8_t chance_calls[], chance_indirect[], chance_table[], chance_vectors[];
extern const uint8_t chance_operations[], chance_changes[], chance_rounds[], chance_syscall[];
extern const uint8_t chance_load[], chance_undefined[], chance_breakpoint[], chance_division[];
extern const uint8_t chance_privileged[], chance_jump[], chance_far[];

#define RWX     (PROT_READ | PROT_WRITE | PROT_EXEC)
#define THREADS 4

static uint8_t *code; /* where the copy is that is run */

static long call_at(const uint8_t *at, long first, long second)
{
    long (*entry)(long, long);
    memcpy(&entry, &at, sizeof at);
    return entry(first, second);
}

static const uint8_t *place_of(const uint8_t *what)
{
    return code + (what - chance_code);
}

static long call(const uint8_t *what, long first, long second)
{
    return call_at(place_of(what), first, second);
}

static uint8_t *copy_code(int protection)
{
    size_t size = (size_t)(chance_end - chance_code);
    uint8_t *copy = map_pages(2 * PAGE, protection);
    CHECK(size <= PAGE, "%zu bytes are no page", size);
    memcpy(copy, chance_code, size);
    return copy;
}

/* ---------------------------------------------------------------- what instructions do */

static void run_conditions(void)
{
    static const long flags[] = {0, 1, 4, 0x40, 0x80, 0x800, 0x880, 0x8c1, 0x41, 0x845, 0x8d5};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        say("  flags %#lx: %#lx\n", flags[i], call(chance_conditions, 0x202 | flags[i], 0));
    }
}

/* One line for many operands: what differs in one of them differs in the sum. */
static void run_operations(void)
{
    static const uint64_t operands[] = {0,          1,           0x7fffffff, 0x80000000,
                                        0xffffffff, 0x100000000, 1UL << 63,  ~0UL >> 1,
                                        ~0UL,       0xd451f100,  0x2bae0f00, 0xefef010f};
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof operands / sizeof *operands; i++) {
        for (long flags = 0x202; flags <= 0x203; flags++) {
            sum = sum * 31 + (uint64_t)call(chance_operations, (long)operands[i], flags);
        }
    }
    say("  operations %#lx\n", sum);
}

static void run_everything(const char *where)
{
    static const void *targets[2];
    targets[0] = targets[1] = place_of(chance_constant);
    say("%s\n", where);
    say("  constant %#lx\n", call(chance_constant, 0, 0));
    run_conditions();
    run_operations();
    say("  loops %#lx\n", call(chance_loops, 0, 0));
    say("  calls %ld\n", call(chance_calls, 12, 0));
    for (long i = 0; i < 3; i++) {
        say("  table %ld\n", call(chance_table, i, 0));
    }
    say("  rounds %ld\n", call(chance_rounds, 1000, 0));
    say("  pid %d\n", call(chance_syscall, SYS_getpid, 0) == getpid());
    say("  bad descriptor %ld\n", call(chance_syscall, SYS_close, -1));
    say("  word %#lx %#lx\n", call(chance_word, 0, 0), call(chance_word, 0, 0));
    say("  indirect %#lx\n", call(chance_indirect, (long)targets[0], (long)targets));
    say("  far %#lx\n", call(chance_far, (long)targets, 0));
    say("  vectors %#lx %#lx\n", call(chance_vectors, 77, 0), call(chance_vectors, 1234567, 0));
    say("  changes %ld %ld\n", call(chance_changes, 12345, 0), call(chance_changes, 67890, 0));
}

/* ---------------------------------------------------------------- faults and signals */

static sigjmp_buf recovery;
static volatile long fault_code, fault_offset, fault_at;

static void recover(int signo, siginfo_t *info, void *context)
{
    const ucontext_t *frame = context;
    fault_code = info->si_code;
    fault_offset = (long)(frame->uc_mcontext.gregs[REG_RIP] - (long)code);
    fault_at = info->si_addr == NULL ? -1
               : info->si_addr >= (void *)code && info->si_addr < (void *)(code + 2 * PAGE)
                   ? (long)((uint8_t *)info->si_addr - code)
                   : (long)info->si_addr;
    siglongjmp(recovery, signo);
}

static void expect_fault(const char *what, const uint8_t *what_runs, long argument)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    struct sigaction action = {.sa_sigaction = recover, .sa_flags = SA_SIGINFO};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        MUST(sigaction(signals[i], &action, NULL));
    }
    int signo = sigsetjmp(recovery, 1);
    if (signo == 0) {
        say("  %s: came back with %ld\n", what, call(what_runs, argument, 0));
        return;
    }
    bool inside = fault_offset >= 0 && fault_offset < PAGE;
    say("  %s: signal %d, code %ld, at %ld, address %#lx\n", what, signo, fault_code,
        inside ? fault_offset - (what_runs - chance_code) : fault_offset + (long)code, fault_at);
}

static void test_faults(void)
{
    say("faults\n");
    expect_fault("load", chance_load, 0x1000);
    expect_fault("load, not canonical", chance_load, (long)0x8000000000000000);
    expect_fault("undefined", chance_undefined, 0);
    expect_fault("breakpoint", chance_breakpoint, 0);
    expect_fault("division", chance_division, 0);
    expect_fault("privileged", chance_privileged, 0);
    expect_fault("jump", chance_jump, 0x2000);
    expect_fault("call through nothing", chance_far, 0x3000);
}

static volatile sig_atomic_t inside;

static void look(int signo, siginfo_t *info, void *context)
{
    const ucontext_t *frame = context;
    long offset = (long)(frame->uc_mcontext.gregs[REG_RIP] - (long)code);
    (void)signo;
    (void)info;
    if (offset >= 0 && offset < PAGE) {
        long rounds = frame->uc_mcontext.gregs[REG_RDI] + frame->uc_mcontext.gregs[REG_RSI];
        long total = frame->uc_mcontext.gregs[REG_RBX];
        bool in_loop = offset >= chance_rounds - chance_code && total > 1;
        CHECK(!in_loop || rounds == total || rounds == total + 1, "%ld rounds of %ld", rounds,
              total);
        call(chance_constant, 0, 0); /* in the same page, from a handler */
        inside++;
    }
}

/* A signal between or in the instructions of a loop leaves the program as it was. */
static void test_signals(void)
{
    struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO | SA_RESTART};
    const struct itimerval once = {.it_value = {0, 700}}, off = {{0, 0}, {0, 0}};
    MUST(sigaction(SIGALRM, &action, NULL));
    for (long rounds = 64; inside < 20;) {
        int before = inside;
        MUST(setitimer(ITIMER_REAL, &once, NULL));
        CHECK_EQ(call(chance_rounds, rounds, 0), rounds, "rounds");
        MUST(setitimer(ITIMER_REAL, &off, NULL));
        rounds += inside == before ? rounds / 2 : 1; /* it came too late */
    }
    say("signals: all rounds counted\n");
}

/* ---------------------------------------------------------------- threads, processes, pages */

static void *run_rounds(void *argument)
{
    long rounds = 300 + (long)(intptr_t)argument;
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(call(chance_rounds, rounds, 0), rounds, "rounds of a thread");
        CHECK_EQ(call(chance_calls, 5, 0), 120, "calls of a thread");
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, run_rounds, (void *)(intptr_t)i), 0, "create");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pid_t pid = MUST(fork());
    if (pid == 0) {
        run_rounds(NULL);
        _exit(7);
    }
    int status;
    MUST(waitpid(pid, &status, 0));
    say("threads, and a child: %d\n", WEXITSTATUS(status));
}

/* `mov $value, %eax; ret` across a border, whatever stands before and behind. */
static void test_borders(void)
{
    uint8_t *pages = map_pages(4 * PAGE, RWX);
    memcpy(pages + PAGE + 100, chance_constant, 30);
    for (size_t i = 0; i < 6; i++) {
        put_constant(pages + PAGE - i, (uint32_t)(100 + i));
        put_constant(pages + 2 * PAGE - i, (uint32_t)(200 + i));
        CHECK_EQ(run(pages + PAGE - i), 100 + (long)i, "into the page");
        CHECK_EQ(run(pages + 2 * PAGE - i), 200 + (long)i, "out of the page");
        put_constant(pages + 3 * PAGE, 3);
        CHECK_EQ(run(pages + 3 * PAGE), 3, "beside it");
    }
    /* The constant itself over a border. */
    memcpy(pages + 3 * PAGE - 4, chance_constant, 30);
    say("borders: %#lx\n", run(pages + 3 * PAGE - 4));
    memset(pages + 3 * PAGE - 4, 0xcc, 30);
    put_constant(pages + 3 * PAGE - 4, 4);
    CHECK_EQ(run(pages + 3 * PAGE - 4), 4, "without it");
    MUST(munmap(pages, 4 * PAGE));
}

/* Moved, closed, opened; and written anew, without what was there by chance. */
static void test_protections(void)
{
    uint8_t *moved = mremap(code, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                            map_pages(2 * PAGE, PROT_NONE));
    CHECK(moved != MAP_FAILED, "mremap: %s", strerror(errno));
    code = moved;
    run_everything("moved");
    MUST(mprotect(code, PAGE, PROT_READ | PROT_WRITE));
    expect_fault("not executable", chance_constant, 0);
    MUST(mprotect(code, PAGE, RWX));
    run_everything("writable and executable again");
    MUST(mprotect(code, PAGE, PROT_READ | PROT_WRITE));
    memset(code, 0xcc, PAGE);
    put_constant(code, 42);
    MUST(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(run(code), 42, "made anew");
    MUST(munmap(code, 2 * PAGE));
    expect_fault("unmapped", chance_constant, 0);
}

/* Code that writes to the page that it stands in: before it, behind it, and to itself. */
static void test_own_page(void)
{
    uint8_t *pages = map_pages(2 * PAGE, RWX);
    for (size_t at = PAGE - 10; at <= PAGE; at++) {
        /* movl %edi, 20(%rip); nops; movl $0, %eax; ret */
        memset(pages + at, 0x90, 40);
        memcpy(pages + at, "\x89\x3d\x14\0\0\0", 6);
        put_constant(pages + at + 25, 0);
        for (long i = 1; i < 5; i++) {
            CHECK_EQ(call_at(pages + at, i * 1000, 0), i * 1000, "written by itself");
        }
    }
    MUST(munmap(pages, 2 * PAGE));
    say("code that writes to its own page: runs\n");
}

/* What was there by chance goes, and comes again. */
static void test_changes(void)
{
    uint8_t *page = map_pages(PAGE, RWX);
    for (long i = 0; i < 3000; i++) {
        put_constant(page, (uint32_t)i);
        memset(page + 100, i / 1000 == 1 ? 0 : 0xcc, 30);
        if (i / 1000 != 1) {
            memcpy(page + 100, chance_constant, 30);
        }
        CHECK_EQ(run(page), i, "what was written last");
    }
    MUST(munmap(page, PAGE));
    say("changes: the last counts\n");
}

int main(void)
{
    code = copy_code(RWX);
    run_everything("writable and executable");
    test_faults();
    test_signals();
    test_threads();
    test_borders();
    test_changes();
    test_own_page();
    test_protections();
    return 0;
}
