/* Batch normalisation (Ioffe and Szegedy, 2015), as scale and shift of what its node stores. */
#include <math.h>
#include <string.h>

#include "worker/engine/net.h"

static const double epsilon = 1e-5, momentum = 0.1;

static void clear_sums(struct norm *norm, size_t channels)
{
    memset(norm->sum[0], 0, channels * sizeof *norm->sum[0]);
    memset(norm->sum[1], 0, channels * sizeof *norm->sum[1]);
}

/* Statistics of channel c from its moments about the running mean. These lie near zero once the
 * running mean has found the mean, so that the variance does not drown in their difference. */
static void batch_statistics(struct norm *norm, size_t c, double count)
{
    double offset = norm->sum[0][c] / count;
    double variance = fmax(norm->sum[1][c] / count - offset * offset, 0.0);
    double unbiased = count > 1 ? variance * count / (count - 1) : variance;

    if (isnan(norm->sum[1][c]))
        variance = unbiased = NAN;
    norm->mean[c] = (float)(norm->running_mean[c] + offset);
    norm->inverse_deviation[c] = (float)(1 / sqrt(variance + epsilon));
    norm->running_mean[c] += (float)(momentum * offset);
    norm->running_variance[c] = (float)((1 - momentum) * norm->running_variance[c] +
                                        momentum * unbiased);
}

static void running_statistics(struct norm *norm, size_t c)
{
    norm->mean[c] = norm->running_mean[c];
    norm->inverse_deviation[c] = (float)(1 / sqrt(norm->running_variance[c] + epsilon));
}

void norm_forward(struct net *net, struct node *node)
{
    struct norm *norm = &node->norm;
    size_t channels = (size_t)node->x.shape.channels;

    if (!node->has_norm)
        return;
    for (size_t c = 0; c < channels; c++) {
        if (net->training)
            batch_statistics(norm, c, (double)(net->n * node->x.pixels));
        else
            running_statistics(norm, c);
        node->scale[c] = node->parameter[SCALE].value[c] * norm->inverse_deviation[c];
        node->shift[c] = node->parameter[SHIFT].value[c] - norm->mean[c] * node->scale[c];
    }
    clear_sums(norm, node->x.blocks * BLOCK);
}

/* With h = (x - mean) / deviation: the gradient of x is scale / deviation * (g - mean of g -
 * h * mean of g h), written as a sum over g, x and 1. */
void norm_backward(struct net *net, struct node *node)
{
    struct norm *norm = &node->norm;
    double count = (double)(net->n * node->x.pixels);

    if (!node->has_norm)
        return;
    for (size_t c = 0; c < (size_t)node->x.shape.channels; c++) {
        double by_shift = norm->sum[0][c];
        double by_scale = norm->sum[1][c] * norm->inverse_deviation[c];
        double by_g = node->scale[c];
        double by_x = -by_g * by_scale / count * norm->inverse_deviation[c];

        node->parameter[SHIFT].gradient[c] += (float)by_shift;
        node->parameter[SCALE].gradient[c] += (float)by_scale;
        node->by_g[c] = (float)by_g;
        node->by_x[c] = (float)by_x;
        node->by_1[c] = (float)(-by_g * by_shift / count - by_x * norm->mean[c]);
    }
    clear_sums(norm, node->x.blocks * BLOCK);
}
