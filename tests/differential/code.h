/* Small functions that the tests of executable memory write, and run. */
#ifndef DIFFERENTIAL_CODE_H
#define DIFFERENTIAL_CODE_H

#include "common.h"

#include "../../include/endorun/unsafe_instructions.h"

#define PAGE 4096

typedef long function(void);

/* `mov $number, %eax; syscall; ret`, by its number. */
static inline size_t put_call(uint8_t *at, uint32_t number)
{
    memcpy(at, "\xb8\0\0\0\0\x0f\x05\xc3", 8);
    memcpy(at + 1, &number, 4);
    return 8;
}

/* `mov $value, %eax; ret` */
static inline void put_constant(uint8_t *at, uint32_t value)
{
    memcpy(at, "\xb8\0\0\0\0\xc3", 6);
    memcpy(at + 1, &value, 4);
}

static inline long run(const void *code)
{
    function *entry;
    memcpy(&entry, &code, sizeof entry);
    return entry();
}

/*
 * With protection keys a page that holds an instruction which could write PKRU or the GS base may
 * not be executed, and bytes that nobody chose, in one of some 200 pages, are such an instruction.
 */
static inline bool holds_unsafe(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (bytes[at] != ENDORUN_UNSAFE_ESCAPE && bytes[at] != ENDORUN_UNSAFE_REX2) {
            continue;
        }
        if (endorun_unsafe_is_refused(endorun_unsafe_at(bytes, size, at))) {
            return true;
        }
    }
    return false;
}

static inline const uint8_t *page_of(const void *address)
{
    return (const uint8_t *)((uintptr_t)address & ~(PAGE - 1UL));
}

static inline void expect_pid(const void *code, const char *what)
{
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(run(code), getpid(), what);
    }
}

static inline int code_file(const char *name, uint32_t number)
{
    uint8_t page[2 * PAGE];
    memset(page, 0xcc, sizeof page);
    put_call(page, number);
    put_call(page + 100, number);
    put_call(page + PAGE - 6, number); /* 0F in the first page, 05 in the second */
    put_call(page + PAGE + 64, number);
    int fd = MUST(open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    CHECK_EQ(write(fd, page, sizeof page), (long)sizeof page, "write");
    return fd;
}

static inline void expect_all(const uint8_t *code, const char *what)
{
    static const size_t offsets[] = {0, 100, PAGE - 6, PAGE + 64};
    for (unsigned i = 0; i < 4; i++) {
        expect_pid(code + offsets[i], what);
    }
}

#endif
