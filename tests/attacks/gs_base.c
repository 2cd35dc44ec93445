/* I6, P2: another GS base, where the monitor looks for its thread block. */
#include "attack.h"
#include <asm/ldt.h>
#include <asm/prctl.h>

int main(void)
{
    struct user_desc entry = {
        .entry_number = 0, .base_addr = 0x1000, .limit = 0xfff, .seg_32bit = 1};
    long set = raw(SYS_arch_prctl, ARCH_SET_GS, 0x12345000);
    long ldt = raw(SYS_modify_ldt, 1, &entry, sizeof entry);
    long old_ldt = raw(SYS_modify_ldt, 0x11, &entry, sizeof entry);
    if (set == 0 || ldt == 0 || old_ldt == 0) {
        raw(SYS_arch_prctl, ARCH_SET_GS, 0);
        reached();
    }
    CHECK(ldt == set && old_ldt == set, "%ld, %ld, %ld", set, ldt, old_ldt);
    not_reached("%s", strerrorname_np((int)-set));
}
