#include "handover.h"
#include "../../monitor/exec.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define SEAL_ATTEMPTS 20

void lift_limit(int resource, uint64_t needed, struct kernel_rlimit *before)
{
    SYS4(__NR_prlimit64, 0, resource, 0, before);
    if (before->soft < needed && before->hard > before->soft) {
        const struct kernel_rlimit lifted = {before->hard, before->hard};
        SYS4(__NR_prlimit64, 0, resource, &lifted, 0);
    }
}

uint32_t handover_add_string(struct handover *handover, const char *string)
{
    struct endorun_session *next = &handover->session;
    if (string == 0) {
        return 0;
    }
    uint32_t offset = next->size;
    uint32_t at = offset - (uint32_t)sizeof *next - next->policy_size;
    uint32_t length = (uint32_t)strlen(string) + 1;
    if (length > sizeof handover->strings - at) {
        return 0;
    }
    memcpy(handover->strings + at, string, length);
    next->size += length;
    return offset;
}

#define SESSION_PARTS 4U

/* As it stands in memory, in the order of endorun/session.h. */
static void list_parts(const struct handover *handover, struct kernel_iovec parts[SESSION_PARTS])
{
    const struct endorun_session *next = &handover->session;
    uint64_t strings = next->size - next->filters_size - next->policy_size - sizeof *next;
    parts[0] = (struct kernel_iovec){(uint64_t)next, sizeof *next};
    parts[1] = (struct kernel_iovec){(uint64_t)(session + 1), next->policy_size};
    parts[2] = (struct kernel_iovec){(uint64_t)handover->strings, strings};
    parts[3] = (struct kernel_iovec){(uint64_t)handover->filters, next->filters_size};
}

static bool holds_part(long fd, uint64_t offset, const struct kernel_iovec *part)
{
    uint8_t sealed[PAGE_SIZE];
    for (uint64_t at = 0; at < part->len; at += sizeof sealed) {
        uint64_t size = part->len - at < sizeof sealed ? part->len - at : sizeof sealed;
        if (SYS4(__NR_pread64, fd, sealed, size, offset + at) != (long)size ||
            memcmp(sealed, (const uint8_t *)part->base + at, size) != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Until it is sealed, another process may open the memfd by /proc/PID/fd and write to it. What it
 * holds now stays; 0 if that is the session.
 */
static long check_sealed(const struct kernel_iovec parts[SESSION_PARTS], long fd)
{
    uint64_t offset = 0;
    for (unsigned i = 0; i < SESSION_PARTS; i++) {
        if (!holds_part(fd, offset, &parts[i])) {
            return -EACCES;
        }
        offset += parts[i].len;
    }
    return 0;
}

/*
 * Sealing against writing waits for whoever holds a page of it besides, as the kernel itself may
 * for a moment: it gives up with EBUSY after 155 ms (mm/memfd.c, memfd_wait_for_pins), and is asked
 * again.
 */
static long seal(long fd)
{
    long result = -EBUSY;
    for (int attempt = 0; attempt < SEAL_ATTEMPTS && result == -EBUSY; attempt++) {
        result = SYS3(__NR_fcntl, fd, F_ADD_SEALS, SESSION_SEALS);
    }
    return result;
}

/* A memfd, sealed, with the session in it. */
long handover_seal(struct handover *handover)
{
    struct kernel_rlimit file_size; /* holds for memfds too */
    const struct endorun_session *next = &handover->session;
    long fd = SYS2(__NR_memfd_create, "endorun-session",
                   MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd == -EINVAL) { /* before Linux 6.3 */
        fd = SYS2(__NR_memfd_create, "endorun-session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (fd < 0) {
        return fd;
    }
    struct kernel_iovec parts[SESSION_PARTS];
    list_parts(handover, parts);
    lift_limit(RLIMIT_FSIZE, next->size, &file_size);
    long result = SYS5(__NR_pwritev, fd, parts, SESSION_PARTS, 0, 0);
    SYS4(__NR_prlimit64, 0, RLIMIT_FSIZE, &file_size, 0);
    if (result == (long)next->size) {
        result = seal(fd);
    } else if (result >= 0) {
        result = -ENOSPC;
    }
    if (result == 0) {
        result = check_sealed(parts, fd);
    }
    if (result != 0) {
        SYS1(__NR_close, fd);
        return result;
    }
    return fd;
}
