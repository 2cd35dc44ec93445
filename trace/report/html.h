/*
 * What is written into a page. Texts of a trace are hostile: they come out as characters that are
 * shown, never as markup, wherever they are put: between tags, or in an attribute in double quotes.
 */
#ifndef ENDORUN_REPORT_HTML_H
#define ENDORUN_REPORT_HTML_H

#include "entry.h"
#include "table.h"

#include <stdio.h>

/*
 * Control characters, bytes that are no UTF-8, and characters that are invisible or change the
 * direction of others are shown as \xNN and \u{N}, between tags as an element <i> of their own.
 */
void write_html(FILE *out, struct text text);
void write_attribute(FILE *out, struct text text);

/* At most so many characters, the last of them an ellipsis where more are left out. */
void write_attribute_start(FILE *out, struct text text, size_t limit);

/* 1,234,567 */
void write_count(FILE *out, uint64_t number);

/* Three digits and the unit. Takes nanoseconds. */
void write_duration(FILE *out, uint64_t nanoseconds);

/* Seconds, to the microsecond. */
void write_moment(FILE *out, uint64_t nanoseconds);

struct text text_of_string(const char *string);

/* The key of a table. */
struct text table_text(const struct table *table, uint32_t number);

#endif
