/* The order of checks, and of errors, is that of kernel/seccomp.c. */
#include "seccomp.h"
#include "calls.h"
#include "exec.h"
#include "../policy/filter.h"
#include "process.h"
#include "signal.h"
#include "support.h"
#include "../policy/enforce/enforce.h"
#include "syscall.h"

#define PATH_MAX_INSTRUCTIONS 32768U /* MAX_INSNS_PER_PATH; there of what cBPF is translated to */
#define FILTER_PENALTY        4U

struct filter {
    struct filter *previous;
    int32_t users; /* threads, and filters that have it as .previous */
    uint32_t length;
    struct sock_filter program[];
};

/* SECCOMP_MODE_STRICT: the last that a thread has, and never given back. */
static struct filter strict = {.users = 1};

/* ---- chains ---- */

static uint64_t filter_bytes(uint32_t length)
{
    return sizeof(struct filter) + length * sizeof(struct sock_filter);
}

static struct filter *filter_get(struct filter *filter)
{
    if (filter != 0) {
        __atomic_fetch_add(&filter->users, 1, __ATOMIC_RELAXED);
    }
    return filter;
}

static void filter_put(struct filter *filter)
{
    while (filter != 0 && __atomic_sub_fetch(&filter->users, 1, __ATOMIC_ACQ_REL) == 0) {
        struct filter *previous = filter->previous;
        monitor_unmap((uint64_t)filter, filter_bytes(filter->length));
        filter = previous;
    }
}

void seccomp_release(struct thread *thread)
{
    filter_put(thread->filter);
    thread->filter = 0;
}

/* From here on those who give all threads a filter find it, whether it runs yet or not. */
void seccomp_share(struct thread *child, const struct thread *parent, bool same_process)
{
    areas_acquire();
    child->filter = filter_get(parent->filter);
    child->no_new_privs = parent->no_new_privs;
    child->pid = same_process ? parent->pid : 0;
    areas_release();
}

/* Whether all that `filter` runs, `other` would run too. */
static bool is_ancestor(const struct filter *filter, const struct filter *other)
{
    while (other != 0 && other != filter) {
        other = other->previous;
    }
    return other == filter;
}

/* Needs the lock of the areas. */
static long find_unlike(const struct thread *thread)
{
    const struct thread *other = 0;
    while ((other = areas_next(thread, other)) != 0) {
        if (!is_ancestor(other->filter, thread->filter)) {
            return other->tid != 0 ? other->tid : -ESRCH;
        }
    }
    return 0;
}

static void give_to_others(const struct thread *thread, bool no_new_privs)
{
    struct thread *other = 0;
    while ((other = areas_next(thread, other)) != 0) {
        struct filter *before = other->filter;
        if (no_new_privs) {
            __atomic_store_n(&other->no_new_privs, true, __ATOMIC_RELEASE);
        }
        __atomic_store_n(&other->filter, filter_get(thread->filter), __ATOMIC_RELEASE);
        filter_put(before); /* an ancestor: who runs it still has it */
    }
}

/*
 * Makes `filter` the thread's newest, or that of all threads of its process. 0, or the tid of one
 * that has filters of its own.
 */
static long attach(struct thread *thread, struct filter *filter, bool all_threads,
                   bool no_new_privs)
{
    areas_acquire();
    long unlike = all_threads ? find_unlike(thread) : 0;
    if (unlike == 0) {
        filter->previous = thread->filter;
        __atomic_store_n(&thread->filter, filter, __ATOMIC_RELEASE);
        if (all_threads) {
            give_to_others(thread, no_new_privs);
        }
    }
    areas_release();
    return unlike;
}

static bool chain_has_room(const struct filter *chain, uint32_t length)
{
    uint64_t total = length;
    for (; chain != 0; chain = chain->previous) {
        total += chain->length + FILTER_PENALTY;
    }
    return total <= PATH_MAX_INSTRUCTIONS;
}

static struct filter *filter_allocate(uint32_t length)
{
    long memory = monitor_map(filter_bytes(length), PROT_READ | PROT_WRITE, -1);
    if (is_error(memory)) {
        return 0;
    }
    struct filter *filter = (struct filter *)memory;
    filter->users = 1;
    filter->length = length;
    return filter;
}

uint64_t seccomp_size(const struct filter *filter)
{
    uint64_t size = 0;
    for (; filter != 0; filter = filter->previous) {
        size += sizeof filter->length + filter->length * sizeof filter->program[0];
    }
    return size;
}

/* The oldest first: they are taken over in that order. */
void seccomp_write(const struct filter *filter, uint8_t *target, uint64_t size)
{
    for (; filter != 0; filter = filter->previous) {
        uint64_t bytes = filter->length * sizeof filter->program[0];
        size -= bytes;
        memcpy(target + size, filter->program, bytes);
        size -= sizeof filter->length;
        memcpy(target + size, &filter->length, sizeof filter->length);
    }
}

bool seccomp_inherit(struct thread *thread, const uint8_t *source, uint64_t size)
{
    for (uint64_t at = 0; at < size;) {
        uint32_t length;
        if (size - at < sizeof length) {
            return false;
        }
        memcpy(&length, source + at, sizeof length);
        at += sizeof length;
        uint64_t bytes = length * sizeof(struct sock_filter);
        struct filter *filter =
            length == 0 || length > BPF_MAXINSNS || bytes > size - at ? 0 : filter_allocate(length);
        if (filter == 0) {
            return false;
        }
        memcpy(filter->program, source + at, bytes);
        at += bytes;
        if (!filter_check(filter->program, length) || !chain_has_room(thread->filter, length)) {
            return false;
        }
        filter->previous = thread->filter;
        thread->filter = filter;
    }
    return true;
}

bool seccomp_is_emulated(void)
{
    return keys_in_use || policy_in_use != 0;
}

/* ---- a call ---- */

/*
 * Ends the thread or the process as such a verdict does: the exit status, the core dump and the
 * line in the log are the kernel's own, which is given a filter for this last call. Under the
 * backstop it takes no strict mode any more.
 */
static noreturn void end_by_kernel(struct thread *thread, uint32_t action)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, action);
    const struct sock_fprog program = {.len = 1, .filter = &all};
    const bool by_strict = thread->filter == &strict, alone = !areas_have_others(thread);
    unsigned long arguments[6] = {alone ? SYS_ARG(thread->pid) : SIGKILL, SIGKILL};
    long number = alone ? __NR_kill : __NR_exit;
    if (action == SECCOMP_RET_KILL_THREAD) {
        leave_process(thread);
    }
    if (!by_strict) {
        number = __NR_getpid;
        SYS3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    }
    thread->attention = 0;
    window_syscall(number, arguments); /* with the program's rights, as in handle_EXIT */
    fatal("a seccomp filter of the program's ends it, and the kernel has no such filters");
}

noreturn void seccomp_end_process(struct thread *thread)
{
    end_by_kernel(thread, SECCOMP_RET_KILL_PROCESS);
}

bool has_sigsys_handler(const struct thread *thread)
{
    return (thread->held_blocked & signal_bit(SIGSYS)) == 0 &&
           thread->signals->action[SIGSYS - 1].handler > SIG_IGN;
}

enum seccomp_verdict raise_sigsys(struct thread *thread, const struct kernel_siginfo *info)
{
    sigset mask = block_signals(ALL_SIGNALS);
    bool queued = thread->queued;
    if (!queued) {
        SYS4(__NR_rt_tgsigqueueinfo, thread->pid, thread->tid, SIGSYS, info);
    }
    set_kernel_mask(mask); /* it comes here, and is queued */
    return queued ? SECCOMP_AGAIN : SECCOMP_ANSWERED;
}

/* As force_sig_seccomp(). */
static enum seccomp_verdict trap(struct thread *thread, const struct user_registers *call,
                                 uint32_t reason)
{
    const struct kernel_siginfo info = {
        .si_signo = SIGSYS,
        .si_errno = (int32_t)reason,
        .si_code = SYS_SECCOMP,
        .sigsys = {thread->continuation, (int32_t)call->rax, AUDIT_ARCH_X86_64},
    };
    if (!has_sigsys_handler(thread)) {
        end_by_kernel(thread, SECCOMP_RET_KILL_PROCESS);
    }
    return raise_sigsys(thread, &info);
}

static uint32_t run_strict(uint32_t number)
{
    bool allowed = number == __NR_read || number == __NR_write || number == __NR_exit ||
                   number == __NR_rt_sigreturn;
    return allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD;
}

static uint32_t run_all(const struct filter *filter, const union filter_input *input)
{
    uint32_t result = SECCOMP_RET_ALLOW;
    if (filter == &strict) {
        return run_strict((uint32_t)input->data.nr);
    }
    for (; filter != 0; filter = filter->previous) {
        uint32_t own = filter_run(filter->program, input);
        if (filter_prevails(own, result)) {
            result = own;
        }
    }
    return result;
}

enum seccomp_verdict seccomp_judge(struct thread *thread, const struct user_registers *call,
                                   uint64_t *result)
{
    const union filter_input input = {
        .data = {.nr = (int32_t)call->rax,
                 .arch = AUDIT_ARCH_X86_64,
                 .instruction_pointer = thread->continuation,
                 .args = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9}}};
    uint32_t verdict = run_all(__atomic_load_n(&thread->filter, __ATOMIC_ACQUIRE), &input);
    uint32_t data = verdict & SECCOMP_RET_DATA;
    switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
        return SECCOMP_MAKE;
    case SECCOMP_RET_ERRNO:
        *result = -(uint64_t)(data < 4095 ? data : 4095); /* MAX_ERRNO, include/linux/err.h */
        return SECCOMP_ANSWERED;
    case SECCOMP_RET_TRACE: /* without a tracer, without a listener */
    case SECCOMP_RET_USER_NOTIF:
        *result = (uint64_t)-ENOSYS;
        return SECCOMP_ANSWERED;
    case SECCOMP_RET_TRAP:
        *result = call->rax;
        return trap(thread, call, data);
    case SECCOMP_RET_KILL_THREAD:
        end_by_kernel(thread, SECCOMP_RET_KILL_THREAD);
    default:
        end_by_kernel(thread, SECCOMP_RET_KILL_PROCESS);
    }
}

/* ---- seccomp(2) and prctl(2) ---- */

long seccomp_mode(const struct thread *thread)
{
    if (thread->filter == 0) {
        return (session->flags & ENDORUN_SESSION_SECCOMP) != 0 ? SECCOMP_MODE_FILTER : 0;
    }
    return thread->filter == &strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
}

long seccomp_no_new_privs(struct thread *thread, const struct user_registers *call)
{
    bool sets = (int)call->rdi == PR_SET_NO_NEW_PRIVS;
    if (call->rsi != sets || (call->rdx | call->r10 | call->r8) != 0) {
        return -EINVAL;
    }
    thread->no_new_privs |= sets;
    return !sets && thread->no_new_privs;
}

static long set_strict(struct thread *thread)
{
    areas_acquire();
    bool fits = seccomp_mode(thread) != SECCOMP_MODE_FILTER;
    if (fits) {
        dispatch_calls(0);
        thread->filter = filter_get(&strict);
        SYS5(__NR_prctl, PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0); /* seccomp_set_mode_strict() */
    }
    areas_release();
    return fits ? 0 : -EINVAL;
}

static bool has_system_rights(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    return SYS2(__NR_capget, &header, data) == 0 &&
           (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

/* Copies a program and checks it: 0 or a negative errno. */
static long prepare(const struct sock_fprog *given, struct filter **prepared)
{
    if (given->filter == 0) {
        return -EINVAL;
    }
    struct filter *filter = *prepared = filter_allocate(given->len);
    if (filter == 0) {
        return -ENOMEM;
    }
    uint64_t size = given->len * sizeof filter->program[0];
    if (copy_from_user(filter->program, user_pointer((uint64_t)given->filter), size) != 0) {
        return -EFAULT;
    }
    return filter_check(filter->program, filter->length) ? 0 : -EINVAL;
}

static long set_filter(struct thread *thread, uint32_t flags, uint64_t argument)
{
    struct sock_fprog given;
    struct filter *filter = 0;
    /* Without SECCOMP_FILTER_FLAG_NEW_LISTENER: as on a kernel before 5.0. */
    if ((flags & ~(uint32_t)(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
                             SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC_ESRCH)) !=
        0) {
        return -EINVAL;
    }
    if (copy_from_user(&given, user_pointer(argument), sizeof given) != 0) {
        return -EFAULT;
    }
    if (given.len == 0 || given.len > BPF_MAXINSNS) {
        return -EINVAL;
    }
    bool no_new_privs = thread->no_new_privs;
    if (!no_new_privs && !has_system_rights()) {
        return -EACCES;
    }
    bool all_threads = (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0;
    long result = prepare(&given, &filter);
    if (result == 0 && !chain_has_room(thread->filter, filter->length)) {
        result = -ENOMEM;
    }
    if (result == 0) {
        dispatch_calls(0);
        result = attach(thread, filter, all_threads, no_new_privs);
    }
    if (result != 0) {
        filter_put(filter);
    }
    return result > 0 && (flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH) != 0 ? -ESRCH : result;
}

long seccomp_set_mode(struct thread *thread, uint64_t mode, uint64_t argument)
{
    return mode == SECCOMP_MODE_STRICT   ? set_strict(thread)
           : mode == SECCOMP_MODE_FILTER ? set_filter(thread, 0, argument)
                                         : -EINVAL;
}

static long action_is_available(uint64_t argument)
{
    uint32_t action;
    if (copy_from_user(&action, user_pointer(argument), sizeof action) != 0) {
        return -EFAULT;
    }
    switch (action) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW:
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

long handle_SECCOMP(struct thread *thread, const struct user_registers *call)
{
    uint32_t flags = (uint32_t)call->rsi;
    switch ((uint32_t)call->rdi) {
    case SECCOMP_SET_MODE_STRICT:
        return flags != 0 || call->rdx != 0 ? -EINVAL : set_strict(thread);
    case SECCOMP_SET_MODE_FILTER:
        return set_filter(thread, flags, call->rdx);
    case SECCOMP_GET_ACTION_AVAIL:
        return flags != 0 ? -EINVAL : action_is_available(call->rdx);
    default: /* SECCOMP_GET_NOTIF_SIZES too: there are no listeners */
        return -EINVAL;
    }
}

/* It asks for no_new_privs, and the kernel's is set whatever the program's is. */
long handle_LANDLOCK(struct thread *thread, UNUSED const struct user_registers *call)
{
    if (thread->no_new_privs || has_system_rights()) {
        return CALL_FORWARD;
    }
    long result = SYS2(__NR_landlock_restrict_self, -1, 0);
    return result == -EBADF ? -EPERM : result; /* any other: there is no Landlock */
}
