/*
 * P3: the analyser is executed by its path, and nobody sees its calls. In a mount namespace of its
 * own the program puts a script in that place, then maps code that has no plan. Natively it
 * executes the path itself.
 */
#include "executed.h"
#include <sys/mount.h>

static const char *endorun;
static bool monitored;

static void write_script(const char *here)
{
    FILE *script = fopen("analyser", "we");
    CHECK(script != NULL, "analyser: %s", strerror(errno));
    fprintf(script, "#!/bin/sh\n'%s'\necho $? >'%s/answer'\n", helper("probe"), here);
    fclose(script);
    MUST(chmod("analyser", 0755));
}

static void map_new_code(void)
{
    int fd = copy_to_memfd(helper("probe"), MFD_CLOEXEC);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)PAGE) != MAP_FAILED,
          "mmap: %s", strerror(errno));
}

static void attempt(void)
{
    char here[3000];
    CHECK(getcwd(here, sizeof here) != NULL, "getcwd");
    write_script(here);
    enter_mount_namespace();
    MUST(mount("analyser", endorun, NULL, MS_BIND, NULL));
    if (monitored) {
        map_new_code();
    } else {
        execl(endorun, "endorun", (char *)NULL);
    }
}

int main(void)
{
    int answer = 0;
    endorun = getenv("ATTACK_ENDORUN");
    CHECK(endorun != NULL, "ATTACK_ENDORUN is not set");
    monitored = under_monitor();
    unlink("answer");
    int status = in_child(attempt);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NAMESPACE_REFUSED) {
        not_reached("EPERM");
    }
    CHECK_EQ(status, 0, "attempt");
    FILE *file = fopen("answer", "re");
    if (file == NULL) {
        not_reached("not-executed");
    }
    CHECK(fscanf(file, "%d", &answer) == 1 && answer > ANSWER_BASE, "answer: %d", answer);
    judge_probe(ANSWER_BASE - answer);
}
