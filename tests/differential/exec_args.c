/*
 * argv and envp as the new program finds them, byte for byte: empty, odd, very long and very many;
 * and the ways to name a program: path, PATH, descriptor, memfd, link, /proc/self/exe.
 */
#include "common.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char *program;
static char *no_environment[] = {NULL};

static uint64_t hash(const char *bytes, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = (seed ^ (uint8_t)bytes[i]) * 0x100000001b3;
    }
    return seed;
}

/* The new program: how many strings, how long, which bytes, and how they lie in memory. */
static int report(int argc, char **argv, char **envp)
{
    uint64_t of_arguments = 1, of_environment = 1;
    size_t bytes = 0, variables = 0;
    for (int i = 0; i < argc; i++) {
        size_t size = strlen(argv[i]) + 1;
        of_arguments = hash(argv[i], size, of_arguments);
        bytes += size;
        CHECK(i == 0 || argv[i] == argv[i - 1] + strlen(argv[i - 1]) + 1,
              "argument %d doesn't follow the one before", i);
    }
    CHECK(argv[argc] == NULL, "argv has no end");
    CHECK(envp == argv + argc + 1, "envp doesn't follow argv");
    for (; envp[variables]; variables++) {
        size_t size = strlen(envp[variables]) + 1;
        of_environment = hash(envp[variables], size, of_environment);
        bytes += size;
    }
    char name[32] = "";
    FILE *comm = fopen("/proc/self/comm", "re");
    CHECK(comm && fgets(name, sizeof name, comm), "/proc/self/comm");
    fclose(comm);
    say("  %d arguments 0x%llx, %zu variables 0x%llx, %zu bytes, comm %s", argc,
        (unsigned long long)of_arguments, variables, (unsigned long long)of_environment, bytes,
        name);
    return 0;
}

/* Runs one exec in a child; `how` doesn't return when it succeeds. */
#define RUN(what, how)                                                                             \
    do {                                                                                           \
        say("%s\n", what);                                                                         \
        pid_t pid_ = MUST(fork());                                                                 \
        if (pid_ == 0) {                                                                           \
            long result_ = (how);                                                                  \
            say("  %s\n", strerror(result_ < 0 ? (int)-result_ : errno));                          \
            _exit(0);                                                                              \
        }                                                                                          \
        CHECK_EQ(wait_for(pid_), 0, what);                                                         \
    } while (0)

static long run(const char *path, char **argv, char **envp)
{
    return raw(SYS_execve, path, argv, envp);
}

static void test_strings(void)
{
    char *report_only[] = {(char *)"report", NULL};
    char *odd[] = {(char *)"report",    (char *)"", (char *)"\xff\xfe\x01",
                   (char *)"a b\tc\nd", (char *)"", NULL};
    char *odd_environment[] = {(char *)"",    (char *)"=",   (char *)"NOEQUALS",
                               (char *)"A=1", (char *)"A=2", (char *)"\xc3\x28=x",
                               NULL};
    RUN("one argument", run(program, report_only, no_environment));
    RUN("odd strings", run(program, odd, odd_environment));
    RUN("envp NULL", run(program, report_only, NULL));
    /* loaders that read their environment: a monitor must not take orders from it */
    char *hostile[] = {(char *)"LD_PRELOAD=/no/such.so", (char *)"LD_LIBRARY_PATH=/no/such",
                       (char *)"LD_BIND_NOW=1", (char *)"ENDORUN=x", NULL};
    RUN("hostile environment", run(program, report_only, hostile));
}

/* argv NULL or without entries: the kernel makes it one empty string; argv[0] then can't select. */
static void test_no_arguments(void)
{
    char *none[] = {NULL};
    char *empty[] = {(char *)"", NULL};
    char *marker[] = {(char *)"REPORT=1", NULL};
    RUN("argv NULL", run(program, NULL, marker));
    RUN("argv without entries", run(program, none, marker));
    RUN("one empty argument", run(program, empty, marker));
}

static void test_sizes(void)
{
    static char *many[20002], *variables[20001], long_string[100 * 1024 + 1];
    static char numbers[20001][16];
    memset(long_string, 'L', sizeof long_string - 1);
    for (int i = 0; i < 20000; i++) {
        snprintf(numbers[i], sizeof numbers[i], "V%d", i * 7);
        many[i + 1] = variables[i] = numbers[i];
    }
    many[0] = (char *)"report";
    char *longs[] = {(char *)"report", long_string, long_string + 1,
                     long_string,      long_string, NULL};
    char *report_only[] = {(char *)"report", NULL};
    RUN("20001 arguments", run(program, many, no_environment));
    RUN("20000 variables", run(program, report_only, variables));
    RUN("20001 arguments and 20000 variables", run(program, many, variables));
    RUN("strings of 100 KB", run(program, longs, no_environment));
    RUN("strings of 100 KB in both", run(program, longs, longs + 1));
    /* the last byte of every page, so that any copy in pages is found out */
    static char edge[131072 - 8];
    memset(edge, 'e', sizeof edge - 1);
    char *at_limit[] = {(char *)"report", edge, NULL};
    RUN("the longest string", run(program, at_limit, no_environment));
}

static int open_program(int flags)
{
    return MUST(open(program, flags));
}

static int memfd(unsigned flags)
{
    int fd = (int)raw(SYS_memfd_create, "memory", flags | MFD_EXEC);
    if (fd == -EINVAL) { /* kernels before MFD_EXEC */
        fd = (int)raw(SYS_memfd_create, "memory", flags);
    }
    CHECK(fd >= 0, "memfd_create: %s", strerror(-fd));
    int from = open_program(O_RDONLY);
    static char buffer[65536];
    for (ssize_t length; (length = MUST(read(from, buffer, sizeof buffer))) > 0;) {
        CHECK_EQ(write(fd, buffer, (size_t)length), length, "write");
    }
    close(from);
    return fd;
}

static void test_names(void)
{
    char *argv[] = {(char *)"report", (char *)"x", NULL};
#define AT(fd, path, flags) raw(SYS_execveat, fd, path, argv, no_environment, flags)
    MUST(symlink(program, "link"));
    RUN("symbolic link", run("link", argv, no_environment));
    RUN("/proc/self/exe", run("/proc/self/exe", argv, no_environment));
    RUN("execveat of a path", AT(AT_FDCWD, program, 0));
    RUN("execveat of an absolute path with a bad descriptor", AT(-1, program, 0));
    RUN("execveat below a directory", AT(open(".", O_RDONLY), "link", 0));
    RUN("execveat below O_PATH", AT(open(".", O_PATH | O_CLOEXEC), "link", 0));
    RUN("descriptor", AT(open_program(O_RDONLY), "", AT_EMPTY_PATH));
    RUN("descriptor with O_CLOEXEC", AT(open_program(O_RDONLY | O_CLOEXEC), "", AT_EMPTY_PATH));
    RUN("O_PATH descriptor", AT(open_program(O_PATH), "", AT_EMPTY_PATH));
    RUN("memfd", AT(memfd(0), "", AT_EMPTY_PATH));
    RUN("memfd with MFD_CLOEXEC", AT(memfd(1), "", AT_EMPTY_PATH));
    RUN("fexecve", fexecve(open_program(O_RDONLY | O_CLOEXEC), argv, no_environment));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open_program(O_RDONLY));
    RUN("/proc/self/fd", run(path, argv, no_environment));
    snprintf(path, sizeof path, "/dev/fd/%d", memfd(0));
    RUN("/dev/fd of a memfd", run(path, argv, no_environment));
    /* a deleted file by its descriptor */
    int from = open_program(O_RDONLY), fd = MUST(open("copy", O_CREAT | O_WRONLY, 0700));
    static char buffer[65536];
    for (ssize_t length; (length = read(from, buffer, sizeof buffer)) > 0;) {
        CHECK_EQ(write(fd, buffer, (size_t)length), length, "write");
    }
    close(fd);
    close(from);
    fd = MUST(open("copy", O_RDONLY));
    RUN("copy", run("./copy", argv, no_environment));
    MUST(rename("copy", "a long name of many more than fifteen bytes"));
    RUN("long name", run("a long name of many more than fifteen bytes", argv, no_environment));
    MUST(unlink("a long name of many more than fifteen bytes"));
    RUN("deleted file", AT(fd, "", AT_EMPTY_PATH));
    close(fd);
}

/* Execs in a row: nothing may add up. */
static int chain(char **argv)
{
    int left = atoi(argv[1]);
    if (left == 0) {
        int lowest = dup(0);
        say("  end of the chain, lowest descriptor %d\n", lowest);
        return 0;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", left - 1);
    execv("/proc/self/exe", (char *[]){(char *)"chain", number, NULL});
    return 1;
}

int main(int argc, char **argv, char **envp)
{
    if (strcmp(argv[0], "report") == 0 || getenv("REPORT")) {
        return report(argc, argv, envp);
    }
    if (strcmp(argv[0], "chain") == 0) {
        return chain(argv);
    }
    program = argv[0];
    test_strings();
    test_no_arguments();
    test_sizes();
    test_names();
    char length[16];
    snprintf(length, sizeof length, "%d", fewer_when_emulated(200));
    char *links[] = {(char *)"chain", length, NULL};
    RUN("execs in a row", run(program, links, no_environment));
    return 0;
}
