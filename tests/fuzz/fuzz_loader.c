/*
 * The monitor's ELF loader under a fuzzer: any bytes are a file. What elf_read accepts must hold
 * together, and elf_map must then touch nothing outside the span that it has reserved.
 *
 * The file is a real one. The address space is a model: mmap and munmap are answered here, and one
 * of them fails, which one the file's last byte says.
 */
#include "hosted.h"
#include "../../rewriter/apply/module.h"
#include "../../rewriter/apply/rewrite.h"

/* ---- reading: the kernel writes where no sanitizer looks ---- */

#include "../../loader/image/elf.h"

static struct elf_file subject;

static long checked_read(long number, int fd, void *buffer, uint64_t size, uint64_t offset)
{
    demand(number == __NR_pread64, "elf.c makes a call that the harness does not know");
    if (buffer == subject.interpreter) {
        demand(size <= sizeof subject.interpreter,
               "the interpreter's name is read beyond its buffer");
    } else if (buffer == subject.table) {
        demand(size <= sizeof subject.table, "program headers are read beyond the table");
    } else {
        demand(size == sizeof(struct elf64_hdr), "a read of another size than the header's");
    }
    return SYS4(number, fd, buffer, size, offset);
}

#define READ_CHECKED(number, fd, buffer, size, offset)                                             \
    checked_read((number), (fd), (buffer), (size), (offset))
#pragma push_macro("SYS4")
#undef SYS4
#define SYS4 READ_CHECKED
#include "../../loader/image/elf.c" /* NOLINT(bugprone-suspicious-include) */
#pragma pop_macro("SYS4")

/* ---- mapping: the model ---- */

#define SOMEWHERE 0x10000000UL /* where the kernel of the model likes mappings */

static struct {
    uint64_t start, end; /* what reserve() got; end 0: nothing yet */
    uint64_t kept_from;  /* below it, holes have been given back */
    struct {
        uint64_t start, end;
    } used[2 * (ELF_TABLE_MAX / sizeof(struct elf64_phdr))]; /* by segments */
    unsigned used_count;
    uint64_t mapped, until; /* the last mapping of the file */
    unsigned long protection;
    bool gone;     /* all has been given back */
    int countdown; /* calls of mmap until one fails */
} space;

static bool is_page(uint64_t address)
{
    return address % PAGE_SIZE == 0;
}

static bool is_reserved(uint64_t address, uint64_t length)
{
    return length != 0 && address >= space.start && address <= space.end &&
           length <= space.end - address;
}

static bool is_used(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < space.used_count; i++) {
        if (start < space.used[i].end && end > space.used[i].start) {
            return true;
        }
    }
    return false;
}

static long model_reserve(uint64_t address, uint64_t length, unsigned long flags)
{
    demand(space.end == 0, "the span is reserved twice");
    demand((flags & MAP_FIXED) == 0, "the span is reserved over what is there");
    uint64_t start = address != 0 ? address : SOMEWHERE;
    if (length > TASK_SIZE - start) {
        return -ENOMEM;
    }
    space.start = space.kept_from = start;
    space.end = start + length;
    return (long)start;
}

static long model_mmap(long number, uint64_t address, uint64_t length, unsigned long protection,
                       unsigned long flags, int fd, uint64_t offset)
{
    demand(number == __NR_mmap && length != 0 && is_page(address) && is_page(length),
           "mmap of no pages");
    demand(!space.gone, "mmap after the end");
    if (--space.countdown == 0) {
        return -ENOMEM;
    }
    if (protection == PROT_NONE && (flags & MAP_NORESERVE) != 0) {
        return model_reserve(address, length, flags);
    }
    demand((flags & MAP_FIXED) != 0 && is_reserved(address, length) && address >= space.kept_from,
           "a segment is mapped outside what was reserved");
    if (fd >= 0) {
        demand(is_page(offset) && offset < subject.size &&
                   length <= round_up(subject.size - offset, PAGE_SIZE),
               "a segment maps pages that the file does not have");
        space.mapped = address;
        space.until = address + length;
        space.protection = protection;
    }
    space.used[space.used_count].start = address;
    space.used[space.used_count++].end = address + length;
    return (long)address;
}

static long model_munmap(long number, uint64_t address, uint64_t length)
{
    demand(number == __NR_munmap && is_page(address) && is_page(length) &&
               is_reserved(address, length),
           "munmap outside what was reserved");
    if (address == space.start && length == space.end - space.start) {
        space.gone = true;
    } else if (address == space.start && space.mapped == 0) {
        space.start = space.kept_from = address + length; /* reserve() cuts to the alignment */
    } else if (address + length == space.end) {
        space.end = address;
    } else {
        demand(!is_used(address, address + length), "a segment is unmapped again");
        space.kept_from = address + length;
    }
    return 0;
}

static void *model_memset(uint64_t target, int byte, uint64_t size)
{
    demand(byte == 0 && size < PAGE_SIZE && target >= space.mapped && target <= space.until &&
               size <= space.until - target && target + size == space.until,
           "zeroes are written elsewhere than to the end of the last page mapped");
    demand((space.protection & PROT_WRITE) != 0, "zeroes are written to what is not writable");
    return 0;
}

void rewrite_mapping(int fd, uint64_t start, uint64_t length, uint64_t offset,
                     unsigned long protection)
{
    demand(fd == subject.fd && is_page(offset) && start == space.mapped &&
               length == space.until - start && protection == space.protection,
           "rewriting is given another mapping than was made");
}

void modules_cut(uint64_t start, uint64_t length, bool keep_stubs)
{
    demand(is_used(start, start + length) && !keep_stubs,
           "other memory is forgotten than was mapped");
}

#define MODEL_MMAP(number, address, length, protection, flags, fd, offset)                         \
    model_mmap((number), (uint64_t)(address), (length), (protection), (flags), (fd), (offset))
#define MODEL_MUNMAP(number, address, length) model_munmap((number), (uint64_t)(address), (length))
#define MODEL_MEMSET(target, byte, size)      model_memset((uint64_t)(target), (byte), (size))
#pragma push_macro("SYS6")
#pragma push_macro("SYS2")
#undef SYS6
#undef SYS2
#define SYS6   MODEL_MMAP
#define SYS2   MODEL_MUNMAP
#define memset MODEL_MEMSET
#include "../../loader/image/map.c" /* NOLINT(bugprone-suspicious-include) */
#undef memset
#pragma pop_macro("SYS2")
#pragma pop_macro("SYS6")

/* ---- what must hold ---- */

static void check_segments(void)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < subject.segment_count; i++) {
        const struct elf64_phdr *segment = &subject.table[i];
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0) {
            continue;
        }
        demand(segment->p_vaddr < TASK_SIZE && segment->p_memsz <= TASK_SIZE - segment->p_vaddr,
               "a segment wraps or leaves the program's half of memory");
        demand(segment->p_filesz <= segment->p_memsz, "p_filesz > p_memsz");
        demand(segment->p_filesz == 0 || (segment->p_offset <= subject.size &&
                                          segment->p_filesz <= subject.size - segment->p_offset),
               "a segment ends behind the file");
        demand(segment->p_vaddr >= end, "segments overlap or descend");
        demand(segment->p_vaddr >= subject.low, "a segment begins below .low");
        end = segment->p_vaddr + segment->p_memsz;
    }
    demand(end > 0 && end <= subject.high && is_page(subject.low) && is_page(subject.high) &&
               subject.low < subject.high && subject.high <= TASK_SIZE,
           ".low and .high are not the span of the segments");
}

static void check_headers(void)
{
    demand(subject.type == ET_EXEC || subject.type == ET_DYN, "type");
    demand(subject.segment_count > 0 &&
               subject.segment_count <= sizeof subject.table / sizeof subject.table[0],
           "number of program headers");
    demand(subject.alignment >= PAGE_SIZE && (subject.alignment & (subject.alignment - 1)) == 0 &&
               subject.alignment < TASK_SIZE,
           "alignment");
    demand(subject.table_address == 0 ||
               (subject.table_address >= subject.low && subject.table_address < subject.high),
           "the program headers are outside all segments");
    if (subject.has_interpreter) {
        demand(memchr(subject.interpreter, 0, sizeof subject.interpreter) != 0,
               "the interpreter's name has no end");
    }
}

static void map_at(uint64_t base, int failing_call)
{
    struct elf_image image = {0};
    memset(&space, 0, sizeof space);
    space.countdown = failing_call;
    if (elf_map(&subject, base, &image) != ELF_FINE) {
        demand(space.end == 0 || space.gone, "something stays mapped after a failure");
        return;
    }
    demand(!space.gone && space.end != 0, "nothing is mapped after a success");
    demand(image.bias + subject.low == space.start && image.bias + subject.high == space.end &&
               image.end == space.end,
           "the bias does not fit what was mapped");
    demand(subject.type == ET_DYN || image.bias == 0, "ET_EXEC was moved");
    demand(base == 0 || subject.type == ET_EXEC || space.start == base, "the base was not heeded");
    demand(base != 0 || subject.type == ET_EXEC || (space.start & (subject.alignment - 1)) == 0,
           "the span is not aligned");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd = make_file(bytes, size);
    int failing_call = size > 0 ? bytes[size - 1] % 8 : 0;
    memset(&subject, 0xa5, sizeof subject);
    enum elf_error error = elf_read(fd, &subject);
    demand(elf_error_text(error) != 0 && (error == ELF_FINE) == (elf_error_number(error) == 0),
           "an error without a text or a number");
    if (error == ELF_FINE) {
        check_headers();
        check_segments();
        map_at(0, failing_call);
        map_at(round_down(0x555555554000UL, subject.alignment), failing_call);
    }
    SYS1(__NR_close, fd);
    return 0;
}
