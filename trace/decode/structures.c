#include "fields.h"

#include <inttypes.h>

static void write_pair_of_descriptors(struct decoder *decoder, const uint8_t *bytes)
{
    fputc('[', decoder->out);
    write_descriptor(decoder, (int32_t)u32_at(bytes, 0));
    fputs(", ", decoder->out);
    write_descriptor(decoder, (int32_t)u32_at(bytes, 4));
    fputc(']', decoder->out);
}

static void write_int(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, "[%" PRId32 "]", (int32_t)u32_at(bytes, 0));
}

static void write_unsigned(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, "[%" PRIu32 "]", u32_at(bytes, 0));
}

static void write_long(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, "[%" PRId64 "]", (int64_t)u64_at(bytes, 0));
}

static void write_address(struct decoder *decoder, const uint8_t *bytes)
{
    fputc('[', decoder->out);
    write_pointer(decoder, u64_at(bytes, 0));
    fputc(']', decoder->out);
}

static void write_now(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, "[%" PRId64 " /* ", (int64_t)u64_at(bytes, 0));
    write_date(decoder->out, (int64_t)u64_at(bytes, 0), 0);
    fputs(" */]", decoder->out);
}

static void write_limit(struct decoder *decoder, uint64_t limit)
{
    bool is_new = decoder->call->number == CALL_prlimit64;
    if (limit == UINT64_MAX) {
        fputs(is_new ? "RLIM64_INFINITY" : "RLIM_INFINITY", decoder->out);
    } else if (limit > 1024 && limit % 1024 == 0) {
        fprintf(decoder->out, "%" PRIu64 "*1024", limit / 1024);
    } else {
        write_natural(decoder->out, limit);
    }
}

static void write_rlimit(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("{rlim_cur=", decoder->out);
    write_limit(decoder, u64_at(bytes, 0));
    fputs(", rlim_max=", decoder->out);
    write_limit(decoder, u64_at(bytes, 8));
    fputc('}', decoder->out);
}

static void write_epoll_event(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("{events=", decoder->out);
    write_values(decoder->out, SET_epoll_event, u32_at(bytes, 0));
    fprintf(decoder->out, ", data={u32=%" PRIu32 ", u64=%" PRIu64 "}}", u32_at(bytes, 4),
            u64_at(bytes, 4));
}

static void write_capabilities(FILE *out, uint64_t set)
{
    const char *separator = "";
    for (unsigned i = 0; i < 64; i++) {
        const char *name = value_name(SET_capability, i);
        if ((set >> i & 1) != 0 && name != NULL) {
            fprintf(out, "%s1<<%s", separator, name);
            separator = "|";
        } else if ((set >> i & 1) != 0) {
            fprintf(out, "%s1<<%u", separator, i);
            separator = "|";
        }
    }
    fputs(separator[0] == '\0' ? "0" : "", out);
}

/* Two elements, each with the three sets. */
static void write_capability_data(struct decoder *decoder, const uint8_t *bytes)
{
    static const char *const names[] = {"{effective=", ", permitted=", ", inheritable="};
    for (size_t i = 0; i < 3; i++) {
        fputs(names[i], decoder->out);
        write_capabilities(decoder->out, u32_at(bytes, 4 * i) | (uint64_t)u32_at(bytes, 12 + 4 * i)
                                                                    << 32);
    }
    fputc('}', decoder->out);
}

static void write_open_how(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("{flags=", decoder->out);
    write_values(decoder->out, SET_open, u64_at(bytes, 0));
    if (u64_at(bytes, 8) != 0) {
        fputs(", mode=", decoder->out);
        fprintf(decoder->out, "%#03" PRIo64, u64_at(bytes, 8));
    }
    fputs(", resolve=", decoder->out);
    write_values(decoder->out, SET_resolve, u64_at(bytes, 16));
    fputc('}', decoder->out);
}

static void write_sigset_argpack(struct decoder *decoder, const uint8_t *bytes)
{
    uint64_t size = u64_at(bytes, 8);
    fputs("{sigmask=", decoder->out);
    write_signal_set(decoder, u64_at(bytes, 0), size);
    fprintf(decoder->out, ", sigsetsize=%" PRIu64 "}", size);
}

static void write_sysinfo(struct decoder *decoder, const uint8_t *bytes)
{
    static const struct field fields[] = {
        {", totalram", FIELD_UNSIGNED, 8, 32, 0},  {", freeram", FIELD_UNSIGNED, 8, 40, 0},
        {", sharedram", FIELD_UNSIGNED, 8, 48, 0}, {", bufferram", FIELD_UNSIGNED, 8, 56, 0},
        {", totalswap", FIELD_UNSIGNED, 8, 64, 0}, {", freeswap", FIELD_UNSIGNED, 8, 72, 0},
        {", procs", FIELD_UNSIGNED, 2, 80, 0},     {", totalhigh", FIELD_UNSIGNED, 8, 88, 0},
        {", freehigh", FIELD_UNSIGNED, 8, 96, 0},  {", mem_unit", FIELD_UNSIGNED, 4, 104, 0},
    };
    fprintf(decoder->out, "{uptime=%" PRId64 ", loads=[%" PRIu64 ", %" PRIu64 ", %" PRIu64 "]",
            (int64_t)u64_at(bytes, 0), u64_at(bytes, 8), u64_at(bytes, 16), u64_at(bytes, 24));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fprintf(decoder->out, "%s=", fields[i].name);
        write_field(decoder, &fields[i], bytes);
    }
    fputc('}', decoder->out);
}

static void write_robust_list(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("{list={next=", decoder->out);
    write_pointer(decoder, u64_at(bytes, 0));
    fprintf(decoder->out,
            "}, futex_offset=%" PRId64 ", list_op_pending=", (int64_t)u64_at(bytes, 8));
    write_pointer(decoder, u64_at(bytes, 16));
    fputc('}', decoder->out);
}

static write_bytes *const writers[ENDORUN_TYPE_LIMIT] = {
    [ENDORUN_TYPE_int] = write_int,
    [ENDORUN_TYPE_u32] = write_unsigned,
    [ENDORUN_TYPE_uid] = write_unsigned,
    [ENDORUN_TYPE_gid] = write_unsigned,
    [ENDORUN_TYPE_mount_id] = write_int,
    [ENDORUN_TYPE_u64] = write_long,
    [ENDORUN_TYPE_size_t] = write_long,
    [ENDORUN_TYPE_loff_t] = write_long,
    [ENDORUN_TYPE_time_t] = write_now,
    [ENDORUN_TYPE_pointer] = write_address,
    [ENDORUN_TYPE_aio_context] = write_address,
    [ENDORUN_TYPE_fd_pair] = write_pair_of_descriptors,
    [ENDORUN_TYPE_aio_sigset] = write_sigset_argpack,
    [ENDORUN_TYPE_sigset_argpack] = write_sigset_argpack,
    [ENDORUN_TYPE_cap_data] = write_capability_data,
    [ENDORUN_TYPE_epoll_event] = write_epoll_event,
    [ENDORUN_TYPE_open_how] = write_open_how,
    [ENDORUN_TYPE_rlimit] = write_rlimit,
    [ENDORUN_TYPE_robust_list_head] = write_robust_list,
    [ENDORUN_TYPE_rusage] = write_rusage,
    [ENDORUN_TYPE_sched_param] = write_int,
    [ENDORUN_TYPE_sigaction] = write_sigaction,
    [ENDORUN_TYPE_sigevent] = write_sigevent,
    [ENDORUN_TYPE_siginfo] = write_siginfo,
    [ENDORUN_TYPE_stack] = write_stack,
    [ENDORUN_TYPE_stat] = write_stat,
    [ENDORUN_TYPE_statfs] = write_statfs,
    [ENDORUN_TYPE_statx] = write_statx,
    [ENDORUN_TYPE_sysinfo] = write_sysinfo,
    [ENDORUN_TYPE_timespec] = write_timespec,
    [ENDORUN_TYPE_timespec_pair] = write_timespec_pair,
    [ENDORUN_TYPE_timeval] = write_timeval,
    [ENDORUN_TYPE_timeval_pair] = write_timeval_pair,
    [ENDORUN_TYPE_itimerspec] = write_itimerspec,
    [ENDORUN_TYPE_itimerval] = write_itimerval,
};

#define STRUCTURE_MAX 512U

bool write_structure(struct decoder *decoder, unsigned type, uint64_t address, uint64_t told)
{
    uint8_t bytes[STRUCTURE_MAX] = {0};
    unsigned size = endorun_type_bytes((enum endorun_type)type);
    bool is_fixed = size != ENDORUN_SIZE_TOLD && size != ENDORUN_SIZE_INSIDE;
    size_t wanted = sizeof bytes;
    if (is_fixed) {
        wanted = size;
    } else if (size == ENDORUN_SIZE_TOLD && told < wanted) {
        wanted = (size_t)told;
    }
    if (wanted > sizeof bytes) {
        return false;
    }
    size_t known = read_some(decoder->memory, address, bytes, wanted);
    /* Of those of no fixed size all have 8 bytes; what lies behind the end reads as 0. */
    if (address == 0 || known < (is_fixed ? wanted : 8) || type >= ENDORUN_TYPE_LIMIT) {
        return false;
    }
    if (writers[type] == NULL) {
        return write_by_table(decoder, type, bytes, known);
    }
    writers[type](decoder, bytes);
    return true;
}

static void write_no_structure(struct decoder *decoder, const uint8_t *bytes)
{
    (void)bytes;
    fputs("{...}", decoder->out);
}

/* Elements of arrays whose structures are in tables. */
static void write_sembuf(struct decoder *decoder, const uint8_t *bytes)
{
    write_by_table(decoder, ENDORUN_TYPE_sembuf, bytes, 6);
}

static void write_io_event(struct decoder *decoder, const uint8_t *bytes)
{
    write_by_table(decoder, ENDORUN_TYPE_io_event, bytes, 32);
}

static void write_futex_waitv(struct decoder *decoder, const uint8_t *bytes)
{
    write_by_table(decoder, ENDORUN_TYPE_futex_waitv, bytes, 24);
}

static void write_kexec_segment(struct decoder *decoder, const uint8_t *bytes)
{
    write_by_table(decoder, ENDORUN_TYPE_kexec_segment, bytes, 32);
}

write_bytes *structure_writer(unsigned type)
{
    switch (type) {
    case ENDORUN_TYPE_sembuf:
        return write_sembuf;
    case ENDORUN_TYPE_io_event:
        return write_io_event;
    case ENDORUN_TYPE_futex_waitv:
        return write_futex_waitv;
    case ENDORUN_TYPE_kexec_segment:
        return write_kexec_segment;
    default:
        return type < ENDORUN_TYPE_LIMIT && writers[type] != NULL ? writers[type]
                                                                  : write_no_structure;
    }
}
