#include "displace.h"

#include "../../monitor/support.h"
#include "../../monitor/user.h"
#include "compute.h"
#include "unsafe.h"

#define HLT 0xf4 /* #GP in ring 3 */

/* What an instruction is to who carries it out. */
enum role {
    ROLE_PLAIN,  /* a copy does the same */
    ROLE_LEAVES, /* so it does, and goes elsewhere: a return, SYSCALL, a jump through an operand */
    ROLE_CALLS,  /* a call through an operand in memory: a jump, once the address is pushed */
    ROLE_FOLLOWED, /* a branch that is followed here */
    ROLE_LOADS,    /* MOV of 8 bytes to a register, which are what they are by chance */
};

static enum role role_of(const struct instruction *instruction, const uint8_t *bytes)
{
    uint8_t opcode = instruction->opcode;
    if (instruction->map == INSTRUCTION_MAP_0F) {
        return (opcode & 0xf0) == 0x80 ? ROLE_FOLLOWED : opcode == 0x05 ? ROLE_LEAVES : ROLE_PLAIN;
    }
    if (instruction->map != INSTRUCTION_MAP_ONE) {
        return ROLE_PLAIN;
    }
    if ((opcode & 0xf0) == 0x70 || (opcode & 0xfc) == 0xe0 || opcode == 0xe8 || opcode == 0xe9 ||
        opcode == 0xeb) {
        return ROLE_FOLLOWED;
    }
    if ((opcode & 0xf8) == 0xb8 && (instruction->rex & 8) != 0) {
        return ROLE_LOADS;
    }
    if (opcode == 0xff && (bytes[instruction->modrm_at] >> 3 & 7) == 2) {
        return bytes[instruction->modrm_at] >= 0xc0 ? ROLE_FOLLOWED : ROLE_CALLS;
    }
    bool jumps = opcode == 0xff && (bytes[instruction->modrm_at] >> 3 & 7) == 4;
    return jumps || (opcode & 0xfe) == 0xc2 ? ROLE_LEAVES : ROLE_PLAIN;
}

/* The register that the low bits of a byte name, with REX.B. */
static uint64_t *named_register(struct sigcontext *registers, const struct instruction *instruction,
                                uint8_t byte)
{
    return register_of(registers, (byte & 7U) | (instruction->rex & 1U) << 3);
}

/* SDM volume 1, appendix B. */
static bool condition_holds(unsigned condition, uint64_t flags)
{
    bool differ = ((flags & FLAG_SIGN) != 0) != ((flags & FLAG_OVERFLOW) != 0);
    bool holds = false;
    switch (condition >> 1) {
    case 0:
        holds = (flags & FLAG_OVERFLOW) != 0;
        break;
    case 1:
        holds = (flags & FLAG_CARRY) != 0;
        break;
    case 2:
        holds = (flags & FLAG_ZERO) != 0;
        break;
    case 3:
        holds = (flags & (FLAG_CARRY | FLAG_ZERO)) != 0;
        break;
    case 4:
        holds = (flags & FLAG_SIGN) != 0;
        break;
    case 5:
        holds = (flags & FLAG_PARITY) != 0;
        break;
    case 6:
        holds = differ;
        break;
    default:
        holds = (flags & FLAG_ZERO) != 0 || differ;
        break;
    }
    return holds != ((condition & 1) != 0);
}

/* LOOPNE, LOOPE, LOOP, JRCXZ. */
static bool counter_holds(struct sigcontext *registers, uint8_t opcode)
{
    bool is_zero = (registers->eflags & FLAG_ZERO) != 0;
    if (opcode == 0xe3) {
        return registers->rcx == 0;
    }
    registers->rcx--;
    return registers->rcx != 0 && (opcode == 0xe2 || is_zero == (opcode == 0xe1));
}

static bool push(struct sigcontext *registers, uint64_t value)
{
    if (copy_to_user(user_pointer(registers->rsp - sizeof value), &value, sizeof value) != 0) {
        return false;
    }
    registers->rsp -= sizeof value;
    return true;
}

static int64_t distance(const struct instruction *instruction, const uint8_t *bytes)
{
    int32_t distance;
    const uint8_t *at = bytes + instruction->immediate_at;
    if (instruction->size - instruction->immediate_at == 1) {
        return (int8_t)*at;
    }
    memcpy(&distance, at, sizeof distance);
    return distance;
}

/* With these prefixes processors differ, or another register counts. */
static bool follow(struct sigcontext *registers, const struct instruction *instruction,
                   const uint8_t *bytes)
{
    uint64_t behind = registers->rip + instruction->size, target;
    uint8_t opcode = instruction->opcode;
    if (instruction->operand_size || instruction->address_size) {
        return false;
    }
    if (opcode == 0xff) {
        target = *named_register(registers, instruction, bytes[instruction->modrm_at]);
    } else {
        target = behind + (uint64_t)distance(instruction, bytes);
    }
    bool conditional = instruction->map == INSTRUCTION_MAP_0F || (opcode & 0xf0) == 0x70;
    bool taken = conditional               ? condition_holds(opcode & 15U, registers->eflags)
                 : (opcode & 0xfc) == 0xe0 ? counter_holds(registers, opcode)
                                           : true;
    if ((opcode == 0xe8 || opcode == 0xff) && !conditional && !push(registers, behind)) {
        return false;
    }
    registers->rip = taken ? target : behind;
    return true;
}

static void load(struct sigcontext *registers, const struct instruction *instruction,
                 const uint8_t *bytes)
{
    memcpy(named_register(registers, instruction, instruction->opcode),
           bytes + instruction->immediate_at, sizeof(uint64_t));
    registers->rip += instruction->size;
}

/* ---- the copy ---- */

/* A RIP-relative operand stays where it is. False: it is too far away. */
static bool relocate(uint8_t *bytes, const struct instruction *instruction, uint64_t moved_by)
{
    int32_t displacement;
    if (instruction->displacement_at == 0) {
        return true;
    }
    memcpy(&displacement, bytes + instruction->displacement_at, sizeof displacement);
    int64_t whole = displacement - (int64_t)moved_by;
    displacement = (int32_t)whole;
    memcpy(bytes + instruction->displacement_at, &displacement, sizeof displacement);
    return displacement == whole && !instruction->address_size;
}

/* Its operand may lie by the stack pointer, which the push has moved. */
static bool uses_stack(const struct instruction *instruction, const uint8_t *bytes)
{
    uint8_t modrm = bytes[instruction->modrm_at], sib = bytes[instruction->modrm_at + 1];
    return (modrm & 7) == 4 && (sib & 7) == 4 && (instruction->rex & 1) == 0;
}

/* Appends it; false: it stays out, and nothing has changed. */
static bool append(struct block *block, struct block_code *code,
                   const struct instruction *instruction, const uint8_t *bytes, uint64_t place)
{
    uint8_t *copy = code->bytes + block->size;
    size_t searched = block->size > UNSAFE_REACH ? block->size - UNSAFE_REACH : 0;
    if (block->size + instruction->size > BLOCK_SIZE_MAX) {
        return false;
    }
    memcpy(copy, bytes, instruction->size);
    if (relocate(copy, instruction, place - block->rip) &&
        unsafe_is_absent(code->bytes + searched, block->size + instruction->size + 1U - searched)) {
        block->size = (uint8_t)(block->size + instruction->size);
        return true;
    }
    memset(copy, HLT, instruction->size);
    return false;
}

/* A call through an operand in memory is a jump through it, CALL /2 and JMP /4. */
static bool append_call(struct sigcontext *registers, struct block *block, struct block_code *code,
                        const struct instruction *instruction, const uint8_t *bytes, uint64_t place)
{
    uint8_t jump[INSTRUCTION_SIZE_MAX];
    memcpy(jump, bytes, instruction->size);
    jump[instruction->modrm_at] ^= 6 << 3;
    block->pushed = true;
    return !instruction->operand_size && !uses_stack(instruction, bytes) &&
           append(block, code, instruction, jump, place) &&
           push(registers, registers->rip + instruction->size);
}

/* From the second instruction on: as long as each goes on with the next. */
static void append_more(struct block *block, struct block_code *code, const uint8_t *bytes,
                        size_t known, uint64_t place)
{
    struct instruction instruction;
    enum role role = ROLE_PLAIN;
    while (role == ROLE_PLAIN &&
           instruction_decode(bytes + block->size, known - block->size, &instruction)) {
        role = role_of(&instruction, bytes + block->size);
        if ((role != ROLE_PLAIN && role != ROLE_LEAVES) ||
            !append(block, code, &instruction, bytes + block->size, place)) {
            return;
        }
    }
}

enum displaced displace(struct sigcontext *registers, const uint8_t *bytes, size_t known, bool one,
                        uint64_t place, struct block *block, struct block_code *code)
{
    struct instruction instruction;
    if (!instruction_decode(bytes, known, &instruction)) {
        return DISPLACED_NOT;
    }
    enum role role = role_of(&instruction, bytes);
    if (role == ROLE_FOLLOWED) {
        return follow(registers, &instruction, bytes) ? DISPLACED_DONE : DISPLACED_NOT;
    }
    if (role == ROLE_LOADS) {
        load(registers, &instruction, bytes);
        return DISPLACED_DONE;
    }
    *block = (struct block){.rip = registers->rip};
    memset(code->bytes, HLT, sizeof code->bytes);
    bool done = role == ROLE_CALLS ? append_call(registers, block, code, &instruction, bytes, place)
                                   : append(block, code, &instruction, bytes, place);
    if (!done && role == ROLE_PLAIN && compute(registers, &instruction, bytes)) {
        return DISPLACED_DONE;
    }
    if (done && !one && role == ROLE_PLAIN) {
        append_more(block, code, bytes, known, place);
    }
    return done ? DISPLACED_BLOCK : DISPLACED_NOT;
}
