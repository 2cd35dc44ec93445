/* Loaded by LD_PRELOAD or LD_AUDIT: makes the probe wherever it comes to run, and notes the answer.
 */
#include "attack.h"

__attribute__((constructor)) static void note_answer(void)
{
    const char *answers = getenv("ATTACK_ANSWERS");
    CHECK_EQ(raw(SYS_getppid), getppid(), "a site, for the analyser to look at");
    char word = answered_by_kernel(probe_by(unseen_call())) ? 'k' : 'm';
    int fd = open(answers != NULL ? answers : "answers", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                  0644);
    if (fd >= 0) {
        CHECK_EQ(write(fd, &word, 1), 1, "write");
        close(fd);
    }
}

/* For LD_AUDIT; <link.h> declares it. */
unsigned la_version(unsigned version);
unsigned la_version(unsigned version)
{
    return version;
}
