/*
 * /proc/self/exe leads to the monitor image. Calls that follow it are given the program's path
 * instead, however the link is spelled: what counts is the link's inode in /proc.
 */
#include "self.h"
#include "calls.h"
#include "support.h"
#include "syscall.h"

#define STANDARD_LINK       "/proc/self/exe"

const char *program_path;

static bool ends_in_exe(const char *path)
{
    size_t length = strlen(path);
    return length >= 3 && memcmp(path + length - 3, "exe", 3) == 0 &&
           (length == 3 || path[length - 4] == '/');
}

static bool contains(const char *path, const char *part)
{
    size_t length = strlen(part);
    for (; *path != 0; path++) {
        if (strlen(path) >= length && memcmp(path, part, length) == 0) {
            return true;
        }
    }
    return false;
}

bool names_own_exe(int directory, const char *path)
{
    struct kernel_stat link, own;
    if (!ends_in_exe(path) ||
        SYS4(__NR_newfstatat, directory, path, &link, AT_SYMLINK_NOFOLLOW) != 0 ||
        (link.mode & S_IFMT) == S_IFREG || (link.mode & S_IFMT) == S_IFDIR) {
        return false;
    }
    if (SYS4(__NR_newfstatat, AT_FDCWD, STANDARD_LINK, &own, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    if (link.dev == own.dev && link.ino == own.ino) {
        return true;
    }
    /* The links of the threads are others: what they lead to has to be compared. */
    return link.dev == own.dev && contains(path, "thread-self/") &&
           SYS4(__NR_newfstatat, directory, path, &link, 0) == 0 &&
           SYS4(__NR_newfstatat, AT_FDCWD, STANDARD_LINK, &own, 0) == 0 && link.dev == own.dev &&
           link.ino == own.ino;
}

/* Where the calls of this family have what: argument numbers, -1: none. */
struct path_call {
    int8_t directory, path, flags;
    uint32_t nofollow; /* the flag that makes the call act on the link itself */
};

static struct path_call describe(uint32_t number)
{
    switch (number) {
    case __NR_open:
        return (struct path_call){-1, 0, 1, O_NOFOLLOW};
    case __NR_openat:
        return (struct path_call){0, 1, 2, O_NOFOLLOW};
    case __NR_newfstatat:
        return (struct path_call){0, 1, 3, AT_SYMLINK_NOFOLLOW};
    case __NR_statx:
        return (struct path_call){0, 1, 2, AT_SYMLINK_NOFOLLOW};
    case __NR_faccessat2:
        return (struct path_call){0, 1, 3, AT_SYMLINK_NOFOLLOW};
    case __NR_openat2:
    case __NR_faccessat:
        return (struct path_call){0, 1, -1, 0};
    default: /* stat, access, creat: the path comes first */
        return (struct path_call){-1, 0, -1, 0};
    }
}

long handle_PATH_EXE(struct thread *thread, const struct user_registers *call)
{
    unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    uint32_t number = (uint32_t)call->rax;
    struct path_call shape = describe(number);
    char path[PATH_MAX_BYTES];
    (void)thread;
    int directory = shape.directory < 0 ? AT_FDCWD : (int)arguments[shape.directory];
    if (copy_string_from_user(path, user_pointer(arguments[shape.path]), sizeof path) >= 0 &&
        !(shape.flags >= 0 && (arguments[shape.flags] & shape.nofollow) != 0) &&
        ends_in_exe(path) && names_own_exe(directory, path)) {
        arguments[shape.path] = (unsigned long)program_path;
    }
    return window_syscall((long)number, arguments);
}

long handle_READLINK(struct thread *thread, const struct user_registers *call)
{
    bool at = (uint32_t)call->rax == __NR_readlinkat;
    int directory = at ? (int)call->rdi : AT_FDCWD;
    uint64_t name = at ? call->rsi : call->rdi;
    uint64_t buffer = at ? call->rdx : call->rsi;
    int32_t size = (int32_t)(at ? call->r10 : call->rdx);
    char path[PATH_MAX_BYTES];
    (void)thread;
    long result = forward_call(call);
    if (result <= 0 || copy_string_from_user(path, user_pointer(name), sizeof path) < 0 ||
        !names_own_exe(directory, path)) {
        return result;
    }
    int32_t length = (int32_t)strlen(program_path);
    length = length < size ? length : size;
    return copy_to_user(user_pointer(buffer), program_path, (unsigned long)length) == 0
               ? length
               : -EFAULT;
}
