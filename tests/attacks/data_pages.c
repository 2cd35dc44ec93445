/*
 * I1: WRPKRU in a page of data, which is mapped with the code around it. With protection keys the
 * file can be mapped, but that page not executed, whatever is done to it.
 */
#include "unsafe.h"
#include <elf.h>

#define PAGES 5U /* headers, code, data, code, section headers */
#define SPLIT 2U /* bytes of one that goes on in the next page */

static const size_t data = 2 * PAGE;

static Elf64_Shdr section(uint32_t type, uint64_t flags, uint64_t page)
{
    return (Elf64_Shdr){.sh_type = type,
                        .sh_flags = flags,
                        .sh_addr = page * PAGE,
                        .sh_offset = page * PAGE,
                        .sh_size = PAGE};
}

static void write_headers(uint8_t *file)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof header,
        .e_shoff = 4 * PAGE,
        .e_ehsize = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = 5,
        .e_shstrndx = 4};
    const Elf64_Phdr segment = {.p_type = PT_LOAD,
                                .p_flags = PF_R | PF_X,
                                .p_filesz = 4 * PAGE,
                                .p_memsz = 4 * PAGE,
                                .p_align = PAGE};
    const Elf64_Shdr sections[5] = {
        [1] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 1),
        [2] = section(SHT_PROGBITS, SHF_ALLOC, 2),
        [3] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 3),
        [4] = {.sh_type = SHT_STRTAB, .sh_offset = 5 * PAGE - 1, .sh_size = 1}};
    memcpy(file, &header, sizeof header);
    memcpy(file + header.e_phoff, &segment, sizeof segment);
    memcpy(file + header.e_shoff, sections, sizeof sections);
}

/* The file with the instruction at `at`, mapped as its segment says. */
static uint8_t *map_file(size_t at)
{
    static uint8_t file[PAGES * PAGE];
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    memset(file + PAGE, 0xc3, 3 * PAGE);
    write_headers(file);
    put_wrpkru(file + at, 0);
    CHECK_EQ(write(fd, file, sizeof file), (long)sizeof file, "write");
    uint8_t *base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(base != MAP_FAILED, "mmap: %s", strerror(errno));
    ((void (*)(void))(base + PAGE))(); /* the code can be executed */
    close(fd);
    return base;
}

static const void *as_mapped(void)
{
    return map_file(data) + data;
}

static const void *across_its_start(void)
{
    return map_file(data - SPLIT) + data - SPLIT;
}

static const void *across_its_end(void)
{
    return map_file(data + PAGE - SPLIT) + data + PAGE - SPLIT;
}

static const void *all_protected_anew(void)
{
    uint8_t *base = map_file(data);
    return mprotect(base, 4 * PAGE, PROT_READ | PROT_EXEC) == 0 ? base + data : NULL;
}

static const void *protected_anew(void)
{
    uint8_t *page = map_file(data) + data;
    MUST(mprotect(page, PAGE, PROT_NONE));
    return protected_page(page, PROT_READ | PROT_EXEC);
}

static const void *written(void)
{
    uint8_t *base = map_file(data + 100);
    MUST(mprotect(base, 4 * PAGE, PROT_READ | PROT_WRITE));
    put_wrpkru(base + data, 0);
    return mprotect(base, 4 * PAGE, PROT_READ | PROT_EXEC) == 0 ? base + data : NULL;
}

static const void *writable(void)
{
    uint8_t *page = map_file(data) + data;
    return protected_page(page, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static const void *moved(void)
{
    uint8_t *base = map_file(data);
    uint8_t *page =
        mremap(base + data, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map_pages(PAGE, PROT_READ));
    return page == MAP_FAILED ? NULL : protected_page(page, PROT_READ | PROT_EXEC);
}

/* Another page, in its place. */
static uint8_t *replace(uint8_t *page)
{
    void *made =
        mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(made == page, "mmap: %s", strerror(errno));
    return made;
}

static const void *replaced(void)
{
    uint8_t *page = replace(map_file(data) + data);
    put_wrpkru(page, 0);
    return protected_page(page, PROT_READ | PROT_EXEC);
}

/* The halves that the page kept apart, or had: executable pages hold both. */
static const void *start_replaced(void)
{
    uint8_t *page = replace(map_file(data - SPLIT) + data);
    put_wrpkru(page, SPLIT);
    return protected_page(page, PROT_READ | PROT_EXEC) ? page - SPLIT : NULL;
}

static const void *end_replaced(void)
{
    uint8_t *page = replace(map_file(data + PAGE - SPLIT) + data), *at = page + PAGE - SPLIT;
    uint8_t bytes[UNSAFE_SIZE];
    put_wrpkru(bytes, 0);
    memcpy(at, bytes, SPLIT);
    return protected_page(page, PROT_READ | PROT_EXEC) ? at : NULL;
}

static const void *replaced_by_writable(void)
{
    uint8_t *page = replace(map_file(data - SPLIT) + data);
    put_wrpkru(page, SPLIT);
    return protected_page(page, PROT_READ | PROT_WRITE | PROT_EXEC) ? page - SPLIT : NULL;
}

int main(void)
{
    static unsafe_way *const ways[] = {
        as_mapped,      across_its_start, across_its_end, all_protected_anew,
        protected_anew, written,          writable,       moved,
        replaced,       start_replaced,   end_replaced,   replaced_by_writable,
    };
    judge_unsafe(ways, sizeof ways / sizeof ways[0]);
}
