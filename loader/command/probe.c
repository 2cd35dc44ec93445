#include <errno.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <asm/hwcap2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "endorun/linux_compat.h"
#include "isolation.h"
#include "probe.h"

/* Syscall User Dispatch is in 5.11; 5.13 has the first Landlock and is what the project tests. */
#define KERNEL_NEEDED_MAJOR 5U
#define KERNEL_NEEDED_MINOR 13U

__attribute__((format(printf, 2, 3))) static void describe(struct finding *finding,
                                                           const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->detail, sizeof finding->detail, format, arguments);
    va_end(arguments);
}

void probe_kernel(struct finding *finding)
{
    struct utsname name;
    unsigned major = 0;
    unsigned minor = 0;

    if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
        describe(finding, "its version cannot be told");
        return;
    }
    finding->available = major > KERNEL_NEEDED_MAJOR ||
                         (major == KERNEL_NEEDED_MAJOR && minor >= KERNEL_NEEDED_MINOR);
    if (finding->available)
        describe(finding, "%.64s", name.release);
    else
        describe(finding, "%.64s is too old: %u.%u or later is needed", name.release,
                 KERNEL_NEEDED_MAJOR, KERNEL_NEEDED_MINOR);
}

void probe_proc(struct finding *finding)
{
    struct statfs file_system;
    char path[1];

    if (statfs("/proc", &file_system) != 0 || file_system.f_type != PROC_SUPER_MAGIC)
        describe(finding, "not mounted; an exec by the program needs /proc/self/exe");
    else if (readlink("/proc/self/exe", path, sizeof path) < 0)
        describe(finding, "/proc/self/exe: %s", strerror(errno));
    else
        finding->available = true;
}

/* The size query is answered without privilege by every kernel that has PR_SET_MM_MAP. */
void probe_mm_map(struct finding *finding)
{
    unsigned size = 0;

    finding->available = prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) == 0;
    if (!finding->available)
        describe(finding, "kernel without CONFIG_CHECKPOINT_RESTORE: from outside, auxv and brk "
                          "are the monitor's");
}

void probe_seccomp_filter(struct finding *finding)
{
    unsigned action = SECCOMP_RET_KILL_PROCESS;

    finding->available = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    if (!finding->available)
        describe(finding, "%s", strerror(errno));
}

void probe_landlock(struct finding *finding)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    finding->available = abi > 0;
    if (abi > 0) {
        finding->number = (int)abi;
        describe(finding, "ABI %ld", abi);
    } else {
        describe(finding, "%s", errno == EOPNOTSUPP ? "switched off at boot" : strerror(errno));
    }
}

void probe_fsgsbase(struct finding *finding)
{
    finding->available = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
    if (!finding->available)
        describe(finding, "the FS and GS bases are set by system calls");
}

void probe_protection_keys(struct finding *finding)
{
    struct pkey_support support = probe_pkey_support();

    finding->available = support.cpu && support.kernel;
    if (!support.cpu)
        describe(finding, "this CPU has no protection keys");
    else if (!support.kernel)
        describe(finding, "this kernel hands out no protection keys");
}
