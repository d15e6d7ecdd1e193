/* print - numbers and lists for people, on lines of at most PRINT_WIDTH columns. */
#ifndef LAYERNAS_COMMON_PRINT_H
#define LAYERNAS_COMMON_PRINT_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PRINT_WIDTH = 80, PRINT_NUMBER_SIZE = 32 };

#define PRINT_NO_BREAK '\037' /* prints as a blank at which no line is broken */

/* 1234567 as "1,234,567"; returns text. */
const char *print_grouped(int64_t number, char text[PRINT_NUMBER_SIZE]);

/* label, then text from column indent on, broken at blanks; the lines that follow are indented too.
 * A word that fits no line stands on one of its own. */
void print_wrapped(FILE *out, const char *label, int indent, const char *text);

/* The same, over a format. */
void print_item(FILE *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* n words in columns as wide as the widest, as many side by side as fit after the indent. */
void print_columns(FILE *out, int indent, const char *const *words, size_t n);

#endif
