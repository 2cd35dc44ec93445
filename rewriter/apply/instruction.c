#include "instruction.h"

/* What follows an opcode. */
enum {
    N = 0,   /* nothing */
    M = 1,   /* ModRM, with all that it brings */
    B = 2,   /* a byte */
    Z = 4,   /* 4 bytes, 2 with an operand size prefix */
    W = 8,   /* 2 bytes */
    V = 16,  /* 4 or 2, or 8 with REX.W */
    O = 32,  /* an address of 8 bytes, 4 with an address size prefix */
    G = 64,  /* if ModRM says TEST, B or Z besides */
    X = 128, /* no instruction, a prefix, or none that is of use here */
};

// clang-format off
static const uint8_t one_byte[256] = {
    /* 00 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
    /* 10 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
    /* 20 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
    /* 30 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
    /* 40 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    /* 50 */ N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    /* 60 */ X, X, X, M, X, X, X, X, Z, M | Z, B, M | B, X, X, X, X,
    /* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
    /* 80 */ M | B, M | Z, X, M | B, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 90 */ N, N, N, N, N, N, N, N, N, N, X, N, N, N, N, N,
    /* a0 */ O, O, O, O, N, N, N, N, B, Z, N, N, N, N, N, N,
    /* b0 */ B, B, B, B, B, B, B, B, V, V, V, V, V, V, V, V,
    /* c0 */ M | B, M | B, W, N, X, X, M | B, M | Z, W | B, N, X, X, N, X, X, X,
    /* d0 */ M, M, M, M, X, X, X, N, M, M, M, M, M, M, M, M,
    /* e0 */ B, B, B, B, X, X, X, X, Z, Z, X, B, X, X, X, X,
    /* f0 */ X, X, X, X, N, N, M | G | B, M | G | Z, N, N, X, X, N, N, M, M,
};

static const uint8_t two_byte[256] = {
    /* 00 */ X, M, M, M, X, N, X, X, X, X, X, N, X, M, X, X,
    /* 10 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 20 */ X, X, X, X, X, X, X, X, M, M, M, M, M, M, M, M,
    /* 30 */ X, N, X, N, X, X, X, X, X, X, X, X, X, X, X, X,
    /* 40 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 50 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 60 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 70 */ M | B, M | B, M | B, M | B, M, M, M, N, X, X, X, X, M, M, M, M,
    /* 80 */ Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z,
    /* 90 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* a0 */ X, X, N, M, M | B, M, X, X, X, X, X, M, M | B, M, M, M,
    /* b0 */ M, M, M, M, M, M, M, M, M, M, M | B, M, M, M, M, M,
    /* c0 */ M, M, M | B, M, M | B, M | B, M | B, M, N, N, N, N, N, N, N, N,
    /* d0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* e0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
    /* f0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
};
// clang-format on

/* Of `known` bytes; what is behind them reads as 0, and the size tells in the end. */
struct cursor {
    const uint8_t *bytes;
    size_t known, at;
};

static uint8_t peek(const struct cursor *cursor)
{
    return cursor->at < cursor->known ? cursor->bytes[cursor->at] : 0;
}

static uint8_t next(struct cursor *cursor)
{
    uint8_t byte = peek(cursor);
    cursor->at++;
    return byte;
}

/* A REX byte counts only right before the opcode. */
static void take_prefixes(struct cursor *cursor, struct instruction *instruction)
{
    for (;; cursor->at++) {
        uint8_t byte = peek(cursor);
        switch (byte) {
        case 0x66:
            instruction->operand_size = true;
            break;
        case 0x67:
            instruction->address_size = true;
            break;
        case 0x26: /* segments, LOCK, REPNE, REP */
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65:
        case 0xf0:
        case 0xf2:
        case 0xf3:
            break;
        default:
            if ((byte & 0xf0) != 0x40) {
                return;
            }
            instruction->rex = byte;
            continue;
        }
        instruction->rex = 0;
        if (cursor->at >= INSTRUCTION_SIZE_MAX) {
            return;
        }
    }
}

/* SHLD, SHRD and BT with a byte: what has their opcodes with VEX has none. */
static bool is_legacy_alone(uint8_t opcode)
{
    return opcode == 0xa4 || opcode == 0xac || opcode == 0xba;
}

/* The opcode of a map of VEX or EVEX, and what follows it. */
static uint8_t take_vector(struct cursor *cursor, struct instruction *instruction)
{
    uint8_t kind = next(cursor), map = 1;
    if (kind == 0x62) {
        uint8_t payload = next(cursor), second = next(cursor);
        map = payload & 7;
        cursor->at++;
        if ((payload & 8) != 0 || (second & 4) == 0 || map == 0 || map == 4 || map == 7) {
            return X;
        }
    } else if (kind == 0xc4) {
        map = next(cursor) & 0x1f;
        cursor->at++;
        if (map < 1 || map > 3) {
            return X;
        }
    } else {
        cursor->at++;
    }
    instruction->map = INSTRUCTION_MAP_VECTOR;
    instruction->opcode = next(cursor);
    if (map == 1) {
        bool has_byte =
            two_byte[instruction->opcode] == (M | B) && !is_legacy_alone(instruction->opcode);
        return instruction->opcode == 0x77 && kind != 0x62 ? N : has_byte ? M | B : M;
    }
    return map == 3 ? M | B : M;
}

static uint8_t take_opcode(struct cursor *cursor, struct instruction *instruction)
{
    uint8_t first = peek(cursor);
    if (first == 0xc4 || first == 0xc5 || first == 0x62) {
        return take_vector(cursor, instruction);
    }
    instruction->opcode = next(cursor);
    if (first != 0x0f) {
        return one_byte[first];
    }
    instruction->map = INSTRUCTION_MAP_0F;
    instruction->opcode = next(cursor);
    if (instruction->opcode != 0x38 && instruction->opcode != 0x3a) {
        return two_byte[instruction->opcode];
    }
    bool has_byte = instruction->opcode == 0x3a;
    instruction->map = has_byte ? INSTRUCTION_MAP_0F3A : INSTRUCTION_MAP_0F38;
    instruction->opcode = next(cursor);
    return has_byte ? M | B : M;
}

/* SDM volume 2, tables 2-2 and 2-3. */
static void take_operand(struct cursor *cursor, struct instruction *instruction)
{
    instruction->modrm_at = (uint8_t)cursor->at;
    uint8_t modrm = next(cursor), mode = modrm >> 6, base = modrm & 7;
    if (mode == 3) {
        return;
    }
    bool is_relative = mode == 0 && base == 5;
    if (base == 4) {
        base = next(cursor) & 7;
    }
    if (is_relative) {
        instruction->displacement_at = (uint8_t)cursor->at;
    }
    cursor->at += mode == 1 ? 1 : mode == 2 || base == 5 ? 4 : 0;
}

/* Forms that ModRM makes something else of: far branches, XBEGIN, XOP. */
static bool is_refused(const struct instruction *instruction, uint8_t modrm)
{
    unsigned reg = modrm >> 3 & 7U;
    if (instruction->map != INSTRUCTION_MAP_ONE) {
        return false;
    }
    switch (instruction->opcode) {
    case 0x8f:
    case 0xc6:
    case 0xc7:
        return reg != 0;
    case 0xff:
        return reg == 3 || reg == 5 || reg == 7;
    default:
        return false;
    }
}

static size_t immediate_size(const struct instruction *instruction, uint8_t form, uint8_t modrm)
{
    bool is_branch = instruction->map == INSTRUCTION_MAP_0F || (instruction->opcode & 0xfe) == 0xe8;
    bool is_short = instruction->operand_size && (instruction->rex & 8) == 0 && !is_branch;
    size_t size = 0;
    if ((form & G) != 0 && (modrm >> 3 & 7U) > 1) {
        return 0;
    }
    size += (form & B) != 0 ? 1 : 0;
    size += (form & W) != 0 ? 2 : 0;
    size += (form & Z) != 0 ? is_short ? 2 : 4 : 0;
    size += (form & V) != 0 ? (instruction->rex & 8) != 0 ? 8 : is_short ? 2 : 4 : 0;
    size += (form & O) != 0 ? instruction->address_size ? 4 : 8 : 0;
    return size;
}

bool instruction_decode(const uint8_t *bytes, size_t known, struct instruction *instruction)
{
    struct cursor cursor = {bytes, known, 0};
    uint8_t modrm = 0;
    *instruction = (struct instruction){0};
    take_prefixes(&cursor, instruction);
    uint8_t form = take_opcode(&cursor, instruction);
    if (form == X) {
        return false;
    }
    if ((form & M) != 0) {
        modrm = peek(&cursor);
        take_operand(&cursor, instruction);
        if (is_refused(instruction, modrm)) {
            return false;
        }
    }
    size_t size = immediate_size(instruction, form, modrm);
    instruction->immediate_at = size != 0 ? (uint8_t)cursor.at : 0;
    cursor.at += size;
    instruction->size = (uint8_t)cursor.at;
    return cursor.at <= known && cursor.at <= INSTRUCTION_SIZE_MAX;
}
