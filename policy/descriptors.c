#include "descriptors.h"
#include "endorun/syscall_shapes.h"

#include <linux/fcntl.h>

#define POLLED_MAX 64U   /* looked at of an array */
#define BITS_MAX   1024U /* FD_SETSIZE, select(2) */

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "syscalls.def"
};

enum call_number {
#define SYSCALL(number, name, ...) CALL_##name = (number),
#include "syscalls.def"
};

#define CALL_COUNT (sizeof calls / sizeof calls[0])

struct walk {
    ranges_read *read;
    descriptors_visit *visit;
    void *context;
};

static void visit_polled(const struct walk *walk, uint64_t address, uint32_t count)
{
    struct {
        int32_t descriptor;
        uint16_t events, returned;
    } polled; /* struct pollfd */
    for (uint32_t i = 0; i < count && i < POLLED_MAX; i++) {
        if (walk->read(&polled, address + i * sizeof polled, sizeof polled) != 0) {
            return;
        }
        walk->visit(walk->context, polled.descriptor);
    }
}

static void visit_set(const struct walk *walk, uint64_t address, uint32_t count)
{
    uint64_t word = 0;
    for (uint32_t bit = 0; bit < count && bit < BITS_MAX; bit++) {
        if (bit % 64 == 0 && (address == 0 || walk->read(&word, address + bit / 8, sizeof word))) {
            return;
        }
        if ((word >> bit % 64 & 1) != 0) {
            walk->visit(walk->context, (int32_t)bit);
        }
    }
}

static void visit_argument(const struct walk *walk, const struct endorun_syscall *call,
                           uint32_t index, const uint64_t arguments[6])
{
    const struct endorun_shape *shape = &call->arg[index];
    switch (shape->kind) {
    case ENDORUN_KIND_FD:
    case ENDORUN_KIND_DIRFD:
        walk->visit(walk->context, (int32_t)arguments[index]);
        return;
    case ENDORUN_KIND_INOUT_ARRAY:
        if (shape->detail == ENDORUN_TYPE_pollfd) {
            visit_polled(walk, arguments[index], (uint32_t)arguments[shape->ref]);
        }
        return;
    case ENDORUN_KIND_INOUT_BITS: /* select(2) alone has such */
        visit_set(walk, arguments[index], (uint32_t)arguments[shape->ref]);
        return;
    default:
        return;
    }
}

void call_descriptors(uint32_t number, const uint64_t arguments[6], ranges_read *reader,
                      descriptors_visit *visitor, void *context)
{
    const struct walk walk = {reader, visitor, context};
    for (uint32_t i = 0; number < CALL_COUNT && i < calls[number].nargs; i++) {
        visit_argument(&walk, &calls[number], i, arguments);
    }
}

void call_new_descriptors(uint32_t number, const uint64_t arguments[6], int64_t result,
                          ranges_read *reader, descriptors_visit *visitor, void *context)
{
    int32_t pair[2];
    if (call_returns_descriptor(number, arguments)) {
        visitor(context, (int32_t)result);
    }
    for (uint32_t i = 0; number < CALL_COUNT && i < calls[number].nargs; i++) {
        const struct endorun_shape *shape = &calls[number].arg[i];
        if (shape->kind == ENDORUN_KIND_OUT && shape->detail == ENDORUN_TYPE_fd_pair &&
            reader(pair, arguments[i], sizeof pair) == 0) {
            visitor(context, pair[0]);
            visitor(context, pair[1]);
        }
    }
}

bool call_returns_descriptor(uint32_t number, const uint64_t arguments[6])
{
    switch (number) {
    case CALL_open:
    case CALL_openat:
    case CALL_openat2:
    case CALL_creat:
    case CALL_open_by_handle_at:
    case CALL_open_tree:
    case CALL_open_tree_attr:
    case CALL_dup:
    case CALL_dup2:
    case CALL_dup3:
    case CALL_socket:
    case CALL_accept:
    case CALL_accept4:
    case CALL_epoll_create:
    case CALL_epoll_create1:
    case CALL_eventfd:
    case CALL_eventfd2:
    case CALL_signalfd:
    case CALL_signalfd4:
    case CALL_timerfd_create:
    case CALL_inotify_init:
    case CALL_inotify_init1:
    case CALL_fanotify_init:
    case CALL_memfd_create:
    case CALL_memfd_secret:
    case CALL_mq_open:
    case CALL_pidfd_open:
    case CALL_pidfd_getfd:
    case CALL_perf_event_open:
    case CALL_userfaultfd:
    case CALL_fsopen:
    case CALL_fsmount:
    case CALL_fspick:
    case CALL_io_uring_setup:
    case CALL_landlock_create_ruleset:
        return true;
    case CALL_fcntl:
        return (uint32_t)arguments[1] == F_DUPFD || (uint32_t)arguments[1] == F_DUPFD_CLOEXEC;
    default:
        return false;
    }
}
