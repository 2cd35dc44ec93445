#include "stack.h"
#include "../../monitor/code.h"
#include "../../monitor/gate.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

void stack_take_apart(struct initial_stack *stack, uint64_t *start)
{
    stack->start = start;
    stack->argument_count = start[0];
    stack->arguments = start + 1;
    stack->environment = stack->arguments + stack->argument_count + 1;
    uint64_t *at = stack->environment;
    while (*at != 0) {
        at++;
    }
    stack->auxv = at + 1;
    for (at = stack->auxv; at[0] != AT_NULL; at += 2) {
    }
    stack->end = at + 2;
}

uint64_t *stack_auxv(const struct initial_stack *stack, uint64_t type)
{
    for (uint64_t *at = stack->auxv; at[0] != AT_NULL; at += 2) {
        if (at[0] == type) {
            return &at[1];
        }
    }
    return 0;
}

/* AT_EXECFN's string ends 8 bytes below the end of the stack. */
uint64_t stack_end(const struct initial_stack *stack)
{
    const char *name = (const char *)*stack_auxv(stack, AT_EXECFN);
    return round_up((uint64_t)name + strlen(name) + 1, PAGE_SIZE);
}

/*
 * Puts the program's name where AT_EXECFN's string natively stands: it ends 8 bytes below the end
 * of the stack. Where the image's own name left less room there, the whole vector moves down, and
 * the string stands behind it. Gives its address.
 */
static uint64_t place_name(struct initial_stack *stack, const char *name)
{
    const uint64_t *image_name = stack_auxv(stack, AT_EXECFN);
    uint64_t size = strlen(name) + 1;
    uint64_t room = strlen((const char *)*image_name) + 1;
    if (size <= room) {
        return (uint64_t)memcpy((void *)(*image_name + room - size), name, size);
    }
    uint64_t length = (uint64_t)stack->end - (uint64_t)stack->start;
    uint64_t *start = (uint64_t *)((uint64_t)stack->start - round_up(size, 16));
    memmove(start, stack->start, length);
    stack_take_apart(stack, start);
    return (uint64_t)memcpy(stack->end, name, size);
}

void stack_rebuild(struct initial_stack *stack, const char *name, const struct elf_file *file,
                   const struct loaded *loaded)
{
    uint64_t end = stack_end(stack);
    const struct {
        uint64_t type, value;
    } changes[] = {
        {AT_PHDR, file->table_address != 0 ? loaded->program.bias + file->table_address : 0},
        {AT_PHNUM, file->segment_count},
        {AT_BASE, loaded->interpreter.bias},
        {AT_ENTRY, loaded->program.bias + file->entry},
        {AT_EXECFN, place_name(stack, name)},
    };
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint64_t *value = stack_auxv(stack, changes[i].type);
        if (value != 0) {
            *value = changes[i].value;
        }
    }
    if (file->executable_stack) {
        const unsigned long protection = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN;
        uint64_t page = round_down((uint64_t)stack->start, PAGE_SIZE);
        if (keys_in_use) {
            code_protect(page, end - page, protection); /* or not, with --jit=deny */
        } else {
            SYS3(__NR_mprotect, page, end - page, protection);
        }
    }
}

static uint64_t end_of_strings(const uint64_t *vector, uint64_t count, uint64_t otherwise)
{
    return count > 0 ? vector[count - 1] + strlen((const char *)vector[count - 1]) + 1 : otherwise;
}

void stack_describe(const struct initial_stack *stack, const struct loaded *loaded)
{
    const struct elf_image *image = &loaded->program;
    uint64_t variables = (uint64_t)(stack->auxv - stack->environment) - 1;
    uint64_t arguments_end =
        end_of_strings(stack->arguments, stack->argument_count, (uint64_t)stack->end);
    const struct prctl_mm_map map = {
        .start_code = image->start_code,
        .end_code = image->end_code,
        .start_data = image->start_data,
        .end_data = image->end_data,
        .start_brk = loaded->start_brk,
        .brk = loaded->start_brk,
        .start_stack = (uint64_t)stack->start,
        .arg_start = stack->argument_count > 0 ? stack->arguments[0] : arguments_end,
        .arg_end = arguments_end,
        .env_start = variables > 0 ? stack->environment[0] : arguments_end,
        .env_end = end_of_strings(stack->environment, variables, arguments_end),
        .auxv = (__u64 *)stack->auxv,
        .auxv_size = (uint32_t)((uint64_t)stack->end - (uint64_t)stack->auxv),
        .exe_fd = ~0U,
    };
    /* A kernel without it (CONFIG_CHECKPOINT_RESTORE) shows the image's; the program runs all the
       same, with the heap that the kernel chose. */
    SYS5(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}
