/* weights - the parameters of a net: first values, and the block of bytes they are kept in.
 *
 * All numbers little-endian:
 *
 *     8 bytes    "LNASWGT" and a zero
 *     uint32     version, 1
 *     uint32     CRC-32 of the network: ten int32 per op (kind, out channels, height, width,
 *                kernel height and width, stride, pad, groups, bias) and both inputs
 *     uint64     number of floats
 *     float32    for each op in order
 *                    conv    weights [out][in / groups][row][column], bias [out] if it has one
 *                    dense   weights [out][in channel][row][column],  bias [out] if it has one
 *                    norm    scale, shift, running mean, running variance, [channels] each
 *     uint32     CRC-32 of all bytes before
 */
#ifndef LAYERNAS_WORKER_ENGINE_WEIGHTS_H
#define LAYERNAS_WORKER_ENGINE_WEIGHTS_H

#include "worker/engine/net.h"

void weights_init(struct net *net, uint64_t seed);

/* The bytes are the caller's to free(). -ENOMEM. */
int weights_save(const struct net *net, uint8_t **bytes_out, size_t *size_out);

/* -EINVAL if the bytes are not of this network, damaged, or hold what cannot be a weight; the net
 * is then as it was. */
int weights_load(struct net *net, const uint8_t *bytes, size_t size, struct errmsg *err);

/* Whether every parameter and statistic is a finite number. */
bool weights_are_finite(const struct net *net);

#endif
