#include "ranges.h"
#include "endorun/syscall_shapes.h"

#include <asm/unistd.h>

#define VECTOR_MAX 1024U /* UIO_MAXIOV: longer ones are refused, or cut */

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "syscalls.def"
};

struct walk {
    ranges_read *read;
    ranges_visit *visit;
    void *context;
    bool result;
};

struct vector {
    uint64_t base, length;
};

struct header {
    uint64_t name;
    uint32_t name_length, unused;
    uint64_t vector, vector_length;
    uint64_t control, control_length;
    uint64_t flags;
};
_Static_assert(sizeof(struct header) == 56, "struct user_msghdr");

static void visit_range(struct walk *walk, const struct call_range *range)
{
    if (range->start != 0 && range->length != 0 && walk->visit(walk->context, range)) {
        walk->result = true;
    }
}

static void visit(struct walk *walk, uint64_t start, uint64_t length, bool written)
{
    const struct call_range range = {.start = start, .length = length, .written = written};
    visit_range(walk, &range);
}

/* The array has been visited; it ends with a NULL. */
static void visit_strings(struct walk *walk, uint64_t address)
{
    struct call_range range = {.length = LENGTH_UNTOLD, .is_string = true};
    for (uint64_t i = 0; i < VECTOR_MAX; i++) {
        if (walk->read(&range.start, address + i * sizeof range.start, sizeof range.start) != 0 ||
            range.start == 0) {
            return;
        }
        visit_range(walk, &range);
    }
}

static void visit_vector(struct walk *walk, uint64_t address, uint64_t count, bool written)
{
    struct vector entry;
    for (uint64_t i = 0; i < count && i < VECTOR_MAX; i++) {
        if (walk->read(&entry, address + i * sizeof entry, sizeof entry) != 0) {
            return;
        }
        const struct call_range range = {
            .start = entry.base, .length = entry.length, .written = written, .is_data = true};
        visit_range(walk, &range);
    }
}

static void visit_headers(struct walk *walk, uint64_t address, uint64_t step, uint64_t count,
                          bool written)
{
    struct header header;
    for (uint64_t i = 0; i < count && i < VECTOR_MAX; i++) {
        if (walk->read(&header, address + i * step, sizeof header) != 0) {
            return;
        }
        visit(walk, header.name, header.name_length, written);
        visit(walk, header.vector, header.vector_length * sizeof(struct vector), false);
        visit(walk, header.control, header.control_length, written);
        visit_vector(walk, header.vector, header.vector_length, written);
    }
}

static void visit_clone_arguments(struct walk *walk, uint64_t address)
{
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid;
    } given; /* how struct clone_args begins */
    if (walk->read(&given, address, sizeof given) == 0) {
        visit(walk, given.pidfd, sizeof(int32_t), true);
        visit(walk, given.child_tid, sizeof(int32_t), true);
        visit(walk, given.parent_tid, sizeof(int32_t), true);
    }
}

static uint64_t cut(const struct endorun_syscall *call, uint32_t index, const uint64_t arguments[6])
{
    uint8_t bits = endorun_kind_info(call->arg[index].kind).bits;
    return bits == 32 ? (uint32_t)arguments[index] : arguments[index];
}

/* The bytes at the argument itself. */
static uint64_t length_of(const struct endorun_syscall *call, const struct endorun_shape *shape,
                          const uint64_t arguments[6])
{
    const struct endorun_kind_info info = endorun_kind_info(shape->kind);
    uint64_t told = shape->ref < 6 ? cut(call, shape->ref, arguments) : 0;
    uint64_t type =
        info.detail == ENDORUN_DETAIL_TYPE ? endorun_type_bytes(shape->detail) : ENDORUN_SIZE_TOLD;
    switch (shape->kind) {
    case ENDORUN_KIND_IN_BITS:
    case ENDORUN_KIND_OUT_BITS:
    case ENDORUN_KIND_INOUT_BITS:
        return told / 8 + sizeof(uint64_t);
    case ENDORUN_KIND_IOVEC_IN:
    case ENDORUN_KIND_IOVEC_OUT:
    case ENDORUN_KIND_IOVEC_INOUT:
        return told * sizeof(struct vector);
    case ENDORUN_KIND_MSGHDR_IN:
    case ENDORUN_KIND_MSGHDR_OUT:
        return sizeof(struct header);
    case ENDORUN_KIND_MMSGHDR_IN:
    case ENDORUN_KIND_MMSGHDR_OUT:
        return told * (sizeof(struct header) + 8);
    case ENDORUN_KIND_MSGBUF_IN:
    case ENDORUN_KIND_MSGBUF_OUT:
        return told + sizeof(uint64_t);
    case ENDORUN_KIND_OUT_PER_PAGE:
        return told / 4096 + 1;
    case ENDORUN_KIND_FUTEX_WORD:
        return sizeof(uint32_t);
    default:
        break;
    }
    if (info.ref == ENDORUN_REF_BYTES) {
        return told;
    }
    type = type == ENDORUN_SIZE_TOLD || type == ENDORUN_SIZE_INSIDE ? LENGTH_UNTOLD : type;
    return info.ref == ENDORUN_REF_COUNT ? told * type : type;
}

static void visit_argument(struct walk *walk, const struct endorun_syscall *call, uint32_t index,
                           const uint64_t arguments[6])
{
    const struct endorun_shape *shape = &call->arg[index];
    uint64_t address = arguments[index];
    uint64_t count = shape->ref < 6 ? cut(call, shape->ref, arguments) : 0;
    uint8_t access = endorun_kind_info(shape->kind).access;
    if (access == ENDORUN_ACCESS_SCALAR || access == ENDORUN_ACCESS_ADDRESS) {
        return;
    }
    const struct call_range range = {
        .start = address,
        .length = length_of(call, shape, arguments),
        .written = access != ENDORUN_ACCESS_READ,
        .is_string = shape->kind == ENDORUN_KIND_PATH || shape->kind == ENDORUN_KIND_STR,
        .is_records = shape->kind == ENDORUN_KIND_OUT_RECORDS,
        .is_data = shape->kind == ENDORUN_KIND_IN_BYTES || shape->kind == ENDORUN_KIND_OUT_BYTES,
    };
    visit_range(walk, &range);
    if (shape->kind == ENDORUN_KIND_IN_SIZED && shape->detail == ENDORUN_TYPE_clone_args) {
        visit_clone_arguments(walk, address);
    }
    switch (shape->kind) {
    case ENDORUN_KIND_ARGV:
    case ENDORUN_KIND_ENVP:
        visit_strings(walk, address);
        break;
    case ENDORUN_KIND_IOVEC_IN:
    case ENDORUN_KIND_IOVEC_OUT:
    case ENDORUN_KIND_IOVEC_INOUT:
        visit_vector(walk, address, count, shape->kind != ENDORUN_KIND_IOVEC_IN);
        break;
    case ENDORUN_KIND_MSGHDR_IN:
    case ENDORUN_KIND_MSGHDR_OUT:
        visit_headers(walk, address, 0, 1, shape->kind == ENDORUN_KIND_MSGHDR_OUT);
        break;
    case ENDORUN_KIND_MMSGHDR_IN:
    case ENDORUN_KIND_MMSGHDR_OUT:
        visit_headers(walk, address, sizeof(struct header) + 8, count,
                      shape->kind == ENDORUN_KIND_MMSGHDR_OUT);
        break;
    default:
        break;
    }
}

bool call_visits(uint32_t number, const uint64_t arguments[6], ranges_read *reader,
                 ranges_visit *visitor, void *context)
{
    struct walk walk = {reader, visitor, context, false};
    for (uint32_t i = 0; number < sizeof calls / sizeof calls[0] && i < calls[number].nargs; i++) {
        visit_argument(&walk, &calls[number], i, arguments);
    }
    return walk.result;
}

bool call_uses_memory(uint32_t number)
{
    bool uses = false;
    for (uint32_t i = 0; number < sizeof calls / sizeof calls[0] && i < calls[number].nargs; i++) {
        uint8_t access = endorun_kind_info(calls[number].arg[i].kind).access;
        uses = uses || (access != ENDORUN_ACCESS_SCALAR && access != ENDORUN_ACCESS_ADDRESS);
    }
    return uses;
}

bool call_is_repeatable(uint32_t number)
{
    bool writes = false;
    for (uint32_t i = 0; number < sizeof calls / sizeof calls[0] && i < calls[number].nargs; i++) {
        uint8_t access = endorun_kind_info(calls[number].arg[i].kind).access;
        writes = writes || access > ENDORUN_ACCESS_READ;
    }
    switch (number) {
    case __NR_read:
    case __NR_pread64:
    case __NR_readv:
    case __NR_preadv:
    case __NR_preadv2:
    case __NR_poll:
    case __NR_select:
    case __NR_epoll_wait:
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
    case __NR_futex:
    case __NR_getdents:
    case __NR_getdents64:
    case __NR_stat:
    case __NR_fstat:
    case __NR_lstat:
    case __NR_newfstatat:
    case __NR_statx:
    case __NR_clock_gettime:
    case __NR_getrandom:
        return true;
    default:
        return !writes;
    }
}
