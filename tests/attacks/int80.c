/* I7: the 32-bit interface from 64-bit code, where other numbers stand for the same calls. */
#include "attack.h"

int main(void)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(PROBE_I386), "b"(PROBE_WRITE), "c"(0), "d"(0), "S"(0), "D"(0)
                     : "r8", "r9", "r10", "r11", "memory");
    judge_probe((int)result);
}
