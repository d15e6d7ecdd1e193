/* cost - what an architecture costs, before anything is trained; and the cheapest and dearest
 * completion of any partial one.
 *
 * Cost is a sum over layers of a term that depends only on the layer's option and on the interface
 * it sees. So the exact extremes come from a dynamic program over (layer, interface). Where a table
 * supplies the cost (a column; no networks needed) they are read off its rows.
 * Pure: no clock, no files after cost_model_new. Immutable, safe to share. */
#ifndef LAYERNAS_COMMON_COST_H
#define LAYERNAS_COMMON_COST_H

#include <stdint.h>

#include "common/space.h"

enum cost_metric {
    COST_MADDS,
    COST_PARAMS,
    COST_ACTIVATIONS,
    COST_TABLE,
    COST_LATENCY,
    COST_METRICS
};

/* A closed interval; empty when lowest > highest. */
struct cost_range {
    int64_t lowest, highest;
};

struct cost_model;

/* Costs by metric (one before COST_TABLE) of the networks of space, which must outlive the model.
 * -ENOTSUP for a space without networks, -ENOMEM. */
int cost_model_new(const struct space *space, enum cost_metric metric,
                   struct cost_model **model_out);

/* Costs given for every architecture of a space: cost[i] is that of the architecture whose option
 * vector, read as a mixed-radix number with the last layer fastest, is i. -1: not in the table,
 * such an architecture is never proposed. Copies. -EINVAL if n is not the size of the space, or a
 * cost is below -1; -ENOMEM. Completions with the front or the back fixed read one node of a tree
 * for each layer; other sets may read many of the n rows. */
int cost_model_from_table(const struct space *space, const int64_t *cost, size_t n,
                          struct cost_model **model_out);
/* What each option of a layer costs, whatever it sees: layer[l] has space_n_options(space, l)
 * numbers from 0; and what all before the first layer and after the last costs. */
struct cost_terms {
    int64_t *layer[ARCH_MAX_LAYERS];
    int64_t ends;
};

/* Costs that are sums of such terms, which are copied. -ENOTSUP for a space without networks,
 * -ENOMEM. */
int cost_model_from_terms(const struct space *space, const struct cost_terms *terms,
                          struct cost_model **model_out);
void cost_model_free(struct cost_model *model);

const struct space *cost_model_space(const struct cost_model *model);

/* The cost of a whole architecture. -1: unknown to the table. */
int64_t cost_of(const struct cost_model *model, const struct arch *arch);

/* madds, params and activations of arch, whatever the metric; zeros where there are no networks. */
struct costs cost_details(const struct cost_model *model, const struct arch *arch);

/* The exact range of cost over all architectures that hold the options of arch in the layers of
 * the set fixed (bit l: layer l); the other layers are free. Empty where a table knows none. */
struct cost_range cost_completions(const struct cost_model *model, const struct arch *arch,
                                   uint64_t fixed);

/* An architecture that attains an end of that range: the smallest option vector that does. arch
 * itself where the range is empty. */
struct arch cost_cheapest(const struct cost_model *model, const struct arch *arch, uint64_t fixed);
struct arch cost_dearest(const struct cost_model *model, const struct arch *arch, uint64_t fixed);

/* A small number that names what layers after `layer` see of arch, equal exactly for equal
 * interfaces at that layer. For order backward the same number serves: it is the border between
 * layer and layer + 1. 0 where there are no networks. */
uint32_t cost_interface(const struct cost_model *model, const struct arch *arch, uint32_t layer);

const char *cost_metric_name(enum cost_metric metric);

#endif
