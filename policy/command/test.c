/* `endorun policy test`: what a policy makes of a call, question by question. */
#include "commands.h"

#include "call_names.h"
#include "constants.h"
#include "decide.h"
#include "endorun/syscall_shapes.h"
#include "families.h"
#include "message.h"
#include "normalise.h"
#include "questions.h"
#include "request.h"
#include "resolve.h"

#include "../../loader/command/escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INTERPRETERS_MAX 5 /* fs/exec.c: of scripts that are interpreted by scripts */

struct test {
    const struct endorun_policy_header *policy;
    const struct policy_model *model;
    struct request request;
    bool is_denied;
};

static const char *const access_names[] = {
    [ENDORUN_PATH_READ] = "read",
    [ENDORUN_PATH_WRITE] = "write",
    [ENDORUN_PATH_EXEC] = "exec",
    [ENDORUN_PATH_LOOK] = "look at",
};

static void print_rule(const struct test *test, uint32_t index)
{
    if (index == 0) {
        puts("nothing restricts it");
        return;
    }
    const struct endorun_policy_rule *rule = policy_rule(test->policy, index);

    if (rule->line != 0) {
        printf("by ");
        write_escaped(stdout, policy_text(test->policy, rule->file));
        printf(":%u:%u: ", rule->line, rule->column);
    } else {
        printf("as no line says otherwise: ");
    }
    write_escaped(stdout, policy_text(test->policy, rule->text));
    putchar('\n');
}

/* One line: what is asked, the verdict, and what decided it. */
static void print_answer(struct test *test, const char *asked, const char *object,
                         const struct endorun_verdict *verdict)
{
    printf("%s%s", asked, object != NULL ? " " : "");
    if (object != NULL)
        write_escaped(stdout, object);
    switch (verdict->action) {
    case ENDORUN_ACTION_DENY:
        printf(": denied with %s", errno_name(verdict->error));
        test->is_denied = true;
        break;
    case ENDORUN_ACTION_KILL:
        printf(": ends the process");
        test->is_denied = true;
        break;
    case ENDORUN_ACTION_REDIRECT:
        printf(": leads to ");
        write_escaped(stdout, policy_text(test->policy, verdict->target));
        break;
    default:
        printf(": allowed");
        break;
    }
    printf("%s, ", verdict->is_logged ? " and logged" : "");
    print_rule(test, verdict->rule);
}

/*
 * A denial by no entry of a list is one by the default: what entry would allow it. An entry of
 * `deny` or `hide` beats all, so none would.
 */
static bool is_by_default(const struct test *test, const struct endorun_verdict *verdict)
{
    if (verdict->action != ENDORUN_ACTION_DENY || verdict->rule == 0)
        return false;
    const char *text = policy_text(test->policy, policy_rule(test->policy, verdict->rule)->text);
    const char *key = strchr(text, '.');

    return key != NULL && strncmp(key, ".default:", strlen(".default:")) == 0;
}

static void advise(const struct test *test, const struct endorun_verdict *verdict,
                   const char *section, const char *key, const char *entry)
{
    if (!is_by_default(test, verdict))
        return;
    printf("  what would allow it, in [%s]: %s = [", section, key);
    write_json_string(stdout, entry);
    puts("]");
}

/* ---------------------------------------------------------------- paths */

static void ask_about_path(struct test *test, enum endorun_path_access access, const char *path)
{
    struct endorun_verdict verdict = decide_path(test->policy, access, path, strlen(path));
    struct normal_pattern pattern;

    print_answer(test, access_names[access], path, &verdict);
    if (verdict.action == ENDORUN_ACTION_REDIRECT) {
        path = policy_text(test->policy, verdict.target);
        verdict = decide_path(test->policy, access, path, strlen(path));
        print_answer(test, access_names[access], path, &verdict);
    }
    if (access != ENDORUN_PATH_LOOK && normalise_literally(&pattern, path) == NULL)
        advise(test, &verdict, "filesystem", access_names[access], pattern.bytes);
}

static void ask_all_about_path(struct test *test, unsigned accesses, const char *path)
{
    for (unsigned i = 0; i < ENDORUN_PATH_ACCESS_LIMIT; i++)
        if ((accesses & (1U << i)) != 0)
            ask_about_path(test, (enum endorun_path_access)i, path);
}

/* The interpreter of a script, execve(2): what stands behind `#!` up to a blank. */
static bool read_interpreter(const char *path, char interpreter[PATH_MAX])
{
    char line[256] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

    if (fd >= 0)
        close(fd);
    if (length < 2 || strncmp(line, "#!", 2) != 0)
        return false;
    const char *start = line + 2 + strspn(line + 2, " \t");

    snprintf(interpreter, PATH_MAX, "%.*s", (int)strcspn(start, " \t\n"), start);
    return *interpreter != '\0';
}

static void ask_about_interpreters(struct test *test, char path[PATH_MAX])
{
    char interpreter[PATH_MAX];
    bool is_absent;

    for (int i = 0; i < INTERPRETERS_MAX && read_interpreter(path, interpreter); i++) {
        if (!resolve_path(interpreter, PATH_LAST_FOLLOWED, path, &is_absent))
            return;
        ask_about_path(test, ENDORUN_PATH_EXEC, path);
    }
}

/* Of names that come, go or pass to another object: the folder that they stand in. */
static void ask_about_folder(struct test *test, const struct path_question *question,
                             const char *path, bool is_absent)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (question->folder == PATH_FOLDER_KEPT ||
        (question->folder == PATH_FOLDER_CHANGED_IF_PRESENT && is_absent))
        return;
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    ask_about_path(test, ENDORUN_PATH_WRITE, folder);
}

/* `path` gets the name of what is asked about. */
static void ask_path_question(struct test *test, const struct path_question *question,
                              char path[PATH_MAX])
{
    const char *given = test->request.strings[question->argument];
    char program[PATH_MAX];
    bool is_absent;

    if (given == NULL || *given == '\0')
        die(STATUS_SETUP,
            question->is_open || question->may_be_empty
                ? "%s: what a descriptor refers to is not known here; write its path in its place"
                : "%s: the path is missing",
            call_name(test->request.number));
    if (question->directory != PATH_FROM_CWD && *given != '/' &&
        (int)test->request.registers[question->directory] != AT_FDCWD)
        die(STATUS_SETUP, "'%s' is relative to a descriptor that is not known here", given);
    if (!resolve_path(given, (enum path_last)question->last, path, &is_absent))
        die(STATUS_SETUP, "%s: %s", given, strerror(errno));
    ask_all_about_path(test, question->accesses | (is_absent ? question->if_absent : 0), path);
    ask_about_folder(test, question, path, is_absent);
    if ((question->accesses & PATH_ACCESS(EXEC)) != 0)
        ask_about_interpreters(test, memcpy(program, path, strlen(path) + 1));
}

/* ---------------------------------------------------------------- moves */

static bool is_allowed(const struct test *test, enum endorun_path_access access, const char *path)
{
    return decide_path(test->policy, access, path, strlen(path)).action == ENDORUN_ACTION_ALLOW;
}

static bool gains_nothing(const struct test *test, const char *old, const char *new)
{
    for (unsigned i = 0; i < ENDORUN_PATH_ACCESS_LIMIT; i++)
        if (is_allowed(test, (enum endorun_path_access)i, new) &&
            !is_allowed(test, (enum endorun_path_access)i, old))
            return false;
    return true;
}

/* What the monitor makes of it (decide_on_move(), policy/enforce/paths.c). */
static void ask_about_move(struct test *test, const char *from, const char *to)
{
    char old[PATH_MAX + 1], new[PATH_MAX + 1];
    struct stat status;
    bool is_folder = lstat(from, &status) == 0 && S_ISDIR(status.st_mode);

    snprintf(old, sizeof old, "%s/", from);
    snprintf(new, sizeof new, "%s/", to);
    if (gains_nothing(test, from, to) &&
        (!is_folder ||
         (decide_is_settled(test->policy, old, strlen(old)) &&
          decide_is_settled(test->policy, new, strlen(new)) && gains_nothing(test, old, new))))
        return;
    printf("move to ");
    write_escaped(stdout, to);
    puts(": denied with EXDEV, as what is moved could get other rights there");
    test->is_denied = true;
}

static void ask_about_paths(struct test *test)
{
    struct path_question questions[PATH_QUESTIONS_MAX];
    char paths[PATH_QUESTIONS_MAX][PATH_MAX];
    uint64_t how = test->request.number == SYS_openat2 ? test->request.registers[2] : 0;
    unsigned count = path_questions(test->request.number, test->request.registers, how, questions);

    if (!test->model->filesystem.is_written)
        return;
    for (unsigned i = 0; i < count; i++)
        ask_path_question(test, &questions[i], paths[i]);
    if (count < 2 || !questions[0].moves)
        return;
    ask_about_move(test, paths[0], paths[1]);
    if (questions[1].folder == PATH_FOLDER_CHANGED) /* both are moved: RENAME_EXCHANGE */
        ask_about_move(test, paths[1], paths[0]);
}

/* ---------------------------------------------------------------- sockets */

static bool take_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *port = (uint16_t)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value <= UINT16_MAX;
}

/* "1.2.3.4:80", "[::1]:80", "unix:/path", "unix:@name". */
static struct endorun_peer read_peer(const char *text)
{
    static char path[PATH_MAX];
    struct endorun_peer peer = {0};
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(text, ':');
    bool is_absent;

    if (strncmp(text, "unix:@", 6) == 0) {
        peer.kind = ENDORUN_PEER_ABSTRACT;
        peer.name = text + 6;
        peer.length = (uint32_t)strlen(peer.name);
        return peer;
    }
    if (strncmp(text, "unix:", 5) == 0) {
        if (!resolve_path(text + 5, PATH_LAST_FOLLOWED, path, &is_absent))
            die(STATUS_SETUP, "%s: %s", text + 5, strerror(errno));
        peer.kind = ENDORUN_PEER_PATH;
        peer.name = path;
        peer.length = (uint32_t)strlen(path);
        return peer;
    }
    bool is_bracketed = colon != NULL && *text == '[' && colon[-1] == ']';
    size_t length = colon == NULL ? 0 : (size_t)(colon - text) - (is_bracketed ? 2 : 0);

    if (colon == NULL || length >= sizeof host || !take_port(colon + 1, &peer.port))
        die(STATUS_SETUP, "'%s': expected ADDRESS:PORT, unix:PATH or unix:@NAME", text);
    snprintf(host, sizeof host, "%.*s", (int)length, text + is_bracketed);
    peer.kind = is_bracketed ? ENDORUN_PEER_IPV6 : ENDORUN_PEER_IPV4;
    if (inet_pton(is_bracketed ? AF_INET6 : AF_INET, host, peer.address) != 1)
        die(STATUS_SETUP, "'%s': '%s' is no address; IPv6 stands in brackets", text, host);
    return peer;
}

/* Which argument is the address of a socket, or has it; negative: none. */
static int peer_argument(uint32_t number)
{
    switch (number) {
    case SYS_connect:
    case SYS_bind:
    case SYS_sendmsg:
    case SYS_sendmmsg:
        return 1;
    case SYS_sendto:
        return 4;
    default:
        return -1;
    }
}

/* What is sent without an address goes where the socket is connected to. */
static void ask_about_peer(struct test *test, int argument)
{
    const char *text = test->request.strings[argument];
    bool binds = test->request.number == SYS_bind;
    enum endorun_network_access access = binds ? ENDORUN_NETWORK_BIND : ENDORUN_NETWORK_CONNECT;

    if (text == NULL && (binds || test->request.number == SYS_connect))
        die(STATUS_SETUP, "%s: the address is missing", call_name(test->request.number));
    if (text == NULL)
        return;
    struct endorun_peer peer = read_peer(text);
    struct endorun_verdict verdict = decide_peer(test->policy, access, &peer);

    print_answer(test, binds ? "bind" : "connect to", text, &verdict);
    advise(test, &verdict, "network", binds ? "bind" : "connect", text);
    if (peer.kind == ENDORUN_PEER_PATH && test->model->filesystem.is_written)
        ask_about_path(test, binds ? ENDORUN_PATH_WRITE : ENDORUN_PATH_LOOK, peer.name);
}

static void ask_about_family(struct test *test)
{
    int family = (int)test->request.registers[0];
    struct endorun_verdict verdict = decide_family(test->policy, family);
    const char *name = family_name(family);

    print_answer(test, "a socket of the family", name != NULL ? name : "that has no name",
                 &verdict);
}

/* ---------------------------------------------------------------- the whole */

static void ask_about_call(struct test *test)
{
    const char *name = call_name(test->request.number);
    struct endorun_verdict verdict =
        decide_call(test->policy, test->request.number, test->request.registers);

    print_answer(test, "the call", name, &verdict);
    advise(test, &verdict, "syscalls", "allow", name);
}

int test_policy(const char *file, char **rest)
{
    struct policy_model model;
    struct policy_image image;
    struct test test = {.model = &model};

    request_read(rest[0], &test.request);
    const int peer = peer_argument(test.request.number);

    read_policy(file, &model);
    compile_policy(&model, &image);
    if (!policy_check(image.bytes, image.size))
        die(STATUS_SETUP, "%s: the compiled policy is damaged", file);
    test.policy = image.bytes;
    ask_about_call(&test);
    if (test.request.number == SYS_socket || test.request.number == SYS_socketpair)
        ask_about_family(&test);
    else if (peer >= 0)
        ask_about_peer(&test, peer);
    else
        ask_about_paths(&test);
    if (model.report.complains)
        puts("the policy only reports: report.action is \"complain\"");
    puts(test.is_denied ? "denied" : "allowed");
    return test.is_denied ? 1 : 0;
}
