/*
 * Memory of the program. An address that the program gave has a type of its own, so that it can't
 * be dereferenced by mistake; all access goes through the copies here, which survive any fault.
 */
#ifndef ENDORUN_MONITOR_USER_H
#define ENDORUN_MONITOR_USER_H

#include "gate.h"
#include "keys.h"

struct user_ptr {
    uint64_t address;
};

static inline struct user_ptr user_pointer(uint64_t address)
{
    return (struct user_ptr){address};
}

/* `user` is the program's side of it. 0 or -EFAULT. */
long copy_user(void *target, const void *source, uint64_t user, unsigned long size);

static inline long copy_from_user(void *target, struct user_ptr source, unsigned long size)
{
    return copy_user(target, (const void *)source.address, source.address, size);
}

static inline long copy_to_user(struct user_ptr target, const void *source, unsigned long size)
{
    return copy_user((void *)target.address, source, target.address, size);
}

/*
 * A structure that may be of another version than the monitor's, as the kernel takes them: 0,
 * -EFAULT, -EINVAL below `least` bytes, or -E2BIG when it says what the monitor does not know.
 */
long copy_struct_from_user(void *target, uint64_t size, struct user_ptr source, uint64_t given,
                           uint64_t least);

/* The length without the NUL, -EFAULT, or -ENAMETOOLONG when there is no NUL in `size` bytes. */
long copy_string_from_user(char *target, struct user_ptr source, unsigned long size);

#endif
