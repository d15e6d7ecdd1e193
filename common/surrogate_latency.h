/* surrogate_latency - how long a phone needs for a once-for-all network: a sum over its layers, each
 * measured alone and looked up in a table (Cai et al., "ProxylessNAS", ICLR 2019; for these networks
 * "Once-for-All", ICLR 2020). */
#ifndef LAYERNAS_COMMON_SURROGATE_LATENCY_H
#define LAYERNAS_COMMON_SURROGATE_LATENCY_H

#include "common/surrogate.h"
#include "common/table.h"

/* The columns that say what a row is about, for table_load; the value is "mean_ms". */
extern const char surrogate_latency_key[];

/* Nanoseconds. The network's latency is the sum of all. */
struct surrogate_latency {
    int64_t layers[SURROGATE_BLOCKS];
    int64_t ends; /* all before the first layer and after the last */
};

/* For a network that surrogate_encode accepts. table was read with that key and value; name stands
 * for its file in errors. -EINVAL where it lacks a row that the network needs. */
int surrogate_latency(const struct table *table, const char *name, const struct network *network,
                      struct surrogate_latency *latency_out, struct errmsg *err);

#endif
