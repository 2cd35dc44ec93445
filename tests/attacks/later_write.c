/* M3: code that is written after it was mapped executable, through another view or by the file. */
#include "unsafe.h"
#include <pthread.h>
#include <sys/shm.h>

static void write_harmless(int fd)
{
    uint8_t page[PAGE] = {0xc3};
    CHECK_EQ(pwrite(fd, page, sizeof page, 0), (long)sizeof page, "pwrite");
}

static int code_file(void)
{
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    write_harmless(fd);
    return fd;
}

/* The bytes in the file, from now on. */
static void write_file(int fd)
{
    uint8_t bytes[UNSAFE_SIZE];
    put_wrpkru(bytes, 0);
    CHECK_EQ(pwrite(fd, bytes, sizeof bytes, 0), (long)sizeof bytes, "pwrite");
}

static const void *two_views(void)
{
    int fd = MUST(memfd_create("code", MFD_CLOEXEC));
    MUST(ftruncate(fd, (off_t)PAGE));
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    uint8_t *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(data != MAP_FAILED, "mmap: %s", strerror(errno));
    put_wrpkru(data, 0);
    return code == MAP_FAILED ? NULL : code;
}

/* Untouched pages of a private mapping show what is written to the file. */
static const void *private_file(void)
{
    int fd = code_file();
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    write_file(fd);
    return code == MAP_FAILED ? NULL : code;
}

static const void *private_later(void)
{
    int fd = code_file();
    void *code = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    int result = mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    write_file(fd);
    return result != 0 ? NULL : code;
}

/* A page that was copied is dropped, and comes from the file again. */
static const void *dropped(void)
{
    int fd = code_file();
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (code == MAP_FAILED) {
        return NULL;
    }
    code[1] = 0xc3;
    int result = mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    write_file(fd);
    MUST(madvise(code, PAGE, MADV_DONTNEED));
    return result != 0 ? NULL : code;
}

/* The file loses its pages, and gets others. */
static const void *truncated(void)
{
    int fd = code_file();
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    MUST(ftruncate(fd, 0));
    MUST(ftruncate(fd, (off_t)PAGE));
    write_file(fd);
    return code == MAP_FAILED ? NULL : code;
}

static const void *shared_memory(void)
{
    int id = MUST(shmget(IPC_PRIVATE, PAGE, 0700));
    uint8_t *data = shmat(id, NULL, 0);
    void *code = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
    int error = errno;
    MUST(shmctl(id, IPC_RMID, NULL));
    CHECK(data != (void *)-1, "shmat: %s", strerror(errno));
    put_wrpkru(data, 0);
    errno = error;
    return code == (void *)-1 ? NULL : code;
}

/* What parent and child share when it is forked after it became executable. */
static const void *shared_by_fork(void)
{
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        sleep(1);
        put_wrpkru(code, 0);
        _exit(0);
    }
    int result = mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    int error = errno;
    wait_for(pid);
    errno = error;
    return result != 0 ? NULL : code;
}

/* A shared page in the middle of many that are not: who looks at some of them misses it. */
static const void *among_many(void)
{
    int fd = code_file();
    uint8_t *pages = map_pages(64 * PAGE, PROT_READ | PROT_WRITE), *code = pages + PAGE;
    void *shared = mmap(code, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    CHECK(shared == code, "mmap: %s", strerror(errno));
    if (mprotect(pages, 64 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        return NULL;
    }
    __asm__ volatile("call *%0" : : "r"(code) : "memory", "cc"); /* it is looked at now */
    write_file(fd);
    return code;
}

/*
 * A child has no memory where its parent has code of a library; what it maps there, and whose
 * neighbour moves, might be taken for that code.
 */
static const void *in_place_of_library(void)
{
    const size_t size = 256 * PAGE;
    const off_t offset = 0x26000; /* in the text, whatever the version */
    int library = MUST(open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC));
    int fd = MUST(memfd_create("code", MFD_CLOEXEC)), status;
    MUST(ftruncate(fd, (off_t)size));
    uint8_t *text = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, library, offset);
    CHECK(text != MAP_FAILED, "mmap: %s", strerror(errno));
    madvise(text, size, MADV_DONTFORK);
    pid_t pid = MUST(fork());
    if (pid != 0) {
        MUST(waitpid(pid, &status, 0));
        kill(getpid(), WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL);
    }
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
    uint8_t *code = mmap(text, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(code != MAP_FAILED && data != MAP_FAILED, "mmap: %s", strerror(errno));
    mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    mremap(code + size - PAGE, PAGE, PAGE, MREMAP_MAYMOVE);
    put_wrpkru(data, 0);
    return code;
}

/* A page that was executed, and that a call writes to then. */
static const void *written_by_call(void)
{
    int ends[2];
    uint8_t bytes[UNSAFE_SIZE];
    uint8_t *code = map_pages(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    put_wrpkru(bytes, 0);
    code[0] = 0xc3;
    __asm__ volatile("call *%0" : : "r"(code) : "memory", "cc");
    MUST(pipe(ends));
    CHECK_EQ(write(ends[1], bytes, sizeof bytes), (long)sizeof bytes, "write");
    return read(ends[0], code, sizeof bytes) == (long)sizeof bytes ? code : NULL;
}

/* While it is mapped, another file, of a user that may change nothing, takes its number. */
static volatile int number, own_file, others_file;

static void *exchange(void *nothing)
{
    for (;;) {
        dup2(others_file, number);
        dup2(own_file, number);
    }
    return nothing;
}

static const void *replaced_descriptor(void)
{
    pthread_t thread;
    own_file = code_file();
    others_file = MUST(open("/lib64/ld-linux-x86-64.so.2", O_RDONLY | O_CLOEXEC));
    number = MUST(dup(own_file));
    CHECK_EQ(pthread_create(&thread, NULL, exchange, NULL), 0, "pthread_create");
    for (int i = 0; i < 2000;) {
        write_harmless(own_file);
        volatile uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, number, 0);
        if (code == MAP_FAILED) {
            continue; /* it was refused */
        }
        if (code[0] == 0xc3) { /* not the other file */
            i++;
            write_file(own_file);
            if (code[0] != 0xc3) {
                return (const void *)code;
            }
        }
        MUST(munmap((void *)(uintptr_t)code, PAGE));
    }
    errno = EACCES;
    return NULL;
}

int main(void)
{
    static unsafe_way *const ways[] = {two_views,       private_file,       private_later,
                                       dropped,         truncated,          shared_memory,
                                       among_many,      shared_by_fork,     replaced_descriptor,
                                       written_by_call, in_place_of_library};
    judge_unsafe(ways, 11);
}
