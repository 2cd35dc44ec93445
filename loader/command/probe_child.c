/* The probes that run in a child: Syscall User Dispatch, and a memfd that is executed. */
#include <elf.h>
#include <errno.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endorun/linux_compat.h"
#include "memfd.h"
#include "probe.h"

/* Exit statuses of a child; an errno (below 134) says which call failed. */
enum child_status { CHILD_WORKS = 0, CHILD_NO_TRAP = 200, CHILD_OTHER_TRAP = 201 };

/* Runs it in a child and returns the child's exit status, -1 when a signal or fork ended that. */
static int run_in_child(int (*probe)(void))
{
    int status;

    signal(SIGCHLD, SIG_DFL); /* ignored, it would leave no status to wait for */
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0)
        _exit(probe());
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void conclude(struct finding *finding, int status)
{
    finding->available = status == CHILD_WORKS;
    if (status == CHILD_WORKS)
        return;
    if (status == CHILD_NO_TRAP)
        snprintf(finding->detail, sizeof finding->detail, "accepted, but it traps no call");
    else if (status == CHILD_OTHER_TRAP)
        snprintf(finding->detail, sizeof finding->detail, "traps, but not as the kernel does");
    else if (status > 0)
        snprintf(finding->detail, sizeof finding->detail, "%s", strerror(status));
    else
        snprintf(finding->detail, sizeof finding->detail, "the child that tried it was killed");
}

/* The kernel reads it at every system call of the child that uses it. */
static volatile char dispatch_selector = PR_SYS_DISPATCH_OFF;

static void on_dispatch(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    dispatch_selector = PR_SYS_DISPATCH_OFF; /* the next calls are this handler's */
    _exit(info->si_code == SYS_USER_DISPATCH && info->si_syscall == SYS_getppid ? CHILD_WORKS
                                                                                : CHILD_OTHER_TRAP);
}

static int try_dispatch(void)
{
    struct sigaction action = {.sa_sigaction = on_dispatch, .sa_flags = SA_SIGINFO};
    sigset_t trap;

    sigemptyset(&trap);
    sigaddset(&trap, SIGSYS);
    if (sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &trap, NULL) != 0)
        return errno;
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &dispatch_selector) != 0)
        return errno;
    dispatch_selector = PR_SYS_DISPATCH_ON;
    syscall(SYS_getppid);
    dispatch_selector = PR_SYS_DISPATCH_OFF;
    return CHILD_NO_TRAP;
}

void probe_syscall_user_dispatch(struct finding *finding)
{
    conclude(finding, run_in_child(try_dispatch));
}

#define PROGRAM_ADDRESS 0x400000UL

/* The smallest program that proves its own execution: exit_group(0). */
static const struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    uint8_t code[9];
} exiting_program = {
    .header =
        {
            .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_X86_64,
            .e_version = EV_CURRENT,
            .e_entry = PROGRAM_ADDRESS + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
            .e_phoff = sizeof(Elf64_Ehdr),
            .e_ehsize = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 1,
        },
    .segment =
        {
            .p_type = PT_LOAD,
            .p_flags = PF_R | PF_X,
            .p_vaddr = PROGRAM_ADDRESS,
            .p_filesz = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + sizeof exiting_program.code,
            .p_memsz = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + sizeof exiting_program.code,
            .p_align = 0x1000,
        },
    .code = {0x31, 0xff,                    /* xor  edi, edi */
             0xb8, SYS_exit_group, 0, 0, 0, /* mov  eax, SYS_exit_group */
             0x0f, 0x05},                   /* syscall */
};

static int try_memfd(void)
{
    char *argv[] = {"endorun-probe", NULL};
    char *envp[] = {NULL};
    const char *bytes = (const char *)&exiting_program;
    int fd = memfd_open_executable("endorun-probe", bytes, bytes + sizeof exiting_program);

    return fd < 0 ? -fd : -memfd_execute(fd, argv, envp);
}

void probe_memfd_execution(struct finding *finding)
{
    conclude(finding, run_in_child(try_memfd));
    if (!finding->available && strcmp(finding->detail, strerror(EACCES)) == 0)
        snprintf(finding->detail, sizeof finding->detail,
                 "forbidden; as root: sysctl vm.memfd_noexec=1");
}
