#include "denial.h"

#include "../../monitor/process.h"
#include "../../monitor/self.h"
#include "../../monitor/support.h"
#include "../decide.h"

#define LINE_SIZE   1024U
#define NAME_MAX    400U /* bytes of an object's name that are shown */
#define SEEN_MAX    256U
#define SEEN_PROBES 8U

/* Names in one block: pointers would need relocation. */
static const char names[][24] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "../syscalls.def"
};

static const char *const access_names[] = {
    [ENDORUN_PATH_READ] = "read",
    [ENDORUN_PATH_WRITE] = "write",
    [ENDORUN_PATH_EXEC] = "exec",
    [ENDORUN_PATH_LOOK] = "look at",
};

#define ENOTSUP EOPNOTSUPP /* the C library's name */
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

static uint64_t count_denial(uint64_t key)
{
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

/* Bytes that could move a terminal's cursor, or begin a line, are shown by their numbers. */
static void append_escaped(char *line, const char *text, size_t length)
{
    for (size_t i = 0; i < length && i < NAME_MAX; i++) {
        uint8_t byte = (uint8_t)text[i];
        char shown[2] = {(char)byte, 0};
        if (byte < 0x20 || byte == 0x7f) {
            append_string(line, LINE_SIZE, "\\x");
            append_hex(line, LINE_SIZE, byte, 2);
        } else {
            append_string(line, LINE_SIZE, shown);
        }
    }
    if (length > NAME_MAX) {
        append_string(line, LINE_SIZE, "...");
    }
}

static void append_error(char *line, const struct endorun_verdict *verdict)
{
    if (verdict->action == ENDORUN_ACTION_KILL) {
        append_string(line, LINE_SIZE, " (ends the process)");
        return;
    }
    append_string(line, LINE_SIZE, " (");
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].error == verdict->error) {
            append_string(line, LINE_SIZE, errors[i].name);
            append_string(line, LINE_SIZE, ")");
            return;
        }
    }
    append_string(line, LINE_SIZE, "errno ");
    append_number(line, LINE_SIZE, verdict->error);
    append_string(line, LINE_SIZE, ")");
}

static void append_rule(char *line, const struct endorun_verdict *verdict)
{
    const struct endorun_policy_rule *rule = policy_rule(policy_in_use, verdict->rule);
    append_string(line, LINE_SIZE, ", by ");
    if (rule->line != 0) {
        const char *file = policy_text(policy_in_use, rule->file);
        append_escaped(line, file, strlen(file));
        append_string(line, LINE_SIZE, ":");
        append_number(line, LINE_SIZE, rule->line);
        append_string(line, LINE_SIZE, ":");
        append_number(line, LINE_SIZE, rule->column);
        append_string(line, LINE_SIZE, ": ");
    }
    const char *text = policy_text(policy_in_use, rule->text);
    append_escaped(line, text, strlen(text));
}

/* The program, and the file whose code has made the call. */
static void append_caller(char *line, const struct inquiry *inquiry)
{
    char file[PATH_MAX_BYTES] = "";
    append_string(line, LINE_SIZE, "; ");
    append_escaped(line, program_path, strlen(program_path));
    if (inquiry->site == 0) {
        return;
    }
    find_mapped_file(inquiry->site, file);
    append_string(line, LINE_SIZE, ", called from ");
    append_escaped(line, file, strlen(file));
    if (file[0] == 0) {
        append_string(line, LINE_SIZE, "0x");
        append_hex(line, LINE_SIZE, inquiry->site, 16);
    }
}

/* A rule of the default's: an entry could allow what it denies, as none can what `deny` does. */
static bool is_by_default(const struct endorun_verdict *verdict)
{
    static const char key[] = ".default:";
    const char *text = policy_text(policy_in_use, policy_rule(policy_in_use, verdict->rule)->text);
    while (*text != 0 && memcmp(text, key, sizeof key - 1) != 0) {
        text++;
    }
    return *text != 0;
}

static void append_advice(char *line, const struct endorun_verdict *verdict, const char *section,
                          const char *key, const char *entry, size_t length)
{
    if (!is_by_default(verdict)) {
        return;
    }
    append_string(line, LINE_SIZE, "; would be allowed by [");
    append_string(line, LINE_SIZE, section);
    append_string(line, LINE_SIZE, "] ");
    append_string(line, LINE_SIZE, key);
    append_string(line, LINE_SIZE, " = [\"");
    append_escaped(line, entry, length);
    append_string(line, LINE_SIZE, "\"]");
}

/* What is denied of what, and how; the same key is the same denial. False: it was told before. */
static bool begin(char *line, const struct inquiry *inquiry, const char *access, const char *object,
                  size_t length, const struct endorun_verdict *verdict)
{
    uint64_t key = fnv1a(FNV_OFFSET, object, length);
    key = fnv1a(key, &inquiry->number, sizeof inquiry->number);
    key = fnv1a(key, verdict, sizeof *verdict);
    uint64_t count = count_denial(key);
    if (!is_power_of_two(count)) {
        return false;
    }
    line[0] = 0;
    append_string(line, LINE_SIZE, "denied: ");
    append_string(line, LINE_SIZE,
                  inquiry->number < sizeof names / sizeof names[0] ? names[inquiry->number]
                                                                   : "a system call");
    append_string(line, LINE_SIZE, access);
    append_escaped(line, object, length);
    append_error(line, verdict);
    append_rule(line, verdict);
    append_caller(line, inquiry);
    if (count > 1) {
        append_string(line, LINE_SIZE, "; time ");
        append_number(line, LINE_SIZE, count);
    }
    return true;
}

void report_path(const struct inquiry *inquiry, enum endorun_path_access access, const char *name,
                 const struct endorun_verdict *verdict)
{
    char line[LINE_SIZE], what[16] = ": ";
    append_string(what, sizeof what, access_names[access]);
    append_string(what, sizeof what, " ");
    if (begin(line, inquiry, what, name, strlen(name), verdict)) {
        if (access != ENDORUN_PATH_LOOK) {
            append_advice(line, verdict, "filesystem", access_names[access], name, strlen(name));
        }
        warn_of(current_thread()->pid, line);
    }
}

static void append_peer(char *text, size_t size, const struct endorun_peer *peer)
{
    text[0] = 0;
    switch (peer->kind) {
    case ENDORUN_PEER_IPV4:
        for (unsigned i = 0; i < 4; i++) {
            append_number(text, size, peer->address[i]);
            append_string(text, size, i < 3 ? "." : ":");
        }
        append_number(text, size, peer->port);
        break;
    case ENDORUN_PEER_IPV6:
        append_string(text, size, "[");
        for (unsigned i = 0; i < 16; i += 2) {
            append_hex(text, size, (uint64_t)peer->address[i] << 8 | peer->address[i + 1], 4);
            append_string(text, size, i < 14 ? ":" : "]:");
        }
        append_number(text, size, peer->port);
        break;
    default:
        append_string(text, size, peer->kind == ENDORUN_PEER_ABSTRACT ? "unix:@" : "unix:");
        for (uint32_t i = 0; i < peer->length; i++) {
            char shown[2] = {peer->name[i] != 0 ? peer->name[i] : '?', 0};
            append_string(text, size, shown);
        }
    }
}

void report_peer(const struct inquiry *inquiry, enum endorun_network_access access,
                 const struct endorun_peer *peer, const struct endorun_verdict *verdict)
{
    char line[LINE_SIZE], object[NAME_MAX];
    append_peer(object, sizeof object, peer);
    if (begin(line, inquiry, ": ", object, strlen(object), verdict)) {
        append_advice(line, verdict, "network", access == ENDORUN_NETWORK_BIND ? "bind" : "connect",
                      object, strlen(object));
        warn_of(current_thread()->pid, line);
    }
}

void report_family(const struct inquiry *inquiry, int family, const struct endorun_verdict *verdict)
{
    char line[LINE_SIZE], object[32] = "";
    append_number(object, sizeof object, (uint32_t)family);
    if (begin(line, inquiry, ": address family ", object, strlen(object), verdict)) {
        warn_of(current_thread()->pid, line);
    }
}

void report_call(const struct inquiry *inquiry, const struct endorun_verdict *verdict)
{
    char line[LINE_SIZE];
    if (begin(line, inquiry, "", "", 0, verdict)) {
        const char *name =
            inquiry->number < sizeof names / sizeof names[0] ? names[inquiry->number] : "";
        append_advice(line, verdict, "syscalls", "allow", name, strlen(name));
        warn_of(current_thread()->pid, line);
    }
}
