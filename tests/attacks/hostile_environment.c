/*
 * P4: an environment that brings code of the program's into whatever is loaded: the program itself,
 * and, it hopes, the monitor and the analyser. The library loaded so asks who answers its calls;
 * each run starts with an empty plan cache, so that the analyser has to run as well.
 */
#include "executed.h"

static char answers[4096], library[4096];
static const char *variable;

static void copy_library(void)
{
    char bytes[65536];
    int from = copy_to_memfd(helper("hostile_library.so"), MFD_CLOEXEC);
    ssize_t size = MUST(pread(from, bytes, sizeof bytes, 0));
    unlink(library);
    int to = MUST(open(library, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
    CHECK(size < (ssize_t)sizeof bytes && write(to, bytes, (size_t)size) == size, "write");
    close(from);
    close(to);
}

/* In a process of its own: maps a library for which there is no plan. */
static void execute(void)
{
    char preload[5000], answer_file[5000];
    snprintf(preload, sizeof preload, "%s=%s", variable, library);
    snprintf(answer_file, sizeof answer_file, "ATTACK_ANSWERS=%s", answers);
    char *const environment[] = {preload,           answer_file,
                                 "LD_BIND_NOW=1",   "LD_LIBRARY_PATH=.",
                                 "GCONV_PATH=.",    "LD_DEBUG_OUTPUT=debug",
                                 "MALLOC_CHECK_=3", NULL};
    char *const arguments[] = {"true", NULL};
    execve("/bin/true", arguments, environment);
}

/* Whether a call was seen by nobody but the kernel; with no variable set the library is not loaded.
 */
static bool unseen_with(const char *name)
{
    char answer[64];
    variable = name;
    copy_library();
    unlink(answers);
    CHECK_EQ(in_child(execute), 0, name);
    int fd = MUST(open(answers, O_RDONLY | O_CLOEXEC));
    ssize_t length = MUST(read(fd, answer, sizeof answer));
    close(fd);
    CHECK(length > 0, "%s: the library was not loaded", name);
    return memchr(answer, 'k', (size_t)length) != NULL;
}

int main(void)
{
    char here[3000];
    CHECK(getcwd(here, sizeof here) != NULL, "getcwd");
    snprintf(answers, sizeof answers, "%s/answers", here);
    snprintf(library, sizeof library, "%s/library.so", here);
    if (unseen_with("LD_PRELOAD") || unseen_with("LD_AUDIT")) {
        reached();
    }
    not_reached("EPERM");
}
