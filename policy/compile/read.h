/* Between the parts of the front end: what each of them needs of a reading, and what they offer. */
#ifndef ENDORUN_POLICY_READ_H
#define ENDORUN_POLICY_READ_H

#include "front.h"
#include "schema.h"
#include "toml.h"

#include "../../loader/command/nearest.h"

#define READ_NAME(key) (key)->section, *(key)->section == '\0' ? "" : ".", (key)->name

struct policy_source {
    const char *name;   /* as messages name it */
    const char *folder; /* absolute; NULL: a built-in profile */
    unsigned long device, inode;
    bool is_open; /* its includes are being read: who includes it now makes a cycle */
    const struct policy_source *includer;
    struct policy_source *earlier; /* the one that was read before it */
};

struct reading {
    const struct policy_surroundings *surroundings;
    struct policy_errors *errors;
    struct policy_model *model;
    struct arena *memory;               /* the model's */
    struct policy_source *latest;       /* of all that were read */
    const struct policy_source *source; /* the one that is being read */
};

struct policy_origin read_origin(const struct reading *reading, struct toml_position at);

/* An error at the value of a node. */
__attribute__((format(printf, 3, 4))) void
read_error(struct reading *reading, const struct toml_node *node, const char *format, ...);

/* An error at the key of a node. */
__attribute__((format(printf, 3, 4))) void
read_key_error(struct reading *reading, const struct toml_node *node, const char *format, ...);

/* What is quoted in an error: the string, or its beginning and "...". */
struct quote {
    char text[104];
};

struct quote quote(const char *string);
struct quote quote_part(const char *string, size_t length);

/* What a node is, in words: "a string". */
const char *read_kind(const struct toml_node *node);

/* The node's string when it is one, and has no NUL inside; else NULL, with an error. */
const char *read_string(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node);

/* The key of a table's child when it has no NUL inside; else NULL, with an error. */
const char *read_key(struct reading *reading, const struct toml_node *node);

const char *read_copy(struct reading *reading, const char *string);

/* Puts the item behind the `*count` others of the model's array at `items`. */
bool read_append(struct reading *reading, void *items, size_t *count, const void *item,
                 size_t size);

/* What reads the value of a key: one for each type. The value is of the type's kind. */
typedef void read_value(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node);

read_value read_includes;                          /* front.c */
read_value read_paths, read_redirections;          /* read_paths.c */
read_value read_peers, read_families;              /* read_peers.c */
read_value read_calls;                             /* read_calls.c */
read_value read_limit;                             /* read_limits.c */
read_value read_names, read_variables;             /* read_environment.c */
read_value read_version, read_choice, read_switch; /* read_settings.c */
read_value read_number, read_output;

/*
 * The pattern that a string of the file stands for, as the model has it (model.h). NULL: an error
 * was added.
 */
const char *read_pattern(struct reading *reading, const struct toml_node *node,
                         const char *written);

/* The absolute path for which a string without wildcards stands. */
const char *read_path(struct reading *reading, const struct toml_node *node, const char *written);

/*
 * Variables, `~` and the own folder put in. What they stand for is taken literally: what could have
 * a meaning in a pattern has a backslash before it.
 */
#define PATTERN_SIZE 8192U
bool expand_path(struct reading *reading, const struct toml_node *node, const char *written,
                 char expanded[PATTERN_SIZE]);
bool expand_variables(struct reading *reading, const struct toml_node *node, const char *written,
                      char expanded[PATTERN_SIZE]);

#endif
