#include "filter.h"
#include "../monitor/support.h"

/* seccomp_check_filter() in kernel/seccomp.c. Some of the parts are 0. */
/* NOLINTBEGIN(misc-redundant-expression) */
static const uint16_t known[] = {
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_RET | BPF_K,
    BPF_RET | BPF_A,
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_ALU | BPF_NEG,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
};
/* NOLINTEND(misc-redundant-expression) */

/* Its operand, and those of bpf_check_classic() in net/core/filter.c. */
static bool operand_is_allowed(const struct sock_filter *instruction)
{
    uint32_t k = instruction->k;
    switch (instruction->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        return k < sizeof(struct seccomp_data) && k % sizeof(uint32_t) == 0;
    case BPF_ALU | BPF_DIV | BPF_K:
        return k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
        return k < 32;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
        return k < BPF_MEMWORDS;
    default:
        return true;
    }
}

static bool is_allowed(const struct sock_filter *instruction)
{
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (instruction->code == known[i]) {
            return operand_is_allowed(instruction);
        }
    }
    return false;
}

/* Where a jump at `at` may go: both ways are the same for JA. False: not a jump. */
static bool jump_targets(const struct sock_filter *program, uint32_t at, uint64_t targets[2])
{
    const struct sock_filter *jump = &program[at];
    if (BPF_CLASS(jump->code) != BPF_JMP) {
        return false;
    }
    bool always = BPF_OP(jump->code) == BPF_JA;
    targets[0] = (uint64_t)at + 1 + (always ? jump->k : jump->jt);
    targets[1] = (uint64_t)at + 1 + (always ? jump->k : jump->jf);
    return true;
}

/*
 * No word of M[] is loaded before it was stored, whatever way led there: check_load_and_stores() in
 * net/core/filter.c. Jumps lead forward and inside.
 */
static bool loads_follow_stores(const struct sock_filter *program, uint32_t length)
{
    uint16_t stored_before[BPF_MAXINSNS];
    uint16_t stored = 0;
    uint64_t targets[2];
    memset(stored_before, 0xff, length * sizeof stored_before[0]);
    for (uint32_t at = 0; at < length; at++) {
        uint16_t code = program[at].code;
        stored &= stored_before[at];
        if (code == BPF_ST || code == BPF_STX) {
            stored |= (uint16_t)(1U << program[at].k);
        } else if (code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM)) {
            if ((stored & 1U << program[at].k) == 0) {
                return false;
            }
        } else if (jump_targets(program, at, targets)) {
            stored_before[targets[0]] &= stored;
            stored_before[targets[1]] &= stored;
            stored = 0xffff; /* what follows is reached by jumps alone */
        }
    }
    return true;
}

bool filter_check(const struct sock_filter *program, uint32_t length)
{
    uint64_t targets[2];
    if (length == 0 || length > BPF_MAXINSNS) {
        return false;
    }
    for (uint32_t at = 0; at < length; at++) {
        if (!is_allowed(&program[at]) || (jump_targets(program, at, targets) &&
                                          (targets[0] >= length || targets[1] >= length))) {
            return false;
        }
    }
    return BPF_CLASS(program[length - 1].code) == BPF_RET && loads_follow_stores(program, length);
}

static uint32_t calculate(uint16_t operation, uint32_t a, uint32_t operand)
{
    switch (operation) {
    case BPF_ADD:
        return a + operand;
    case BPF_SUB:
        return a - operand;
    case BPF_MUL:
        return a * operand;
    case BPF_DIV:
        return a / operand;
    case BPF_AND:
        return a & operand;
    case BPF_OR:
        return a | operand;
    case BPF_XOR:
        return a ^ operand;
    case BPF_LSH:
        return a << (operand % 32); /* as the kernel's translation to eBPF makes it */
    case BPF_RSH:
        return a >> (operand % 32);
    default: /* BPF_NEG */
        return -a;
    }
}

static bool compare(uint16_t operation, uint32_t a, uint32_t operand)
{
    switch (operation) {
    case BPF_JEQ:
        return a == operand;
    case BPF_JGE:
        return a >= operand;
    case BPF_JGT:
        return a > operand;
    case BPF_JSET:
        return (a & operand) != 0;
    default: /* BPF_JA */
        return true;
    }
}

/* BPF_LD and BPF_LDX. */
static uint32_t load(const struct sock_filter *instruction, const union filter_input *input,
                     const uint32_t memory[BPF_MEMWORDS])
{
    switch (BPF_MODE(instruction->code)) {
    case BPF_ABS:
        return input->words[instruction->k / sizeof(uint32_t)];
    case BPF_MEM:
        return memory[instruction->k];
    case BPF_LEN:
        return sizeof(struct seccomp_data);
    default: /* BPF_IMM */
        return instruction->k;
    }
}

uint32_t filter_run(const struct sock_filter *program, const union filter_input *input)
{
    uint32_t a = 0, x = 0, memory[BPF_MEMWORDS];
    for (const struct sock_filter *at = program;; at++) {
        uint16_t operation = BPF_OP(at->code);
        uint32_t operand = BPF_SRC(at->code) == BPF_X ? x : at->k;
        switch (BPF_CLASS(at->code)) {
        case BPF_LD:
            a = load(at, input, memory);
            break;
        case BPF_LDX:
            x = load(at, input, memory);
            break;
        case BPF_ST:
            memory[at->k] = a;
            break;
        case BPF_STX:
            memory[at->k] = x;
            break;
        case BPF_ALU:
            if (operation == BPF_DIV && operand == 0) {
                return 0;
            }
            a = calculate(operation, a, operand);
            break;
        case BPF_JMP:
            at += operation == BPF_JA ? at->k : compare(operation, a, operand) ? at->jt : at->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(at->code) == BPF_A ? a : at->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(at->code) == BPF_TAX) {
                x = a;
            } else {
                a = x;
            }
        }
    }
}
