#include "user.h"

long copy_string_from_user(char *target, struct user_ptr source, unsigned long size)
{
    unsigned long done = 0;
    while (done < size) {
        /* Never past the page that the string is known to reach. */
        unsigned long chunk = PAGE_SIZE - ((source.address + done) & (PAGE_SIZE - 1));
        if (chunk > 64) {
            chunk = 64;
        }
        if (chunk > size - done) {
            chunk = size - done;
        }
        if (copy_from_user(target + done, user_pointer(source.address + done), chunk) != 0) {
            return -EFAULT;
        }
        for (unsigned long i = done; i < done + chunk; i++) {
            if (target[i] == 0) {
                return (long)i;
            }
        }
        done += chunk;
    }
    return -ENAMETOOLONG;
}
