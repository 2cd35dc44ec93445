/*
 * Where the file's code is known to be, as disjoint functions in ascending order, from four
 * sources of falling authority:
 *
 *   unwind   an FDE of .eh_frame: an unwinder takes its range for one function's instructions
 *   sized    a symbol of type FUNC with a size
 *   go       an entry of Go's function table, up to the next one (go_table.h)
 *   unsized  a symbol of type FUNC without a size (assembler): the code runs from it to the first
 *            unconditional transfer that no branch before it jumps across
 *
 * Every start is the address of an instruction, so that a sweep can begin there.
 */
#ifndef ENDORUN_ANALYSE_FUNCTIONS_H
#define ENDORUN_ANALYSE_FUNCTIONS_H

#include "image.h"
#include "sweep.h"

enum range_source {
    RANGE_UNWIND,
    RANGE_SIZED,
    RANGE_GO,
    RANGE_UNSIZED,  /* .end is ignored */
    RANGE_OCCUPIED, /* not a function (an object symbol in text): nothing there is padding */
};

struct code_range {
    uint64_t start;
    uint64_t end;
    enum range_source source;
};

struct range_list {
    struct code_range *items;
    size_t count;
    size_t capacity;
};

struct function {
    uint64_t start;
    uint64_t end;          /* behind the last byte */
    uint64_t occupied_end; /* highest end of any range that starts before the next function */
    uint64_t decoded_end;  /* instructions are known up to here; `start`: not swept yet */
    uint64_t nops_end;     /* nops and int3s follow up to here; 0: not looked at */
    enum range_source source;
    bool extended; /* function_extend() was here */
    bool swept;
    bool closed;      /* swept whole, and its last instruction is an unconditional transfer */
    bool referenced;  /* references.c has looked at its instructions */
    bool gap_seen;    /* slots.c has considered the nops behind it */
    bool inside_seen; /* and those inside it */
};

struct function_list {
    struct function *items;
    size_t count;
};

/* Ignores a range that is empty or not wholly in one executable segment. */
int add_range(struct range_list *list, const struct image *image, uint64_t start, uint64_t end,
              enum range_source source, char *error);

/* Sorts `ranges`. The result is freed by the caller: free(functions->items). */
int functions_build(struct function_list *functions, struct range_list *ranges,
                    const struct image *image, const struct decoder *decoder, char *error);

/* The function that covers `address`; NULL: none. */
struct function *function_at(const struct function_list *functions, uint64_t address);

/*
 * Where the nops and int3s behind the function at `index` end, at the latest where the next
 * function, the section or the segment does. The function's end when there are none, or when
 * another range reaches beyond it.
 */
uint64_t nops_behind(const struct function_list *functions, size_t index, const struct image *image,
                     const struct decoder *decoder);

/*
 * Where a function's last instruction neither transfers control nor calls, what follows is code as
 * well: assembler authors end unwind information early on purpose (clone3(): the child has no
 * caller). Then the function at `index` is extended like that of an unsized symbol.
 */
void function_extend(struct function_list *functions, size_t index, const struct image *image,
                     const struct decoder *decoder);

/* The function that the address lies in or, when the one before is extended, turns out to lie in.
 */
struct function *function_covering(struct function_list *functions, uint64_t address,
                                   const struct image *image, const struct decoder *decoder);

/* Where the bytes behind that function stop being nobody's. */
uint64_t gap_end(const struct function_list *functions, size_t index, const struct image *image);

/* Index of the first function that ends above `address`; the count when there is none. */
size_t first_function_above(const struct function_list *functions, uint64_t address);

#endif
