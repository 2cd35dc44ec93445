/*
 * The monitor's support.c, hosted: libc has the string functions already, and a broken invariant of
 * the monitor is a finding.
 */
#include "hosted.h"

noreturn void fatal(const char *what)
{
    fprintf(stderr, "fatal: %s\n", what);
    abort();
}

noreturn void report_broken(const char *what)
{
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

int make_file(const uint8_t *bytes, size_t size)
{
    long fd = SYS2(__NR_memfd_create, "fuzz", MFD_CLOEXEC);
    demand(fd >= 0 && SYS4(__NR_pwrite64, fd, bytes, size, 0) == (long)size, "no file to test");
    return (int)fd;
}

#define memcpy  support_memcpy
#define memmove support_memmove
#define memset  support_memset
#define memcmp  support_memcmp
#define strlen  support_strlen
#define fatal   support_fatal
void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *string);
noreturn void fatal(const char *what);
#include "../../monitor/support.c" /* NOLINT(bugprone-suspicious-include) */

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef fatal
#include "../../monitor/keys.c" /* NOLINT(bugprone-suspicious-include) */

struct process_settings process_settings;

/* For harnesses without memory of the program's. */
__attribute__((weak)) long user_copy(void *target, const void *source, uint64_t size)
{
    memcpy(target, source, size);
    return 0;
}

#include "../../monitor/exec.h"

__attribute__((weak)) const struct endorun_session *session;

/* For a message that never comes, where the harness has none of its own. */
__attribute__((weak)) void canonical_path(int fd, char path[PATH_MAX_BYTES])
{
    (void)fd;
    path[0] = 0;
}
#include "../../monitor/spans.c"              /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/unsafe.c"      /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/compute.c"     /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/copies.c"      /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/displace.c"    /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/instruction.c" /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/search.c"      /* NOLINT(bugprone-suspicious-include) */
#include "../../monitor/code.c"               /* NOLINT(bugprone-suspicious-include) */
#include "../../monitor/user.c"               /* NOLINT(bugprone-suspicious-include) */
#include "../../policy/owners.c"              /* NOLINT(bugprone-suspicious-include) */
#include "../../policy/ranges.c"              /* NOLINT(bugprone-suspicious-include) */
#include "../../monitor/calls.h"
#include "../../trace/record/record.h"

void trace_signal(struct thread *thread, const void *siginfo)
{
    (void)thread;
    (void)siginfo;
}

void trace_sigreturn(struct thread *thread, uint64_t address, uint64_t mask, long result)
{
    (void)thread;
    (void)address;
    (void)mask;
    (void)result;
}

void dispatch_calls(bool (*which)(uint32_t number))
{
    (void)which;
    report_broken("no code is writable here, so no calls have to be looked at for it");
}
