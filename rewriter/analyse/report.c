/* The reports of `endorun --analyze`. Names come from hostile files: nothing is passed unescaped.
 */
#include "analyse.h"
#include "../../loader/command/escape.h"

#include <inttypes.h>

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

static void write_text_site(FILE *out, const struct analysis *analysis, uint32_t index)
{
    const struct endorun_plan_site *site = &plan_sites(analysis->plan)[index];
    const struct analysed_place *details = &analysis->sites[index];

    fprintf(out, "0x%012" PRIx64 "  %-9s  ", details->address, tactic_name(site->tactic));
    if (details->symbol != NULL) {
        write_plain(out, details->symbol);
        fprintf(out, "+0x%" PRIx64, details->symbol_offset);
    } else {
        fputc('-', out);
    }
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

void analysis_write_text(FILE *out, const char *file_name, const struct analysis *analysis)
{
    const struct endorun_plan *plan = analysis->plan;

    write_plain(out, file_name);
    fprintf(out,
            ": %" PRIu32 " system call sites: %" PRIu32 " by padding, %" PRIu32
            " by the preceding instruction, %" PRIu32 " left to SUD\n",
            plan->site_count, count_tactic(plan, ENDORUN_TACTIC_PADDING),
            count_tactic(plan, ENDORUN_TACTIC_PRECEDING), count_tactic(plan, ENDORUN_TACTIC_SUD));
    for (uint32_t i = 0; i < plan->site_count; i++)
        write_text_site(out, analysis, i);
}

static void write_json_site(FILE *out, const struct analysis *analysis, uint32_t index)
{
    const struct endorun_plan_site *site = &plan_sites(analysis->plan)[index];
    const struct analysed_place *details = &analysis->sites[index];

    fprintf(out, "    {\"address\": \"0x%" PRIx64 "\", \"offset\": %" PRIu64 ", \"symbol\": ",
            details->address, site->offset);
    if (details->symbol != NULL) {
        write_json_string(out, details->symbol);
        fprintf(out, ", \"symbol_offset\": %" PRIu64, details->symbol_offset);
    } else {
        fputs("null, \"symbol_offset\": null", out);
    }
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

void analysis_write_json(FILE *out, const char *file_name, const struct analysis *analysis)
{
    const struct endorun_plan *plan = analysis->plan;

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
        fputs(i == 0 ? "\n" : ",\n", out);
        write_json_site(out, analysis, i);
    }
    fputs(plan->site_count == 0 ? "]\n}\n" : "\n  ]\n}\n", out);
}
