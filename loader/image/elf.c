/* Reading: everything is validated here and nothing changed. */
#include "elf.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

static const struct {
    const char *text;
    long number;
} errors[] = {
    [ELF_FINE] = {"fine", 0},
    [ELF_UNREADABLE] = {"can't be read", EIO},
    [ELF_NOT_ELF] = {"not an ELF file", ENOEXEC},
    [ELF_NOT_64_BIT] = {"a 32-bit program; endorun runs 64-bit ones only", ENOEXEC},
    [ELF_OTHER_MACHINE] = {"built for another processor than x86-64", ENOEXEC},
    [ELF_OTHER_TYPE] = {"neither a program nor a position-independent object", ENOEXEC},
    [ELF_TRUNCATED] = {"corrupt ELF file: it ends before what its headers announce", ENOEXEC},
    [ELF_BAD_HEADER_TABLE] = {"corrupt ELF file: bad size or number of program headers", ENOEXEC},
    [ELF_NO_SEGMENTS] = {"corrupt ELF file: no segment to load", ENOEXEC},
    [ELF_BAD_SEGMENT] = {"corrupt ELF file: a segment wraps, is misaligned or larger in the file "
                         "than in memory",
                         ENOEXEC},
    [ELF_SEGMENTS_OVERLAP] = {"corrupt ELF file: segments overlap or are not in ascending order",
                              ENOEXEC},
    [ELF_BAD_INTERPRETER] = {"corrupt ELF file: bad name of the program interpreter", ENOEXEC},
    [ELF_NO_MEMORY] = {"no memory for its segments", ENOMEM},
    [ELF_ADDRESS_TAKEN] = {"the fixed address it was linked for is taken", ENOMEM},
    [ELF_UNSAFE_CODE] = {"its code holds an instruction that writes PKRU or the GS base; "
                         "--isolation=kernel would run it",
                         EACCES},
};

const char *elf_error_text(enum elf_error error)
{
    return errors[error].text;
}

long elf_error_number(enum elf_error error)
{
    return errors[error].number;
}

static bool read_fully(int fd, void *buffer, uint64_t size, uint64_t offset)
{
    return SYS4(__NR_pread64, fd, buffer, size, offset) == (long)size;
}

static enum elf_error check_header(const struct elf64_hdr *header)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return ELF_NOT_ELF;
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64) {
        return header->e_ident[EI_CLASS] == ELFCLASS32 ? ELF_NOT_64_BIT : ELF_NOT_ELF;
    }
    if (header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_X86_64) {
        return ELF_OTHER_MACHINE;
    }
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
        return ELF_OTHER_TYPE;
    }
    if (header->e_phentsize != sizeof(struct elf64_phdr) || header->e_phnum == 0 ||
        header->e_phnum > ELF_TABLE_MAX / sizeof(struct elf64_phdr)) {
        return ELF_BAD_HEADER_TABLE;
    }
    return ELF_FINE;
}

/* One PT_LOAD on its own: no sum in here can wrap afterwards. */
static enum elf_error check_segment(const struct elf64_phdr *segment, uint64_t file_size)
{
    if (segment->p_filesz > segment->p_memsz || segment->p_vaddr >= TASK_SIZE ||
        segment->p_memsz > TASK_SIZE - segment->p_vaddr ||
        (segment->p_filesz != 0 &&
         ((segment->p_vaddr ^ segment->p_offset) & (PAGE_SIZE - 1)) != 0)) {
        return ELF_BAD_SEGMENT;
    }
    if (segment->p_filesz != 0 &&
        (segment->p_offset > file_size || segment->p_filesz > file_size - segment->p_offset)) {
        return ELF_TRUNCATED;
    }
    return ELF_FINE;
}

static enum elf_error read_interpreter(struct elf_file *file, const struct elf64_phdr *segment)
{
    uint64_t size = segment->p_filesz;
    if (size < 2 || size > sizeof file->interpreter) {
        return ELF_BAD_INTERPRETER;
    }
    if (!read_fully(file->fd, file->interpreter, size, segment->p_offset)) {
        return ELF_TRUNCATED;
    }
    if (file->interpreter[size - 1] != 0) {
        return ELF_BAD_INTERPRETER;
    }
    file->has_interpreter = true;
    return ELF_FINE;
}

/* The PT_LOADs among themselves, and the span they need. */
static enum elf_error check_load(struct elf_file *file, const struct elf64_phdr *segment,
                                 uint64_t table_offset)
{
    enum elf_error error = check_segment(segment, file->size);
    if (error != ELF_FINE || segment->p_memsz == 0) {
        return error;
    }
    uint64_t end = segment->p_vaddr + segment->p_memsz;
    if (file->high != 0 && segment->p_vaddr < file->high) {
        return ELF_SEGMENTS_OVERLAP;
    }
    if (file->high == 0) {
        file->low = round_down(segment->p_vaddr, PAGE_SIZE);
    }
    file->high = end;
    if (segment->p_align > file->alignment && (segment->p_align & (segment->p_align - 1)) == 0 &&
        segment->p_align < TASK_SIZE) {
        file->alignment = segment->p_align;
    }
    if (segment->p_offset <= table_offset && table_offset < segment->p_offset + segment->p_filesz) {
        file->table_address = table_offset - segment->p_offset + segment->p_vaddr;
    }
    return ELF_FINE;
}

enum elf_error elf_read(int fd, struct elf_file *file)
{
    struct elf64_hdr header;
    struct stat status;
    if (SYS2(__NR_fstat, fd, &status) != 0 || status.st_size < 0) {
        return ELF_UNREADABLE;
    }
    if (!read_fully(fd, &header, sizeof header, 0)) {
        return status.st_size < (int64_t)sizeof header ? ELF_TRUNCATED : ELF_UNREADABLE;
    }
    enum elf_error error = check_header(&header);
    if (error != ELF_FINE) {
        return error;
    }
    file->fd = fd;
    file->type = header.e_type;
    file->entry = header.e_entry;
    file->size = (uint64_t)status.st_size;
    file->low = file->high = file->table_address = 0;
    file->alignment = PAGE_SIZE;
    file->segment_count = header.e_phnum;
    file->executable_stack = false;
    file->has_interpreter = false;
    if (!read_fully(fd, file->table, header.e_phnum * sizeof(struct elf64_phdr), header.e_phoff)) {
        return ELF_TRUNCATED;
    }
    for (uint32_t i = 0; i < file->segment_count && error == ELF_FINE; i++) {
        const struct elf64_phdr *segment = &file->table[i];
        if (segment->p_type == PT_LOAD) {
            error = check_load(file, segment, header.e_phoff);
        } else if (segment->p_type == PT_INTERP && !file->has_interpreter) {
            error = read_interpreter(file, segment);
        } else if (segment->p_type == PT_GNU_STACK) {
            file->executable_stack = (segment->p_flags & PF_X) != 0;
        }
    }
    if (error == ELF_FINE && file->high == 0) {
        error = ELF_NO_SEGMENTS;
    }
    if (error == ELF_FINE && file->type == ET_EXEC && file->low == 0) {
        error = ELF_BAD_SEGMENT;
    }
    file->high = round_up(file->high, PAGE_SIZE);
    return error;
}
