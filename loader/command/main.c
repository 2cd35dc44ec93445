#include <stdio.h>

#include "analyser_process.h"
#include "check.h"
#include "command_line.h"
#include "launch.h"
#include "learn.h"
#include "message.h"
#include "policy_process.h"
#include "report_process.h"

static int print_version(void)
{
    printf("endorun %s\n", ENDORUN_VERSION);
    finish_standard_output();
    return 0;
}

int main(int argc, char **argv)
{
    struct command_line line;

    (void)argc;
    parse_command_line(&line, argv);
    switch (line.mode) {
    case MODE_LEARN:
        line.operands++; /* behind the word */
        learn(&line);
        launch(&line);
    case MODE_RUN:
        launch(&line);
    case MODE_CHECK:
        return check_machine(line.json);
    case MODE_ANALYZE:
        analyser_process_print(line.analyzed_file, line.json);
    case MODE_PLAN:
        analyser_process_plan(line.operands[0]);
    case MODE_POLICY:
        policy_process_run(line.operands);
    case MODE_REPORT:
        report_process_run(line.operands);
    case MODE_HELP:
        print_help();
        return 0;
    case MODE_VERSION:
        return print_version();
    }
    return STATUS_SETUP; /* not reached: every mode is listed above */
}
