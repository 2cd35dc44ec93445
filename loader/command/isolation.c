#include <cpuid.h>
#include <sys/mman.h>

#include "isolation.h"
#include "message.h"

#define CPUID_EXTENDED_FEATURES 7U
#define CPUID_7_ECX_PKU         (1U << 3)

/* What is given up with --isolation=kernel, for the end of a message. */
#define KERNEL_ISOLATION_GIVES_UP                                                                  \
    "--isolation=kernel runs the program, but then nothing keeps it out of the monitor's memory: " \
    "only what the kernel itself enforces is a boundary"

struct pkey_support probe_pkey_support(void)
{
    struct pkey_support support = {0};
    unsigned eax, ebx, ecx, edx;

    if (__get_cpuid_count(CPUID_EXTENDED_FEATURES, 0, &eax, &ebx, &ecx, &edx) != 0)
        support.cpu = (ecx & CPUID_7_ECX_PKU) != 0;
    if (support.cpu) {
        int key = pkey_alloc(0, 0);

        support.kernel = key >= 0;
        if (key >= 0)
            pkey_free(key);
    }
    return support;
}

enum endorun_isolation resolve_isolation(enum isolation_choice choice)
{
    if (choice == ISOLATION_CHOICE_KERNEL)
        return ENDORUN_ISOLATION_KERNEL;

    struct pkey_support support = probe_pkey_support();
    if (choice == ISOLATION_CHOICE_AUTO && !(support.cpu && support.kernel))
        return ENDORUN_ISOLATION_KERNEL;
    if (!support.cpu)
        die(STATUS_SETUP,
            "--isolation=pkey: this CPU has no protection keys (PKU); " KERNEL_ISOLATION_GIVES_UP);
    if (!support.kernel)
        die(STATUS_SETUP, "--isolation=pkey: this kernel hands out no protection "
                          "keys; " KERNEL_ISOLATION_GIVES_UP);
    return ENDORUN_ISOLATION_PKEY;
}
