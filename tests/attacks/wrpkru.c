/* I1: WRPKRU in the program's code, plain and hidden inside another instruction, raises its rights.
 */
#include "attack.h"

/* mov $0x..ef010f.., %ebp: its last bytes are wrpkru; ret. */
__asm__(".pushsection .text\n"
        "hidden_wrpkru:\n"
        "    .byte 0xbd, 0x0f, 0x01, 0xef, 0xc3\n"
        "    ret\n"
        ".popsection\n");
extern const uint8_t hidden_wrpkru[] __attribute__((visibility("hidden")));

static void write_pkru(const void *code)
{
    __asm__ volatile("call *%0" : : "r"(code), "a"(0), "c"(0), "d"(0) : "memory");
}

int main(void)
{
    static const uint8_t plain[] = {0x0f, 0x01, 0xef, 0xc3};
    const void *ways[] = {hidden_wrpkru + 1, code_page(plain, sizeof plain, 0)};
    uint64_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    int key = pkey_alloc(0, 0);
    if (key < 0 && under_monitor()) {
        page = target_page(); /* closed by a key of the monitor's */
    } else {
        MUST(pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, key));
    }
    for (int i = 0; i < 2; i++) {
        if (key >= 0) {
            MUST(pkey_set(key, PKEY_DISABLE_ACCESS));
        }
        write_pkru(ways[i]);
        *(volatile uint64_t *)page = FOREIGN_VALUE;
    }
    reached();
}
