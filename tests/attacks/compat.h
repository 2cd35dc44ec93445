/*
 * 32-bit code in a 64-bit process: a page below 4 GiB to which 64-bit code jumps by a far return.
 *
 *     page:  | way in (64-bit) | 32-bit code | way out (64-bit) | ... stack, saved RSP |
 *
 * EDI holds the page's address throughout; the result comes in EAX. The data segments are flat, as
 * 32-bit code needs them: 64-bit code runs with null selectors.
 */
#ifndef ATTACKS_COMPAT_H
#define ATTACKS_COMPAT_H

#include "attack.h"

#define COMPAT_CODE  0x100 /* where the 32-bit code stands */
#define COMPAT_OUT   0x200
#define COMPAT_DATA  0xc00 /* for the 32-bit code's use */
#define COMPAT_STACK 0xf00
#define COMPAT_SAVED 0xff0

#define TEXT_OF(value)  TEXT_OF_(value)
#define TEXT_OF_(value) #value

/* The 32-bit code falls through to this. */
#define COMPAT_LEAVE                                                                               \
    "    push $0x33\n"                                                                             \
    "    lea " TEXT_OF(COMPAT_OUT) "(%edi), %ecx\n"                                                \
                                   "    push %ecx\n"                                               \
                                   "    lret\n"

/* Defines compat_NAME, from compat_NAME to compat_NAME_end. */
#define COMPAT_BODY(name, text)                                                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            "compat_" #name ":\n"                                                                  \
            ".code32\n"                                                                            \
            "    mov $0x2b, %ecx\n"                                                                \
            "    mov %ecx, %ds\n"                                                                  \
            "    mov %ecx, %es\n" text COMPAT_LEAVE ".code64\n"                                    \
            "compat_" #name "_end:\n"                                                              \
            ".popsection\n");                                                                      \
    extern const uint8_t compat_##name[],                                                          \
        compat_##name##_end[] __attribute__((visibility("hidden")))

__asm__(
    ".pushsection .rodata\n"
    "compat_way_in:\n"
    "    push %rbx\n"
    "    push %rbp\n"
    "    push %r12\n"
    "    mov %rsp, " TEXT_OF(
        COMPAT_SAVED) "(%rdi)\n"
                      "    lea " TEXT_OF(
                          COMPAT_STACK) "(%rdi), %rsp\n"
                                        "    lea " TEXT_OF(
                                            COMPAT_CODE) "(%rdi), %rax\n"
                                                         "    push $0x23\n"
                                                         "    push %rax\n"
                                                         "    lretq\n"
                                                         "compat_way_in_end:\n"
                                                         "compat_way_out:\n"
                                                         "    mov %edi, %edi\n"
                                                         "    mov " TEXT_OF(
                                                             COMPAT_SAVED) "(%rdi), %rsp\n"
                                                                           "    pop %r12\n"
                                                                           "    pop %rbp\n"
                                                                           "    pop %rbx\n"
                                                                           "    cltq\n"
                                                                           "    ret\n"
                                                                           "compat_way_out_end:\n"
                                                                           ".popsection\n");
extern const uint8_t compat_way_in[], compat_way_in_end[], compat_way_out[],
    compat_way_out_end[] __attribute__((visibility("hidden")));

/* The page is writable too: it holds the code's stack. */
static inline uint8_t *compat_page(const uint8_t *code, const uint8_t *code_end)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(page != MAP_FAILED, "mmap below 4 GiB: %s", strerror(errno));
    memcpy(page, compat_way_in, (size_t)(compat_way_in_end - compat_way_in));
    memcpy(page + COMPAT_CODE, code, (size_t)(code_end - code));
    memcpy(page + COMPAT_OUT, compat_way_out, (size_t)(compat_way_out_end - compat_way_out));
    return page;
}

static inline long compat_call(uint8_t *page)
{
    long (*function)(uint8_t *);
    memcpy(&function, &page, sizeof function);
    return function(page);
}

#endif
