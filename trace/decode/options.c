#include "fields.h"

#include <inttypes.h>

#define LEVEL_IP      0U
#define LEVEL_SOCKET  1U
#define LEVEL_TCP     6U
#define LEVEL_IPV6    41U
#define LEVEL_NETLINK 270U

void write_option_name(struct decoder *decoder, uint32_t level, uint32_t option)
{
    switch (level) {
    case LEVEL_SOCKET:
        write_value(decoder->out, SET_sockopt, option);
        return;
    case LEVEL_IP:
        write_value(decoder->out, SET_ip_option, option);
        return;
    case LEVEL_TCP:
        write_value(decoder->out, SET_tcp_option, option);
        return;
    case LEVEL_IPV6:
        write_value(decoder->out, SET_ipv6_option, option);
        return;
    case LEVEL_NETLINK:
        write_value(decoder->out, SET_netlink_option, option);
        return;
    default:
        write_hex(decoder->out, option);
    }
}

static const struct field linger_fields[] = {{"l_onoff", FIELD_SIGNED, 4, 0, 0},
                                             {"l_linger", FIELD_SIGNED, 4, 4, 0}};
static const struct field credential_fields[] = {
    {"pid", FIELD_SIGNED, 4, 0, 0}, {"uid", FIELD_ID, 4, 4, 0}, {"gid", FIELD_ID, 4, 8, 0}};
static const struct field filter_fields[] = {{"len", FIELD_UNSIGNED, 2, 0, 0},
                                             {"filter", FIELD_POINTER, 8, 8, 0}};

/* Options of the socket level that are structures. */
static bool write_option_structure(struct decoder *decoder, uint32_t option, const uint8_t *bytes,
                                   size_t size)
{
    if (option == 13 && size >= 8) { /* SO_LINGER */
        write_fields(decoder, FIELDS_OF(linger_fields), bytes, size, false);
    } else if (option == 17 && size >= 12) { /* SO_PEERCRED */
        write_fields(decoder, FIELDS_OF(credential_fields), bytes, size, false);
    } else if ((option == 26 || option == 51) && size >= 16) { /* SO_ATTACH_FILTER and CBPF */
        write_fields(decoder, FIELDS_OF(filter_fields), bytes, size, false);
    } else {
        return false;
    }
    return true;
}

static uint64_t option_length(const struct decoder *decoder, bool is_set)
{
    uint32_t length = 0;
    if (is_set) {
        return (uint32_t)decoder->call->arguments[4];
    }
    return read_latest(decoder, decoder->call->arguments[4], &length, sizeof length) ? length : 0;
}

/* SO_ERROR is an errno. */
static void write_number(struct decoder *decoder, uint32_t number)
{
    bool is_error = (uint32_t)decoder->call->arguments[1] == LEVEL_SOCKET &&
                    (uint32_t)decoder->call->arguments[2] == 4;
    const char *name = is_error ? decode_error_name((int)number) : NULL;
    if (name != NULL) {
        fprintf(decoder->out, "[%s]", name);
    } else {
        fprintf(decoder->out, "[%" PRId32 "]", (int32_t)number);
    }
}

bool write_option(struct decoder *decoder, uint64_t address, bool is_set)
{
    uint8_t bytes[16];
    uint64_t length = option_length(decoder, is_set);
    size_t size = length < sizeof bytes ? (size_t)length : sizeof bytes;
    decoder->memory = is_set ? &decoder->call->before : &decoder->call->after;
    if (address == 0 || size == 0 || (!is_set && !has_result(decoder)) ||
        !read_all(decoder, address, bytes, size)) {
        return false;
    }
    if ((uint32_t)decoder->call->arguments[1] == LEVEL_SOCKET &&
        write_option_structure(decoder, (uint32_t)decoder->call->arguments[2], bytes, size)) {
        return true;
    }
    if (length == sizeof(int32_t)) {
        write_number(decoder, u32_at(bytes, 0));
    } else {
        write_data(decoder, address, length);
    }
    return true;
}
