/*
 * The matcher of endorun/unsafe_instructions.h: by a table of encodings, and against Zydis. Zydis 4
 * does not know REX2, so those forms are in the table only.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyse.h"
#include "endorun/unsafe_instructions.h"
#include "libraries.h"

#define ROUNDS      4000000U
#define BUFFER_SIZE 32U

/* The ModRM bytes of one mod (3: register) and one reg. */
enum operand { NO_MODRM, REGISTER, MEMORY };

struct form {
    enum endorun_unsafe_kind kind;
    uint8_t opcode; /* behind 0F, or behind REX2 with M0 */
    enum operand operand;
    uint8_t reg; /* REG_ANY: any */
};

#define REG_ANY 8U

static const struct form forms[] = {
    {ENDORUN_UNSAFE_XRSTOR, 0xae, MEMORY, 5},     /* /5 with a register is LFENCE */
    {ENDORUN_UNSAFE_XRSTORS, 0xc7, MEMORY, 3},    /* /6 and /7 are RDRAND, RDSEED, XSAVEC... */
    {ENDORUN_UNSAFE_WRGSBASE, 0xae, REGISTER, 3}, /* /3 with memory is STMXCSR */
    {ENDORUN_UNSAFE_LGS, 0xb5, MEMORY, REG_ANY},  /* with a register: no instruction */
    {ENDORUN_UNSAFE_POP_GS, 0xa9, NO_MODRM, REG_ANY},
};

static bool form_takes(const struct form *form, uint8_t modrm)
{
    if (form->operand == NO_MODRM)
        return true;
    return (modrm >= 0xc0) == (form->operand == REGISTER) &&
           (form->reg == REG_ANY || form->reg == (modrm >> 3 & 7));
}

/* What the tables say of the two bytes behind 0F, F3 among the prefixes or not. */
static enum endorun_unsafe_kind expected_kind(uint8_t opcode, uint8_t modrm, bool with_f3)
{
    if (opcode == 0x01 && modrm == 0xef)
        return ENDORUN_UNSAFE_WRPKRU;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].opcode == opcode && form_takes(&forms[i], modrm))
            return forms[i].kind == ENDORUN_UNSAFE_WRGSBASE && !with_f3 ? ENDORUN_UNSAFE_NONE
                                                                        : forms[i].kind;
    }
    return ENDORUN_UNSAFE_NONE;
}

static void expect_at(const uint8_t *bytes, size_t size, size_t at, enum endorun_unsafe_kind kind)
{
    const enum endorun_unsafe_kind found = endorun_unsafe_at(bytes, size, at);
    char text[3 * BUFFER_SIZE + 1] = "";

    if (found == kind)
        return;
    for (size_t i = 0; i < size && i < BUFFER_SIZE; i++)
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
    ck_abort_msg("%s: kind %d at %zu instead of %d", text, (int)found, at, (int)kind);
}

START_TEST(every_opcode_and_modrm_byte)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t opcode = (uint8_t)(i >> 8);
        const uint8_t modrm = (uint8_t)i;
        const uint8_t plain[] = {0x90, 0x0f, opcode, modrm};
        const uint8_t repeated[] = {0x90, 0xf3, 0x0f, opcode, modrm};
        const uint8_t known_from_here[] = {0x0f, opcode, modrm};

        expect_at(plain, sizeof(plain), 1, expected_kind(opcode, modrm, false));
        expect_at(repeated, sizeof(repeated), 2, expected_kind(opcode, modrm, true));
        expect_at(known_from_here, sizeof(known_from_here), 0, expected_kind(opcode, modrm, true));
    }
}
END_TEST

START_TEST(every_rex2_payload)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t opcode = (uint8_t)(i >> 8);
        const uint8_t modrm = (uint8_t)i;

        for (unsigned payload = 0; payload < 0x100; payload += 0x0f) {
            const uint8_t plain[] = {0x90, 0xd5, (uint8_t)payload, opcode, modrm};
            const uint8_t repeated[] = {0x90, 0xf3, 0xd5, (uint8_t)payload, opcode, modrm};
            const bool two_byte = payload >= 0x80;

            expect_at(plain, sizeof(plain), 1,
                      two_byte ? expected_kind(opcode, modrm, false) : ENDORUN_UNSAFE_NONE);
            expect_at(repeated, sizeof(repeated), 2,
                      two_byte ? expected_kind(opcode, modrm, true) : ENDORUN_UNSAFE_NONE);
        }
    }
}
END_TEST

START_TEST(segment_register_moves)
{
    for (unsigned opcode = 0; opcode < 0x100; opcode++) {
        for (unsigned modrm = 0; modrm < 0x100; modrm++) {
            const uint8_t bytes[] = {(uint8_t)opcode, (uint8_t)modrm, 0, 0, 0, 0};
            const uint8_t rex2[] = {0xd5, 0x7f, (uint8_t)opcode, (uint8_t)modrm, 0, 0, 0, 0};
            const bool loads_gs = opcode == 0x8e && (modrm & 0x38) == 0x28;

            if (opcode == 0x0f || opcode == 0xd5)
                continue;
            expect_at(bytes, sizeof(bytes), 0, loads_gs ? ENDORUN_UNSAFE_MOV_GS : 0);
            expect_at(rex2, sizeof(rex2), 2, loads_gs ? ENDORUN_UNSAFE_MOV_GS : 0);
        }
    }
}
END_TEST

/* Whatever stands before, the opcode is found; and F3 wherever it may stand. */
START_TEST(every_prefix)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0,
                                       0xf2, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
                                       0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f};

    for (size_t i = 0; i < sizeof(prefixes); i++) {
        const uint8_t byte = prefixes[i];
        const uint8_t wrpkru[] = {0x90, byte, 0x0f, 0x01, 0xef};
        const uint8_t xrstor[] = {0x90, byte, 0x0f, 0xae, 0x6c, 0x24, 0x40};
        const uint8_t none[] = {0x90, byte, 0x0f, 0xae, 0xd8};
        const uint8_t after[] = {0x90, 0xf3, byte, byte, 0x0f, 0xae, 0xd8};
        const uint8_t before[] = {0x90, byte, 0xf3, 0x0f, 0xae, 0xd8};
        const uint8_t rex2[] = {0x90, 0xf3, byte, 0xd5, 0x90, 0xae, 0xdf};

        expect_at(wrpkru, sizeof(wrpkru), 2, ENDORUN_UNSAFE_WRPKRU);
        expect_at(xrstor, sizeof(xrstor), 2, ENDORUN_UNSAFE_XRSTOR);
        expect_at(none, sizeof(none), 2, ENDORUN_UNSAFE_NONE);
        expect_at(after, sizeof(after), 4, ENDORUN_UNSAFE_WRGSBASE);
        expect_at(before, sizeof(before), 3, ENDORUN_UNSAFE_WRGSBASE);
        expect_at(rex2, sizeof(rex2), 3, ENDORUN_UNSAFE_WRGSBASE);
    }
}
END_TEST

START_TEST(f3_counts_within_one_instruction)
{
    uint8_t bytes[BUFFER_SIZE];

    for (size_t between = 0; between < 20; between++) {
        const size_t at = 2 + between;

        memset(bytes, 0x66, sizeof(bytes));
        bytes[0] = 0x90;
        bytes[1] = 0xf3;
        memcpy(bytes + at, "\x0f\xae\xd8", 3);
        expect_at(bytes, sizeof(bytes), at,
                  between + 4 <= 15 ? ENDORUN_UNSAFE_WRGSBASE : ENDORUN_UNSAFE_NONE);
        bytes[1 + between / 2] = 0x90; /* no prefix: F3 belongs to another instruction */
        expect_at(bytes, sizeof(bytes), at, ENDORUN_UNSAFE_NONE);
    }
}
END_TEST

/* Prefixes up to the first known byte: F3 may stand in the page before. */
START_TEST(unknown_bytes_before_count_as_f3)
{
    static const uint8_t bytes[] = {0x48, 0x66, 0x0f, 0xae, 0xd8};
    static const uint8_t other[] = {0x90, 0x66, 0x0f, 0xae, 0xd8};

    expect_at(bytes, sizeof(bytes), 2, ENDORUN_UNSAFE_WRGSBASE);
    expect_at(other, sizeof(other), 2, ENDORUN_UNSAFE_NONE);
}
END_TEST

START_TEST(nothing_is_read_behind_the_end)
{
    static const uint8_t bytes[][4] = {{0x0f, 0x01, 0xef}, {0xf3, 0x0f, 0xae, 0xd8},
                                       {0x0f, 0xae, 0x28}, {0xd5, 0x80, 0x01, 0xef},
                                       {0x0f, 0xa9},       {0x8e, 0xe8},
                                       {0xd5, 0xff, 0xa9}, {0x0f, 0xb5, 0x00}};
    static const uint8_t sizes[] = {3, 4, 3, 4, 2, 2, 3, 3};

    for (size_t i = 0; i < sizeof(sizes); i++) {
        const size_t at = bytes[i][0] == 0xf3;

        for (size_t size = at; size <= sizes[i]; size++) {
            uint8_t *copy = malloc(size); /* a sanitizer watches its end */

            ck_assert(size == 0 || copy != NULL);
            memcpy(copy, bytes[i], size);
            ck_assert_int_eq(endorun_unsafe_at(copy, size, at) != ENDORUN_UNSAFE_NONE,
                             size == sizes[i]);
            free(copy);
        }
        ck_assert_uint_eq(
            endorun_unsafe_size(endorun_unsafe_at(bytes[i], sizes[i], at), bytes[i][at]),
            sizes[i] - at);
        ck_assert_uint_le(sizes[i] - at, ENDORUN_UNSAFE_SIZE_MAX);
    }
}
END_TEST

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15); /* the same bytes in every run */

static uint32_t random_number(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % limit;
}

/* Random bytes, in most rounds prefixes and an opcode that matters before them. */
static void make_bytes(uint8_t *bytes)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
                                       0x67, 0xf0, 0xf2, 0xf3, 0xf3, 0xf3};
    static const uint8_t opcodes[] = {0x01, 0xae, 0xae, 0xc7, 0xb5, 0xa9};
    size_t at = 0;

    for (size_t i = 0; i < BUFFER_SIZE; i++)
        bytes[i] = (uint8_t)random_number(0x100);
    if (random_number(4) == 0)
        return;
    for (uint32_t count = random_number(8); count > 0; count--)
        bytes[at++] = prefixes[random_number(sizeof(prefixes))];
    if (random_number(2) == 0)
        bytes[at++] = (uint8_t)(0x40 + random_number(16));
    if (random_number(8) == 0) {
        bytes[at] = 0x8e;
        return;
    }
    bytes[at++] = 0x0f;
    bytes[at++] = opcodes[random_number(sizeof(opcodes))];
    if (random_number(32) == 0)
        bytes[at] = 0xef;
}

/* Writes GS by an operand: pop and mov are many instructions to Zydis' mnemonic. */
static bool writes_gs(const struct zydis_library *zydis, const ZydisDecoder *decoder,
                      const ZydisDecoderContext *context, const ZydisDecodedInstruction *decoded)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

    if (!ZYAN_SUCCESS(zydis->ZydisDecoderDecodeOperands(decoder, context, decoded, operands,
                                                        decoded->operand_count)))
        ck_abort_msg("Zydis does not decode the operands");
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            operands[i].reg.value == ZYDIS_REGISTER_GS &&
            (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)
            return true;
    }
    return false;
}

static enum endorun_unsafe_kind kind_by_zydis(const struct zydis_library *zydis,
                                              const ZydisDecoder *decoder,
                                              const ZydisDecoderContext *context,
                                              const ZydisDecodedInstruction *decoded)
{
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_WRPKRU:
        return ENDORUN_UNSAFE_WRPKRU;
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
        return ENDORUN_UNSAFE_XRSTOR;
    case ZYDIS_MNEMONIC_XRSTORS:
    case ZYDIS_MNEMONIC_XRSTORS64:
        return ENDORUN_UNSAFE_XRSTORS;
    case ZYDIS_MNEMONIC_WRGSBASE:
        return ENDORUN_UNSAFE_WRGSBASE;
    case ZYDIS_MNEMONIC_LGS:
        return ENDORUN_UNSAFE_LGS;
    default:
        break;
    }
    if (!writes_gs(zydis, decoder, context, decoded))
        return ENDORUN_UNSAFE_NONE;
    if (decoded->mnemonic == ZYDIS_MNEMONIC_POP)
        return ENDORUN_UNSAFE_POP_GS;
    if (decoded->mnemonic != ZYDIS_MNEMONIC_MOV)
        ck_abort_msg("a writer of GS that is not listed: mnemonic %d", (int)decoded->mnemonic);
    return ENDORUN_UNSAFE_MOV_GS;
}

/* Where the opcode begins, its 0F included. */
static size_t opcode_offset(const ZydisDecodedInstruction *decoded)
{
    const size_t opcode = decoded->opcode_map == ZYDIS_OPCODE_MAP_0F ? 2 : 1;

    if ((decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0)
        return decoded->raw.modrm.offset - opcode;
    return decoded->length - opcode; /* pop: no operand bytes */
}

/*
 * Whatever Zydis takes for an unsafe instruction, the matcher reports at its opcode; and what the
 * matcher reports where no prefix stands before is one to Zydis.
 */
START_TEST(agrees_with_zydis)
{
    char error[ANALYSE_ERROR_SIZE];
    const struct zydis_library *zydis = zydis_library(error);
    unsigned met[ENDORUN_UNSAFE_COUNT] = {0};
    ZydisDecoder decoder;

    ck_assert_msg(zydis != NULL, "%s", error);
    ck_assert(ZYAN_SUCCESS(
        zydis->ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)));
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t bytes[1 + BUFFER_SIZE] = {0x90};
        enum endorun_unsafe_kind kind = ENDORUN_UNSAFE_NONE;
        ZydisDecoderContext context;
        ZydisDecodedInstruction decoded;

        make_bytes(bytes + 1);
        if (ZYAN_SUCCESS(zydis->ZydisDecoderDecodeInstruction(&decoder, &context, bytes + 1,
                                                              BUFFER_SIZE, &decoded)))
            kind = kind_by_zydis(zydis, &decoder, &context, &decoded);
        met[kind]++;
        if (kind != ENDORUN_UNSAFE_NONE)
            expect_at(bytes, sizeof(bytes), 1 + opcode_offset(&decoded), kind);
        else if (bytes[1] != ENDORUN_UNSAFE_REX2)
            expect_at(bytes, sizeof(bytes), 1, kind);
    }
    for (unsigned kind = 0; kind < ENDORUN_UNSAFE_COUNT; kind++)
        ck_assert_msg(met[kind] >= 1000, "kind %u was met only %u times", kind, met[kind]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unsafe_instructions");
    TCase *tcase = tcase_create("unsafe_instructions");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, every_opcode_and_modrm_byte);
    tcase_add_test(tcase, every_rex2_payload);
    tcase_add_test(tcase, segment_register_moves);
    tcase_add_test(tcase, every_prefix);
    tcase_add_test(tcase, f3_counts_within_one_instruction);
    tcase_add_test(tcase, unknown_bytes_before_count_as_f3);
    tcase_add_test(tcase, nothing_is_read_behind_the_end);
    tcase_add_test(tcase, agrees_with_zydis);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
