#include "search.h"

#include "../../monitor/code.h"
#include "../../monitor/exec.h"
#include "../../monitor/gate.h"
#include "../../monitor/support.h"
#include "unsafe.h"

static bool refuse(const struct origin *origin, uint64_t address, const uint8_t *bytes)
{
    char line[PATH_MAX_BYTES + 256];
    if (origin->quiet) {
        return false;
    }
    line[0] = 0;
    if (origin->fd >= 0) {
        canonical_path(origin->fd, line);
        append_string(line, sizeof line, ": offset 0x");
        append_hex(line, sizeof line, address - origin->start + origin->offset, 8);
    } else {
        append_string(line, sizeof line, "address 0x");
        append_hex(line, sizeof line, address, 12);
    }
    append_string(line, sizeof line, ":");
    for (size_t i = 0; i < ENDORUN_UNSAFE_SIZE_MAX; i++) {
        append_string(line, sizeof line, " ");
        append_hex(line, sizeof line, bytes[i], 2);
    }
    append_string(line, sizeof line,
                  " could write PKRU or the GS base: not executable with protection keys "
                  "(--isolation=kernel allows it)");
    warn(line);
    return false;
}

/* What joins the content at `bytes` with its neighbour at `other`, if that can be executed. */
static bool edge_is_safe(const struct origin *origin, uint64_t other, const uint8_t *bytes)
{
    uint8_t joint[2 * UNSAFE_REACH];
    bool before = other < origin->start;
    uint64_t low = other - (before ? 0 : UNSAFE_REACH);
    if (!code_is_executable(other, other + UNSAFE_REACH) ||
        code_is_aside(low, low + sizeof joint) ||
        user_copy(joint + (before ? 0 : UNSAFE_REACH), (const void *)other, UNSAFE_REACH) != 0) {
        return true;
    }
    memcpy(joint + (before ? UNSAFE_REACH : 0), bytes, UNSAFE_REACH);
    size_t at = unsafe_find(joint, sizeof joint, 0);
    return at == sizeof joint || refuse(origin, low + at, joint + at);
}

bool search_finds_none(uint64_t content, uint64_t length, const struct origin *origin)
{
    uint8_t *bytes = (uint8_t *)content;
    uint64_t start = origin->start;
    size_t at = 0;
    while ((at = unsafe_find(bytes, length, at)) != length) {
        if (code_is_aside(start + at, start + at + ENDORUN_UNSAFE_SIZE_MIN)) {
            at++;
        } else if (!unsafe_replace(bytes, length, at)) {
            return refuse(origin, start + at, bytes + at);
        }
    }
    return edge_is_safe(origin, start - UNSAFE_REACH, bytes) &&
           edge_is_safe(origin, start + length, bytes + length - UNSAFE_REACH);
}
