#include "decoder.h"

#include <inttypes.h>

enum clone_flags {
    FLAG_NEWTIME = 0x80,
    FLAG_PIDFD = 0x1000,
    FLAG_SETTLS = 0x80000,
    FLAG_PARENT_SETTID = 0x100000,
    FLAG_CHILD_CLEARTID = 0x200000,
    FLAG_CHILD_SETTID = 0x1000000,
};

/* The low 8 bits are none of the named flags; CLONE_NEWTIME stands there when they hold no signal.
 */
static void write_clone_flags(FILE *out, uint64_t flags, bool has_signal)
{
    bool is_first = true, has_time = !has_signal && (flags & FLAG_NEWTIME) != 0;
    uint64_t rest = has_signal ? flags & ~0xffULL : flags;
    if (has_time) {
        fputs("CLONE_NEWTIME", out);
        rest &= ~(uint64_t)FLAG_NEWTIME;
        is_first = false;
    }
    rest = write_value_names(out, SET_clone, rest, &is_first);
    rest = write_value_names(out, SET_clone_more, rest, &is_first);
    if (rest != 0 || (is_first && !has_signal)) {
        fputs(is_first ? "" : "|", out);
        write_hex(out, rest);
        is_first = false;
    }
    if (has_signal && ((flags & 0xff) != 0 || is_first)) {
        fputs(is_first ? "" : "|", out);
        decode_signal_name(out, flags & 0xff);
    }
}

static void write_new_id(struct decoder *decoder, const char *name, uint64_t address)
{
    uint8_t bytes[4];
    fprintf(decoder->out, ", %s=", name);
    decoder->memory = &decoder->call->after;
    if (has_result(decoder) && read_all(decoder, address, bytes, sizeof bytes)) {
        fprintf(decoder->out, "[%" PRId32 "]", (int32_t)u32_at(bytes, 0));
    } else {
        write_pointer(decoder, address);
    }
}

static void write_clone(struct decoder *decoder)
{
    const uint64_t *arguments = decoder->call->arguments;
    uint64_t flags = (uint32_t)arguments[0];
    fputs("child_stack=", decoder->out);
    write_pointer(decoder, arguments[1]);
    fputs(", flags=", decoder->out);
    write_clone_flags(decoder->out, flags, true);
    if ((flags & (FLAG_PARENT_SETTID | FLAG_PIDFD)) != 0) {
        write_new_id(decoder, (flags & FLAG_PIDFD) != 0 ? "pidfd" : "parent_tid", arguments[2]);
    }
    if ((flags & FLAG_SETTLS) != 0) {
        fputs(", tls=", decoder->out);
        write_hex(decoder->out, arguments[4]);
    }
    if ((flags & (FLAG_CHILD_SETTID | FLAG_CHILD_CLEARTID)) != 0) {
        fputs(", child_tidptr=", decoder->out);
        write_pointer(decoder, arguments[3]);
    }
}

static void write_optional(struct decoder *decoder, const char *name, uint64_t address, bool is_on)
{
    if (is_on) {
        fprintf(decoder->out, ", %s=", name);
        write_pointer(decoder, address);
    }
}

#define CLONE_ARGUMENTS_MIN 64U
#define CLONE_ARGUMENTS_MAX 88U

static void write_clone_arguments(struct decoder *decoder)
{
    uint8_t bytes[CLONE_ARGUMENTS_MAX] = {0};
    uint64_t address = decoder->call->arguments[0], told = decoder->call->arguments[1];
    size_t size = told < sizeof bytes ? (size_t)told : sizeof bytes;
    if (size < CLONE_ARGUMENTS_MIN || !read_all(decoder, address, bytes, size)) {
        write_pointer(decoder, address);
        return;
    }
    uint64_t flags = u64_at(bytes, 0);
    fputs("{flags=", decoder->out);
    write_clone_flags(decoder->out, flags, false);
    write_optional(decoder, "pidfd", u64_at(bytes, 8), (flags & FLAG_PIDFD) != 0);
    write_optional(decoder, "child_tid", u64_at(bytes, 16),
                   (flags & (FLAG_CHILD_SETTID | FLAG_CHILD_CLEARTID)) != 0);
    write_optional(decoder, "parent_tid", u64_at(bytes, 24), (flags & FLAG_PARENT_SETTID) != 0);
    fputs(", exit_signal=", decoder->out);
    decode_signal_name(decoder->out, u64_at(bytes, 32));
    fputs(", stack=", decoder->out);
    write_pointer(decoder, u64_at(bytes, 40));
    fputs(", stack_size=", decoder->out);
    write_hex(decoder->out, u64_at(bytes, 48));
    write_optional(decoder, "tls", u64_at(bytes, 56), (flags & FLAG_SETTLS) != 0);
    fputc('}', decoder->out);
    if (decoder->call->result > 0 && (flags & FLAG_PARENT_SETTID) != 0) {
        fputs(" => {", decoder->out);
        decoder->memory = &decoder->call->after;
        fputs("parent_tid=", decoder->out);
        if (!write_structure(decoder, ENDORUN_TYPE_int, u64_at(bytes, 24), 0)) {
            write_pointer(decoder, u64_at(bytes, 24));
        }
        fputc('}', decoder->out);
    }
}

/* The table has no argument for what the frame restores. */
static void write_sigreturn(struct decoder *decoder)
{
    uint8_t mask[8];
    decoder->memory = &decoder->call->before;
    if (read_all(decoder, decoder->call->arguments[0], mask, sizeof mask)) {
        fputs("{mask=", decoder->out);
        write_signal_mask(decoder, mask);
        fputc('}', decoder->out);
    }
}

bool write_special_call(struct decoder *decoder)
{
    switch (decoder->call->number) {
    case CALL_clone:
        write_clone(decoder);
        return true;
    case CALL_rt_sigreturn:
        write_sigreturn(decoder);
        return true;
    default:
        return false;
    }
}

static void write_protocol(FILE *out, uint32_t family, uint32_t protocol)
{
    if (family == 2 || family == 10) { /* AF_INET, AF_INET6 */
        write_value(out, SET_ip_protocol, protocol);
    } else if (family == 16) { /* AF_NETLINK */
        write_value(out, SET_netlink_family, protocol);
    } else {
        write_hex(out, protocol);
    }
}

#define MAPPING_HUGE       0x40000U
#define MAPPING_HUGE_SHIFT 26

static void write_mapping_flags(FILE *out, uint64_t flags)
{
    uint64_t huge = flags >> MAPPING_HUGE_SHIFT & 0x3f;
    bool is_huge = (flags & MAPPING_HUGE) != 0 && huge != 0;
    if (flags == 0) {
        fputs("MAP_FILE", out);
        return;
    }
    write_values(out, SET_mmap, is_huge ? flags & ~(0x3fULL << MAPPING_HUGE_SHIFT) : flags);
    if (is_huge) {
        fprintf(out, "|%" PRIu64 "<<MAP_HUGE_SHIFT", huge);
    }
}

static void write_statx_flags(FILE *out, uint64_t flags)
{
    bool is_first = true;
    uint64_t rest = write_value_names(out, SET_at_statx, flags, &is_first);
    rest = write_value_names(out, SET_at, rest, &is_first);
    if (rest != 0) {
        fprintf(out, "|%#" PRIx64, rest);
    }
}

static bool write_status(struct decoder *decoder, uint64_t address)
{
    uint8_t bytes[4];
    if (decoder->call->result <= 0 || !read_all(decoder, address, bytes, sizeof bytes)) {
        write_pointer(decoder, address);
        return true;
    }
    fputc('[', decoder->out);
    write_wait_status(decoder->out, u32_at(bytes, 0));
    fputc(']', decoder->out);
    return true;
}

static void write_quota_command(FILE *out, uint32_t command)
{
    fputs("QCMD(", out);
    write_value(out, SET_quotactl, command >> 8);
    fputs(", ", out);
    write_value(out, SET_quota_type, command & 0xff);
    fputc(')', out);
}

static bool write_device_arguments(struct decoder *decoder, unsigned index, uint64_t value)
{
    if (decoder->shapes->arg[index].kind == ENDORUN_KIND_MODE) {
        write_mode_and_type(decoder->out, (uint32_t)value);
        return true;
    }
    return false;
}

static void write_random(struct decoder *decoder, uint64_t address)
{
    uint64_t length = decoder->call->result > 0 ? (uint64_t)decoder->call->result : 0;
    const struct text text = {address, length, decoder->decoding->string_limit, false, true};
    write_text(decoder, &text);
}

static bool write_processors(struct decoder *decoder, uint64_t address, uint64_t size)
{
    if (!has_result(decoder)) {
        write_pointer(decoder, address);
    } else {
        write_bits(decoder, address, size < 1024 ? size * 8 : 8192, false);
    }
    return true;
}

/* `{handle_bytes=8, handle_type=1, f_handle="..."}`; handles have up to 128 bytes. */
static bool write_handle(struct decoder *decoder, uint64_t address, bool is_told)
{
    uint8_t bytes[8];
    if (read_some(&decoder->call->after, address, bytes, sizeof bytes) == sizeof bytes) {
        decoder->memory = &decoder->call->after;
    }
    if (!read_all(decoder, address, bytes, sizeof bytes)) {
        return false;
    }
    fprintf(decoder->out, "{handle_bytes=%" PRIu32, u32_at(bytes, 0));
    if (is_told) {
        uint32_t size = u32_at(bytes, 0) < 128 ? u32_at(bytes, 0) : 128;
        const struct text text = {address + sizeof bytes, size, size, false, true};
        fprintf(decoder->out, ", handle_type=%" PRId32 ", f_handle=", (int32_t)u32_at(bytes, 4));
        write_text(decoder, &text);
    }
    fputc('}', decoder->out);
    return true;
}

/* An argument of a call as one number. */
#define AT(call, index) (((unsigned)CALL_##call) << 3 | (index))

static void write_personality(FILE *out, uint32_t personality)
{
    if (personality == UINT32_MAX) { /* asks which it is */
        write_hex(out, personality);
    } else {
        write_values(out, SET_personality, personality);
    }
}

/* Without the NUL, which the result counts. */
static bool write_directory_name(struct decoder *decoder, uint64_t address)
{
    if (has_result(decoder)) {
        write_string(decoder, address, PATH_LIMIT);
    }
    return has_result(decoder);
}

/* Where there is no room, the length alone is asked for. */
static bool write_without_room(struct decoder *decoder, uint64_t address, uint64_t room)
{
    if (room == 0) {
        write_pointer(decoder, address);
    }
    return room == 0;
}

static bool write_rare_argument(struct decoder *decoder, unsigned index, uint64_t value)
{
    switch (decoder->call->number << 3 | index) {
    case AT(futex, 1):
        write_futex_operation(decoder->out, (uint32_t)value);
        return true;
    case AT(futex, 5):
        return write_futex_argument(decoder, index, value);
    case AT(epoll_ctl, 3):
        if ((uint32_t)decoder->call->arguments[1] == 2) { /* EPOLL_CTL_DEL */
            write_pointer(decoder, value);
            return true;
        }
        return false;
    case AT(symlink, 0):
    case AT(symlinkat, 0):
        write_string(decoder, value, PATH_LIMIT);
        return true;
    case AT(quotactl, 0):
    case AT(quotactl_fd, 1):
        write_quota_command(decoder->out, (uint32_t)value);
        return true;
    case AT(membarrier, 1):
        write_hex(decoder->out, value);
        return true;
    case AT(ioprio_set, 2):
        write_io_priority(decoder->out, (uint32_t)value);
        return true;
    case AT(dup3, 2):
    case AT(pipe2, 1):
        write_values(decoder->out, SET_new_descriptor, value);
        return true;
    case AT(name_to_handle_at, 2):
        return write_handle(decoder, value, has_result(decoder));
    case AT(open_by_handle_at, 1):
        return write_handle(decoder, value, true);
    case AT(getcwd, 0):
        return write_directory_name(decoder, value);
    case AT(listxattr, 1):
    case AT(llistxattr, 1):
    case AT(flistxattr, 1):
        return write_without_room(decoder, value, decoder->call->arguments[2]);
    case AT(getxattr, 2):
    case AT(lgetxattr, 2):
    case AT(fgetxattr, 2):
        return write_without_room(decoder, value, decoder->call->arguments[3]);
    case AT(personality, 0):
        write_personality(decoder->out, (uint32_t)value);
        return true;
    default:
        return false;
    }
}

/* By call and index: what the shape says nothing of. */
bool write_special_argument(struct decoder *decoder, unsigned index)
{
    const uint64_t *arguments = decoder->call->arguments;
    uint64_t value = argument_of(decoder, index);
    FILE *out = decoder->out;
    switch (decoder->call->number << 3 | index) {
    case AT(mmap, 3):
        write_mapping_flags(out, value);
        return true;
    case AT(mmap, 5):
    case AT(rseq, 1):
    case AT(rseq, 3):
    case AT(reboot, 0):
    case AT(reboot, 1):
        write_hex(out, value);
        return true;
    case AT(socket, 2):
    case AT(socketpair, 2):
        write_protocol(out, (uint32_t)arguments[0], (uint32_t)value);
        return true;
    case AT(mknod, 1):
    case AT(mknodat, 2):
        return write_device_arguments(decoder, index, value);
    case AT(statx, 2):
        write_statx_flags(out, value);
        return true;
    case AT(faccessat2, 3):
        write_values(out, SET_at_access, value);
        return true;
    case AT(wait4, 1):
        return write_status(decoder, value);
    case AT(getrandom, 0):
        write_random(decoder, value);
        return true;
    case AT(sched_setaffinity, 2):
        return write_processors(decoder, value, (uint32_t)arguments[1]);
    case AT(sched_getaffinity, 2):
        return write_processors(decoder, value, (uint64_t)decoder->call->result);
    case AT(unshare, 0):
    case AT(setns, 1):
        write_clone_flags(out, value, false);
        return true;
    case AT(clone3, 0):
        write_clone_arguments(decoder);
        return true;
    case AT(setsockopt, 2):
    case AT(getsockopt, 2):
        write_option_name(decoder, (uint32_t)arguments[1], (uint32_t)value);
        return true;
    default:
        return write_rare_argument(decoder, index, value);
    }
}

/* Which arguments of open(2) and its kin are looked at depends on the flags. */
static bool makes_file(uint64_t flags)
{
    return (flags & 0100) != 0 || (flags & 020200000) == 020200000; /* O_CREAT, O_TMPFILE */
}

static bool is_device_mode(uint64_t mode)
{
    return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000;
}

unsigned count_arguments(const struct decoder *decoder)
{
    const uint64_t *arguments = decoder->call->arguments;
    unsigned count = decoder->shapes->nargs;
    switch (decoder->call->number) {
    case CALL_open:
        return makes_file(arguments[1]) ? count : 2;
    case CALL_openat:
        return makes_file(arguments[2]) ? count : 3;
    case CALL_mq_open:
        return makes_file(arguments[1]) ? count : 2;
    case CALL_mknod:
        return is_device_mode(arguments[1]) ? count : 2;
    case CALL_mknodat:
        return is_device_mode(arguments[2]) ? count : 3;
    case CALL_preadv:
    case CALL_pwritev:
        return 4;
    case CALL_membarrier:
        return (uint32_t)arguments[1] == 0 ? 2 : count;
    case CALL_mremap:
        return (arguments[3] & 6) != 0 ? count : 4; /* MREMAP_FIXED, MREMAP_DONTUNMAP */
    case CALL_ioctl:
        return count_ioctl_arguments((uint32_t)arguments[1]);
    case CALL_fcntl:
        return count_fcntl_arguments((uint32_t)arguments[1]);
    case CALL_prctl:
        return count_prctl_arguments((uint32_t)arguments[0]);
    case CALL_futex:
        return count_futex_arguments((uint32_t)arguments[1]);
    case CALL_reboot:
        return (uint32_t)arguments[2] == 0xa1b2c3d4 ? count : 3; /* RESTART2 has a text */
    default:
        return count;
    }
}

bool is_hidden(const struct decoder *decoder, unsigned index)
{
    uint32_t number = decoder->call->number;
    if (number == CALL_futex) {
        return is_futex_argument_hidden((uint32_t)decoder->call->arguments[1], index);
    }
    return index == 4 && (number == CALL_preadv2 || number == CALL_pwritev2);
}
