/*
 * P1: the first call of a thread or process, for each way to make one. The call that makes the
 * child and the child's first one stand in a page made at run time, so nothing but dispatch sees
 * them.
 */
#include "attack.h"
#include <linux/sched.h>
#include <sched.h>

/*
 * child_code(nr, argument 0, 1, answer): makes the child by that call. The child's first
 * instructions are the probe; it leaves the answer, and ends.
 */
__asm__(".pushsection .rodata\n"
        "child_code:\n"
        "    push %rbx\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rbx\n"
        "    xor %edx, %edx\n"
        "    xor %r10d, %r10d\n"
        "    xor %r8d, %r8d\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    jz 1f\n"
        "    pop %rbx\n"
        "    ret\n"
        "1:  mov $154, %eax\n"
        "    mov $1, %edi\n"
        "    xor %esi, %esi\n"
        "    xor %edx, %edx\n"
        "    syscall\n"
        "    mov %rax, (%rbx)\n"
        "    xor %edi, %edi\n"
        "    mov $60, %eax\n"
        "    syscall\n"
        "    ud2\n"
        "child_code_end:\n"
        ".popsection\n");
extern const uint8_t child_code[], child_code_end[] __attribute__((visibility("hidden")));

typedef long make_child(long nr, long a, long b, volatile long *answer);

static make_child *make;
static volatile long *answer;
static int mediated, seen_by_kernel;

#define NO_ANSWER 1

/* One way to make a child. */
static void attempt(const char *what, long nr, long a, long b)
{
    *answer = NO_ANSWER;
    long pid = make(nr, a, b, answer);
    if (pid == -EPERM || pid == -ENOSPC) {
        return; /* namespaces, where the machine has none for us */
    }
    CHECK(pid > 0, "%s: %ld", what, pid);
    while (*answer == NO_ANSWER) {
        sched_yield();
        CHECK(waitpid((pid_t)pid, NULL, WNOHANG | __WALL) <= 0 || *answer != NO_ANSWER,
              "%s: the child ended without an answer", what);
    }
    waitpid((pid_t)pid, NULL, __WALL);
    if (answered_by_kernel(*answer)) {
        seen_by_kernel++;
        if (under_monitor()) {
            say("not mediated: %s\n", what);
        }
    } else {
        mediated++;
    }
}

#define STACK_BYTES 65536

/* The flags on their own, and the groups that the kernel wants together. */
static const struct {
    const char *name;
    uint64_t flags;
    bool clone3_only;
} flag_sets[] = {
    {"none", 0, false},
    {"FS", CLONE_FS, false},
    {"FILES", CLONE_FILES, false},
    {"SYSVSEM", CLONE_SYSVSEM, false},
    {"PARENT_IO", CLONE_IO, false},
    {"UNTRACED", CLONE_UNTRACED, false},
    {"PTRACE", CLONE_PTRACE, false},
    {"VFORK", CLONE_VFORK, false},
    {"SETTLS", CLONE_SETTLS, false},
    {"NEWUSER", CLONE_NEWUSER, false},
    {"NEWUSER, NEWPID, NEWNS, NEWIPC, NEWNET, NEWUTS, NEWCGROUP",
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS |
         CLONE_NEWCGROUP,
     false},
    {"VM", CLONE_VM, false},
    {"VM, VFORK", CLONE_VM | CLONE_VFORK, false},
    {"VM, SIGHAND", CLONE_VM | CLONE_SIGHAND, false},
    {"VM, SIGHAND, VFORK", CLONE_VM | CLONE_SIGHAND | CLONE_VFORK, false},
    {"VM, FILES, FS", CLONE_VM | CLONE_FILES | CLONE_FS, false},
    {"VM, SIGHAND, THREAD", CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, false},
    {"as pthread_create",
     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
         CLONE_SETTLS,
     false},
    {"VM, SIGHAND, THREAD, VFORK", CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_VFORK, false},
    {"CLEAR_SIGHAND", CLONE_CLEAR_SIGHAND, true},
    {"VM, CLEAR_SIGHAND", CLONE_VM | CLONE_CLEAR_SIGHAND, true},
    {"VM, VFORK, CLEAR_SIGHAND", CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND, true},
};

int main(void)
{
    void *code = code_page(child_code, (size_t)(child_code_end - child_code), 0);
    memcpy(&make, &code, sizeof code);
    answer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(answer != MAP_FAILED, "mmap: %s", strerror(errno));
    uint8_t *stack = map_pages(STACK_BYTES, PROT_READ | PROT_WRITE);
    disposition(SIGCHLD, SIG_DFL);

    attempt("fork", SYS_fork, 0, 0);
    attempt("vfork", SYS_vfork, 0, 0);
    for (size_t i = 0; i < sizeof flag_sets / sizeof flag_sets[0]; i++) {
        uint64_t flags = flag_sets[i].flags;
        bool thread = (flags & CLONE_THREAD) != 0, shares = (flags & CLONE_VM) != 0;
        for (int with_stack = shares && (flags & CLONE_VFORK) == 0; with_stack < 2; with_stack++) {
            uint64_t signal = thread ? 0 : SIGCHLD;
            if (!flag_sets[i].clone3_only) {
                attempt(flag_sets[i].name, SYS_clone, (long)(flags | signal),
                        with_stack ? (long)(stack + STACK_BYTES) : 0);
            }
            struct clone_args arguments = {
                .flags = flags,
                .exit_signal = signal,
                .stack = with_stack ? (uint64_t)stack : 0,
                .stack_size = with_stack ? STACK_BYTES : 0,
            };
            attempt(flag_sets[i].name, SYS_clone3, (long)&arguments, sizeof arguments);
        }
    }
    if (seen_by_kernel > 0) {
        CHECK(under_monitor() || mediated == 0, "natively mediated: %d", mediated);
        reached();
    }
    CHECK(mediated > 40, "only %d children", mediated);
    not_reached("EPERM");
}
