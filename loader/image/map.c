/* Mapping: what fs/binfmt_elf.c does with PT_LOAD, done by the monitor, with the rewriting. */
#include "elf.h"
#include "../../monitor/code.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../rewriter/apply/module.h"
#include "../../rewriter/apply/rewrite.h"

static unsigned long protection(const struct elf64_phdr *segment)
{
    return ((segment->p_flags & PF_R) != 0 ? PROT_READ : 0UL) |
           ((segment->p_flags & PF_W) != 0 ? PROT_WRITE : 0UL) |
           ((segment->p_flags & PF_X) != 0 ? PROT_EXEC : 0UL);
}

static unsigned long first_protection(const struct elf64_phdr *segment)
{
    return code_first_protection(protection(segment));
}

static enum elf_error admit(const struct elf64_phdr *segment, int fd, uint64_t start,
                            uint64_t length, uint64_t offset)
{
    long result = keys_in_use && (segment->p_flags & PF_X) != 0
                      ? code_map(fd, start, length, offset, protection(segment), false)
                      : 0;
    return result == 0 ? ELF_FINE : result == -EACCES ? ELF_UNSAFE_CODE : ELF_NO_MEMORY;
}

/* The last page of the segment before may be among it. */
static void forget_replaced(uint64_t start, uint64_t length)
{
    modules_cut(start, length, false);
    if (keys_in_use) {
        code_forget(start, length);
    }
}

/* The part of a segment behind its file content: zeroes to the page's end, then zero pages. */
static enum elf_error map_zeroes(const struct elf64_phdr *segment, uint64_t bias)
{
    uint64_t start = bias + segment->p_vaddr + segment->p_filesz;
    uint64_t end = round_up(bias + segment->p_vaddr + segment->p_memsz, PAGE_SIZE);
    uint64_t page = round_up(start, PAGE_SIZE);
    if (segment->p_filesz == 0) {
        page = round_down(start, PAGE_SIZE);
    } else if (page > start && segment->p_memsz > segment->p_filesz &&
               (segment->p_flags & PF_W) != 0) {
        memset((void *)start, 0, page - start);
    }
    if (end <= page) {
        return ELF_FINE;
    }
    if (is_error(SYS6(__NR_mmap, page, end - page, first_protection(segment),
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)) ||
        !memory_tag(page, end - page, first_protection(segment), KEY_APP)) {
        return ELF_NO_MEMORY;
    }
    forget_replaced(page, end - page);
    return admit(segment, -1, page, end - page, 0);
}

static enum elf_error map_segment(const struct elf_file *file, const struct elf64_phdr *segment,
                                  uint64_t bias)
{
    uint64_t within = segment->p_vaddr & (PAGE_SIZE - 1);
    uint64_t start = bias + segment->p_vaddr - within;
    uint64_t length = round_up(segment->p_filesz + within, PAGE_SIZE);
    if (segment->p_filesz != 0) {
        if (is_error(SYS6(__NR_mmap, start, length, first_protection(segment),
                          MAP_PRIVATE | MAP_FIXED, file->fd, segment->p_offset - within)) ||
            !memory_tag(start, length, first_protection(segment), KEY_APP)) {
            return ELF_NO_MEMORY;
        }
        forget_replaced(start, length);
        if ((segment->p_flags & PF_X) != 0) {
            rewrite_mapping(file->fd, start, length, segment->p_offset - within,
                            first_protection(segment));
        }
    }
    enum elf_error error = map_zeroes(segment, bias);
    return error != ELF_FINE || segment->p_filesz == 0
               ? error
               : admit(segment, file->fd, start, length, segment->p_offset - within);
}

/* As binfmt_elf keeps them for /proc/PID/stat and PR_SET_MM_MAP. */
static void note_bounds(const struct elf64_phdr *segment, uint64_t bias, struct elf_image *image)
{
    uint64_t start = bias + segment->p_vaddr;
    uint64_t file_end = start + segment->p_filesz;
    if ((segment->p_flags & PF_X) != 0 && start < image->start_code) {
        image->start_code = start;
    }
    if (start > image->start_data) {
        image->start_data = start;
    }
    if ((segment->p_flags & PF_X) != 0 && file_end > image->end_code) {
        image->end_code = file_end;
    }
    if (file_end > image->end_data) {
        image->end_data = file_end;
    }
}

/* Takes the whole span at once, so that what is mapped into it can meet nothing. */
static long reserve(const struct elf_file *file, uint64_t base)
{
    uint64_t size = file->high - file->low;
    uint64_t slack = base == 0 && file->alignment > PAGE_SIZE ? file->alignment : 0;
    unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (base != 0) {
        flags |= MAP_FIXED_NOREPLACE;
    }
    long start = SYS6(__NR_mmap, base, size + slack, PROT_NONE, flags, -1, 0);
    if (is_error(start)) {
        return start;
    }
    if (base != 0 && (uint64_t)start != base) { /* before Linux 4.17 the flag was unknown */
        SYS2(__NR_munmap, start, size);
        return -EEXIST;
    }
    uint64_t aligned = round_up((uint64_t)start, slack != 0 ? slack : PAGE_SIZE);
    if (aligned > (uint64_t)start) {
        SYS2(__NR_munmap, start, aligned - (uint64_t)start);
    }
    if (slack != 0 && (uint64_t)start + slack > aligned) {
        SYS2(__NR_munmap, aligned + size, (uint64_t)start + slack - aligned);
    }
    return (long)aligned;
}

enum elf_error elf_map(const struct elf_file *file, uint64_t base, struct elf_image *image)
{
    if (file->type == ET_EXEC) {
        base = file->low;
        if (base == 0) {
            return ELF_BAD_SEGMENT;
        }
    }
    long start = reserve(file, base);
    if (is_error(start)) {
        return start == -EEXIST ? ELF_ADDRESS_TAKEN : ELF_NO_MEMORY;
    }
    *image = (struct elf_image){.bias = (uint64_t)start - file->low, .start_code = ~0UL};
    uint64_t previous_end = (uint64_t)start;
    for (uint32_t i = 0; i < file->segment_count; i++) {
        const struct elf64_phdr *segment = &file->table[i];
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0) {
            continue;
        }
        enum elf_error error = map_segment(file, segment, image->bias);
        if (error != ELF_FINE) {
            SYS2(__NR_munmap, start, file->high - file->low);
            return error;
        }
        note_bounds(segment, image->bias, image);
        /* The kernel leaves the holes between segments unmapped in programs, not in libraries. */
        uint64_t segment_start = round_down(image->bias + segment->p_vaddr, PAGE_SIZE);
        if (segment_start > previous_end) {
            SYS2(__NR_munmap, previous_end, segment_start - previous_end);
        }
        previous_end = round_up(image->bias + segment->p_vaddr + segment->p_memsz, PAGE_SIZE);
    }
    image->end = image->bias + file->high;
    return ELF_FINE;
}
