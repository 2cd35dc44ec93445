/*
 * `#!` scripts, which the kernel resolves and a monitor that loads programs itself must resolve in
 * the same way: argument splitting, nesting, line lengths, and which error for what.
 */
#include "common.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char *program;
static char *no_environment[] = {NULL};

static void make(const char *name, const char *text)
{
    make_file(name, text, strlen(text), 0700);
}

/* The interpreter is this program; it prints its arguments, with its own path made short. */
static int report(int argc, char **argv)
{
    say("  %d:", argc);
    for (int i = 0; i < argc; i++) {
        if (strlen(argv[i]) > 100) {
            say(" [%.20s... %zu bytes]", argv[i], strlen(argv[i]));
        } else {
            say(" [%s]", argv[i]);
        }
    }
    char name[32] = "";
    FILE *comm = fopen("/proc/self/comm", "re");
    CHECK(comm && fgets(name, sizeof name, comm), "/proc/self/comm");
    fclose(comm);
    say(" comm %s", name);
    return 0;
}

static void run_with(const char *what, const char *path, char **argv)
{
    say("%s\n", what);
    pid_t pid = MUST(fork());
    if (pid == 0) {
        long result = raw(SYS_execve, path, argv, no_environment);
        say("  %s\n", strerror((int)-result));
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, what);
}

static void run(const char *what, const char *path)
{
    char *argv[] = {(char *)"name", (char *)"first", (char *)"second word", NULL};
    run_with(what, path, argv);
}

static void test_lines(void)
{
    static const struct {
        const char *name, *line;
    } rows[] = {
        {"plain", "#!./interpreter\n"},
        {"blank before", "#! \t ./interpreter\n"},
        {"argument", "#!./interpreter -x\n"},
        {"argument of several words", "#!./interpreter  -x  y \t z  \n"},
        {"blank after", "#!./interpreter   \n"},
        {"carriage return", "#!./interpreter\r\n"},
        {"carriage return in the argument", "#!./interpreter -x\r\n"},
        {"no end of line", "#!./interpreter"},
        {"no end of line, argument", "#!./interpreter arg"},
        {"empty", "#!\n"},
        {"blanks alone", "#!   \n"},
        {"nothing", "#!"},
        {"a slash", "#!/\n"},
        {"missing", "#!/no/such/interpreter\n"},
        {"directory", "#!.\n"},
        {"not executable", "#!./plain\n"},
        {"no path", "#!interpreter\n"},
        {"blank in the middle", "#!./inter preter\n"},
        {"hash alone", "#\n"},
        {"bang first", "!#./interpreter\n"},
        {"space between", "# !./interpreter\n"},
        {"more lines", "#!./interpreter one\ntwo\n#!three\n"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        make("script", rows[i].line);
        run(rows[i].name, "./script");
    }
    make_file("script", "#!./interpreter a\0b\n", 20, 0700);
    run("a zero byte in the argument", "./script");
    make_file("script", "#!./inter\0preter\n", 17, 0700);
    run("a zero byte in the name", "./script");
}

/* The kernel reads 256 bytes; a name must end within them, an argument is cut. */
static void test_long_lines(void)
{
    static char line[5200];
    static const size_t sizes[] = {100, 250, 253, 254, 255, 256, 257, 258, 300, 4096, 4990};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char what[64];
        strcpy(line, "#!./interpreter ");
        memset(line + 16, 'a', sizes[i] - 16);
        line[sizes[i]] = '\n';
        make_file("script", line, sizes[i] + 1, 0700);
        snprintf(what, sizeof what, "argument up to byte %zu", sizes[i]);
        run(what, "./script");
        make_file("script", line, sizes[i], 0700);
        snprintf(what, sizeof what, "the same without an end of line, %zu", sizes[i]);
        run(what, "./script");
        memset(line + 2, 'n', sizes[i] - 2);
        line[2] = '/';
        make_file("script", line, sizes[i] + 1, 0700);
        snprintf(what, sizeof what, "name up to byte %zu", sizes[i]);
        run(what, "./script");
        /* blanks before a good name */
        memset(line + 2, ' ', sizes[i] - 2);
        memcpy(line + sizes[i], "./interpreter x\n", 16);
        make_file("script", line, sizes[i] + 16, 0700);
        snprintf(what, sizeof what, "name behind blanks from byte %zu", sizes[i]);
        run(what, "./script");
    }
}

static void test_nesting(void)
{
    make("level0", "#!./interpreter of0\n");
    for (int i = 1; i <= 7; i++) {
        char name[16], line[64];
        snprintf(name, sizeof name, "level%d", i);
        snprintf(line, sizeof line, "#!./level%d of%d\n", i - 1, i);
        make(name, line);
        run(name, name);
    }
    make("itself", "#!./itself\n");
    run("its own interpreter", "./itself");
    make("script", "#!./level2\n");
    MUST(chmod("level1", 0600));
    run("not executable in between", "./script");
    MUST(chmod("level1", 0700));
}

static void test_arguments(void)
{
    make("script", "#!./interpreter fixed\n");
    char *none[] = {NULL}, *empty[] = {(char *)"", NULL}, *one[] = {(char *)"only", NULL};
    run_with("argv without entries", "./script", none);
    run_with("argv NULL", "./script", NULL);
    run_with("one empty argument", "./script", empty);
    run_with("one argument", "./script", one);
    run("by another spelling", ".//./script");
    MUST(symlink("script", "link"));
    run("by a link", "link");
    MUST(mkdir("below", 0700));
    make("below/script", "#!./interpreter\n");
    run("relative to the caller's directory", "below/script");
}

static void run_at(const char *what, int fd, const char *path, int flags)
{
    char *argv[] = {(char *)"name", (char *)"first", NULL};
    say("%s\n", what);
    pid_t pid = MUST(fork());
    if (pid == 0) {
        long result = raw(SYS_execveat, fd, path, argv, no_environment, flags);
        say("  %s\n", strerror((int)-result));
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, what);
}

/* The interpreter gets /dev/fd/N, which is gone when the descriptor is closed on exec. */
static void test_descriptors(void)
{
    make("script", "#!./interpreter fixed\n");
    int fd = MUST(open("script", O_RDONLY)), closing = MUST(open("script", O_RDONLY | O_CLOEXEC));
    int directory = MUST(open(".", O_RDONLY));
    int closing_directory = MUST(open(".", O_RDONLY | O_CLOEXEC));
    MUST(dup2(fd, 40));
    MUST(dup2(directory, 41));
    run_at("script by descriptor", 40, "", AT_EMPTY_PATH);
    run_at("script by a descriptor closed on exec", closing, "", AT_EMPTY_PATH);
    run_at("script below a directory", 41, "script", 0);
    run_at("script below a directory closed on exec", closing_directory, "script", 0);
    run_at("script below the current directory", AT_FDCWD, "script", 0);
    close(fd), close(closing), close(directory), close(closing_directory), close(40), close(41);
}

/* Failures that are found after the script has been read leave nothing open. */
static void test_failures(void)
{
    size_t length = 200000;
    char *big = map_pages(length, PROT_READ | PROT_WRITE);
    memset(big, 'b', length - 1);
    char *too_long[] = {(char *)"name", big, NULL};
    char *unreadable[] = {(char *)"name", (char *)8, NULL};
    static const char *const lines[] = {"#!./interpreter fixed\n", "#!/no/such/interpreter\n",
                                        "#!./level1\n"};
    int before = first_free_descriptor();
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        make("script", lines[i]);
        for (int round = 0; round < 20; round++) {
            long result = raw(SYS_execve, "./script", too_long, no_environment);
            CHECK(result == -E2BIG || result == -ENOENT, "exec: %s", strerror((int)-result));
            result = raw(SYS_execve, "./script", unreadable, no_environment);
            CHECK(result == -EFAULT || result == -ENOENT, "exec: %s", strerror((int)-result));
        }
        CHECK_EQ(first_free_descriptor(), before, "first free descriptor after failed execs");
    }
    MUST(munmap(big, length));
    say("failures: no descriptor left\n");
}

/* A real one, with a real shell. */
static void test_shell(void)
{
    make("script", "#!/bin/sh -e\necho \"from sh: $0 $# $1\"\nfalse\necho not reached\n");
    char *argv[] = {(char *)"./script", (char *)"argument", NULL};
    pid_t pid = MUST(fork());
    if (pid == 0) {
        execv("./script", argv);
        _exit(99);
    }
    CHECK_EQ(wait_for(pid), 1 << 8, "status of the shell");
    make("noline", "echo \"without a line: $1\"\n");
    pid = MUST(fork());
    if (pid == 0) {
        execlp("./noline", "noline", "argument", NULL);
        _exit(99);
    }
    say("execlp of a file without a line: %s\n", ending(wait_for(pid)));
}

int main(int argc, char **argv)
{
    if (argc > 0 && strstr(argv[0], "interpreter")) {
        return report(argc, argv);
    }
    if (argc == 0 || strcmp(argv[0], "name") == 0 || argv[0][0] == '\0') {
        return report(argc, argv);
    }
    program = argv[0];
    MUST(symlink(program, "interpreter"));
    MUST(close(MUST(open("plain", O_CREAT | O_WRONLY, 0600))));
    test_lines();
    test_long_lines();
    test_nesting();
    test_arguments();
    test_descriptors();
    test_failures();
    test_shell();
    return 0;
}
