#include "channel.h"
#include "../../monitor/exec.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define LINK_MAX 64U

static struct endorun_channel *channel;
static uint64_t channel_device, channel_inode;
static uint32_t image_number;

static struct endorun_slot *slot_at(uint32_t index)
{
    return (struct endorun_slot *)((uint8_t *)(channel + 1) + (uint64_t)index * ENDORUN_SLOT_SIZE);
}

bool channel_is(const struct stat *status)
{
    return channel != 0 && status->st_dev == channel_device && status->st_ino == channel_inode;
}

bool channel_is_open(void)
{
    return channel != 0;
}

/* The reader's descriptor of it. */
static void name_channel(char path[LINK_MAX])
{
    path[0] = 0;
    append_string(path, LINK_MAX, "/proc/");
    append_number(path, LINK_MAX, session->reader_pid);
    append_string(path, LINK_MAX, "/fd/");
    append_number(path, LINK_MAX, (uint64_t)session->reader_channel_fd);
}

void channel_open(void)
{
    if (session->reader_pid == 0) {
        return;
    }
    char path[LINK_MAX];
    name_channel(path);
    long fd = SYS4(__NR_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
        return; /* the reader is gone, or is another user's now: the program runs unheard */
    }
    uint64_t size = sizeof *channel + (uint64_t)ENDORUN_CHANNEL_SLOTS * ENDORUN_SLOT_SIZE;
    struct stat status;
    if (SYS2(__NR_fstat, fd, &status) == 0 && status.st_size == (int64_t)size) {
        long memory = SYS6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        channel = is_error(memory) ? 0 : (struct endorun_channel *)memory;
        channel_device = status.st_dev;
        channel_inode = status.st_ino;
    }
    SYS1(__NR_close, fd);
    if (channel != 0 &&
        (channel->magic != ENDORUN_CHANNEL_MAGIC || channel->version != ENDORUN_CHANNEL_VERSION)) {
        SYS2(__NR_munmap, channel, size);
        channel = 0;
    }
    if (channel != 0) {
        image_number = __atomic_fetch_add(&channel->next_image, 1, __ATOMIC_RELAXED);
    }
}

void channel_attach(struct thread *thread)
{
    thread->slot = 0;
    if (channel == 0) {
        return;
    }
    uint32_t first = (uint32_t)thread->tid % ENDORUN_CHANNEL_SLOTS;
    for (uint32_t i = 0; i < ENDORUN_CHANNEL_SLOTS; i++) {
        struct endorun_slot *slot = slot_at((first + i) % ENDORUN_CHANNEL_SLOTS);
        uint32_t expected = ENDORUN_SLOT_FREE;
        if (__atomic_compare_exchange_n(&slot->state, &expected, ENDORUN_SLOT_USED, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            slot->image = image_number;
            slot->pid = thread->pid;
            slot->tid = thread->tid;
            thread->slot = slot;
            return;
        }
    }
    __atomic_fetch_add(&channel->unheard, 1, __ATOMIC_RELAXED);
}

void channel_detach(struct thread *thread)
{
    if (thread->slot != 0) {
        __atomic_store_n(&thread->slot->state, ENDORUN_SLOT_CLOSED, __ATOMIC_RELEASE);
        thread->slot = 0;
    }
}

/* Or its number is another process's by now. What may not be looked at is there. */
static bool reader_is_gone(void)
{
    char path[LINK_MAX];
    struct stat status;
    name_channel(path);
    long result = SYS4(__NR_newfstatat, AT_FDCWD, path, &status, 0);
    return result == -ENOENT || (result == 0 && !channel_is(&status));
}

/*
 * Whether to look again: a trace that is to be complete waits for its reader, which wakes whoever
 * has filled a ring.
 */
static bool waits_for_room(struct endorun_slot *slot, uint64_t tail)
{
    const int64_t moment[2] = {0, 20000000}; /* struct timespec: 20 milliseconds */
    const uint32_t flags = session->flags & (ENDORUN_SESSION_TRACE | ENDORUN_SESSION_TRACE_LOSSY);
    if (flags == ENDORUN_SESSION_TRACE &&
        (SYS4(__NR_futex, &slot->tail, FUTEX_WAIT, (uint32_t)tail, moment) != -ETIMEDOUT ||
         !reader_is_gone())) {
        return true;
    }
    slot->dropped++;
    return false;
}

/*
 * Where a record of at most `size` bytes, a multiple of 8, has its place; `*padding` lies before
 * it. The program can open the channel in /proc, too: whatever it writes, the record lies in the
 * ring.
 */
static uint64_t place_of(const struct endorun_slot *slot, uint64_t size, uint64_t *padding)
{
    uint64_t start = __atomic_load_n(&slot->head, __ATOMIC_RELAXED) & ~7UL;
    uint64_t at = start % sizeof slot->ring;
    *padding = at + size > sizeof slot->ring ? sizeof slot->ring - at : 0;
    return start;
}

static struct endorun_event *reserve(struct endorun_slot *slot, uint64_t size)
{
    uint64_t padding, start = place_of(slot, size, &padding), at = start % sizeof slot->ring, tail;
    while (tail = __atomic_load_n(&slot->tail, __ATOMIC_ACQUIRE),
           start + padding + size - tail > sizeof slot->ring) {
        if (!waits_for_room(slot, tail)) {
            return 0;
        }
    }
    if (padding != 0) {
        struct endorun_event *pad = (struct endorun_event *)(slot->ring + at);
        *pad = (struct endorun_event){.type = ENDORUN_EVENT_PAD, .size = (uint16_t)padding};
        at = 0;
    }
    return (struct endorun_event *)(slot->ring + at);
}

/* `reserved` bytes were, the first `size` of them are the record. */
static void publish(struct endorun_slot *slot, uint16_t type, uint64_t reserved, uint64_t size)
{
    uint64_t padding, start = place_of(slot, reserved, &padding);
    uint64_t at = padding != 0 ? 0 : start % sizeof slot->ring;
    struct endorun_event *event = (struct endorun_event *)(slot->ring + at);
    *event = (struct endorun_event){.type = type, .size = (uint16_t)size, .image = slot->image};
    __atomic_store_n(&slot->head, start + padding + size, __ATOMIC_RELEASE);
}

void *channel_reserve(struct thread *thread)
{
    return thread->slot != 0 ? reserve(thread->slot, ENDORUN_EVENT_SIZE_MAX) : 0;
}

void channel_publish(struct thread *thread, uint16_t type, uint64_t size)
{
    publish(thread->slot, type, ENDORUN_EVENT_SIZE_MAX, size);
}

/* Writes one record: a fixed part, then a string. */
static void send(struct thread *thread, uint16_t type, const void *fixed, uint64_t fixed_size,
                 const char *string, uint64_t string_size)
{
    struct endorun_slot *slot = thread->slot;
    uint64_t size = round_up(fixed_size + string_size, 8);
    struct endorun_event *event = slot != 0 ? reserve(slot, size) : 0;
    if (event == 0) {
        return;
    }
    memcpy(event, fixed, fixed_size);
    memcpy((uint8_t *)event + fixed_size, string, string_size);
    publish(slot, type, size, size);
}

static uint32_t size_of(const char *path)
{
    return path != 0 ? (uint32_t)strlen(path) + 1 : 0;
}

void channel_image(struct thread *thread, const char *path)
{
    struct endorun_event_image image = {.pid = thread->pid, .path_size = size_of(path)};
    send(thread, ENDORUN_EVENT_IMAGE, &image, sizeof image, path, image.path_size);
}

void channel_module(struct thread *thread, const struct endorun_event_module *module,
                    const char *path)
{
    struct endorun_event_module record = *module;
    record.path_size = size_of(path);
    send(thread, ENDORUN_EVENT_MODULE, &record, sizeof record, path, record.path_size);
}

void channel_trap(struct thread *thread, uint64_t address)
{
    if (thread->slot != 0) {
        const struct endorun_event_trap trap = {.address = address};
        thread->slot->trapped++;
        send(thread, ENDORUN_EVENT_TRAP, &trap, sizeof trap, 0, 0);
    }
}
