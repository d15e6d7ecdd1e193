/* descent_print - what descent found, as people and programs read it. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_DESCENT_PRINT_H
#define LAYERNAS_COORDINATOR_COMPARE_DESCENT_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "coordinator/compare/descent.h"

/* At most 80 columns; label is the contestant's. */
void descent_print(const char *label, const struct study *study, const struct descent_layer *layers,
                   FILE *out);

/* NULL: out of memory. */
json_t *descent_json(const char *label, const struct study *study,
                     const struct descent_layer *layers);

#endif
