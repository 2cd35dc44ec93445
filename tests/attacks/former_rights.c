/*
 * M3: code in a file that who executes it may not write, but others in the sandbox may: one that
 * has not given up root's rights yet, or a descriptor from that time.
 */
#include "unsafe.h"

#define NOBODY 65534U

static int file_of_root(void)
{
    uint8_t page[PAGE] = {0xc3};
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
    CHECK_EQ(pwrite(fd, page, sizeof page, 0), (long)sizeof page, "pwrite");
    return fd;
}

static void write_file(int fd)
{
    uint8_t bytes[UNSAFE_SIZE];
    put_wrpkru(bytes, 0);
    CHECK_EQ(pwrite(fd, bytes, sizeof bytes, 0), (long)sizeof bytes, "pwrite");
}

static const void *mapped_by_nobody(int fd)
{
    MUST(setresgid(NOBODY, NOBODY, NOBODY));
    MUST(setresuid(NOBODY, NOBODY, NOBODY));
    volatile uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    return code == MAP_FAILED || code[0] != 0xc3 ? NULL : (const void *)code;
}

/* NULL and an errno where what is written does not arrive. */
static const void *judge(const volatile uint8_t *code)
{
    errno = EACCES;
    return code != NULL && code[0] == unmasked(masked_wrpkru, 0) ? (const void *)code : NULL;
}

static const void *by_descriptor(void)
{
    int fd = file_of_root();
    const void *code = mapped_by_nobody(fd);
    write_file(fd);
    return judge(code);
}

static const void *by_another(void)
{
    int fd = file_of_root(), ends[2];
    char byte = 0;
    MUST(pipe(ends));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        MUST(read(ends[0], &byte, 1));
        write_file(fd);
        _exit(0);
    }
    const void *code = mapped_by_nobody(MUST(open("code", O_RDONLY | O_CLOEXEC)));
    CHECK_EQ(write(ends[1], &byte, 1), 1, "write");
    wait_for(pid);
    return judge(code);
}

int main(void)
{
    static unsafe_way *const ways[] = {by_descriptor, by_another};
    if (geteuid() != 0) {
        not_reached("no-root");
    }
    judge_unsafe(ways, 2);
}
