#include "decoder.h"

#include <arpa/inet.h>
#include <inttypes.h>

#define ADDRESS_MAX 128U
#define PATH_START  2U

static void write_path(struct decoder *decoder, const uint8_t *bytes, size_t length)
{
    const uint8_t *path = bytes + PATH_START;
    size_t size = length - PATH_START;
    if (size == 0) {
        return;
    }
    if (path[0] != '\0') {
        fputs(", sun_path=", decoder->out);
        write_quoted(decoder->out, path, strnlen((const char *)path, size), false);
    } else {
        fputs(", sun_path=@", decoder->out);
        write_quoted(decoder->out, path + 1, size - 1, false);
    }
}

static void write_internet(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, ", sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")",
            bytes[2] << 8 | bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

static void write_internet6(struct decoder *decoder, const uint8_t *bytes)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, bytes + 8, text, sizeof text);
    fprintf(decoder->out,
            ", sin6_port=htons(%u), sin6_flowinfo=htonl(%" PRIu32
            "), inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=%" PRIu32,
            bytes[2] << 8 | bytes[3], ntohl(u32_at(bytes, 4)), text, u32_at(bytes, 24));
}

static void write_netlink(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, ", nl_pid=%" PRIu32 ", nl_groups=%#08" PRIx32, u32_at(bytes, 4),
            u32_at(bytes, 8));
}

static void write_rest(struct decoder *decoder, const uint8_t *bytes, size_t length)
{
    if (length > PATH_START) {
        fputs(", sa_data=", decoder->out);
        write_quoted(decoder->out, bytes + PATH_START, length - PATH_START, false);
    }
}

void write_socket_address(struct decoder *decoder, uint64_t address, uint64_t length)
{
    uint8_t bytes[ADDRESS_MAX] = {0};
    size_t size = length < sizeof bytes ? (size_t)length : sizeof bytes;
    if (size < PATH_START || !read_all(decoder, address, bytes, size)) {
        write_pointer(decoder, address);
        return;
    }
    uint32_t family = (uint32_t)number_at(bytes, 0, 2);
    fputs("{sa_family=", decoder->out);
    write_value(decoder->out, SET_address_family, family);
    if (family == AF_UNIX) {
        write_path(decoder, bytes, size);
    } else if (family == AF_INET && size >= 8) {
        write_internet(decoder, bytes);
    } else if (family == AF_INET6 && size >= 24) {
        write_internet6(decoder, bytes);
    } else if (family == AF_NETLINK && size >= 12) {
        write_netlink(decoder, bytes);
    } else {
        write_rest(decoder, bytes, size);
    }
    fputc('}', decoder->out);
}
