/*
 * Every error of exec, from a caller that goes on afterwards with all it had: its memory, handlers,
 * descriptors and threads. A monitor that loads programs itself must find each of these before the
 * point from which there's no way back.
 */
#include "common.h"
#include <elf.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char *arguments[] = {(char *)"program", NULL};
static char *no_environment[] = {NULL};
static char **self;
static volatile int calls;

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

static void expect(const char *what, long result)
{
    CHECK(result < 0, "%s: exec came back with %ld", what, result);
    say("%s: %s\n", what, strerror((int)-result));
    /* the caller is as it was */
    calls = 0;
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(calls, 1, "handler calls after a failed exec");
    CHECK_EQ(current_mask(), SIGNAL_BIT(SIGHUP), "mask after a failed exec");
}

static long execve_(const char *path)
{
    return raw(SYS_execve, path, arguments, no_environment);
}

/* ---------------------------------------------------------------- paths */

static void test_paths(void)
{
    static char component[300], path[PATH_MAX + 100];
    MUST(mkdir("directory", 0700));
    make_file("plain", "x", 1, 0600);
    MUST(symlink("loop2", "loop1"));
    MUST(symlink("loop1", "loop2"));
    MUST(symlink("nowhere", "dangling"));
    MUST(symlink("directory", "link"));
    memset(component, 'n', 256);
    memset(path, 'p', sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 100) {
        path[i] = '/';
    }
    expect("missing", execve_("missing"));
    expect("empty path", execve_(""));
    expect("missing directory", execve_("missing/program"));
    expect("file as directory", execve_("plain/program"));
    expect("directory", execve_("directory"));
    expect("directory by link", execve_("link"));
    expect("trailing slash", execve_("plain/"));
    expect("not executable", execve_("plain"));
    expect("loop", execve_("loop1"));
    expect("dangling link", execve_("dangling"));
    expect("long component", execve_(component));
    expect("long path", execve_(path));
    expect("device", execve_("/dev/null"));
    MUST(mkfifo("fifo", 0700));
    expect("fifo", execve_("fifo"));
    expect("proc file", execve_("/proc/self/status"));
    if (geteuid() != 0) {
        MUST(chmod("directory", 0));
        expect("closed directory", execve_("directory/program"));
        MUST(chmod("directory", 0700));
    }
}

/* ---------------------------------------------------------------- pointers */

static void test_pointers(void)
{
    char *page = map_pages(8192, PROT_READ | PROT_WRITE), *nothing = page + 4096;
    MUST(mprotect(nothing, 4096, PROT_NONE));
    const char *good = self[0];
    expect("path NULL", raw(SYS_execve, NULL, arguments, no_environment));
    expect("path unmapped", raw(SYS_execve, nothing, arguments, no_environment));
    expect("path not canonical", raw(SYS_execve, 0xdead000000000000, arguments, no_environment));
    memset(page + 4090, 'x', 6);
    expect("path runs out of memory", raw(SYS_execve, page + 4090, arguments, no_environment));
    expect("argv unmapped", raw(SYS_execve, good, nothing, no_environment));
    expect("envp unmapped", raw(SYS_execve, good, arguments, nothing));
    char *bad_string[] = {(char *)"a", nothing, NULL};
    expect("argument unmapped", raw(SYS_execve, good, bad_string, no_environment));
    expect("variable unmapped", raw(SYS_execve, good, arguments, bad_string));
    bad_string[1] = page + 4090;
    expect("argument runs out of memory", raw(SYS_execve, good, bad_string, no_environment));
    char **no_end = (char **)(page + 4096 - 16);
    no_end[0] = no_end[1] = (char *)"x";
    expect("argv without an end", raw(SYS_execve, good, no_end, no_environment));
    expect("envp without an end", raw(SYS_execve, good, arguments, no_end));
    expect("argv misplaced", raw(SYS_execve, good, 1, no_environment));
    MUST(munmap(page, 8192));
}

static void test_too_big(void)
{
    static char *many[20000];
    char *big = map_pages(4 << 20, PROT_READ | PROT_WRITE);
    memset(big, 'b', (4 << 20) - 1);
    char *one[] = {(char *)"program", big, NULL};
    expect("argument of 4 MiB", raw(SYS_execve, self[0], one, no_environment));
    expect("variable of 4 MiB", raw(SYS_execve, self[0], arguments, one));
    big[(128 << 10) - 1] = 'b';
    big[128 << 10] = '\0';
    expect("argument of 128 KiB", raw(SYS_execve, self[0], one, no_environment));
    big[1000] = '\0';
    for (int i = 0; i < 19999; i++) {
        many[i] = big;
    }
    expect("20 MB of arguments", raw(SYS_execve, self[0], many, no_environment));
    expect("20 MB of both", raw(SYS_execve, self[0], many, many));
    struct rlimit old, small = {256 << 10, 0};
    MUST(getrlimit(RLIMIT_STACK, &old));
    small.rlim_max = old.rlim_max;
    MUST(setrlimit(RLIMIT_STACK, &small));
    many[140] = NULL;
    expect("140 KB with a stack limit of 256 KiB", raw(SYS_execve, self[0], many, no_environment));
    MUST(setrlimit(RLIMIT_STACK, &old));
    MUST(munmap(big, 4 << 20));
}

/* ---------------------------------------------------------------- execveat */

static void test_execveat(void)
{
    int directory = MUST(open("directory", O_RDONLY)), file = MUST(open("plain", O_RDONLY));
    int path_only = MUST(open(self[0], O_PATH)), self_fd = MUST(open(self[0], O_RDONLY));
    MUST(symlink(self[0], "self"));
#define AT(fd, path, flags) raw(SYS_execveat, fd, path, arguments, no_environment, flags)
    expect("at bad descriptor", AT(-1, "x", 0));
    expect("at bad descriptor, empty path", AT(-1, "", AT_EMPTY_PATH));
    expect("at a file", AT(file, "x", 0));
    expect("at a directory", AT(directory, "missing", 0));
    expect("empty path without the flag", AT(self_fd, "", 0));
    expect("empty path, not executable", AT(file, "", AT_EMPTY_PATH));
    expect("empty path, directory", AT(directory, "", AT_EMPTY_PATH));
    expect("link not followed", AT(AT_FDCWD, "self", AT_SYMLINK_NOFOLLOW));
    expect("unknown flags", AT(AT_FDCWD, "self", 0x1));
    expect("unknown high flags", AT(AT_FDCWD, "self", 0x80000000));
    expect("path NULL", AT(AT_FDCWD, NULL, 0));
    expect("path NULL with the flag", AT(path_only, NULL, 0));
    int pipes[2];
    MUST(pipe(pipes));
    expect("a pipe", AT(pipes[0], "", AT_EMPTY_PATH));
    close(pipes[0]), close(pipes[1]);
    close(directory), close(file), close(path_only), close(self_fd);
}

/* ---------------------------------------------------------------- contents */

static void write_header(const char *name, const Elf64_Ehdr *header, size_t size)
{
    make_file(name, header, size, 0700);
}

/* AT_EXECVE_CHECK came with Linux 6.14: before, ETXTBSY is not reproduced (docs/caveats.md). */
static bool kernel_checks_execution(void)
{
    struct utsname name;
    int major = 0, minor = 0;
    MUST(uname(&name));
    CHECK(sscanf(name.release, "%d.%d", &major, &minor) == 2, "release %s", name.release);
    return major > 6 || (major == 6 && minor >= 14);
}

static void test_contents(void)
{
    Elf64_Ehdr good;
    int fd = MUST(open(self[0], O_RDONLY));
    CHECK_EQ(read(fd, &good, sizeof good), (long)sizeof good, "reading our own header");
    close(fd);
    make_file("file", "", 0, 0700);
    expect("empty file", execve_("file"));
    make_file("file", "x", 1, 0700);
    expect("one byte", execve_("file"));
    make_file("file", "plain text\n", 11, 0700);
    expect("text", execve_("file"));
    write_header("file", &good, 4);
    expect("magic alone", execve_("file"));
    write_header("file", &good, 20);
    expect("a third of a header", execve_("file"));
    write_header("file", &good, sizeof good);
    expect("a header alone", execve_("file"));
    static const struct {
        const char *name;
        size_t offset, size;
        uint64_t value;
    } damages[] = {
        {"32-bit class", EI_CLASS, 1, ELFCLASS32}, /* the machine and type are what count */
        {"machine 0", offsetof(Elf64_Ehdr, e_machine), 2, 0},
        {"machine AArch64", offsetof(Elf64_Ehdr, e_machine), 2, 183},
        {"relocatable", offsetof(Elf64_Ehdr, e_type), 2, ET_REL},
        {"core", offsetof(Elf64_Ehdr, e_type), 2, ET_CORE},
        {"no program headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0},
        {"too many program headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff},
        {"program header size", offsetof(Elf64_Ehdr, e_phentsize), 2, 57},
        {"program headers beyond the file", offsetof(Elf64_Ehdr, e_phoff), 8, 1ULL << 40},
        {"program headers wrap", offsetof(Elf64_Ehdr, e_phoff), 8, ~0ULL - 100},
    };
    for (unsigned i = 0; i < sizeof damages / sizeof *damages; i++) {
        Elf64_Ehdr bad = good;
        memcpy((char *)&bad + damages[i].offset, &damages[i].value, damages[i].size);
        write_header("file", &bad, sizeof bad);
        expect(damages[i].name, execve_("file"));
    }
    if (kernel_checks_execution()) {
        int open_for_writing = MUST(open("busy", O_CREAT | O_WRONLY, 0700));
        CHECK_EQ(write(open_for_writing, &good, sizeof good), (long)sizeof good, "write");
        expect("open for writing", execve_("busy"));
        close(open_for_writing);
    }
}

/* Interpreters that can't be used: found before the caller is given up. */
static void test_interpreters(void)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr program[2];
        char interpreter[64];
    } file;
    static const struct {
        const char *name, *interpreter;
        size_t size;
    } rows[] = {{"interpreter missing", "/no/such/interpreter", 0},
                {"interpreter is a directory", "/", 0},
                {"interpreter is no ELF", "/etc/passwd", 0},
                {"interpreter not terminated", "/xxxxxxx", 5},
                {"interpreter of one byte", "", 1}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&file, 0, sizeof file);
        memcpy(file.header.e_ident, ELFMAG, 4);
        file.header.e_ident[EI_CLASS] = ELFCLASS64;
        file.header.e_ident[EI_DATA] = ELFDATA2LSB;
        file.header.e_ident[EI_VERSION] = EV_CURRENT;
        file.header.e_type = ET_DYN;
        file.header.e_machine = EM_X86_64;
        file.header.e_version = EV_CURRENT;
        file.header.e_phoff = offsetof(__typeof__(file), program);
        file.header.e_ehsize = sizeof file.header;
        file.header.e_phentsize = sizeof file.program[0];
        file.header.e_phnum = 2;
        strcpy(file.interpreter, rows[i].interpreter);
        file.program[0].p_type = PT_INTERP;
        file.program[0].p_offset = offsetof(__typeof__(file), interpreter);
        file.program[0].p_filesz = rows[i].size ? rows[i].size : strlen(rows[i].interpreter) + 1;
        file.program[1].p_type = PT_LOAD;
        file.program[1].p_flags = PF_R | PF_X;
        file.program[1].p_filesz = file.program[1].p_memsz = sizeof file;
        file.program[1].p_align = 4096;
        make_file("file", &file, sizeof file, 0700);
        expect(rows[i].name, execve_("file"));
    }
}

/* ---------------------------------------------------------------- with threads around */

static volatile int stop;
static volatile long progress;

static void *run(void *argument)
{
    while (!stop) {
        progress++;
        raw(SYS_getpid);
    }
    return argument;
}

static void test_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, run, NULL), 0, "pthread_create");
    }
    int rounds = fewer_when_emulated(200);
    for (int i = 0; i < rounds; i++) {
        CHECK_EQ(execve_("missing"), -ENOENT, "exec");
        CHECK_EQ(execve_("file"), -ENOEXEC, "exec");
    }
    long before = progress;
    while (progress == before) {
        sched_yield();
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    say("%d failures with threads around\n", 2 * rounds);
}

int main(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "program") == 0) {
        dprintf(2, "an exec that should have failed succeeded\n");
        return 1;
    }
    self = argv;
    raw_handle(SIGUSR1, count, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    int first_free = first_free_descriptor();
    test_paths();
    test_pointers();
    test_too_big();
    test_execveat();
    test_contents();
    test_interpreters();
    test_threads();
    CHECK_EQ(first_free_descriptor(), first_free, "first free descriptor after all failures");
    char path[4096] = "";
    MUST(readlink("/proc/self/exe", path, sizeof path - 1));
    say("still %s\n", basename(path));
    return 0;
}
