/*
 * Writes the backstop's filters as C initializers, for backstop.c: backstop_rules NUMBERS
 * ARGUMENTS, two files. Run when endorun is built, since libseccomp takes two milliseconds for it.
 *
 * Made from the table of system calls: a call whose handler refuses it with protection keys ends
 * the process that makes it all the same. Where a handler refuses by arguments, a line below says
 * so once more.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <linux/fanotify.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "backstop.h"
#include "endorun/linux_compat.h"
#include "endorun/syscall_shapes.h"

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../../policy/syscalls.def"
};

#define CALL_COUNT ((int)(sizeof calls / sizeof calls[0]))

#define KILL SCMP_ACT_KILL_PROCESS

/* What the monitor forwards for some arguments is a matter of the second filter. */
static bool is_forwarded_sometimes(int number)
{
    return number == SYS_fanotify_init;
}

/*
 * ENOSYS, where a C library asks: the analyser has one. What the table has not got is answered so
 * by default, as the monitor answers it.
 */
static uint32_t action_of(int number)
{
    const struct endorun_syscall *call = &calls[number];

    if (call->family == ENDORUN_FAMILY_UNASSIGNED || call->handler == ENDORUN_HANDLER_RSEQ)
        return SCMP_ACT_ERRNO(ENOSYS);
    if (call->handler == ENDORUN_HANDLER_PTRACE ||
        (call->handler == ENDORUN_HANDLER_REFUSED && !is_forwarded_sometimes(number)))
        return KILL;
    return SCMP_ACT_ALLOW;
}

static int add_numbers(scmp_filter_ctx filter)
{
    int error = 0;

    for (int number = 0; number < CALL_COUNT && error == 0; number++)
        if (action_of(number) != SCMP_ACT_ERRNO(ENOSYS))
            error = seccomp_rule_add(filter, action_of(number), number, 0);
    return error;
}

/* The kernel takes some arguments as int, and drops the upper half of the register. */
#define INT_IS(argument, value)       SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, 0xffffffff, value)
#define BITS_ARE(argument, mask, set) SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, set)

#define ARCH_PRCTL_GROUP   0xfffff000U
#define ARCH_MAP_VDSO      0x2000U /* arch/x86/include/uapi/asm/prctl.h */
#define ARCH_TAGGED        0x4000U
#define ARCH_SHADOW_STACK  0x5000U
#define MODIFY_LDT_WRITE   1       /* write_ldt() in arch/x86/kernel/ldt.c, its old form */
#define MODIFY_LDT_WRITE_2 0x11    /* and its new one */
#define EXEC_OF_SHM        0100000 /* SHM_EXEC */

static const struct rule {
    int number;
    uint32_t action;
    unsigned count;
    struct scmp_arg_cmp compare[2];
} rules[] = {
    /* Code comes into being by pkey_mprotect alone. */
    {SYS_mprotect, KILL, 1, {BITS_ARE(2, PROT_EXEC, PROT_EXEC)}},
    {SYS_shmat, KILL, 1, {BITS_ARE(2, EXEC_OF_SHM, EXEC_OF_SHM)}},
    /* A thread's dispatch is armed, for all its calls, and stays so. */
    {SYS_prctl,
     KILL,
     2,
     {INT_IS(0, PR_SET_SYSCALL_USER_DISPATCH), SCMP_CMP64(1, SCMP_CMP_NE, PR_SYS_DISPATCH_ON)}},
    {SYS_prctl, KILL, 2, {INT_IS(0, PR_SET_SYSCALL_USER_DISPATCH), SCMP_CMP64(3, SCMP_CMP_NE, 0)}},
    /* The monitor tells the kernel where the program's heap is. */
    {SYS_prctl, KILL, 2, {INT_IS(0, PR_SET_MM), SCMP_CMP64(1, SCMP_CMP_NE, PR_SET_MM_MAP)}},
    {SYS_prctl, KILL, 1, {INT_IS(0, PR_SET_PTRACER)}},
    {SYS_prctl, KILL, 1, {INT_IS(0, PR_SET_MDWE)}},
    /* Run-time linkers ask for shadow stacks. */
    {SYS_arch_prctl, SCMP_ACT_ERRNO(EINVAL), 1, {BITS_ARE(0, ARCH_PRCTL_GROUP, ARCH_MAP_VDSO)}},
    {SYS_arch_prctl, SCMP_ACT_ERRNO(EINVAL), 1, {BITS_ARE(0, ARCH_PRCTL_GROUP, ARCH_TAGGED)}},
    {SYS_arch_prctl, SCMP_ACT_ERRNO(EINVAL), 1, {BITS_ARE(0, ARCH_PRCTL_GROUP, ARCH_SHADOW_STACK)}},
    {SYS_modify_ldt, KILL, 1, {INT_IS(0, MODIFY_LDT_WRITE)}},
    {SYS_modify_ldt, KILL, 1, {INT_IS(0, MODIFY_LDT_WRITE_2)}},
    {SYS_unshare, KILL, 1, {BITS_ARE(0, CLONE_NEWUSER, CLONE_NEWUSER)}},
    {SYS_clone, KILL, 1, {BITS_ARE(0, CLONE_NEWUSER | CLONE_FS, CLONE_NEWUSER)}},
    {SYS_fanotify_init, KILL, 1, {BITS_ARE(0, FAN_REPORT_FID | FAN_REPORT_DIR_FID, 0)}},
    {SYS_fanotify_init, KILL, 1, {BITS_ARE(0, FAN_CLASS_CONTENT, FAN_CLASS_CONTENT)}},
    {SYS_fanotify_init, KILL, 1, {BITS_ARE(0, FAN_CLASS_PRE_CONTENT, FAN_CLASS_PRE_CONTENT)}},
};

/* READ_IMPLIES_EXEC, unless all bits are set: that asks. For each other bit: set without that. */
static int add_personality(scmp_filter_ctx filter)
{
    int error = 0;

    for (unsigned bit = 0; bit < 32 && error == 0; bit++) {
        const scmp_datum_t other = (scmp_datum_t)1 << bit;

        if (other != READ_IMPLIES_EXEC)
            error = seccomp_rule_add(filter, KILL, SYS_personality, 1,
                                     BITS_ARE(0, READ_IMPLIES_EXEC | other, READ_IMPLIES_EXEC));
    }
    return error;
}

static int add_arguments(scmp_filter_ctx filter)
{
    int error = add_personality(filter);

    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && error == 0; i++)
        error = seccomp_rule_add_array(filter, rules[i].action, rules[i].number, rules[i].count,
                                       rules[i].compare);
    return error;
}

/* The foreign architectures of the kernel, i386 and x32, are none of the filter's: "bad". */
static int make(enum backstop_filter which, scmp_filter_ctx *filter)
{
    *filter = seccomp_init(which == BACKSTOP_NUMBERS ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW);
    if (*filter == NULL)
        return -ENOMEM;
    int error = seccomp_attr_set(*filter, SCMP_FLTATR_ACT_BADARCH, KILL);
    if (error == 0 && which == BACKSTOP_NUMBERS)
        error = seccomp_attr_set(*filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    if (error == 0)
        error = which == BACKSTOP_NUMBERS ? add_numbers(*filter) : add_arguments(*filter);
    return error;
}

/* The filter as the kernel gets it, from libseccomp to a file of text. */
static int write_filter(enum backstop_filter which, const char *path)
{
    struct sock_filter instruction;
    scmp_filter_ctx filter = NULL;
    FILE *out = fopen(path, "we");
    FILE *raw = tmpfile();
    int error = out == NULL || raw == NULL ? -errno : make(which, &filter);

    if (error == 0)
        error = seccomp_export_bpf(filter, fileno(raw));
    if (error == 0)
        rewind(raw);
    while (error == 0 && fread(&instruction, sizeof instruction, 1, raw) == 1)
        fprintf(out, "{%#x, %u, %u, %#x},\n", instruction.code, instruction.jt, instruction.jf,
                instruction.k);
    if (error == 0 && (ferror(raw) != 0 || fclose(out) != 0))
        error = -EIO;
    return error;
}

int main(int argc, char **argv)
{
    for (int which = BACKSTOP_NUMBERS; which <= BACKSTOP_ARGUMENTS; which++) {
        int error =
            argc == 3 ? write_filter((enum backstop_filter)which, argv[1 + which]) : -EINVAL;

        if (error != 0) {
            fprintf(stderr, "backstop_rules: %s\n", strerror(-error));
            return 1;
        }
    }
    return 0;
}
