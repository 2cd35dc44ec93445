/* The areas of threads: allocated, adopted, reused. */
#include "process.h"
#include "gate.h"
#include "keys.h"
#include "seccomp.h"
#include "signal.h"
#include "support.h"
#include "syscall.h"
#include "../rewriter/apply/module.h"

/* What the monitor's own code needs below a frame; the deepest path has five path buffers. */
#define MONITOR_STACK_BYTES (64UL << 10)
/* Frames that can stand on the monitor stack at once: a signal's, and a fault's of a user copy. */
#define MONITOR_STACK_FRAMES 2
#define AREAS_AT_ONCE        32UL /* a power of two */

struct process_settings process_settings;

static int32_t areas_lock;
static struct thread *areas;      /* all, newest first */
static struct thread *free_areas; /* those ready for use */

/* Memory of `size` bytes aligned to `size`. */
static long map_aligned(uint64_t size)
{
    long start = SYS6(__NR_mmap, 0, 2 * size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (is_error(start)) {
        return start;
    }
    uint64_t aligned = round_up((uint64_t)start, size);
    if (aligned > (uint64_t)start) {
        SYS2(__NR_munmap, start, aligned - (uint64_t)start);
    }
    SYS2(__NR_munmap, aligned + size, (uint64_t)start + size - aligned);
    return (long)aligned;
}

/* Room for one area. With protection keys many share an entry of what is known as the monitor's. */
static long map_room(uint64_t size)
{
    static uint64_t next, end;
    if (!keys_in_use) {
        return map_aligned(size);
    }
    if (next == end) {
        memory_acquire();
        long start = map_aligned(AREAS_AT_ONCE * size);
        bool done = !is_error(start) && monitor_keeps((uint64_t)start, AREAS_AT_ONCE * size);
        memory_release();
        if (!done) {
            return -ENOMEM;
        }
        next = (uint64_t)start;
        end = next + AREAS_AT_ONCE * size;
    }
    next += size;
    return (long)(next - size);
}

static struct thread *map_area(void)
{
    /* Offsets, from the lowest on: thread.h has the drawing. */
    uint64_t frame = round_up(process_settings.frame_size + 1024, PAGE_SIZE);
    uint64_t stack = PAGE_SIZE + MONITOR_STACK_BYTES + MONITOR_STACK_FRAMES * frame;
    uint64_t fpu_image = stack + frame + PAGE_SIZE;
    uint64_t block = fpu_image + 2 * frame;
    uint64_t size = 1UL << 14;
    while (size < block + THREAD_BLOCK_SIZE + sizeof(struct shared_pages) + 2 * PAGE_SIZE) {
        size <<= 1;
    }
    long start = map_room(size);
    if (is_error(start) || SYS3(__NR_mprotect, start, PAGE_SIZE, PROT_NONE) != 0) {
        return 0;
    }
    uint64_t area = (uint64_t)start;
    struct thread *thread = (struct thread *)(area + block);
    const unsigned long protection = PROT_READ | PROT_WRITE;
    if (!memory_tag(area + stack, fpu_image - stack, protection, KEY_APP) ||
        !memory_tag((uint64_t)shared_pages_of(thread), sizeof(struct shared_pages), protection,
                    KEY_SHARED) ||
        !memory_tag((uint64_t)open_page_of(thread), PAGE_SIZE, protection, KEY_APP)) {
        return 0;
    }
    open_page_of(thread)->xrstor = (uint64_t)gate_xrstor;
    thread->monitor_stack = area + stack;
    thread->monitor_stack_size = stack - PAGE_SIZE;
    thread->fpu_image = area + fpu_image;
    thread->fpu_image_size = frame;
    thread->entry_image = thread->fpu_image + frame;
    thread->area_mask = ~(size - 1);
    thread->next = areas;
    areas = thread;
    return thread;
}

/* Nobody runs in it any more. */
static bool is_abandoned(const struct thread *thread)
{
    return thread->tid == 0 || SYS3(__NR_tgkill, thread->pid, thread->tid, 0) == -ESRCH;
}

/* Takes a reusable area from the list; needs the lock. The newest first: it may be in cache. */
static struct thread *find_free(void)
{
    struct thread **link = &free_areas;
    for (int tries = 0; *link != 0 && tries < 8; tries++) {
        struct thread *thread = *link;
        if (is_abandoned(thread)) {
            *link = thread->next_free;
            return thread;
        }
        link = &thread->next_free;
    }
    return 0;
}

struct thread *area_allocate(void)
{
    lock_acquire(&areas_lock);
    struct thread *thread = find_free();
    if (thread == 0) {
        thread = map_area();
    }
    if (thread != 0) {
        struct thread kept = {
            .self = thread,
            .monitor_stack = thread->monitor_stack,
            .monitor_stack_size = thread->monitor_stack_size,
            .fpu_image = thread->fpu_image,
            .fpu_image_size = thread->fpu_image_size,
            .entry_image = thread->entry_image,
            .area_mask = thread->area_mask,
            .next = thread->next,
        };
        *thread = kept;
    }
    lock_release(&areas_lock);
    return thread;
}

void scratch_release(struct thread *thread)
{
    for (unsigned i = 0; i < SCRATCH_MAX; i++) {
        if (thread->scratch[i].size != 0) {
            monitor_unmap(thread->scratch[i].address, thread->scratch[i].size);
            thread->scratch[i].size = 0;
        }
    }
}

void area_release(struct thread *thread)
{
    lock_acquire(&areas_lock);
    seccomp_release(thread);
    thread->ended = true;
    thread->next_free = free_areas;
    free_areas = thread;
    lock_release(&areas_lock);
}

void tell_thread_open_to(const struct thread *thread, int signal)
{
    const struct kernel_siginfo offer = {
        .si_signo = SIGSEGV, .si_code = SI_OFFER, .si_errno = signal};
    bool told = false;
    lock_acquire(&areas_lock);
    for (const struct thread *other = areas; other != 0 && !told; other = other->next) {
        told = other != thread && other->tid != 0 && other->pid == thread->pid &&
               (other->held_blocked & ~other->held_waited & signal_bit(signal)) == 0 &&
               SYS4(__NR_rt_tgsigqueueinfo, other->pid, other->tid, SIGSEGV, &offer) == 0;
    }
    lock_release(&areas_lock);
}

void area_closes(struct thread *thread)
{
    lock_acquire(&areas_lock);
    thread->held_blocked = HELD_SIGNALS;
    lock_release(&areas_lock);
}

void areas_acquire(void)
{
    lock_acquire(&areas_lock);
}

void areas_release(void)
{
    lock_release(&areas_lock);
}

struct thread *areas_next(const struct thread *thread, const struct thread *other)
{
    struct thread *next = other != 0 ? other->next : areas;
    while (next != 0 && (next == thread || next->ended || next->pid != thread->pid)) {
        next = next->next;
    }
    return next;
}

bool areas_have_others(const struct thread *thread)
{
    bool found = false;
    lock_acquire(&areas_lock);
    for (const struct thread *other = areas; other != 0 && !found; other = other->next) {
        found = other != thread && other->pid == thread->pid &&
                (!other->ended || !is_abandoned(other)); /* one that begins has no .tid yet */
        for (int i = 0; i < 10000 && found && other->ended; i++) { /* joined: it is on its way */
            SYS0(__NR_sched_yield);
            found = !is_abandoned(other);
        }
    }
    lock_release(&areas_lock);
    return found;
}

void areas_lock_for_fork(void)
{
    lock_acquire(&areas_lock);
    memory_acquire();
    lock_acquire(&modules_lock);
}

void areas_unlock_after_fork(void)
{
    lock_release(&modules_lock);
    memory_release();
    lock_release(&areas_lock);
}

/* In a forked child: the other threads' areas have no thread. */
void areas_keep_only(struct thread *own)
{
    free_areas = 0;
    for (struct thread *thread = areas; thread != 0; thread = thread->next) {
        if (thread != own) {
            thread->tid = 0;
            thread->ended = true;
            seccomp_release(thread);
            thread->next_free = free_areas;
            free_areas = thread;
        }
    }
}

void arm_dispatch(struct thread *thread)
{
    uint8_t *selector = &shared_pages_of(thread)->selector;
    uint64_t start = (uint64_t)monitor_text_start;
    uint64_t length = (uint64_t)(gate_signals_itself - monitor_text_start);
    if (process_settings.selector) {
        *selector = SYSCALL_DISPATCH_FILTER_ALLOW;
        start = length = 0;
    }
    if (SYS5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, length,
             process_settings.selector ? selector : 0) != 0) {
        fatal("Syscall User Dispatch can't be armed");
    }
}

bool adopt_area(struct thread *thread)
{
    if (SYS2(__NR_arch_prctl, ARCH_SET_GS, thread) != 0) {
        return false;
    }
    thread->tid = (int32_t)SYS0(__NR_gettid);
    thread->pid = (int32_t)SYS0(__NR_getpid);
    const struct kernel_stack stack = kernel_alternate_stack(thread);
    if (SYS2(__NR_sigaltstack, &stack, 0) != 0) {
        fatal("sigaltstack: the thread's area was refused");
    }
    arm_dispatch(thread);
    return true;
}
