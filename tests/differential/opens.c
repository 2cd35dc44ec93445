/*
 * open(2) and its family: which descriptor comes, what it is, and every error, for names of all
 * kinds: on the mount of the working directory and on others, in /proc, through links of all kinds.
 * All of it alone and with another thread, since a monitor that must look at a file before the
 * program has it takes other ways where the descriptor table is shared.
 */
#include "common.h"
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HOW_BYTES 24

static char here[PATH_MAX];  /* the working directory */
static char other_mount[64]; /* a name on another mount, of this run alone */

/* ---------------------------------------------------------------- what came of an open */

static void show(const char *what, long fd, int lowest)
{
    if (fd < 0) {
        say("  %s: %s\n", what, strerror((int)-fd));
        return;
    }
    struct stat status;
    CHECK_EQ(fstat((int)fd, &status), 0, what);
    say("  %s: lowest + %ld, flags %o, %s, mode %o, size %ld\n", what, fd - lowest,
        fcntl((int)fd, F_GETFL), fcntl((int)fd, F_GETFD) != 0 ? "closed at exec" : "kept at exec",
        status.st_mode, S_ISREG(status.st_mode) ? (long)status.st_size : 0L);
    close((int)fd);
    CHECK_EQ(first_free_descriptor(), lowest, "something was left open");
}

/* A path as it is printed: the same in every run. */
static const char *shown(const char *path)
{
    return strcmp(path, other_mount) == 0 ? "/dev/shm/opens_test" : path;
}

static void try_at(int directory, const char *path, int flags, int mode)
{
    char what[160];
    int lowest = first_free_descriptor();
    snprintf(what, sizeof what, "%.80s, %o", shown(path), flags);
    show(what, raw(SYS_openat, directory, path, flags, mode), lowest);
}

static void try(const char *path, int flags)
{
    try_at(AT_FDCWD, path, flags, 0640);
}

static void try2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    char what[160];
    const struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    int lowest = first_free_descriptor();
    snprintf(what, sizeof what, "openat2 %.80s, %llo %llo %llx", shown(path),
             (unsigned long long)flags, (unsigned long long)mode, (unsigned long long)resolve);
    show(what, raw(SYS_openat2, directory, path, &how, HOW_BYTES), lowest);
}

static const char *in_here(const char *name)
{
    static char path[PATH_MAX + 256];
    snprintf(path, sizeof path, "%s/%s", here, name);
    return path;
}

/* ---------------------------------------------------------------- the files */

static void make_files(void)
{
    CHECK(getcwd(here, sizeof here), "getcwd: %s", strerror(errno));
    snprintf(other_mount, sizeof other_mount, "/dev/shm/opens_test.%d", (int)getpid());
    make_file("file", "content", 7, 0644);
    make_file("mem", "not memory", 10, 0600);
    make_file("closed", "", 0, 0);
    MUST(mkdir("folder", 0755));
    MUST(mkdir("folder/mem", 0755));
    make_file("folder/inside", "inside", 6, 0600);
    MUST(symlink("file", "link"));
    MUST(symlink("mem", "link_to_mem"));
    MUST(symlink("folder", "link_to_folder"));
    MUST(symlink("missing", "dangling"));
    MUST(symlink("loop", "loop"));
    MUST(symlink("/proc/self/status", "link_to_status"));
    MUST(symlink("/dev/null", "link_to_null"));
    MUST(symlink("/proc/self/cwd/file", "link_by_cwd"));
    MUST(link("mem", "other_name"));
    MUST(mkfifo("fifo", 0600));
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
}

/* ---------------------------------------------------------------- names and flags */

static void existing(void)
{
    static const char *const names[] = {
        "file",
        "./file",
        "folder/../file",
        "link",
        "mem",
        "link_to_mem",
        "other_name",
        "closed",
        "folder",
        "folder/",
        "folder/.",
        "folder/..",
        "folder/mem",
        "folder/mem/",
        "link_to_folder",
        "link_to_folder/",
        "file/",
        "file/.",
        "link_to_folder/inside",
        "link_to_status",
        "link_to_null",
        "link_by_cwd",
        "missing",
        "missing/",
        "missing/file",
        "dangling",
        "loop",
        "loop/file",
        "socket",
        "",
        ".",
        "..",
        "/",
        "//",
        "/..",
        "/.",
        "///proc//self/status",
        "/proc",
        "/proc/",
        "/proc/self/stat/",
        "/proc/self/comm",
        "/proc/self/task/../comm",
        "/proc/thread-self/comm",
        "/proc/mounts",
        "/proc/self/cwd",
        "/proc/self/cwd/mem",
        "/proc/self/root",
        "/proc/self/root/proc/version",
        "/proc/self/fd",
        "/proc/self/fd/0",
        "/proc/self/fd/99999",
        "/proc/self/ns/pid",
        "/proc/self/pagemap",
        "/proc/self/clear_refs",
        "/proc/self/missing",
        "/proc/sys/vm/swappiness",
        "/proc/sys/vm/mmap_rnd_bits",
        "/proc/sys/kernel/cad_pid",
        "/proc/../etc/passwd",
        "/proc/1/environ",
        "/dev/null",
        "/dev/../dev/zero",
        "/dev/full",
        "/dev/stdin",
        "/dev/fd/0",
        "/dev/fd",
        "/dev/missing",
        "/dev/ptmx",
        "/sys/kernel",
        "/sys/kernel/mm/..",
        "/sys/missing",
        "/etc/shadow",
        "/etc/passwd/file",
    };
    static const int flags[] = {O_RDONLY,
                                O_RDWR | O_NOCTTY,
                                O_WRONLY | O_CLOEXEC,
                                O_RDONLY | O_DIRECTORY,
                                O_RDONLY | O_NOFOLLOW,
                                O_PATH,
                                O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                O_RDONLY | O_CREAT,
                                O_WRONLY | O_CREAT | O_EXCL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
            bool creates = (flags[f] & O_CREAT) != 0;
            bool missing = strstr(names[i], "missing") || strcmp(names[i], "dangling") == 0;
            if (!creates || !missing) {
                try(names[i], flags[f] | O_NONBLOCK);
            }
        }
    }
}

static void created(void)
{
    umask(027);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"new", "dangling", "link_to_folder/mem2"};
        try_at(AT_FDCWD, names[i], O_RDWR | O_CREAT | O_EXCL, 07777);
        try_at(AT_FDCWD, names[i], O_RDWR | O_CREAT, 07777);
        try_at(AT_FDCWD, names[i], O_RDWR | O_CREAT | O_TRUNC, 0);
        try_at(AT_FDCWD, names[i], O_WRONLY | O_APPEND | O_DSYNC, 0);
        unlink(i == 1 ? "missing" : names[i]);
        try_at(AT_FDCWD, in_here(names[i]), O_RDONLY | O_CREAT, 0600);
        unlink(i == 1 ? "missing" : names[i]);
    }
    try_at(AT_FDCWD, "new/", O_RDWR | O_CREAT, 0600);
    try_at(AT_FDCWD, "missing/new", O_RDWR | O_CREAT, 0600);
    try_at(AT_FDCWD, other_mount, O_RDWR | O_CREAT | O_EXCL, 0600);
    unlink(other_mount);
    try_at(AT_FDCWD, "/proc/opens_test", O_RDWR | O_CREAT, 0600);
    try_at(AT_FDCWD, "/proc/self/fd/opens_test", O_RDWR | O_CREAT, 0600);
    try_at(AT_FDCWD, "/sys/opens_test", O_RDWR | O_CREAT, 0600);
    int lowest = first_free_descriptor();
    show("creat", raw(SYS_creat, "new", 06751), lowest);
    show("creat again", raw(SYS_creat, in_here("new"), 0), lowest);
    show("creat of a folder", raw(SYS_creat, "folder", 0600), lowest);
    show("creat, nowhere", raw(SYS_creat, NULL, 0600), lowest);
    show("open", raw(SYS_open, "new", O_RDONLY), lowest);
    show("open, with a mode", raw(SYS_open, "new2", O_CREAT | O_WRONLY, 0751), lowest);
    unlink("new");
    unlink("new2");
    umask(022);
}

static void flags(void)
{
    static const int values[] = {O_WRONLY | O_RDWR,
                                 O_APPEND | O_WRONLY,
                                 O_SYNC | O_RDWR,
                                 O_DSYNC | O_RDWR,
                                 O_ASYNC,
                                 O_TRUNC,
                                 O_NOATIME,
                                 O_LARGEFILE,
                                 O_DIRECT,
                                 O_CREAT | O_DIRECTORY,
                                 O_PATH | O_CREAT | O_RDWR,
                                 O_PATH | O_TRUNC,
                                 1 << 30,
                                 (int)(1U << 31),
                                 O_NOCTTY | O_NONBLOCK,
                                 020000000,
                                 O_TMPFILE | O_RDONLY,
                                 O_TMPFILE | O_RDWR,
                                 O_TMPFILE | O_WRONLY | O_EXCL};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        try("file", values[i]);
        try("folder", values[i]);
        try("/etc/passwd", values[i] & ~(O_TRUNC | O_CREAT | O_ASYNC));
        try("/dev/null", values[i]);
        try(in_here("folder"), values[i]);
        make_file("file", "content", 7, 0644);
    }
}

static void folders(void)
{
    int folder = MUST(open("folder", O_RDONLY | O_DIRECTORY));
    int proc = MUST(open("/proc", O_PATH));
    int dev = MUST(open("/dev", O_RDONLY));
    int file = MUST(open("file", O_RDONLY));
    const int directories[] = {folder, proc, dev, file, 12345, -1, AT_FDCWD};
    static const char *const names[] = {"inside", "../file", "self/comm",   "self/fd/0",
                                        "null",   "mem",     "../mem",      "",
                                        ".",      "..",      "/etc/passwd", "../link"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            try_at(directories[i], names[n], O_RDONLY, 0);
        }
    }
    char link[64];
    for (size_t i = 0; i < 4; i++) {
        static const char *const ends[] = {"", "/", "/inside", "/self/comm", "/null", "/."};
        for (size_t n = 0; n < sizeof ends / sizeof ends[0]; n++) {
            int lowest = first_free_descriptor();
            snprintf(link, sizeof link, "/proc/self/fd/%d%s", directories[i], ends[n]);
            show(ends[n], raw(SYS_openat, AT_FDCWD, link, O_RDONLY), lowest);
        }
    }
    close(folder);
    close(proc);
    close(dev);
    close(file);
}

static void long_names(void)
{
    static char name[PATH_MAX + 64];
    const size_t lengths[] = {255, 256, 4094, 4095, 4096, 4100};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int lowest = first_free_descriptor();
        memset(name, lengths[i] < 1000 ? 'x' : '/', sizeof name);
        memcpy(name + lengths[i] - 4, "file", 5);
        show("a long name", raw(SYS_openat, AT_FDCWD, name, O_RDONLY), lowest);
        memset(name, '/', sizeof name);
        memcpy(name, "/proc/", 6);
        memcpy(name + lengths[i] - 7, "version", 8);
        show("a long name in /proc", raw(SYS_openat, AT_FDCWD, name, O_RDONLY), lowest);
    }
    int lowest = first_free_descriptor();
    show("no name", raw(SYS_openat, AT_FDCWD, NULL, O_RDONLY), lowest);
    show("no address", raw(SYS_openat, AT_FDCWD, (void *)(1UL << 63), O_RDONLY), lowest);
    char *pages = map_pages(8192, PROT_READ | PROT_WRITE);
    MUST(munmap(pages + 4096, 4096));
    memcpy(pages + 4096 - 5, "file", 5);
    show("up to the end of memory", raw(SYS_openat, AT_FDCWD, pages + 4096 - 5, O_RDONLY), lowest);
    show("past the end", raw(SYS_openat, AT_FDCWD, memcpy(pages + 4092, "file", 4), O_RDONLY),
         lowest);
}

static void extended(void)
{
    static const uint64_t resolves[] = {0,
                                        RESOLVE_NO_XDEV,
                                        RESOLVE_NO_MAGICLINKS,
                                        RESOLVE_NO_SYMLINKS,
                                        RESOLVE_BENEATH,
                                        RESOLVE_IN_ROOT,
                                        RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
                                        RESOLVE_IN_ROOT | RESOLVE_BENEATH,
                                        1 << 20,
                                        1UL << 40};
    static const char *const names[] = {"file",
                                        "link",
                                        "mem",
                                        "link_to_status",
                                        "../",
                                        "/",
                                        "/proc/version",
                                        "/proc/self/fd/0",
                                        "/proc/self/comm",
                                        "/dev/null",
                                        "link_by_cwd",
                                        "folder/../../etc",
                                        "/file",
                                        "loop",
                                        "missing",
                                        "link_to_folder/inside"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        for (size_t r = 0; r < sizeof resolves / sizeof resolves[0]; r++) {
            try2(AT_FDCWD, names[n], O_RDONLY, 0, resolves[r]);
        }
        try2(AT_FDCWD, names[n], O_PATH | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    }
    try2(AT_FDCWD, "file", O_RDONLY, 0600, 0);
    try2(AT_FDCWD, "file", O_RDONLY | 1UL << 40, 0, 0);
    try2(AT_FDCWD, "file", O_PATH | O_RDWR, 0, 0);
    try2(AT_FDCWD, "file", O_RDWR | O_LARGEFILE | O_CLOEXEC, 0, 0);
    try2(AT_FDCWD, "new", O_RDWR | O_CREAT, 0640, RESOLVE_BENEATH);
    try2(AT_FDCWD, "new2", O_RDWR | O_CREAT, 010640, 0);
    try2(AT_FDCWD, other_mount, O_RDWR | O_CREAT | O_EXCL, 0640, RESOLVE_NO_SYMLINKS);
    unlink(other_mount);
    unlink("new");
    int lowest = first_free_descriptor();
    struct {
        struct open_how how;
        uint64_t more[600];
    } large = {.how = {.flags = O_RDONLY}};
    const size_t sizes[] = {0, 8, 23, 24, 25, 32, 4096, 4097};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        show("a size", raw(SYS_openat2, AT_FDCWD, "file", &large, sizes[i]), lowest);
    }
    large.more[3] = 1;
    show("more than is known", raw(SYS_openat2, AT_FDCWD, "file", &large, 64), lowest);
    show("the same, shorter", raw(SYS_openat2, AT_FDCWD, "file", &large, 48), lowest);
    show("no structure", raw(SYS_openat2, AT_FDCWD, "file", NULL, 24), lowest);
}

/* ---------------------------------------------------------------- limits, locks, waiting */

static void limits(void)
{
    struct rlimit before, few;
    MUST(getrlimit(RLIMIT_NOFILE, &before));
    int lowest = first_free_descriptor();
    few = (struct rlimit){(rlim_t)lowest, before.rlim_max};
    MUST(setrlimit(RLIMIT_NOFILE, &few));
    long at_limit[] = {raw(SYS_openat, AT_FDCWD, "file", O_RDONLY),
                       raw(SYS_openat, AT_FDCWD, "missing", O_RDONLY),
                       raw(SYS_openat, AT_FDCWD, "/proc/version", O_RDONLY),
                       raw(SYS_openat, AT_FDCWD, "/proc/self/fd/0", O_RDONLY)};
    few.rlim_cur++;
    MUST(setrlimit(RLIMIT_NOFILE, &few));
    long last = raw(SYS_openat, AT_FDCWD, "file", O_RDONLY);
    MUST(setrlimit(RLIMIT_NOFILE, &before));
    for (int i = 0; i < 4; i++) {
        show("without a free number", at_limit[i], lowest);
    }
    show("the last number", last, lowest);
}

/* fcntl(2): the process's locks on a file end when it closes any descriptor of that. */
static void locks_stay(const char *path)
{
    int fd = MUST(open(path, O_RDWR | O_CREAT, 0600));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    MUST(fcntl(fd, F_SETLK, &lock));
    int second = MUST(open(path, O_RDWR));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        struct flock found = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
        MUST(fcntl(fd, F_GETLK, &found));
        _exit(found.l_type == F_WRLCK ? 0 : 1);
    }
    say("  a lock, after a second open: %s\n", ending(wait_for(pid)));
    close(second);
    close(fd);
    unlink(path);
}

static volatile sig_atomic_t handled;

static void note(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    handled++;
}

struct opener {
    const char *path;
    int flags;
    pthread_t thread;
    volatile int tid;
    volatile bool may_open; /* the thread's state is being watched */
    int state;
    long result;
};

static void *open_it(void *argument)
{
    struct opener *opener = argument;
    opener->tid = raw_tid();
    while (!opener->may_open) {
    }
    opener->result = raw(SYS_openat, AT_FDCWD, opener->path, opener->flags, 0);
    return NULL;
}

static void start_opener(struct opener *opener, const char *path, int flags)
{
    *opener = (struct opener){.path = path, .flags = flags};
    CHECK_EQ(pthread_create(&opener->thread, NULL, open_it, opener), 0, "pthread_create");
    while (opener->tid == 0) {
        sleep_ms(1);
    }
    opener->state = open_thread_state(getpid(), opener->tid);
    opener->may_open = true;
    wait_until_state_blocked(opener->state);
}

static void join_opener(struct opener *opener)
{
    pthread_join(opener->thread, NULL);
    close(opener->state);
}

static void fifo(const char *path)
{
    struct opener reader;
    handle(SIGUSR1, note, 0);
    start_opener(&reader, path, O_RDONLY);
    handled = 0;
    MUST(raw(SYS_tgkill, getpid(), reader.tid, SIGUSR1));
    join_opener(&reader);
    say("  a FIFO, a signal: %s, %d handled\n", strerror((int)-reader.result), handled);
    handle(SIGUSR1, note, SA_RESTART);
    int lowest = first_free_descriptor();
    start_opener(&reader, path, O_RDONLY);
    MUST(raw(SYS_tgkill, getpid(), reader.tid, SIGUSR1));
    wait_until_state_blocked(reader.state);
    say("  a FIFO, a signal that restarts: %d handled\n", handled);
    int writer = MUST(open(path, O_WRONLY));
    join_opener(&reader);
    say("  the reader: lowest + %ld, the writer: lowest + %d\n", reader.result - lowest,
        writer - lowest);
    char byte = 0;
    CHECK_EQ(write(writer, "x", 1), 1, "write");
    CHECK_EQ(read((int)reader.result, &byte, 1), 1, "read");
    close(writer);
    CHECK_EQ(read((int)reader.result, &byte, 1), 0, "the end of it");
    show("the FIFO's reader", reader.result, lowest);
    show("a writer alone", raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_NONBLOCK), lowest);
}

/* ---------------------------------------------------------------- whose /proc/self it is */

static void own_status(const char *path)
{
    char text[4096] = "";
    int fd = MUST(open(path, O_RDONLY));
    CHECK(read(fd, text, sizeof text - 1) > 0, "reading %s", path);
    const char *line = strstr(text, "\nPid:");
    say("  %s is %s\n", path, line && atoi(line + 5) == getpid() ? "the process's" : "another's");
    close(fd);
}

/* ---------------------------------------------------------------- several threads at once */

static volatile bool stopping;

/* Whoever opens a file has that file, whatever the others open and close. */
static void *open_many(void *argument)
{
    const int number = (int)(intptr_t)argument;
    char name[32], absolute[PATH_MAX + 64], text[8];
    snprintf(name, sizeof name, "thread_%d", number);
    make_file(name, name, 8, 0600);
    snprintf(absolute, sizeof absolute, "%s/%s", here, name);
    char by_cwd[64];
    snprintf(by_cwd, sizeof by_cwd, "/proc/self/cwd/%s", name);
    const char *const paths[] = {name, absolute, by_cwd};
    for (int i = 0; !stopping; i++) {
        int fd = MUST(open(paths[i % 3], O_RDONLY));
        CHECK_EQ(read(fd, text, sizeof text), 8, "read");
        CHECK(memcmp(text, name, 8) == 0, "%.8s, and %s was opened", text, name);
        CHECK_EQ(close(fd), 0, "close");
        fd = MUST(open("/proc/thread-self/stat", O_RDONLY));
        CHECK(read(fd, text, sizeof text) == 8 && atoi(text) == raw_tid(), "%.8s: not the thread's",
              text);
        CHECK_EQ(close(fd), 0, "close");
    }
    return NULL;
}

static void many_threads(void)
{
    pthread_t threads[3];
    int lowest = first_free_descriptor();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, open_many, (void *)(intptr_t)i), 0, "thread");
    }
    sleep_ms(2000);
    stopping = true;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQ(first_free_descriptor(), lowest, "something was left open");
    say("  each thread had its own files\n");
}

/* ---------------------------------------------------------------- */

static void all(void)
{
    existing();
    created();
    flags();
    folders();
    long_names();
    extended();
    limits();
    own_status("/proc/self/status");
    own_status("link_to_status");
    own_status(in_here("link_to_status"));
    locks_stay("locked");
    locks_stay(other_mount);
}

static void *wait_for_ever(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

int main(void)
{
    pthread_t thread;
    make_files();
    say("alone:\n");
    all();
    say("with another thread:\n");
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_ever, NULL), 0, "pthread_create");
    all();
    fifo("fifo");
    fifo(in_here("fifo"));
    many_threads();
    return 0;
}
