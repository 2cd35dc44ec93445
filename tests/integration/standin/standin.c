/*
 * Stands in for the monitor image: writes down what it was started with, one "name=value" a line,
 * into the file that $STANDIN_REPORT names. Started by its path instead of by the command, it
 * writes the same without the session, so that both can be compared.
 *
 * With $STANDIN_CALL it makes a system call afterwards, and ends with its errno.
 *
 * Bytes that are not printable ASCII, and the backslash, are written as \xNN.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endorun/session.h"

#define SEEN_DESCRIPTORS 4096
#define IMAGE_PREFIX     "/dev/fd/"

static bool open_at_start[SEEN_DESCRIPTORS];

/* Before this program opens anything itself. */
static void look_at_descriptors(void)
{
    for (int fd = 0; fd < SEEN_DESCRIPTORS; fd++)
        open_at_start[fd] = fcntl(fd, F_GETFD) >= 0;
}

static void print_bytes(FILE *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte >= ' ' && byte < 0x7f && byte != '\\')
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

static void print_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s=", name);
    print_bytes(out, text, strlen(text));
    fputc('\n', out);
}

static void print_limit(FILE *out, const char *name, int resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) == 0)
        fprintf(out, "%s=%lld %lld\n", name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
}

static void print_signals(FILE *out)
{
    sigset_t blocked;
    sigset_t pending;

    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigpending(&pending);
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;

        if (sigismember(&blocked, signal) == 1)
            fprintf(out, "blocked=%d\n", signal);
        if (sigismember(&pending, signal) == 1)
            fprintf(out, "pending=%d\n", signal);
        if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            fprintf(out, "ignored=%d\n", signal);
    }
}

static void print_descriptor(FILE *out, int fd)
{
    char link[64];
    char target[512];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target);
    fprintf(out, "descriptor=%d ", fd);
    print_bytes(out, target, length < 0 ? 0 : (size_t)length);
    fprintf(out, " flags=%#x offset=%lld\n", (unsigned)fcntl(fd, F_GETFL),
            (long long)lseek(fd, 0, SEEK_CUR));
}

static void print_inherited(FILE *out, char **argv, int session_fd)
{
    char directory[4096];
    mode_t mask = umask(0);

    for (; *argv != NULL; argv++)
        print_text(out, "argument", *argv);
    for (char **variable = environ; *variable != NULL; variable++)
        print_text(out, "environment", *variable);
    fprintf(out, "pid=%d\nparent=%d\numask=%03o\n", getpid(), getppid(), mask);
    print_text(out, "directory", getcwd(directory, sizeof directory) != NULL ? directory : "");
    print_signals(out);
    for (int fd = 0; fd < SEEN_DESCRIPTORS; fd++)
        if (open_at_start[fd] && fd != session_fd)
            print_descriptor(out, fd);
    print_limit(out, "file-size-limit", RLIMIT_FSIZE);
    fprintf(out, "seccomp=%d\nno-new-privileges=%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0),
            prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

/* $STANDIN_CALL: a call that nobody mediates, by number; or "i386", getpid by that interface. */
static int make_call(const char *call)
{
    long result = 20;

    if (strcmp(call, "i386") != 0)
        return syscall(atol(call), 0, 0, 0, 0, 0, 0) == -1 ? errno : 0;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return 0;
}

static void print_string_of_session(FILE *out, const char *name,
                                    const struct endorun_session *session, uint32_t offset)
{
    if (offset == 0)
        fprintf(out, "%s is absent\n", name);
    else if (offset >= session->size ||
             memchr((const char *)session + offset, '\0', session->size - offset) == NULL)
        fprintf(out, "%s is outside the session\n", name);
    else
        print_text(out, name, (const char *)session + offset);
}

static void print_session(FILE *out, const struct endorun_session *session)
{
    fprintf(out,
            "session.magic=%s\nsession.version=%u\nsession.flags=%u\nsession.isolation=%u\n"
            "session.program_fd=%d\nsession.reader_channel_fd=%d\nsession.reader_pid=%u\n"
            "session.signal_mask=%llu\nsession.held_ignored=%llu\n"
            "session.nofile_soft=%lld\nsession.fresh_mask=%llu\n",
            session->magic == ENDORUN_SESSION_MAGIC ? "right" : "wrong", session->version,
            session->flags, session->isolation, session->program_fd, session->reader_channel_fd,
            session->reader_pid, (unsigned long long)session->signal_mask,
            (unsigned long long)session->held_ignored, (long long)session->nofile_soft,
            (unsigned long long)session->fresh_mask);
    print_string_of_session(out, "session.execfn", session, session->execfn);
    print_string_of_session(out, "session.program_path", session, session->program_path);
    print_string_of_session(out, "session.command_path", session, session->command_path);
    print_string_of_session(out, "session.cache_path", session, session->cache_path);
    print_string_of_session(out, "session.comm", session, session->comm);
}

static void print_handover(FILE *out, int image_fd, int session_fd)
{
    static _Alignas(struct endorun_session) char content[ENDORUN_SESSION_MAX_SIZE];
    const struct endorun_session *session = (const void *)content;
    struct stat status;
    int image = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t size = pread(session_fd, content, sizeof content, 0);

    fprintf(out, "image-descriptor=%d %s\n", image_fd, open_at_start[image_fd] ? "open" : "closed");
    fprintf(out, "image-seals=%#x\n", (unsigned)fcntl(image, F_GET_SEALS));
    fprintf(out, "session-descriptor=%d\n", session_fd);
    fprintf(out, "session-seals=%#x\n", (unsigned)fcntl(session_fd, F_GET_SEALS));
    if (fstat(session_fd, &status) == 0)
        fprintf(out, "session-execute-bits=%o\n", status.st_mode & 0111);
    print_limit(out, "open-files-limit", RLIMIT_NOFILE);
    if (size < (ssize_t)sizeof *session || (ssize_t)session->size != size)
        fprintf(out, "session is %zd bytes\n", size);
    else
        print_session(out, session);
}

int main(int argc, char **argv)
{
    const char *report = getenv("STANDIN_REPORT");
    const char *call = getenv("STANDIN_CALL");
    const char *name = (const char *)getauxval(AT_EXECFN);
    int image_fd = -1;

    (void)argc;
    look_at_descriptors();
    if (strncmp(name, IMAGE_PREFIX, strlen(IMAGE_PREFIX)) == 0)
        image_fd = atoi(name + strlen(IMAGE_PREFIX));

    FILE *out = report != NULL ? fopen(report, "we") : NULL;
    if (out == NULL)
        return 99;
    if (image_fd >= 0)
        print_handover(out, image_fd, image_fd - 1);
    else
        print_limit(out, "open-files-limit", RLIMIT_NOFILE);
    print_inherited(out, argv, image_fd >= 0 ? image_fd - 1 : -1);
    if (fclose(out) != 0)
        return 98;
    return call != NULL ? make_call(call) : 0;
}
