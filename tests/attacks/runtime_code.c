/* I9: `syscall` bytes that no file shows: made at run time, hidden, or put back. */
#include "attack.h"

/* `syscall; ret` inside the immediate of a mov. */
__asm__(".pushsection .text\n"
        "hidden_call:\n"
        "    mov %rcx, %r10\n"
        "    mov 8(%rsp), %rax\n"
        "    jmp 1f\n"
        "2:  .byte 0xbe\n" /* mov $imm32, %esi */
        "1:  .byte 0x0f, 0x05, 0xc3, 0x90\n"
        "    jmp 2b\n"
        ".popsection\n");
extern const uint8_t hidden_call[] __attribute__((visibility("hidden")));

/* A site that can be rewritten, and is written over at run time. */
__asm__(".pushsection .text\n"
        ".balign 4096\n" /* code that writes to its own page runs by copies */
        ".type plain_call, @function\n"
        "plain_call:\n"
        "    .cfi_startproc\n"
        "    mov %rcx, %r10\n"
        "    mov 8(%rsp), %rax\n"
        "plain_site:\n"
        "    syscall\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size plain_call, . - plain_call\n"
        ".balign 4096, 0xcc\n"
        ".popsection\n");
extern const uint8_t plain_call[], plain_site[] __attribute__((visibility("hidden")));

static long put_back(void)
{
    static const uint8_t bytes[] = {0x0f, 0x05, 0xc3};
    uint8_t *page = (uint8_t *)((uintptr_t)plain_site & ~(PAGE - 1));
    CHECK_EQ(mprotect(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), 0, "mprotect");
    memcpy((uint8_t *)(uintptr_t)plain_site, bytes, sizeof bytes);
    return probe_by(as_call(plain_call));
}

/* One page that is writable and executable; the code comes after the first call. */
static long made_writable(void)
{
    uint8_t *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
    page[0] = 0xc3;
    as_call(page)(0, 0, 0, 0, 0, 0, 0);
    memcpy(page, call_bytes, sizeof call_bytes);
    return probe_by(as_call(page));
}

/* Written by one mapping, executed by another. */
static long two_views(void)
{
    int fd = MUST(memfd_create("code", MFD_CLOEXEC));
    MUST(ftruncate(fd, (off_t)PAGE));
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    void *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (code == MAP_FAILED && errno == EACCES) {
        return -EPERM;
    }
    CHECK(code != MAP_FAILED && data != MAP_FAILED, "mmap: %s", strerror(errno));
    memcpy(data, call_bytes, sizeof call_bytes);
    return probe_by(as_call(code));
}

/* A file that is written after it was mapped privately and executable. */
static long written_file(void)
{
    static const uint8_t refused[] = {0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xc3}; /* EPERM */
    int fd = MUST(memfd_create("code", MFD_CLOEXEC));
    MUST(ftruncate(fd, (off_t)PAGE));
    CHECK_EQ(pwrite(fd, refused, sizeof refused, 0), sizeof refused, "pwrite");
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(code != MAP_FAILED, "mmap: %s", strerror(errno));
    CHECK_EQ(pwrite(fd, call_bytes, sizeof call_bytes, 0), sizeof call_bytes, "pwrite");
    return probe_by(as_call(code));
}

/* Pages that are executable because of READ_IMPLIES_EXEC alone. */
static long implied(void)
{
    if (raw(SYS_personality, 0x0400000) == -EPERM) {
        return -EPERM;
    }
    void *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    memcpy(page, call_bytes, sizeof call_bytes);
    return probe_by(as_call(page));
}

/* PROT_EXEC alone. */
static long execute_only(void)
{
    void *page = code_page(call_bytes, sizeof call_bytes, 0);
    CHECK_EQ(mprotect(page, PAGE, PROT_EXEC), 0, "mprotect");
    return probe_by(as_call(page));
}

/* The two bytes come together when a page moves. */
static long joined(void)
{
    uint8_t *pages = map_pages(2 * PAGE, PROT_READ | PROT_WRITE);
    uint8_t *first = map_pages(PAGE, PROT_READ | PROT_WRITE);
    const size_t before = sizeof call_bytes - 2; /* up to and with 0f */
    memcpy(first + PAGE - before, call_bytes, before);
    memcpy(pages + PAGE, call_bytes + before, 2);
    CHECK_EQ(mprotect(first, PAGE, PROT_READ | PROT_EXEC), 0, "mprotect");
    CHECK_EQ(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_EXEC), 0, "mprotect");
    CHECK(mremap(first, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, pages) == pages, "mremap: %s",
          strerror(errno));
    return probe_by(as_call(pages + PAGE - before));
}

static long in_new_page(void)
{
    return probe_by(unseen_call());
}

static long hidden(void)
{
    return probe_by(as_call(hidden_call));
}

int main(void)
{
    static long (*const ways[])(void) = {in_new_page, hidden,       made_writable,
                                         two_views,   written_file, execute_only,
                                         joined,      put_back,     implied};
    long result = 0;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        long next = ways[i]();
        CHECK(i == 0 || answered_by_kernel(next) == answered_by_kernel(result),
              "way %zu: %ld, those before: %ld", i, next, result);
        result = next;
    }
    judge_probe(result);
}
