#include "user.h"
#include "code.h"

long copy_user(void *target, const void *source, uint64_t user, unsigned long size)
{
    long result = -EFAULT;
    memory_acquire(); /* else the range could become the monitor's meanwhile */
    if (!overlaps_monitor(user, size)) {
        code_open(user, size, user == (uint64_t)target);
        result = user_copy(target, source, size);
    }
    memory_release();
    return result;
}

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

long copy_struct_from_user(void *target, uint64_t size, struct user_ptr source, uint64_t given,
                           uint64_t least)
{
    if (given < least) {
        return -EINVAL;
    }
    if (given > PAGE_SIZE) {
        return -E2BIG;
    }
    for (uint64_t at = size; at < given; at++) {
        uint8_t byte;
        if (copy_from_user(&byte, user_pointer(source.address + at), 1) != 0) {
            return -EFAULT;
        }
        if (byte != 0) {
            return -E2BIG; /* a field newer than this monitor */
        }
    }
    return copy_from_user(target, source, given < size ? given : size);
}
