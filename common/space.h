/* space - what can be searched: a fixed stem, layers with options, a fixed head. From a YAML file.
 *
 * The language is described in deploy/README.md. Immutable once loaded, safe to share. A space
 * may also be mere lists of option names (`names:`), for benchmark tables that come without
 * networks: then only the table knows costs, and the functions that need networks give -ENOTSUP. */
#ifndef LAYERNAS_COMMON_SPACE_H
#define LAYERNAS_COMMON_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arch.h"
#include "common/digest.h"
#include "common/errmsg.h"
#include "common/network.h"

struct space;

/* Reads a space file and checks it whole: every option must fit every interface that can reach it.
 * -EINVAL with FILE:LINE: FIELD in err, -ENOENT and the like, -ENOMEM. */
int space_load(const char *path, struct space **space_out, struct errmsg *err);
void space_free(struct space *space);

uint32_t space_n_layers(const struct space *space);
uint32_t space_n_options(const struct space *space, uint32_t layer);
const char *space_layer_name(const struct space *space, uint32_t layer);
const char *space_option_name(const struct space *space, uint32_t layer,
                              uint32_t option); /* "mbconv e3 k5 o24 s2" */
bool space_has_networks(const struct space *space);
const struct count_rules *space_count_rules(const struct space *space);
struct shape space_input(const struct space *space);
uint32_t space_classes(const struct space *space);

/* The number of architectures, canonical or not, as a double: it may pass 2^63. */
double space_size(const struct space *space);

/* -EINVAL unless arch has one existing option for each layer. */
int space_check_arch(const struct space *space, const struct arch *arch, struct errmsg *err);

/* What the stem gives to the first layer; its cost is added to *costs. */
struct shape space_stem(const struct space *space, struct costs *costs);

/* What layer gives to the next one when it holds option and sees the interface in; the cost of
 * its ops is added to *costs. in must be an interface that can reach this layer. */
struct shape space_apply(const struct space *space, uint32_t layer, uint32_t option,
                         const struct shape *in, struct costs *costs);

/* The cost of the head on interface in, added to *costs. */
void space_head(const struct space *space, const struct shape *in, struct costs *costs);

/* Resolves arch (which space_check_arch accepts) to its network, the caller's to clear.
 * -ENOTSUP, -ENOMEM. */
int space_resolve(const struct space *space, const struct arch *arch, struct network *network_out);

/* The smallest option vector that resolves to the same network as arch: same primitive operations
 * in the same order. Where there are no networks, arch itself. -ENOMEM. */
int space_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out);

/* A name for all that the space means; spacing and comments of the file do not change it. */
struct digest space_digest(const struct space *space);

#endif
