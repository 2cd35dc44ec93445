#include "code.h"
#include "calls.h"
#include "exec.h"
#include "keys.h"
#include "process.h"
#include "spans.h"
#include "support.h"
#include "syscall.h"
#include "user.h"
#include "../policy/owners.h"
#include "../rewriter/apply/copies.h"
#include "../rewriter/apply/instruction.h"
#include "../rewriter/apply/search.h"
#include "../rewriter/apply/unsafe.h"

#include <asm/statfs.h>

#define SHARED_SAMPLES 16U
#define STACK_REACH    (1UL << 30) /* of the largest stacks, that much of them */

#define FAULTS_BETWEEN 1024U

static struct spans executable;  /* what the program can execute */
static struct spans alternating; /* what it asked to write and to execute: each page is either */
static struct spans running;     /* of those, the pages that are executable now */
static struct spans stepped;     /* and those that can't be: copies of their code are executed */
static struct spans filed;       /* mapped from a file to be executed */
static struct spans data;        /* of those, pages without code: they are never executable */
static struct span stack;        /* the first thread's, with the room that it may grow into */
static struct span vdso;         /* which the kernel does not split into pages */

static bool has_room(void)
{
    return executable.count + data.count + 8 < SPANS_MAX && /* one cuts the other into pieces */
           spans_have_room(&alternating) && spans_have_room(&running) && spans_have_room(&filed) &&
           spans_have_room(&stepped);
}

/* The pages in a set become writable, and leave it. */
static bool stop(struct spans *set, uint64_t start, uint64_t end)
{
    for (uint32_t i; (i = spans_find(set, start)) < set->count;) {
        struct span piece = set->at[i];
        piece.start = piece.start > start ? piece.start : start;
        piece.end = piece.end < end ? piece.end : end;
        if (piece.start >= end) {
            break;
        }
        if (!memory_tag(piece.start, piece.end - piece.start, PROT_READ | PROT_WRITE, KEY_APP)) {
            return false;
        }
        spans_remove(&executable, piece.start, piece.end);
        spans_remove(set, piece.start, piece.end);
    }
    return true;
}

static bool stop_running(uint64_t start, uint64_t end)
{
    return stop(&running, start, end) && stop(&stepped, start, end);
}

/* With too many pieces, here or in the kernel, all of them. */
static void make_writable(uint64_t start, uint64_t end)
{
    if (!has_room() || !stop_running(start, end)) {
        stop_running(0, TASK_SIZE);
    }
}

bool code_has_room(void)
{
    make_writable(0, 0);
    return has_room();
}

bool code_open(uint64_t start, uint64_t length, bool to_write)
{
    uint64_t end = length < TASK_SIZE ? round_up(start + length, PAGE_SIZE) : TASK_SIZE;
    if (alternating.count == 0 || start >= end) {
        return false;
    }
    memory_acquire();
    bool alternates = spans_touch(&alternating, start, end);
    if (alternates && to_write) {
        make_writable(round_down(start, PAGE_SIZE), end);
    }
    memory_release();
    return alternates;
}

void code_close(uint64_t start, uint64_t length)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    spans_remove(&stepped, start, end);
    spans_remove(&executable, start, end);
    spans_remove(&alternating, start, end);
    spans_remove(&running, start, end);
}

void code_forget(uint64_t start, uint64_t length)
{
    code_close(start, length);
    spans_remove(&filed, start, start + round_up(length, PAGE_SIZE));
    spans_remove(&data, start, start + round_up(length, PAGE_SIZE));
}

void code_set_aside(uint64_t start, uint64_t length)
{
    if (has_room()) {
        spans_add(&data, start, start + length);
    }
}

bool code_touches(uint64_t start, uint64_t length)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    return spans_touch(&executable, start, end) || spans_touch(&alternating, start, end) ||
           spans_touch(&filed, start, end);
}

bool code_runs(uint64_t start, uint64_t length)
{
    return spans_touch(&executable, start, start + round_up(length, PAGE_SIZE));
}

bool code_alternates(uint64_t start, uint64_t length)
{
    return spans_touch(&alternating, start, start + round_up(length, PAGE_SIZE));
}

long code_discard(uint64_t start, uint64_t length, int advice)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    long result = 0;
    bool stays;
    for (uint64_t at = start, next; at < end && result == 0; at = next) {
        next = spans_piece(&filed, at, end, &stays);
        result = stays ? 0 : SYS3(__NR_madvise, at, next - at, advice);
    }
    return result;
}

bool code_is_executable(uint64_t start, uint64_t end)
{
    return spans_hold(&executable, start, end);
}

bool code_is_aside(uint64_t start, uint64_t end)
{
    return spans_touch(&data, start, end);
}

/* ---- becoming executable ---- */

/*
 * Nobody in the sandbox can change its content: another user's, without a right for this one, who
 * is the only one that anybody here ever was, or can be, without a capability: else it may be open
 * for writing, and there could be mounts (CLONE_NEWUSER is refused). Where others may put another
 * file in the place of the descriptor, that says nothing about what was mapped.
 */
static bool is_immutable(int fd)
{
    struct stat status;
    struct statfs system;
    return !current_thread()->shares_descriptors &&
           (session->flags & ENDORUN_SESSION_ONE_IDENTITY) != 0 &&
           SYS2(__NR_fstat, fd, &status) == 0 && status.st_uid != (uint32_t)SYS0(__NR_getuid) &&
           (status.st_mode & S_IFMT) == S_IFREG && SYS2(__NR_fstatfs, fd, &system) == 0 &&
           owners_are_true((uint64_t)system.f_type) &&
           SYS4(__NR_faccessat2, fd, "", ACCESS_WRITE, AT_EMPTY_PATH | AT_EACCESS) == -EACCES;
}

/*
 * Some of it is seen by others too: what they write would not arrive in the copy. Linux duplicates
 * such pages, and only those, for an old size of 0. Of long ranges some are asked for.
 */
static bool is_shared(uint64_t start, uint64_t length)
{
    uint64_t step = round_up(length / SHARED_SAMPLES + 1, PAGE_SIZE);
    for (uint64_t page = start; page < start + length; page += step) {
        if (spans_touch(&executable, page, page + PAGE_SIZE)) {
            continue; /* known, and not to appear anywhere else for a moment */
        }
        long copy = SYS4(__NR_mremap, page, 0, PAGE_SIZE, MREMAP_MAYMOVE);
        if (!is_error(copy)) {
            SYS2(__NR_munmap, copy, PAGE_SIZE);
            return true;
        }
    }
    return false;
}

static void code_note(uint64_t start, uint64_t length)
{
    spans_add(&executable, start, start + length);
}

static long become_executable(uint64_t start, uint64_t length)
{
    bool aside;
    for (uint64_t at = start, next; at < start + length; at = next) {
        next = spans_piece(&data, at, start + length, &aside);
        if (!memory_tag(at, next - at, aside ? PROT_READ : PROT_READ | PROT_EXEC, KEY_APP)) {
            return -ENOMEM;
        }
        if (!aside) {
            code_note(at, next - at);
        }
    }
    return 0;
}

/* Pages that nobody has touched are not to take memory; behind a file's end there is nothing. */
static void copy_page(uint64_t target, uint64_t source)
{
    static const uint8_t zeroes[PAGE_SIZE];
    uint8_t content[PAGE_SIZE];
    if (user_copy(content, (const void *)source, PAGE_SIZE) == 0 &&
        memcmp(content, zeroes, PAGE_SIZE) != 0) {
        memcpy((void *)target, content, PAGE_SIZE);
    }
}

/*
 * The range, which can be read, becomes anonymous memory with the same content, which nobody can
 * reach until it stands there, and then nobody can write. What others do to the pages that were
 * there, by another mapping or by a call that has hold of them since before, changes the copy no
 * more.
 */
static long copy_and_admit(uint64_t length, const struct origin *origin)
{
    uint64_t start = origin->start;
    long copy =
        SYS6(__NR_mmap, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (is_error(copy)) {
        return copy;
    }
    for (uint64_t at = 0; at < length; at += PAGE_SIZE) {
        copy_page((uint64_t)copy + at, start + at);
    }
    spans_remove(&executable, start, start + length);
    long result = -EACCES;
    if (search_finds_none((uint64_t)copy, length, origin)) {
        result = memory_tag((uint64_t)copy, length, PROT_READ, KEY_APP)
                     ? SYS5(__NR_mremap, copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, start)
                     : -ENOMEM;
    }
    if (is_error(result)) {
        SYS2(__NR_munmap, copy, length);
        return result;
    }
    return become_executable(start, length);
}

/* Writable now, and executable when it is executed: code_fault() copies and searches it then. */
static long alternate(uint64_t start, uint64_t length)
{
    spans_remove(&executable, start, start + length);
    spans_remove(&running, start, start + length);
    spans_remove(&stepped, start, start + length);
    spans_remove(&data, start, start + length);
    if (alternating.count == 0) {
        dispatch_calls(call_uses_memory);
    }
    spans_add(&alternating, start, start + length);
    return 0;
}

void code_note_vdso(uint64_t start, uint64_t end)
{
    vdso = (struct span){start, end};
    spans_add(&executable, start, end);
}

void code_note_stack(uint64_t end)
{
    struct kernel_rlimit limit = {0};
    SYS4(__NR_prlimit64, 0, RLIMIT_STACK, 0, &limit);
    uint64_t size = limit.soft < STACK_REACH ? limit.soft : STACK_REACH;
    stack = (struct span){round_down(end - size, PAGE_SIZE), end};
}

bool code_admit(uint64_t start, uint64_t length)
{
    const struct origin origin = {.fd = -1, .start = start};
    return search_finds_none(start, length, &origin) && become_executable(start, length) == 0;
}

static long admit_file(uint64_t length, const struct origin *origin)
{
    struct stat status;
    uint64_t size = SYS2(__NR_fstat, origin->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
    uint64_t backed = size > origin->offset ? round_up(size - origin->offset, PAGE_SIZE) : 0;
    backed = backed < length ? backed : length;
    return backed == 0 || search_finds_none(origin->start, backed, origin)
               ? become_executable(origin->start, length)
               : -EACCES;
}

long code_map(int fd, uint64_t start, uint64_t length, uint64_t offset, unsigned long protection,
              bool shared)
{
    const struct origin origin = {.fd = fd, .start = start, .offset = offset};
    bool writable = (protection & PROT_WRITE) != 0;
    if (fd >= 0 && !writable && is_immutable(fd)) {
        spans_add(&filed, start, start + length);
        return admit_file(length, &origin);
    }
    if (shared || (process_settings.jit_denied && (writable || fd < 0))) {
        return -EACCES; /* it would be searched now, and written later */
    }
    if (writable) {
        return alternate(start, length);
    }
    if (fd < 0) {
        return become_executable(start, length);
    }
    spans_add(&filed, start, start + length);
    return copy_and_admit(length, &origin);
}

long code_protect(uint64_t start, uint64_t length, unsigned long protection)
{
    const struct origin origin = {.fd = -1, .start = start};
    uint64_t size = round_up(length, PAGE_SIZE);
    bool writable = (protection & PROT_WRITE) != 0;
    unsigned long grows = protection & (PROT_GROWSDOWN | PROT_GROWSUP);
    if (start % PAGE_SIZE != 0) {
        return -EINVAL;
    }
    if (grows != 0 &&
        (grows != PROT_GROWSDOWN || !writable || start < stack.start || start + size > stack.end)) {
        return -EACCES;
    }
    if (size == 0 || (spans_hold(&executable, start, start + size) && !writable &&
                      !spans_touch(&alternating, start, start + size))) {
        return 0;
    }
    if (process_settings.jit_denied || is_shared(start, size)) {
        return -EACCES;
    }
    unsigned long first = (writable ? PROT_READ | PROT_WRITE : PROT_READ) | grows;
    long result = SYS4(__NR_pkey_mprotect, start, length, first, KEY_APP);
    if (is_error(result)) {
        return result;
    }
    code_close(start, size);
    if (grows != 0 && start > stack.start) { /* what is below, and what it grows by */
        spans_add(&alternating, stack.start, start);
    }
    bool unsplit = start >= vdso.start && start + size <= vdso.end;
    if (!writable || unsplit) {
        result = copy_and_admit(size, &origin);
    }
    if (!writable || result != 0) {
        return result;
    }
    return unsplit && !memory_tag(start, size, first, KEY_APP) ? -ENOMEM : alternate(start, size);
}

unsigned long code_first_protection(unsigned long protection)
{
    bool searched = keys_in_use && (protection & PROT_EXEC) != 0;
    return searched ? (protection & ~(unsigned long)PROT_EXEC) | PROT_READ : protection;
}

/*
 * A page that alternates becomes executable, or is one of which copies are executed. While it is
 * searched it is closed to everybody, and its frame is a new one: a transfer that has hold of the
 * old one, from before, ends there.
 */
static bool close_and_admit(uint64_t page)
{
    const struct origin origin = {.fd = -1, .start = page, .quiet = true};
    uint8_t content[PAGE_SIZE];
    if (page >= stack.start && page < stack.end) { /* grows now, not by executable pages later */
        user_copy(content, (const void *)(page - PAGE_SIZE), 1);
    }
    bool closed = memory_tag(page, PAGE_SIZE, PROT_READ | PROT_WRITE, KEY_MONITOR) ||
                  (stop_running(0, TASK_SIZE) && /* the kernel had too many pieces */
                   memory_tag(page, PAGE_SIZE, PROT_READ | PROT_WRITE, KEY_MONITOR));
    if (!closed || is_shared(page, PAGE_SIZE) || /* code_protect() asks some pages only */
        user_copy(content, (const void *)page, PAGE_SIZE) != 0) {
        return false;
    }
    long dropped = SYS3(__NR_madvise, page, PAGE_SIZE, MADV_DONTNEED);
    if (dropped != 0) { /* locked */
        dropped = SYS3(__NR_madvise, page, PAGE_SIZE, MADV_DONTNEED_LOCKED);
    }
    if (dropped != 0 || user_copy((void *)page, content, PAGE_SIZE) != 0) {
        return false;
    }
    spans_remove(&stepped, page, page + PAGE_SIZE);
    if (!search_finds_none(page, PAGE_SIZE, &origin)) {
        spans_add(&stepped, page, page + PAGE_SIZE);
        return memory_tag(page, PAGE_SIZE, PROT_READ, KEY_APP);
    }
    spans_add(&running, page, page + PAGE_SIZE);
    return become_executable(page, PAGE_SIZE) == 0;
}

/* ---- faults ---- */

bool code_is_stepped(uint64_t address)
{
    return spans_touch(&stepped, address, address + 1);
}

/* `once`: one instruction. */
static void step_or_end(struct sigcontext *registers, bool once)
{
    const struct origin origin = {.fd = -1, .start = round_down(registers->rip, PAGE_SIZE)};
    uint8_t content[PAGE_SIZE];
    if (!copies_step(registers, once)) {
        copy_from_user(content, user_pointer(origin.start), PAGE_SIZE);
        search_finds_none((uint64_t)content, PAGE_SIZE, &origin);
        fatal_at("code that was made at run time may not be executed", registers->rip);
    }
}

/* What it writes to is executed, and it stands there itself, or ends there: only a copy can. */
static bool writes_to_itself(uint64_t page, uint64_t rip)
{
    bool executed = code_is_stepped(page) || spans_touch(&running, page, page + PAGE_SIZE);
    return executed && rip + INSTRUCTION_SIZE_MAX > page && rip < page + PAGE_SIZE;
}

/*
 * For one instruction the page can be written; what follows is copied from what it is then. Other
 * threads see their own changes, if they write there meanwhile, as late as those of others.
 */
static void step_and_write(uint64_t page, struct sigcontext *registers)
{
    spans_add(&stepped, page, page + PAGE_SIZE);
    current_thread()->opened_page = page;
    step_or_end(registers, true);
}

static void close_opened_page(void)
{
    struct thread *thread = current_thread();
    uint64_t page = thread->opened_page;
    if (page != 0 && code_is_stepped(page) && !memory_tag(page, PAGE_SIZE, PROT_READ, KEY_APP)) {
        fatal("a page of code can't be closed");
    }
    thread->opened_page = 0;
}

void code_go_on(struct sigcontext *registers)
{
    memory_acquire();
    close_opened_page();
    if (code_is_stepped(registers->rip)) {
        step_or_end(registers, false);
    }
    memory_release();
}

/* The search is repeated now and then: what was there by chance may be gone. */
static bool is_to_be_searched(uint64_t page)
{
    static uint32_t faults;
    return !code_is_stepped(page) || ++faults % FAULTS_BETWEEN == 0;
}

bool code_fault(struct sigcontext *registers)
{
    uint64_t page = round_down(registers->cr2, PAGE_SIZE);
    memory_acquire();
    close_opened_page();
    bool ours = spans_hold(&alternating, page, page + PAGE_SIZE) &&
                !overlaps_monitor(page, PAGE_SIZE); /* in the room of a stack */
    bool runs = ours && spans_hold(&running, page, page + PAGE_SIZE);
    if (ours && (registers->err & PAGE_FAULT_INSTRUCTION) != 0 && !runs) {
        if (is_to_be_searched(page) && (!code_has_room() || !close_and_admit(page))) {
            fatal_at("code that was made at run time may not be executed", registers->rip);
        }
        if (code_is_stepped(page)) {
            step_or_end(registers, false);
        }
    } else if (ours && (registers->err & PAGE_FAULT_WRITE) != 0) {
        bool itself = writes_to_itself(page, registers->rip);
        make_writable(page, page + PAGE_SIZE);
        ours = memory_tag(page, PAGE_SIZE, PROT_READ | PROT_WRITE, KEY_APP);
        if (ours && itself) {
            step_and_write(page, registers);
        }
    } /* else it has become so meanwhile */
    memory_release();
    return ours;
}
