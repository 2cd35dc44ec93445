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

/* A program at fixed addresses without an interpreter, such as valgrind, reads what it maps. */
static void compare_mapped_text(const char *program)
{
    Elf64_Ehdr header;
    int fd = MUST(open(program, O_RDONLY));
    CHECK_EQ(read(fd, &header, sizeof header), (ssize_t)sizeof header, "read");
    bool loads_itself = header.e_type == ET_EXEC;
    Elf64_Phdr text = {0};
    for (int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        off_t at = (off_t)(header.e_phoff + (size_t)i * sizeof segment);
        CHECK_EQ(pread(fd, &segment, sizeof segment, at), (ssize_t)sizeof segment, "read");
        loads_itself = loads_itself && segment.p_type != PT_INTERP;
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X)) {
            text = segment;
        }
    }
    if (loads_itself) {
        off_t offset = (off_t)(text.p_offset & ~4095UL);
        const uint8_t *memory =
            mmap(NULL, text.p_filesz, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset);
        CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
        uint8_t *file = malloc(text.p_filesz);
        CHECK(file, "malloc");
        CHECK_EQ(pread(fd, file, text.p_filesz, offset), (ssize_t)text.p_filesz, "read");
        bool same = memcmp(memory, file, text.p_filesz) == 0;
        say("text that the program maps: %s\n", same ? "is the file's" : "differs from the file");
    }
    close(fd);
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
    compare_mapped_text(argv[0]);
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
