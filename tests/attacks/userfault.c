/* M9: userfaultfd(2) puts pages where the program may not write: here one that is not there yet. */
#include "attack.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

int main(void)
{
    uint64_t *closed = map_pages(PAGE, PROT_READ),
             *source = map_pages(PAGE, PROT_READ | PROT_WRITE);
    struct uffdio_api api = {.api = UFFD_API};
    source[0] = FOREIGN_VALUE;
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    if (fd < 0) {
        not_reached("%s", strerrorname_np(errno));
    }
    MUST(ioctl(fd, UFFDIO_API, &api));
    struct uffdio_register range = {.range = {(uintptr_t)closed, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    MUST(ioctl(fd, UFFDIO_REGISTER, &range));
    struct uffdio_copy copy = {.dst = (uintptr_t)closed, .src = (uintptr_t)source, .len = PAGE};
    MUST(ioctl(fd, UFFDIO_COPY, &copy));
    CHECK(is_changed(closed), "what is there");
    reached();
}
