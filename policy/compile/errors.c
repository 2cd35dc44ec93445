#include "errors.h"

#include "../../loader/command/escape.h"

#include <stdarg.h>
#include <string.h>

#define WHAT_MAX 512U /* longer ones, which quote something long, are cut */

static const char *copy_string(struct arena *memory, const char *string)
{
    const char *copy = arena_copy(memory, string, strlen(string));

    return copy != NULL ? copy : "out of memory";
}

void policy_error_add(struct policy_errors *errors, struct policy_origin origin, const char *format,
                      ...)
{
    char what[WHAT_MAX];
    va_list arguments;

    if (errors->count++ >= POLICY_ERRORS_MAX)
        return;
    va_start(arguments, format);
    if (vsnprintf(what, sizeof what, format, arguments) >= (int)sizeof what)
        memcpy(what + sizeof what - sizeof "...", "...", sizeof "...");
    va_end(arguments);
    /* The file's name may be the model's, which goes when the policy is refused. */
    origin.file = copy_string(&errors->memory, origin.file);
    errors->items[errors->count - 1] =
        (struct policy_error){origin, copy_string(&errors->memory, what)};
}

void policy_errors_print(FILE *out, const struct policy_errors *errors)
{
    for (size_t i = 0; i < errors->count && i < POLICY_ERRORS_MAX; i++) {
        const struct policy_error *error = &errors->items[i];

        write_escaped(out, error->origin.file);
        if (error->origin.line > 0)
            fprintf(out, ":%u:%u", error->origin.line, error->origin.column);
        fputs(": ", out);
        write_escaped(out, error->what);
        putc('\n', out);
    }
    if (errors->count > POLICY_ERRORS_MAX)
        fputs("and more\n", out);
}

void policy_errors_release(struct policy_errors *errors)
{
    arena_release(&errors->memory);
    errors->count = 0;
}
