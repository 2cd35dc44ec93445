#include "denial.h"

#include "../../monitor/exec.h"
#include "../../monitor/process.h"
#include "../../monitor/self.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../decide.h"
#include "call_text.h"
#include "function_name.h"
#include "line.h"

#define SHOWN_MAX    400U /* bytes of a name, in text */
#define FUNCTION_MAX 128U
/* Bytes of text: all of these stand on the monitor's stack. */
#define LINE_MAX      8192U
#define ARGUMENTS_MAX 2048U
#define PEER_MAX      256U
#define SEEN_MAX      256U
#define SEEN_PROBES   8U

/* What is denied: an action on an object, and the entry that could allow it. */
struct denial {
    const struct inquiry *inquiry;
    const struct endorun_verdict *verdict;
    const char *section, *key; /* of the entry */
    const char *action;        /* what stands before the object in text */
    const char *object;
    size_t length;
    bool has_entry; /* `key = ["object"]` is one */
};

#define ENOTSUP EOPNOTSUPP /* the C library's name */
/* In one block: pointers would need relocation. */
static const struct {
    uint16_t error;
    char name[16];
} errors[] = {
#define X(name) {name, #name},
#include "../compile/errors.def"
#undef X
};

/* How often each denial came, by what it is about. Threads may lose a count. */
static struct {
    uint64_t key;
    uint64_t count;
} seen[SEEN_MAX];

bool policy_complains(void)
{
    return (session->flags & ENDORUN_SESSION_COMPLAIN) != 0;
}

/* Who made the call, as far as it is known. */
struct caller {
    char file[PATH_MAX_BYTES];
    char function[FUNCTION_MAX];
};

/* ---- repetitions ---- */

static uint64_t count_denial(const struct denial *denial)
{
    uint64_t key = fnv1a(FNV_OFFSET, denial->object, denial->length);
    key = fnv1a(key, &denial->inquiry->number, sizeof denial->inquiry->number);
    key = fnv1a(key, denial->key, strlen(denial->key));
    for (uint64_t i = 0; i < SEEN_PROBES; i++) {
        uint64_t at = (key + i) % SEEN_MAX;
        if (seen[at].count == 0 || seen[at].key == key) {
            seen[at].key = key;
            return ++seen[at].count;
        }
    }
    return 1; /* too many to remember */
}

static bool is_power_of_two(uint64_t number)
{
    return (number & (number - 1)) == 0;
}

/* ---- what both forms have ---- */

/* Before the first program is there, it is the one that is to be. */
static const char *program_name(void)
{
    return program_path != 0 ? program_path : session_string(session->execfn);
}

static const char *error_name(uint16_t error)
{
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].error == error) {
            return errors[i].name;
        }
    }
    return "";
}

static const struct endorun_policy_rule *rule_of(const struct denial *denial)
{
    return policy_rule(policy_in_use, denial->verdict->rule);
}

static const char *text_of(uint32_t offset)
{
    return policy_text(policy_in_use, offset);
}

/* An entry could allow what a default denies; none can what `deny` does. */
static bool is_by_default(const struct denial *denial)
{
    static const char key[] = ".default:";
    const char *text = text_of(rule_of(denial)->text);
    while (*text != 0 && *text != '.') { /* behind the section */
        text++;
    }
    return memcmp(text, key, sizeof key - 1) == 0;
}

/* Of the call that the thread is in; nothing where it is in none. */
static void add_arguments(struct line *line, const struct inquiry *inquiry)
{
    const struct user_registers *call = &current_thread()->registers;
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    if (inquiry->site != 0) {
        line_add_arguments(line, inquiry->number, arguments);
    }
}

/* ---- text ---- */

/* Of an entry with `log = true`: told, and nothing else. */
static bool is_allowed(const struct denial *denial)
{
    return denial->verdict->action == ENDORUN_ACTION_ALLOW;
}

static void write_outcome(struct line *line, const struct denial *denial)
{
    if (is_allowed(denial)) {
        return;
    }
    if (policy_complains()) {
        line_add(line, " (complained of)");
    } else if (denial->verdict->action == ENDORUN_ACTION_KILL) {
        line_add(line, " (ends the process)");
    } else {
        line_add(line, " (");
        line_add(line, error_name(denial->verdict->error));
        line_add(line, ")");
    }
}

static void write_rule(struct line *line, const struct denial *denial)
{
    const struct endorun_policy_rule *rule = rule_of(denial);
    line_add(line, ", by ");
    if (rule->line != 0) {
        const char *file = text_of(rule->file);
        line_add_shown(line, file, strlen(file), SHOWN_MAX);
        line_add(line, ":");
        line_add_number(line, rule->line);
        line_add(line, ":");
        line_add_number(line, rule->column);
        line_add(line, ": ");
    }
    const char *text = text_of(rule->text);
    line_add_shown(line, text, strlen(text), SHOWN_MAX);
}

static void write_advice(struct line *line, const struct denial *denial)
{
    if (!denial->has_entry || !is_by_default(denial)) {
        return;
    }
    line_add(line, "; would be allowed by [");
    line_add(line, denial->section);
    line_add(line, "] ");
    line_add(line, denial->key);
    line_add(line, " = [");
    line_add_pattern(line, denial->object, denial->length);
    line_add(line, "]");
}

static void write_text(struct line *line, const struct denial *denial, const struct caller *caller,
                       uint64_t count)
{
    line_add(line, is_allowed(denial) ? "logged: " : "denied: ");
    line_add(line, call_name(denial->inquiry->number));
    if (denial->inquiry->site != 0) {
        line_add(line, "(");
        add_arguments(line, denial->inquiry);
        line_add(line, ")");
    }
    if (denial->action[0] != 0) {
        line_add(line, ": ");
        line_add(line, denial->action);
        line_add_shown(line, denial->object, denial->length, SHOWN_MAX);
    }
    write_outcome(line, denial);
    write_rule(line, denial);
    line_add(line, "; ");
    line_add_shown(line, program_name(), strlen(program_name()), SHOWN_MAX);
    if (caller->file[0] != 0) {
        line_add(line, ", called from ");
        line_add_shown(line, caller->file, strlen(caller->file), SHOWN_MAX);
    }
    if (caller->function[0] != 0) {
        line_add(line, " (");
        line_add_shown(line, caller->function, strlen(caller->function), SHOWN_MAX);
        line_add(line, ")");
    }
    write_advice(line, denial);
    if (count > 1) {
        line_add(line, "; time ");
        line_add_number(line, count);
    }
}

/* ---- JSON ---- */

static void write_string(struct line *line, const char *key, const char *text)
{
    line_add_key(line, key);
    line_add_json(line, text, strlen(text));
}

static void write_number(struct line *line, const char *key, uint64_t number)
{
    line_add_key(line, key);
    line_add_number(line, number);
}

static void write_json(struct line *line, const struct denial *denial, const struct caller *caller,
                       uint64_t count)
{
    const struct endorun_policy_rule *rule = rule_of(denial);
    const struct endorun_verdict *verdict = denial->verdict;
    char text[ARGUMENTS_MAX] = "";
    struct line call = LINE_IN(text);
    line_add(line, "{");
    write_number(line, "pid", (uint64_t)current_thread()->pid);
    write_string(line, "program", program_name());
    write_string(line, "call", call_name(denial->inquiry->number));
    add_arguments(&call, denial->inquiry);
    line_add_key(line, "arguments");
    line_add_json(line, call.bytes, call.length);
    write_string(line, "section", denial->section);
    write_string(line, "key", denial->key);
    line_add_key(line, "object");
    line_add_json(line, denial->object, denial->length);
    write_string(line, "action",
                 is_allowed(denial)                       ? "allow"
                 : policy_complains()                     ? "complain"
                 : verdict->action == ENDORUN_ACTION_KILL ? "kill"
                                                          : "deny");
    write_string(line, "error", error_name(verdict->error));
    write_string(line, "rule", text_of(rule->text));
    write_string(line, "file", text_of(rule->file));
    write_number(line, "line", rule->line);
    write_number(line, "column", rule->column);
    write_string(line, "called_from", caller->file);
    write_string(line, "function", caller->function);
    write_number(line, "count", count);
    if (line->is_cut) {
        line_add(line, ",\"cut\":true");
    }
    line_add(line, "}");
}

/* ---- where it goes ---- */

struct output {
    const char *path;
    const struct line *line;
    bool is_written;
};

/* A write beyond it would bring SIGXFSZ, which is the program's. */
static bool has_room(long fd, uint64_t size)
{
    struct kernel_rlimit limit = {~0UL, ~0UL};
    struct stat status = {0};
    SYS4(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, &limit);
    SYS2(__NR_fstat, fd, &status);
    return (uint64_t)status.st_size + size <= limit.soft;
}

/* All at once: lines of several processes do not mix. */
static void append_to_file(void *argument)
{
    struct output *output = argument;
    bool is_descriptor = memcmp(output->path, "/proc/", 6) == 0; /* of who learns */
    const unsigned long flags =
        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | (is_descriptor ? 0UL : O_NOFOLLOW);
    long fd = SYS4(__NR_openat, AT_FDCWD, output->path, flags, 0600);
    if (fd >= 0) {
        output->is_written = has_room(fd, output->line->length) &&
                             SYS3(__NR_write, fd, output->line->bytes, output->line->length) > 0;
        SYS1(__NR_close, fd);
    }
}

static void send(struct line *line)
{
    struct output output = {session_string(session->report_path), line, false};
    if (output.path != 0) {
        line_add(line, "\n");
        with_private_descriptors(append_to_file, &output);
        line->bytes[line->length - 1] = 0;
    }
    if (!output.is_written) {
        warn_of(current_thread()->pid, line->bytes);
    }
}

/* Reports; what becomes of the call is the verdict's. */
static long deny(const struct denial *denial)
{
    char text[LINE_MAX] = "";
    struct line line = LINE_IN(text);
    struct caller caller = {"", ""};
    uint64_t count = count_denial(denial);
    bool is_json = (session->flags & ENDORUN_SESSION_REPORT_JSON) != 0;
    if (is_power_of_two(count)) {
        if (denial->inquiry->site != 0) {
            find_mapped_file(denial->inquiry->site, caller.file);
            find_function_name(denial->inquiry->site, caller.function, sizeof caller.function);
        }
        if (is_json) {
            write_json(&line, denial, &caller, count);
        } else {
            write_text(&line, denial, &caller, count);
        }
        send(&line);
    }
    current_thread()->was_denied = !policy_complains();
    return policy_complains() ? 0 : -(long)denial->verdict->error;
}

/* ---- the four kinds ---- */

long deny_path(const struct inquiry *inquiry, enum endorun_path_access access, const char *name,
               const struct endorun_verdict *verdict)
{
    static const char keys[][8] = {"read", "write", "exec", "look"};
    static const char actions[][10] = {"read ", "write ", "exec ", "look at "};
    const struct denial denial = {
        .inquiry = inquiry,
        .verdict = verdict,
        .section = "filesystem",
        .key = keys[access],
        .action = actions[access],
        .object = name,
        .length = strlen(name),
        .has_entry = access != ENDORUN_PATH_LOOK,
    };
    return deny(&denial);
}

static void write_peer(struct line *line, const struct endorun_peer *peer)
{
    char part[8];
    switch (peer->kind) {
    case ENDORUN_PEER_IPV4:
        for (unsigned i = 0; i < 4; i++) {
            line_add_number(line, peer->address[i]);
            line_add(line, i < 3 ? "." : ":");
        }
        line_add_number(line, peer->port);
        break;
    case ENDORUN_PEER_IPV6:
        line_add(line, "[");
        for (unsigned i = 0; i < 16; i += 2) {
            part[0] = 0;
            append_hex(part, sizeof part, (uint64_t)peer->address[i] << 8 | peer->address[i + 1],
                       4);
            line_add(line, part);
            line_add(line, i < 14 ? ":" : "]:");
        }
        line_add_number(line, peer->port);
        break;
    default:
        line_add(line, peer->kind == ENDORUN_PEER_ABSTRACT ? "unix:@" : "unix:");
        line_add_bytes(line, peer->name, peer->length);
    }
}

long deny_peer(const struct inquiry *inquiry, enum endorun_network_access access,
               const struct endorun_peer *peer, const struct endorun_verdict *verdict)
{
    char text[PEER_MAX] = "";
    struct line object = LINE_IN(text);
    write_peer(&object, peer);
    const struct denial denial = {
        .inquiry = inquiry,
        .verdict = verdict,
        .section = "network",
        .key = access == ENDORUN_NETWORK_BIND ? "bind" : "connect",
        .action = access == ENDORUN_NETWORK_BIND ? "bind to " : "connect to ",
        .object = object.bytes,
        .length = object.length,
        .has_entry = true,
    };
    return deny(&denial);
}

long deny_family(const struct inquiry *inquiry, int family, const struct endorun_verdict *verdict)
{
    char object[16] = "";
    append_number(object, sizeof object, (uint32_t)family);
    const struct denial denial = {
        .inquiry = inquiry,
        .verdict = verdict,
        .section = "network",
        .key = "families",
        .action = "address family ",
        .object = object,
        .length = strlen(object),
    };
    return deny(&denial);
}

long deny_call(const struct inquiry *inquiry, const struct endorun_verdict *verdict)
{
    const char *name = call_name(inquiry->number);
    const struct denial denial = {
        .inquiry = inquiry,
        .verdict = verdict,
        .section = "syscalls",
        .key = "allow",
        .action = "",
        .object = name,
        .length = strlen(name),
        .has_entry = true,
    };
    return deny(&denial);
}
