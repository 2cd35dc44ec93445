/* Files for the analyser's tests: assembled, linked, altered and analysed while the test runs. */
#ifndef ENDORUN_TESTS_ANALYSE_FIXTURE_H
#define ENDORUN_TESTS_ANALYSE_FIXTURE_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "analyse.h"

struct fixture {
    char directory[64]; /* temporary, the test's own */
    char path[96];      /* of the linked file in it */
    uint8_t *file;      /* its content */
    size_t size;
    struct analysis analysis;
    char error[ANALYSE_ERROR_SIZE];
};

/*
 * Assembles `source` and links it with `options`, blank-separated options of the compiler driver;
 * "-nostdlib -Wl,--build-id=none -Wl,-z,separate-code" come before them. Ends the test on failure.
 */
void fixture_link(struct fixture *fixture, const char *source, const char *options);

/* The same for C. */
void fixture_compile(struct fixture *fixture, const char *source, const char *options);

/* A file that exists. It must not be altered. */
void fixture_open(struct fixture *fixture, const char *path);

/* Writes `size` bytes into the file at `offset`. */
void fixture_alter(struct fixture *fixture, uint64_t offset, const void *bytes, size_t size);

/* Analyses the file and holds the plan against plan_check(). Returns analyse_file()'s result. */
int fixture_analyse(struct fixture *fixture);

/* Adds the unsafe instructions to that analysis, in place of those found before. Must succeed. */
void fixture_search_unsafe(struct fixture *fixture);

/* fixture_link() as a shared object, then fixture_analyse(), which must succeed. */
void fixture_make(struct fixture *fixture, const char *source);

/* The site at `symbol` + `offset`; ends the test when there is none. */
const struct endorun_plan_site *fixture_site(const struct fixture *fixture, const char *symbol,
                                             uint64_t offset);

/* Address of the slot of the padding site at `symbol` + `offset`, relative to the symbol. */
int64_t fixture_slot(const struct fixture *fixture, const char *symbol, uint64_t offset);

/* Ends the test unless the site is left to SUD for `reason`, or rewritten by `tactic`. */
void expect_sud(const struct fixture *fixture, const char *symbol, uint64_t offset,
                enum endorun_sud_reason reason);
void expect_tactic(const struct fixture *fixture, const char *symbol, uint64_t offset,
                   enum endorun_tactic tactic);

/* Removes the temporary directory. */
void fixture_close(struct fixture *fixture);

/* Runs the tests, each in its process and with `teardown` after it. Returns main()'s result. */
int fixture_run(const char *suite_name, const TTest *const *tests, size_t count,
                void (*teardown)(void));

#endif
