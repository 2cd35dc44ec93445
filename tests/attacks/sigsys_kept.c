/*
 * S5: SIGSYS, by which calls are caught, blocked, ignored or handled by the program, and an
 * alternate stack where no frame can stand. None of it lets a call pass unseen, or gives it to the
 * program.
 */
#include "attack.h"

static call_code *call;
static volatile int taken;

static void take(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    taken += signo == SIGSYS;
}

static void block_all(void)
{
    raw_mask(SIG_SETMASK, ~0UL);
}

static void unblock_all(void)
{
    raw_mask(SIG_SETMASK, 0);
}

static void ignore(void)
{
    disposition(SIGSYS, SIG_IGN);
    disposition(SIGSEGV, SIG_IGN);
}

static void handle_it(void)
{
    raw_handle(SIGSYS, take, SA_SIGINFO, ~0UL);
    raw_handle(SIGSEGV, take, SA_SIGINFO, ~0UL);
}

static void handle_once(void)
{
    raw_handle(SIGSYS, take, SA_SIGINFO | SA_RESETHAND | SA_NODEFER, 0);
}

static void bad_stack(void)
{
    stack_t stack = {.ss_sp = map_pages(16 * PAGE, PROT_NONE), .ss_size = 16 * PAGE};
    MUST(sigaltstack(&stack, NULL));
    raw_handle(SIGSYS, take, SA_SIGINFO | SA_ONSTACK, 0);
}

static void by_default(void)
{
    disposition(SIGSYS, SIG_DFL);
    disposition(SIGSEGV, SIG_DFL);
}

static long answer_in_handler;

static void probe_in_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    answer_in_handler = probe_by(call);
}

/* In a handler that has all blocked. */
static long probe_inside(void)
{
    raw_handle(SIGUSR1, probe_in_handler, SA_SIGINFO, ~0UL);
    CHECK_EQ(call(getpid(), raw_tid(), SIGUSR1, 0, 0, 0, SYS_tgkill), 0, "tgkill");
    return answer_in_handler;
}

int main(void)
{
    static void (*const states[])(void) = {block_all,   unblock_all, ignore,
                                           handle_it,   block_all,   bad_stack,
                                           unblock_all, handle_once, by_default};
    call = unseen_call();
    long result = probe_by(call);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        states[i]();
        long next = probe_by(call);
        CHECK(next == result, "state %zu: %ld, before %ld", i, next, result);
    }
    CHECK(probe_inside() == result, "in a handler: %ld", answer_in_handler);
    CHECK(taken == 0, "the program's handler was called %d times", taken);
    judge_probe(result);
}
