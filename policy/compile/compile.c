#include "compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compilation.h"

bool fail_at(struct compilation *compilation, const struct policy_origin *origin,
             const char *format, ...)
{
    va_list arguments;
    int used = 0;

    if (origin->line != 0)
        used = snprintf(compilation->error, POLICY_ERROR_SIZE, "%s:%u:%u: ", origin->file,
                        origin->line, origin->column);
    if (used < 0 || used >= POLICY_ERROR_SIZE)
        return false;
    va_start(arguments, format);
    vsnprintf(compilation->error + used, POLICY_ERROR_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

static bool fail(struct compilation *compilation, const char *what)
{
    const struct policy_origin nowhere = {NULL, 0, 0};

    return fail_at(compilation, &nowhere, "%s", what);
}

bool fail_memory(struct compilation *compilation)
{
    return fail(compilation, "out of memory for the compiled policy");
}

bool add_text(struct compilation *compilation, const char *text, uint32_t *offset)
{
    const size_t length = text == NULL ? 0 : strlen(text);
    uint32_t number;

    if (length >= ENDORUN_POLICY_SIZE_MAX ||
        compilation->texts.content.size > ENDORUN_POLICY_SIZE_MAX)
        return fail(compilation, "the texts of the policy are too long");
    if (!intern(&compilation->texts, length == 0 ? "" : text, (uint32_t)length + 1, &number))
        return fail_memory(compilation);
    *offset = (uint32_t)compilation->texts.entries[number].offset;
    return true;
}

static size_t rule_count(const struct compilation *compilation)
{
    return compilation->rules.size / sizeof(struct endorun_policy_rule);
}

/* An entry that stands for many rules of the model, one behind the other, is one in the image. */
static bool append_rule(struct compilation *compilation, const struct endorun_policy_rule *rule,
                        uint32_t *index)
{
    const size_t count = rule_count(compilation);

    if (count > 0 && memcmp(compilation->rules.data + compilation->rules.size - sizeof(*rule), rule,
                            sizeof(*rule)) == 0) {
        *index = (uint32_t)count - 1;
        return true;
    }
    if (compilation->rules.size > ENDORUN_POLICY_SIZE_MAX)
        return fail(compilation, "the policy has too many rules");
    if (!bytes_append(&compilation->rules, rule, sizeof(*rule)))
        return fail_memory(compilation);
    *index = (uint32_t)count;
    return true;
}

bool add_rule(struct compilation *compilation, const struct policy_origin *origin, const char *key,
              const char *value, uint32_t *index)
{
    struct endorun_policy_rule rule = {.line = origin->line, .column = origin->column};
    char *text;
    bool is_added;

    if (asprintf(&text, "%s: %s", key, value) < 0)
        return fail_memory(compilation);
    is_added = add_text(compilation, text, &rule.text) &&
               add_text(compilation, origin->file, &rule.file) &&
               append_rule(compilation, &rule, index);
    free(text);
    return is_added;
}

bool add_default(struct compilation *compilation, const struct policy_section *section,
                 const char *key, uint16_t error, struct endorun_verdict *verdict)
{
    const bool denies = section->is_written && section->fallback == POLICY_DEFAULT_DENY;

    *verdict = (struct endorun_verdict){.action = ENDORUN_ACTION_ALLOW};
    if (denies)
        *verdict = (struct endorun_verdict){.action = ENDORUN_ACTION_DENY, .error = error};
    return !section->is_written ||
           add_rule(compilation, &section->origin, key, denies ? "deny" : "allow", &verdict->rule);
}

static bool align(struct compilation *compilation, struct bytes *bytes)
{
    const uint8_t zeros[ENDORUN_POLICY_ALIGNMENT] = {0};
    const size_t over = bytes->size % ENDORUN_POLICY_ALIGNMENT;

    return bytes_append(bytes, zeros, over == 0 ? 0 : ENDORUN_POLICY_ALIGNMENT - over) ||
           fail_memory(compilation);
}

bool add_items(struct compilation *compilation, struct bytes *part, const void *items, size_t count,
               size_t item_size, struct policy_array *array)
{
    if (!align(compilation, part))
        return false;
    if (part->size > ENDORUN_POLICY_SIZE_MAX || count > ENDORUN_POLICY_SIZE_MAX / item_size)
        return fail(compilation, "the compiled policy is larger than 64 MiB");
    *array = (struct policy_array){(uint32_t)part->size, (uint32_t)count};
    return bytes_append(part, items, count * item_size) || fail_memory(compilation);
}

static bool add_part(struct compilation *compilation, struct bytes *whole,
                     enum endorun_policy_part index, const struct bytes *part)
{
    struct policy_array where;

    if (!add_items(compilation, whole, part->data, part->size, 1, &where))
        return false;
    ((struct endorun_policy_header *)(void *)whole->data)->parts[index] =
        (struct endorun_policy_span){where.offset, where.count};
    return true;
}

static bool assemble(struct compilation *compilation, const struct bytes parts[ENDORUN_PART_LIMIT],
                     struct bytes *whole)
{
    const struct endorun_policy_header header = {.magic = ENDORUN_POLICY_MAGIC,
                                                 .version = ENDORUN_POLICY_VERSION};

    if (!bytes_append(whole, &header, sizeof(header)))
        return fail_memory(compilation);
    for (unsigned i = 0; i < ENDORUN_PART_LIMIT; i++)
        if (!add_part(compilation, whole, i, &parts[i]))
            return false;
    if (whole->size > ENDORUN_POLICY_SIZE_MAX)
        return fail(compilation, "the compiled policy is larger than 64 MiB");
    ((struct endorun_policy_header *)(void *)whole->data)->size = (uint32_t)whole->size;
    return true;
}

static bool compile(struct compilation *compilation, struct bytes *whole)
{
    struct bytes parts[ENDORUN_PART_LIMIT] = {{NULL, 0, 0}};
    const struct endorun_policy_rule none = {0, 0, 0, 0};
    uint32_t ignored;
    bool is_made = add_text(compilation, "", &ignored) &&
                   append_rule(compilation, &none, &ignored) &&
                   compile_paths(compilation, &parts[ENDORUN_PART_PATHS]) &&
                   compile_network(compilation, &parts[ENDORUN_PART_NETWORK]) &&
                   compile_calls(compilation, &parts[ENDORUN_PART_CALLS]);

    if (is_made) {
        parts[ENDORUN_PART_RULES] = compilation->rules;
        parts[ENDORUN_PART_TEXT] = compilation->texts.content;
        is_made = assemble(compilation, parts, whole);
    }
    for (unsigned i = ENDORUN_PART_PATHS; i < ENDORUN_PART_LIMIT; i++)
        bytes_release(&parts[i]);
    return is_made;
}

int policy_compile(const struct policy_model *model, struct policy_image *image,
                   char error[POLICY_ERROR_SIZE])
{
    struct compilation compilation = {.model = model, .error = error};
    struct bytes whole = {NULL, 0, 0};
    const bool is_made = compile(&compilation, &whole);

    bytes_release(&compilation.rules);
    interner_release(&compilation.texts);
    if (!is_made)
        bytes_release(&whole);
    *image = (struct policy_image){whole.data, whole.size};
    return is_made ? 0 : -1;
}

void policy_image_release(struct policy_image *image)
{
    free(image->bytes);
    *image = (struct policy_image){NULL, 0};
}
