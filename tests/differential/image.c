/*
 * The image that a program finds itself in: auxiliary vector, initial stack, what /proc tells of
 * it, ASLR, and brk. All of it was made by the kernel natively, and by a monitor's loader
 * otherwise.
 */
#include "common.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

static uint64_t auxv[64], auxv_seen;
static char **first_argument;

static void read_file(const char *path, char *into, size_t size)
{
    int fd = MUST(open(path, O_RDONLY | O_CLOEXEC));
    size_t length = 0;
    for (ssize_t got; (got = MUST(read(fd, into + length, size - 1 - length))) > 0;) {
        length += (size_t)got;
    }
    into[length] = '\0';
    close(fd);
}

/* ---------------------------------------------------------------- the stack and the auxv on it */

static void read_auxv(char **envp)
{
    while (*envp) {
        envp++;
    }
    for (const Elf64_auxv_t *entry = (void *)(envp + 1); entry->a_type != AT_NULL; entry++) {
        say("auxv %llu\n", (unsigned long long)entry->a_type);
        if (entry->a_type < 64) {
            CHECK(!(auxv_seen >> entry->a_type & 1), "auxv entry %llu comes twice",
                  (unsigned long long)entry->a_type);
            auxv_seen |= 1ULL << entry->a_type;
            auxv[entry->a_type] = entry->a_un.a_val;
        }
    }
}

static void test_auxv(int argc, char **argv)
{
    CHECK_EQ((uint64_t)first_argument % 8, 0, "alignment of argv");
    CHECK_EQ(((uint64_t)first_argument - 8) % 16, 0, "argc at an RSP aligned to 16");
    CHECK_EQ(((long *)first_argument)[-1], argc, "argc below argv");
    CHECK_EQ(auxv[AT_PAGESZ], 4096, "AT_PAGESZ");
    CHECK_EQ(auxv[AT_CLKTCK], 100, "AT_CLKTCK");
    CHECK_EQ(auxv[AT_UID], getuid(), "AT_UID");
    CHECK_EQ(auxv[AT_EUID], geteuid(), "AT_EUID");
    CHECK_EQ(auxv[AT_GID], getgid(), "AT_GID");
    CHECK_EQ(auxv[AT_EGID], getegid(), "AT_EGID");
    CHECK_EQ(auxv[AT_SECURE], 0, "AT_SECURE");
    CHECK_EQ(auxv[AT_PHENT], sizeof(Elf64_Phdr), "AT_PHENT");
    CHECK_EQ(auxv[AT_FLAGS], 0, "AT_FLAGS");
    CHECK(strcmp((char *)auxv[AT_PLATFORM], "x86_64") == 0, "AT_PLATFORM");
    CHECK(strcmp((char *)auxv[AT_EXECFN], argv[0]) == 0, "AT_EXECFN is %s, argv[0] %s",
          (char *)auxv[AT_EXECFN], argv[0]);
    say("AT_HWCAP 0x%llx AT_HWCAP2 0x%llx AT_MINSIGSTKSZ %llu AT_SYSINFO_EHDR %s\n",
        (unsigned long long)auxv[AT_HWCAP], (unsigned long long)auxv[AT_HWCAP2],
        (unsigned long long)auxv[51], auxv[AT_SYSINFO_EHDR] ? "there" : "none");
    /* the strings lie behind each other up to the end of the stack */
    const char *name = (char *)auxv[AT_EXECFN];
    CHECK_EQ(((uint64_t)name + strlen(name) + 1 + 8 + 4095) & ~4095ULL,
             ((uint64_t)name + strlen(name) + 1 + 8), "AT_EXECFN is 8 bytes below the stack's end");
    CHECK((uint64_t)argv[0] < auxv[AT_EXECFN], "AT_EXECFN isn't above the arguments");
    CHECK(auxv[AT_RANDOM] < (uint64_t)argv[0], "AT_RANDOM isn't below the strings");
    uint64_t random_bytes;
    memcpy(&random_bytes, (void *)auxv[AT_RANDOM], 8);
    CHECK(random_bytes != 0, "AT_RANDOM points to zeros");
    say("auxv: consistent\n");
}

/* /proc/self/auxv is what the stack held. */
static void test_proc_auxv(void)
{
    uint64_t words[256];
    int fd = MUST(open("/proc/self/auxv", O_RDONLY));
    ssize_t length = MUST(read(fd, words, sizeof words));
    close(fd);
    uint64_t seen = 0;
    for (size_t i = 0; i + 1 < (size_t)length / 8 && words[i] != AT_NULL; i += 2) {
        if (words[i] < 64) {
            seen |= 1ULL << words[i];
            CHECK(auxv[words[i]] == words[i + 1],
                  "/proc/self/auxv %llu: 0x%llx, on the stack 0x%llx", (unsigned long long)words[i],
                  (unsigned long long)words[i + 1], (unsigned long long)auxv[words[i]]);
        }
    }
    CHECK_EQ(seen, auxv_seen, "entries of /proc/self/auxv");
    say("/proc/self/auxv: as on the stack\n");
}

/* ---------------------------------------------------------------- segments and maps */

struct mapping {
    uint64_t start, end, offset;
    char permissions[8];
    char name[512];
};

static bool find_mapping(uint64_t address, struct mapping *found)
{
    char line[1024];
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps, "/proc/self/maps");
    bool there = false;
    while (!there && fgets(line, sizeof line, maps)) {
        found->name[0] = '\0';
        sscanf(line, "%lx-%lx %7s %lx %*s %*s %511[^\n]", &found->start, &found->end,
               found->permissions, &found->offset, found->name);
        there = address >= found->start && address < found->end;
    }
    fclose(maps);
    return there;
}

/* 0: as natively. */
static unsigned protection_key(uint64_t address)
{
    char line[1024];
    uint64_t start, end;
    bool here = false;
    unsigned key = 0;
    FILE *smaps = fopen("/proc/self/smaps", "re");
    CHECK(smaps, "/proc/self/smaps");
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            here = address >= start && address < end;
        } else if (here && sscanf(line, "ProtectionKey: %u", &key) == 1) {
            break;
        }
    }
    fclose(smaps);
    return key;
}

/* With protection keys, code of a file that the user could write is a copy in nameless memory. */
static bool is_copied(uint64_t address, const char *permissions, const char *name)
{
    struct stat status;
    return strcmp(permissions, "r-xp") == 0 && stat(name, &status) == 0 &&
           status.st_uid == getuid() && protection_key(address) != 0;
}

static void expect_mapping(const char *what, uint64_t address, const char *permissions,
                           const char *name)
{
    struct mapping mapping;
    CHECK(find_mapping(address, &mapping), "%s: nothing mapped at 0x%llx", what,
          (unsigned long long)address);
    CHECK(strcmp(mapping.permissions, permissions) == 0, "%s: mapped %s, expected %s", what,
          mapping.permissions, permissions);
    if (is_copied(address, permissions, name)) {
        name = "";
    }
    CHECK(strcmp(mapping.name, name) == 0, "%s: mapping named '%s', expected '%s'", what,
          mapping.name, name);
}

static volatile int in_data = 5, in_bss;
static const char in_constants[] = "constant";

static void test_maps(char **argv, char **envp)
{
    char program[4096];
    CHECK(realpath(argv[0], program), "realpath");
    expect_mapping("main", (uint64_t)&test_maps, "r-xp", program);
    expect_mapping("data", (uint64_t)&in_data, "rw-p", program);
    expect_mapping("constants", (uint64_t)in_constants, "r--p", program);
    expect_mapping("program headers", auxv[AT_PHDR], "r--p", program);
    expect_mapping("entry", auxv[AT_ENTRY], "r-xp", program);
    expect_mapping("stack", (uint64_t)argv, "rw-p", "[stack]");
    expect_mapping("environment", (uint64_t)envp, "rw-p", "[stack]");
    if (auxv[AT_SYSINFO_EHDR]) {
        expect_mapping("vDSO", auxv[AT_SYSINFO_EHDR], "r-xp", "[vdso]");
    }
    struct mapping bss;
    CHECK(find_mapping((uint64_t)&in_bss, &bss), "bss isn't mapped");
    CHECK_EQ(in_bss, 0, "bss");
    if (auxv[AT_BASE]) {
        struct mapping interpreter;
        CHECK(find_mapping(auxv[AT_BASE], &interpreter), "nothing at AT_BASE");
        say("interpreter: %s at %llu\n", strrchr(interpreter.name, '/'),
            (unsigned long long)interpreter.offset);
    } else {
        say("interpreter: none\n");
    }
    say("maps: program, data, stack and vDSO by name\n");
}

/* AT_PHDR must be the headers of this file, and AT_ENTRY its entry, by one load address. */
static void test_headers(char **argv)
{
    Elf64_Ehdr header;
    int fd = MUST(open(argv[0], O_RDONLY));
    CHECK_EQ(read(fd, &header, sizeof header), (long)sizeof header, "read");
    CHECK_EQ(auxv[AT_PHNUM], header.e_phnum, "AT_PHNUM");
    const Elf64_Phdr *program = (void *)auxv[AT_PHDR];
    uint64_t base = 0;
    static Elf64_Phdr in_file[64];
    CHECK(header.e_phnum <= 64, "program headers");
    CHECK_EQ(pread(fd, in_file, header.e_phnum * sizeof in_file[0], (off_t)header.e_phoff),
             (long)(header.e_phnum * sizeof in_file[0]), "read");
    close(fd);
    CHECK(memcmp(program, in_file, header.e_phnum * sizeof in_file[0]) == 0,
          "the program headers in memory aren't those of the file");
    for (int i = 0; i < header.e_phnum; i++) {
        if (program[i].p_type == PT_LOAD && program[i].p_offset == 0) {
            base = auxv[AT_PHDR] - header.e_phoff - program[i].p_vaddr;
        }
    }
    if (header.e_type == ET_DYN) {
        CHECK_EQ(auxv[AT_ENTRY], base + header.e_entry, "AT_ENTRY");
        CHECK_EQ(base % 4096, 0, "load address");
    } else {
        CHECK_EQ(auxv[AT_ENTRY], header.e_entry, "AT_ENTRY");
    }
    say("program headers: those of the file, %d\n", header.e_type);
}

static int count_object(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    if (*(int *)argument == 0) {
        CHECK(info->dlpi_phdr == (void *)auxv[AT_PHDR], "the first object isn't the program");
    }
    ++*(int *)argument;
    return 0;
}

/* ---------------------------------------------------------------- /proc's other views */

static uint64_t stat_field(int number)
{
    char text[2048];
    read_file("/proc/self/stat", text, sizeof text);
    char *next = strrchr(text, ')') + 2;
    for (int field = 3; field < number; field++) {
        next = strchr(next, ' ') + 1;
    }
    return strtoull(next, NULL, 10);
}

static void test_proc(int argc, char **argv)
{
    static char text[1 << 20];
    char link[4096], program[4096];
    ssize_t length = MUST(readlink("/proc/self/exe", link, sizeof link - 1));
    link[length] = '\0';
    CHECK(realpath(argv[0], program), "realpath");
    CHECK(strcmp(link, program) == 0, "/proc/self/exe is %s, expected %s", link, program);
    struct stat by_link, by_path;
    MUST(stat("/proc/self/exe", &by_link));
    MUST(stat(argv[0], &by_path));
    CHECK(by_link.st_ino == by_path.st_ino && by_link.st_dev == by_path.st_dev,
          "/proc/self/exe is another file");
    snprintf(text, sizeof text, "/proc/%d/exe", getpid());
    length = MUST(readlink(text, link, sizeof link - 1));
    link[length] = '\0';
    CHECK(strcmp(link, program) == 0, "/proc/PID/exe is %s", link);

    int fd = MUST(open("/proc/self/cmdline", O_RDONLY));
    length = MUST(read(fd, text, sizeof text));
    close(fd);
    const char *next = text;
    for (int i = 0; i < argc; i++) {
        CHECK(strcmp(next, argv[i]) == 0, "/proc/self/cmdline %d: %s, expected %s", i, next,
              argv[i]);
        next += strlen(next) + 1;
    }
    CHECK_EQ(next - text, length, "length of /proc/self/cmdline");
    read_file("/proc/self/comm", text, sizeof text);
    char *end = strchr(text, '\n');
    CHECK(end, "/proc/self/comm");
    *end = '\0';
    CHECK(strncmp(strrchr(program, '/') + 1, text, 15) == 0, "comm is %s", text);
    read_file("/proc/self/environ", text, sizeof text);
    CHECK(strcmp(text, getenv("FIRST") - 6) == 0, "/proc/self/environ begins with %s", text);
    /* the title that a program writes over its arguments is what ps shows */
    char first = argv[0][0];
    argv[0][0] = 'T';
    read_file("/proc/self/cmdline", text, sizeof text);
    CHECK_EQ(text[0], 'T', "/proc/self/cmdline after a change in memory");
    argv[0][0] = first;
    say("/proc: exe, cmdline, comm and environ\n");
}

/* Another process, whose program is not the file mapped lowest in its memory. */
static void test_exe_of_another(char **argv)
{
    char path[64], link[4096], program[4096];
    CHECK(realpath(argv[0], program), "realpath");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        int other = MUST(open("/etc/passwd", O_RDONLY));
        void *low = (void *)0x100000;
        CHECK(mmap(low, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, other, 0) == low, "mmap");
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    MUST(waitpid(pid, &status, WUNTRACED));
    CHECK(WIFSTOPPED(status), "the child has not stopped: 0x%x", status);
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = MUST(readlink(path, link, sizeof link - 1));
    link[length] = '\0';
    CHECK(strcmp(link, program) == 0, "exe of a child is %s", link);
    MUST(kill(pid, SIGCONT));
    CHECK_EQ(wait_for(pid), 0, "the child");
    say("/proc: exe of another process\n");
}

/* Start and end of code, data, stack, arguments: fields of /proc/self/stat, 0 where not allowed. */
static void test_stat(char **argv, char **envp)
{
    extern char etext[], edata[], end[];
    uint64_t start_code = stat_field(26), end_code = stat_field(27), start_stack = stat_field(28);
    uint64_t start_data = stat_field(45), end_data = stat_field(46), start_brk = stat_field(47);
    uint64_t arg_start = stat_field(48), arg_end = stat_field(49), env_start = stat_field(50);
    uint64_t here = (uint64_t)&test_stat;
    CHECK(start_code <= here && here < end_code, "code 0x%llx to 0x%llx, this is 0x%llx",
          (unsigned long long)start_code, (unsigned long long)end_code, (unsigned long long)here);
    CHECK(start_data <= (uint64_t)&in_data && (uint64_t)&in_data < end_data, "data");
    CHECK_EQ(end_data, (uint64_t)edata, "end of data");
    CHECK(end_code >= (uint64_t)etext, "end of code");
    CHECK_EQ(start_stack, (uint64_t)first_argument - 8, "start of the stack is argc");
    CHECK_EQ(arg_start, (uint64_t)argv[0], "start of the arguments");
    CHECK_EQ(env_start, (uint64_t)envp[0], "start of the environment");
    CHECK_EQ(arg_end, (uint64_t)envp[0], "end of the arguments");
    /* of a program without interpreter that is loaded anywhere, brk isn't behind it */
    say("/proc/self/stat: consistent, brk %s the program\n",
        start_brk >= (uint64_t)end ? "behind" : "before");
}

/* ---------------------------------------------------------------- brk */

static void test_brk(void)
{
    uint64_t start = (uint64_t)raw(SYS_brk, 0), now;
    CHECK_EQ(raw(SYS_brk, start), start, "brk to where it is");
    CHECK_EQ(raw(SYS_brk, start + 1), start + 1, "one byte more");
    CHECK_EQ(raw(SYS_brk, start + 100000), start + 100000, "more");
    CHECK_EQ(((volatile char *)start)[99999], 0, "new memory is zero");
    ((volatile char *)start)[99999] = 9;
    ((volatile char *)start)[50000] = 8;
    struct mapping mapping;
    CHECK(find_mapping(start + 99999, &mapping), "nothing mapped");
    CHECK(strcmp(mapping.name, "[heap]") == 0 && strcmp(mapping.permissions, "rw-p") == 0,
          "the heap is '%s' %s", mapping.name, mapping.permissions);
    CHECK_EQ(raw(SYS_brk, start), start, "back");
    CHECK_EQ(raw(SYS_brk, start + 100000), start + 100000, "again");
    uint64_t page = (start + 4095) & ~4095ULL;
    CHECK_EQ(((volatile char *)page)[49999], 0, "memory given back and taken again is zero");
    now = start + 100000;
    CHECK_EQ(raw(SYS_brk, 8), now, "below the start: unchanged");
    CHECK_EQ(raw(SYS_brk, stat_field(47) - 1), now, "just below the start: unchanged");
    CHECK_EQ(raw(SYS_brk, 0x7fffffffffff), now, "into the stack: unchanged");
    CHECK_EQ(raw(SYS_brk, ~0UL), now, "beyond everything: unchanged");
    struct rlimit old, limit;
    MUST(getrlimit(RLIMIT_DATA, &old));
    limit = (struct rlimit){1 << 20, old.rlim_max};
    MUST(setrlimit(RLIMIT_DATA, &limit));
    CHECK_EQ(raw(SYS_brk, now + (8 << 20)), now, "beyond RLIMIT_DATA: unchanged");
    MUST(setrlimit(RLIMIT_DATA, &old));
    /* something in the way */
    void *wall = mmap((void *)((now + (1 << 20)) & ~4095UL), 4096, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(wall != MAP_FAILED, "mmap");
    CHECK_EQ(raw(SYS_brk, now + (2 << 20)), now, "over a mapping: unchanged");
    MUST(munmap(wall, 4096));
    CHECK_EQ(raw(SYS_brk, start), start, "back");
    say("brk: grows, shrinks, refuses\n");
}

/* ---------------------------------------------------------------- ASLR */

struct layout {
    uint64_t program, stack, interpreter, brk, vdso, random, mapping;
};

static int print_layout(void)
{
    struct layout layout = {.program = (uint64_t)&test_maps, .stack = (uint64_t)&layout};
    layout.interpreter = getauxval(AT_BASE);
    layout.brk = (uint64_t)raw(SYS_brk, 0);
    layout.vdso = getauxval(AT_SYSINFO_EHDR);
    memcpy(&layout.random, (void *)getauxval(AT_RANDOM), 8);
    layout.mapping = (uint64_t)map_pages(4096, PROT_READ);
    return write(1, &layout, sizeof layout) == sizeof layout ? 0 : 1;
}

static struct layout get_layout(char **argv, bool randomize)
{
    struct layout layout;
    int ends[2];
    MUST(pipe(ends));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        MUST(dup2(ends[1], 1));
        if (!randomize) {
            MUST(personality(ADDR_NO_RANDOMIZE));
        }
        execl(argv[0], argv[0], "layout", NULL);
        _exit(1);
    }
    close(ends[1]);
    CHECK_EQ(read(ends[0], &layout, sizeof layout), (long)sizeof layout, "the layout");
    close(ends[0]);
    CHECK_EQ(wait_for(pid), 0, "the child");
    return layout;
}

/* Which parts ever differ among several runs, one letter each. */
static void say_differences(const char *what, char **argv, bool randomize)
{
    static const char letters[] = "psibvrm";
    struct layout first = get_layout(argv, randomize);
    char differing[8] = "-------";
    for (int i = 0; i < 12; i++) {
        struct layout next = get_layout(argv, randomize);
        for (int part = 0; part < 7; part++) {
            if (((uint64_t *)&next)[part] != ((uint64_t *)&first)[part]) {
                differing[part] = letters[part];
            }
        }
    }
    say("%s: %s differ among 13 runs\n", what, differing);
}

int main(int argc, char **argv, char **envp)
{
    if (argc == 2 && strcmp(argv[1], "layout") == 0) {
        return print_layout();
    }
    if (argc == 1) {
        char *arguments[] = {argv[0], (char *)"second", (char *)"", (char *)"fourth", NULL};
        char *environment[] = {(char *)"FIRST=1", (char *)"SECOND=2", NULL};
        execve(argv[0], arguments, environment);
        CHECK(false, "exec: %s", strerror(errno));
    }
    first_argument = argv;
    read_auxv(envp);
    test_auxv(argc, argv);
    test_proc_auxv();
    test_headers(argv);
    test_maps(argv, envp);
    int objects = 0;
    dl_iterate_phdr(count_object, &objects);
    say("objects: %d\n", objects);
    test_proc(argc, argv);
    test_exe_of_another(argv);
    test_stat(argv, envp);
    test_brk();
    say_differences("with ASLR", argv, true);
    say_differences("without ASLR", argv, false);
    return 0;
}
