/* net_numbers - the parameters, statistics and gradients of a net as one array, in the order of
 * worker/engine/weights.h, and its images in the usual one. Failures fail the test. */
#ifndef LAYERNAS_TESTS_NET_NUMBERS_H
#define LAYERNAS_TESTS_NET_NUMBERS_H

#include "worker/engine/net.h"

/* The caller's to free. */
float *net_numbers(const struct net *net, size_t *n_out);

/* The same array with each parameter's gradient in its place; statistics as they are. */
float *net_gradients(struct net *net, size_t *n_out);

void net_set_numbers(struct net *net, const float *numbers);

/* [n][channel][row][column] */
void net_set_images(struct net *net, const float *images, size_t n);

/* Where number i of a tensor, counted as above, lies in the engine's layout. */
size_t net_place(const struct tensor *x, size_t i);

#endif
