/*
 * Instructions in whose bytes an unsafe one is hidden (hidden.S): they do what they do natively,
 * wherever they run, and signals and faults find them where they stand.
 */
#include "frames.h"
#include <sys/time.h>

#define ALWAYS     0x202ULL
#define CF         0x1ULL
#define ZF         0x40ULL
#define ARITHMETIC 0x8d5ULL
#define SIGNALS    200
#define STACK_TOP  (sizeof stack - 1024)

struct hidden_site {
    const char *name;
    const void *entry;
    const uint8_t *at, *behind;
};
extern const struct hidden_site hidden_sites[]; /* ends with name == NULL */
extern uint8_t hidden_space[0x1000000];
extern const uint64_t hidden_branch, hidden_data; /* the displacements */
extern const uint8_t hidden_loop[], hidden_loop_end[];

static uint8_t stack[65536] __attribute__((aligned(64)));
static uint8_t other_stack[65536] __attribute__((aligned(64)));
static struct kernel_sigcontext seen;
static siginfo_t seen_info;

static const struct hidden_site *site(const char *name)
{
    const struct hidden_site *found = hidden_sites;
    while (found->name && strcmp(found->name, name) != 0) {
        found++;
    }
    CHECK(found->name, "no site %s", name);
    return found;
}

/* What the displacement of the site leads to. */
static uint64_t *data_of(const struct hidden_site *of)
{
    uint64_t address = (uint64_t)of->behind + hidden_data;
    CHECK(address >= (uint64_t)hidden_space &&
              address < (uint64_t)hidden_space + sizeof hidden_space - 4096,
          "%s: its data lie outside the space", of->name);
    return (uint64_t *)address;
}

static struct registers registers(uint64_t rbx)
{
    return (struct registers){.rax = 0xa1a1,
                              .rbx = rbx,
                              .rcx = 0xc1c1,
                              .rdx = 0x80000001,
                              .rsi = 0x5151,
                              .rdi = 0xd1d1,
                              .rbp = 0x1234,
                              .rsp = (uint64_t)stack + STACK_TOP,
                              .r8 = 8,
                              .r9 = 9,
                              .r10 = 10,
                              .r11 = 11,
                              .r12 = 12,
                              .r13 = 13,
                              .r14 = 14,
                              .r15 = 15,
                              .rflags = ALWAYS | CF};
}

/* Runs it; all that it may not change is as it was, and a result that depends on no address. */
static struct registers run(const char *name, uint64_t rbx, uint64_t flags)
{
    struct registers out, in = registers(rbx);
    in.rflags = ALWAYS | flags;
    run_site(&in, &out, site(name)->entry);
    CHECK(out.rsp == in.rsp && out.rbx == in.rbx && out.rcx == in.rcx && out.rsi == in.rsi &&
              out.rbp == in.rbp && out.r11 == in.r11 && out.r15 == in.r15,
          "%s: a register has changed", name);
    return out;
}

static void run_at_data(const char *name, uint64_t value, uint64_t rbx)
{
    uint64_t *data = data_of(site(name));
    *data = value;
    struct registers out = run(name, rbx, CF);
    say("%s: rax %llx data %llx flags %llx\n", name, (unsigned long long)out.rax,
        (unsigned long long)*data, (unsigned long long)(out.rflags & ARITHMETIC));
}

static void test_data(void)
{
    CHECK(run("address", 0, CF).rax == (uint64_t)data_of(site("address")), "address: not its own");
    CHECK(run("two_pages", 0, CF).rax == (uint64_t)data_of(site("two_pages")),
          "two pages: not its own");
    run_at_data("load", 0x1122334455667788, 0);
    run_at_data("store", 0, 0x8877665544332211);
    run_at_data("update", 5, (uint64_t)-5);
    run_at_data("compare_byte", 0x5a, 0);
    run_at_data("compare_byte", 0x5b, 0);
    run_at_data("compare_long", 0x11223344, 0);
    run_at_data("compare_long", 0x11223343, 0);
    run_at_data("vector", 0x3ff0000000000000, 0);
    run_at_data("push", 0x1234567812345678, 0);
    uint64_t *data = data_of(site("two"));
    memcpy((uint8_t *)data + 7, &(uint64_t){100}, sizeof *data);
    *data = (*data & ~0xffULL) | 7;
    say("two: %llx\n", (unsigned long long)run("two", 0, CF).rax);
    struct registers out = run("addition", 0, CF);
    say("addition: rdi %llx rdx %llx flags %llx\n", (unsigned long long)out.rdi,
        (unsigned long long)out.rdx, (unsigned long long)(out.rflags & ARITHMETIC));
}

/* What a call leaves below the stack pointer is where it came from. */
static void run_call(const char *name)
{
    const struct hidden_site *called = site(name);
    struct registers out = run(name, 0, CF);
    uint64_t pushed;
    memcpy(&pushed, stack + STACK_TOP - 8, sizeof pushed);
    CHECK(pushed == (uint64_t)called->behind, "%s: the return address is 0x%llx", name,
          (unsigned long long)pushed);
    say("%s: rax %llx\n", name, (unsigned long long)out.rax);
}

static void test_branches(void)
{
    say("jump: rax %llx\n", (unsigned long long)run("jump", 0, CF).rax);
    say("jump taken: rax %llx\n", (unsigned long long)run("jump_equal", 0, ZF).rax);
    say("jump not taken: rax %llx\n", (unsigned long long)run("jump_equal", 0, CF).rax);
    *data_of(site("jump_through")) = (uint64_t)site("jump")->entry;
    say("jump through memory: rax %llx\n", (unsigned long long)run("jump_through", 0, CF).rax);
    uint8_t *code = (uint8_t *)(uint64_t)site("call")->behind;
    uint64_t target = (uint64_t)code + hidden_branch;
    *data_of(site("call_through")) = target;
    run_call("call");
    run_call("wide_call");
    run_call("call_through");
    say("across: rax %llx\n", (unsigned long long)run("across", 0, CF).rax);
    say("across, not called: rax %llx\n", (unsigned long long)run("across", 1, CF).rax);
}

/* ---------------------------------------------------------------- faults */

static void leave_site(int signo, siginfo_t *info, void *context)
{
    struct kernel_ucontext *own = context;
    (void)signo;
    seen = own->mcontext;
    seen_info = *info;
    own->mcontext.rip = (uint64_t)site_return;
    own->mcontext.rflags &= ~0x10000ULL;
}

/* `address`: what si_addr and CR2 are. */
static void expect_fault(const char *name, struct registers in, const void *address)
{
    const char *what = name;
    struct registers out;
    seen = (struct kernel_sigcontext){0};
    run_site(&in, &out, site(name)->entry);
    CHECK(seen.rip == (uint64_t)site(name)->at, "%s: RIP is 0x%llx, expected %p", name,
          (unsigned long long)seen.rip, (const void *)site(name)->at);
    CHECK(seen_info.si_addr == address, "%s: si_addr is %p, expected %p", name, seen_info.si_addr,
          address);
    check_saved_registers(&seen, &in, what);
    say("%s: signal %d code %d trap %llu error %llu\n", name, seen_info.si_signo, seen_info.si_code,
        (unsigned long long)seen.trapno, (unsigned long long)seen.err);
}

static void expect_data_fault(const char *name, int protection)
{
    uint64_t *data = data_of(site(name));
    void *page = (void *)((uint64_t)data & ~4095UL);
    MUST(mprotect(page, 8192, protection));
    expect_fault(name, registers(0), data);
    MUST(mprotect(page, 8192, PROT_READ | PROT_WRITE));
}

static void test_faults(void)
{
    const stack_t alternate = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    struct sigaction action = {.sa_sigaction = leave_site, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    uint8_t *closed = MUST(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    MUST(sigaltstack(&alternate, NULL));
    MUST(sigaction(SIGSEGV, &action, NULL));
    MUST(sigaction(SIGFPE, &action, NULL));
    expect_data_fault("load", PROT_NONE);
    expect_data_fault("store", PROT_READ);
    expect_data_fault("update", PROT_READ);
    expect_data_fault("compare_long", PROT_NONE);
    expect_data_fault("vector", PROT_NONE);
    expect_data_fault("call_through", PROT_NONE);
    expect_data_fault("jump_through", PROT_NONE);
    *data_of(site("divide")) = 0;
    expect_fault("divide", registers(0), site("divide")->at);
    struct registers in = registers(0);
    in.rsp = (uint64_t)closed + 2048;
    expect_fault("call", in, closed + 2040);
    expect_fault("call_through", in, closed + 2040);
    expect_fault("push", in, closed + 2040);
    MUST(signal(SIGSEGV, SIG_DFL) == SIG_ERR ? -1 : 0);
    MUST(signal(SIGFPE, SIG_DFL) == SIG_ERR ? -1 : 0);
}

/* ---------------------------------------------------------------- signals */

static volatile int interruptions;
static volatile int stop;
static struct itimerval often;

/* In the loop, or in what it calls, with the stack that belongs there. */
static void interrupt(int signo, siginfo_t *info, void *context)
{
    const struct kernel_sigcontext *saved = &((struct kernel_ucontext *)context)->mcontext;
    uint64_t rsp = (uint64_t)stack + STACK_TOP;
    bool in_loop = saved->rip >= (uint64_t)hidden_loop && saved->rip < (uint64_t)hidden_loop_end;
    uint64_t call = (uint64_t)hidden_loop + 12; /* behind it */
    bool in_target = saved->rip - (call + hidden_branch) < 16;
    (void)signo;
    (void)info;
    bool in_runner = saved->rip >= (uint64_t)run_site && saved->rip < (uint64_t)run_site_end;
    if (in_runner || saved->rsp - rsp + 64 > 64) {
        /* Before the loop or behind it. Perhaps the machine is too slow for the timer. */
        if (often.it_interval.tv_usec < 100000) {
            often.it_interval.tv_usec *= 2;
            often.it_value = often.it_interval;
            MUST(setitimer(ITIMER_REAL, &often, NULL));
        }
        return;
    }
    CHECK(in_loop || in_target, "interrupted at 0x%llx", (unsigned long long)saved->rip);
    CHECK(saved->rsp == rsp - (in_target ? 8 : 0), "interrupted with RSP %lld",
          (long long)(saved->rsp - rsp));
    CHECK(!in_target || *(uint64_t *)saved->rsp == call, "a return address of 0x%llx",
          (unsigned long long)*(uint64_t *)saved->rsp);
    if (++interruptions == SIGNALS) {
        stop = 1;
    }
}

static void test_signals(void)
{
    struct sigaction action = {.sa_sigaction = interrupt, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const struct itimerval off = {{0, 0}, {0, 0}};
    struct registers out, in = registers(1);
    in.rsi = (uint64_t)&stop;
    MUST(sigaction(SIGALRM, &action, NULL));
    often = (struct itimerval){{0, 500}, {0, 500}};
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    run_site(&in, &out, hidden_loop);
    MUST(setitimer(ITIMER_REAL, &off, NULL));
    CHECK_EQ(out.rax, 0x7a, "RAX behind the loop");
    CHECK(out.rsp == in.rsp, "RSP behind the loop");
    say("interrupted %d times\n", interruptions >= SIGNALS ? SIGNALS : interruptions);
}

int main(void)
{
    test_data();
    test_branches();
    test_faults();
    test_signals();
    return 0;
}
