/* The bytes of unsafe instructions (endorun/unsafe_instructions.h) in a file's executable pages. */
#ifndef ENDORUN_ANALYSE_UNSAFE_H
#define ENDORUN_ANALYSE_UNSAFE_H

#include "analyse.h"
#include "references.h"

struct unsafe_list {
    struct unsafe_match *items; /* in the order of the file */
    size_t count;
    size_t capacity;
};

/*
 * Every match, at every byte offset; or of the refused kinds only. Searched are whole pages: what
 * lies in the file before and behind a segment is mapped with its first and last page. Of a library
 * that begins with an executable segment run-time linkers map the whole so at first. The list is
 * the caller's to free, on failure too.
 */
int unsafe_find(struct unsafe_list *matches, const struct image *image, bool refused_only,
                char *error);

/* Sweeps the functions that hold matches, and tells how each stands in the code and is cured. */
int unsafe_classify(struct unsafe_list *matches, struct function_list *functions,
                    struct references *references);

/* Finds their symbols. */
int unsafe_name(struct unsafe_list *matches, const struct image *image, char *error);

#endif
