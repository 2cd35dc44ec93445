#include "image.h"

#include "failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far beyond any linker's output; they bound the work that a hostile file can ask for. */
#define MAX_SEGMENTS    1024U
#define MAX_SECTIONS    4096U
#define MAX_LOADED_SIZE (UINT64_C(2) << 30) /* bytes */

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * UINT64_C(1000000000) + (uint64_t)time->tv_nsec;
}

static uint64_t round_up_to_word(uint32_t size)
{
    return ((uint64_t)size + 3) & ~UINT64_C(3);
}

static int read_identity(int fd, struct endorun_file_identity *identity, char *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail(error, "cannot read the file's status: %s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(error, "not a regular file");
    memset(identity, 0, sizeof(*identity));
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    identity->size = (uint64_t)status.st_size;
    identity->mtime_ns = nanoseconds(&status.st_mtim);
    identity->ctime_ns = nanoseconds(&status.st_ctim);
    return 0;
}

/* Bytes of the file in memory that lives until image_close(); NULL when they can't be read. */
static const uint8_t *read_chunk(struct image *image, uint64_t offset, uint64_t size)
{
    Elf_Data *data;

    if (offset > image->identity.size || size > image->identity.size - offset || size == 0)
        return NULL;
    data = image->library->elf_getdata_rawchunk(image->elf, (int64_t)offset, size, ELF_T_BYTE);
    if (data == NULL || data->d_size < size)
        return NULL;
    return data->d_buf;
}

static int check_header(struct image *image, char *error)
{
    size_t ident_size = 0;
    const char *ident = image->library->elf_getident(image->elf, &ident_size);
    const Elf64_Ehdr *header;

    if (image->library->elf_kind(image->elf) != ELF_K_ELF || ident == NULL ||
        ident_size < EI_NIDENT)
        return fail(error, "not an ELF file");
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
        return fail(error, "ELF header: not a 64-bit little-endian file");
    header = image->library->elf64_getehdr(image->elf);
    if (header == NULL)
        return fail(error, "ELF header: %s", image->library->elf_errmsg(-1));
    if (header->e_machine != EM_X86_64)
        return fail(error, "ELF header: machine %u is not x86-64", header->e_machine);
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return fail(error, "ELF header: type %u is neither an executable nor a shared object",
                    header->e_type);
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return fail(error, "ELF header: e_phentsize is %u instead of %zu", header->e_phentsize,
                    sizeof(Elf64_Phdr));
    image->fixed_address = header->e_type == ET_EXEC;
    image->entry = header->e_entry;
    return 0;
}

static int check_segment(const struct image *image, size_t index, const Elf64_Phdr *header,
                         uint64_t previous_end, char *error)
{
    if (header->p_filesz > header->p_memsz)
        return fail(error, "program header %zu: p_filesz is greater than p_memsz", index);
    if (header->p_vaddr + header->p_memsz < header->p_vaddr ||
        header->p_vaddr + header->p_memsz > (UINT64_C(1) << 47))
        return fail(error, "program header %zu: segment ends beyond the address space", index);
    if (header->p_vaddr < previous_end)
        return fail(error, "program header %zu: segment overlaps or precedes the one before it",
                    index);
    if (header->p_offset > image->identity.size ||
        header->p_filesz > image->identity.size - header->p_offset)
        return fail(error, "program header %zu: segment ends beyond the file", index);
    return 0;
}

static int add_segment(struct image *image, size_t *capacity, const Elf64_Phdr *header, char *error)
{
    struct segment *segment;

    if (image->segment_count == MAX_SEGMENTS)
        return fail(error, "program headers: more than %u segments", MAX_SEGMENTS);
    if (make_room((void **)&image->segments, capacity, image->segment_count, sizeof(*segment),
                  error) != 0)
        return -1;
    segment = &image->segments[image->segment_count++];
    segment->address = header->p_vaddr;
    segment->offset = header->p_offset;
    segment->size = header->p_filesz;
    segment->bytes = NULL;
    segment->executable = (header->p_flags & PF_X) != 0;
    return 0;
}

/* The build ID among the notes of one PT_NOTE. See endorun/plan.h: the monitor does the same. */
static void find_build_id(struct image *image, const uint8_t *notes, uint64_t size)
{
    uint64_t at = 0;

    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        uint64_t description;
        uint64_t next;

        memcpy(&note, notes + at, sizeof(note));
        description = at + sizeof(note) + round_up_to_word(note.n_namesz);
        next = description + round_up_to_word(note.n_descsz);
        if (next > size)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
            memcmp(notes + at + sizeof(note), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
            note.n_descsz <= ENDORUN_BUILD_ID_MAX) {
            memcpy(image->build_id, notes + description, note.n_descsz);
            image->build_id_size = note.n_descsz;
            return;
        }
        at = next;
    }
}

static void read_build_id(struct image *image)
{
    const uint64_t size = image->identity.size < ENDORUN_BUILD_ID_WITHIN ? image->identity.size
                                                                         : ENDORUN_BUILD_ID_WITHIN;
    const uint8_t *bytes = read_chunk(image, 0, size);
    Elf64_Ehdr header;

    if (bytes == NULL || size < sizeof(header))
        return;
    memcpy(&header, bytes, sizeof(header));
    for (unsigned i = 0; i < header.e_phnum && image->build_id_size == 0; i++) {
        const uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;

        if (header.e_phoff > size || at + sizeof(segment) > size)
            return;
        memcpy(&segment, bytes + at, sizeof(segment));
        if (segment.p_type == PT_NOTE && segment.p_offset < size &&
            segment.p_filesz <= size - segment.p_offset)
            find_build_id(image, bytes + segment.p_offset, segment.p_filesz);
    }
}

static int read_program_headers(struct image *image, char *error)
{
    size_t count = 0;
    size_t capacity = 0;
    uint64_t previous_end = 0;
    const Elf64_Phdr *headers;

    if (image->library->elf_getphdrnum(image->elf, &count) != 0)
        return fail(error, "program headers: %s", image->library->elf_errmsg(-1));
    headers = image->library->elf64_getphdr(image->elf);
    if (headers == NULL || count == 0)
        return fail(error, "program headers: there are none, or they lie beyond the file");

    for (size_t i = 0; i < count; i++) {
        const Elf64_Phdr *header = &headers[i];
        const struct address_range range = {header->p_vaddr, header->p_memsz};

        if (header->p_type == PT_DYNAMIC)
            image->dynamic = range;
        if (header->p_type == PT_GNU_EH_FRAME)
            image->eh_frame_hdr = range;
        if (header->p_type != PT_LOAD || header->p_memsz == 0)
            continue;
        if (check_segment(image, i, header, previous_end, error) != 0)
            return -1;
        image->memory_end = previous_end = header->p_vaddr + header->p_memsz;
        if (header->p_filesz != 0 && add_segment(image, &capacity, header, error) != 0)
            return -1;
    }
    return 0;
}

/*
 * A plan names sites by file offset, in ascending order: no byte of the file may be code at two
 * addresses, and the executable segments lie in the file as they do in memory.
 */
static int check_text_offsets(const struct image *image, char *error)
{
    uint64_t previous_end = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];

        if (!segment->executable)
            continue;
        if (segment->offset < previous_end)
            return fail(error,
                        "executable segment at 0x%" PRIx64
                        ": overlaps or precedes another one in the file",
                        segment->address);
        previous_end = segment->offset + segment->size;
    }
    return 0;
}

static int read_section_headers(struct image *image, char *error)
{
    const struct elf_library *library = image->library;
    size_t names = 0;
    size_t capacity = 0;
    Elf_Scn *handle = NULL;

    if (library->elf_getshdrstrndx(image->elf, &names) != 0)
        return 0; /* a file without usable section headers runs all the same */
    for (size_t index = 1; (handle = library->elf_nextscn(image->elf, handle)) != NULL; index++) {
        const Elf64_Shdr *header = library->elf64_getshdr(handle);
        const char *name;
        struct section *section;

        if (header == NULL || index == MAX_SECTIONS)
            return fail(error, "section header %zu: cannot be read, or there are too many", index);
        if (make_room((void **)&image->sections, &capacity, image->section_count, sizeof(*section),
                      error) != 0)
            return -1;
        name = library->elf_strptr(image->elf, names, header->sh_name);
        section = &image->sections[image->section_count++];
        section->name = name != NULL ? name : "";
        section->index = index;
        section->type = header->sh_type;
        section->flags = header->sh_flags;
        section->address = header->sh_addr;
        section->size = header->sh_size;
        section->link = header->sh_link;
        section->entry_size = header->sh_entsize;
    }
    return 0;
}

static int add_code(struct image *image, size_t *capacity, const struct segment *segment,
                    uint64_t start, uint64_t end, char *error)
{
    if (start >= end)
        return 0;
    if (make_room((void **)&image->code, capacity, image->code_count, sizeof(image->code[0]),
                  error) != 0)
        return -1;
    image->code[image->code_count++] = (struct code_span){segment, start, end};
    return 0;
}

static bool holds_data(const struct section *section)
{
    return (section->flags & SHF_ALLOC) != 0 && (section->flags & SHF_EXECINSTR) == 0 &&
           (section->flags & SHF_TLS) == 0 && section->type != SHT_NOBITS && section->size != 0;
}

/* The data section that begins next in the segment, from `address` on; NULL: none. */
static const struct section *next_data(const struct image *image, const struct segment *segment,
                                       uint64_t address)
{
    const struct section *next = NULL;

    for (size_t i = 0; i < image->section_count; i++) {
        const struct section *section = &image->sections[i];

        if (holds_data(section) && section->address >= address &&
            section->address - segment->address < segment->size &&
            (next == NULL || section->address < next->address))
            next = section;
    }
    return next;
}

/*
 * Linkers may put read-only data into the executable segment. Where section headers say so, it is
 * not searched for instructions. (Should it be executed all the same, SUD is there.)
 */
static int find_code(struct image *image, char *error)
{
    size_t capacity = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        const uint64_t end = segment->address + segment->size;
        uint64_t start = segment->address;
        const struct section *data;

        while (segment->executable && (data = next_data(image, segment, start)) != NULL) {
            if (add_code(image, &capacity, segment, start, data->address, error) != 0)
                return -1;
            start = data->size < end - data->address ? data->address + data->size : end;
        }
        if (segment->executable && add_code(image, &capacity, segment, start, end, error) != 0)
            return -1;
    }
    return 0;
}

int image_open(struct image *image, int fd, char *error)
{
    memset(image, 0, sizeof(*image));
    image->fd = fd;
    if (read_identity(fd, &image->identity, error) != 0)
        return -1;
    image->library = elf_library(error);
    if (image->library == NULL)
        return -1;
    image->elf = image->library->elf_begin(fd, ELF_C_READ, NULL);
    if (image->elf == NULL)
        return fail(error, "cannot read the ELF header: %s", image->library->elf_errmsg(-1));
    read_build_id(image);
    if (check_header(image, error) != 0 || read_program_headers(image, error) != 0 ||
        check_text_offsets(image, error) != 0 || read_section_headers(image, error) != 0)
        return -1;
    return find_code(image, error);
}

int image_load(struct image *image, char *error)
{
    uint64_t loaded = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        struct segment *segment = &image->segments[i];

        loaded += segment->size;
        if (loaded > MAX_LOADED_SIZE)
            return fail(error, "segments are larger than %" PRIu64 " bytes together",
                        MAX_LOADED_SIZE);
        segment->bytes = read_chunk(image, segment->offset, segment->size);
        if (segment->bytes == NULL)
            return fail(error, "segment at 0x%" PRIx64 ": cannot read it: %s", segment->address,
                        image->library->elf_errmsg(-1));
    }
    return 0;
}

int image_read(const struct image *image, uint8_t *bytes, size_t size, uint64_t offset, char *error)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t count = pread(image->fd, bytes + done, size - done, (off_t)(offset + done));

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return fail(error, "cannot read the code at file offset %llu: %s",
                        (unsigned long long)offset,
                        count == 0 ? "the file has become shorter" : strerror(errno));
        done += (size_t)count;
    }
    return 0;
}

int image_check_unchanged(const struct image *image, char *error)
{
    struct endorun_file_identity now;

    if (read_identity(image->fd, &now, error) != 0)
        return -1;
    if (memcmp(&now, &image->identity, sizeof(now)) != 0)
        return fail(error, "the file changed while it was analysed");
    return 0;
}

void image_close(struct image *image)
{
    if (image->elf != NULL)
        image->library->elf_end(image->elf);
    free(image->segments);
    free(image->sections);
    free(image->code);
    memset(image, 0, sizeof(*image));
}

const struct segment *image_segment(const struct image *image, uint64_t address)
{
    size_t low = 0;
    size_t high = image->segment_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct segment *segment = &image->segments[middle];

        if (address < segment->address)
            high = middle;
        else if (address - segment->address >= segment->size)
            low = middle + 1;
        else
            return segment;
    }
    return NULL;
}

const struct segment *image_text(const struct image *image, uint64_t address)
{
    const struct segment *segment = image_segment(image, address);

    return segment != NULL && segment->executable ? segment : NULL;
}

const uint8_t *image_bytes(const struct image *image, uint64_t address, uint64_t size)
{
    const struct segment *segment = image_segment(image, address);

    if (segment == NULL || segment->bytes == NULL ||
        size > segment->size - (address - segment->address))
        return NULL;
    return segment->bytes + (address - segment->address);
}

const uint8_t *image_section_bytes(const struct image *image, const struct section *section,
                                   size_t *size)
{
    Elf_Scn *handle = image->library->elf_getscn(image->elf, section->index);
    Elf_Data *data = handle != NULL ? image->library->elf_rawdata(handle, NULL) : NULL;

    *size = 0;
    if (data == NULL || data->d_buf == NULL)
        return NULL;
    *size = data->d_size;
    return data->d_buf;
}

const struct section *image_find_section(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->section_count; i++) {
        if (strcmp(image->sections[i].name, name) == 0)
            return &image->sections[i];
    }
    return NULL;
}
