#include "record.h"

#include "channel.h"
#include "../../monitor/exec.h"
#include "../../monitor/gate.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../monitor/user.h"
#include "../../policy/descriptors.h"
#include "../../policy/ranges.h"

#define RECORDS_MAX   12288U /* bytes recorded of a directory */
#define STRUCTURE_MAX 1024U  /* bytes recorded of what is no data and no string */

/* A record that grows. `size` bytes of it are there, the padding of the last piece included. */
struct recording {
    struct thread *thread;
    uint8_t *bytes; /* ENDORUN_EVENT_SIZE_MAX, in the ring */
    uint64_t size;
    uint32_t pieces;
    bool is_return;
    uint64_t data_left; /* of a return: how much of the data the kernel has written */
};

/* How a thread ends is always told. */
bool trace_watches(uint32_t number)
{
    uint32_t bit = endorun_trace_bit(number);
    return (session->flags & ENDORUN_SESSION_TRACE) != 0 &&
           ((session->traced[bit / 64] >> (bit % 64) & 1) != 0 || number == __NR_exit ||
            number == __NR_exit_group);
}

/* ---- memory ---- */

/*
 * A number in the place of a pointer is common (prctl, fcntl, ioctl, NULL), and the fault of trying
 * it costs more than the call, and stops a tracer of the program by a SIGSEGV that it natively does
 * not see: nothing is tried in the first page, which has no content.
 */
static long read_program(void *target, uint64_t source, uint64_t size)
{
    return source < PAGE_SIZE ? -EFAULT : copy_from_user(target, user_pointer(source), size);
}

/* As much as can be read of it: the program's memory may end before. */
static uint64_t copy_readable(uint8_t *target, uint64_t address, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t chunk = PAGE_SIZE - ((address + done) & (PAGE_SIZE - 1));
        chunk = chunk < size - done ? chunk : size - done;
        if (read_program(target + done, address + done, chunk) != 0) {
            return done;
        }
        done += chunk;
    }
    return size;
}

static uint64_t length_with_nul(const uint8_t *string, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        if (string[i] == 0) {
            return i + 1;
        }
    }
    return size;
}

/* How much of a range is recorded. Paths are recorded whole: a cut one says little. */
static uint64_t wanted(struct recording *recording, const struct call_range *range)
{
    uint64_t length = range->length;
    if ((range->is_data || range->is_records) && recording->is_return) {
        length = length < recording->data_left ? length : recording->data_left;
        recording->data_left -= length;
    }
    uint64_t most = range->is_data      ? session->trace_bytes
                    : range->is_string  ? PATH_MAX_BYTES
                    : range->is_records ? RECORDS_MAX
                                        : STRUCTURE_MAX;
    return length < most ? length : most;
}

static bool record_range(void *context, const struct call_range *range)
{
    struct recording *recording = context;
    struct endorun_piece piece = {.address = range->start};
    uint64_t at = recording->size + sizeof piece, size;
    /* What is read and written is recorded both times. */
    if (recording->is_return ? !range->written
                             : range->written && (range->is_data || range->is_records)) {
        return false;
    }
    size = wanted(recording, range);
    if (at + 8 > ENDORUN_EVENT_SIZE_MAX) {
        return false;
    }
    size = size < ENDORUN_EVENT_SIZE_MAX - at ? size : ENDORUN_EVENT_SIZE_MAX - at;
    size = copy_readable(recording->bytes + at, range->start, size);
    if (range->is_string) {
        size = length_with_nul(recording->bytes + at, size);
    }
    if (size == 0) {
        return false;
    }
    piece.size = (uint32_t)size;
    memcpy(recording->bytes + recording->size, &piece, sizeof piece);
    recording->size = at + round_up(size, 8);
    recording->pieces++;
    return false;
}

/* ---- names of descriptors ---- */

static void record_name(void *context, int32_t descriptor)
{
    struct recording *recording = context;
    struct endorun_piece piece = {.address = (uint32_t)descriptor, .kind = ENDORUN_PIECE_NAME};
    uint64_t at = recording->size + sizeof piece;
    char link[64] = "/proc/thread-self/cwd";
    if ((descriptor < 0 && descriptor != AT_FDCWD) ||
        at + PATH_MAX_BYTES > ENDORUN_EVENT_SIZE_MAX) {
        return;
    }
    if (descriptor >= 0) {
        link[0] = 0;
        append_string(link, sizeof link, own_descriptors());
        append_number(link, sizeof link, (uint64_t)descriptor);
    }
    long size = SYS3(__NR_readlink, link, recording->bytes + at, PATH_MAX_BYTES);
    if (size <= 0) {
        return;
    }
    piece.size = (uint32_t)size;
    memcpy(recording->bytes + recording->size, &piece, sizeof piece);
    recording->size = at + round_up((uint64_t)size, 8);
    recording->pieces++;
}

static bool records_names(void)
{
    return (session->flags & ENDORUN_SESSION_TRACE_NAMES) != 0;
}

static void record_memory(struct recording *recording, uint32_t number, const uint64_t arguments[6])
{
    call_visits(number, arguments, read_program, record_range, recording);
}

/* ---- records ---- */

static bool begin(struct recording *recording, struct thread *thread, uint64_t fixed)
{
    *recording = (struct recording){.thread = thread, .size = fixed};
    recording->bytes = channel_reserve(thread);
    return recording->bytes != 0;
}

void trace_call(struct thread *thread)
{
    const struct user_registers *call = &thread->registers;
    struct recording recording;
    uint32_t number = (uint32_t)call->rax;
    struct endorun_event_call record = {
        .time = time_stamp(),
        .site = thread->continuation,
        .number = number,
        .arguments = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9},
    };
    if (!begin(&recording, thread, sizeof record)) {
        return;
    }
    record_memory(&recording, number, record.arguments);
    if (records_names()) {
        call_descriptors(number, record.arguments, read_program, record_name, &recording);
    }
    record.pieces = recording.pieces;
    memcpy(recording.bytes, &record, sizeof record);
    channel_publish(thread, ENDORUN_EVENT_CALL, recording.size);
}

/* What the kernel has written is what the caller is told of: of data, as much as it returned. */
void trace_return(struct thread *thread, const struct user_registers *call, long result,
                  bool is_injected)
{
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    uint32_t number = (uint32_t)call->rax;
    struct recording recording;
    struct endorun_event_return record = {
        .result = result,
        .number = number,
        .flags = (uint16_t)((is_injected ? ENDORUN_RETURN_INJECTED : 0U) |
                            (thread->was_denied ? ENDORUN_RETURN_DENIED : 0U)),
    };
    if (!begin(&recording, thread, sizeof record)) {
        return;
    }
    recording.is_return = true;
    recording.data_left = result > 0 ? (uint64_t)result : 0;
    if (!is_error(result) && !is_injected) {
        record_memory(&recording, number, arguments);
    }
    if (!is_error(result) && records_names()) {
        call_new_descriptors(number, arguments, result, read_program, record_name, &recording);
    }
    record.pieces = (uint16_t)recording.pieces;
    record.time = time_stamp();
    memcpy(recording.bytes, &record, sizeof record);
    channel_publish(thread, ENDORUN_EVENT_RETURN, recording.size);
}

void trace_sigreturn(struct thread *thread, uint64_t address, uint64_t mask, long result)
{
    const struct endorun_event_return end = {.result = result, .number = __NR_rt_sigreturn};
    struct recording recording;
    struct {
        struct endorun_event_call call;
        struct endorun_piece piece;
        uint64_t mask;
    } record = {
        .call = {.number = __NR_rt_sigreturn, .arguments = {address}, .pieces = 1},
        .piece = {.address = address, .size = sizeof mask},
        .mask = mask,
    };
    if (!trace_watches(__NR_rt_sigreturn) || !begin(&recording, thread, sizeof record)) {
        return;
    }
    record.call.time = time_stamp();
    record.call.site = thread->continuation;
    memcpy(recording.bytes, &record, sizeof record);
    channel_publish(thread, ENDORUN_EVENT_CALL, sizeof record);
    if (begin(&recording, thread, sizeof end)) {
        memcpy(recording.bytes, &end, sizeof end);
        ((struct endorun_event_return *)recording.bytes)->time = time_stamp();
        channel_publish(thread, ENDORUN_EVENT_RETURN, sizeof end);
    }
}

void trace_signal(struct thread *thread, const void *siginfo)
{
    struct recording recording;
    struct endorun_event_signal record = {.time = 0};
    if ((session->flags & ENDORUN_SESSION_TRACE) == 0 ||
        !begin(&recording, thread, sizeof record)) {
        return;
    }
    record.time = time_stamp();
    memcpy(record.siginfo, siginfo, sizeof record.siginfo);
    memcpy(recording.bytes, &record, sizeof record);
    channel_publish(thread, ENDORUN_EVENT_SIGNAL, sizeof record);
}
