/*
 * rt_sigaction as the kernel has it: what is read back, byte for byte, which errors in which order,
 * and what each flag does. SIGSYS, SIGSEGV and the others that a monitor wants for itself are the
 * program's like any other.
 */
#include "common.h"

#define KNOWN_FLAGS                                                                                \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |             \
     SA_RESETHAND | 0x800UL /* EXPOSE_TAGBITS */ | SA_RESTORER)
#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

static volatile sig_atomic_t calls, depth, deepest;
static uint64_t mask_seen;
static struct kernel_sigaction action_seen;

static bool changeable(int signo)
{
    return signo != SIGKILL && signo != SIGSTOP;
}

static void note(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    calls++;
    mask_seen = current_mask();
    raw_action(signo, NULL, &action_seen);
}

/* Every signal, several flag sets: what was set is what is read, less what the kernel removes. */
static void test_readback(void)
{
    static const unsigned long flag_sets[] = {0,
                                              SA_RESTORER,
                                              SA_SIGINFO | SA_RESTORER,
                                              SA_RESTART | SA_NODEFER | SA_ONSTACK,
                                              SA_RESETHAND | SA_NOCLDSTOP | SA_NOCLDWAIT,
                                              0x400 /* SA_UNSUPPORTED */,
                                              0x800 | 0x400 | SA_RESTORER,
                                              ~0UL,
                                              0xffffffffUL,
                                              0x12345678UL};
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        struct kernel_sigaction first, last = {0}, now;
        CHECK_EQ(raw_action(signo, NULL, &first), 0, "reading the first action");
        last = first;
        for (unsigned i = 0; changeable(signo) && i < sizeof flag_sets / sizeof *flag_sets; i++) {
            struct kernel_sigaction set = {(void *)(0x7f0000001000 + i), flag_sets[i],
                                           (void *)(0xabcdef000 + i), ~(uint64_t)i};
            memset(&now, 0xee, sizeof now);
            CHECK_EQ(raw_action(signo, &set, &now), 0, "setting an action");
            CHECK(memcmp(&now, &last, sizeof now) == 0, "signal %d: old action %u differs", signo,
                  i);
            last = set;
            last.flags &= KNOWN_FLAGS;
            last.mask &= ~NEVER_BLOCKED;
            CHECK_EQ(raw_action(signo, NULL, &now), 0, "reading an action");
            CHECK(memcmp(&now, &last, sizeof now) == 0,
                  "signal %d flags 0x%lx: read back handler %p flags 0x%lx restorer %p mask 0x%llx",
                  signo, flag_sets[i], now.handler, now.flags, now.restorer,
                  (unsigned long long)now.mask);
        }
        if (changeable(signo)) {
            CHECK_EQ(raw_action(signo, &first, NULL), 0, "restoring the action");
        }
        if (first.handler || first.flags || first.mask) {
            say("signal %d starts with handler %p flags 0x%lx mask 0x%llx\n", signo, first.handler,
                first.flags, (unsigned long long)first.mask);
        }
    }
    say("readback: all signals\n");
}

static void test_errors(void)
{
    struct kernel_sigaction set = {SIG_IGN, 0, NULL, 0}, old, now;
    void *nothing = map_pages(8192, PROT_NONE);
    static const int bad_signals[] = {0, 65, -1, 1000, 0x10000, -2147483647 - 1};
    for (unsigned i = 0; i < sizeof bad_signals / sizeof *bad_signals; i++) {
        CHECK_EQ(raw_action(bad_signals[i], &set, NULL), -EINVAL, "bad signal, set");
        CHECK_EQ(raw_action(bad_signals[i], NULL, &old), -EINVAL, "bad signal, read");
        CHECK_EQ(raw_action(bad_signals[i], NULL, NULL), -EINVAL, "bad signal, nothing");
        CHECK_EQ(raw_action(bad_signals[i], nothing, NULL), -EFAULT, "bad signal and pointer");
    }
    static const int fixed[] = {SIGKILL, SIGSTOP};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(raw_action(fixed[i], &set, NULL), -EINVAL, "SIGKILL/SIGSTOP, set");
        CHECK_EQ(raw_action(fixed[i], &set, &old), -EINVAL, "SIGKILL/SIGSTOP, set and read");
        CHECK_EQ(raw_action(fixed[i], NULL, &old), 0, "SIGKILL/SIGSTOP, read");
        CHECK_EQ((long)old.handler, 0, "SIGKILL/SIGSTOP is SIG_DFL");
    }
    static const long sizes[] = {0, 4, 7, 9, 16, 128, -1};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR1, &set, &old, sizes[i]), -EINVAL, "sigsetsize");
        CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR1, nothing, nothing, sizes[i]), -EINVAL,
                 "sigsetsize before pointers");
    }
    CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR1 | 0x5500000000, NULL, &old, 8), 0, "high half of signo");
    CHECK_EQ(raw_action(SIGUSR1, nothing, NULL), -EFAULT, "new action unreadable");
    CHECK_EQ(raw_action(SIGUSR1, nothing, &old), -EFAULT, "new action unreadable, with old");
    CHECK_EQ(raw_action(SIGUSR1, NULL, nothing), -EFAULT, "old action unwritable");
    CHECK_EQ(raw_action(SIGUSR1, (void *)0xdead000000000000, NULL), -EFAULT, "not canonical");
    CHECK_EQ(raw_action(SIGUSR1, NULL, (void *)0xffffffff81000000), -EFAULT, "kernel address");
    /* A set that succeeds before the old action can't be written stays set. */
    CHECK_EQ(raw_action(SIGUSR1, &set, nothing), -EFAULT, "old action unwritable, with new");
    CHECK_EQ(raw_action(SIGUSR1, NULL, &now), 0, "reading");
    CHECK_EQ((long)now.handler, (long)SIG_IGN, "handler after EFAULT on the old action");
    MUST(munmap(nothing, 8192));
    say("errors: all\n");
}

/* A struct at a page's very end is readable; one that crosses into nothing is not. */
static void test_borders(void)
{
    char *pages = map_pages(8192, PROT_READ | PROT_WRITE);
    MUST(mprotect(pages + 4096, 4096, PROT_NONE));
    struct kernel_sigaction set = {SIG_IGN, SA_RESTART, NULL, 0x5400}, old;
    for (size_t offset = 4096 - sizeof set; offset < 4096; offset++) {
        memcpy(pages + offset, &set, 4096 - offset < sizeof set ? 4096 - offset : sizeof set);
        long want = offset == 4096 - sizeof set ? 0 : -EFAULT;
        CHECK_EQ(raw_action(SIGUSR2, (void *)(pages + offset), NULL), want, "set at the border");
        CHECK_EQ(raw_action(SIGUSR2, NULL, (void *)(pages + offset)), want, "read at the border");
    }
    /* new and old in the same place */
    memcpy(pages + 3, &set, sizeof set);
    struct kernel_sigaction *same = (void *)(pages + 3);
    CHECK_EQ(raw(SYS_rt_sigaction, SIGURG, same, same, 8), 0, "same place");
    memcpy(&old, same, sizeof old);
    CHECK_EQ((long)old.handler, 0, "old action in place of the new");
    CHECK_EQ(raw_action(SIGURG, NULL, &old), 0, "reading");
    CHECK(memcmp(&old, &set, sizeof old) == 0, "the action set from an unaligned struct differs");
    MUST(munmap(pages, 8192));
    disposition(SIGUSR2, SIG_DFL);
    disposition(SIGURG, SIG_DFL);
    say("borders: exact\n");
}

/* ---------------------------------------------------------------- what the flags do */

static void test_handler_mask(void)
{
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        if (!changeable(signo)) {
            continue;
        }
        struct kernel_sigaction first;
        raw_action(signo, NULL, &first);
        for (int nodefer = 0; nodefer < 2; nodefer++) {
            uint64_t extra = SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(40) |
                             SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGTRAP);
            extra &= ~SIGNAL_BIT(signo);
            raw_handle(signo, note, SA_SIGINFO | (nodefer ? SA_NODEFER : 0), extra);
            raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGBUS) & ~SIGNAL_BIT(signo));
            calls = 0;
            raw(SYS_tgkill, getpid(), raw_tid(), signo);
            CHECK_EQ(calls, 1, "handler calls");
            uint64_t want = extra | (SIGNAL_BIT(SIGBUS) & ~SIGNAL_BIT(signo)) |
                            (nodefer ? 0 : SIGNAL_BIT(signo));
            CHECK_EQ(mask_seen, want, "mask inside the handler");
            CHECK_EQ(current_mask(), SIGNAL_BIT(SIGBUS) & ~SIGNAL_BIT(signo), "mask after it");
            raw_mask(SIG_SETMASK, 0);
        }
        raw_action(signo, &first, NULL);
    }
    say("handler masks: all signals\n");
}

static void test_reset_hand(void)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGSYS, SIGTRAP, 33, 64};
    for (unsigned i = 0; i < 6; i++) {
        struct kernel_sigaction first, after;
        raw_action(signals[i], NULL, &first);
        raw_handle(signals[i], note, SA_SIGINFO | SA_RESETHAND, SIGNAL_BIT(SIGINT));
        calls = 0;
        raw(SYS_tkill, raw_tid(), signals[i]);
        CHECK_EQ(calls, 1, "handler calls");
        CHECK_EQ((long)action_seen.handler, 0, "handler seen inside a SA_RESETHAND handler");
        CHECK_EQ(action_seen.flags, SA_SIGINFO | SA_RESETHAND | SA_RESTORER, "flags kept");
        CHECK_EQ(action_seen.mask, SIGNAL_BIT(SIGINT), "mask kept");
        raw_action(signals[i], &first, &after);
        CHECK(memcmp(&after, &action_seen, sizeof after) == 0, "action after SA_RESETHAND");
    }
    say("SA_RESETHAND: reset before the handler runs\n");
}

/* ---------------------------------------------------------------- SA_RESETHAND and faults */

static volatile int levels;

static void fault_in_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    levels++;
    __asm__ volatile("movb $1, 8");
    _exit(40);
}

/* The reset comes before the handler: its own fault meets the default. */
static void reset_then_fault(void)
{
    raw_handle(SIGSEGV, fault_in_handler, SA_SIGINFO | SA_RESETHAND, 0);
    __asm__ volatile("movb $1, 8");
}

static void reset_then_fault_open(void)
{
    raw_handle(SIGSEGV, fault_in_handler, SA_SIGINFO | SA_RESETHAND | SA_NODEFER, 0);
    __asm__ volatile("movb $1, 8");
}

/* Not reset, but blocked while it runs: the fault kills all the same. */
static void blocked_then_fault(void)
{
    raw_handle(SIGSEGV, fault_in_handler, SA_SIGINFO, 0);
    __asm__ volatile("movb $1, 8");
}

static void install_again(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    if (++levels == 5) {
        _exit(45);
    }
    raw_handle(signo, install_again, SA_SIGINFO | SA_RESETHAND | SA_NODEFER, 0);
    __asm__ volatile("movb $1, 8");
    _exit(41);
}

static void installed_again(void)
{
    raw_handle(SIGSEGV, install_again, SA_SIGINFO | SA_RESETHAND | SA_NODEFER, 0);
    __asm__ volatile("movb $1, 8");
}

/* A chain through other signals: each handler is reset once, and the last fault meets the first's.
 */
static void raise_next(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    levels++;
    if (signo == SIGSEGV) {
        __asm__ volatile("ud2");
    } else if (signo == SIGILL) {
        raw(SYS_tkill, raw_tid(), SIGSYS);
    } else if (signo == SIGSYS) {
        raw(SYS_tkill, raw_tid(), SIGBUS);
    } else {
        struct kernel_sigaction action;
        int reset = 0;
        static const int signals[] = {SIGSEGV, SIGILL, SIGSYS, SIGBUS};
        for (unsigned i = 0; i < 4; i++) {
            raw_action(signals[i], NULL, &action);
            reset += action.handler == SIG_DFL;
        }
        CHECK_EQ(reset, 4, "actions reset");
        CHECK_EQ(levels, 4, "nested handlers");
        CHECK_EQ(current_mask(), 0, "mask inside SA_NODEFER handlers");
        __asm__ volatile("movb $1, 8");
    }
    _exit(42);
}

static void chain_of_resets(void)
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGSYS, SIGBUS};
    for (unsigned i = 0; i < 4; i++) {
        raw_handle(signals[i], raise_next, SA_SIGINFO | SA_RESETHAND | SA_NODEFER, 0);
    }
    __asm__ volatile("movb $1, 8");
}

static void default_again(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    levels++;
}

/* A second signal that came while the first's handler ran: it meets the default when that returns.
 */
static void send_twice(int signo, siginfo_t *info, void *context)
{
    default_again(signo, info, context);
    raw(SYS_tkill, raw_tid(), signo);
    CHECK_EQ(pending_signals(), SIGNAL_BIT(signo), "pending in the handler");
}

static int sent_twice;

static void second_meets_default(void)
{
    raw_handle(sent_twice, send_twice, SA_SIGINFO | SA_RESETHAND, 0);
    raw(SYS_tkill, raw_tid(), sent_twice);
    _exit(43);
}

static void test_reset_and_faults(void)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGSYS, SIGFPE, 40};
    EXPECT_ENDING(reset_then_fault, "signal 11");
    EXPECT_ENDING(reset_then_fault_open, "signal 11");
    EXPECT_ENDING(blocked_then_fault, "signal 11");
    EXPECT_ENDING(installed_again, "exit 45");
    EXPECT_ENDING(chain_of_resets, "signal 11");
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        sent_twice = signals[i];
        say("%d sent twice: %s\n", sent_twice, ending(in_child(second_meets_default)));
    }
}

static void recurse(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (++depth > deepest) {
        deepest = depth;
    }
    if (++calls < 5) {
        raw(SYS_tkill, raw_tid(), signo);
    }
    depth--;
}

static void test_nodefer(void)
{
    for (int nodefer = 0; nodefer < 2; nodefer++) {
        raw_handle(SIGSEGV, recurse, SA_SIGINFO | (nodefer ? SA_NODEFER : 0), 0);
        calls = depth = deepest = 0;
        raw(SYS_tkill, raw_tid(), SIGSEGV);
        CHECK_EQ(calls, 5, "calls");
        CHECK_EQ(deepest, nodefer ? 5 : 1, "depth of recursion");
    }
    disposition(SIGSEGV, SIG_DFL);
    say("SA_NODEFER: recursion only with it\n");
}

static void *info_seen, *context_seen;

static void note_arguments(int signo, siginfo_t *info, void *context)
{
    calls = signo;
    info_seen = info;
    context_seen = context;
}

/* x86-64 passes all three arguments to every handler. */
static void test_plain_handler(void)
{
    raw_handle(SIGUSR1, note_arguments, 0, 0);
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(calls, SIGUSR1, "first argument");
    CHECK(info_seen > context_seen && (char *)info_seen < (char *)context_seen + 4096,
          "siginfo %p behind ucontext %p", info_seen, context_seen);
    disposition(SIGUSR1, SIG_DFL);
    say("a handler without SA_SIGINFO gets all three arguments\n");
}

/* ---------------------------------------------------------------- ignored and default signals */

static void test_ignored(void)
{
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        if (!changeable(signo)) {
            continue;
        }
        struct kernel_sigaction first, ignore = {SIG_IGN, 0, NULL, 0};
        raw_action(signo, &ignore, &first);
        raw(SYS_tkill, raw_tid(), signo);
        CHECK_EQ(raw(SYS_getpid), getpid(), "a system call after an ignored signal");
        /* Ignored while blocked and pending: gone. */
        raw_mask(SIG_BLOCK, SIGNAL_BIT(signo));
        raw_handle(signo, note, SA_SIGINFO, 0);
        raw(SYS_tkill, raw_tid(), signo);
        CHECK(pending_signals() & SIGNAL_BIT(signo), "signal %d isn't pending", signo);
        raw_action(signo, &ignore, NULL);
        CHECK(!(pending_signals() & SIGNAL_BIT(signo)), "ignored signal %d is pending", signo);
        calls = 0;
        raw_handle(signo, note, SA_SIGINFO, 0);
        raw_mask(SIG_SETMASK, 0);
        CHECK_EQ(calls, 0, "calls for a signal that was discarded");
        raw_action(signo, &first, NULL);
    }
    say("ignored: all signals\n");
}

/* Signals whose default is to be ignored: discarded when SIG_DFL is set, as with SIG_IGN. */
static void test_default_ignored(void)
{
    static const int quiet[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
    for (unsigned i = 0; i < 4; i++) {
        raw_handle(quiet[i], note, SA_SIGINFO, 0);
        raw_mask(SIG_BLOCK, SIGNAL_BIT(quiet[i]));
        raw(SYS_tkill, raw_tid(), quiet[i]);
        CHECK(pending_signals() == SIGNAL_BIT(quiet[i]), "signal %d isn't pending", quiet[i]);
        disposition(quiet[i], SIG_DFL);
        CHECK_EQ(pending_signals(), 0, "pending after SIG_DFL");
        raw_mask(SIG_SETMASK, 0);
    }
    say("default-ignored: discarded\n");
}

static int default_signal;

static void die_by_default(void)
{
    raw(SYS_kill, getpid(), default_signal);
    raw(SYS_getpid);
}

static void die_after_handler_was_removed(void)
{
    raw_handle(default_signal, note, SA_SIGINFO, 0);
    raw(SYS_kill, getpid(), default_signal);
    disposition(default_signal, SIG_DFL);
    raw(SYS_kill, getpid(), default_signal);
}

static void test_default(void)
{
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        bool survives = signo == SIGCHLD || signo == SIGURG || signo == SIGWINCH ||
                        signo == SIGCONT || signo == SIGSTOP || signo == SIGTSTP ||
                        signo == SIGTTIN || signo == SIGTTOU;
        bool libc_own = signo == 32 || signo == 33 || signo == 34;
        default_signal = signo;
        if (survives) {
            continue;
        }
        int status = in_child(die_by_default);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signo, "signal %d: child ended by %s",
              signo, ending(status));
        if (signo == SIGKILL || libc_own) {
            continue;
        }
        status = in_child(die_after_handler_was_removed);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signo,
              "signal %d after a handler: child ended by %s", signo, ending(status));
    }
    say("default: each kills by its number\n");
}

/* ---------------------------------------------------------------- faults that can't be caught */

static void touch_nothing(void)
{
    __asm__ volatile("movb $1, 8");
}

static void fault_while_ignored(void)
{
    disposition(SIGSEGV, SIG_IGN);
    touch_nothing();
}

static void fault_while_blocked(void)
{
    raw_handle(SIGSEGV, note, SA_SIGINFO, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGSEGV));
    touch_nothing();
}

static void fault_in_the_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    touch_nothing();
}

static void fault_in_a_fault_handler(void)
{
    handle(SIGSEGV, fault_in_the_handler, 0);
    touch_nothing();
}

static void handler_at_nothing(void)
{
    raw_handle(SIGUSR1, (signal_handler *)8, SA_SIGINFO, 0);
    raw(SYS_kill, getpid(), SIGUSR1);
}

static void handler_not_canonical(void)
{
    raw_handle(SIGUSR1, (signal_handler *)0xdead000000000000, SA_SIGINFO, 0);
    raw(SYS_kill, getpid(), SIGUSR1);
}

static void no_restorer(void)
{
    struct kernel_sigaction action = {(void *)note, SA_SIGINFO, NULL, 0};
    CHECK_EQ(raw_action(SIGUSR1, &action, NULL), 0, "rt_sigaction");
    raw(SYS_kill, getpid(), SIGUSR1);
}

static void restorer_at_nothing(void)
{
    struct kernel_sigaction action = {(void *)note, SA_SIGINFO | SA_RESTORER, (void *)16, 0};
    CHECK_EQ(raw_action(SIGUSR1, &action, NULL), 0, "rt_sigaction");
    raw(SYS_kill, getpid(), SIGUSR1);
}

/* A trap instruction raises SIGTRAP; SIGSYS and the others behave like SIGSEGV when forced. */
static void trap_while_ignored(void)
{
    disposition(SIGTRAP, SIG_IGN);
    __asm__ volatile("int3");
}

static void undefined_while_blocked(void)
{
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGILL));
    __asm__ volatile("ud2");
}

static void everything_blocked_still_works(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    CHECK_EQ(current_mask(), ~NEVER_BLOCKED, "mask with everything blocked");
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(raw(SYS_getpid), getpid(), "getpid with everything blocked");
    }
}

static void sigsys_ignored_still_works(void)
{
    disposition(SIGSYS, SIG_IGN);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(raw(SYS_getpid), getpid(), "getpid with SIGSYS ignored");
    }
}

/* ---------------------------------------------------------------- SIGCHLD */

static void test_child_flags(void)
{
    static const struct {
        const char *name;
        void *handler;
        unsigned long flags;
        bool reaped;
        int expected_calls;
    } rows[] = {
        {"default", SIG_DFL, 0, false, 0},
        {"SIG_IGN", SIG_IGN, 0, true, 0},
        {"handler", (void *)note, 0, false, 1},
        {"handler with SA_NOCLDWAIT", (void *)note, SA_NOCLDWAIT, true, 1},
        {"default with SA_NOCLDWAIT", SIG_DFL, SA_NOCLDWAIT, true, 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kernel_sigaction action = {rows[i].handler, rows[i].flags | SA_RESTORER,
                                          (void *)raw_restorer, 0};
        CHECK_EQ(raw_action(SIGCHLD, &action, NULL), 0, "rt_sigaction");
        calls = 0;
        pid_t pid = MUST(fork());
        if (pid == 0) {
            _exit(7);
        }
        int status = 0;
        pid_t got;
        do {
            got = waitpid(pid, &status, 0);
        } while (got < 0 && errno == EINTR);
        int error = errno;
        if (rows[i].reaped) {
            CHECK(got == -1 && error == ECHILD, "%s: expected ECHILD", rows[i].name);
        } else {
            CHECK(got == pid && status == 7 << 8, "%s: expected the child", rows[i].name);
        }
        CHECK_EQ(calls, rows[i].expected_calls, rows[i].name);
    }
    disposition(SIGCHLD, SIG_DFL);
    say("SIGCHLD: reaped or waited for\n");
}

static void test_nocldstop(void)
{
    for (int nocldstop = 0; nocldstop < 2; nocldstop++) {
        raw_handle(SIGCHLD, note, SA_SIGINFO | SA_RESTART | (nocldstop ? SA_NOCLDSTOP : 0), 0);
        calls = 0;
        pid_t pid = MUST(fork());
        if (pid == 0) {
            raw(SYS_kill, getpid(), SIGSTOP);
            raw(SYS_kill, getpid(), SIGSTOP);
            _exit(0);
        }
        int status;
        for (int stops = 0; stops < 2; stops++) {
            CHECK_EQ(MUST(waitpid(pid, &status, WUNTRACED)), pid, "waitpid");
            CHECK(WIFSTOPPED(status), "expected a stop, got %s", ending(status));
            MUST(kill(pid, SIGCONT));
        }
        wait_for(pid);
        CHECK(nocldstop ? calls == 1 : calls >= 3, "SA_NOCLDSTOP %d: %d SIGCHLD", nocldstop,
              (int)calls);
    }
    disposition(SIGCHLD, SIG_DFL);
    say("SA_NOCLDSTOP: only the end is told\n");
}

int main(void)
{
    test_readback();
    test_errors();
    test_borders();
    test_handler_mask();
    test_reset_hand();
    test_reset_and_faults();
    test_nodefer();
    test_plain_handler();
    test_ignored();
    test_default_ignored();
    test_default();
    EXPECT_ENDING(fault_while_ignored, "signal 11");
    EXPECT_ENDING(fault_while_blocked, "signal 11");
    EXPECT_ENDING(fault_in_a_fault_handler, "signal 11");
    EXPECT_ENDING(handler_at_nothing, "signal 11");
    EXPECT_ENDING(handler_not_canonical, "signal 11");
    EXPECT_ENDING(no_restorer, "signal 11");
    EXPECT_ENDING(restorer_at_nothing, "signal 11");
    EXPECT_ENDING(trap_while_ignored, "signal 5");
    EXPECT_ENDING(undefined_while_blocked, "signal 4");
    EXPECT_ENDING(everything_blocked_still_works, "exit 0");
    EXPECT_ENDING(sigsys_ignored_still_works, "exit 0");
    test_child_flags();
    test_nocldstop();
    return 0;
}
