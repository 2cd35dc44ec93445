/* The executable of `endorun report` (trace/report), which alone reads recorded traces. */
#ifndef ENDORUN_COMMAND_REPORT_PROCESS_H
#define ENDORUN_COMMAND_REPORT_PROCESS_H

/* In the place of this process. `operands`: "report" and what follows it, NULL-terminated. */
__attribute__((noreturn)) void report_process_run(char **operands);

#endif
