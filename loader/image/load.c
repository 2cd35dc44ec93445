#include "load.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../policy/enforce/enforce.h"

#define PIE_BASE         0x555555554000UL /* ELF_ET_DYN_BASE: 2/3 of the address space */
#define PIE_RANDOM_PAGES (1UL << 28)      /* vm.mmap_rnd_bits as kernels are built */
#define BRK_RANDOM_PAGES (1UL << 13)      /* 32 MiB, arch_randomize_brk() */

static uint64_t random_pages(bool randomize, uint64_t pages)
{
    uint64_t number = 0;
    if (!randomize || SYS3(__NR_getrandom, &number, sizeof number, 0) < 0) {
        return 0;
    }
    return (number % pages) * PAGE_SIZE;
}

static enum elf_error map_program(const struct elf_file *file, bool randomize,
                                  struct elf_image *image)
{
    if (file->type == ET_EXEC || !file->has_interpreter) {
        return elf_map(file, 0, image);
    }
    enum elf_error error = ELF_NO_MEMORY;
    for (int tries = 0; tries < 8 && error != ELF_FINE && error != ELF_UNSAFE_CODE; tries++) {
        uint64_t base =
            round_down(PIE_BASE + random_pages(randomize, PIE_RANDOM_PAGES), file->alignment);
        error = elf_map(file, base, image);
    }
    return error == ELF_FINE || error == ELF_UNSAFE_CODE ? error : elf_map(file, 0, image);
}

static enum elf_error map_interpreter(const char *path, struct elf_file *file,
                                      struct loaded *loaded)
{
    const char *replacement = policy_replacement(AT_FDCWD, path);
    path = replacement != 0 ? replacement : path;
    long fd = SYS4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return ELF_UNREADABLE;
    }
    enum elf_error error = policy_permits_file((int)fd, PATH_ACCESS(READ), __NR_execve) == 0
                               ? elf_read((int)fd, file)
                               : ELF_UNREADABLE;
    if (error == ELF_FINE) {
        error = elf_map(file, 0, &loaded->interpreter);
    }
    SYS1(__NR_close, fd);
    loaded->entry = loaded->interpreter.bias + file->entry;
    return error;
}

enum elf_error load_program(const struct elf_file *file, struct elf_file *interpreter,
                            bool randomize, struct loaded *loaded, const char **name)
{
    enum elf_error error = map_program(file, randomize, &loaded->program);
    if (error != ELF_FINE) {
        return error;
    }
    loaded->entry = loaded->program.bias + file->entry;
    /* A static PIE lies among the mappings: its heap goes where a program's would. */
    uint64_t heap = file->type == ET_DYN && !file->has_interpreter && randomize
                        ? PIE_BASE
                        : loaded->program.end;
    loaded->start_brk = heap + random_pages(randomize, BRK_RANDOM_PAGES);
    if (file->has_interpreter) {
        *name = file->interpreter;
        error = map_interpreter(file->interpreter, interpreter, loaded);
    }
    return error;
}
