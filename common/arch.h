/* arch - an architecture: one option index per layer. Text form "3:0:7:1". A plain value. */
#ifndef LAYERNAS_COMMON_ARCH_H
#define LAYERNAS_COMMON_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ARCH_MAX_LAYERS = 64,    /* so that a set of layers fits one uint64_t */
    ARCH_MAX_OPTIONS = 1000, /* options of one layer */
    ARCH_TEXT_SIZE = ARCH_MAX_LAYERS * 4,
};

/* Options past n are zero, so that equal architectures are equal bytes. */
struct arch {
    uint16_t n;
    uint16_t option[ARCH_MAX_LAYERS];
};

/* -EINVAL unless text is option indices joined by ':', each below ARCH_MAX_OPTIONS, from 1 to
 * ARCH_MAX_LAYERS of them. Whether a space has these options is for the space to say. */
int arch_parse(const char *text, struct arch *arch_out);

/* Writes the text form, always terminated, and returns text. */
const char *arch_format(const struct arch *arch, char text[ARCH_TEXT_SIZE]);

/* Order of option vectors, first layer first: negative, zero or positive. */
int arch_compare(const struct arch *a, const struct arch *b);

bool arch_equal(const struct arch *a, const struct arch *b);

#endif
