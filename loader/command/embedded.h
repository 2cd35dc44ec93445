/*
 * The executables that this one carries, so that endorun is one file for the user. Each runs from
 * a sealed memfd.
 */
#ifndef ENDORUN_COMMAND_EMBEDDED_H
#define ENDORUN_COMMAND_EMBEDDED_H

#include <stddef.h>

extern const char embedded_monitor[]; /* what becomes the program */
extern const char embedded_monitor_end[];

extern const char
    embedded_analyser[]; /* alone needs libelf and Zydis: they are not loaded to run */
extern const char embedded_analyser_end[];

extern const char embedded_policy[]; /* alone has the reader of TOML and the policy compiler */
extern const char embedded_policy_end[];

extern const char embedded_report[]; /* alone has the reader of JSON and the page */
extern const char embedded_report_end[];

#endif
