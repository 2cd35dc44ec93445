/*
 * What a program may read of itself, though few do: the bytes of its own text, and the kernel's
 * view of its signals in /proc. A rewriter and an emulation of signals show here; the differences
 * are listed in the file `divergences`.
 */
#include "common.h"
#include <elf.h>
#include <link.h>

/* ---------------------------------------------------------------- text */

/* Compares the executable segment in memory with the file, as checksumming programs do. */
static int compare_text(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    const char *program = argument;
    int fd = MUST(open(program, O_RDONLY));
    size_t different = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const Elf64_Phdr *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) {
            continue;
        }
        const uint8_t *memory = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
        uint8_t *file = malloc(segment->p_filesz);
        CHECK(file, "malloc");
        CHECK_EQ(pread(fd, file, segment->p_filesz, (off_t)segment->p_offset), segment->p_filesz,
                 "read");
        for (size_t at = 0; at < segment->p_filesz; at++) {
            different += memory[at] != file[at];
        }
        free(file);
    }
    close(fd);
    say("the program's text: %s\n", different ? "differs from the file" : "is the file's");
    return 1; /* the program comes first, and is all that is looked at */
}

/* ---------------------------------------------------------------- /proc/self/status */

static uint64_t status_mask(const char *field)
{
    static char text[8192];
    int fd = MUST(open("/proc/self/status", O_RDONLY));
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(length > 0, "/proc/self/status");
    text[length] = '\0';
    const char *found = strstr(text, field);
    CHECK(found, "%s in /proc/self/status", field);
    return strtoull(found + strlen(field), NULL, 16);
}

static void handler(int signo)
{
    (void)signo;
}

static void say_masks(const char *when)
{
    const uint64_t monitors = SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS);
    say("%s: SigBlk of others 0x%llx\n", when,
        (unsigned long long)(status_mask("\nSigBlk:") & ~monitors));
    say("%s: SigBlk of SIGSYS, SIGSEGV and SIGBUS 0x%llx\n", when,
        (unsigned long long)(status_mask("\nSigBlk:") & monitors));
    say("%s: SigIgn of others 0x%llx\n", when,
        (unsigned long long)(status_mask("\nSigIgn:") & ~monitors));
    say("%s: SigCgt of others 0x%llx\n", when,
        (unsigned long long)(status_mask("\nSigCgt:") & ~monitors));
    say("%s: SigCgt of SIGSYS, SIGSEGV and SIGBUS 0x%llx\n", when,
        (unsigned long long)(status_mask("\nSigCgt:") & monitors));
}

int main(int argc, char **argv)
{
    (void)argc;
    dl_iterate_phdr(compare_text, argv[0]);
    say_masks("at the start");
    disposition(SIGUSR1, handler);
    disposition(SIGTERM, SIG_IGN);
    raw_mask(SIG_SETMASK,
             SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGHUP));
    say_masks("with everything set");
    say("Threads: %llu, Seccomp: %llu, NoNewPrivs: %llu, TracerPid: %llu\n",
        (unsigned long long)status_mask("\nThreads:"),
        (unsigned long long)status_mask("\nSeccomp:"),
        (unsigned long long)status_mask("\nNoNewPrivs:"),
        (unsigned long long)status_mask("\nTracerPid:"));
    return 0;
}
