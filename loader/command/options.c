/* The option table, and what each option does to the command line. */
#include <string.h>

#include "command_line.h"
#include "message.h"
#include "trace_options.h"

#define IN(mode) (1U << (mode))

static void choose_mode(struct command_line *line, const struct command_option *option,
                        enum command_mode mode)
{
    if (line->mode_option != NULL && strcmp(line->mode_option, option->name) != 0)
        die(STATUS_SETUP, "--%s and --%s exclude each other", line->mode_option, option->name);
    line->mode = mode;
    line->mode_option = option->name;
}

static void apply_isolation(struct command_line *line, const struct command_option *option,
                            const char *argument)
{
    static const char *const names[] = {
        [ISOLATION_CHOICE_AUTO] = "auto",
        [ISOLATION_CHOICE_KERNEL] = "kernel",
        [ISOLATION_CHOICE_PKEY] = "pkey",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(argument, names[i]) == 0) {
            line->isolation = (enum isolation_choice)i;
            return;
        }
    }
    die(STATUS_SETUP, "--%s=%s: expected one of %s", option->name, argument, option->argument);
}

static void apply_no_rewrite(struct command_line *line, const struct command_option *option,
                             const char *argument)
{
    (void)option;
    (void)argument;
    line->no_rewrite = true;
}

static void apply_sud(struct command_line *line, const struct command_option *option,
                      const char *argument)
{
    if (strcmp(argument, "range") != 0 && strcmp(argument, "selector") != 0)
        die(STATUS_SETUP, "--%s=%s: expected one of %s", option->name, argument, option->argument);
    line->selector = strcmp(argument, "selector") == 0;
}

static void apply_jit(struct command_line *line, const struct command_option *option,
                      const char *argument)
{
    if (strcmp(argument, "allow") != 0 && strcmp(argument, "deny") != 0)
        die(STATUS_SETUP, "--%s=%s: expected one of %s", option->name, argument, option->argument);
    line->jit_denied = strcmp(argument, "deny") == 0;
}

static void apply_policy(struct command_line *line, const struct command_option *option,
                         const char *argument)
{
    if (*argument == '\0')
        die(STATUS_SETUP, "--%s=: the name of the file is empty", option->name);
    if (line->policy_file != NULL)
        die(STATUS_SETUP, "--%s is given twice; a policy can include others", option->name);
    line->policy_file = argument;
}

static void apply_complain(struct command_line *line, const struct command_option *option,
                           const char *argument)
{
    (void)option;
    (void)argument;
    line->complain = true;
}

static void apply_stats(struct command_line *line, const struct command_option *option,
                        const char *argument)
{
    if (argument != NULL && *argument == '\0')
        die(STATUS_SETUP, "--%s=: the name of the file is empty", option->name);
    line->stats = true;
    line->stats_file = argument;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void apply_trace(struct command_line *line, const struct command_option *option,
                        const char *argument)
{
    if (argument != NULL && *argument == '\0')
        die(STATUS_SETUP, "--%s=: the name of the file is empty", option->name);
    line->trace.writes = true;
    line->trace.file = argument;
    line->trace.options.json = argument != NULL && ends_with(argument, ".json");
}

static void apply_live(struct command_line *line, const struct command_option *option,
                       const char *argument)
{
    (void)option;
    (void)argument;
    line->trace.is_live = true;
}

static void apply_trace_lossy(struct command_line *line, const struct command_option *option,
                              const char *argument)
{
    (void)argument;
    line->traced_option = option->name;
    line->trace.is_lossy = true;
}

static void apply_expression(struct command_line *line, const struct command_option *option,
                             const char *argument)
{
    line->traced_option = option->name;
    trace_request_select(&line->trace, argument);
}

static void apply_string_limit(struct command_line *line, const struct command_option *option,
                               const char *argument)
{
    line->traced_option = option->name;
    trace_request_limit_strings(&line->trace, argument);
}

static void apply_decode_fds(struct command_line *line, const struct command_option *option,
                             const char *argument)
{
    (void)argument;
    line->trace_option = option->name;
    line->trace.options.names_descriptors = true;
}

/* -t, -tt, -ttt */
static void apply_absolute_timestamps(struct command_line *line,
                                      const struct command_option *option, const char *argument)
{
    enum trace_stamps *stamps = &line->trace.options.stamps;

    (void)argument;
    line->trace_option = option->name;
    if (*stamps == TRACE_STAMPS_RELATIVE || *stamps == TRACE_STAMPS_NONE)
        *stamps = TRACE_STAMPS_SECONDS;
    else if (*stamps < TRACE_STAMPS_UNIX)
        ++*stamps;
}

static void apply_relative_timestamps(struct command_line *line,
                                      const struct command_option *option, const char *argument)
{
    (void)argument;
    line->trace_option = option->name;
    line->trace.options.stamps = TRACE_STAMPS_RELATIVE;
}

static void apply_syscall_times(struct command_line *line, const struct command_option *option,
                                const char *argument)
{
    (void)argument;
    line->trace_option = option->name;
    line->trace.options.shows_durations = true;
}

static void apply_summary_only(struct command_line *line, const struct command_option *option,
                               const char *argument)
{
    (void)argument;
    line->trace_option = option->name;
    line->trace.options.summarises = true;
    line->trace.options.shows_lines = false;
}

static void apply_summary(struct command_line *line, const struct command_option *option,
                          const char *argument)
{
    (void)argument;
    line->trace_option = option->name;
    line->trace.options.summarises = true;
    line->trace.options.shows_lines = true;
}

static void apply_trace_path(struct command_line *line, const struct command_option *option,
                             const char *argument)
{
    line->traced_option = option->name;
    trace_request_add_path(&line->trace, argument);
}

static void apply_argv0(struct command_line *line, const struct command_option *option,
                        const char *argument)
{
    (void)option;
    line->argv0 = argument;
}

static void apply_check(struct command_line *line, const struct command_option *option,
                        const char *argument)
{
    choose_mode(line, option, MODE_CHECK);
    if (argument == NULL)
        return;
    if (strcmp(argument, "json") != 0)
        die(STATUS_SETUP, "--%s=%s: the only format to choose is json", option->name, argument);
    line->json = true;
}

static void apply_analyze(struct command_line *line, const struct command_option *option,
                          const char *argument)
{
    if (*argument == '\0')
        die(STATUS_SETUP, "--%s: the name of the file is empty", option->name);
    choose_mode(line, option, MODE_ANALYZE);
    line->analyzed_file = argument;
}

static void apply_json(struct command_line *line, const struct command_option *option,
                       const char *argument)
{
    (void)option;
    (void)argument;
    line->json = true;
}

static void apply_internal_plan(struct command_line *line, const struct command_option *option,
                                const char *argument)
{
    (void)argument;
    choose_mode(line, option, MODE_PLAN);
}

static void apply_help(struct command_line *line, const struct command_option *option,
                       const char *argument)
{
    (void)argument;
    line->mode = MODE_HELP;
    line->mode_option = option->name;
}

static void apply_version(struct command_line *line, const struct command_option *option,
                          const char *argument)
{
    (void)argument;
    line->mode = MODE_VERSION;
    line->mode_option = option->name;
}

const struct command_option command_options[] = {
    {.name = "isolation",
     .argument = "auto|kernel|pkey",
     .modes = IN(MODE_RUN) | IN(MODE_LEARN),
     .apply = apply_isolation,
     .help =
         "what keeps the program out of the monitor's memory: protection keys (pkey) or nothing "
         "(kernel: only what the kernel itself enforces is a boundary); auto, the default, is pkey "
         "where the processor and the kernel have protection keys, and kernel elsewhere"},
    {.name = "policy",
     .argument = "FILE",
     .modes = IN(MODE_RUN),
     .apply = apply_policy,
     .help = "run the program, and all that it starts, under the rules of FILE, or of @NAME, a "
             "built-in profile; `endorun policy explain FILE` says what holds each of them"},
    {.name = "complain",
     .modes = IN(MODE_RUN),
     .apply = apply_complain,
     .help = "with --policy: report what the policy would deny, and allow it"},
    {.name = "no-rewrite",
     .modes = IN(MODE_RUN) | IN(MODE_LEARN),
     .apply = apply_no_rewrite,
     .help = "rewrite no system call site: every call is trapped by Syscall User Dispatch, which "
             "is slow; to find out whether rewriting is to blame for a fault"},
    {.name = "sud",
     .argument = "range|selector",
     .modes = IN(MODE_RUN) | IN(MODE_LEARN),
     .apply = apply_sud,
     .help =
         "how Syscall User Dispatch tells the monitor's calls from the program's: by the address "
         "(range, the default), or by a selector byte, as protection keys need it; to "
         "measure the difference"},
    {.name = "jit",
     .argument = "allow|deny",
     .modes = IN(MODE_RUN) | IN(MODE_LEARN),
     .apply = apply_jit,
     .help = "with protection keys: whether memory that the program has written may become "
             "executable (allow, the default: each page is searched whenever it does), or is "
             "refused (deny: EACCES)"},
    {.name = "stats",
     .argument = "FILE",
     .optional = true,
     .modes = IN(MODE_RUN),
     .apply = apply_stats,
     .help = "at the end, say how many system calls the program made, how many of them were "
             "trapped, and where: on standard error, or as JSON into FILE; endorun then stays, as "
             "the program's parent, and ends as the program does"},
    {.name = "trace",
     .argument = "FILE",
     .optional = true,
     .modes = IN(MODE_RUN),
     .apply = apply_trace,
     .help = "write a line for each system call of the program and of all that it starts, when it "
             "returns: on standard error, or into FILE; as JSON lines when its name ends in .json"},
    {.name = "live",
     .modes = IN(MODE_RUN),
     .apply = apply_live,
     .help = "show, while the program runs, how many system calls are made: which, on what, by "
             "which threads, from which libraries; what the program writes to the terminal comes "
             "afterwards"},
    {.name = "expression",
     .letter = 'e',
     .argument = "EXPRESSION",
     .modes = IN(MODE_RUN),
     .apply = apply_expression,
     .help = "with --trace or --live: which calls are shown, or what is done to them: see below"},
    {.name = "trace-path",
     .letter = 'P',
     .argument = "PATH",
     .modes = IN(MODE_RUN),
     .apply = apply_trace_path,
     .help = "with --trace or --live: only calls that name PATH, or have a descriptor of it; more "
             "than once "
             "for more"},
    {.name = "decode-fds",
     .letter = 'y',
     .modes = IN(MODE_RUN),
     .apply = apply_decode_fds,
     .help = "with --trace: show what descriptors lead to, as in 3</etc/hosts>"},
    {.name = "absolute-timestamps",
     .letter = 't',
     .modes = IN(MODE_RUN),
     .apply = apply_absolute_timestamps,
     .help = "with --trace: begin each line with the time of day; -tt: with microseconds; -ttt: "
             "in seconds since 1970"},
    {.name = "relative-timestamps",
     .letter = 'r',
     .modes = IN(MODE_RUN),
     .apply = apply_relative_timestamps,
     .help = "with --trace: begin each line with the time since the line before"},
    {.name = "syscall-times",
     .letter = 'T',
     .modes = IN(MODE_RUN),
     .apply = apply_syscall_times,
     .help = "with --trace: end each line with the time that the call took, in seconds"},
    {.name = "summary-only",
     .letter = 'c',
     .modes = IN(MODE_RUN),
     .apply = apply_summary_only,
     .help = "with --trace: instead of lines, at the end a table of how often each call was made, "
             "failed, and how long it took"},
    {.name = "summary",
     .letter = 'C',
     .modes = IN(MODE_RUN),
     .apply = apply_summary,
     .help = "with --trace: the same table, after the lines"},
    {.name = "string-limit",
     .letter = 's',
     .argument = "NUMBER",
     .modes = IN(MODE_RUN),
     .apply = apply_string_limit,
     .help = "with --trace: show so many bytes of a string or of data, 32 unless told otherwise"},
    {.name = "trace-lossy",
     .modes = IN(MODE_RUN),
     .apply = apply_trace_lossy,
     .help = "with --trace or --live: where the program is faster than its calls are written or "
             "counted, drop records and say how many, instead of waiting"},
    {.name = "argv0",
     .argument = "NAME",
     .modes = IN(MODE_RUN) | IN(MODE_LEARN),
     .apply = apply_argv0,
     .help = "give the program NAME as its argument 0 instead of PROGRAM"},
    {.name = "check",
     .argument = "json",
     .optional = true,
     .modes = IN(MODE_CHECK),
     .apply = apply_check,
     .help = "say what this machine offers and what follows from it; exit status 0 when endorun "
             "can run here, 1 when not"},
    {.name = "analyze",
     .argument = "FILE",
     .modes = IN(MODE_ANALYZE),
     .apply = apply_analyze,
     .help = "list the system call sites of an ELF file: address, symbol, how each is rewritten, "
             "and why one is left to Syscall User Dispatch"},
    {.name = "json",
     .modes = IN(MODE_CHECK) | IN(MODE_ANALYZE),
     .apply = apply_json,
     .help = "with --check or --analyze: print JSON"},
    {.name = "internal-plan", .modes = IN(MODE_PLAN), .apply = apply_internal_plan},
    {.name = "help",
     .modes = IN(MODE_HELP),
     .apply = apply_help,
     .help = "print this text and exit"},
    {.name = "version",
     .modes = IN(MODE_VERSION),
     .apply = apply_version,
     .help = "print the version and exit"},
};
const size_t command_option_count = sizeof command_options / sizeof command_options[0];
