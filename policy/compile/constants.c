#include "constants.h"

#include "../../loader/command/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/membarrier.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

struct constant {
    const char *name;
    int64_t value;
};

static const struct constant constants[] = {
#define X(name) {#name, (int64_t)(name)},
#include "constants.def"
#undef X
};

/* Of two names for one number the first is the one that is written. */
static const struct constant errors[] = {
#define X(name) {#name, name},
#include "errors.def"
#undef X
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct constant *find(const struct constant *table, size_t count, const char *name,
                                   size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(table[i].name, name, length) == 0 && table[i].name[length] == '\0')
            return &table[i];
    return NULL;
}

static const char *find_nearest(const struct constant *table, size_t count, const char *name,
                                size_t length)
{
    struct nearest nearest = nearest_to(name, length);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, table[i].name);
    return nearest.name;
}

bool constant_value(const char *name, size_t length, int64_t *value)
{
    const struct constant *found = find(constants, COUNT(constants), name, length);

    if (found != NULL)
        *value = found->value;
    return found != NULL;
}

const char *constant_nearest(const char *name, size_t length)
{
    return find_nearest(constants, COUNT(constants), name, length);
}

int errno_number(const char *name)
{
    const struct constant *found = find(errors, COUNT(errors), name, strlen(name));

    return found != NULL ? (int)found->value : 0;
}

const char *errno_name(int number)
{
    for (size_t i = 0; i < COUNT(errors); i++)
        if (errors[i].value == number)
            return errors[i].name;
    return NULL;
}

const char *errno_nearest(const char *name)
{
    return find_nearest(errors, COUNT(errors), name, strlen(name));
}
