/*
 * attempt [--threads] VERB [ARGUMENT]... [, VERB [ARGUMENT]...]...: makes calls as a script asks
 * for them, and prints one line for each: the verb, and "ok" or the name of the errno. --threads:
 * other threads live meanwhile, so that descriptors and the working folder are shared.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ARGUMENTS_MAX 8

/* What calls return: an open descriptor is closed again. */
static long opened(long fd)
{
    char byte;

    if (fd < 0)
        return fd;
    if ((fcntl((int)fd, F_GETFL) & (O_ACCMODE | O_PATH)) == O_RDONLY &&
        read((int)fd, &byte, 1) < 0 && errno != EISDIR)
        return -1;
    return close((int)fd);
}

static long do_read(char **a)
{
    return opened(open(a[0], O_RDONLY | O_CLOEXEC));
}
static long do_write(char **a)
{
    return opened(open(a[0], O_WRONLY | O_CLOEXEC));
}
static long do_create(char **a)
{
    return opened(open(a[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static long do_exclusive(char **a)
{
    return opened(open(a[0], O_RDWR | O_CREAT | O_EXCL, 0600));
}
static long do_create_to_read(char **a)
{
    return opened(open(a[0], O_RDONLY | O_CREAT, 0600));
}
static long do_empty(char **a)
{
    return opened(open(a[0], O_RDONLY | O_TRUNC));
}
static long do_temporary(char **a)
{
    return opened(open(a[0], O_RDWR | O_TMPFILE, 0600));
}
static long do_creat(char **a)
{
    return opened(creat(a[0], 0600));
}
static long do_path(char **a)
{
    return opened(open(a[0], O_PATH));
}
static long do_nofollow(char **a)
{
    return opened(open(a[0], O_RDONLY | O_NOFOLLOW));
}

/* In a folder that is open. */
static long do_read_at(char **a)
{
    int folder = open(a[0], O_PATH | O_DIRECTORY);
    long result = opened(openat(folder, a[1], O_RDONLY));
    int error = errno;

    close(folder);
    errno = error;
    return result;
}

static long do_openat2(char **a)
{
    struct open_how how = {.flags = O_RDONLY, .resolve = strtoul(a[1], NULL, 0)};

    return opened(syscall(SYS_openat2, AT_FDCWD, a[0], &how, sizeof how));
}

/* What is open once more, by its number. The first has the flags a[1], the second a[2]. */
static long do_again(char **a)
{
    char link[64];
    int first = open(a[0], (int)strtoul(a[1], NULL, 0));

    if (first < 0)
        return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", first);
    long result = opened(open(link, (int)strtoul(a[2], NULL, 0)));
    int error = errno;

    close(first);
    errno = error;
    return result;
}

static long do_pipe_again(char **a)
{
    char link[64], byte = 'x';
    int ends[2];

    (void)a;
    if (pipe(ends) != 0 || write(ends[1], &byte, 1) != 1)
        return -1;
    snprintf(link, sizeof link, "/dev/fd/%d", ends[0]);
    return opened(open(link, O_RDONLY));
}

/* The number that an open gives is the lowest. */
static long do_lowest(char **a)
{
    int lowest = dup(0);

    close(lowest);
    int fd = open(a[0], O_RDONLY);

    if (fd >= 0 && fd != lowest) {
        errno = EBADFD;
        return -1;
    }
    return opened(fd);
}

static struct stat status;
static long do_stat(char **a)
{
    return stat(a[0], &status);
}
static long do_lstat(char **a)
{
    return lstat(a[0], &status);
}
static long do_access(char **a)
{
    return access(a[0], F_OK);
}
static long do_readlink(char **a)
{
    char text[4096];

    return readlink(a[0], text, sizeof text) < 0 ? -1 : 0;
}
static long do_statfs(char **a)
{
    struct statfs system;

    return statfs(a[0], &system);
}
static long do_statx(char **a)
{
    struct statx information;

    return statx(AT_FDCWD, a[0], 0, STATX_SIZE, &information);
}
static long do_chdir(char **a)
{
    return chdir(a[0]);
}
static long do_mkdir(char **a)
{
    return mkdir(a[0], 0700);
}
static long do_rmdir(char **a)
{
    return rmdir(a[0]);
}
static long do_unlink(char **a)
{
    return unlink(a[0]);
}
/* The number is the lowest that is free, so the next one that is opened gets it. */
static long do_rename_to_closed(char **a)
{
    int closed = open(".", O_PATH | O_DIRECTORY);

    close(closed);
    return renameat(AT_FDCWD, a[0], closed, a[1]);
}

static long do_rename(char **a)
{
    return rename(a[0], a[1]);
}
static long do_exchange(char **a)
{
    return syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE);
}
static long do_rename_new(char **a)
{
    return syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_NOREPLACE);
}
static long do_link(char **a)
{
    return link(a[0], a[1]);
}
static long do_link_followed(char **a)
{
    return linkat(AT_FDCWD, a[0], AT_FDCWD, a[1], AT_SYMLINK_FOLLOW);
}
static long do_symlink(char **a)
{
    return symlink(a[0], a[1]);
}
static long do_mknod(char **a)
{
    return mknod(a[0], S_IFIFO | 0600, 0);
}
static long do_chmod(char **a)
{
    return chmod(a[0], 0700);
}
static long do_chown(char **a)
{
    return lchown(a[0], geteuid(), getegid());
}
static long do_truncate(char **a)
{
    return truncate(a[0], 0);
}
static long do_utimes(char **a)
{
    return utimes(a[0], NULL);
}
static long do_setxattr(char **a)
{
    return setxattr(a[0], "user.attempt", "1", 1, 0);
}
static long do_inotify(char **a)
{
    int fd = inotify_init1(IN_CLOEXEC);

    return inotify_add_watch(fd, a[0], IN_OPEN) < 0 ? -1 : close(fd);
}
static long do_fchmod(char **a)
{
    int fd = open(a[0], O_RDONLY);

    return fd < 0 ? -1 : fchmod(fd, 0700);
}

/* By a child: the exit status 0 means that the program ran. */
static long executed(const char *path, bool by_execveat)
{
    char *arguments[] = {(char *)path, NULL};
    int child_status;
    pid_t child = vfork();

    if (child == 0) {
        if (by_execveat)
            syscall(SYS_execveat, AT_FDCWD, path, arguments, environ, 0);
        else
            execve(path, arguments, environ);
        _exit(errno);
    }
    if (waitpid(child, &child_status, 0) != child)
        return -1;
    errno = WEXITSTATUS(child_status);
    return child_status == 0 ? 0 : -1;
}
static long do_exec(char **a)
{
    return executed(a[0], false);
}
static long do_execveat(char **a)
{
    return executed(a[0], true);
}

/* ---- sockets ---- */

static struct sockaddr_in internet(char **a)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};

    inet_pton(AF_INET, a[0], &address.sin_addr);
    return address;
}

static struct sockaddr_in6 internet6(char **a)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((uint16_t)atoi(a[1]))};

    inet_pton(AF_INET6, a[0], &address.sin6_addr);
    return address;
}

static socklen_t unix_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, path, sizeof address->sun_path - 1);
    if (*path == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@'));
}

/* Closes the socket and keeps the result of the call before. */
static long finish(int fd, long result)
{
    int error = errno;

    close(fd);
    errno = error;
    return result < 0 ? -1 : 0;
}

static long do_connect(char **a)
{
    struct sockaddr_in address = internet(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return finish(fd, connect(fd, (struct sockaddr *)&address, sizeof address));
}
static long do_connect6(char **a)
{
    struct sockaddr_in6 address = internet6(a);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    return finish(fd, connect(fd, (struct sockaddr *)&address, sizeof address));
}
static long do_bind6(char **a)
{
    struct sockaddr_in6 address = internet6(a);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    return finish(fd, bind(fd, (struct sockaddr *)&address, sizeof address));
}
static long do_bind(char **a)
{
    struct sockaddr_in address = internet(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return finish(fd, bind(fd, (struct sockaddr *)&address, sizeof address));
}
static long do_listen(char **a)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)a;
    return finish(fd, listen(fd, 1));
}
static long do_sendto(char **a)
{
    struct sockaddr_in address = internet(a);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return finish(fd, sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
}
static long do_sendmsg(char **a)
{
    struct sockaddr_in address = internet(a);
    struct iovec vector = {"x", 1};
    struct msghdr message = {&address, sizeof address, &vector, 1, NULL, 0, 0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return finish(fd, sendmsg(fd, &message, 0));
}
/* Two messages: to an address that is to be allowed, and to the one of the arguments. */
static long do_sendmmsg(char **a)
{
    char *allowed[] = {"127.0.0.1", a[2]};
    struct sockaddr_in addresses[2] = {internet(allowed), internet(a)};
    struct iovec vector = {"x", 1};
    struct mmsghdr messages[2] = {
        {{&addresses[0], sizeof addresses[0], &vector, 1, NULL, 0, 0}, 0},
        {{&addresses[1], sizeof addresses[1], &vector, 1, NULL, 0, 0}, 0},
    };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int sent = sendmmsg(fd, messages, 2, 0);

    errno = sent == 1 && messages[0].msg_len == 1 ? ECHILD : EIO;
    return finish(fd, sent == 2 ? 0 : -1);
}
static long do_unix_connect(char **a)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(a[0], &address);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    return finish(fd, connect(fd, (struct sockaddr *)&address, size));
}
static long do_unix_send(char **a)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(a[0], &address);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    return finish(fd, sendto(fd, "x", 1, 0, (struct sockaddr *)&address, size));
}
/* Whoever asks is told the name that was given. */
static long do_unix_bind(char **a)
{
    struct sockaddr_un address, told;
    socklen_t size = unix_address(a[0], &address), told_size = sizeof told;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    long result = bind(fd, (struct sockaddr *)&address, size);

    if (result == 0 && (getsockname(fd, (struct sockaddr *)&told, &told_size) != 0 ||
                        strcmp(told.sun_path, address.sun_path) != 0)) {
        errno = EBADMSG;
        result = -1;
    }
    return finish(fd, result);
}
static long do_socket(char **a)
{
    int fd = socket(atoi(a[0]), atoi(a[1]), 0);

    return fd < 0 ? -1 : close(fd);
}

/* ---- the rest ---- */

/* Whether a folder has the name a[1]: by readdir(3). */
static long do_list(char **a)
{
    DIR *folder = opendir(a[0]);
    struct dirent *entry;
    bool is_there = false;

    if (folder == NULL)
        return -1;
    while ((entry = readdir(folder)) != NULL)
        is_there = is_there || strcmp(entry->d_name, a[1]) == 0;
    closedir(folder);
    errno = ENOENT;
    return is_there ? 0 : -1;
}

/* The same by the older call. */
static long do_list_old(char **a)
{
    char entries[4096] __attribute__((aligned(8)));
    int fd = open(a[0], O_RDONLY | O_DIRECTORY);
    bool is_there = false;
    long size;

    while ((size = syscall(SYS_getdents, fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < size; at += *(uint16_t *)(void *)(entries + at + 16))
            is_there = is_there || strcmp(entries + at + 18, a[1]) == 0;
    close(fd);
    errno = ENOENT;
    return is_there ? 0 : -1;
}

static long do_call(char **a)
{
    unsigned long n[6] = {0};

    for (int i = 0; i < 6 && a[i + 1] != NULL; i++)
        n[i] = strtoul(a[i + 1], NULL, 0);
    long result = syscall(strtol(a[0], NULL, 0), n[0], n[1], n[2], n[3], n[4], n[5]);
    return result < 0 ? -1 : 0;
}
static long do_limit(char **a)
{
    struct rlimit limit;

    getrlimit((__rlimit_resource_t)atoi(a[0]), &limit);
    limit.rlim_max = limit.rlim_cur + 1;
    return setrlimit((__rlimit_resource_t)atoi(a[0]), &limit);
}
/* A process in a user namespace, by clone3. */
static long do_clone3(char **a)
{
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.flags = strtoul(a[0], NULL, 0), .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);

    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : waitpid((pid_t)child, NULL, 0) < 0;
}

static const struct verb {
    const char *name;
    unsigned count;
    long (*make)(char **arguments);
} verbs[] = {
    {"read", 1, do_read},
    {"write", 1, do_write},
    {"create", 1, do_create},
    {"exclusive", 1, do_exclusive},
    {"create-to-read", 1, do_create_to_read},
    {"empty", 1, do_empty},
    {"temporary", 1, do_temporary},
    {"creat", 1, do_creat},
    {"path", 1, do_path},
    {"nofollow", 1, do_nofollow},
    {"read-at", 2, do_read_at},
    {"openat2", 2, do_openat2},
    {"again", 3, do_again},
    {"pipe-again", 0, do_pipe_again},
    {"lowest", 1, do_lowest},
    {"stat", 1, do_stat},
    {"lstat", 1, do_lstat},
    {"access", 1, do_access},
    {"readlink", 1, do_readlink},
    {"statfs", 1, do_statfs},
    {"statx", 1, do_statx},
    {"chdir", 1, do_chdir},
    {"mkdir", 1, do_mkdir},
    {"rmdir", 1, do_rmdir},
    {"unlink", 1, do_unlink},
    {"rename", 2, do_rename},
    {"rename-to-closed", 2, do_rename_to_closed},
    {"exchange", 2, do_exchange},
    {"rename-new", 2, do_rename_new},
    {"link", 2, do_link},
    {"link-followed", 2, do_link_followed},
    {"symlink", 2, do_symlink},
    {"mknod", 1, do_mknod},
    {"chmod", 1, do_chmod},
    {"chown", 1, do_chown},
    {"truncate", 1, do_truncate},
    {"utimes", 1, do_utimes},
    {"setxattr", 1, do_setxattr},
    {"inotify", 1, do_inotify},
    {"fchmod", 1, do_fchmod},
    {"exec", 1, do_exec},
    {"execveat", 1, do_execveat},
    {"connect", 2, do_connect},
    {"bind", 2, do_bind},
    {"connect6", 2, do_connect6},
    {"bind6", 2, do_bind6},
    {"listen", 0, do_listen},
    {"sendto", 2, do_sendto},
    {"sendmsg", 2, do_sendmsg},
    {"sendmmsg", 3, do_sendmmsg},
    {"unix-connect", 1, do_unix_connect},
    {"unix-send", 1, do_unix_send},
    {"unix-bind", 1, do_unix_bind},
    {"socket", 2, do_socket},
    {"list", 2, do_list},
    {"list-old", 2, do_list_old},
    {"call", 1, do_call}, /* and more arguments */
    {"limit", 1, do_limit},
    {"clone3", 1, do_clone3},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    fprintf(stderr, "attempt: no verb '%s'\n", name);
    exit(2);
}

static void *stay(void *argument)
{
    for (;;)
        pause();
    return argument;
}

int main(int argc, char **argv)
{
    char **word = argv + 1;

    (void)argc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (*word != NULL && strcmp(*word, "--threads") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, stay, NULL);
        word++;
    }
    while (*word != NULL) {
        const struct verb *verb = find_verb(*word++);
        char *arguments[ARGUMENTS_MAX + 1] = {NULL};
        unsigned count = 0;

        while (*word != NULL && strcmp(*word, ",") != 0 && count < ARGUMENTS_MAX)
            arguments[count++] = *word++;
        if (*word != NULL)
            word++;
        if (count < verb->count) {
            fprintf(stderr, "attempt: %s takes %u arguments\n", verb->name, verb->count);
            return 2;
        }
        errno = 0;
        long result = verb->make(arguments);

        printf("%s %s\n", verb->name, result == 0 ? "ok" : strerrorname_np(errno));
    }
    return 0;
}
