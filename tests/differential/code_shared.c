/* Code in memory that others can write: in files, by two views, in System V shared memory. */
#include "code.h"
#include <sys/shm.h>
#include <sys/stat.h>

/* Refused, or the mapping, which runs. */
static uint8_t *map_code(int fd, const char *what)
{
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    say("%s: %s\n", what, code == MAP_FAILED ? strerror(errno) : "executable");
    return code == MAP_FAILED ? NULL : code;
}

static void test_file(void)
{
    int fd = code_file("code", SYS_getpid);
    uint8_t *code = map_code(fd, "a file");
    if (code != NULL) {
        expect_pid(code, "a file");
        uint8_t constant[6];
        put_constant(constant, 4711);
        CHECK_EQ(pwrite(fd, constant, 6, 100), 6, "pwrite");
        CHECK_EQ(run(code + 100), 4711, "after the file was changed");
        expect_pid(code, "beside what was changed");
        MUST(munmap(code, PAGE));
    }
    code = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    int result = mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    say("a file, later: %s\n", result == 0 ? "executable" : strerror(errno));
    CHECK_EQ(code[0], 0xb8, "the file's content");
    if (result == 0) {
        expect_pid(code, "a file, later");
    }
    MUST(munmap(code, PAGE));
    close(fd);
}

static void test_two_views(void)
{
    int fd = (int)raw(SYS_memfd_create, "jit", 0);
    CHECK(fd >= 0, "memfd_create");
    MUST(ftruncate(fd, PAGE));
    uint8_t *writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(writable != MAP_FAILED, "mmap: %s", strerror(errno));
    uint8_t *executable = map_code(fd, "two views");
    for (int i = 0; executable != NULL && i < 200; i++) {
        put_call(writable + i % 64, i % 2 ? SYS_getpid : SYS_getppid);
        CHECK_EQ(run(executable + i % 64), i % 2 ? getpid() : getppid(), "by the other view");
    }
    MUST(munmap(writable, PAGE));
    close(fd);
}

/* Of a file that nobody here can write, a shared view is as good as a private one. */
static void test_others_file(void)
{
    int fd = MUST(open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC));
    CHECK(map_code(fd, "another user's file") != NULL, "refused");
    close(fd);
}

static void test_read_only_file(void)
{
    close(code_file("code", SYS_getpid));
    int fd = MUST(open("code", O_RDONLY));
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
              errno == EACCES,
          "a shared writable view of a read-only file");
    uint8_t *code = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES, "made writable");
    MUST(munmap(code, PAGE));
    close(fd);
}

static void test_shared_memory(void)
{
    int id = MUST(shmget(IPC_PRIVATE, PAGE, 0700));
    uint8_t *code = shmat(id, NULL, SHM_EXEC);
    MUST(shmctl(id, IPC_RMID, NULL));
    say("System V shared memory: %s\n", code == (void *)-1 ? strerror(errno) : "executable");
    if (code != (void *)-1) {
        put_call(code, SYS_getpid);
        expect_pid(code, "System V shared memory");
        MUST(shmdt(code));
    }
}

int main(void)
{
    test_file();
    test_two_views();
    test_others_file();
    test_read_only_file();
    test_shared_memory();
    return 0;
}
