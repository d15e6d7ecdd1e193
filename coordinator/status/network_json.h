/* network_json - an architecture, layer by layer and operation by operation, as JSON: best.json and
 * --describe --json. */
#ifndef LAYERNAS_COORDINATOR_STATUS_NETWORK_JSON_H
#define LAYERNAS_COORDINATOR_STATUS_NETWORK_JSON_H

#include <jansson.h>

#include "common/space.h"

/* What arch chooses: a list of {layer, option, name}, by layer. As below. */
json_t *options_json(const struct space *space, const struct arch *arch);

/* A list of {op, layer, kind, inputs, output: [channels, height, width], params, madds, ...}: op is
 * its index, layer is "stem", a layer's name or "head", and the rest are the fields that its kind
 * uses. A new reference; NULL when memory runs out. */
json_t *network_json(const struct space *space, const struct network *network);

/* "stem", the layer's name, or "head" */
const char *network_layer_name(const struct space *space, const struct op *op);

#endif
