/* space_field - how each field of a block is written in a file, and shown in the name of an option.
 * Private to space. */
#ifndef LAYERNAS_COMMON_SPACE_FIELD_H
#define LAYERNAS_COMMON_SPACE_FIELD_H

#include "common/space_block.h"

enum field_type { FIELD_WORDS, FIELD_NUMBER, FIELD_FRACTION };

struct field_spec {
    const char *name;
    const char *const *words; /* NULL-terminated, in the order of BLOCK_WORD */
    enum field_type type;
    int32_t lowest, highest; /* of numbers and, times FRACTION_ONE, of fractions */
    const char *number;      /* before a number, in names: "k" of k5 */
    const char *word;        /* before a word */
};

extern const struct field_spec field_specs[BLOCK_FIELDS];

/* BLOCK_FIELDS where there is none of that name. */
enum block_field field_named(const char *name);

/* Writes a value as names show it: "k5", "hswish", "no-norm". */
void field_print(FILE *stream, enum block_field field, int32_t value);

#endif
