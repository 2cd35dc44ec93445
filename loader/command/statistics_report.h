/* The two forms in which --stats shows what was added up. */
#ifndef ENDORUN_COMMAND_STATISTICS_REPORT_H
#define ENDORUN_COMMAND_STATISTICS_REPORT_H

#include <stdio.h>

#include "statistics.h"

#define STATISTICS_SCHEMA 1 /* "schema" of the JSON */

/* Both want settled statistics. `program` is what the user called it. */
void write_statistics_table(FILE *out, const struct statistics *statistics, const char *program);
void write_statistics_json(FILE *out, const struct statistics *statistics, const char *program);

#endif
