/*
 * The monitor's own decoder (rewriter/apply/instruction.h) against Zydis: where it takes an
 * instruction, both agree on its size and its parts; and what it refuses is what it says.
 */
#include "instruction.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libraries.h"

static const struct zydis_library *zydis;
static ZydisDecoder decoder;

static void set_up(void)
{
    char error[512];

    zydis = zydis_library(error);
    ck_assert_msg(zydis != NULL, "%s", error);
    zydis->ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static const char *text_of(const uint8_t *bytes)
{
    static char text[64];

    for (size_t i = 0; i < INSTRUCTION_SIZE_MAX; i++)
        snprintf(text + 3 * i, sizeof text - 3 * i, "%02x ", bytes[i]);
    return text;
}

/* The offset of the last immediate part, which is the one of a branch. */
static unsigned immediate_of(const ZydisDecodedInstruction *decoded)
{
    return decoded->raw.imm[0].size != 0 ? decoded->raw.imm[0].offset : 0U;
}

static unsigned relative_of(const ZydisDecodedInstruction *decoded)
{
    bool relative = (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 &&
                    decoded->raw.modrm.mod == 0 && decoded->raw.modrm.rm == 5;

    return relative ? decoded->raw.disp.offset : 0U;
}

/* Xeon Phi's first, which no other processor decodes. */
static bool is_of_coprocessor(const ZydisDecodedInstruction *decoded)
{
    return decoded->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
           decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNC ||
           decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNCE ||
           decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNCV;
}

/* What a program in ring 3 may use and this decoder leaves out. */
static bool may_be_refused(const ZydisDecodedInstruction *decoded)
{
    switch (decoded->meta.category) {
    case ZYDIS_CATEGORY_AMD3DNOW:
    case ZYDIS_CATEGORY_XOP:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_PADLOCK:
    case ZYDIS_CATEGORY_VTX:
        return true;
    default:
        break;
    }
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_CALL: /* far */
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
        return decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_XBEGIN:
    case ZYDIS_MNEMONIC_XABORT:
    case ZYDIS_MNEMONIC_PUSH: /* of FS and GS */
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_MOV: /* of control and debug registers */
    case ZYDIS_MNEMONIC_FEMMS:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_GETSEC:
    case ZYDIS_MNEMONIC_EXTRQ: /* SSE4a */
    case ZYDIS_MNEMONIC_INSERTQ:
        return true;
    default:
        return false;
    }
}

/* Returns whether both took it. */
static bool compare(const uint8_t *bytes)
{
    struct instruction own;
    ZydisDecodedInstruction theirs;
    bool taken = instruction_decode(bytes, INSTRUCTION_SIZE_MAX, &own);
    bool known = ZYAN_SUCCESS(
        zydis->ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, INSTRUCTION_SIZE_MAX, &theirs));

    if (!known || is_of_coprocessor(&theirs))
        return false;
    if (!taken) {
        ck_assert_msg(may_be_refused(&theirs) || theirs.length > INSTRUCTION_SIZE_MAX,
                      "refused: %s (mnemonic %d)", text_of(bytes), theirs.mnemonic);
        return false;
    }
    ck_assert_msg(own.size == theirs.length, "%s: size %u, not %u", text_of(bytes), own.size,
                  theirs.length);
    ck_assert_msg(own.displacement_at == relative_of(&theirs), "%s: displacement at %u, not %u",
                  text_of(bytes), own.displacement_at, relative_of(&theirs));
    if (theirs.raw.imm[0].is_relative)
        ck_assert_msg(own.immediate_at == immediate_of(&theirs), "%s: immediate at %u, not %u",
                      text_of(bytes), own.immediate_at, immediate_of(&theirs));
    if ((theirs.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0)
        ck_assert_msg(own.modrm_at == theirs.raw.modrm.offset, "%s: ModRM at %u, not %u",
                      text_of(bytes), own.modrm_at, theirs.raw.modrm.offset);
    return true;
}

static void fill(uint8_t *bytes)
{
    for (size_t i = 0; i < INSTRUCTION_SIZE_MAX; i++)
        bytes[i] = (uint8_t)(random() >> 8);
}

/* Every opcode of every map, with all kinds of prefixes. */
START_TEST(random_bytes)
{
    static const uint8_t starts[][4] = {{0},          {0x0f},       {0x0f, 0x38}, {0x0f, 0x3a},
                                        {0xc5},       {0xc4, 0xe1}, {0xc4, 0xe2}, {0xc4, 0xe3},
                                        {0x62, 0xf1}, {0x62, 0xf2}, {0x62, 0xf3}, {0x62, 0xf5},
                                        {0x62, 0xf6}, {0x48},       {0x66},       {0xf2},
                                        {0xf3, 0x0f}, {0x66, 0x0f}, {0x67},       {0x49, 0x0f}};
    unsigned long taken = 0;

    srandom(1);
    for (unsigned long i = 0; i < 4000000; i++) {
        uint8_t bytes[INSTRUCTION_SIZE_MAX];
        const uint8_t *start = starts[i % (sizeof starts / sizeof starts[0])];

        fill(bytes);
        memcpy(bytes, start, strlen((const char *)start));
        taken += compare(bytes);
    }
    ck_assert_uint_gt(taken, 1000000);
}
END_TEST

START_TEST(too_few_bytes)
{
    static const uint8_t bytes[] = {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8};
    struct instruction instruction;

    for (size_t known = 0; known < sizeof bytes; known++)
        ck_assert(!instruction_decode(bytes, known, &instruction));
    ck_assert(instruction_decode(bytes, sizeof bytes, &instruction));
    ck_assert_uint_eq(instruction.size, 10);
    ck_assert_uint_eq(instruction.immediate_at, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("instruction");
    TCase *tests = tcase_create("instruction");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, random_bytes);
    tcase_add_test(tests, too_few_bytes);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
