/*
 * What the attack programs share. Each tries to reach one goal and says so in one line:
 *
 *     goal: reached                    exit status 0
 *     goal: not reached (WHY)          exit status 1; WHY is one word, an errno or a signal where
 * it is one
 *
 * A check of common.h that fails ends a program without that line: it could not do its work.
 */
#ifndef ATTACKS_ATTACK_H
#define ATTACKS_ATTACK_H

#include "../differential/common.h"
#include <cpuid.h>
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1) /* arch/x86/include/uapi/asm/hwcap2.h */
#endif

#define PAGE 4096UL

/* ------------------------------------------------------------------ the line */

__attribute__((noreturn)) static inline void reached(void)
{
    say("goal: reached\n");
    _exit(0);
}

__attribute__((format(printf, 1, 2), noreturn)) static inline void not_reached(const char *why, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, why);
    vsnprintf(text, sizeof text, why, arguments);
    va_end(arguments);
    say("goal: not reached (%s)\n", text);
    _exit(1);
}

/* How a child ended, in one word. */
static inline const char *ending_word(int status)
{
    static char text[32];
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "SIG%s", sigabbrev_np(WTERMSIG(status)));
    } else {
        snprintf(text, sizeof text, "exit-%d", WEXITSTATUS(status));
    }
    return text;
}

/* ------------------------------------------------------------------ a call that tells who answers
 */

/*
 * modify_ldt asked to write an entry of no size: the kernel says EINVAL, as an int, and the monitor
 * EPERM. It changes nothing, whoever answers.
 */
#define PROBE_CALL  SYS_modify_ldt
#define PROBE_WRITE 1
#define PROBE_I386  123 /* of the 32-bit interface */

static inline bool answered_by_kernel(long result)
{
    CHECK((int)result == -EINVAL || result == -EPERM || result == -ENOSYS,
          "the probe was answered with %ld", result);
    return (int)result == -EINVAL;
}

/* The goal was a call that nobody but the kernel sees. */
__attribute__((noreturn)) static inline void judge_probe(long result)
{
    if (answered_by_kernel(result)) {
        reached();
    }
    not_reached("%s", strerrorname_np((int)-result));
}

/* ------------------------------------------------------------------ code made at run time */

/* A page with this code at its start, read and execute; below 4 GiB when flags say MAP_32BIT. */
static inline void *code_page(const void *code, size_t size, int flags)
{
    uint8_t *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    CHECK(page != MAP_FAILED && size <= PAGE, "mmap: %s", strerror(errno));
    memcpy(page, code, size);
    CHECK_EQ(mprotect(page, PAGE, PROT_READ | PROT_EXEC), 0, "mprotect");
    return page;
}

typedef long call_code(long a, long b, long c, long d, long e, long f, long nr);

/* A call by a `syscall` that no file holds: call_code in a page of its own. */
static const uint8_t call_bytes[] = {
    0x49, 0x89, 0xca,             /* mov %rcx, %r10 */
    0x48, 0x8b, 0x44, 0x24, 0x08, /* mov 8(%rsp), %rax */
    0x0f, 0x05,                   /* syscall */
    0xc3,                         /* ret */
};

static inline call_code *as_call(const void *code)
{
    call_code *call;
    memcpy(&call, &code, sizeof call);
    return call;
}

static inline call_code *unseen_call(void)
{
    return as_call(code_page(call_bytes, sizeof call_bytes, 0));
}

static inline long probe_by(call_code *call)
{
    return call(PROBE_WRITE, 0, 0, 0, 0, 0, PROBE_CALL);
}

/* ------------------------------------------------------------------ the monitor, from inside */

struct range {
    uintptr_t start, end;
};

/* The mapping of the monitor image with these rights ("r-xp"), found as a program can; or none. */
static inline struct range monitor_image(const char *rights)
{
    struct range found = {0, 0};
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL, "/proc/self/maps: %s", strerror(errno));
    while (found.start == 0 && fgets(line, sizeof line, maps)) {
        char got[8];
        struct range range;
        if (strstr(line, "/memfd:endorun (deleted)") &&
            sscanf(line, "%lx-%lx %7s", &range.start, &range.end, got) == 3 &&
            strcmp(got, rights) == 0) {
            found = range;
        }
    }
    fclose(maps);
    return found;
}

/* The next anonymous mapping of the file that can be executed and not written; false: none more. */
static inline bool next_anonymous_code(FILE *maps, struct range *range)
{
    char line[512], rights[5];
    unsigned long inode;
    while (fgets(line, sizeof line, maps) != NULL) {
        CHECK(sscanf(line, "%lx-%lx %4s %*x %*s %lu", &range->start, &range->end, rights, &inode) ==
                  4,
              "%s", line);
        if (strcmp(rights, "r-xp") == 0 && inode == 0) {
            return true;
        }
    }
    return false;
}

static inline bool under_monitor(void)
{
    return monitor_image("r-xp").start != 0;
}

/* By protection keys: the program's rights say so. */
static inline bool monitor_is_closed(void)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (ecx & 1U << 4) == 0) {
        return false;
    }
    __asm__ volatile("rdpkru" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 1) != 0;
}

/* Where only keys stop an attack, and there are none: a race goes on until it is won. */
static inline bool must_win(void)
{
    return !under_monitor() || !monitor_is_closed();
}

/*
 * The addresses of these bytes in the monitor's text, no more than `max`. They are looked for in
 * endorun's file, since the text may be closed to loads: the image is a part of that, at some
 * multiple of 16.
 */
static inline size_t find_in_image(const uint8_t *bytes, size_t length, uintptr_t *found,
                                   size_t max)
{
    struct range text = monitor_image("r-xp");
    const char *path = getenv("ATTACK_ENDORUN");
    CHECK(path != NULL, "ATTACK_ENDORUN is not set");
    int fd = MUST(open(path, O_RDONLY | O_CLOEXEC));
    struct stat status;
    MUST(fstat(fd, &status));
    size_t size = (size_t)status.st_size, image = 0, count = 0;
    const uint8_t *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(file != MAP_FAILED, "mmap: %s", strerror(errno));
    for (size_t at = 16; at + 64 < size && image == 0; at += 16) {
        image = memcmp(file + at, "\177ELF\2\1\1", 7) == 0 && file[at + 16] == 3 ? at : 0;
    }
    CHECK(image != 0, "no image in %s", path);
    const Elf64_Ehdr *header = (const void *)(file + image);
    const Elf64_Phdr *segment = (const void *)(file + image + header->e_phoff);
    while (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0) {
        segment++;
    }
    image += segment->p_offset;
    for (size_t at = 0; at < text.end - text.start && image + at + length <= size; at++) {
        if (count < max && memcmp(file + image + at, bytes, length) == 0) {
            found[count++] = text.start + at;
        }
    }
    munmap((void *)(uintptr_t)file, size);
    close(fd);
    return count;
}

/* The thread block of the calling thread: the base of %gs, and its first word, where it can be
 * read. */
static inline uint64_t *thread_block(void)
{
    uint64_t *block;
    if ((getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0) {
        __asm__ volatile("rdgsbase %0" : "=r"(block));
    } else {
        __asm__ volatile("movq %%gs:0, %0" : "=r"(block));
    }
    return block;
}

/*
 * What an attack on memory aims at: the page below the calling thread's block. It belongs to the
 * thread area, and the monitor seldom uses it, so that an attack which succeeds can still tell.
 * Natively, a page that the program closed to its own stores.
 */
static inline uint64_t *target_page(void)
{
    if (under_monitor()) {
        return thread_block() - PAGE / sizeof(uint64_t);
    }
    uint64_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    CHECK_EQ(mprotect(page, PAGE, PROT_READ), 0, "mprotect");
    return page;
}

/* The same where the point is who is told to write: natively a page like any other. */
static inline uint64_t *target_page_for_kernel(void)
{
    return under_monitor() ? target_page() : map_pages(PAGE, PROT_READ | PROT_WRITE);
}

#define FOREIGN_VALUE 0xa5a5a5a5a5a5a5a5UL

static inline bool is_changed(const uint64_t *target)
{
    return *(const volatile uint64_t *)target == FOREIGN_VALUE;
}

/*
 * For attacks with several ways to one goal: a way that is closed while another is open would be
 * hidden by it, so all must end alike.
 */
static inline void judge_ways(int ways, int succeeded, int error)
{
    CHECK(succeeded == 0 || succeeded == ways, "%d of %d ways succeeded", succeeded, ways);
    if (succeeded > 0) {
        reached();
    }
    not_reached("%s", strerrorname_np(error));
}

/* ------------------------------------------------------------------ a child that may be destroyed
 */

struct report {
    volatile int done;
    volatile int value;
};

/*
 * Runs an attack in a child that may wreck the monitor, and so its own way to report: it leaves its
 * result in shared memory by plain stores and spins. Gives what it left; ended by a signal,
 * -signal.
 */
static inline int in_expendable_child(int (*attack)(void))
{
    struct report *report =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(report != MAP_FAILED, "mmap: %s", strerror(errno));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        report->value = attack();
        report->done = 1;
        for (;;) {
            __asm__ volatile("pause");
        }
    }
    int status = 0, value;
    pid_t ended = 0;
    while (!report->done && ended == 0) {
        ended = waitpid(pid, &status, WNOHANG);
        sched_yield();
    }
    if (ended == 0) {
        MUST(kill(pid, SIGKILL));
        wait_for(pid);
    }
    value = report->done          ? report->value
            : WIFSIGNALED(status) ? -WTERMSIG(status)
                                  : -1000 - WEXITSTATUS(status);
    munmap(report, PAGE);
    return value;
}

#endif
