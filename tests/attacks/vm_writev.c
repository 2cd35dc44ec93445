/*
 * M8: process_vm_writev on oneself writes past protection keys. Natively to a page that a key of
 * the program's own closes.
 */
#include "attack.h"
#include <sys/uio.h>

int main(void)
{
    uint64_t foreign = FOREIGN_VALUE;
    uint64_t *target = target_page_for_kernel();
    int key = -1;
    if (!under_monitor()) {
        key = MUST(pkey_alloc(0, PKEY_DISABLE_ACCESS));
        MUST(pkey_mprotect(target, PAGE, PROT_READ | PROT_WRITE, key));
        CHECK(read(MUST(open("/dev/zero", O_RDONLY)), target, 8) < 0 && errno == EFAULT,
              "the page is not closed");
    }
    struct iovec from = {&foreign, sizeof foreign}, to = {target, sizeof foreign};
    if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != sizeof foreign) {
        not_reached("%s", strerrorname_np(errno));
    }
    if (key >= 0) {
        MUST(pkey_set(key, 0));
    }
    CHECK(is_changed(target), "written, but not there");
    reached();
}
