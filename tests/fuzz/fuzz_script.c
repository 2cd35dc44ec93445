/*
 * The `#!` line under a fuzzer: any bytes are the beginning of a script. The monitor must find the
 * interpreter and the argument that are written down here a second time, from what execve(2) says
 * and the kernel does, and keep its strings and its table of arguments within their bounds however
 * many scripts name each other.
 */
#include "hosted.h"
#include "../../monitor/self.h"

#include "../../loader/image/elf.c"     /* NOLINT(bugprone-suspicious-include) */
#include "../../loader/image/program.c" /* NOLINT(bugprone-suspicious-include) */

bool find_linked_program(int directory, const char *path, char *linked)
{
    (void)directory;
    (void)path;
    (void)linked;
    return false;
}

const char *policy_replacement(int directory, const char *path)
{
    (void)directory;
    (void)path;
    return 0;
}

long policy_permits_path(int directory, const char *path, unsigned accesses, uint32_t number)
{
    (void)directory;
    (void)path;
    (void)accesses;
    (void)number;
    return 0;
}

long policy_permits_file(int fd, unsigned accesses, uint32_t number)
{
    (void)fd;
    (void)accesses;
    (void)number;
    return 0;
}

/* The same line as strings: what is expected. */
struct expected {
    bool valid;
    bool has_argument;
    char name[SCRIPT_LINE_MAX + 1], argument[SCRIPT_LINE_MAX + 1];
};

static size_t count_blanks(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && (text[count] == ' ' || text[count] == '\t')) {
        count++;
    }
    return count;
}

/* Bytes of a word: up to a blank, a NUL, or the end. */
static size_t count_word(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && text[count] != ' ' && text[count] != '\t' && text[count] != 0) {
        count++;
    }
    return count;
}

/*
 * The line ends before its newline. Without one the buffer's last byte is lost, and a name that
 * reaches it may be cut: then it is no script. Blanks at the end don't count.
 */
static struct expected expect(const char *line)
{
    struct expected expected = {.valid = false};
    const char *newline = memchr(line, '\n', SCRIPT_LINE_MAX);
    size_t size = newline != 0 ? (size_t)(newline - line) : SCRIPT_LINE_MAX;
    size_t at = 2 + count_blanks(line + 2, size - 2);
    size_t word = count_word(line + at, size - at);
    if (at == size || (newline == 0 && at + word == size)) {
        return expected;
    }
    if (newline == 0) {
        size--;
    }
    while (size > 2 && count_blanks(line + size - 1, 1) == 1) {
        size--;
    }
    if (at >= size) {
        return expected;
    }
    expected.valid = true;
    word = count_word(line + at, size - at);
    memcpy(expected.name, line + at, word);
    at += word;
    if (at < size && line[at] != 0) {
        at += count_blanks(line + at, size - at);
        expected.has_argument = at < size;
        memcpy(expected.argument, line + at, strnlen(line + at, size - at));
    }
    return expected;
}

static void check_line(const struct program *program, const struct expected *expected,
                       const char *interpreter)
{
    unsigned count = expected->has_argument ? 3 : 2;
    demand(interpreter != 0 && strcmp(interpreter, expected->name) == 0, "another interpreter");
    demand(program->prefix_count >= count, "too few arguments");
    demand(program->prefix[0] == interpreter, "the interpreter is not argument 0");
    if (expected->has_argument) {
        demand(strcmp(program->prefix[1], expected->argument) == 0, "another argument");
    }
    demand(strcmp(program->prefix[count - 1], "script") == 0, "the script's path is missing");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct program program;
    char *line = calloc(1, SCRIPT_LINE_MAX); /* of its own: one byte beyond is an error */
    demand(line != 0, "no memory");
    memcpy(line, "#!", 2);
    memcpy(line + 2, bytes, size < SCRIPT_LINE_MAX - 2 ? size : SCRIPT_LINE_MAX - 2);
    struct expected expected = expect(line);
    program.prefix_count = 0;
    program.text_used = 0;
    for (int depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
        const char *interpreter = 0;
        long result = follow_script(&program, line, "script", &interpreter);
        demand(result == (expected.valid ? 0 : -ENOEXEC), "another result");
        if (result == 0) {
            check_line(&program, &expected, interpreter);
        }
        demand(program.prefix_count <= PREFIX_MAX && program.text_used <= sizeof program.text,
               "more strings than there is room for");
    }
    free(line);
    return 0;
}
