/* P3: a new image by each way to execute one; its first instruction is the probe. */
#include "executed.h"
#include <spawn.h>

static char *const arguments[] = {"probe", NULL};
static char *const environment[] = {NULL};
static char program[4096];

static void by_name(void)
{
    execve(program, arguments, environment);
}

static void by_descriptor(void)
{
    int fd = MUST(open(program, O_PATH | O_CLOEXEC));
    syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
}

static void from_memfd(void)
{
    syscall(SYS_execveat, copy_to_memfd(program, MFD_CLOEXEC), "", arguments, environment,
            AT_EMPTY_PATH);
}

static void by_proc(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", copy_to_memfd(program, 0));
    execve(path, arguments, environment);
}

static void by_script(void)
{
    FILE *script = fopen("script", "we");
    CHECK(script != NULL, "script: %s", strerror(errno));
    fprintf(script, "#!%s\n", program);
    fclose(script);
    MUST(chmod("script", 0755));
    execve("./script", arguments, environment);
}

static void by_link(void)
{
    unlink("link");
    MUST(symlink(program, "link"));
    execve("./link", arguments, environment);
}

static void by_unseen_call(void)
{
    unseen_call()((long)program, (long)arguments, (long)environment, 0, 0, 0, SYS_execve);
}

static void by_thread(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
              stack + sizeof stack, NULL, NULL, NULL,
              (int (*)(void *))(uintptr_t)(void (*)(void))by_unseen_call, NULL);
    for (;;) {
        raw(SYS_pause);
    }
}

static void by_vfork(void)
{
    pid_t pid;
    CHECK_EQ(posix_spawn(&pid, program, NULL, NULL, arguments, environment), 0, "posix_spawn");
    int status = wait_for(pid);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(void)
{
    static void (*const ways[])(void) = {by_name,   by_descriptor, from_memfd,
                                         by_proc,   by_link,       by_unseen_call,
                                         by_thread, by_vfork,      by_script};
    long result = 0;
    snprintf(program, sizeof program, "%s", helper("probe"));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        long next = probe_answer(in_child(ways[i]));
        CHECK(next != NOT_EXECUTED && (i == 0 || next == result), "way %zu: %ld, those before: %ld",
              i, next, result);
        result = next;
    }
    judge_probe(result);
}
