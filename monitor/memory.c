/*
 * Mappings: file mappings that become executable are rewritten, and their registry kept true. With
 * protection keys all that the program maps gets its key, and nothing acts on the monitor's memory.
 */
#include "calls.h"
#include "code.h"
#include "support.h"
#include "syscall.h"
#include "../rewriter/apply/module.h"
#include "../rewriter/apply/rewrite.h"

#define HUGE_PAGE_MIN (2UL << 20)
#define HUGE_PAGE_MAX (1UL << 30)

static void forget_code(uint64_t start, uint64_t length)
{
    if (keys_in_use) {
        code_forget(start, length);
    }
}

static bool is_fixed(const struct user_registers *call)
{
    return (call->r10 & MAP_FIXED) != 0;
}

static long map_and_tag(const struct user_registers *call, uint64_t address, unsigned long flags)
{
    unsigned long protection = code_first_protection(call->rdx);
    long result = SYS6(__NR_mmap, address, call->rsi, protection, flags, call->r8, call->r9);
    if (!is_error(result) &&
        !memory_tag((uint64_t)result, round_up(call->rsi, PAGE_SIZE), protection, KEY_APP)) {
        SYS2(__NR_munmap, result, call->rsi);
        return -ENOMEM;
    }
    return result;
}

/*
 * MAP_FIXED over something: made elsewhere and moved there, so that no thread meets it without its
 * key and a failure destroys nothing. The new mapping may not lie in a gap of the old: then it is
 * made once more, beside the first.
 */
static long replace_mapping(const struct user_registers *call, unsigned long flags)
{
    uint64_t length = round_up(call->rsi, PAGE_SIZE);
    long made = map_and_tag(call, 0, flags);
    if (is_error(made)) {
        return made;
    }
    long result;
    if ((uint64_t)made < call->rdi + length && call->rdi < (uint64_t)made + length) {
        result = replace_mapping(call, flags);
    } else {
        result = SYS5(__NR_mremap, made, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, call->rdi);
        if (!is_error(result)) {
            return result;
        }
    }
    SYS2(__NR_munmap, made, length);
    return result;
}

/*
 * Where a GS selector of base 0 finds its thread block. The kernel refuses it too, unless
 * vm.mmap_min_addr is lower or the caller may do everything.
 */
static bool is_low(uint64_t address)
{
    return address < LOWEST_ADDRESS;
}

/* mmap with the program's key. That of executable mappings comes with their protection. */
static long map_with_key(const struct user_registers *call)
{
    unsigned long flags = call->r10 & ~(unsigned long)MAP_FIXED;
    if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE || is_fixed(call)) {
        if (is_low(call->rdi) || pages_are_monitors(call->rdi, call->rsi)) {
            return call->rsi > TASK_SIZE ? -ENOMEM : -EPERM;
        }
    }
    if (!is_fixed(call)) {
        return map_and_tag(call, is_low(call->rdi) ? 0 : call->rdi, flags);
    }
    long result = map_and_tag(call, call->rdi, flags | MAP_FIXED_NOREPLACE);
    return result == -EEXIST ? replace_mapping(call, flags) : result;
}

/* With protection keys a mapping becomes executable when it has been looked at, and only then. */
static long make_executable(const struct user_registers *call, uint64_t start, uint64_t length)
{
    unsigned long flags = call->r10;
    bool anonymous = (flags & MAP_ANONYMOUS) != 0;
    return code_map(anonymous ? -1 : (int)call->r8, start, length, call->r9, call->rdx,
                    (flags & MAP_TYPE) != MAP_PRIVATE);
}

static long map(const struct user_registers *call)
{
    unsigned long protection = call->rdx;
    unsigned long flags = call->r10;
    uint64_t length = round_up(call->rsi, PAGE_SIZE);
    long result = keys_in_use ? map_with_key(call) : forward_call(call);
    if (is_error(result)) {
        return result;
    }
    if (is_fixed(call)) {
        modules_cut(call->rdi, call->rsi, (flags & MAP_ANONYMOUS) != 0);
    }
    forget_code((uint64_t)result, length);
    if ((protection & PROT_EXEC) == 0) {
        return result;
    }
    if ((flags & MAP_TYPE) == MAP_PRIVATE && (flags & MAP_ANONYMOUS) == 0) {
        rewrite_mapping((int)call->r8, (uint64_t)result, length, call->r9,
                        code_first_protection(protection));
    }
    long error = keys_in_use ? make_executable(call, (uint64_t)result, length) : 0;
    if (error != 0) {
        modules_unmap((uint64_t)result, length);
        forget_code((uint64_t)result, length);
        return error;
    }
    return result;
}

static long unmap(const struct user_registers *call)
{
    if (pages_are_monitors(call->rdi, call->rsi)) {
        return call->rsi > TASK_SIZE ? -EINVAL : -EPERM;
    }
    long result = modules_unmap(call->rdi, call->rsi);
    if (result == 0) {
        forget_code(call->rdi, call->rsi);
    }
    return result;
}

/* Huge pages, which begin at multiples of their size, are mapped and moved whole. */
static bool huge_pages_are_monitors(uint64_t start, uint64_t length)
{
    return start % HUGE_PAGE_MIN == 0 && overlaps_monitor(start, round_up(length, HUGE_PAGE_MAX));
}

/*
 * What the kernel says to MADV_COLD it says of huge pages alone, and of locked ones. Most mappings
 * beside the monitor's have none.
 */
static bool moves_onto_monitor(const struct user_registers *call)
{
    bool fixed = (call->r10 & MREMAP_FIXED) != 0;
    if (pages_are_monitors(call->rdi, call->rsi) ||
        (fixed && pages_are_monitors(call->r8, call->rdx))) {
        return true;
    }
    bool near = huge_pages_are_monitors(call->rdi, call->rsi) ||
                (fixed && huge_pages_are_monitors(call->r8, call->rdx));
    return near && SYS3(__NR_madvise, call->rdi, PAGE_SIZE, MADV_COLD) != 0;
}

/* Rewritten code holds relative jumps to its stubs: it is turned back before it moves. */
static long remap(const struct user_registers *call)
{
    bool moves = (call->r10 & MREMAP_MAYMOVE) != 0;
    bool fixed = (call->r10 & MREMAP_FIXED) != 0;
    if (moves_onto_monitor(call) || (keys_in_use && fixed && is_low(call->r8))) {
        return -EPERM;
    }
    if (keys_in_use && round_up(call->rsi, PAGE_SIZE) == 0) {
        return -EINVAL; /* a second mapping of shared pages, executable ones too */
    }
    if (moves) {
        modules_restore(call->rdi, call->rsi);
    }
    bool alternates = keys_in_use && code_alternates(call->rdi, call->rsi);
    bool code = alternates || (keys_in_use && code_runs(call->rdi, call->rsi));
    if (code) {
        uint64_t size = round_up(call->rsi, PAGE_SIZE);
        long error = SYS4(__NR_pkey_mprotect, call->rdi, size, PROT_READ, KEY_APP);
        if (error != 0) {
            return error == -ENOMEM ? -EFAULT : error; /* EINVAL: a part of the vDSO */
        }
        code_close(call->rdi, call->rsi);
    }
    /* By the monitor itself, as below: other threads can change what window_syscall() gives. */
    long result = SYS5(__NR_mremap, call->rdi, call->rsi, call->rdx, call->r10, call->r8);
    if (!is_error(result)) {
        if (fixed) {
            modules_cut((uint64_t)result, call->rdx, false);
        }
        forget_code(call->rdi, call->rsi);
        forget_code((uint64_t)result, call->rdx);
    }
    if (code) {
        uint64_t start = is_error(result) ? call->rdi : (uint64_t)result;
        long error = code_protect(start, is_error(result) ? call->rsi : call->rdx,
                                  PROT_READ | PROT_EXEC | (alternates ? PROT_WRITE : 0UL));
        result = error != 0 ? error : result;
    }
    return result;
}

static long attach(const struct user_registers *call)
{
    struct kernel_shmid status = {0};
    uint64_t address = (call->rdx & SHM_RND) != 0 ? round_down(call->rsi, PAGE_SIZE) : call->rsi;
    bool replaces = (call->rdx & SHM_REMAP) != 0 && address != 0;
    if (keys_in_use && (call->rdx & SHM_EXEC) != 0) {
        return -EACCES; /* others could write it */
    }
    long error = keys_in_use || replaces ? SYS3(__NR_shmctl, call->rdi, IPC_STAT, &status) : 0;
    if (error != 0) {
        return error; /* it needs the same right */
    }
    if ((keys_in_use && call->rsi != 0 && is_low(address)) ||
        (replaces && (pages_are_monitors(address, status.size) ||
                      huge_pages_are_monitors(address, status.size)))) {
        return -EPERM;
    }
    long result = SYS3(__NR_shmat, call->rdi, call->rsi, call->rdx);
    if (is_error(result)) {
        return result;
    }
    if (replaces) {
        modules_cut((uint64_t)result, status.size, false);
        forget_code((uint64_t)result, status.size);
    }
    unsigned long protection = PROT_READ | ((call->rdx & SHM_RDONLY) != 0 ? 0 : PROT_WRITE);
    if (!memory_tag((uint64_t)result, round_up(status.size, PAGE_SIZE), protection, KEY_APP)) {
        SYS1(__NR_shmdt, result);
        return -ENOMEM;
    }
    return result;
}

/* ---- with protection keys only ---- */

static long protect(const struct user_registers *call)
{
    if (pages_are_monitors(call->rdi, call->rsi)) {
        return -EPERM;
    }
    if ((call->rdx & PROT_EXEC) != 0) {
        return code_protect(call->rdi, call->rsi, call->rdx);
    }
    long result = SYS4(__NR_pkey_mprotect, call->rdi, call->rsi, call->rdx, KEY_APP);
    if (result == 0) { /* else some of it may be executable still */
        code_close(call->rdi, call->rsi);
    }
    return result;
}

/* The program has one key, and no others to give rights to. */
static long use_key(const struct user_registers *call)
{
    switch ((uint32_t)call->rax) {
    case __NR_pkey_alloc:
        return call->rdi != 0 || call->rsi > 3 ? -EINVAL : -ENOSPC;
    case __NR_pkey_mprotect:
        return (int)call->r10 == -1 ? protect(call) : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* What the heap gains has the kernel's key, 0, before it gets the program's. */
static long move_break(const struct user_registers *call)
{
    uint64_t before = (uint64_t)SYS1(__NR_brk, 0);
    uint64_t length = round_up(call->rdi, PAGE_SIZE) - round_up(before, PAGE_SIZE);
    if (call->rdi > before && overlaps_monitor(before, call->rdi - before)) {
        return (long)before;
    }
    uint64_t now = (uint64_t)SYS1(__NR_brk, call->rdi);
    if (now < before) {
        forget_code(round_up(now, PAGE_SIZE),
                    round_up(before, PAGE_SIZE) - round_up(now, PAGE_SIZE));
    }
    if (now == call->rdi && now > before && length != 0 &&
        !memory_tag(round_up(before, PAGE_SIZE), length, PROT_READ | PROT_WRITE, KEY_APP)) {
        SYS1(__NR_brk, before);
        return (long)before;
    }
    return (long)now;
}

/* What the program may do in a page, found without doing it: -EINVAL means that it may not. */
static unsigned long protection_of(uint64_t page)
{
    unsigned long protection = 0;
    protection |=
        SYS3(__NR_madvise, page, PAGE_SIZE, MADV_POPULATE_READ) != -EINVAL ? PROT_READ : 0;
    protection |=
        SYS3(__NR_madvise, page, PAGE_SIZE, MADV_POPULATE_WRITE) != -EINVAL ? PROT_WRITE : 0;
    return protection;
}

/* The kernel maps anew, with its own key: one protection holds for all of it. */
static long remap_file(const struct user_registers *call)
{
    uint64_t start = round_down(call->rdi, PAGE_SIZE), size = round_down(call->rsi, PAGE_SIZE);
    unsigned long protection = protection_of(start);
    if (protection == 0) {
        return -EINVAL; /* closed, or a kernel before 5.14, which cannot tell */
    }
    long result = SYS5(__NR_remap_file_pages, start, size, call->rdx, call->r10, call->r8);
    if (result == 0 && !memory_tag(start, size, protection, KEY_APP)) {
        return -ENOMEM;
    }
    return result;
}

static long act_on_range(const struct user_registers *call)
{
    uint32_t number = (uint32_t)call->rax;
    int advice = number == __NR_madvise ? (int)call->rdx : MADV_NORMAL;
    /* Some of them round the address, and the others refuse it. */
    uint64_t start = round_down(call->rdi, PAGE_SIZE), length = call->rsi + call->rdi % PAGE_SIZE;
    if (overlaps_monitor(start, length)) {
        return -EPERM;
    }
    if (code_touches(start, length)) {
        if (number == __NR_remap_file_pages || advice == MADV_GUARD_INSTALL ||
            advice == MADV_DONTFORK) {
            return -EINVAL; /* other pages of the file, or none for a while, or in a child */
        }
        if (start == call->rdi && (advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED)) {
            return code_discard(call->rdi, call->rsi, advice);
        }
    }
    return number == __NR_remap_file_pages ? remap_file(call) : forward_call(call);
}

/* set_robust_list, set_tid_address: what is written there when the thread ends. */
long handle_KEPT(struct thread *thread, const struct user_registers *call)
{
    if (thread->is_guest) { /* see shares_too_much() */
        return (uint32_t)call->rax == __NR_set_tid_address ? thread->tid : -ENOSYS;
    }
    return overlaps_monitor(call->rdi, sizeof(uint64_t)) ? -EFAULT : CALL_FORWARD;
}

/* ---- the handlers: each holds the lock from the look at a range to the end of the call ---- */

#define HANDLER(name, function)                                                                    \
    long handle_##name(UNUSED struct thread *thread, const struct user_registers *call)            \
    {                                                                                              \
        memory_acquire();                                                                          \
        long result = keys_in_use && !code_has_room() ? -ENOMEM : function(call);                  \
        memory_release();                                                                          \
        return result;                                                                             \
    }
HANDLER(MMAP, map)
HANDLER(MUNMAP, unmap)
HANDLER(MREMAP, remap)
HANDLER(SHMAT, attach)
HANDLER(MPROTECT, protect)
HANDLER(PKEY, use_key)
HANDLER(BRK, move_break)
HANDLER(RANGE, act_on_range)
