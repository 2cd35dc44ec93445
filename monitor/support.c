#include "support.h"
#include "syscall.h"

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    void *to = target;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size) : : "memory");
    return target;
}

void *memmove(void *target, const void *source, size_t size)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (to <= from || to >= from + size) {
        return memcpy(target, source, size);
    }
    while (size-- > 0) {
        to[size] = from[size];
    }
    return target;
}

void *memset(void *target, int byte, size_t size)
{
    void *to = target;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return target;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *string)
{
    size_t length = 0;
    while (string[length] != 0) {
        length++;
    }
    return length;
}

void append_string(char *buffer, size_t size, const char *string)
{
    size_t at = strlen(buffer);
    while (at + 1 < size && *string != 0) {
        buffer[at++] = *string++;
    }
    buffer[at] = 0;
}

size_t start_of_last_name(const char *path)
{
    size_t start = strlen(path);
    while (start > 0 && path[start - 1] == '/') {
        start--;
    }
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    return start;
}

void append_number(char *buffer, size_t size, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    append_string(buffer, size, digits + at);
}

void append_hex(char *buffer, size_t size, uint64_t number, int digits)
{
    char text[17];
    for (int i = 0; i < digits; i++) {
        text[i] = "0123456789abcdef"[(number >> (4 * (digits - 1 - i))) & 15];
    }
    text[digits] = 0;
    append_string(buffer, size, text);
}

uint64_t fnv1a(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ byte[i]) * 0x100000001b3UL;
    }
    return hash;
}

uint64_t fnv1a_words(uint64_t hash, const void *data, size_t size)
{
    const uint64_t *word = data;
    for (size_t i = 0; i < size / sizeof *word; i++) {
        hash = (hash ^ word[i]) * 0x100000001b3UL;
    }
    return hash;
}

enum { LOCK_FREE, LOCK_HELD, LOCK_AWAITED };

void lock_acquire(int32_t *lock)
{
    int32_t state = LOCK_FREE;
    if (__atomic_compare_exchange_n(lock, &state, LOCK_HELD, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        return;
    }
    /* To spin would hang where the owner has a lower priority (SCHED_FIFO). */
    while (__atomic_exchange_n(lock, LOCK_AWAITED, __ATOMIC_ACQUIRE) != LOCK_FREE) {
        SYS4(__NR_futex, lock, FUTEX_WAIT_PRIVATE, LOCK_AWAITED, 0);
    }
}

void lock_release(int32_t *lock)
{
    if (__atomic_exchange_n(lock, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_AWAITED) {
        SYS3(__NR_futex, lock, FUTEX_WAKE_PRIVATE, 1);
    }
}

/* Device and inode of descriptor 2 when this image started; inode 0: it was closed. */
static struct {
    uint64_t device, inode;
} standard_error;

void remember_standard_error(void)
{
    struct stat status;
    if (SYS2(__NR_fstat, 2, &status) == 0) {
        standard_error.device = status.st_dev;
        standard_error.inode = status.st_ino;
    }
}

bool is_file(int directory, const char *path, const struct endorun_file *file)
{
    struct stat status;
    int flags = path[0] == 0 ? AT_EMPTY_PATH : 0;
    return SYS4(__NR_newfstatat, directory, path, &status, flags) == 0 &&
           status.st_dev == file->device && status.st_ino == file->inode &&
           status.st_ctime * 1000000000UL + status.st_ctime_nsec == file->ctime_ns;
}

void warn_of(int32_t pid, const char *what)
{
    struct stat status;
    char line[1024 + 32] = "endorun[";
    append_number(line, sizeof line, (uint64_t)pid);
    append_string(line, sizeof line, "]: ");
    append_string(line, sizeof line - 1, what);
    append_string(line, sizeof line, "\n");
    if (standard_error.inode != 0 && SYS2(__NR_fstat, 2, &status) == 0 &&
        status.st_dev == standard_error.device && status.st_ino == standard_error.inode) {
        /* Nobody waits for a reader that does not read, or is gone. */
        struct kernel_pollfd output = {.fd = 2, .events = POLLOUT};
        if (SYS3(__NR_poll, &output, 1, 0) == 1 && output.revents == POLLOUT) {
            SYS3(__NR_write, 2, line, strlen(line));
        }
    }
}

void warn(const char *what)
{
    warn_of((int32_t)SYS0(__NR_getpid), what);
}

noreturn void fatal(const char *what)
{
    warn(what);
    for (;;) {
        SYS2(__NR_kill, SYS0(__NR_getpid), SIGKILL);
    }
}

noreturn void fatal_at(const char *what, uint64_t address)
{
    char line[256] = "";
    append_string(line, sizeof line, what);
    append_string(line, sizeof line, " at 0x");
    append_hex(line, sizeof line, address, 16);
    fatal(line);
}
