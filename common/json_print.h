/* json_print - a JSON document for people and programs. */
#ifndef LAYERNAS_COMMON_JSON_PRINT_H
#define LAYERNAS_COMMON_JSON_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* Indented, numbers to so many digits, and a newline. Takes root over. -ENOMEM, also where root is
 * NULL: it could not be built. */
int json_print(json_t *root, int digits, FILE *out);

#endif
