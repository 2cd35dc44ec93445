/*
 * Data among the code of a program, with the bytes of unsafe instructions (code_data.S): it is
 * there to be read, whatever becomes of its pages, in children and in programs that are executed as
 * well.
 */
#include "code.h"
#include <link.h>

#define PAGES 3

extern const uint8_t code_data[PAGES * PAGE];

static void expect_content(const volatile uint8_t *data, const char *what)
{
    static const uint8_t unsafe[] = {0x0f, 0x01, 0xef, 0xc3, 0x0f, 0xae, 0x28, 0xc3};
    for (size_t i = 0; i < (size_t)PAGES * PAGE; i++) {
        size_t inside = i - PAGE;
        uint8_t expected = (uint8_t)(0x11 * (i / PAGE + 1));
        CHECK_EQ(data[i], inside < sizeof unsafe ? unsafe[inside] : expected, what);
    }
}

/* Of the program, the first object: the linker has put the data where this test is about it. */
static int look_for_segment(struct dl_phdr_info *program, size_t size, void *found)
{
    (void)size;
    for (unsigned i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
        uint64_t start = program->dlpi_addr + segment->p_vaddr;
        *(bool *)found |= segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 &&
                          (uint64_t)code_data - start < segment->p_memsz;
    }
    return 1;
}

static void expect_executable_segment(void)
{
    bool found = false;
    dl_iterate_phdr(look_for_segment, &found);
    CHECK(found, "the data lie in another segment");
}

static void protect(const void *start, size_t size, int protection)
{
    MUST(mprotect((void *)(uintptr_t)start, size, protection));
}

static void test_protections(void)
{
    uint64_t code = (uint64_t)expect_content & ~(PAGE - 1UL);
    const uint8_t *data = code_data;
    protect(data, PAGES * PAGE, PROT_READ);
    protect(data, PAGES * PAGE, PROT_READ | PROT_EXEC);
    expect_content(data, "after mprotect");
    protect(data + PAGE, PAGE, PROT_NONE);
    protect(data + PAGE, PAGE, PROT_EXEC | PROT_READ);
    expect_content(data, "after PROT_NONE");
    CHECK(code < (uint64_t)data, "data before the code");
    protect((void *)code, (uint64_t)data + PAGES * PAGE - code, PROT_READ | PROT_EXEC);
    expect_content(data, "after mprotect of the code as well");
}

/* As text relocations do it. */
static void test_writing(void)
{
    volatile uint8_t *data = (volatile uint8_t *)(uintptr_t)code_data;
    protect(code_data, PAGES * PAGE, PROT_READ | PROT_WRITE);
    data[5] = data[PAGE + 500] = data[2 * PAGE + 5] = 0;
    protect(code_data, PAGES * PAGE, PROT_READ | PROT_EXEC);
    CHECK_EQ(data[5] + data[PAGE + 500] + data[2 * PAGE + 5], 0, "what was written");
    protect(code_data, PAGES * PAGE, PROT_READ | PROT_WRITE);
    data[5] = 0x11;
    data[PAGE + 500] = 0x22;
    data[2 * PAGE + 5] = 0x33;
    protect(code_data, PAGES * PAGE, PROT_READ | PROT_EXEC);
    expect_content(data, "after writing");
    MUST(madvise((void *)(uintptr_t)code_data, PAGES * PAGE, MADV_WILLNEED));
    expect_content(data, "after madvise");
}

static void test_child(void)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        expect_content(code_data, "in a child");
        test_protections();
        _exit(7);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid, "waitpid");
    CHECK_EQ(WEXITSTATUS(status), 7, "a child");
}

/* Another mapping where the data was. */
static void test_place_reused(void)
{
    void *place = (void *)(uintptr_t)(code_data + PAGE);
    MUST(munmap(place, PAGE));
    uint8_t *code =
        mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(code == place, "mmap: %s", strerror(errno));
    put_call(code, SYS_getpid);
    protect(code, PAGE, PROT_READ | PROT_EXEC);
    expect_pid(code, "code where data was");
}

int main(int argc, char **argv)
{
    expect_executable_segment();
    expect_content(code_data, "at the start");
    test_protections();
    test_writing();
    test_child();
    test_place_reused();
    say("all is there\n");
    if (argc == 1) {
        execl("/proc/self/exe", argv[0], "again", NULL);
        CHECK(false, "execl: %s", strerror(errno));
    }
    return 0;
}
