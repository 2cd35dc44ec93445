/* I7: a far jump to 32-bit code, and the 32-bit interface from there. */
#include "compat.h"

int main(void)
{
    judge_probe(compat_call(compat_page(&compat_probe)));
}
