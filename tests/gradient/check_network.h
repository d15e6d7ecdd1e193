/* check_network - a network in the engine against the same in double precision (reference.h). */
#ifndef LAYERNAS_TESTS_CHECK_NETWORK_H
#define LAYERNAS_TESTS_CHECK_NETWORK_H

#include "common/network.h"
#include "worker/engine/kernels.h"

/* Fails the test, naming `name`, unless the engine, with these kernels and threads and n random images,
 * gives the logits of the reference in training and in evaluation, before and after a step of training,
 * and derivatives by its parameters that are those of finite differences of the reference. At most
 * CHECKED_LOGITS in all. Clears *network. */
enum { CHECKED_LOGITS = 64 };
void check_network(const char *name, struct network *network, const struct kernels *kernels,
                   size_t threads, size_t n);

#endif
