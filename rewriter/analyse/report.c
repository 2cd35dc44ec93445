/* The reports of `endorun --analyze`. Names come from hostile files: nothing is passed unescaped.
 */
#include "analyse.h"
#include "../../loader/command/escape.h"

#include <inttypes.h>
#include <string.h>

const char *tactic_name(unsigned tactic)
{
    static const char *const names[ENDORUN_TACTIC_COUNT] = {
        [ENDORUN_TACTIC_SUD] = "sud",
        [ENDORUN_TACTIC_PADDING] = "padding",
        [ENDORUN_TACTIC_PRECEDING] = "preceding",
    };

    return tactic < ENDORUN_TACTIC_COUNT ? names[tactic] : "unknown";
}

const char *sud_reason_name(unsigned reason)
{
    static const char *const names[ENDORUN_REASON_COUNT] = {
        [ENDORUN_REASON_NONE] = "none",
        [ENDORUN_REASON_SIGRETURN] = "sigreturn",
        [ENDORUN_REASON_NO_FDE] = "no-fde",
        [ENDORUN_REASON_NO_ROOM] = "no-room",
        [ENDORUN_REASON_NOT_DECODED] = "not-decoded",
        [ENDORUN_REASON_BRANCH_TARGET] = "branch-target",
    };

    return reason < ENDORUN_REASON_COUNT ? names[reason] : "unknown";
}

static const char *sud_reason_sentence(unsigned reason)
{
    static const char *const sentences[ENDORUN_REASON_COUNT] = {
        [ENDORUN_REASON_NONE] = "",
        [ENDORUN_REASON_SIGRETURN] = "unwinders recognise the bytes of a signal restorer",
        [ENDORUN_REASON_NO_FDE] = "no unwind information or function symbol covers it",
        [ENDORUN_REASON_NO_ROOM] = "no dead padding in reach, nothing displaceable before it",
        [ENDORUN_REASON_NOT_DECODED] = "not proven to be an instruction",
        [ENDORUN_REASON_BRANCH_TARGET] = "there is room, but something refers into it",
    };

    return reason < ENDORUN_REASON_COUNT ? sentences[reason] : "unknown reason";
}

const char *unsafe_kind_name(unsigned kind)
{
    static const char *const names[ENDORUN_UNSAFE_COUNT] = {
        [ENDORUN_UNSAFE_NONE] = "none",         [ENDORUN_UNSAFE_WRPKRU] = "wrpkru",
        [ENDORUN_UNSAFE_XRSTOR] = "xrstor",     [ENDORUN_UNSAFE_XRSTORS] = "xrstors",
        [ENDORUN_UNSAFE_WRGSBASE] = "wrgsbase", [ENDORUN_UNSAFE_MOV_GS] = "mov-gs",
        [ENDORUN_UNSAFE_POP_GS] = "pop-gs",     [ENDORUN_UNSAFE_LGS] = "lgs",
    };

    return kind < ENDORUN_UNSAFE_COUNT ? names[kind] : "unknown";
}

const char *unsafe_state_name(unsigned state)
{
    static const char *const names[UNSAFE_STATE_COUNT] = {
        [UNSAFE_INSTRUCTION] = "instruction", [UNSAFE_INSIDE] = "inside",
        [UNSAFE_ACROSS] = "across",           [UNSAFE_UNREACHED] = "unreached",
        [UNSAFE_UNCOVERED] = "uncovered",     [UNSAFE_DATA] = "data",
    };

    return state < UNSAFE_STATE_COUNT ? names[state] : "unknown";
}

const char *instruction_part_name(unsigned part)
{
    static const char *const names[PART_COUNT] = {
        [PART_OPCODE] = "opcode",
        [PART_MODRM] = "modrm",
        [PART_SIB] = "sib",
        [PART_DISPLACEMENT] = "displacement",
        [PART_RIP_DISPLACEMENT] = "rip-displacement",
        [PART_BRANCH] = "branch",
        [PART_IMMEDIATE] = "immediate",
    };

    return part < PART_COUNT ? names[part] : "unknown";
}

const char *unsafe_cure_name(unsigned cure)
{
    static const char *const names[CURE_COUNT] = {
        [CURE_NOT_NEEDED] = "allowed",
        [CURE_MOVED] = "moved",
        [CURE_REENCODED] = "reencoded",
        [CURE_DATA] = "data",
        [CURE_INSTRUCTION] = "instruction",
        [CURE_UNCERTAIN] = "uncertain",
        [CURE_FIXED] = "fixed",
        [CURE_SHORT] = "short",
        [CURE_ENTERED] = "entered",
    };

    return cure < CURE_COUNT ? names[cure] : "unknown";
}

static const char *unsafe_cure_sentence(unsigned cure)
{
    static const char *const sentences[CURE_COUNT] = {
        [CURE_NOT_NEEDED] = "",
        [CURE_MOVED] = "",
        [CURE_REENCODED] = "another encoding of add takes the place of its end",
        [CURE_DATA] = "the pages around it hold no code, and are not executable",
        [CURE_INSTRUCTION] = "refused, but for glibc's own: an instruction of the program",
        [CURE_UNCERTAIN] = "refused: no instruction is proven here",
        [CURE_FIXED] = "refused: what holds it does not change with its place",
        [CURE_SHORT] = "refused: no room for a jump",
        [CURE_ENTERED] = "refused: something leads into the middle of what holds it",
    };

    return cure < CURE_COUNT ? sentences[cure] : "unknown";
}

bool unsafe_is_listed(const struct unsafe_match *match)
{
    return match->kind < ENDORUN_UNSAFE_MOV_GS || match->state == UNSAFE_INSTRUCTION;
}

/* Matches by kind and state. */
struct unsafe_counts {
    size_t of[ENDORUN_UNSAFE_COUNT][UNSAFE_STATE_COUNT];
};

static void count_unsafe(struct unsafe_counts *counts, const struct analysis *analysis)
{
    memset(counts, 0, sizeof(*counts));
    for (size_t i = 0; i < analysis->unsafe_count; i++)
        counts->of[analysis->unsafe[i].kind][analysis->unsafe[i].state]++;
}

/* Entries of the plan that are system call sites. */
static uint32_t count_sites(const struct endorun_plan *plan)
{
    const struct endorun_plan_site *sites = plan_sites(plan);
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->site_count; i++)
        count += !endorun_plan_is_cure(&sites[i]);
    return count;
}

static uint32_t count_tactic(const struct endorun_plan *plan, enum endorun_tactic tactic)
{
    const struct endorun_plan_site *sites = plan_sites(plan);
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->site_count; i++)
        count += sites[i].tactic == tactic;
    return count;
}

static uint64_t slot_address(const struct analysis *analysis, uint32_t index)
{
    return analysis->sites[index].address + 2 +
           (uint64_t)(int64_t)plan_sites(analysis->plan)[index].slot;
}

/* For terminals: one line, no control characters, no bytes that are not ASCII. */
static void write_plain(FILE *out, const char *string)
{
    for (const unsigned char *byte = (const unsigned char *)string; *byte != '\0'; byte++)
        fputc(*byte >= 0x20 && *byte < 0x7f ? *byte : '?', out);
}

static void write_text_place(FILE *out, const struct analysed_place *place)
{
    if (place->symbol != NULL) {
        write_plain(out, place->symbol);
        fprintf(out, "+0x%" PRIx64, place->symbol_offset);
    } else {
        fputc('-', out);
    }
}

static void write_text_site(FILE *out, const struct analysis *analysis, uint32_t index)
{
    const struct endorun_plan_site *site = &plan_sites(analysis->plan)[index];
    const struct analysed_place *details = &analysis->sites[index];

    fprintf(out, "0x%012" PRIx64 "  %-9s  ", details->address, tactic_name(site->tactic));
    write_text_place(out, details);
    if (site->tactic == ENDORUN_TACTIC_PADDING)
        fprintf(out, "  (slot at 0x%" PRIx64 ")", slot_address(analysis, index));
    else if (site->tactic == ENDORUN_TACTIC_PRECEDING)
        fprintf(out, "  (%u bytes displaced%s)", site->displaced,
                site->rip_relative != 0 ? ", RIP-relative" : "");
    else
        fprintf(out, "  (%s: %s)", sud_reason_name(site->reason),
                sud_reason_sentence(site->reason));
    fputc('\n', out);
}

static void write_text_match(FILE *out, const struct unsafe_match *match)
{
    char bytes[3 * ENDORUN_UNSAFE_SIZE_MAX + 1] = "";

    for (unsigned i = 0; i < match->size; i++)
        snprintf(bytes + 3 * (size_t)i, 4, "%02x ", match->bytes[i]);
    fprintf(out, "0x%012" PRIx64 "  0x%08" PRIx64 "  %-8s  %-12s %-11s  ", match->place.address,
            match->offset, unsafe_kind_name(match->kind), bytes, unsafe_state_name(match->state));
    write_text_place(out, &match->place);
    if (match->host_size != 0)
        fprintf(out, "  (byte %u of %u: %s to %s)", match->host_offset, match->host_size,
                instruction_part_name(match->first), instruction_part_name(match->last));
    if (match->cure == CURE_MOVED)
        fprintf(out, "; with protection keys the %u bytes at 0x%" PRIx64 " run in a stub",
                match->moved.size, match->moved.address);
    else if (match->cure != CURE_NOT_NEEDED)
        fprintf(out, "; with protection keys %s", unsafe_cure_sentence(match->cure));
    fputc('\n', out);
}

/* A table of kinds and states, then the matches one by one. */
static void write_text_unsafe(FILE *out, const char *file_name, const struct analysis *analysis)
{
    struct unsafe_counts counts;

    count_unsafe(&counts, analysis);
    write_plain(out, file_name);
    fputs(": bytes of unsafe instructions in executable pages\nkind    ", out);
    for (unsigned state = 0; state < UNSAFE_STATE_COUNT; state++)
        fprintf(out, "  %11s", unsafe_state_name(state));
    fputc('\n', out);
    for (unsigned kind = ENDORUN_UNSAFE_NONE + 1; kind < ENDORUN_UNSAFE_COUNT; kind++) {
        fprintf(out, "%-8s", unsafe_kind_name(kind));
        for (unsigned state = 0; state < UNSAFE_STATE_COUNT; state++)
            fprintf(out, "  %11zu", counts.of[kind][state]);
        fputc('\n', out);
    }
    for (size_t i = 0; i < analysis->unsafe_count; i++) {
        if (unsafe_is_listed(&analysis->unsafe[i]))
            write_text_match(out, &analysis->unsafe[i]);
    }
}

void analysis_write_text(FILE *out, const char *file_name, const struct analysis *analysis)
{
    const struct endorun_plan *plan = analysis->plan;

    write_plain(out, file_name);
    fprintf(out,
            ": %" PRIu32 " system call sites: %" PRIu32 " by padding, %" PRIu32
            " by the preceding instruction, %" PRIu32 " left to SUD\n",
            count_sites(plan), count_tactic(plan, ENDORUN_TACTIC_PADDING),
            count_tactic(plan, ENDORUN_TACTIC_PRECEDING), count_tactic(plan, ENDORUN_TACTIC_SUD));
    for (uint32_t i = 0; i < plan->site_count; i++) {
        if (!endorun_plan_is_cure(&plan_sites(plan)[i]))
            write_text_site(out, analysis, i);
    }
    if (analysis->unsafe_searched)
        write_text_unsafe(out, file_name, analysis);
}

/* Opens an object and leaves it open. */
static void write_json_place(FILE *out, const struct analysed_place *place, uint64_t offset)
{
    fprintf(out, "    {\"address\": \"0x%" PRIx64 "\", \"offset\": %" PRIu64 ", \"symbol\": ",
            place->address, offset);
    if (place->symbol != NULL) {
        write_json_string(out, place->symbol);
        fprintf(out, ", \"symbol_offset\": %" PRIu64, place->symbol_offset);
    } else {
        fputs("null, \"symbol_offset\": null", out);
    }
}

static void write_json_site(FILE *out, const struct analysis *analysis, uint32_t index)
{
    const struct endorun_plan_site *site = &plan_sites(analysis->plan)[index];
    const struct analysed_place *details = &analysis->sites[index];

    write_json_place(out, details, site->offset);
    fprintf(out, ", \"tactic\": \"%s\"", tactic_name(site->tactic));
    if (site->tactic == ENDORUN_TACTIC_PADDING)
        fprintf(out, ", \"slot\": \"0x%" PRIx64 "\"", slot_address(analysis, index));
    else if (site->tactic == ENDORUN_TACTIC_PRECEDING)
        fprintf(out, ", \"displaced\": %u, \"rip_relative\": %s", site->displaced,
                site->rip_relative != 0 ? "true" : "false");
    else
        fprintf(out, ", \"reason\": \"%s\"", sud_reason_name(site->reason));
    fputc('}', out);
}

static void write_json_match(FILE *out, const struct unsafe_match *match)
{
    write_json_place(out, &match->place, match->offset);
    fprintf(out, ", \"kind\": \"%s\", \"bytes\": \"", unsafe_kind_name(match->kind));
    for (unsigned i = 0; i < match->size; i++)
        fprintf(out, "%02x", match->bytes[i]);
    fprintf(out, "\", \"state\": \"%s\"", unsafe_state_name(match->state));
    if (match->host_size != 0)
        fprintf(out,
                ", \"host_offset\": %u, \"host_size\": %u, \"first\": \"%s\", \"last\": \"%s\"",
                match->host_offset, match->host_size, instruction_part_name(match->first),
                instruction_part_name(match->last));
    fprintf(out, ", \"cure\": \"%s\"", unsafe_cure_name(match->cure));
    if (match->cure == CURE_MOVED)
        fprintf(out, ", \"moved\": \"0x%" PRIx64 "\", \"moved_size\": %u", match->moved.address,
                match->moved.size);
    fputc('}', out);
}

static void write_json_unsafe(FILE *out, const struct analysis *analysis)
{
    struct unsafe_counts counts;
    bool empty = true;

    count_unsafe(&counts, analysis);
    fputs(",\n  \"unsafe_counts\": {", out);
    for (unsigned kind = ENDORUN_UNSAFE_NONE + 1; kind < ENDORUN_UNSAFE_COUNT; kind++) {
        fprintf(out, "%s\n    \"%s\": {", kind == ENDORUN_UNSAFE_NONE + 1 ? "" : ",",
                unsafe_kind_name(kind));
        for (unsigned state = 0; state < UNSAFE_STATE_COUNT; state++)
            fprintf(out, "%s\"%s\": %zu", state == 0 ? "" : ", ", unsafe_state_name(state),
                    counts.of[kind][state]);
        fputc('}', out);
    }
    fputs("\n  },\n  \"unsafe\": [", out);
    for (size_t i = 0; i < analysis->unsafe_count; i++) {
        if (!unsafe_is_listed(&analysis->unsafe[i]))
            continue;
        fputs(empty ? "\n" : ",\n", out);
        write_json_match(out, &analysis->unsafe[i]);
        empty = false;
    }
    fputs(empty ? "]" : "\n  ]", out);
}

void analysis_write_json(FILE *out, const char *file_name, const struct analysis *analysis)
{
    const struct endorun_plan *plan = analysis->plan;
    bool empty = true;

    fprintf(out, "{\n  \"schema\": %d,\n  \"file\": ", ANALYSE_REPORT_SCHEMA);
    write_json_string(out, file_name);
    fputs(",\n  \"build_id\": ", out);
    if (plan->build_id_size == 0) {
        fputs("null", out);
    } else {
        fputc('"', out);
        for (uint32_t i = 0; i < plan->build_id_size; i++)
            fprintf(out, "%02x", plan->build_id[i]);
        fputc('"', out);
    }
    fprintf(out,
            ",\n  \"counts\": {\"padding\": %" PRIu32 ", \"preceding\": %" PRIu32
            ", \"sud\": %" PRIu32 "},\n  \"sites\": [",
            count_tactic(plan, ENDORUN_TACTIC_PADDING),
            count_tactic(plan, ENDORUN_TACTIC_PRECEDING), count_tactic(plan, ENDORUN_TACTIC_SUD));
    for (uint32_t i = 0; i < plan->site_count; i++) {
        if (endorun_plan_is_cure(&plan_sites(plan)[i]))
            continue;
        fputs(empty ? "\n" : ",\n", out);
        write_json_site(out, analysis, i);
        empty = false;
    }
    fputs(empty ? "]" : "\n  ]", out);
    if (analysis->unsafe_searched)
        write_json_unsafe(out, analysis);
    fputs("\n}\n", out);
}
