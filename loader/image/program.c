#include "program.h"
#include "../../monitor/exec.h"
#include "../../monitor/self.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../policy/enforce/enforce.h"

static const char *keep(struct program *program, const char *string, uint64_t length)
{
    char *at = program->text + program->text_used;
    if (length + 1 > sizeof program->text - program->text_used) {
        return 0;
    }
    memcpy(at, string, length);
    at[length] = 0;
    program->text_used += length + 1;
    return at;
}

/* The name by which the kernel calls the file: fs/exec.c, alloc_bprm(). */
static void name_program(struct program *program, int directory, const char *path)
{
    program->execfn[0] = 0;
    if (path[0] != '/' && directory != AT_FDCWD) {
        append_string(program->execfn, sizeof program->execfn, KERNEL_DESCRIPTORS);
        append_number(program->execfn, sizeof program->execfn, (uint64_t)directory);
        if (path[0] != 0) {
            append_string(program->execfn, sizeof program->execfn, "/");
        }
    }
    append_string(program->execfn, sizeof program->execfn, path);
}

bool is_first_thread(void)
{
    return SYS0(__NR_gettid) == SYS0(__NR_getpid);
}

const char *own_descriptors(void)
{
    return is_first_thread() ? FIRST_THREAD_DESCRIPTORS : THREAD_DESCRIPTORS;
}

/* The link in /proc to the file that a descriptor is. */
static void name_descriptor(char link[64], int descriptor)
{
    link[0] = 0;
    append_string(link, 64, own_descriptors());
    append_number(link, 64, (uint64_t)descriptor);
}

void canonical_path(int fd, char path[PATH_MAX_BYTES])
{
    char link[64];
    name_descriptor(link, fd);
    long length = SYS4(__NR_readlinkat, AT_FDCWD, link, path, PATH_MAX_BYTES - 1);
    path[length > 0 ? length : 0] = 0;
}

/* A descriptor for reading of the file that `descriptor` is. */
static long reopen(int descriptor)
{
    char path[64];
    long mode = SYS2(__NR_fcntl, descriptor, F_GETFL);
    if (mode < 0) {
        return mode;
    }
    if ((mode & O_PATH) == 0 && (mode & O_ACCMODE) != O_WRONLY) {
        return SYS3(__NR_fcntl, descriptor, F_DUPFD_CLOEXEC, 3);
    }
    name_descriptor(path, descriptor);
    return SYS4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

/*
 * What else the kernel would say of executing the file (it is open for writing, a security module
 * forbids it...). Before Linux 6.14 it can't be asked; then the exec goes on without that answer.
 */
static long check_by_kernel(int fd)
{
    const char *const none[] = {0};
    long result = SYS5(__NR_execveat, fd, "", none, none, AT_EMPTY_PATH | AT_EXECVE_CHECK);
    return result == -EINVAL ? 0 : result;
}

/* What a file is opened for. A program interpreter is mapped: what runs is the program. */
enum use { AS_PROGRAM, AS_SCRIPT_INTERPRETER, AS_PROGRAM_INTERPRETER };

/* Opens one file for execution; the order of errors is do_open_execat()'s. */
static long open_executable(struct program *program, int directory, const char *path, int flags,
                            enum use use)
{
    struct stat status;
    int empty = (flags & AT_EMPTY_PATH) != 0 && path[0] == 0 ? AT_EMPTY_PATH : 0;
    int nofollow = flags & AT_SYMLINK_NOFOLLOW;
    if (path[0] == 0 && empty == 0) {
        /* In a script or an ELF file: the kernel takes it for the current directory. */
        return use != AS_PROGRAM ? -EACCES : -ENOENT;
    }
    char linked[PATH_MAX_BYTES];
    if (empty == 0 && find_linked_program(directory, path, linked)) {
        path = linked;
    }
    const char *replacement = policy_replacement(directory, path);
    if (replacement != 0) {
        directory = AT_FDCWD;
        path = replacement;
    }
    unsigned access = use == AS_PROGRAM_INTERPRETER ? PATH_ACCESS(READ) : PATH_ACCESS(EXEC);
    long permitted = policy_permits_path(directory, path, access, __NR_execve);
    if (permitted != 0) {
        return permitted; /* before an error could tell what is there */
    }
    long result = SYS4(__NR_newfstatat, directory, path, &status, empty | nofollow);
    if (result != 0) {
        return result;
    }
    if ((status.st_mode & S_IFMT) == S_IFLNK) {
        return -ELOOP;
    }
    if ((status.st_mode & S_IFMT) != S_IFREG) {
        program->why =
            (status.st_mode & S_IFMT) == S_IFDIR ? "is a directory" : "not a regular file";
        return -EACCES;
    }
    result = SYS4(__NR_faccessat2, directory, path, X_OK, AT_EACCESS | empty | nofollow);
    if (result != 0) {
        return result;
    }
    long fd = empty != 0 ? reopen(directory)
                         : SYS4(__NR_openat, directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd == -EACCES) {
        program->why = "may be executed but not read, and endorun has to read it";
    }
    result = fd >= 0 ? policy_permits_file((int)fd, access, __NR_execve) : fd;
    if (fd >= 0 && result == 0) {
        result = check_by_kernel((int)fd);
    }
    if (fd >= 0 && result != 0) {
        SYS1(__NR_close, fd);
        return result;
    }
    return fd;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What stands behind "#!": [name, name_end) and the argument [argument, end), NULL without one. */
struct script_line {
    const char *name, *name_end;
    const char *argument, *end;
};

static const char *next_non_blank(const char *first, const char *last)
{
    while (first <= last && is_blank(*first)) {
        first++;
    }
    return first <= last ? first : 0;
}

static const char *next_terminator(const char *first, const char *last)
{
    while (first <= last && !is_blank(*first) && *first != 0) {
        first++;
    }
    return first <= last ? first : 0;
}

/* fs/binfmt_script.c: load_script(). `line` is SCRIPT_LINE_MAX bytes, padded with NULs. */
static bool parse_script(const char *line, struct script_line *script)
{
    const char *last = line + SCRIPT_LINE_MAX - 1;
    const char *end = line;
    while (end <= last && *end != '\n') {
        end++;
    }
    if (end > last) {
        /* No end of line: fine if the name itself ends within the buffer. */
        const char *name = next_non_blank(line + 2, last);
        if (name == 0 || next_terminator(name, last) == 0) {
            return false;
        }
        end = last;
    }
    while (is_blank(end[-1])) {
        end--;
    }
    script->name = next_non_blank(line + 2, end);
    if (script->name == 0 || script->name == end) {
        return false;
    }
    const char *separator = next_terminator(script->name, end);
    script->name_end = separator != 0 ? separator : end;
    script->argument = 0;
    script->end = end;
    if (separator != 0 && *separator != 0) {
        script->argument = next_non_blank(separator, end);
    }
    if (script->argument == end) {
        script->argument = 0;
    }
    for (const char *at = script->argument; at != 0 && at < end; at++) {
        if (*at == 0) {
            script->end = at;
            break;
        }
    }
    return true;
}

/* Puts `count` strings before the prefix; its first is what argv[0] was and goes. */
static long add_prefix(struct program *program, const char *const *strings, unsigned count)
{
    unsigned drop = program->prefix_count > 0 ? 1 : 0;
    unsigned rest = program->prefix_count - drop;
    if (count + rest > PREFIX_MAX) {
        return -E2BIG;
    }
    memmove(program->prefix + count, program->prefix + drop, rest * sizeof strings[0]);
    memcpy(program->prefix, strings, count * sizeof strings[0]);
    program->prefix_count = count + rest;
    return 0;
}

/* Follows one `#!`: the interpreter's path, and the prefix it asks for. */
static long follow_script(struct program *program, const char *line, const char *script_path,
                          const char **interpreter)
{
    struct script_line script;
    if (!parse_script(line, &script)) {
        return -ENOEXEC;
    }
    const char *added[3];
    unsigned count = 0;
    added[count++] = keep(program, script.name, (uint64_t)(script.name_end - script.name));
    if (script.argument != 0) {
        added[count++] = keep(program, script.argument, (uint64_t)(script.end - script.argument));
    }
    added[count++] = script_path;
    for (unsigned i = 0; i < count; i++) {
        if (added[i] == 0) {
            return -ENAMETOOLONG;
        }
    }
    *interpreter = added[0];
    return add_prefix(program, added, count);
}

/* The program's interpreter has to be there; its content is checked when it is mapped. */
static long check_interpreter(struct program *program)
{
    long fd =
        open_executable(program, AT_FDCWD, program->elf.interpreter, 0, AS_PROGRAM_INTERPRETER);
    if (fd < 0) {
        if (program->why == 0) {
            program->why = "its program interpreter can't be opened";
        }
        return fd;
    }
    enum elf_error error = elf_read((int)fd, &program->interpreter);
    SYS1(__NR_close, fd);
    if (error != ELF_FINE) {
        program->why = "its program interpreter is no valid ELF file for x86-64";
        return -ELIBBAD;
    }
    return 0;
}

static long check_program(struct program *program)
{
    enum elf_error error = elf_read(program->fd, &program->elf);
    if (error != ELF_FINE) {
        program->why = elf_error_text(error);
        return -elf_error_number(error);
    }
    return program->elf.has_interpreter ? check_interpreter(program) : 0;
}

/* Warns once an exec: a set-uid program runs without the privilege its file would give it. */
static void warn_of_privilege(const struct program *program)
{
    struct stat status;
    uint8_t capabilities[64];
    const char *what = 0;
    if (SYS2(__NR_fstat, program->fd, &status) != 0) {
        return;
    }
    if ((status.st_mode & S_ISUID) != 0 && (long)status.st_uid != SYS0(__NR_geteuid)) {
        what = "is set-user-ID and runs without that privilege under endorun";
    } else if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
               (long)status.st_gid != SYS0(__NR_getegid)) {
        what = "is set-group-ID and runs without that privilege under endorun";
    } else if (SYS4(__NR_fgetxattr, program->fd, "security.capability", capabilities,
                    sizeof capabilities) > 0 &&
               SYS0(__NR_geteuid) != 0) {
        what = "has file capabilities and runs without them under endorun";
    }
    if (what != 0) {
        char line[PATH_MAX_BYTES / 8] = "";
        append_string(line, sizeof line, program->path);
        append_string(line, sizeof line, " ");
        append_string(line, sizeof line, what);
        warn(line);
    }
}

long program_find(struct program *program, int directory, const char *path, int flags)
{
    program->prefix_count = 0;
    program->why = 0;
    program->text_used = 0;
    program->fd = -1;
    program->by_descriptor = path[0] == 0;
    name_program(program, directory, path);
    bool inaccessible = path[0] != '/' && directory != AT_FDCWD &&
                        (SYS2(__NR_fcntl, directory, F_GETFD) & FD_CLOEXEC) != 0;
    const char *name = program->execfn;
    for (int depth = 0;; depth++) {
        char line[SCRIPT_LINE_MAX] = {0};
        if (depth > SCRIPT_DEPTH_MAX) {
            return -ELOOP;
        }
        long fd = open_executable(program, directory, path, flags,
                                  depth > 0 ? AS_SCRIPT_INTERPRETER : AS_PROGRAM);
        if (fd < 0) {
            return fd;
        }
        program->fd = (int)fd;
        SYS4(__NR_pread64, fd, line, sizeof line, 0);
        long result = 0;
        if (line[0] != '#' || line[1] != '!') {
            result = check_program(program);
            if (result == 0) {
                canonical_path(program->fd, program->path);
                warn_of_privilege(program);
                return 0;
            }
        } else if (inaccessible) {
            result = -ENOENT; /* the interpreter could not open the script */
        } else {
            result = follow_script(program, line, name, &path);
        }
        SYS1(__NR_close, fd);
        program->fd = -1;
        if (result != 0) {
            return result;
        }
        name = path;
        directory = AT_FDCWD;
        flags = 0;
    }
}
