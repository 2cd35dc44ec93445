#include "keys.h"
#include "code.h"
#include "gate.h"
#include "support.h"
#include "syscall.h"

#define RANGES_MAX 512U

uint8_t keys_in_use;

/*
 * The monitor's memory. Changed under the lock, and read without it where the answer may be that of
 * a moment ago: each change is one store, after which the entry is right again.
 */
static struct range {
    uint64_t start, end; /* end 0: unused */
    bool stays;
} ranges[RANGES_MAX];
static uint32_t range_count;
static int32_t memory_lock;
static bool memory_is_shared; /* there is a thread block, and may be other threads */

/* A guest is alone in the memory, and may be killed at any instruction: it takes no lock. */
static bool takes_lock(uint32_t depth)
{
    return depth == 0 && !current_thread()->is_guest;
}

void memory_acquire(void)
{
    if (keys_in_use && memory_is_shared && takes_lock(current_thread()->memory_depth++)) {
        lock_acquire(&memory_lock);
    }
}

void memory_release(void)
{
    if (keys_in_use && memory_is_shared && takes_lock(--current_thread()->memory_depth)) {
        lock_release(&memory_lock);
    }
}

void keys_share_memory(void)
{
    memory_is_shared = true;
}

bool memory_tag(uint64_t start, uint64_t length, unsigned long protection, int key)
{
    return !keys_in_use || SYS4(__NR_pkey_mprotect, start, length, protection, key) == 0;
}

bool memory_protect(uint64_t start, uint64_t length, unsigned long protection, int key)
{
    return keys_in_use ? memory_tag(start, length, protection, key)
                       : SYS3(__NR_mprotect, start, length, protection) == 0;
}

/* Needs the lock. */
static bool add(uint64_t start, uint64_t end, bool stays)
{
    for (uint32_t i = 0; i < RANGES_MAX; i++) {
        if (ranges[i].end == 0) {
            ranges[i].start = start;
            ranges[i].stays = stays;
            __atomic_store_n(&ranges[i].end, end, __ATOMIC_RELEASE);
            if (i >= range_count) {
                __atomic_store_n(&range_count, i + 1, __ATOMIC_RELEASE);
            }
            return true;
        }
    }
    return false;
}

/* What stays and is a neighbour of what stays takes no entry of its own: thread areas do. */
static bool extend(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < range_count; i++) {
        if (!ranges[i].stays) {
            continue;
        }
        if (ranges[i].end == start) {
            __atomic_store_n(&ranges[i].end, end, __ATOMIC_RELEASE);
            return true;
        }
        if (ranges[i].start == end && ranges[i].end != 0) {
            __atomic_store_n(&ranges[i].start, start, __ATOMIC_RELEASE);
            return true;
        }
    }
    return false;
}

bool monitor_keeps(uint64_t start, uint64_t size)
{
    if (!keys_in_use) {
        return true;
    }
    memory_acquire();
    bool done = extend(start, start + size) || add(start, start + size, true);
    SYS3(__NR_madvise, start, size, MADV_DONTDUMP); /* cores are the program's to read */
    memory_release();
    return done;
}

bool monitor_takes(uint64_t start, uint64_t size)
{
    memory_acquire();
    bool done = !keys_in_use || add(start, start + round_up(size, PAGE_SIZE), false);
    memory_release();
    return done;
}

long monitor_map(uint64_t size, unsigned long protection, int fd)
{
    unsigned long flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_PRIVATE;
    memory_acquire();
    long start = SYS6(__NR_mmap, 0, size, protection, flags, fd, 0);
    if (!is_error(start) && !monitor_takes((uint64_t)start, size)) {
        SYS2(__NR_munmap, start, size);
        start = -ENOMEM;
    }
    if (keys_in_use) {
        SYS3(__NR_madvise, start, size, MADV_DONTDUMP);
    }
    memory_release();
    return start;
}

void monitor_unmap(uint64_t start, uint64_t size)
{
    memory_acquire();
    SYS2(__NR_munmap, start, size);
    for (uint32_t i = 0; i < range_count; i++) {
        if (!ranges[i].stays && ranges[i].start == start && ranges[i].end != 0) {
            __atomic_store_n(&ranges[i].end, 0, __ATOMIC_RELEASE);
        }
    }
    memory_release();
}

bool overlaps_monitor(uint64_t start, uint64_t length)
{
    if (!keys_in_use) {
        return false;
    }
    uint64_t end = start + length;
    if (end < start) {
        return false; /* the kernel refuses it, and a copy faults */
    }
    uint32_t count = __atomic_load_n(&range_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        if (start < __atomic_load_n(&ranges[i].end, __ATOMIC_ACQUIRE) && end > ranges[i].start) {
            return true;
        }
    }
    return false;
}

/* ---- the start ---- */

static const char *parse_hex(const char *at, uint64_t *number)
{
    *number = 0;
    for (;; at++) {
        if (*at >= '0' && *at <= '9') {
            *number = *number << 4 | (uint64_t)(*at - '0');
        } else if (*at >= 'a' && *at <= 'f') {
            *number = *number << 4 | (uint64_t)(*at - 'a' + 10);
        } else {
            return at;
        }
    }
}

/* One line of /proc/PID/maps: the vDSO and its data are for the program to read. */
static bool give_vdso(const char *line)
{
    uint64_t start, end;
    const char *at = parse_hex(parse_hex(line, &start) + 1, &end) + 1;
    const char *name = at;
    while (*name != 0 && *name != '[') {
        name++;
    }
    if (memcmp(name, "[vdso]", 6) != 0 && memcmp(name, "[vvar", 5) != 0) {
        return true;
    }
    unsigned long protection = (at[0] == 'r' ? PROT_READ : 0UL) | (at[2] == 'x' ? PROT_EXEC : 0UL);
    if ((protection & PROT_EXEC) != 0) {
        code_note_vdso(start, end);
    }
    return memory_tag(start, end - start, protection, KEY_SHARED);
}

static bool give_kernel_mappings(void)
{
    char text[PAGE_SIZE + 1], line[128];
    uint64_t used = 0;
    bool done = true;
    long fd = SYS4(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    long size = fd < 0 ? 0 : SYS3(__NR_read, fd, text, PAGE_SIZE);
    for (long at = 0; at < size; at++) {
        if (text[at] == '\n') {
            memset(line + used, 0, sizeof line - used);
            done = done && give_vdso(line);
            used = 0;
        } else if (used < sizeof line - 8) {
            line[used++] = text[at];
        }
    }
    SYS1(__NR_close, fd);
    return done && size > 0;
}

bool keys_start(uint64_t stack, uint64_t stack_end)
{
    if (SYS2(__NR_pkey_alloc, 0, 0) != KEY_SHARED || SYS2(__NR_pkey_alloc, 0, 0) != KEY_APP) {
        return false;
    }
    keys_in_use = 1;
    /* Nothing is there, as by MMAP_PAGE_ZERO, and no MAP_GROWSDOWN comes past a page without
     * access; where the kernel maps none, nothing grows there either: vm.mmap_min_addr. */
    const uint64_t last = LOWEST_ADDRESS - PAGE_SIZE;
    SYS2(__NR_munmap, 0, LOWEST_ADDRESS);
    SYS6(__NR_mmap, last, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    monitor_keeps(last, PAGE_SIZE);
    uint64_t page = round_down(stack, PAGE_SIZE);
    code_note_stack(stack_end);
    return give_kernel_mappings() &&
           memory_tag(page, stack_end - page, PROT_READ | PROT_WRITE | PROT_GROWSDOWN, KEY_APP);
}
