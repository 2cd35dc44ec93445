/*
 * The calls that map, change and unmap memory: what they give and refuse, and what is then in the
 * pages and may be done there. A monitor that gives the program its memory with a key of its own
 * makes several of them out of more than one call of the kernel's.
 */
#include "common.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#define PAGE 4096L
#define HUGE (2L << 20)

/* The end of what a process can have, with five levels of page tables too. */
#define END (1L << 56)

/* Of newer kernels and C libraries. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_COLD
#define MADV_COLD    20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static sigjmp_buf recovery;
static int fault_code;

static void recover(int signo, siginfo_t *info, void *context)
{
    (void)context;
    fault_code = info->si_code;
    siglongjmp(recovery, signo);
}

/* What comes of a load of one byte, or of a store. */
static const char *touch(volatile uint8_t *at, bool stores)
{
    int signo = sigsetjmp(recovery, 1);
    if (signo == SIGBUS) {
        return "SIGBUS";
    }
    if (signo != 0) {
        return fault_code == SEGV_MAPERR   ? "nothing is there"
               : fault_code == SEGV_ACCERR ? "not allowed"
                                           : "by a key";
    }
    uint8_t value = *at;
    if (stores) {
        *at = value;
    }
    return "works";
}

static void say_access(const char *what, void *at)
{
    const char *load = touch(at, false);
    say("%s: load %s, store %s\n", what, load, touch(at, true));
}

static void say_result(const char *what, long result)
{
    bool failed = (unsigned long)result > -4096UL;
    say("%s: %s\n", what, failed ? strerror((int)-result) : "done");
}

static long raw_map(void *at, long size, int protection, int flags, int fd, long offset)
{
    return raw(SYS_mmap, at, size, protection, flags, fd, offset);
}

/* Each page holds its own number, from `first`. */
static void number_pages(uint8_t *pages, long count, int first)
{
    for (long i = 0; i < count; i++) {
        memset(pages + i * PAGE, first + (int)i, PAGE);
    }
}

static void say_pages(const char *what, const uint8_t *pages, long count)
{
    say("%s:", what);
    for (long i = 0; i < count; i++) {
        CHECK_EQ(pages[i * PAGE], pages[i * PAGE + PAGE - 1], "one page, two contents");
        say(" %d", pages[i * PAGE]);
    }
    say("\n");
}

static uint8_t *numbered(long count)
{
    uint8_t *pages = map_pages((size_t)(count * PAGE), PROT_READ | PROT_WRITE);
    number_pages(pages, count, 1);
    return pages;
}

/* Address space where nothing is, with nothing near: a hole in a reservation that stays around it.
 */
static uint8_t *hole(long size)
{
    uint8_t *reserved = map_pages((size_t)(size + 2 * HUGE), PROT_NONE);
    MUST(munmap(reserved + HUGE, (size_t)size));
    return reserved + HUGE;
}

static int numbered_file(const char *name, long count)
{
    uint8_t *pages = numbered(count);
    int fd = MUST(open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CHECK_EQ(write(fd, pages, (size_t)(count * PAGE)), count * PAGE, "write");
    MUST(munmap(pages, (size_t)(count * PAGE)));
    return fd;
}

/* ------------------------------------------------------------------ mmap */

static void test_map_errors(void)
{
    const int any = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
    int file = numbered_file("file", 2), pipe_ends[2];
    int reads = MUST(open("file", O_RDONLY | O_CLOEXEC));
    int writes = MUST(open("file", O_WRONLY | O_CLOEXEC));
    int folder = MUST(open(".", O_RDONLY | O_CLOEXEC));
    uint8_t *occupied = numbered(1);
    MUST(pipe(pipe_ends));
    const struct {
        const char *what;
        long result;
    } calls[] = {
        {"length 0", raw_map(0, 0, both, any, -1, 0)},
        {"no kind", raw_map(0, PAGE, both, MAP_ANONYMOUS, -1, 0)},
        {"no such descriptor", raw_map(0, PAGE, both, MAP_PRIVATE, 1000000, 0)},
        {"offset within a page", raw_map(0, PAGE, PROT_READ, MAP_PRIVATE, file, 1)},
        {"offset beyond all", raw_map(0, PAGE, PROT_READ, MAP_PRIVATE, file, -PAGE)},
        {"unknown flag, validated", raw_map(0, PAGE, both, MAP_SHARED_VALIDATE | 1 << 22, file, 0)},
        {"known flags, validated", raw_map(0, PAGE, both, MAP_SHARED_VALIDATE, file, 0)},
        {"shared, to write, open to read", raw_map(0, PAGE, both, MAP_SHARED, reads, 0)},
        {"private, to write, open to read", raw_map(0, PAGE, both, MAP_PRIVATE, reads, 0)},
        {"open to write only", raw_map(0, PAGE, PROT_WRITE, MAP_SHARED, writes, 0)},
        {"a folder", raw_map(0, PAGE, PROT_READ, MAP_PRIVATE, folder, 0)},
        {"a pipe", raw_map(0, PAGE, PROT_READ, MAP_PRIVATE, pipe_ends[0], 0)},
        {"more than there is", raw_map(0, END, both, any, -1, 0)},
        {"size that overflows", raw_map(0, -1, both, any, -1, 0)},
        {"fixed within a page", raw_map(occupied + 1, PAGE, both, any | MAP_FIXED, -1, 0)},
        {"fixed beyond all", raw_map((void *)END, PAGE, both, any | MAP_FIXED, -1, 0)},
        {"over the end of all",
         raw_map((void *)(END - 2 * PAGE), 4 * PAGE, both, any | MAP_FIXED, -1, 0)},
        {"in use, not to replace", raw_map(occupied, PAGE, both, any | MAP_FIXED_NOREPLACE, -1, 0)},
        {"huge pages, none reserved", raw_map(0, HUGE, both, any | MAP_HUGETLB, -1, 0)},
        {"huge pages of no such size", raw_map(0, HUGE, both, any | MAP_HUGETLB | 13 << 26, -1, 0)},
        {"huge pages of a file", raw_map(0, HUGE, both, MAP_PRIVATE | MAP_HUGETLB, file, 0)},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        say_result(calls[i].what, calls[i].result);
    }
    say_pages("in use", occupied, 1);
}

static void test_addresses(void)
{
    uint8_t *free_place = hole(8 * PAGE);
    const int any = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
    CHECK(raw_map(free_place, PAGE, both, any, -1, 0) == (long)free_place, "a hint");
    CHECK(raw_map(free_place + PAGE + 5, PAGE, both, any, -1, 0) == (long)free_place + PAGE,
          "a hint within a page");
    CHECK(raw_map(free_place, PAGE, both, any, -1, 0) != (long)free_place, "a hint in use");
    CHECK(raw_map(free_place + 2 * PAGE, 1, both, any | MAP_FIXED, -1, 0) ==
              (long)free_place + 2 * PAGE,
          "one byte, fixed");
    CHECK(raw_map(free_place + 3 * PAGE, PAGE, both, any | MAP_FIXED_NOREPLACE, -1, 0) ==
              (long)free_place + 3 * PAGE,
          "free, not to replace");
    long low = raw_map(0, PAGE, both, any | MAP_32BIT, -1, 0);
    CHECK(low > 0 && low < 1L << 31, "MAP_32BIT gave 0x%lx", low);
    say_access("below 2 GiB", (void *)low);
    for (int i = 0; i < 5; i++) {
        say_access("fixed and hinted", free_place + i * PAGE);
    }
}

static void test_replacement(void)
{
    int file = numbered_file("file", 6);
    uint8_t *pages = numbered(8);
    const int both = PROT_READ | PROT_WRITE;
    CHECK(mmap(pages + 2 * PAGE, 3 * PAGE, both, MAP_PRIVATE | MAP_FIXED, file, 3 * PAGE) ==
              pages + 2 * PAGE,
          "a part replaced");
    say_pages("a part from a file", pages, 8);
    /* Over the border of two mappings, by memory that is shared. */
    CHECK(mmap(pages + 4 * PAGE, 2 * PAGE, both, MAP_SHARED | MAP_FIXED, file, 0) ==
              pages + 4 * PAGE,
          "over a border");
    say_pages("over a border", pages, 8);
    pages[4 * PAGE] = pages[5 * PAGE - 1] = 99;
    uint8_t byte = 0;
    CHECK_EQ(pread(file, &byte, 1, 0), 1, "pread");
    say("the file has %d\n", byte);
    /* What fails changes nothing. */
    say_result("replacement without a descriptor",
               raw_map(pages, 8 * PAGE, both, MAP_PRIVATE | MAP_FIXED, 1000000, 0));
    CHECK(mmap(pages + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              pages + PAGE,
          "closed");
    say_access("closed", pages + PAGE);
    say_access("beside it", pages);
    say_result("populated",
               raw_map(pages, 2 * PAGE, both, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file, 0));
    unsigned char resident[2] = {0};
    MUST(mincore(pages, 2 * PAGE, resident));
    say("resident: %d %d\n", resident[0] & 1, resident[1] & 1);
    /* Beyond the end of the file. */
    CHECK(mmap(pages, 8 * PAGE, both, MAP_SHARED | MAP_FIXED, file, 0) == pages, "whole");
    say_access("the last page of a file", pages + 5 * PAGE);
    say_access("behind the last page of a file", pages + 6 * PAGE);
}

static uint8_t *volatile in_sight;

static void *look_all_the_time(void *done)
{
    while (!__atomic_load_n((bool *)done, __ATOMIC_RELAXED)) {
        CHECK(in_sight[0] <= 1, "what is in neither mapping");
        in_sight[1] = 0;
    }
    return NULL;
}

/* Threads meet one mapping or the other, and nothing in between. */
static void test_replacement_in_sight(void)
{
    bool done = false;
    pthread_t thread;
    in_sight = map_pages(PAGE, PROT_READ | PROT_WRITE);
    CHECK_EQ(pthread_create(&thread, NULL, look_all_the_time, &done), 0, "pthread_create");
    for (int i = 0; i < 2000; i++) {
        CHECK(mmap(in_sight, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (i % 2 == 0 ? MAP_POPULATE : 0), -1,
                   0) == in_sight,
              "replaced");
        in_sight[0] = 1;
    }
    __atomic_store_n(&done, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}

static void test_growing_down(void)
{
    const int growing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN;
    long room = 4 * HUGE;
    uint8_t *lowest = hole(room), *start = lowest + room - 2 * PAGE;
    CHECK(mmap(start, 2 * PAGE, PROT_READ | PROT_WRITE, growing, -1, 0) == start, "growing");
    say_access("right below", start - PAGE);
    say_access("further below", start - 20 * PAGE);
    say_access("in between", start - 10 * PAGE);
    /* The gap to what lies below stays. */
    say_access("at the lower neighbour", lowest);
    say_result("the part of it that grew", raw(SYS_mprotect, start - 10 * PAGE, PAGE, PROT_READ));
    say_access("the part of it that grew", start - 10 * PAGE);
    say_result("with all that grows", raw(SYS_mprotect, start, PAGE, PROT_READ | PROT_GROWSDOWN));
    say_access("with all that grows", start - 20 * PAGE);
    MUST(munmap(start - 20 * PAGE, 22 * PAGE));
    say_access("taken away", start - PAGE);
}

static void test_huge_pages(void)
{
    uint8_t *place = hole(4 * HUGE);
    uint8_t *aligned = (uint8_t *)(((uintptr_t)place + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    CHECK(mmap(aligned, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
               -1, 0) == aligned,
          "two huge pages");
    say_result("MADV_HUGEPAGE", raw(SYS_madvise, aligned, 2 * HUGE, MADV_HUGEPAGE));
    memset(aligned, 7, 2 * HUGE);
    say_result("in the middle", raw(SYS_mprotect, aligned + HUGE / 2, PAGE, PROT_READ));
    say_access("in the middle", aligned + HUGE / 2);
    say_access("behind it", aligned + HUGE / 2 + PAGE);
    CHECK(mremap(aligned + HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, aligned) == aligned,
          "a huge page over another");
    say_pages("moved", aligned, 2);
    say_access("where it was", aligned + HUGE);
    say_result("MADV_NOHUGEPAGE", raw(SYS_madvise, aligned, HUGE, MADV_NOHUGEPAGE));
}

static long locked_kilobytes(void)
{
    static char status[8192];
    int fd = MUST(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    ssize_t size = read(fd, status, sizeof status - 1);
    CHECK(size > 0, "reading /proc/self/status");
    status[size] = '\0';
    close(fd);
    return atol(strstr(status, "VmLck:") + strlen("VmLck:"));
}

static void test_locked(void)
{
    struct rlimit limit = {64 * PAGE, 64 * PAGE};
    MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
    uint8_t *pages = numbered(8);
    const int any = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
    uint8_t *locked = mmap(NULL, 16 * PAGE, both, any | MAP_LOCKED, -1, 0);
    CHECK(locked != MAP_FAILED, "MAP_LOCKED");
    say("MAP_LOCKED: %ld\n", locked_kilobytes());
    CHECK(mmap(locked, 8 * PAGE, both, any | MAP_FIXED | MAP_LOCKED, -1, 0) == locked, "again");
    say("replaced: %ld\n", locked_kilobytes());
    say_access("locked", locked);
    say_result("mlock", raw(SYS_mlock, pages, 4 * PAGE));
    say_result("mlock from within a page", raw(SYS_mlock, pages + 4 * PAGE + 9, 1));
    say_result("mlock2", raw(SYS_mlock2, pages + 6 * PAGE, PAGE, MLOCK_ONFAULT));
    say_result("mlock2 with unknown flags", raw(SYS_mlock2, pages, PAGE, 64));
    say("by calls: %ld\n", locked_kilobytes());
    say_result("munlock", raw(SYS_munlock, pages, 8 * PAGE));
    MUST(munmap(locked + 8 * PAGE, 8 * PAGE));
    say("taken away: %ld\n", locked_kilobytes());
    MUST(munmap(pages + 3 * PAGE, PAGE));
    say_result("over a hole", raw(SYS_mlock, pages, 8 * PAGE));
    say_result("beyond the limit, mapped", raw_map(0, 65 * PAGE, both, any | MAP_LOCKED, -1, 0));
    uint8_t *large = map_pages(65 * PAGE, both);
    say_result("beyond the limit", raw(SYS_mlock, large, 65 * PAGE));
    say_result("beyond the limit, grown",
               raw(SYS_mremap, locked, 8 * PAGE, 65 * PAGE, MREMAP_MAYMOVE, 0));
    say_result("all that comes, no flags", raw(SYS_mlockall, 0));
}

/* ------------------------------------------------------------------ madvise */

static uint8_t *shown;

static void show_in_child(void)
{
    say_pages("in a child", shown, 2);
}

static void touch_in_child(void)
{
    say_access("in a child", shown);
}

static void test_advice(void)
{
    static const int harmless[] = {
        MADV_NORMAL,  MADV_RANDOM,   MADV_SEQUENTIAL, MADV_WILLNEED,      MADV_COLD,
        MADV_PAGEOUT, MADV_DONTDUMP, MADV_DODUMP,     MADV_POPULATE_READ, MADV_POPULATE_WRITE};
    uint8_t *pages = numbered(4);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        say_result("advice", raw(SYS_madvise, pages, 4 * PAGE, harmless[i]));
    }
    say_pages("after it", pages, 4);
    say_result("no such advice", raw(SYS_madvise, pages, PAGE, 9999));
    say_result("within a page", raw(SYS_madvise, pages + 1, PAGE, MADV_DONTNEED));
    say_result("length 0", raw(SYS_madvise, pages, 0, MADV_DONTNEED));
    say_result("MADV_DONTNEED", raw(SYS_madvise, pages + PAGE, PAGE + 1, MADV_DONTNEED));
    say_pages("MADV_DONTNEED", pages, 4);
    say_result("MADV_FREE", raw(SYS_madvise, pages, PAGE, MADV_FREE));
    number_pages(pages, 4, 11);
    say_pages("written after MADV_FREE", pages, 4);
    MUST(munmap(pages + PAGE, PAGE));
    say_result("over a hole", raw(SYS_madvise, pages, 3 * PAGE, MADV_DONTNEED));
    say_pages("behind the hole", pages + 2 * PAGE, 2);

    shown = numbered(2);
    say_result("MADV_WIPEONFORK", raw(SYS_madvise, shown, PAGE, MADV_WIPEONFORK));
    EXPECT_ENDING(show_in_child, "exit 0");
    say_result("MADV_KEEPONFORK", raw(SYS_madvise, shown, PAGE, MADV_KEEPONFORK));
    EXPECT_ENDING(show_in_child, "exit 0");
    say_result("MADV_DONTFORK", raw(SYS_madvise, shown, PAGE, MADV_DONTFORK));
    EXPECT_ENDING(touch_in_child, "exit 0");
    say_result("MADV_DOFORK", raw(SYS_madvise, shown, PAGE, MADV_DOFORK));
    EXPECT_ENDING(touch_in_child, "exit 0");

    int file = numbered_file("file", 2);
    uint8_t *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    uint8_t *own = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    number_pages(own, 2, 50);
    say_result("MADV_DONTNEED of a file", raw(SYS_madvise, own, 2 * PAGE, MADV_DONTNEED));
    say_pages("MADV_DONTNEED of a file", own, 2);
    say_result("MADV_REMOVE", raw(SYS_madvise, shared, PAGE, MADV_REMOVE));
    say_result("MADV_REMOVE of private pages", raw(SYS_madvise, own, PAGE, MADV_REMOVE));
    say_pages("MADV_REMOVE", own, 2);
}

/* ------------------------------------------------------------------ mprotect, munmap */

/* Where the processor has keys the kernel takes one, by which such pages are not even read. */
static void test_execution_alone(void)
{
    uint8_t *code = numbered(1);
    code[0] = 0xc3; /* ret */
    say_result("only to execute", raw(SYS_mprotect, code, PAGE, PROT_EXEC));
    void (*function)(void);
    memcpy(&function, &code, sizeof function);
    function();
    say_access("only to execute", code);
    say_result("to write again", raw(SYS_mprotect, code, PAGE, PROT_READ | PROT_WRITE));
    say_access("to write again", code);
    uint8_t *made = map_pages(PAGE, PROT_EXEC);
    say_access("made only to execute", made);
    say_result("made only to execute, to write", raw(SYS_mprotect, made, PAGE, PROT_WRITE));
    say_access("made only to execute, to write", made);
}

static void test_protection(void)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE};
    int file = numbered_file("file", 2), reads = MUST(open("file", O_RDONLY | O_CLOEXEC));
    uint8_t *pages = numbered(4);
    for (size_t i = 0; i < sizeof protections / sizeof protections[0]; i++) {
        char what[32];
        snprintf(what, sizeof what, "protection %d", protections[i]);
        say_result(what, raw(SYS_mprotect, pages + PAGE, PAGE, protections[i]));
        say_access(what, pages + PAGE);
    }
    say_pages("all of it", pages, 4);
    say_result("within a page", raw(SYS_mprotect, pages + 1, PAGE, PROT_READ));
    say_result("length 0", raw(SYS_mprotect, pages, 0, PROT_READ));
    say_result("no such protection", raw(SYS_mprotect, pages, PAGE, 0x100));
    say_result("downwards, where nothing grows",
               raw(SYS_mprotect, pages, PAGE, PROT_READ | PROT_GROWSDOWN));
    say_result("up and down",
               raw(SYS_mprotect, pages, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
    say_result("size that overflows", raw(SYS_mprotect, pages, -PAGE, PROT_READ));
    MUST(munmap(pages + 2 * PAGE, PAGE));
    say_result("over a hole", raw(SYS_mprotect, pages, 4 * PAGE, PROT_READ));
    say_access("before the hole", pages + PAGE);
    say_access("in the hole", pages + 2 * PAGE);
    say_access("behind the hole", pages + 3 * PAGE);
    uint8_t *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reads, 0);
    say_result("to write, shared, open to read",
               raw(SYS_mprotect, shared, PAGE, PROT_READ | PROT_WRITE));
    say_access("to write, shared, open to read", shared);
    uint8_t *own = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, reads, 0);
    say_result("to write, private", raw(SYS_mprotect, own, PAGE, PROT_READ | PROT_WRITE));
    own[0] = 77;
    uint8_t byte = 0;
    CHECK_EQ(pread(file, &byte, 1, 0), 1, "pread");
    say("the file has %d\n", byte);

    uint8_t *rest = numbered(5);
    say_result("munmap within a page", raw(SYS_munmap, rest + 1, PAGE));
    say_result("munmap of nothing", raw(SYS_munmap, rest, 0));
    say_result("munmap beyond all", raw(SYS_munmap, rest, END));
    say_result("munmap of the middle", raw(SYS_munmap, rest + PAGE, 2 * PAGE));
    say_result("once more", raw(SYS_munmap, rest + PAGE, 2 * PAGE));
    say_access("the hole", rest + 2 * PAGE);
    say_access("behind it", rest + 3 * PAGE);
    unsigned char resident[5];
    say_result("mincore over a hole", raw(SYS_mincore, rest, 5 * PAGE, resident));
    say_result("msync over a hole", raw(SYS_msync, rest, 5 * PAGE, MS_SYNC));
    say_result("msync both ways", raw(SYS_msync, rest, PAGE, MS_SYNC | MS_ASYNC));
}

/* ------------------------------------------------------------------ mremap, remap_file_pages */

static void test_move_errors(void)
{
    uint8_t *pages = numbered(4), *other = numbered(1);
    long at = (long)pages, to = (long)hole(8 * PAGE);
    const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    say_result("within a page", raw(SYS_mremap, at + 1, PAGE, PAGE, 0, 0));
    say_result("to length 0", raw(SYS_mremap, at, PAGE, 0, 0, 0));
    say_result("private from length 0", raw(SYS_mremap, at, 0, PAGE, MREMAP_MAYMOVE, 0));
    say_result("no such flags", raw(SYS_mremap, at, PAGE, PAGE, 64, 0));
    say_result("fixed, not to move", raw(SYS_mremap, at, PAGE, PAGE, MREMAP_FIXED, to));
    say_result("to within a page", raw(SYS_mremap, at, PAGE, PAGE, fixed, to + 1));
    say_result("onto itself", raw(SYS_mremap, at, 2 * PAGE, 2 * PAGE, fixed, at + PAGE));
    say_result("beyond all", raw(SYS_mremap, at, PAGE, PAGE, fixed, END));
    say_result("larger than all", raw(SYS_mremap, at, PAGE, END, MREMAP_MAYMOVE, 0));
    say_result("in the way", raw(SYS_mremap, at, 2 * PAGE, 4 * PAGE, 0, 0));
    say_result("staying, with another size",
               raw(SYS_mremap, at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
    MUST(munmap(pages + 2 * PAGE, PAGE));
    say_result("over a hole", raw(SYS_mremap, at, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, 0));
    say_result("nothing", raw(SYS_mremap, at + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0));
    MUST(mprotect(pages, PAGE, PROT_READ));
    say_result("over two protections", raw(SYS_mremap, at, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0));
    say_pages("unchanged", pages, 2);
    say_pages("and beside it", other, 1);
}

static void test_moves(void)
{
    uint8_t *place = hole(16 * PAGE);
    uint8_t *pages = mmap(place, 4 * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    number_pages(pages, 4, 1);
    CHECK_EQ(raw(SYS_mremap, pages, 4 * PAGE, 8 * PAGE, 0, 0), (long)pages, "in place");
    say_pages("in place", pages, 8);
    CHECK_EQ(raw(SYS_mremap, pages, 8 * PAGE, 3 * PAGE, 0, 0), (long)pages, "smaller");
    say_access("cut off", pages + 3 * PAGE);
    uint8_t *moved = mremap(pages, 3 * PAGE, HUGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != pages, "larger than the hole");
    say_pages("moved", moved, 4);
    say_access("the new part", moved + 3 * PAGE);
    say_access("the old place", pages);
    CHECK(mremap(moved, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 4 * PAGE) ==
              place + 4 * PAGE,
          "to a place");
    say_pages("at the place", place + 4 * PAGE, 3);
    say_access("the rest", moved + 2 * PAGE);
    MUST(mprotect(place + 4 * PAGE, 3 * PAGE, PROT_READ));
    uint8_t *closed = mremap(place + 4 * PAGE, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
    say_access("moved, to read only", closed + 4 * PAGE);
    uint8_t *stays = numbered(2);
    uint8_t *taken = mremap(stays, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    CHECK(taken != MAP_FAILED, "MREMAP_DONTUNMAP: %s", strerror(errno));
    say_pages("taken", taken, 2);
    say_pages("left", stays, 2);
    int file = numbered_file("file", 2);
    uint8_t *of_file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    of_file = mremap(of_file, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    say_access("a file, grown over its end", of_file + 2 * PAGE);
    MUST(ftruncate(file, 4 * PAGE));
    say_access("and then the file, too", of_file + 2 * PAGE);
}

static void test_file_pages(void)
{
    int file = numbered_file("file", 6), reads = MUST(open("file", O_RDONLY | O_CLOEXEC));
    const int both = PROT_READ | PROT_WRITE;
    uint8_t *pages = mmap(NULL, 6 * PAGE, both, MAP_SHARED, file, 0);
    say_result("in another order", raw(SYS_remap_file_pages, pages, 2 * PAGE, 0, 4, 0));
    say_result("from within a page",
               raw(SYS_remap_file_pages, pages + 4 * PAGE + 7, PAGE, 0, 0, 0));
    say_pages("in another order", pages, 6);
    say_access("to read and write", pages);
    number_pages(pages, 1, 44);
    uint8_t byte = 0;
    CHECK_EQ(pread(file, &byte, 1, 4 * PAGE), 1, "pread");
    say("the file has %d\n", byte);
    MUST(mprotect(pages + 2 * PAGE, PAGE, PROT_READ));
    say_result("to read", raw(SYS_remap_file_pages, pages + 2 * PAGE, PAGE, 0, 5, 0));
    say_access("to read", pages + 2 * PAGE);
    say_result("with a protection", raw(SYS_remap_file_pages, pages, PAGE, PROT_READ, 0, 0));
    say_result("less than a page", raw(SYS_remap_file_pages, pages, 100, 0, 0, 0));
    uint8_t *own = mmap(NULL, PAGE, both, MAP_PRIVATE, file, 0);
    say_result("private", raw(SYS_remap_file_pages, own, PAGE, 0, 1, 0));
    uint8_t *seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reads, 0);
    say_result("open to read", raw(SYS_remap_file_pages, seen, PAGE, 0, 1, 0));
    say_result("nothing", raw(SYS_remap_file_pages, hole(PAGE), PAGE, 0, 1, 0));
    say_pages("private and open to read", own, 1);
}

/* ------------------------------------------------------------------ shared memory, the stack */

static void test_shared_segments(void)
{
    int id = MUST(shmget(IPC_PRIVATE, 2 * PAGE + 1, IPC_CREAT | 0600));
    uint8_t *place = hole(8 * PAGE), *first = shmat(id, NULL, 0);
    CHECK(first != (void *)-1, "shmat: %s", strerror(errno));
    number_pages(first, 3, 1);
    CHECK_EQ(raw(SYS_shmat, id, place, 0), (long)place, "at an address");
    say_pages("seen twice", place, 3);
    say_result("in use", raw(SYS_shmat, id, place + PAGE, 0));
    say_result("within a page", raw(SYS_shmat, id, place + 4 * PAGE + 1, 0));
    CHECK_EQ(raw(SYS_shmat, id, place + 4 * PAGE + 1, SHM_RND), (long)place + 4 * PAGE, "rounded");
    uint8_t *seen = shmat(id, NULL, SHM_RDONLY);
    say_access("to read", seen);
    say_result("to write, attached to read", raw(SYS_mprotect, seen, PAGE, PROT_WRITE));
    uint8_t *replaced = numbered(4);
    say_result("to replace nothing given", raw(SYS_shmat, id, 0, SHM_REMAP));
    CHECK_EQ(raw(SYS_shmat, id, replaced, SHM_REMAP), (long)replaced, "replaced");
    number_pages(first, 3, 21);
    say_pages("replaced", replaced, 4);
    say_access("replaced", replaced);
    say_result("the middle of it", raw(SYS_shmdt, replaced + PAGE));
    say_result("detached", raw(SYS_shmdt, replaced));
    say_access("detached", replaced);
    say_access("behind it", replaced + 3 * PAGE);
    MUST(shmctl(id, IPC_RMID, NULL));
    say_pages("removed, still attached", first, 3);
    say_result("no such segment", raw(SYS_shmat, id + 4096, 0, 0));
    for (uint8_t **at = (uint8_t *[]){first, place, place + 4 * PAGE, seen, NULL}; *at; at++) {
        MUST(shmdt(*at));
    }
    say_result("gone", raw(SYS_shmat, id, 0, 0));
}

static void share_with_child(void)
{
    number_pages(shown, 1, 33);
}

static void test_fork(void)
{
    const int both = PROT_READ | PROT_WRITE;
    shown = mmap(NULL, PAGE, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_ENDING(share_with_child, "exit 0");
    say_pages("shared", shown, 1);
    shown = numbered(1);
    EXPECT_ENDING(share_with_child, "exit 0");
    say_pages("private", shown, 1);
}

static int deep(int depth)
{
    volatile uint8_t frame[PAGE];
    frame[0] = (uint8_t)depth;
    return depth == 0 ? 0 : deep(depth - 1) + frame[0] - frame[0];
}

static void overflow_stack(void)
{
    MUST(setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, RLIM_INFINITY}));
    disposition(SIGSEGV, SIG_DFL);
    deep(1000000);
}

static void test_stack(void)
{
    uint8_t *here = __builtin_frame_address(0);
    CHECK_EQ(deep(1000), 0, "4 MiB of stack");
    say_access("below the stack, within its limit", here - (6L << 20));
    EXPECT_ENDING(overflow_stack, "signal 11");
}

static void test_seals(void)
{
    const int both = PROT_READ | PROT_WRITE;
    int fd = (int)raw(SYS_memfd_create, "sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    MUST(fd);
    MUST(ftruncate(fd, 2 * PAGE));
    uint8_t *shared = mmap(NULL, PAGE, both, MAP_SHARED, fd, 0);
    say_result("sealed while it is mapped", raw(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE));
    MUST(munmap(shared, PAGE));
    say_result("sealed", raw(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE));
    say_result("to write", raw_map(0, PAGE, both, MAP_SHARED, fd, 0));
    say_result("to write, private", raw_map(0, PAGE, both, MAP_PRIVATE, fd, 0));
    uint8_t *seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (seen != MAP_FAILED) { /* kernels before 6.7 take it for one that may be written later */
        CHECK_EQ(raw(SYS_mprotect, seen, PAGE, both), -EACCES, "to write, later");
    }
}

int main(void)
{
    handle(SIGSEGV, recover, 0);
    handle(SIGBUS, recover, 0);
    test_map_errors();
    test_addresses();
    test_replacement();
    test_replacement_in_sight();
    test_growing_down();
    test_huge_pages();
    test_locked();
    test_advice();
    test_protection();
    test_execution_alone();
    test_move_errors();
    test_moves();
    test_file_pages();
    test_shared_segments();
    test_fork();
    test_stack();
    test_seals();
    return 0;
}
