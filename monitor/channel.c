#include "channel.h"
#include "exec.h"
#include "support.h"
#include "syscall.h"

static struct endorun_channel *channel;
static uint32_t image_number;

static struct endorun_slot *slot_at(uint32_t index)
{
    return (struct endorun_slot *)((uint8_t *)(channel + 1) + (uint64_t)index * ENDORUN_SLOT_SIZE);
}

bool channel_is_open(void)
{
    return channel != 0;
}

void channel_open(void)
{
    if (session->reader_pid == 0) {
        return;
    }
    char path[64] = "/proc/";
    append_number(path, sizeof path, session->reader_pid);
    append_string(path, sizeof path, "/fd/");
    append_number(path, sizeof path, (uint64_t)session->reader_channel_fd);
    long fd = SYS4(__NR_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
        return; /* the reader is gone, or is another user's now: the program runs unheard */
    }
    uint64_t size = sizeof *channel + (uint64_t)ENDORUN_CHANNEL_SLOTS * ENDORUN_SLOT_SIZE;
    struct stat status;
    if (SYS2(__NR_fstat, fd, &status) == 0 && status.st_size == (int64_t)size) {
        long memory = SYS6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        channel = is_error(memory) ? 0 : (struct endorun_channel *)memory;
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

/*
 * Room for a record of `size` bytes, a multiple of 8; NULL: dropped. Ends with publish. The program
 * can open the channel in /proc, too: whatever it writes, the record lies in the ring.
 */
static struct endorun_event *reserve(struct endorun_slot *slot, uint64_t size, uint64_t *head)
{
    uint64_t tail = __atomic_load_n(&slot->tail, __ATOMIC_ACQUIRE);
    uint64_t start = __atomic_load_n(&slot->head, __ATOMIC_RELAXED) & ~7UL;
    uint64_t at = start % sizeof slot->ring;
    uint64_t padding = at + size > sizeof slot->ring ? sizeof slot->ring - at : 0;
    if (start + padding + size - tail > sizeof slot->ring) {
        slot->dropped++;
        return 0;
    }
    if (padding != 0) {
        struct endorun_event *pad = (struct endorun_event *)(slot->ring + at);
        *pad = (struct endorun_event){.type = ENDORUN_EVENT_PAD, .size = (uint16_t)padding};
        at = 0;
    }
    *head = start + padding + size;
    return (struct endorun_event *)(slot->ring + at);
}

/* Writes one record: a fixed part, then a string. */
static void send(struct thread *thread, uint16_t type, const void *fixed, uint64_t fixed_size,
                 const char *string, uint64_t string_size)
{
    struct endorun_slot *slot = thread->slot;
    uint64_t size = round_up(fixed_size + string_size, 8);
    uint64_t head;
    if (slot == 0) {
        return;
    }
    struct endorun_event *event = reserve(slot, size, &head);
    if (event == 0) {
        return;
    }
    memcpy(event, fixed, fixed_size);
    memcpy((uint8_t *)event + fixed_size, string, string_size);
    *event = (struct endorun_event){.type = type, .size = (uint16_t)size, .image = slot->image};
    __atomic_store_n(&slot->head, head, __ATOMIC_RELEASE);
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
