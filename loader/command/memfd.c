#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "endorun/linux_compat.h"
#include "memfd.h"
#include "message.h"

#define SEAL_ATTEMPTS 20

int memfd_open(enum memfd_kind kind, const char *name)
{
    unsigned flags = MFD_ALLOW_SEALING | (kind == MEMFD_EXECUTABLE ? MFD_CLOEXEC : 0);
    int fd = memfd_create(name, flags | (kind == MEMFD_EXECUTABLE ? MFD_EXEC : MFD_NOEXEC_SEAL));

    if (fd < 0 && errno == EINVAL) /* before Linux 6.3: every memfd may be executed */
        fd = memfd_create(name, flags);
    return fd < 0 ? -errno : fd;
}

/*
 * RLIMIT_FSIZE holds for memfds too, and a write past it raises SIGXFSZ. Raises the soft limit when
 * it is below size; *before is what to set back. 0 or -errno.
 */
static int lift_file_size_limit(size_t size, struct rlimit *before)
{
    if (getrlimit(RLIMIT_FSIZE, before) != 0)
        return -errno;
    if (before->rlim_cur >= size)
        return 0;
    if (before->rlim_max < size)
        return -EFBIG;
    struct rlimit lifted = {.rlim_cur = before->rlim_max, .rlim_max = before->rlim_max};
    return setrlimit(RLIMIT_FSIZE, &lifted) == 0 ? 0 : -errno;
}

/*
 * Against writing too, which waits for whoever holds a page of it besides, as the kernel itself may
 * for a moment: it gives up with EBUSY after 155 ms (mm/memfd.c, memfd_wait_for_pins) and is asked
 * again. 0 or -errno.
 */
static int seal(int fd)
{
    for (int attempt = 0; attempt < SEAL_ATTEMPTS; attempt++) {
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
            return 0;
        if (errno != EBUSY)
            break;
    }
    return -errno;
}

int memfd_fill(int fd, const struct iovec *parts, int part_count)
{
    struct rlimit file_size;
    size_t size = 0;

    for (int i = 0; i < part_count; i++)
        size += parts[i].iov_len;

    int error = lift_file_size_limit(size, &file_size);
    if (error != 0)
        return error;
    ssize_t written = writev(fd, parts, part_count);
    if (written < 0)
        error = -errno;
    else if ((size_t)written != size)
        error = -ENOSPC; /* only the lack of memory ends a write to a memfd half-way */
    if (file_size.rlim_cur < size && setrlimit(RLIMIT_FSIZE, &file_size) != 0)
        return -errno;
    return error == 0 ? seal(fd) : error;
}

int memfd_share(int fd, size_t size)
{
    struct rlimit file_size;
    int error = lift_file_size_limit(size, &file_size);

    if (error != 0)
        return error;
    if (ftruncate(fd, (off_t)size) != 0)
        error = -errno;
    if (file_size.rlim_cur < size && setrlimit(RLIMIT_FSIZE, &file_size) != 0)
        return -errno;
    if (error == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        error = -errno;
    return error;
}

int memfd_open_executable(const char *name, const char *bytes, const char *end)
{
    struct iovec whole = {.iov_base = (void *)bytes, .iov_len = (size_t)(end - bytes)};
    int fd = memfd_open(MEMFD_EXECUTABLE, name);

    if (fd < 0)
        return fd;
    int error = memfd_fill(fd, &whole, 1);
    if (error != 0) {
        close(fd);
        return error;
    }
    return fd;
}

int memfd_execute(int fd, char *const argv[], char *const envp[])
{
    execveat(fd, "", argv, envp, AT_EMPTY_PATH);
    return -errno;
}

void memfd_die(const char *part, int error)
{
    switch (-error) {
    case EACCES: /* memfd_create gives it for MFD_EXEC only */
        die(STATUS_SETUP,
            "%s: this system forbids executable memfds, which endorun needs; as "
            "root: sysctl vm.memfd_noexec=1",
            part);
    case EFBIG:
        die(STATUS_SETUP,
            "%s: the hard limit of file sizes is too low for it; raise it "
            "(ulimit -f)",
            part);
    case EMFILE:
        die(STATUS_SETUP,
            "%s: no descriptor is free below the hard limit of open files; raise "
            "it (ulimit -Hn) or close some",
            part);
    default:
        die(STATUS_SETUP, "%s: cannot make a sealed memfd: %s", part, strerror(-error));
    }
}
