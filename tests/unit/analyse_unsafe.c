/* Where the analyser finds the bytes of unsafe instructions, and what it says of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"
#define BODY(body)     FUNCTION("f") body "ret\n" END("f")

#define PIECE_SIZE 0x40000 /* as unsafe.c reads the file */
#define ROW_COUNT  64U
#define TEXT       0x1000 /* offset and address of the fixture's text */

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

static void make(const char *source)
{
    fixture_make(&fixture, source);
    fixture_search_unsafe(&fixture);
}

static const struct unsafe_match *match_at(uint64_t address)
{
    for (size_t i = 0; i < fixture.analysis.unsafe_count; i++) {
        if (fixture.analysis.unsafe[i].place.address == address)
            return &fixture.analysis.unsafe[i];
    }
    ck_abort_msg("no match at 0x%llx", (unsigned long long)address);
    return NULL;
}

/* The one match of the file, at f + `offset`. */
static const struct unsafe_match *the_match(uint64_t offset, enum endorun_unsafe_kind kind,
                                            enum unsafe_state state)
{
    const struct unsafe_match *match = match_at(TEXT + offset);

    ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
    ck_assert_uint_eq(match->offset, TEXT + offset);
    ck_assert_str_eq(unsafe_kind_name(match->kind), unsafe_kind_name(kind));
    ck_assert_str_eq(unsafe_state_name(match->state), unsafe_state_name(state));
    return match;
}

static void expect_host(const struct unsafe_match *match, unsigned offset, unsigned size,
                        enum instruction_part first, enum instruction_part last)
{
    ck_assert_uint_eq(match->host_offset, offset);
    ck_assert_uint_eq(match->host_size, size);
    ck_assert_str_eq(instruction_part_name(match->first), instruction_part_name(first));
    ck_assert_str_eq(instruction_part_name(match->last), instruction_part_name(last));
}

START_TEST(instructions_of_every_kind)
{
    static const struct {
        const char *text;
        uint64_t offset; /* of the opcode */
        enum endorun_unsafe_kind kind;
    } cases[] = {
        {"wrpkru\n", 0, ENDORUN_UNSAFE_WRPKRU},
        {"xrstor 0x40(%rsp)\n", 0, ENDORUN_UNSAFE_XRSTOR},
        {"xrstor64 (%r15)\n", 1, ENDORUN_UNSAFE_XRSTOR},
        {"xrstor %gs:(%eax)\n", 2, ENDORUN_UNSAFE_XRSTOR},
        {"xrstors 0x1000(%rip)\n", 0, ENDORUN_UNSAFE_XRSTORS},
        {"xrstors64 (%rdi)\n", 1, ENDORUN_UNSAFE_XRSTORS},
        {"wrgsbase %eax\n", 1, ENDORUN_UNSAFE_WRGSBASE},
        {"wrgsbase %r15\n", 2, ENDORUN_UNSAFE_WRGSBASE},
        {"mov %eax,%gs\n", 0, ENDORUN_UNSAFE_MOV_GS},
        {"mov 8(%r8),%gs\n", 1, ENDORUN_UNSAFE_MOV_GS},
        {"pop %gs\n", 0, ENDORUN_UNSAFE_POP_GS},
        {"lgs (%rdi),%eax\n", 0, ENDORUN_UNSAFE_LGS},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char source[256];
        const struct unsafe_match *match;

        snprintf(source, sizeof(source), FUNCTION("f") "nop\n%sret\n" END("f"), cases[i].text);
        make(source);
        match = the_match(1 + cases[i].offset, cases[i].kind, UNSAFE_INSTRUCTION);
        ck_assert_str_eq(match->place.symbol, "f");
        ck_assert_uint_eq(match->place.symbol_offset, 1 + cases[i].offset);
        ck_assert_uint_eq(match->host_size, 0);
        fixture_close(&fixture);
    }
    fixture.directory[0] = '\0';
    memset(&fixture, 0, sizeof(fixture));
}
END_TEST

START_TEST(neighbours_of_the_encodings_are_left_out)
{
    make(BODY("rdpkru\nlfence\nmfence\nsfence\nfxrstor (%rdi)\nxsave (%rdi)\nxsaveopt (%rdi)\n"
              "stmxcsr (%rdi)\nrdgsbase %rax\nwrfsbase %rax\nrdrand %rax\nxsavec (%rdi)\n"
              "mov %eax,%fs\nmov %gs,%eax\npush %gs\nlfs (%rdi),%eax\nbtr %eax,%ebx\n"));
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 0);
    ck_assert(fixture.analysis.unsafe_searched);
}
END_TEST

START_TEST(inside_an_immediate)
{
    make(BODY("mov $0x00ef010f,%eax\n"));
    expect_host(the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSIDE), 1, 5, PART_IMMEDIATE,
                PART_IMMEDIATE);
}
END_TEST

START_TEST(inside_a_displacement)
{
    make(BODY("movl $1,0x28ae0f(%rax,%rcx)\n"));
    expect_host(the_match(3, ENDORUN_UNSAFE_XRSTOR, UNSAFE_INSIDE), 3, 11, PART_DISPLACEMENT,
                PART_DISPLACEMENT);
}
END_TEST

START_TEST(from_modrm_to_displacement)
{
    make(BODY(".byte 0x48,0x8b,0x84,0x0f,0x01,0xef,0x00,0x00\n")); /* mov 0xef01(%rdi,%rcx),%rax */
    expect_host(the_match(3, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSIDE), 3, 8, PART_SIB,
                PART_DISPLACEMENT);
}
END_TEST

START_TEST(inside_what_moving_changes)
{
    make(BODY("lea 0x00ef010f(%rip),%rax\n"));
    expect_host(the_match(3, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSIDE), 3, 7, PART_RIP_DISPLACEMENT,
                PART_RIP_DISPLACEMENT);
    fixture_close(&fixture);
    make(BODY(".byte 0xe9,0x0f,0x01,0xef,0xff\n"));
    expect_host(the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSIDE), 1, 5, PART_BRANCH, PART_BRANCH);
}
END_TEST

/* An XRSTOR that holds the bytes of another: two matches, one of them an instruction. */
START_TEST(inside_an_unsafe_instruction)
{
    make(BODY("xrstor 0x28ae0f(%rdi)\n"));
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 2);
    ck_assert_int_eq(match_at(TEXT)->state, UNSAFE_INSTRUCTION);
    ck_assert_int_eq(match_at(TEXT + 3)->state, UNSAFE_INSIDE);
}
END_TEST

/* F3 0F 01 EF is STUI: the opcode of WRPKRU, and another instruction. */
START_TEST(inside_the_opcode_of_another)
{
    make(BODY(".byte 0xf3,0x0f,0x01,0xef\n"));
    expect_host(the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSIDE), 1, 4, PART_OPCODE, PART_MODRM);
}
END_TEST

START_TEST(across_two_instructions)
{
    make(BODY("mov (%rdi),%ecx\nadd %ebp,%edi\n"));
    expect_host(the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_ACROSS), 1, 2, PART_MODRM, PART_MODRM);
}
END_TEST

/* The same mnemonic does not make it one: here 8E is the immediate of another mov. */
START_TEST(across_from_an_instruction_of_that_name)
{
    make(BODY("mov $0x8e,%dl\njmp f-0x20\n"));
    expect_host(the_match(1, ENDORUN_UNSAFE_MOV_GS, UNSAFE_ACROSS), 1, 2, PART_IMMEDIATE,
                PART_IMMEDIATE);
}
END_TEST

/* F3 ends one instruction and counts as the prefix of what follows: hidden WRGSBASE. */
START_TEST(a_prefix_from_another_instruction)
{
    make(BODY("mov $0xae0f66f3,%eax\nfadd %st(0),%st\n"));
    the_match(3, ENDORUN_UNSAFE_WRGSBASE, UNSAFE_ACROSS);
}
END_TEST

START_TEST(behind_an_unconditional_transfer)
{
    make(BODY("ret\nwrpkru\n"));
    the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_UNREACHED);
    fixture_close(&fixture);
    make(BODY("je 1f\nret\n1:\nwrpkru\n"));
    the_match(3, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSTRUCTION);
}
END_TEST

START_TEST(behind_what_cannot_be_decoded)
{
    make(BODY(".byte 0x06\nwrpkru\n"));
    the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_UNREACHED);
}
END_TEST

START_TEST(where_exceptions_land)
{
    make(".globl f\n.type f,@function\nf:\n.cfi_startproc\n.cfi_lsda 0x1b,.Llsda\nret\n2:\n"
         "wrpkru\nret\n" END("f") ".section .gcc_except_table,\"a\"\n.Llsda:\n.byte 0xff,0xff,1\n"
                                  ".uleb128 4f-3f\n3:\n.uleb128 0\n.uleb128 1\n.uleb128 2b-f\n"
                                  ".uleb128 0\n4:\n");
    the_match(1, ENDORUN_UNSAFE_WRPKRU, UNSAFE_INSTRUCTION);
}
END_TEST

START_TEST(code_that_no_function_covers)
{
    make("wrpkru\nret\n");
    ck_assert_ptr_null(the_match(0, ENDORUN_UNSAFE_WRPKRU, UNSAFE_UNCOVERED)->place.symbol);
}
END_TEST

START_TEST(data_in_an_executable_segment)
{
    fixture_link(&fixture, BODY("") ".section .rodata,\"a\"\n.globl d\nd:\n.byte 0x0f,0x01,0xef\n",
                 "-shared -Wl,-z,noseparate-code");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
    ck_assert_int_eq(fixture.analysis.unsafe[0].state, UNSAFE_DATA);
}
END_TEST

/* What follows the segment in the file is mapped with its last page, up to that page's end. */
START_TEST(the_rest_of_the_last_page)
{
    static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};

    fixture_link(&fixture, BODY(""), "-shared");
    fixture_alter(&fixture, TEXT + 0xffd, wrpkru, sizeof(wrpkru));
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    the_match(0xffd, ENDORUN_UNSAFE_WRPKRU, UNSAFE_DATA);
    fixture_alter(&fixture, TEXT + 0xffd, "\x90\x90\x90\x0f\x01\xef", 6);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 0);
}
END_TEST

START_TEST(files_without_executable_segments)
{
    fixture_link(&fixture, ".data\n.byte 0x0f,0x01,0xef\n", "-shared");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 0);
}
END_TEST

/*
 * The file is read in pieces: with matches all over it, at every alignment, none is lost, and none
 * is made up for want of the bytes before.
 */
START_TEST(matches_across_pieces)
{
    static const struct {
        const char *text;
        size_t size;
        enum endorun_unsafe_kind kind;
    } fills[] = {
        {"wrpkru\n", 3, ENDORUN_UNSAFE_WRPKRU},
        {".byte 0xd5,0x80,0x01,0xef\n", 4, ENDORUN_UNSAFE_WRPKRU},
        {".byte 0xf3\n.fill 11,1,0x66\n.byte 0x0f,0xae,0xd8\n", 15, ENDORUN_UNSAFE_WRGSBASE},
        {".byte 0x90\n.fill 11,1,0x66\n.byte 0x0f,0xae,0xd8\n", 15, ENDORUN_UNSAFE_NONE},
    };

    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        for (size_t shift = 0; shift < fills[i].size; shift++) {
            const size_t count = fills[i].kind != ENDORUN_UNSAFE_NONE ? ROW_COUNT : 0;
            char source[256];

            snprintf(source, sizeof(source), "f:\n.fill %zu,1,0x90\n.rept %u\n%s.endr\n",
                     PIECE_SIZE - fills[i].size * (ROW_COUNT / 2) + shift, ROW_COUNT,
                     fills[i].text);
            make(source);
            ck_assert_uint_eq(fixture.analysis.unsafe_count, count);
            for (size_t j = 0; j < count; j++)
                ck_assert_int_eq(fixture.analysis.unsafe[j].kind, fills[i].kind);
            fixture_close(&fixture);
        }
    }
    memset(&fixture, 0, sizeof(fixture));
}
END_TEST

static char *report_by(void (*writer)(FILE *, const char *, const struct analysis *))
{
    char *report = NULL;
    size_t size;
    FILE *out = open_memstream(&report, &size);

    ck_assert_ptr_nonnull(out);
    writer(out, "name", &fixture.analysis);
    ck_assert_int_eq(fclose(out), 0);
    return report;
}

static void expect(const char *report, const char *part)
{
    ck_assert_msg(strstr(report, part) != NULL, "\"%s\" not in:\n%s", part, report);
}

static void make_for_report(void)
{
    make(BODY("wrpkru\nmov $0xef010f,%eax\nmov $0xe88e,%eax\nmov %eax,%gs\n"));
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 4);
}

START_TEST(the_text)
{
    char *report;

    make_for_report();
    report = report_by(analysis_write_text);
    expect(report, "\nname: bytes of unsafe instructions in executable pages\n");
    expect(report, "\nwrpkru              1            1            0            0            0"
                   "            0\n");
    expect(report, "\nmov-gs              1            1            0            0            0"
                   "            0\n");
    expect(report, "\n0x000000001000  0x00001000  wrpkru    0f 01 ef     instruction  f+0x0; with "
                   "protection keys refused, but for glibc's own: an instruction of the program\n");
    expect(report,
           "\n0x000000001004  0x00001004  wrpkru    0f 01 ef     inside       f+0x4  (byte "
           "1 of 5: immediate to immediate); with protection keys refused: what holds it does "
           "not change with its place\n");
    expect(report, "\n0x00000000100d  0x0000100d  mov-gs    8e e8        instruction  f+0xd\n");
    ck_assert_ptr_null(strstr(report, "0x000000001009")); /* selector loads elsewhere: counted */
    free(report);
}
END_TEST

START_TEST(the_json)
{
    char *report;

    make_for_report();
    report = report_by(analysis_write_json);
    expect(report, "\"sites\": [],\n  \"unsafe_counts\": {\n    \"wrpkru\": {\"instruction\": 1, "
                   "\"inside\": 1, \"across\": 0, \"unreached\": 0, \"uncovered\": 0, \"data\": "
                   "0},\n    \"xrstor\": {");
    expect(report, "    {\"address\": \"0x1004\", \"offset\": 4100, \"symbol\": \"f\", "
                   "\"symbol_offset\": 4, \"kind\": \"wrpkru\", \"bytes\": \"0f01ef\", \"state\": "
                   "\"inside\", \"host_offset\": 1, \"host_size\": 5, \"first\": \"immediate\", "
                   "\"last\": \"immediate\", \"cure\": \"fixed\"},\n");
    expect(report,
           "\"bytes\": \"8ee8\", \"state\": \"instruction\", \"cure\": \"allowed\"}\n  ]\n}\n");
    free(report);
    fixture_close(&fixture);
    make(BODY(""));
    report = report_by(analysis_write_json);
    expect(report, "\"lgs\": {\"instruction\": 0, \"inside\": 0, \"across\": 0, \"unreached\": 0, "
                   "\"uncovered\": 0, \"data\": 0}\n  },\n  \"unsafe\": []\n}\n");
    free(report);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        instructions_of_every_kind,
        neighbours_of_the_encodings_are_left_out,
        inside_an_immediate,
        inside_a_displacement,
        from_modrm_to_displacement,
        inside_what_moving_changes,
        inside_an_unsafe_instruction,
        inside_the_opcode_of_another,
        across_two_instructions,
        across_from_an_instruction_of_that_name,
        a_prefix_from_another_instruction,
        behind_an_unconditional_transfer,
        behind_what_cannot_be_decoded,
        where_exceptions_land,
        code_that_no_function_covers,
        data_in_an_executable_segment,
        the_rest_of_the_last_page,
        files_without_executable_segments,
        matches_across_pieces,
        the_text,
        the_json,
    };

    return fixture_run("analyse_unsafe", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
