#include "schema.h"

#include "model.h"

#include <sys/resource.h>

#define PROCESSES_MAX (1 << 22) /* the kernel's own limit of process IDs */

const struct schema_section schema_sections[] = {
    {"", "what stands before the first section"},
    {"filesystem", "files and folders, by path"},
    {"network", "sockets, by the address of the other end or of the own"},
    {"syscalls", "system calls, by name and arguments"},
    {"process", "new images and processes, and signals"},
    {"limits", "resource limits, soft and hard"},
    {"environment", "the variables that the program is started with"},
    {"report", "what happens when something is denied"},
};

const size_t schema_section_count = sizeof schema_sections / sizeof schema_sections[0];

#define KEY(of, named, is, has, otherwise, ...)                                                    \
    {                                                                                              \
        .section = of, .name = named, .type = SCHEMA_##is, .detail = has, .fallback = otherwise,   \
        .help = __VA_ARGS__                                                                        \
    }

/* Tables stand last in their section: what is printed has them under a heading of their own. */
/* clang-format off */
const struct schema_key schema_keys[] = {
    KEY("", "version", VERSION, 0, "none: must be written",
     "the version of the format: 1"),
    KEY("", "include", INCLUDES, 0, "[]",
     "policy files whose rules come before the own ones; \"@name\" is a built-in profile"),

    KEY("filesystem", "default", CHOICE, SETTING_FILESYSTEM_DEFAULT, "\"deny\"",
     "the verdict where no rule names the path", .values = "allow|deny"),
    KEY("filesystem", "read", PATHS, POLICY_PATH_READ, "[]",
     "patterns of what may be opened for reading"),
    KEY("filesystem", "write", PATHS, POLICY_PATH_WRITE, "[]",
     "patterns of what may be changed, created, renamed and removed"),
    KEY("filesystem", "exec", PATHS, POLICY_PATH_EXEC, "[]",
     "patterns of what may be executed"),
    KEY("filesystem", "deny", PATHS, POLICY_PATH_DENY, "[]",
     "patterns of what is refused with EACCES, whatever else allows it"),
    KEY("filesystem", "hide", PATHS, POLICY_PATH_HIDE, "[]",
     "patterns of what is not there: refused with ENOENT"),
    KEY("filesystem", "redirect", REDIRECTIONS, 0, "{}",
     "paths, and those that are used in their place"),

    KEY("network", "default", CHOICE, SETTING_NETWORK_DEFAULT, "\"deny\"",
     "the verdict where no rule names the address", .values = "allow|deny"),
    KEY("network", "connect", PEERS, POLICY_NETWORK_CONNECT, "[]",
     "addresses that may be connected and sent to"),
    KEY("network", "bind", PEERS, POLICY_NETWORK_BIND, "[]",
     "addresses that a socket may be bound to"),
    KEY("network", "deny", PEERS, POLICY_NETWORK_DENY, "[]",
     "addresses that are refused for both with EACCES, whatever else allows it"),
    KEY("network", "families", FAMILIES, 0, "[\"inet\", \"inet6\", \"unix\"]",
     "address families of which sockets may be made; others fail with EAFNOSUPPORT"),

    KEY("syscalls", "default", CHOICE, SETTING_CALLS_DEFAULT, "\"allow\"",
     "the verdict where no rule names the call", .values = "allow|deny"),
    KEY("syscalls", "allow", CALLS, POLICY_CALL_ALLOW, "[]",
     "calls and @groups that may be made; with `log`, they are reported"),
    KEY("syscalls", "deny", CALLS, POLICY_CALL_DENY, "[]",
     "calls and @groups that fail, by default with EPERM, or end the process"),

    KEY("process", "exec", SWITCH, SETTING_EXEC, "true",
     "whether another program may be executed"),
    KEY("process", "max_processes", NUMBER, SETTING_MAX_PROCESSES, "none: not limited",
     "how many processes and threads of the sandbox there may be at once",
     .largest = PROCESSES_MAX),
    KEY("process", "signals", CHOICE, SETTING_SIGNALS, "\"any\"",
     "whether signals reach processes outside of the sandbox", .values = "any|sandbox"),

    KEY("limits", "as", SIZE, RLIMIT_AS, "none: inherited",
     "bytes of address space"),
    KEY("limits", "core", SIZE, RLIMIT_CORE, "none: inherited",
     "bytes of a core file"),
    KEY("limits", "cpu", SECONDS, RLIMIT_CPU, "none: inherited",
     "seconds of processor time of each process"),
    KEY("limits", "data", SIZE, RLIMIT_DATA, "none: inherited",
     "bytes of data, heap and private memory"),
    KEY("limits", "fsize", SIZE, RLIMIT_FSIZE, "none: inherited",
     "bytes of a file that is written"),
    KEY("limits", "locks", COUNT, RLIMIT_LOCKS, "none: inherited",
     "file locks; kernels since 2.4.25 do not look at it"),
    KEY("limits", "memlock", SIZE, RLIMIT_MEMLOCK, "none: inherited",
     "bytes of memory that is locked"),
    KEY("limits", "msgqueue", SIZE, RLIMIT_MSGQUEUE, "none: inherited",
     "bytes in the POSIX message queues of the user"),
    KEY("limits", "nice", COUNT, RLIMIT_NICE, "none: inherited",
     "20 minus the lowest nice value"),
    KEY("limits", "nofile", COUNT, RLIMIT_NOFILE, "none: inherited",
     "one more than the highest descriptor"),
    KEY("limits", "rss", SIZE, RLIMIT_RSS, "none: inherited",
     "bytes of resident memory; kernels since 2.4.30 do not look at it"),
    KEY("limits", "rtprio", COUNT, RLIMIT_RTPRIO, "none: inherited",
     "the highest real-time priority"),
    KEY("limits", "rttime", MICROSECONDS, RLIMIT_RTTIME, "none: inherited",
     "microseconds of processor time under real-time scheduling without a wait"),
    KEY("limits", "sigpending", COUNT, RLIMIT_SIGPENDING, "none: inherited",
     "signals that wait, of the user"),
    KEY("limits", "stack", SIZE, RLIMIT_STACK, "none: inherited",
     "bytes of the stack of a process's first thread"),

    KEY("environment", "keep", NAMES, POLICY_ENVIRONMENT_KEEP, "none: all are kept",
     "variables that stay, all else is removed; a '*' at the end stands for any rest"),
    KEY("environment", "unset", NAMES, POLICY_ENVIRONMENT_UNSET, "[]",
     "variables that are removed; a '*' at the end stands for any rest"),
    KEY("environment", "set", VARIABLES, 0, "{}",
     "variables and the values that they get"),

    KEY("report", "to", OUTPUT, 0, "\"stderr\"",
     "\"stderr\", or the file that denials are written to"),
    KEY("report", "format", CHOICE, SETTING_REPORT_FORM, "\"text\"",
     "the form of a denial: a line of text, or of JSON", .values = "text|json"),
    KEY("report", "action", CHOICE, SETTING_REPORT_ACTION, "\"deny\"",
     "\"complain\": what would be denied is reported and allowed", .values = "deny|complain"),
};
/* clang-format on */

const size_t schema_key_count = sizeof schema_keys / sizeof schema_keys[0];
