/* weights - the parameters and running statistics of a net: first values, and the bytes they are kept
 * in, float32 in the order of proto/weights_file.h. */
#ifndef LAYERNAS_WORKER_ENGINE_WEIGHTS_H
#define LAYERNAS_WORKER_ENGINE_WEIGHTS_H

#include "worker/engine/net.h"

void weights_init(struct net *net, uint64_t seed);

/* The bytes are the caller's to free(). -ENOMEM. */
int weights_save(const struct net *net, uint8_t **bytes_out, size_t *size_out);

/* -EINVAL if they are not as many as this net has, or hold what cannot be a weight; the net is then
 * as it was. */
int weights_load(struct net *net, const uint8_t *bytes, size_t size, struct errmsg *err);

/* Whether every parameter and statistic is a finite number. */
bool weights_are_finite(const struct net *net);

#endif
