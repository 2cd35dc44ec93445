/* Executing a program: resolving it, and handing the session on to a new image. */
#ifndef ENDORUN_MONITOR_EXEC_H
#define ENDORUN_MONITOR_EXEC_H

#include "thread.h"
#include "endorun/session.h"
#include "../loader/image/program.h"

/*
 * How an image learns the number of its own descriptor: AT_EXECFN is one of these and a number. The
 * last is what the kernel makes of execveat(2). /proc/self is the first thread, which may have
 * ended or have other descriptors; for itself it is the cheaper way.
 */
#define FIRST_THREAD_DESCRIPTORS "/proc/self/fd/"
#define THREAD_DESCRIPTORS       "/proc/thread-self/fd/"
#define KERNEL_DESCRIPTORS       "/dev/fd/"

bool is_first_thread(void);

/* The directory of this thread's descriptors: one of the first two. */
const char *own_descriptors(void);

/* The path by which /proc leads to an open file, as /proc/self/exe natively shows a program's. */
void canonical_path(int fd, char path[PATH_MAX_BYTES]);

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
