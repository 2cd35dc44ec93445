#include "unsafe.h"
#include "../../monitor/keys.h"
#include "../../monitor/support.h"

/*
 * The run-time linker's return from resolving a function, glibc's _dl_runtime_resolve_xsave and
 * _dl_runtime_resolve_xsavec: what follows loads every register that the replacement changes.
 */
static const uint8_t resolver[] = {
    0xb8, 0xee, 0x00, 0x00, 0x00, /* mov $0xee, %eax */
    0x31, 0xd2,                   /* xor %edx, %edx */
    0x0f, 0xae, 0x6c, 0x24, 0x40, /* xrstor 0x40(%rsp) */
    0x4c, 0x8b, 0x4c, 0x24, 0x30, /* mov 0x30(%rsp), %r9 */
    0x4c, 0x8b, 0x44, 0x24, 0x28, /* mov 0x28(%rsp), %r8 */
    0x48, 0x8b, 0x7c, 0x24, 0x20, /* mov 0x20(%rsp), %rdi */
    0x48, 0x8b, 0x74, 0x24, 0x18, /* mov 0x18(%rsp), %rsi */
    0x48, 0x8b, 0x54, 0x24, 0x10, /* mov 0x10(%rsp), %rdx */
    0x48, 0x8b, 0x4c, 0x24, 0x08, /* mov 0x8(%rsp), %rcx */
    0x48, 0x8b, 0x04, 0x24,       /* mov (%rsp), %rax */
};
#define RESOLVER_XRSTOR 7U  /* where it is in there */
#define RESOLVER_SIZE   12U /* what is replaced */

/* pkey_set() of glibc: it gets SIGILL. */
static const uint8_t pkey_setter[] = {
    0x09, 0xf0,       /* or %esi, %eax */
    0x0f, 0x01, 0xef, /* wrpkru */
    0x31, 0xc0,       /* xor %eax, %eax */
    0xc3,             /* ret */
};
#define PKEY_SETTER_WRPKRU 2U

/* The bytes, of `size` that are known, have the pattern with its offset `inside` at `at`. */
static bool matches(const uint8_t *bytes, size_t size, size_t at, const uint8_t *pattern,
                    size_t length, size_t inside)
{
    return at >= inside && at - inside + length <= size &&
           memcmp(bytes + at - inside, pattern, length) == 0;
}

bool unsafe_replace(uint8_t *bytes, size_t size, size_t at)
{
    uint8_t code[RESOLVER_SIZE] = {0x65, 0xff, 0x14, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0x00};
    const uint32_t offset = OPEN_PAGE_OFFSET + offsetof(struct open_page, xrstor);
    const uint8_t *source = code; /* call *%gs:offset; nop */
    size_t inside = RESOLVER_XRSTOR, length = sizeof code;
    memcpy(code + 4, &offset, sizeof offset);
    if (!matches(bytes, size, at, resolver, sizeof resolver, RESOLVER_XRSTOR)) {
        static const uint8_t undefined[] = {0x0f, 0x0b, 0x90}; /* ud2; nop */
        if (!matches(bytes, size, at, pkey_setter, sizeof pkey_setter, PKEY_SETTER_WRPKRU)) {
            return false;
        }
        source = undefined;
        inside = 0;
        length = sizeof undefined;
    }
    if (!memory_tag((uint64_t)bytes, size, PROT_READ | PROT_WRITE, KEY_MONITOR)) {
        return false;
    }
    memcpy(bytes + at - inside, source, length);
    return true;
}

size_t unsafe_find(const uint8_t *bytes, size_t size, size_t from)
{
    for (size_t i = from; i + 2 < size; i++) {
        if (bytes[i] != ENDORUN_UNSAFE_ESCAPE && bytes[i] != ENDORUN_UNSAFE_REX2) {
            continue;
        }
        if (endorun_unsafe_is_refused(endorun_unsafe_at(bytes, size, i))) {
            return i;
        }
    }
    return size;
}

bool unsafe_is_absent(const uint8_t *bytes, size_t size)
{
    return unsafe_find(bytes, size, 0) == size;
}
