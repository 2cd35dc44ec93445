/* I7: a far jump to 32-bit code, and the 32-bit interface from there. */
#include "compat.h"

COMPAT_BODY(probe, "    mov $172, %eax\n"
                   "    mov $59, %ebx\n"
                   "    mov $99, %ecx\n"
                   "    xor %edx, %edx\n"
                   "    xor %esi, %esi\n"
                   "    int $0x80\n");

int main(void)
{
    judge_probe(compat_call(compat_page(compat_probe, compat_probe_end)));
}
