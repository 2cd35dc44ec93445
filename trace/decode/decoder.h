/*
 * What the parts of the decoder share: the call at hand, how its memory is read, and how numbers,
 * texts and named values are written. Lengths and counts come from the record: each function takes
 * any.
 */
#ifndef ENDORUN_TRACE_DECODER_H
#define ENDORUN_TRACE_DECODER_H

#include "decode.h"
#include "endorun/syscall_shapes.h"
#include "values.h"

#include <string.h>

#define PATH_LIMIT 4096U /* paths are shown in full */
#define NAME_LIMIT 255U

/* The numbers of the calls, whatever the system's headers know. */
enum call_number {
#define SYSCALL(number, name, ...) CALL_##name = (number),
#include "policy/syscalls.def"
};

struct decoder {
    FILE *out;
    const struct decoding *decoding;
    const struct recorded_call *call;
    const struct endorun_syscall *shapes;
    const struct recorded_memory *memory; /* of the argument at hand: before or after the call */
};

/* call.c: NULL of a number that is no call. */
const struct endorun_syscall *call_shapes(uint32_t number);

/* memory.c: bytes from the start of the range that were recorded without a gap; all of them. */
size_t read_some(const struct recorded_memory *memory, uint64_t address, void *into, size_t size);
bool read_all(const struct decoder *decoder, uint64_t address, void *into, size_t size);
/* What was written by the call, else what stood there before. */
bool read_latest(const struct decoder *decoder, uint64_t address, void *into, size_t size);
/* The name that was recorded of a descriptor, with the memory of the argument at hand or before it;
 * NULL: none. */
const struct recorded_piece *find_name(const struct decoder *decoder, int32_t descriptor);

/* Numbers in structures, of 1, 2, 4 or 8 bytes. */
static inline uint64_t number_at(const uint8_t *bytes, size_t offset, size_t width)
{
    uint64_t number = 0;
    memcpy(&number, bytes + offset, width);
    return number;
}
static inline uint32_t u32_at(const uint8_t *bytes, size_t offset)
{
    return (uint32_t)number_at(bytes, offset, sizeof(uint32_t));
}
static inline uint64_t u64_at(const uint8_t *bytes, size_t offset)
{
    return number_at(bytes, offset, sizeof(uint64_t));
}

/* text.c */
struct text {
    uint64_t address, length;
    size_t limit;     /* bytes shown */
    bool ends_at_nul; /* `length` or the first NUL */
    bool is_hex;
};
void write_quoted(FILE *out, const uint8_t *bytes, size_t length, bool is_cut);
void write_text(struct decoder *decoder, const struct text *text);
void write_string(struct decoder *decoder, uint64_t address, size_t limit);
void write_data(struct decoder *decoder, uint64_t address, uint64_t length);
void write_pointer(struct decoder *decoder, uint64_t address);
void write_hex(FILE *out, uint64_t number);    /* 0 or 0x... */
#define HEX_MAX 18U                            /* characters of one */
char *format_hex(char *text, uint64_t number); /* the same, without NUL; where it ends */
void write_natural(FILE *out, uint64_t number);
void write_decimal(FILE *out, int64_t number);
void write_mode(FILE *out, uint32_t mode); /* 0644 */
void write_mode_and_type(FILE *out, uint32_t mode);
void write_descriptor(struct decoder *decoder, int32_t descriptor);
void write_directory(struct decoder *decoder, int32_t descriptor); /* or AT_FDCWD */
void write_id(FILE *out, uint32_t id);
void write_device(FILE *out, uint64_t device);
void write_date(FILE *out, int64_t seconds, int64_t nanoseconds); /* 1970-01-01T00:00:00+0000 */

/* Writes one structure, whose bytes are there. */
typedef void write_bytes(struct decoder *decoder, const uint8_t *bytes);
/* `[a, b, ...]`. An element is as long as `size` says, at most ELEMENT_MAX bytes. */
#define ELEMENT_MAX 256U
void write_array(struct decoder *decoder, uint64_t address, uint64_t count, size_t size,
                 write_bytes *element);
/* The structure at an address, or the address. */
void write_at(struct decoder *decoder, uint64_t address, size_t size, write_bytes *element);

/* signals.c */
void write_signal_set(struct decoder *decoder, uint64_t address, uint64_t size);
write_bytes write_siginfo, write_sigaction, write_stack, write_sigevent, write_signal_mask;
void write_wait_status(FILE *out, uint32_t status);

/* structures.c: by type; false: nothing is known of it. */
bool write_structure(struct decoder *decoder, unsigned type, uint64_t address, uint64_t size);
write_bytes *structure_writer(unsigned type); /* of a type of fixed size */

/* times.c */
write_bytes write_timespec, write_timeval, write_timespec_pair, write_timeval_pair;
write_bytes write_itimerspec, write_itimerval, write_rusage;

/* files.c */
write_bytes write_stat, write_statx, write_statfs;

/* bits.c: bit maps of descriptors or of processors */
size_t write_bits(struct decoder *decoder, uint64_t address, uint64_t bits, bool of_descriptors);

/* polls.c */
void write_poll_array(struct decoder *decoder, uint64_t address, uint32_t count);
void write_wait_result(struct decoder *decoder); /* of poll and select and their kin */

/* addresses.c: socket addresses */
void write_socket_address(struct decoder *decoder, uint64_t address, uint64_t length);

/* vectors.c */
/* `data`: how much of it is valid; `memory`: where it was recorded, NULL: only addresses are shown.
 */
void write_vector(struct decoder *decoder, uint64_t address, uint64_t count, uint64_t data,
                  const struct recorded_memory *memory);
void write_message(struct decoder *decoder, uint64_t address, bool is_received);
void write_messages(struct decoder *decoder, uint64_t address, uint64_t count, bool is_received);
void write_message_buffer(struct decoder *decoder, uint64_t address, uint64_t length);

/* arguments.c */
void write_argument(struct decoder *decoder, unsigned index);
uint64_t argument_of(const struct decoder *decoder, unsigned index); /* the bits that count */
bool has_result(const struct decoder *decoder);                      /* it did not fail */

/* pointers.c: what the address leads to; false: nothing is known of it. */
bool write_pointed(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value);

/* result.c */
void write_io_priority(FILE *out, uint32_t priority);

/* special.c: arguments that the shapes tell too little of; how many the call has as it was made. */
bool write_special_argument(struct decoder *decoder, unsigned index);
unsigned count_arguments(const struct decoder *decoder);
bool is_hidden(const struct decoder *decoder, unsigned index); /* no argument of this command */
bool write_special_call(struct decoder *decoder); /* all arguments, in another manner */

/* multiplexed.c: arguments whose meaning a command tells */
void write_multiplexed(struct decoder *decoder, unsigned index);

/* futex.c */
void write_futex_operation(FILE *out, uint32_t operation);
bool write_futex_argument(struct decoder *decoder, unsigned index, uint64_t value);
unsigned count_futex_arguments(uint32_t operation);
bool is_futex_argument_hidden(uint32_t operation, unsigned index);

/* ioctl.c, fcntl.c, prctl.c, options.c, ipc.c; false: nothing is known of the argument. */
unsigned count_ioctl_arguments(uint32_t command);
void write_ioctl_command(struct decoder *decoder, uint32_t command);
bool write_ioctl_argument(struct decoder *decoder, uint64_t value);
unsigned count_fcntl_arguments(uint32_t command);
bool write_fcntl_argument(struct decoder *decoder, uint64_t value);
unsigned count_prctl_arguments(uint32_t option);
bool write_prctl_argument(struct decoder *decoder, unsigned index, uint64_t value);
void write_option_name(struct decoder *decoder, uint32_t level, uint32_t option);
bool write_option(struct decoder *decoder, uint64_t address, bool is_set);
bool write_ipc_argument(struct decoder *decoder, uint64_t value);

#endif
