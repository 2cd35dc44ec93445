#include "sweep.h"

#include "failure.h"

int decoder_open(struct decoder *decoder, char *error)
{
    decoder->library = zydis_library(error);
    if (decoder->library == NULL)
        return -1;
    if (!ZYAN_SUCCESS(decoder->library->ZydisDecoderInit(
            &decoder->state, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        return fail(error, "Zydis refuses to decode x86-64");
    return 0;
}

uint64_t sweep(const struct decoder *decoder, const struct image *image, uint64_t start,
               uint64_t end, instruction_visitor *visitor, void *context)
{
    const uint8_t *bytes = image_bytes(image, start, end - start);
    uint64_t offset = 0;

    if (bytes == NULL)
        return start;
    while (offset < end - start) {
        struct instruction instruction;

        instruction.address = start + offset;
        instruction.bytes = bytes + offset;
        instruction.decoder = decoder;
        if (!ZYAN_SUCCESS(decoder->library->ZydisDecoderDecodeInstruction(
                &decoder->state, &instruction.context, bytes + offset, end - start - offset,
                &instruction.decoded)))
            break;
        offset += instruction.decoded.length;
        if (!visitor(context, &instruction))
            break;
    }
    return start + offset;
}

bool is_unconditional_transfer(const struct instruction *instruction)
{
    switch (instruction->decoded.mnemonic) {
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
        return true;
    default:
        return false;
    }
}

bool is_call(const struct instruction *instruction)
{
    return instruction->decoded.mnemonic == ZYDIS_MNEMONIC_CALL;
}

bool is_nop(const struct instruction *instruction)
{
    return instruction->decoded.mnemonic == ZYDIS_MNEMONIC_NOP;
}

bool branch_target(const struct instruction *instruction, uint64_t *target)
{
    const ZydisDecodedInstruction *decoded = &instruction->decoded;

    if (decoded->raw.imm[0].size == 0 || !decoded->raw.imm[0].is_relative)
        return false;
    *target = instruction->address + decoded->length + (uint64_t)decoded->raw.imm[0].value.s;
    return true;
}

bool rip_relative_target(const struct instruction *instruction, uint64_t *target, uint8_t *field)
{
    const ZydisDecodedInstruction *decoded = &instruction->decoded;

    if ((decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) == 0 || decoded->raw.disp.size != 32 ||
        decoded->raw.modrm.mod != 0 || decoded->raw.modrm.rm != 5)
        return false;
    *target = instruction->address + decoded->length + (uint64_t)decoded->raw.disp.value;
    *field = decoded->raw.disp.offset;
    return true;
}

static bool is_stack_pointer(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_RSP || reg == ZYDIS_REGISTER_ESP || reg == ZYDIS_REGISTER_SP ||
           reg == ZYDIS_REGISTER_SPL;
}

/* Explicit and implicit operands alike. */
static bool writes_stack_or_instruction_pointer(const struct instruction *instruction)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const uint8_t count = instruction->decoded.operand_count;

    if (!ZYAN_SUCCESS(instruction->decoder->library->ZydisDecoderDecodeOperands(
            &instruction->decoder->state, &instruction->context, &instruction->decoded, operands,
            count)))
        return true;
    for (uint8_t i = 0; i < count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];

        if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER ||
            (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
            continue;
        if (is_stack_pointer(operand->reg.value) || operand->reg.value == ZYDIS_REGISTER_RIP)
            return true;
    }
    return false;
}

/* Control transfers and traps write RIP. A transaction must begin and end where it did. */
bool is_displaceable(const struct instruction *instruction)
{
    const ZydisDecodedInstruction *decoded = &instruction->decoded;
    uint64_t target;
    uint8_t field;

    if (rip_relative_target(instruction, &target, &field) && decoded->address_width != 64)
        return false;
    return decoded->meta.isa_set != ZYDIS_ISA_SET_RTM &&
           !writes_stack_or_instruction_pointer(instruction);
}
