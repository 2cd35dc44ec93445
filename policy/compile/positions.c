#include "positions.h"

#include <stdlib.h>

/* Patterns that have a place and steps in common have the positions in common, but for the last. */
struct position {
    struct glob_step step;
    uint32_t child;   /* the first of the next ones */
    uint32_t sibling; /* another behind the same one, or at the same place */
    uint32_t said;    /* END, TREE: the set of outcomes */
};

/*
 * A set is sorted, each element once: the number of a position, or a kind of what has been said
 * with the number of a set of outcomes. Of each kind there is one at most.
 */
enum said_kind {
    SAID_HERE,  /* for the path that ends here */
    SAID_TREE,  /* the same, and for what lies below, behind a '/' */
    SAID_BELOW, /* the same, and for whatever follows */
    SAID_LIMIT
};
#define SAID_SHIFT    29
#define SAID_NUMBER   ((1U << SAID_SHIFT) - 1)
#define ELEMENT(k, n) (((uint32_t)(k) + 1) << SAID_SHIFT | (n))
#define IS_SAID(e)    ((e) > SAID_NUMBER)
#define KIND(e)       (((e) >> SAID_SHIFT) - 1)
#define POSITIONS_MAX SAID_NUMBER

_Static_assert(SAID_LIMIT == sizeof(((struct positions *)NULL)->said) / sizeof(struct outcome_set),
               "one of each kind");

static bool no_memory(struct positions *positions)
{
    return fail_memory(positions->outcomes->compilation);
}

static struct position *position_at(struct positions *positions, uint32_t number)
{
    return (struct position *)(void *)positions->items.data + number;
}

static bool add_place(struct positions *positions, uint8_t byte, uint32_t sibling)
{
    const struct place place = {NOWHERE, sibling, NOWHERE, byte};

    return bytes_append(&positions->places, &place, sizeof(place)) || no_memory(positions);
}

bool positions_start(struct positions *positions, struct outcome_table *outcomes,
                     struct interner *classes)
{
    *positions = (struct positions){.outcomes = outcomes, .classes = classes};
    return add_place(positions, 0, NOWHERE);
}

void positions_release(struct positions *positions)
{
    bytes_release(&positions->places);
    bytes_release(&positions->items);
    interner_release(&positions->sets);
    bytes_release(&positions->scratch);
    bytes_release(&positions->stamps);
}

/* The place behind the byte, which is made if it is not there. Siblings ascend. */
static bool enter(struct positions *positions, uint32_t from, uint8_t byte, uint32_t *to)
{
    const uint32_t made = (uint32_t)(positions->places.size / sizeof(struct place));
    uint32_t before = NOWHERE;
    uint32_t at = place_at(positions, from)->child;

    while (at != NOWHERE && place_at(positions, at)->byte < byte) {
        before = at;
        at = place_at(positions, at)->sibling;
    }
    *to = at;
    if (at != NOWHERE && place_at(positions, at)->byte == byte)
        return true;
    *to = made;
    if (made >= NOWHERE - 1 || !add_place(positions, byte, at))
        return no_memory(positions);
    if (before == NOWHERE)
        place_at(positions, from)->child = made;
    else
        place_at(positions, before)->sibling = made;
    return true;
}

static bool is_same_step(const struct glob_step *a, const struct glob_step *b)
{
    return a->kind == b->kind && a->byte == b->byte && a->class == b->class;
}

/* The list at a place (`behind` is NOWHERE), or of the positions behind another one. */
static uint32_t *positions_list(struct positions *positions, uint32_t place, uint32_t behind)
{
    return behind == NOWHERE ? &place_at(positions, place)->position
                             : &position_at(positions, behind)->child;
}

/* The position of the step behind the last one, which becomes this one. */
static bool add_position(struct positions *positions, uint32_t place, const struct glob_step *step,
                         uint32_t said, uint32_t *last)
{
    const bool is_last = step->kind == GLOB_END || step->kind == GLOB_TREE;
    const size_t made = positions->items.size / sizeof(struct position);
    const uint32_t first = *positions_list(positions, place, *last);
    const struct position position = {*step, NOWHERE, first, said};

    for (uint32_t at = first; !is_last && at != NOWHERE; at = position_at(positions, at)->sibling) {
        if (is_same_step(&position_at(positions, at)->step, step)) {
            *last = at;
            return true;
        }
    }
    if (made >= POSITIONS_MAX || !bytes_append(&positions->items, &position, sizeof(position)))
        return no_memory(positions);
    *positions_list(positions, place, *last) = (uint32_t)made;
    *last = (uint32_t)made;
    return true;
}

bool positions_add(struct positions *positions, const struct glob *glob,
                   const struct outcome_set *says)
{
    const struct glob_step *steps = (const void *)glob->steps.data;
    const size_t count = glob->steps.size / sizeof(*steps);
    uint32_t place = 0, last = NOWHERE, said;

    for (uint32_t i = 0; i < glob->prefix; i++)
        if (!enter(positions, place, steps[i].byte, &place))
            return false;
    if (!outcomes_intern(positions->outcomes, says, &said))
        return false;
    for (size_t i = glob->prefix; i < count; i++)
        if (!add_position(positions, place, &steps[i], said, &last))
            return false;
    positions->pattern_count++;
    return true;
}

/* A set is made in `scratch`: begun, filled by the functions behind, and ended. */
static void begin_set(struct positions *positions)
{
    positions->scratch.size = 0;
    positions->said_kinds = 0;
    positions->stamp++;
}

static void say(struct positions *positions, enum said_kind kind, uint32_t number)
{
    const struct outcome_set set = outcomes_set(positions->outcomes, number);

    if ((positions->said_kinds & 1U << kind) != 0)
        outcomes_join(positions->outcomes, &positions->said[kind], &set);
    else
        positions->said[kind] = set;
    positions->said_kinds |= 1U << kind;
}

static bool put_position(struct positions *positions, uint32_t number)
{
    uint32_t *stamps = (uint32_t *)(void *)positions->stamps.data;

    if (stamps[number] == positions->stamp)
        return true;
    stamps[number] = positions->stamp;
    return bytes_append(&positions->scratch, &number, sizeof(number)) || no_memory(positions);
}

static bool arrive_at_all(struct positions *positions, uint32_t first);

/*
 * The position, and those that are reached from it by nothing. Behind a STAR stands no other, and
 * behind a SPAN no other SPAN, so this is not deep.
 */
static bool arrive(struct positions *positions, uint32_t number)
{
    const struct position *position = position_at(positions, number);

    positions->work++;
    switch (position->step.kind) {
    case GLOB_END:
        say(positions, SAID_HERE, position->said);
        return true;
    case GLOB_TREE:
        say(positions, SAID_TREE, position->said);
        return true;
    case GLOB_STAR:
    case GLOB_SPAN:
        return put_position(positions, number) && arrive_at_all(positions, position->child);
    default:
        return put_position(positions, number);
    }
}

static bool arrive_at_all(struct positions *positions, uint32_t first)
{
    for (uint32_t at = first; at != NOWHERE; at = position_at(positions, at)->sibling)
        if (!arrive(positions, at))
            return false;
    return true;
}

static bool class_of_position_has(struct positions *positions, const struct position *position,
                                  uint8_t byte)
{
    return class_has(interned_data(positions->classes, position->step.class), byte);
}

static bool step_position(struct positions *positions, uint32_t number, uint8_t byte)
{
    const struct position *position = position_at(positions, number);

    switch (position->step.kind) {
    case GLOB_BYTE:
        return position->step.byte != byte || arrive_at_all(positions, position->child);
    case GLOB_CLASS:
        return !class_of_position_has(positions, position, byte) ||
               arrive_at_all(positions, position->child);
    case GLOB_STAR:
        return !class_of_position_has(positions, position, byte) || arrive(positions, number);
    default: /* GLOB_SPAN */
        return put_position(positions, number) &&
               (byte != '/' || arrive_at_all(positions, position->child));
    }
}

/* Where the set is after a byte. */
static bool step_set(struct positions *positions, uint32_t set, uint8_t byte)
{
    const struct interned entry = positions->sets.entries[set];
    const uint32_t *elements = interned_data(&positions->sets, set);

    positions->work += entry.size / sizeof(uint32_t) + 1;
    for (uint32_t i = 0; i < entry.size / sizeof(uint32_t); i++) {
        const uint32_t element = elements[i];

        if (!IS_SAID(element)) {
            if (!step_position(positions, element, byte))
                return false;
        } else if (KIND(element) == SAID_BELOW || (KIND(element) == SAID_TREE && byte == '/')) {
            say(positions, SAID_BELOW, element & SAID_NUMBER);
        }
    }
    return true;
}

/* What patterns begin at the place. */
static bool begin_patterns(struct positions *positions, uint32_t place)
{
    return place == NOWHERE || arrive_at_all(positions, place_at(positions, place)->position);
}

static int compare_numbers(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static bool end_set(struct positions *positions, uint32_t *set)
{
    struct bytes *scratch = &positions->scratch;

    if (scratch->size > 0)
        qsort(scratch->data, scratch->size / sizeof(uint32_t), sizeof(uint32_t), compare_numbers);
    for (unsigned kind = 0; kind < SAID_LIMIT; kind++) {
        uint32_t element;

        if ((positions->said_kinds & 1U << kind) == 0)
            continue;
        if (!outcomes_intern(positions->outcomes, &positions->said[kind], &element))
            return false;
        element = ELEMENT(kind, element);
        if (!bytes_append(scratch, &element, sizeof(element)))
            return no_memory(positions);
    }
    return intern(&positions->sets, scratch->size == 0 ? (const void *)"" : scratch->data,
                  (uint32_t)scratch->size, set) ||
           no_memory(positions);
}

bool set_behind(struct positions *positions, uint32_t set, uint8_t byte, uint32_t place,
                uint32_t *behind)
{
    begin_set(positions);
    return step_set(positions, set, byte) && begin_patterns(positions, place) &&
           end_set(positions, behind);
}

/* The outcomes where the path ends at the set. */
bool set_outcome(struct positions *positions, uint32_t set, uint32_t *number)
{
    const uint32_t count = positions->sets.entries[set].size / (uint32_t)sizeof(uint32_t);
    const uint32_t *elements = interned_data(&positions->sets, set);
    struct outcome_set joined = outcomes_none(positions->outcomes);

    for (uint32_t i = 0; i < count; i++) {
        struct outcome_set said;

        if (!IS_SAID(elements[i]))
            continue;
        said = outcomes_set(positions->outcomes, elements[i] & SAID_NUMBER);
        outcomes_join(positions->outcomes, &joined, &said);
    }
    return outcomes_intern(positions->outcomes, &joined, number);
}

/* A bit for each byte whose way differs from that of the byte before it. */
static void mark_element(struct positions *positions, uint32_t element, struct glob_class *changes)
{
    const struct position *position;
    struct glob_class class = {{0}};
    uint64_t carry = 0;

    if (IS_SAID(element)) {
        class.bits['/' / 64] = 1UL << '/' % 64;
    } else {
        position = position_at(positions, element);
        if (position->step.kind == GLOB_BYTE)
            class.bits[position->step.byte / 64] = 1UL << position->step.byte % 64;
        else if (position->step.kind == GLOB_SPAN)
            class.bits['/' / 64] = 1UL << '/' % 64;
        else
            class =
                *(const struct glob_class *)interned_data(positions->classes, position->step.class);
    }
    for (unsigned i = 0; i < 4; i++) {
        changes->bits[i] |= class.bits[i] ^ (class.bits[i] << 1 | carry);
        carry = class.bits[i] >> 63;
    }
}

bool positions_close(struct positions *positions)
{
    const uint32_t zero = 0;

    for (size_t i = 0; i < positions->items.size / sizeof(struct position); i++)
        if (!bytes_append(&positions->stamps, &zero, sizeof(zero)))
            return no_memory(positions);
    return true;
}

void set_changes(struct positions *positions, uint32_t set, struct glob_class *changes)
{
    const uint32_t count = positions->sets.entries[set].size / (uint32_t)sizeof(uint32_t);
    const uint32_t *elements = interned_data(&positions->sets, set);

    *changes = (struct glob_class){{1, 0, 0, 0}};
    for (uint32_t i = 0; i < count; i++)
        mark_element(positions, elements[i], changes);
    positions->work += count;
}

bool set_first(struct positions *positions, uint32_t *set)
{
    begin_set(positions);
    return begin_patterns(positions, 0) && end_set(positions, set);
}

bool set_without_end(struct positions *positions, uint32_t set, uint32_t *without)
{
    const struct interned entry = positions->sets.entries[set];
    const uint32_t *elements = interned_data(&positions->sets, set);

    begin_set(positions);
    for (uint32_t i = 0; i < entry.size / sizeof(uint32_t); i++) {
        if (!IS_SAID(elements[i])) {
            if (!put_position(positions, elements[i]))
                return false;
        } else if (KIND(elements[i]) != SAID_HERE) {
            say(positions, (enum said_kind)KIND(elements[i]), elements[i] & SAID_NUMBER);
        }
    }
    return end_set(positions, without);
}
