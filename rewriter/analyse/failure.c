#include "failure.h"

#include "analyse.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64U

int fail(char *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, ANALYSE_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return -1;
}

int make_room(void **items, size_t *capacity, size_t count, size_t item_size, char *error)
{
    size_t larger;
    void *moved;

    if (count < *capacity)
        return 0;
    larger = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    moved = larger > *capacity ? reallocarray(*items, larger, item_size) : NULL;
    if (moved == NULL)
        return fail(error, "out of memory for %zu items of %zu bytes", larger, item_size);
    *items = moved;
    *capacity = larger;
    return 0;
}
