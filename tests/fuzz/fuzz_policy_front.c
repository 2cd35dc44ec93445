/*
 * The reader of policy files under a fuzzer: any bytes are a policy. It must end with a model that
 * says the same when it is printed and read again, or with errors at places that the file has.
 *
 * The input is cut at the bytes 0x1e into files with the names "0" (the policy), "1" and so on,
 * which can include each other.
 */
#include "policy_front_fixture.h"
#include "source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CUT 0x1e

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t *input;
static size_t input_size;

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_policy_front: %s\n", what);
    abort();
}

/* In place of source.c. */
const char *source_text_read(struct source_text *source, const char *name,
                             const struct policy_surroundings *surroundings)
{
    const uint8_t *start = input, *end = input + input_size, *cut;
    char *rest;
    unsigned long index = strtoul(name, &rest, 10);

    (void)surroundings;
    *source = (struct source_text){0};
    if (*rest != '\0')
        return "no such file";
    for (unsigned long i = 0; i < index; i++) {
        cut = start < end ? memchr(start, CUT, (size_t)(end - start)) : NULL;
        if (cut == NULL)
            return "no such file";
        start = cut + 1;
    }
    cut = start < end ? memchr(start, CUT, (size_t)(end - start)) : NULL;
    source->size = (size_t)((cut != NULL ? cut : end) - start);
    source->owned = malloc(source->size + 1);
    demand(source->owned != NULL, "no memory");
    if (source->size > 0)
        memcpy(source->owned, start, source->size);
    source->owned[source->size] = '\0';
    source->text = source->owned;
    source->inode = index;
    return NULL;
}

void source_text_release(struct source_text *source)
{
    free(source->owned);
    *source = (struct source_text){0};
}

static const char *look_up(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "A") == 0 ? "/a*?[b]\\{$" : strcmp(name, "B") == 0 ? "" : NULL;
}

static const struct policy_surroundings surroundings = {.home = "/home/$", .environment = look_up};

static void check_errors(const struct policy_errors *errors)
{
    size_t lines = 1;

    for (size_t i = 0; i < input_size; i++)
        lines += input[i] == '\n';
    demand(errors->count > 0, "refused without a word");
    for (size_t i = 0; i < errors->count && i < POLICY_ERRORS_MAX; i++) {
        const struct policy_error *error = &errors->items[i];

        demand(*error->what != '\0', "an error without a word");
        demand(error->origin.line <= lines && error->origin.column <= input_size + 1,
               "an error behind the end");
    }
}

/* Reads the input; NULL: it has errors. Else what the model says, and how it is printed. */
static char *read_input(char **printed)
{
    struct policy_errors *errors = calloc(1, sizeof *errors);
    struct policy_model model;
    char *shown = NULL;
    size_t size;
    FILE *out;

    demand(errors != NULL, "no memory");
    if (policy_read("0", &surroundings, &model, errors)) {
        demand(errors->count == 0, "errors, and a model");
        shown = policy_shown(&model);
        out = open_memstream(printed, &size);
        demand(out != NULL, "no memory");
        policy_print(out, &model);
        demand(fclose(out) == 0, "no memory");
        policy_model_release(&model);
    } else {
        demand(model.memory == NULL, "errors, and a model");
        check_errors(errors);
    }
    policy_errors_release(errors);
    free(errors);
    return shown;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *printed = NULL, *printed_again = NULL, *shown, *shown_again;

    input = bytes;
    input_size = size;
    shown = read_input(&printed);
    if (shown == NULL)
        return 0;
    demand(memchr(printed, CUT, strlen(printed)) == NULL, "a control character is printed");
    input = (const uint8_t *)printed;
    input_size = strlen(printed);
    shown_again = read_input(&printed_again);
    if (shown_again == NULL || strcmp(shown, shown_again) != 0) {
        fputs(printed, stderr);
        demand(shown_again != NULL, "what was printed is refused");
        demand(false, "what was printed says something else");
    }
    free(printed);
    free(printed_again);
    free(shown);
    free(shown_again);
    return 0;
}
