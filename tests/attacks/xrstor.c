/* I2: XRSTOR loads PKRU from memory: one of the program's, and those of the run-time linker. */
#include "unsafe.h"
#include <link.h>

static const void *own(void)
{
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    unsafe_components = 0x200;
    for (size_t i = 0; i < UNSAFE_SIZE; i++) {
        page[i] = unmasked(masked_xrstor, i);
    }
    return protected_page(page, PROT_READ | PROT_EXEC);
}

static struct range text; /* of the run-time linker */

static int find_text(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    for (int i = 0; info->dlpi_addr == *(uint64_t *)base && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
            text.start = info->dlpi_addr + segment->p_vaddr;
            text.end = text.start + segment->p_memsz;
        }
    }
    return 0;
}

/* Where `xrstor 0x40(%rsp)` stands, or NULL. */
static const uint8_t *find_resolver(void)
{
    uint64_t base = getauxval(AT_BASE);
    const uint8_t wanted[] = {
        0x31, 0xd2, unmasked(masked_xrstor, 0), unmasked(masked_xrstor, 1), 0x6c, 0x24, 0x40};
    dl_iterate_phdr(find_text, &base);
    CHECK(text.start != 0, "no text of the run-time linker");
    const uint8_t *found =
        memmem((const void *)text.start, text.end - text.start, wanted, sizeof wanted);
    errno = ENOENT;
    return found == NULL ? NULL : found + 2;
}

static const uint8_t *resolver_code;

/*
 * Jumps there with PKRU among the components. What follows loads registers from the stack, sets
 * RSP to RBX, loads RBX, drops some words, and jumps to R11.
 */
static void use_resolver(void)
{
    static uint64_t area[1024] __attribute__((aligned(64))), block[64];
    const void *stack = area, *rest = block, *code = resolver_code;
    __asm__ volatile("mov %%rsp, %%r12\n\t"
                     "mov %%rbp, %%r13\n\t"
                     "mov %%rbx, %%r14\n\t"
                     "mov %%rsi, %%rsp\n\t"
                     "mov %%rdi, %%rbx\n\t"
                     "lea 1f(%%rip), %%r11\n\t"
                     "mov $0x200, %%eax\n\t"
                     "xor %%edx, %%edx\n\t"
                     "jmp *%%rcx\n"
                     "1:\n\t"
                     "mov %%r12, %%rsp\n\t"
                     "mov %%r13, %%rbp\n\t"
                     "mov %%r14, %%rbx"
                     : "+S"(stack), "+D"(rest), "+c"(code)
                     :
                     : "rax", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory", "cc");
}

static const void *resolver(void)
{
    resolver_code = find_resolver();
    return resolver_code == NULL ? NULL : (const void *)(uintptr_t)use_resolver;
}

/* What is put in its place is dropped with the page. */
static const void *dropped(void)
{
    find_resolver();
    uintptr_t start = text.start & ~(PAGE - 1);
    MUST(madvise((void *)start, text.end - start, MADV_DONTNEED));
    return resolver();
}

/* The page goes, and comes again with the file's content. */
static const void *mapped_again(void)
{
    const uint8_t *before = find_resolver();
    (void)before;
    int fd = MUST(open("/lib64/ld-linux-x86-64.so.2", O_RDONLY | O_CLOEXEC));
    struct stat status;
    MUST(fstat(fd, &status));
    size_t size = ((size_t)status.st_size + PAGE - 1) & ~(PAGE - 1);
    uint8_t *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(file != MAP_FAILED, "mmap: %s", strerror(errno));
    if (mprotect(file, size, PROT_READ | PROT_EXEC) != 0) {
        return NULL;
    }
    text = (struct range){(uintptr_t)file, (uintptr_t)file + size};
    const uint8_t wanted[] = {
        0x31, 0xd2, unmasked(masked_xrstor, 0), unmasked(masked_xrstor, 1), 0x6c, 0x24, 0x40};
    const uint8_t *found = memmem(file, size, wanted, sizeof wanted);
    errno = ENOENT;
    resolver_code = found == NULL ? NULL : found + 2;
    return found == NULL ? NULL : (const void *)(uintptr_t)use_resolver;
}

int main(void)
{
    static unsafe_way *const ways[] = {own, resolver, dropped, mapped_again};
    judge_unsafe(ways, 4);
}
