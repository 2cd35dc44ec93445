#include "compute.h"

#include "../../monitor/support.h"

#define FLAGS (FLAG_CARRY | FLAG_PARITY | FLAG_ADJUST | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW)

/* As ModRM of opcode 81 counts them. */
enum operation { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP };

uint64_t *register_of(struct sigcontext *registers, unsigned number)
{
    static const uint8_t offsets[] = {
        offsetof(struct sigcontext, rax), offsetof(struct sigcontext, rcx),
        offsetof(struct sigcontext, rdx), offsetof(struct sigcontext, rbx),
        offsetof(struct sigcontext, rsp), offsetof(struct sigcontext, rbp),
        offsetof(struct sigcontext, rsi), offsetof(struct sigcontext, rdi)};
    return number < 8 ? (uint64_t *)((uint8_t *)registers + offsets[number])
                      : &registers->r8 + (number - 8);
}

/* An operation on 32 bits, or on 64. */
struct operands {
    uint64_t left, right, mask;
    uint64_t *flags;
};

/* `flags`: those that the result alone does not tell. */
static uint64_t finish(const struct operands *operands, uint64_t result, uint64_t flags)
{
    flags |= result == 0 ? FLAG_ZERO : 0;
    flags |= (result & ~(operands->mask >> 1)) != 0 ? FLAG_SIGN : 0;
    flags |= __builtin_parityll(result & 0xff) == 0 ? FLAG_PARITY : 0;
    *operands->flags = (*operands->flags & ~FLAGS) | flags;
    return result;
}

/* To subtract is to add the complement: `inverted` are the flags that tell of a borrow then. */
static uint64_t sum_of(const struct operands *operands, uint64_t right, bool carry,
                       uint64_t inverted)
{
    uint64_t left = operands->left, result = (left + right + carry) & operands->mask;
    uint64_t differing = (left ^ result) & (right ^ result);
    uint64_t flags = result < left || (carry && result == left) ? FLAG_CARRY : 0;
    flags |= (differing & ~(operands->mask >> 1)) != 0 ? FLAG_OVERFLOW : 0;
    flags |= (left ^ right ^ result) & FLAG_ADJUST;
    return finish(operands, result, flags ^ inverted);
}

static uint64_t operate(enum operation operation, const struct operands *operands)
{
    const uint64_t borrow = FLAG_CARRY | FLAG_ADJUST;
    uint64_t left = operands->left, right = operands->right;
    bool carry = (*operands->flags & FLAG_CARRY) != 0;
    switch (operation) {
    case ADD:
        return sum_of(operands, right, false, 0);
    case ADC:
        return sum_of(operands, right, carry, 0);
    case SBB:
        return sum_of(operands, ~right & operands->mask, !carry, borrow);
    case SUB:
    case CMP:
        return sum_of(operands, ~right & operands->mask, true, borrow);
    case OR:
        return finish(operands, left | right, 0);
    case AND:
        return finish(operands, left & right, 0);
    default:
        return finish(operands, left ^ right, 0);
    }
}

/* TEST, A9 and F7 /0 and /1; MOV, B8 and C7 /0; else the operation of opcode 81, or of 05 and on.
 */
bool compute(struct sigcontext *registers, const struct instruction *instruction,
             const uint8_t *bytes)
{
    uint8_t opcode = instruction->opcode, modrm = bytes[instruction->modrm_at];
    bool wide = (instruction->rex & 8) != 0, has_modrm = instruction->modrm_at != 0;
    bool moves = (opcode & 0xf8) == 0xb8 || opcode == 0xc7;
    bool tests = opcode == 0xa9 || opcode == 0xf7;
    bool operates = opcode == 0x81 || (opcode & 0xc7) == 0x05;
    int32_t constant;
    bool has_constant = instruction->immediate_at != 0 &&
                        instruction->size - instruction->immediate_at == sizeof constant;
    if (instruction->map != INSTRUCTION_MAP_ONE || !has_constant || (has_modrm && modrm < 0xc0) ||
        !(moves || tests || operates)) {
        return false;
    }
    memcpy(&constant, bytes + instruction->immediate_at, sizeof constant);
    unsigned number = has_modrm ? modrm & 7U : moves ? opcode & 7U : 0;
    uint64_t *target =
        register_of(registers, number | (has_modrm || moves ? instruction->rex & 1U : 0U) << 3);
    struct operands operands = {.mask = wide ? UINT64_MAX : UINT32_MAX,
                                .flags = &registers->eflags};
    operands.left = *target & operands.mask;
    operands.right = (uint64_t)(int64_t)constant & operands.mask;
    enum operation operation = has_modrm ? modrm >> 3 & 7 : opcode >> 3;
    if (moves) {
        *target = operands.right;
    } else if (tests) {
        operate(AND, &operands);
    } else if (operation == CMP) {
        operate(CMP, &operands);
    } else {
        *target = operate(operation, &operands);
    }
    registers->rip += instruction->size;
    return true;
}
