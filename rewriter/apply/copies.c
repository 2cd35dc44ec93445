#include "copies.h"

#include "../../monitor/code.h"
#include "../../monitor/support.h"
#include "../../monitor/user.h"
#include "instruction.h"

#define BRANCHES_AT_ONCE 1000U /* then signals have a turn */

/* What stands at `rip` and may be executed there, up to the end of a page or a little beyond. */
static size_t read_code(uint64_t rip, uint8_t bytes[BLOCK_SIZE_MAX])
{
    uint64_t end = round_down(rip, PAGE_SIZE) + PAGE_SIZE;
    size_t size = end - rip;
    bool goes_on = code_runs(end, PAGE_SIZE) || code_alternates(end, PAGE_SIZE);
    if (size < INSTRUCTION_SIZE_MAX && goes_on &&
        copy_from_user(bytes, user_pointer(rip), INSTRUCTION_SIZE_MAX) == 0) {
        return INSTRUCTION_SIZE_MAX;
    }
    size = size < BLOCK_SIZE_MAX ? size : BLOCK_SIZE_MAX;
    return copy_from_user(bytes, user_pointer(rip), size) == 0 ? size : 0;
}

/* The copy becomes executable, unless the same stands there since before. */
static bool put_copy(struct block_code *place, const struct block_code *code)
{
    uint64_t page = round_down((uint64_t)place, PAGE_SIZE);
    if (memcmp(place, code, sizeof *code) == 0) {
        return true;
    }
    if (!memory_tag(page, PAGE_SIZE, PROT_READ | PROT_WRITE, KEY_MONITOR)) {
        return false;
    }
    memcpy(place, code, sizeof *code);
    return memory_tag(page, PAGE_SIZE, PROT_READ | PROT_EXEC, KEY_APP);
}

bool copies_step(struct sigcontext *registers, bool once)
{
    struct thread *thread = current_thread();
    uint8_t bytes[BLOCK_SIZE_MAX];
    struct block_code code;
    for (unsigned i = 0; i < BRANCHES_AT_ONCE; i++) {
        if (i > 0 && (once || !code_is_stepped(registers->rip))) {
            break;
        }
        unsigned index = (registers->rip ^ registers->rip / BLOCKS_MAX) % BLOCKS_MAX;
        struct block_code *place = block_page_of(thread) + index;
        struct block block;
        size_t known = read_code(registers->rip, bytes);
        bool one = once || known == INSTRUCTION_SIZE_MAX;
        switch (displace(registers, bytes, known, one, (uint64_t)place, &block, &code)) {
        case DISPLACED_NOT:
            return false;
        case DISPLACED_DONE:
            break;
        case DISPLACED_BLOCK:
            thread->blocks[index] = block;
            registers->rip = (uint64_t)place;
            return put_copy(place, &code);
        }
    }
    return true;
}

static const struct block *block_at(struct thread *thread, uint64_t rip)
{
    uint64_t offset = rip - (uint64_t)block_page_of(thread);
    return offset < PAGE_SIZE ? &thread->blocks[offset / sizeof(struct block_code)] : 0;
}

bool copies_hold(struct thread *thread, uint64_t rip)
{
    return block_at(thread, rip) != 0;
}

bool copies_end(struct thread *thread, uint64_t rip)
{
    const struct block *block = block_at(thread, rip);
    return block != 0 && block->size != 0 && rip % sizeof(struct block_code) == block->size;
}

bool copies_leave(struct thread *thread, struct sigcontext *registers)
{
    const struct block *block = block_at(thread, registers->rip);
    uint64_t offset = registers->rip % sizeof(struct block_code);
    if (block == 0 || block->size == 0 || offset > block->size) {
        return false;
    }
    registers->rip = block->rip + offset;
    registers->rsp += block->pushed && offset == 0 ? sizeof(uint64_t) : 0;
    return true;
}
