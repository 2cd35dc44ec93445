/*
 * From the command line to the monitor image: finds PROGRAM, writes the session, executes the
 * image. Nothing that the program inherits is changed on the way, except the soft limit of open
 * files where two descriptors need it; the monitor sets that back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backstop.h"
#include "descriptors.h"
#include "embedded.h"
#include "isolation.h"
#include "launch.h"
#include "memfd.h"
#include "message.h"
#include "path_search.h"
#include "policy_bounds.h"
#include "policy_process.h"
#include "reach.h"
#include "reader.h"
#include "session_writer.h"

/* The memfds' names, seen in /proc/PID/maps and fd/. */
#define IMAGE_NAME   "endorun"
#define SESSION_NAME "endorun-session"

/* What messages call them. */
#define IMAGE_PART   "the monitor image"
#define SESSION_PART "the session"

#define DESCRIPTOR_LIMIT_UNTOUCHED UINT64_MAX /* session.nofile_soft */

/* The kernel follows "/proc/self/exe" of a removed file to its last path and this. */
#define REMOVED_SUFFIX " (deleted)"

/* NULL when endorun's own file cannot be named: then the plans that the cache lacks are not made.
 */
static const char *own_path(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    const size_t suffix = strlen(REMOVED_SUFFIX);

    if (length <= 0 || (size_t)length >= sizeof path)
        return NULL;
    path[length] = '\0';
    if ((size_t)length > suffix && strcmp(path + (size_t)length - suffix, REMOVED_SUFFIX) == 0 &&
        access(path, X_OK) != 0)
        return NULL;
    return path;
}

/* Of the XDG Base Directory Specification: a relative path is invalid and ignored. */
static const char *cache_path(void)
{
    static char path[PATH_MAX];
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length;

    if (cache != NULL && *cache == '/')
        length = snprintf(path, sizeof path, "%s/endorun", cache);
    else if (home != NULL && *home == '/')
        length = snprintf(path, sizeof path, "%s/.cache/endorun", home);
    else
        return NULL;
    return length > 0 && (size_t)length < sizeof path ? path : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* kernel.randomize_va_space is 0. What personality(2) says of this process the monitor sees. */
static bool address_randomization_is_off(struct endorun_session *session)
{
    char value = '\0';
    int fd;

    do {
        fd = open("/proc/sys/kernel/randomize_va_space", O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EMFILE && raise_descriptor_limit(&session->nofile_soft));
    if (fd < 0)
        return false; /* no /proc: the kernel's default is to randomize */
    bool off = read(fd, &value, 1) == 1 && value == '0';
    close(fd);
    return off;
}

static int open_memfd(struct endorun_session *session, enum memfd_kind kind, const char *name,
                      const char *part)
{
    int fd;

    do {
        fd = memfd_open(kind, name);
    } while (fd == -EMFILE && raise_descriptor_limit(&session->nofile_soft));
    if (fd < 0)
        memfd_die(part, fd);
    return fd;
}

/* Opens both, so that *image_fd is *session_fd + 1, where the image looks for its session. */
static void open_handover(struct endorun_session *session, int *session_fd, int *image_fd)
{
    *session_fd = open_memfd(session, MEMFD_DATA, SESSION_NAME, SESSION_PART);
    *image_fd = open_memfd(session, MEMFD_EXECUTABLE, IMAGE_NAME, IMAGE_PART);
    while (!make_adjacent(session_fd, image_fd))
        if (!raise_descriptor_limit(&session->nofile_soft))
            memfd_die(IMAGE_PART, -EMFILE);
}

/*
 * With protection keys the program opens none of them by itself: what it inherits must be none
 * either. Notes whether it may write a file of another user, by one of them or by an identity that
 * it can take: where it may not, the monitor believes what a file's owner tells.
 */
static void look_at_inherited(struct endorun_session *session)
{
    bool one_identity = has_one_identity();
    DIR *folder;
    struct dirent *entry;

    do {
        folder = opendir("/proc/self/fd");
    } while (folder == NULL && errno == EMFILE && raise_descriptor_limit(&session->nofile_soft));
    if (folder == NULL && errno == EMFILE)
        memfd_die(SESSION_PART, -EMFILE);
    if (folder == NULL)
        die(STATUS_SETUP, "--isolation=pkey: cannot look at the descriptors in /proc/self/fd: %s",
            strerror(errno));
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;

        int fd = atoi(entry->d_name);
        const char *what = forbidden_to_inherit(fd);
        if (what != NULL)
            die(STATUS_SETUP,
                "--isolation=pkey: descriptor %d is %s, which the program may not inherit", fd,
                what);
        if (writes_for_another(fd))
            one_identity = false;
    }
    closedir(folder);
    if (one_identity)
        session->flags |= ENDORUN_SESSION_ONE_IDENTITY;
}

/* What the backstop and the policy's filters change, and the program is to be told as it was. */
static uint32_t restrictions(void)
{
    return (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? ENDORUN_SESSION_NO_NEW_PRIVS : 0U) |
           (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0 ? ENDORUN_SESSION_SECCOMP : 0U);
}

static void install_backstop(void)
{
    int error = backstop_install();

    if (error != 0)
        die(STATUS_SETUP,
            "--isolation=pkey: this system allows no seccomp filter, the kernel's part of it: %s",
            strerror(-error));
}

static struct endorun_file identify(const struct stat *status)
{
    return (struct endorun_file){
        .device = status->st_dev,
        .inode = status->st_ino,
        .ctime_ns =
            (uint64_t)status->st_ctim.tv_sec * 1000000000U + (uint64_t)status->st_ctim.tv_nsec,
    };
}

/* Of the image as it stays: filled, and sealed. */
static void identify_files(struct endorun_session *session, int image_fd)
{
    struct stat status;

    if (fstat(image_fd, &status) != 0)
        memfd_die(IMAGE_PART, -errno);
    session->image = identify(&status);
    if (stat("/proc/self/exe", &status) == 0)
        session->command = identify(&status);
}

static void fill_handover(struct endorun_session *session, const struct session_strings *strings,
                          int session_fd, int image_fd)
{
    const struct iovec image = {
        (void *)embedded_monitor,
        (size_t)(embedded_monitor_end - embedded_monitor),
    };
    int error = memfd_fill(image_fd, &image, 1);

    if (error != 0)
        memfd_die(IMAGE_PART, error);
    identify_files(session, image_fd);
    error = session_write(session_fd, session, strings);
    if (error != 0)
        memfd_die(SESSION_PART, error);
}

__attribute__((noreturn)) static void execute_image(int image_fd, char **argv)
{
    int error = memfd_execute(image_fd, argv, environ);

    if (error == -E2BIG)
        die(STATUS_CANNOT_RUN, "%s: arguments and environment are too large", argv[0]);
    if (error == -EACCES || error == -EPERM)
        die(STATUS_SETUP, "a security policy of this system forbids to execute a memfd: %s",
            strerror(-error));
    die(STATUS_SETUP, "cannot execute the monitor image: %s", strerror(-error));
}

/*
 * Without protection keys what rests on the monitor is no boundary: who asks for that isolation by
 * name has been told, or is told now.
 */
static void refuse_unheld_rules(const struct command_line *line,
                                const struct endorun_prepared *prepared)
{
    const struct endorun_policy_span *left = &prepared->parts[ENDORUN_PREPARED_LEFT];
    const char *rules = (const char *)prepared + left->offset;

    if (line->isolation == ISOLATION_CHOICE_KERNEL || *rules == '\0')
        return;
    fputs(rules, stderr);
    die(STATUS_SETUP,
        "%s: the rules above need the monitor, and without protection keys, which this machine "
        "has not got, the program could change it; --isolation=kernel runs the program all the "
        "same, with the kernel's part as the only boundary",
        line->policy_file);
}

static const struct endorun_prepared *prepare_policy(const struct command_line *line,
                                                     struct endorun_session *session,
                                                     struct session_strings *strings)
{
    const bool has_keys = session->isolation == ENDORUN_ISOLATION_PKEY;
    const struct endorun_prepared *prepared = policy_process_prepare(
        line->policy_file, strings->cache_path, strings->command_path, line->complain, has_keys);
    const struct endorun_policy_span *image = &prepared->parts[ENDORUN_PREPARED_IMAGE];

    if (!has_keys)
        refuse_unheld_rules(line, prepared);
    strings->policy = (const char *)prepared + image->offset;
    session->policy_size = image->size;
    session->flags |= prepared->flags;
    const char *report = (const char *)prepared + prepared->parts[ENDORUN_PREPARED_REPORT].offset;
    strings->report_path = *report != '\0' ? report : NULL;
    if (line->records != NULL) {
        strings->report_path = line->records;
        session->flags |= ENDORUN_SESSION_REPORT_JSON;
    }
    bounds_set_environment(prepared);
    return prepared;
}

static void apply_options(const struct command_line *line, struct endorun_session *session)
{
    if (line->jit_denied && session->isolation != ENDORUN_ISOLATION_PKEY)
        die(STATUS_SETUP, "--jit=deny: only protection keys can refuse it (--isolation=pkey); the "
                          "other isolation does not look at what becomes executable");
    session->flags |= line->selector ? ENDORUN_SESSION_SELECTOR : 0U;
    session->flags |= line->jit_denied ? ENDORUN_SESSION_JIT_DENIED : 0U;
    session->flags |= line->no_rewrite ? ENDORUN_SESSION_NO_REWRITE : 0U;
    if (line->stats)
        reader_request_stats(session, line->stats_file);
    if (line->trace.writes || line->trace.is_live)
        reader_request_trace(session, &line->trace, line->operands);
}

void launch(const struct command_line *line)
{
    const struct endorun_prepared *prepared = NULL;
    struct endorun_session session = {
        .magic = ENDORUN_SESSION_MAGIC,
        .version = ENDORUN_SESSION_VERSION,
        .flags = ENDORUN_SESSION_FIRST,
        .isolation = resolve_isolation(line->isolation),
        .program_fd = -1,
        .reader_channel_fd = -1,
        .nofile_soft = DESCRIPTOR_LIMIT_UNTOUCHED,
        .fresh_mask = 1,
    };
    struct session_strings strings = {.execfn = search_path(line->operands[0])};
    int session_fd;
    int image_fd;

    strings.comm = base_name(strings.execfn);
    strings.command_path = own_path();
    strings.cache_path = cache_path();
    if (line->policy_file == NULL && line->complain)
        die(STATUS_SETUP, "--complain: there is no policy to complain; name one by --policy=FILE");
    if (line->policy_file != NULL)
        prepared = prepare_policy(line, &session, &strings);
    apply_options(line, &session);
    if (prepared != NULL && bounds_has_limit(prepared, RLIMIT_NOFILE))
        session.nofile_soft = DESCRIPTOR_LIMIT_UNTOUCHED; /* what it was counts no more */
    if (address_randomization_is_off(&session))
        session.flags |= ENDORUN_SESSION_NO_ASLR;

    if (session.isolation == ENDORUN_ISOLATION_PKEY) {
        look_at_inherited(&session);
        if (devices_are_in_reach())
            session.flags |= ENDORUN_SESSION_DEVICES;
    }
    if (session.isolation == ENDORUN_ISOLATION_PKEY || prepared != NULL)
        session.flags |= restrictions();
    open_handover(&session, &session_fd, &image_fd);
    fill_handover(&session, &strings, session_fd, image_fd);
    if (prepared != NULL)
        bounds_restrict(prepared);
    const bool has_reader = session.reader_pid != 0;
    if (has_reader)
        reader_split(line->operands[0]);
    if (line->argv0 != NULL)
        line->operands[0] = (char *)line->argv0;
    if (prepared != NULL)
        bounds_limit(prepared, has_reader ? reader_processes() : 0);
    if (session.isolation == ENDORUN_ISOLATION_PKEY)
        install_backstop(); /* what is done from here on the monitor must be able to do too */
    if (prepared != NULL)
        bounds_filter(prepared);
    execute_image(image_fd, line->operands);
}
