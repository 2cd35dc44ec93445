/*
 * Code that comes, changes and goes at run time: what was mapped executable is run wherever it is
 * moved to, whatever is put in its place, and whatever its pages go through in between. A rewriter
 * that keeps stubs beside a mapping must follow all of it.
 */
#include "code.h"
#include <setjmp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_GET_MDWE              66
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static const char *program;

static sigjmp_buf recovery;
static void *volatile fault_address, *volatile fault_rip;

static void recover(int signo, siginfo_t *info, void *context)
{
    fault_address = info->si_addr;
    fault_rip = (void *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    siglongjmp(recovery, signo);
}

static int run_faulting(const void *code)
{
    int signo = sigsetjmp(recovery, 1);
    if (signo == 0) {
        run(code);
    }
    return signo;
}

/* ---------------------------------------------------------------- files */

static void test_files(void)
{
    int fd = code_file("code", SYS_getpid);
    static const struct {
        const char *name;
        int protection, flags;
    } rows[] = {{"private", PROT_READ | PROT_EXEC, MAP_PRIVATE},
                {"private, execute only", PROT_EXEC, MAP_PRIVATE},
                {"private, writable", PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE},
                {"populated", PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_POPULATE},
                {"below 2 GiB", PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_32BIT}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *code = mmap(NULL, 2 * PAGE, rows[i].protection, rows[i].flags, fd, 0);
        CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
        expect_all(code, rows[i].name);
        uint8_t *second = mmap(NULL, PAGE, rows[i].protection, rows[i].flags, fd, PAGE);
        CHECK(second != MAP_FAILED, "mmap: %s", strerror(errno));
        expect_pid(second + 64, "the second page alone");
        MUST(munmap(second, PAGE));
        MUST(munmap(code, 2 * PAGE));
        say("file, %s\n", rows[i].name);
    }
    /* mapped without execution first, as a loader does that maps all and protects later */
    uint8_t *code = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    MUST(mprotect(code, 2 * PAGE, PROT_READ | PROT_EXEC));
    expect_all(code, "made executable later");
    MUST(munmap(code, 2 * PAGE));
    close(fd);
    say("file, made executable later\n");
}

/* ---------------------------------------------------------------- moved, replaced, dropped */

static void test_moves(void)
{
    int fd = code_file("code", SYS_getpid);
    uint8_t *code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    expect_all(code, "at first");
    for (int i = 0; i < 5; i++) { /* far away: relative jumps out of the mapping would miss */
        uint8_t *to = map_pages(2 * PAGE, PROT_NONE);
        if (i % 2) {
            MUST(munmap(to, 2 * PAGE));
            to = (uint8_t *)0x100000000 + (long)i * 0x80000000;
        }
        void *moved = mremap(code, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
        CHECK(moved == to, "mremap: %s", strerror(errno));
        expect_all(to, "after mremap");
        code = to;
    }
    uint8_t *grown = mremap(code, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK(grown != MAP_FAILED, "mremap: %s", strerror(errno));
    expect_all(grown, "after it grew");
    code = mremap(grown, 8 * PAGE, PAGE, 0);
    CHECK(code == grown, "mremap: %s", strerror(errno));
    expect_pid(code + 100, "after it shrank");
    MUST(munmap(code, PAGE));
    say("mremap: runs where it is\n");

    code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    expect_all(code, "at first");
    MUST(madvise(code, 2 * PAGE, MADV_DONTNEED));
    expect_all(code, "after MADV_DONTNEED");
    MUST(mprotect(code, PAGE, PROT_NONE));
    MUST(mprotect(code, PAGE, PROT_READ));
    CHECK_EQ(run_faulting(code), SIGSEGV, "not executable");
    CHECK(fault_rip == code && fault_address == code, "fault at %p", fault_rip);
    MUST(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    expect_all(code, "executable again");
    /* half replaced: the border moves into the straddling site */
    uint8_t *half = mmap(code + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(half == code + PAGE, "mmap: %s", strerror(errno));
    expect_pid(code + 100, "beside what was replaced");
    memcpy(half, "\x05\xc3", 2); /* the same second half by hand */
    expect_pid(code + PAGE - 6, "a site of two origins");
    memcpy(half, "\x0b\xc3", 2); /* 0F 0B: ud2 */
    CHECK_EQ(run_faulting(code + PAGE - 6), SIGILL, "the second half changed");
    CHECK(fault_rip == code + PAGE - 1, "fault at %p", fault_rip);
    MUST(munmap(code, PAGE));
    CHECK_EQ(run_faulting(code + 100), SIGSEGV, "unmapped");
    put_call(half + 50, SYS_getpid);
    expect_pid(half + 50, "what is left");
    MUST(munmap(half, PAGE));
    close(fd);
    say("replaced and dropped: only what is there runs\n");
}

/* One address, a hundred contents. */
static void test_reused_addresses(void)
{
    int file = code_file("code", SYS_getpid), other = code_file("other", SYS_getppid);
    uint8_t *at = map_pages(2 * PAGE, PROT_NONE);
    for (int i = 0; i < 100; i++) {
        int fd = i % 3 == 0 ? file : i % 3 == 1 ? other : -1;
        if (i % 2) {
            MUST(munmap(at, 2 * PAGE));
        }
        uint8_t *code = mmap(at, 2 * PAGE, PROT_READ | PROT_EXEC | (fd < 0 ? PROT_WRITE : 0),
                             MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
        CHECK(code == at, "mmap: %s", strerror(errno));
        if (fd < 0) {
            put_constant(code, (uint32_t)i);
            put_constant(code + 100, (uint32_t)i + 1);
            CHECK_EQ(run(code), i, "a constant");
            CHECK_EQ(run(code + 100), i + 1, "a constant");
        } else {
            CHECK_EQ(run(code + 100), fd == file ? getpid() : getppid(), "a call");
            CHECK_EQ(run(code + PAGE - 6), fd == file ? getpid() : getppid(), "a straddling call");
        }
    }
    MUST(munmap(at, 2 * PAGE));
    close(file);
    close(other);
    say("one address: 100 contents\n");
}

/* ---------------------------------------------------------------- a library's text */

/* Finds the C library's `mov $39, %eax; syscall; ret` in its file; the program's own when static.
 */
static off_t find_getpid(int fd, size_t size)
{
    uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(bytes != MAP_FAILED, "mmap: %s", strerror(errno));
    uint8_t *found = memmem(bytes, size, "\xb8\x27\0\0\0\x0f\x05\xc3", 8);
    off_t offset = found ? found - bytes : -1;
    MUST(munmap(bytes, size));
    return offset;
}

static struct {
    int fd;
    size_t size;
    off_t getpid;
} libc_file;

static void open_libc(void)
{
    static const char name[] = "/lib/x86_64-linux-gnu/libc.so.6";
    libc_file.fd = MUST(open(name, O_RDONLY | O_CLOEXEC));
    libc_file.size =
        ((size_t)MUST(lseek(libc_file.fd, 0, SEEK_END)) + PAGE - 1) & ~(size_t)(PAGE - 1);
    libc_file.getpid = find_getpid(libc_file.fd, libc_file.size);
    CHECK(libc_file.getpid >= 0, "no getpid in %s", name);
}

static void test_second_libc(void)
{
    int fd = libc_file.fd;
    size_t size = libc_file.size;
    off_t offset = libc_file.getpid;
    uint8_t *copy = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(copy != MAP_FAILED, "mmap: %s", strerror(errno));
    expect_pid(copy + offset, "a second copy of libc");
    MUST(madvise(copy, size, MADV_DONTNEED));
    expect_pid(copy + offset, "after MADV_DONTNEED");
    uint8_t *moved = mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, 0x200000000000);
    CHECK(moved == (void *)0x200000000000, "mremap: %s", strerror(errno));
    expect_pid(moved + offset, "moved away");
    MUST(mprotect(moved, size, PROT_READ | PROT_WRITE | PROT_EXEC));
    put_constant(moved + offset, 815);
    CHECK_EQ(run(moved + offset), 815, "patched by the program");
    put_call(moved + offset, SYS_getpid);
    expect_pid(moved + offset, "patched back by the program");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        expect_pid(moved + offset, "in a child");
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    MUST(munmap(moved, size));
    uint8_t *again = mmap(copy, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == copy, "mmap: %s", strerror(errno));
    for (size_t at = 0; at + 16 < size; at += 9973) {
        put_call(again + at, SYS_getpid);
        CHECK_EQ(run(again + at), getpid(), "code in place of the library");
    }
    MUST(munmap(again, size));
    say("a second libc: run, moved, patched, replaced\n");
}

/* Data where a library's text was: no rewriting of that text may reach it, nor take it back. */
static void expect_untouched(uint8_t *data, size_t size, const char *what)
{
    uint8_t *moved = mremap(data, size, size + (64 << 20), MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED, "%s: mremap: %s", what, strerror(errno));
    size_t changed = 0;
    for (size_t i = 0; i < size; i++) {
        changed += moved[i] != 'x';
    }
    CHECK_EQ(changed, 0, what);
    moved[0] = 'y';
    MUST(munmap(moved, size + (64 << 20)));
}

static uint8_t *fill(void *at, size_t size)
{
    uint8_t *data = mmap(at, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    CHECK(data != MAP_FAILED && (!at || data == at), "mmap: %s", strerror(errno));
    return memset(data, 'x', size);
}

static void test_data_in_place_of_text(void)
{
    int fd = libc_file.fd;
    struct stat status;
    MUST(fstat(fd, &status));
    size_t length = (size_t)status.st_size;
    size_t size = libc_file.size, half = size / 2 & ~(size_t)(PAGE - 1);
    CHECK(length != size, "a file of whole pages");
    off_t offset = libc_file.getpid;
    for (int round = 0; round < 6; round++) {
        uint8_t *text = mmap(NULL, length, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        CHECK(text != MAP_FAILED, "mmap: %s", strerror(errno));
        expect_pid(text + offset, "the library");
        uint8_t *data;
        switch (round) {
        case 0: /* a length that is no multiple of the page size */
            MUST(munmap(text, length));
            expect_untouched(fill(text, size), size, "after munmap");
            break;
        case 1:
            MUST(munmap(text, half));
            MUST(munmap(text + half, size - half));
            expect_untouched(fill(text, size), size, "after munmap of halves");
            break;
        case 2: /* a hole in the middle */
            MUST(munmap(text + half, 2 * PAGE));
            expect_pid(text + offset, "beside a hole");
            expect_untouched(fill(text + half, 2 * PAGE), 2 * PAGE, "in a hole");
            expect_pid(text + offset, "beside a hole that was used");
            MUST(munmap(text, size));
            break;
        case 3:
            data = mremap(fill(NULL, size), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, text);
            CHECK(data == text, "mremap: %s", strerror(errno));
            expect_untouched(data, size, "after mremap over it");
            break;
        case 4: { /* as on large pages: a copy of the text in its own place */
            uint8_t *copy = fill(NULL, size);
            memcpy(copy, text, length);
            data = mmap(text, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            CHECK(data == text, "mmap: %s", strerror(errno));
            memcpy(text, copy, length);
            expect_pid(text + offset, "a copy in its place");
            MUST(munmap(text, size));
            MUST(munmap(copy, size));
            break;
        }
        default: {
            int id = MUST(shmget(IPC_PRIVATE, size, IPC_CREAT | 0600));
            data = shmat(id, text, SHM_REMAP);
            CHECK(data == text, "shmat: %s", strerror(errno));
            MUST(shmctl(id, IPC_RMID, NULL));
            memset(data, 'x', size);
            data = mremap(data, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, 0x200000000000);
            CHECK(data == (void *)0x200000000000, "mremap: %s", strerror(errno));
            for (size_t i = 0; i < size; i++) {
                CHECK(data[i] == 'x', "byte %zu of shared memory changed", i);
            }
            MUST(munmap(data, size));
        }
        }
    }
    say("data in place of text: untouched\n");
}

/* ---------------------------------------------------------------- the program's own text */

__attribute__((section(".text.own"), aligned(PAGE), noipa)) static long own_call(void)
{
    return raw(SYS_getpid);
}
__attribute__((section(".text.own"), aligned(PAGE), noipa, used)) static long own_end(void)
{
    return 0;
}

static void test_own_text(void)
{
    uint8_t *page = (uint8_t *)(uintptr_t)own_call;
    CHECK_EQ(own_call(), getpid(), "at first");
    MUST(mprotect(page, PAGE, PROT_NONE));
    CHECK_EQ(run_faulting(page), SIGSEGV, "PROT_NONE");
    MUST(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(own_call(), getpid(), "after PROT_NONE");
    MUST(madvise(page, PAGE, MADV_DONTNEED));
    CHECK_EQ(own_call(), getpid(), "after MADV_DONTNEED");
    MUST(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    CHECK_EQ(own_call(), getpid(), "while writable");
    uint8_t before[16];
    memcpy(before, page, sizeof before);
    put_constant(page, 99);
    CHECK_EQ(own_call(), 99, "overwritten");
    memcpy(page, before, sizeof before);
    CHECK_EQ(own_call(), getpid(), "restored byte for byte");
    uint8_t *fresh = mmap(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(fresh == page, "mmap: %s", strerror(errno));
    put_call(page, SYS_getppid);
    CHECK_EQ(own_call(), getppid(), "other code in its place");
    say("own text: protected, overwritten, restored, replaced\n");
}

/* ---------------------------------------------------------------- made at run time */

static void test_jit(void)
{
    uint8_t *code = map_pages(4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 2000; i++) { /* rewritten over and over in place */
        uint8_t *at = code + (i * 61) % (2 * PAGE);
        if (i % 2) {
            put_call(at, SYS_getpid);
            CHECK_EQ(run(at), getpid(), "a call");
        } else {
            put_constant(at, (uint32_t)i);
            CHECK_EQ(run(at), i, "a constant");
        }
    }
    for (int i = 0; i < 100; i++) { /* never writable and executable at once */
        MUST(mprotect(code, 4 * PAGE, PROT_READ | PROT_WRITE));
        put_call(code + i, i % 2 ? SYS_getpid : SYS_getppid);
        MUST(mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC));
        CHECK_EQ(run(code + i), i % 2 ? getpid() : getppid(), "between protections");
        CHECK(memcmp(code + i + 5, "\x0f\x05", 2) == 0, "the program's bytes were changed");
    }
    MUST(munmap(code, 4 * PAGE));
    say("run-time code: in place, between protections\n");
}

/* The last two bytes before nothing: the call is made, then the next fetch faults. */
static void test_last_bytes(void)
{
    uint8_t *code = map_pages(2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    MUST(munmap(code + PAGE, PAGE));
    memcpy(code + PAGE - 7, "\xb8\x27\0\0\0\x0f\x05", 7);
    CHECK_EQ(run_faulting(code + PAGE - 7), SIGSEGV, "after the last bytes");
    CHECK(fault_rip == code + PAGE && fault_address == code + PAGE,
          "fault at %p for %p, expected %p", fault_rip, fault_address, (void *)(code + PAGE));
    code[PAGE - 1] = 0x0f; /* the instruction itself runs out */
    CHECK_EQ(run_faulting(code + PAGE - 1), SIGSEGV, "half an instruction");
    CHECK(fault_rip == code + PAGE - 1 && fault_address == code + PAGE, "fault at %p for %p",
          fault_rip, fault_address);
    MUST(munmap(code, PAGE));
    say("the last bytes of memory: RIP exact\n");
}

static volatile int stop;

static void *run_often(void *code)
{
    long wrong = 0, pid = getpid(), parent = getppid();
    while (!stop) {
        long result = run(code);
        wrong += result != pid && result != parent;
    }
    return (void *)wrong;
}

/* One thread changes the number that another's code calls with. */
static void test_cross_modification(void)
{
    uint8_t *code = map_pages(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    put_call(code + 7, SYS_getpid); /* the number is aligned: one write changes it */
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run_often, code + 7), 0, "pthread_create");
    for (int i = 0; i < 20000; i++) {
        *(volatile uint32_t *)(code + 8) = i % 2 ? SYS_getpid : SYS_getppid;
    }
    stop = 1;
    void *wrong;
    pthread_join(thread, &wrong);
    CHECK_EQ((long)wrong, 0, "wrong results");
    MUST(munmap(code, PAGE));
    say("changed while another thread runs it\n");
}

static void *map_and_unmap(void *argument)
{
    while (!stop) {
        MUST(munmap(map_pages(PAGE, PROT_READ | PROT_WRITE), PAGE));
    }
    return argument;
}

/*
 * What one thread unmaps, another may map again at once, with code: a monitor that drops what it
 * knew of a range after the range is free drops what belongs to the new code.
 */
static void test_ranges_taken_over(void)
{
    pthread_t threads[3];
    off_t page = libc_file.getpid & ~(off_t)(PAGE - 1);
    stop = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, map_and_unmap, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 300; i++) {
        uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, libc_file.fd, page);
        CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
        for (int call = 0; call < 4; call++) {
            sched_yield(); /* gives the others time to do the damage */
            CHECK_EQ(run(code + (libc_file.getpid - page)), getpid(), "code in a range taken over");
        }
        MUST(munmap(code, PAGE));
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    say("mapped 300 times where other threads unmap\n");
}

/* ---------------------------------------------------------------- other ways to executable memory
 */

/* The process may give no memory of its own the right to be executed, and nor may its children. */
static void deny_write_execute(void)
{
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0) {
        CHECK_EQ(errno, EINVAL, "PR_SET_MDWE");
        say("PR_SET_MDWE: skipped, it needs Linux 6.3\n");
        return;
    }
    uint8_t *code = mmap(NULL, libc_file.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, libc_file.fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    expect_pid(code + libc_file.getpid, "mapped under PR_SET_MDWE");
    void *data = map_pages(PAGE, PROT_READ | PROT_WRITE);
    CHECK(mprotect(data, PAGE, PROT_READ | PROT_EXEC) == -1 && errno == EACCES,
          "data was made executable");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        expect_pid(code + libc_file.getpid, "in a child");
        execl(program, program, "denied", NULL);
        _exit(9);
    }
    say("PR_SET_MDWE: the child %s\n", ending(wait_for(pid)));
}

/* The program that a process with PR_SET_MDWE executes. */
static int run_denied(void)
{
    say("PR_SET_MDWE: after exec %d\n", prctl(PR_GET_MDWE, 0, 0, 0, 0));
    CHECK_EQ(own_call(), getpid(), "own text");
    uint8_t *code = mmap(NULL, libc_file.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, libc_file.fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    expect_pid(code + libc_file.getpid, "mapped after exec");
    return 0;
}

static void read_implies_exec(void)
{
    if (personality(READ_IMPLIES_EXEC) == -1 && errno == EPERM) {
        _exit(2); /* refused: expected of a monitor that guards what is executable, and listed */
    }
    uint8_t *code = map_pages(PAGE, PROT_READ | PROT_WRITE);
    put_call(code, SYS_getpid);
    expect_pid(code, "READ_IMPLIES_EXEC");
}

static void executable_stack(void)
{
    uint8_t code[3 * PAGE];
    uint8_t *page = (uint8_t *)(((uintptr_t)code + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    MUST(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    put_call(page, SYS_getpid);
    expect_pid(page, "the stack");
}

static void executable_heap(void)
{
    uint8_t *code = (uint8_t *)(((uintptr_t)raw(SYS_brk, 0) + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    CHECK_EQ(raw(SYS_brk, code + 2 * PAGE), (long)(code + 2 * PAGE), "brk");
    MUST(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    put_call(code, SYS_getpid);
    expect_pid(code, "the heap");
}

/* The kernel protects it as a whole only. */
static void executable_vdso(void)
{
    char line[256];
    uintptr_t start = 0, end = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps, "/proc/self/maps");
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[vdso]")) {
            CHECK_EQ(sscanf(line, "%lx-%lx", &start, &end), 2, "a line of maps");
        }
    }
    fclose(maps);
    MUST(mprotect((void *)start, end - start, PROT_READ | PROT_WRITE | PROT_EXEC));
    struct timespec now;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0, "clock_gettime");
    ((volatile uint8_t *)end)[-1] = 1;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0, "clock_gettime after a write");
}

static void test_errors(void)
{
    int fd = code_file("code", SYS_getpid);
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    expect_pid(code, "after errors");
    CHECK_EQ(raw(SYS_mprotect, code + 1, PAGE, PROT_READ), -EINVAL, "misaligned");
    CHECK(mmap(code, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
                  MAP_FAILED &&
              errno == EEXIST,
          "MAP_FIXED_NOREPLACE");
    CHECK(mmap(code + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
                  MAP_FAILED &&
              errno == EINVAL,
          "MAP_FIXED misaligned");
    /* a failed replacement leaves what was there */
    CHECK(mmap(code, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED &&
              errno == EBADF,
          "MAP_FIXED of a bad descriptor");
    expect_pid(code, "after a failed replacement");
    MUST(munmap(code, PAGE));
    CHECK(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == -1 && errno == ENOMEM, "nothing there");
    void *hint = (void *)0x150000000000;
    CHECK(mmap(hint, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == hint, "a free hint");
    MUST(munmap(hint, PAGE));
    /* the kernel moves the vDSO as a whole only */
    struct timespec now;
    CHECK_EQ(raw(SYS_mremap, getauxval(AT_SYSINFO_EHDR), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                 hint),
             -EINVAL, "a part of the vDSO");
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0, "clock_gettime");
    close(fd);
    say("errors: all\n");
}

int main(int argc, char **argv)
{
    program = argv[0];
    open_libc();
    if (argc > 1) {
        return run_denied();
    }
    handle(SIGSEGV, recover, 0);
    handle(SIGILL, recover, 0);
    test_files();
    test_moves();
    test_reused_addresses();
    test_second_libc();
    test_data_in_place_of_text();
    test_own_text();
    test_jit();
    test_last_bytes();
    test_cross_modification();
    test_ranges_taken_over();
    say("read_implies_exec: %s\n", ending(in_child(read_implies_exec)));
    EXPECT_ENDING(executable_stack, "exit 0");
    EXPECT_ENDING(executable_heap, "exit 0");
    EXPECT_ENDING(executable_vdso, "exit 0");
    EXPECT_ENDING(deny_write_execute, "exit 0");
    test_errors();
    return 0;
}
