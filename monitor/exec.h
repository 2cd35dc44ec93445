/* Executing a program: resolving it, and handing the session on to a new image. */
#ifndef ENDORUN_MONITOR_EXEC_H
#define ENDORUN_MONITOR_EXEC_H

#include "thread.h"
#include "endorun/session.h"
#include "../loader/image/elf.h"

/*
 * How an image learns the number of its own descriptor: AT_EXECFN is one of these and a number. The
 * last is what the kernel makes of execveat(2). /proc/self is the first thread, which may have
 * ended or have other descriptors; for itself it is the cheaper way.
 */
#define FIRST_THREAD_DESCRIPTORS "/proc/self/fd/"
#define THREAD_DESCRIPTORS       "/proc/thread-self/fd/"
#define KERNEL_DESCRIPTORS       "/dev/fd/"

#define SCRIPT_DEPTH_MAX 5                            /* fs/exec.c: exec_binprm() */
#define SCRIPT_LINE_MAX  256                          /* BINPRM_BUF_SIZE */
#define PREFIX_MAX       (3 * (SCRIPT_DEPTH_MAX + 1)) /* what scripts put before the arguments */

/*
 * A program found and checked. Strings live in .text. Large: it belongs in memory of its own, never
 * on the monitor stack.
 */
struct program {
    int fd;                           /* the ELF file, O_RDONLY */
    const char *prefix[PREFIX_MAX];   /* arguments that take the place of argv[0], in order */
    unsigned prefix_count;            /* 0: not a script */
    bool by_descriptor;               /* no path named it: AT_EMPTY_PATH */
    const char *why;                  /* on failure: what people should know beyond the errno */
    char execfn[PATH_MAX_BYTES + 32]; /* AT_EXECFN */
    char path[PATH_MAX_BYTES];        /* canonical path of the ELF file */
    uint64_t text_used;
    char text[8 * SCRIPT_LINE_MAX + PATH_MAX_BYTES + 64];
    struct elf_file elf;         /* headers of the ELF file */
    struct elf_file interpreter; /* scratch: headers of its interpreter */
};

bool is_first_thread(void);

/* The directory of this thread's descriptors: one of the first two. */
const char *own_descriptors(void);

/* The path by which /proc leads to an open file, as /proc/self/exe natively shows a program's. */
void canonical_path(int fd, char path[PATH_MAX_BYTES]);

/*
 * Finds what execveat(directory, path, ..., flags) would run, scripts followed, checks it, and
 * opens it. 0, or the negative errno that execve(2) gives.
 */
long program_find(struct program *program, int directory, const char *path, int flags);

/*
 * The first image's exec of the program that the command names, with the arguments and environment
 * of this image. A script makes the image execute itself; anything else is returned open in
 * `program`. 0, or a negative errno with program->why set where there is more to say.
 */
long program_find_first(struct thread *thread, struct program **program, const char *path,
                        uint64_t arguments, uint64_t environment, sigset mask);

/* The session this image was started with; its strings stand behind it. */
extern const struct endorun_session *session;

static inline const char *session_string(uint32_t offset)
{
    return offset != 0 ? (const char *)session + offset : 0;
}

#endif
