/*
 * /proc/PID/exe leads to the monitor image in every process under endorun. Calls that follow the
 * link are given the path of the program instead, however the link is spelled: what counts is where
 * it leads.
 */
#include "self.h"
#include "calls.h"
#include "exec.h"
#include "process.h"
#include "support.h"
#include "syscall.h"

#define OWN_LINK   "/proc/self/exe"
#define IMAGE_LINK "/memfd:endorun (deleted)" /* what the link reads: the launcher's memfd */

const char *program_path;

static bool ends_in_exe(const char *path)
{
    size_t length = strlen(path);
    return length >= 3 && memcmp(path + length - 3, "exe", 3) == 0 &&
           (length == 3 || path[length - 4] == '/');
}

/* The link's text, and a file where all memfds are: others can make links with that text. */
static bool leads_to_image(int directory, const char *path)
{
    char target[sizeof IMAGE_LINK];
    struct stat status;
    long length = SYS4(__NR_readlinkat, directory, path, target, sizeof target);
    return length == (long)sizeof IMAGE_LINK - 1 &&
           memcmp(target, IMAGE_LINK, sizeof IMAGE_LINK - 1) == 0 &&
           SYS4(__NR_newfstatat, directory, path, &status, 0) == 0 &&
           status.st_dev == session->image.device;
}

static bool is_own_link(int directory, const char *path)
{
    struct stat link, own;
    return SYS4(__NR_newfstatat, directory, path, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
           SYS4(__NR_newfstatat, AT_FDCWD, OWN_LINK, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
           link.st_dev == own.st_dev && link.st_ino == own.st_ino;
}

/* A search in what /proc tells of another process. */
struct search {
    int directory;
    char path[PATH_MAX_BYTES]; /* its folder; the name of a file is appended */
    char *program;             /* the result; empty: none */
    uint64_t address;          /* whose file is wanted */
};

static long open_file(struct search *search, const char *name)
{
    size_t length = strlen(search->path);
    append_string(search->path, sizeof search->path, name);
    const unsigned long flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
    long fd = SYS4(__NR_openat, search->directory, search->path, flags, 0);
    search->path[length] = 0;
    return fd;
}

/* AT_PHDR as the monitor of that process has told it to the kernel. 0: not readable. */
static uint64_t read_headers(struct search *search)
{
    uint64_t auxv[PAGE_SIZE / sizeof(uint64_t)] = {0};
    long fd = open_file(search, "auxv");
    if (fd < 0) {
        return 0;
    }
    SYS3(__NR_read, fd, auxv, sizeof auxv);
    SYS1(__NR_close, fd);
    for (uint64_t *at = auxv; at < auxv + PAGE_SIZE / sizeof(uint64_t) && *at != AT_NULL; at += 2) {
        if (*at == AT_PHDR) {
            return at[1];
        }
    }
    return 0;
}

/* One line of "maps": START-END PERMISSIONS OFFSET DEVICE INODE NAME. */
struct mapping {
    uint64_t bounds[2];
    enum { IN_START, IN_END, BEFORE_NAME, NO_FILE } state;
    uint64_t used; /* characters of the name so far */
};

/* True at the end of the line whose name has been written to `program`. */
static bool parse_mapping(struct mapping *line, char character, uint64_t address, char *program)
{
    uint64_t size = line->bounds[1] - line->bounds[0];
    if (character == '\n') {
        bool named = line->used != 0;
        program[line->used] = 0;
        *line = (struct mapping){.state = IN_START};
        return named;
    }
    if (line->used != 0 || (line->state == BEFORE_NAME && character == '/' &&
                            (address == 0 || address - line->bounds[0] < size))) {
        line->used += line->used < PATH_MAX_BYTES - 1;
        program[line->used - 1] = character;
    } else if (character == '[') {
        line->state = NO_FILE; /* [heap], or a name that the process chose */
    } else if (line->state <= IN_END && (character == '-' || character == ' ')) {
        line->state++;
    } else if (line->state <= IN_END) {
        uint64_t digit = (uint64_t)(character <= '9' ? character - '0' : character - 'a' + 10);
        line->bounds[line->state] = line->bounds[line->state] << 4 | digit;
    }
    return false;
}

/* Writes the file that is mapped at `address`, or with 0 the one mapped lowest. */
static void search_mappings(struct search *search, uint64_t address)
{
    struct mapping line = {.state = IN_START};
    char text[PAGE_SIZE] = {0};
    bool found = false;
    long size, fd = open_file(search, "maps");
    while (!found && (size = SYS3(__NR_read, fd, text, sizeof text)) > 0) {
        for (long at = 0; at < size && !found; at++) {
            found = parse_mapping(&line, text[at], address, search->program);
        }
    }
    if (fd >= 0) {
        SYS1(__NR_close, fd);
    }
}

/*
 * The program of another process is the file at AT_PHDR (its text may be a copy without a name).
 * Where that is not known, or is still the image's, it is taken to be the file mapped lowest: most
 * programs lie below all else.
 */
static void search_folder(struct search *search)
{
    uint64_t headers = read_headers(search);
    if (headers != 0) {
        search_mappings(search, headers);
    }
    if (search->program[0] == 0 || memcmp(search->program, IMAGE_LINK, sizeof IMAGE_LINK) == 0) {
        search->program[0] = 0;
        search_mappings(search, 0);
    }
}

/* The folder is held: others may put another in its place. */
static void search_program(void *argument)
{
    struct search *search = argument;
    const char *folder = search->path[0] != 0 ? search->path : ".";
    long held = SYS4(__NR_openat, search->directory, folder, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (held >= 0 && leads_to_image((int)held, "exe")) {
        search->directory = (int)held;
        search->path[0] = 0;
        search_folder(search);
    }
    if (held >= 0) {
        SYS1(__NR_close, held);
    }
}

bool find_linked_program(int directory, const char *path, char *program)
{
    if (!ends_in_exe(path) || !leads_to_image(directory, path)) {
        return false;
    }
    program[0] = 0;
    if (is_own_link(directory, path)) {
        append_string(program, PATH_MAX_BYTES, program_path);
        return true;
    }
    struct search search = {.directory = directory, .program = program};
    memcpy(search.path, path, strlen(path) - 3);
    search.path[strlen(path) - 3] = 0;
    with_private_descriptors(search_program, &search);
    return program[0] == '/';
}

static void search_own_mappings(void *argument)
{
    struct search *search = argument;
    search_mappings(search, search->address);
}

void find_mapped_file(uint64_t address, char *file)
{
    struct search search = {
        .directory = AT_FDCWD, .path = "/proc/self/", .program = file, .address = address};
    file[0] = 0;
    with_private_descriptors(search_own_mappings, &search);
}

/* Where the calls of this family have what: argument numbers, -1: none. */
struct path_call {
    int8_t directory, path, flags;
    uint32_t nofollow; /* the flag that makes the call act on the link itself */
};

static struct path_call describe(uint32_t number)
{
    switch (number) {
    case __NR_open:
        return (struct path_call){-1, 0, 1, O_NOFOLLOW};
    case __NR_openat:
        return (struct path_call){0, 1, 2, O_NOFOLLOW};
    case __NR_statx:
        return (struct path_call){0, 1, 2, AT_SYMLINK_NOFOLLOW};
    case __NR_newfstatat:
    case __NR_faccessat2:
        return (struct path_call){0, 1, 3, AT_SYMLINK_NOFOLLOW};
    case __NR_openat2:
    case __NR_faccessat:
        return (struct path_call){0, 1, -1, 0};
    default: /* stat, access, creat: the path comes first */
        return (struct path_call){-1, 0, -1, 0};
    }
}

/* openat2(2) that is to fail at a link such as /proc/self/exe. */
static bool refuses_links(uint32_t number, uint64_t how)
{
    const uint64_t refusals = 2 | 4; /* RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS */
    uint64_t fields[3] = {0};        /* struct open_how: flags, mode, resolve */
    return number == __NR_openat2 &&
           copy_from_user(fields, user_pointer(how), sizeof fields) == 0 &&
           (fields[2] & refusals) != 0;
}

/* The call, made with the program's path where its own leads to the image. */
static long follow_link(uint32_t number, unsigned long arguments[6], int at, int directory,
                        const char *path)
{
    char *program = (char *)shared_pages_of(current_thread())->paths[0];
    if (find_linked_program(directory, path, program)) {
        arguments[at] = (unsigned long)program;
    }
    return window_syscall((long)number, arguments);
}

long handle_PATH_EXE(UNUSED struct thread *thread, const struct user_registers *call)
{
    unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    uint32_t number = (uint32_t)call->rax;
    struct path_call shape = describe(number);
    char path[PATH_MAX_BYTES];
    int directory = shape.directory < 0 ? AT_FDCWD : (int)arguments[shape.directory];
    if (copy_string_from_user(path, user_pointer(arguments[shape.path]), sizeof path) >= 0 &&
        !(shape.flags >= 0 && (arguments[shape.flags] & shape.nofollow) != 0) &&
        ends_in_exe(path) && !refuses_links(number, arguments[2])) {
        return follow_link(number, arguments, shape.path, directory, path);
    }
    return CALL_FORWARD;
}

long handle_READLINK(UNUSED struct thread *thread, const struct user_registers *call)
{
    bool at = (uint32_t)call->rax == __NR_readlinkat;
    int directory = at ? (int)call->rdi : AT_FDCWD;
    uint64_t name = at ? call->rsi : call->rdi;
    uint64_t buffer = at ? call->rdx : call->rsi;
    int32_t size = (int32_t)(at ? call->r10 : call->rdx);
    char path[PATH_MAX_BYTES], program[PATH_MAX_BYTES];
    if (size <= 0 || copy_string_from_user(path, user_pointer(name), sizeof path) < 0 ||
        !find_linked_program(directory, path, program)) {
        return CALL_FORWARD;
    }
    int32_t length = (int32_t)strlen(program);
    length = length < size ? length : size;
    return copy_to_user(user_pointer(buffer), program, (unsigned long)length) == 0 ? length
                                                                                   : -EFAULT;
}
