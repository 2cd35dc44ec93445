/*
 * The hosted analyser: from an open ELF file to its patch plan (endorun/plan.h).
 *
 * The file is hostile input: whatever its bytes are, a call ends with a plan or with a message. A
 * plan is advice; without one (after an error) every system call of the file is left to SUD.
 */
#ifndef ENDORUN_ANALYSE_H
#define ENDORUN_ANALYSE_H

#include "endorun/plan.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ANALYSE_ERROR_SIZE    256U /* bytes of a message, its NUL included */
#define ANALYSE_REPORT_SCHEMA 1    /* "schema" of analysis_write_json() */

/* What a reader of `endorun --analyze` wants to know of a place in the code; the monitor does not.
 */
struct analysed_place {
    uint64_t address;       /* as the file's own p_vaddr count it */
    uint64_t symbol_offset; /* address minus the symbol's value */
    char *symbol;           /* nearest function symbol at or below; NULL: none covers the place */
};

struct analysis {
    struct endorun_plan *plan;    /* plan->size bytes: the header, then its sites */
    struct analysed_place *sites; /* plan->site_count of them, in the plan's order */
};

/*
 * Analyses the ELF file open for reading at `fd`; the file position is neither used nor changed.
 * Returns 0 and a result to be given to analysis_release(), or -1 and a message in `error`.
 * The libraries libelf and Zydis are loaded at the first call that needs them.
 * Not to be called by two threads at once.
 */
int analyse_file(int fd, struct analysis *analysis, char error[ANALYSE_ERROR_SIZE]);

void analysis_release(struct analysis *analysis);

/* The sites that follow the header. */
struct endorun_plan_site *plan_sites(const struct endorun_plan *plan);

/* The names used in reports: "padding", "preceding", "sud"; "sigreturn", "no-fde", ... */
const char *tactic_name(unsigned tactic);
const char *sud_reason_name(unsigned reason);

/* Write the report on `file_name`. The caller looks at ferror(). */
void analysis_write_text(FILE *out, const char *file_name, const struct analysis *analysis);
void analysis_write_json(FILE *out, const char *file_name, const struct analysis *analysis);

#endif
