#include "tests/gradient/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct network *network;
    size_t n;
    bool training;
    double *const *factor; /* of each op: NULL, or what dropout multiplies by */
    double **out;          /* of each op: [n][channels][height][width] */
};

static size_t size_of(const struct shape *s)
{
    return (size_t)s->channels * (size_t)s->height * (size_t)s->width;
}

static size_t numbers_of(const struct network *network, size_t i)
{
    const struct op *op = &network->ops[i];
    const struct shape *in = &network->ops[op->input[0]].out;
    size_t out = (size_t)op->out.channels;

    switch (op->kind) {
    case OP_CONV:
        return out * (size_t)(in->channels / op->groups * op->kernel_h * op->kernel_w) +
               (op->bias ? out : 0);
    case OP_DENSE:
        return out * size_of(in) + (op->bias ? out : 0);
    case OP_NORM:
        return 4 * out;
    default:
        return 0;
    }
}

size_t reference_numbers(const struct network *network, bool **is_parameter_out)
{
    size_t n = 0, at = 0;

    for (size_t i = 0; i < network->n_ops; i++)
        n += numbers_of(network, i);
    *is_parameter_out = malloc(n + 1);
    for (size_t i = 0; i < network->n_ops; i++)
        for (size_t k = 0, all = numbers_of(network, i); k < all; k++)
            (*is_parameter_out)[at++] = network->ops[i].kind != OP_NORM || k < all / 2;
    return n;
}

/* Pixel (y, x) of a plane, 0 outside. */
static double pixel_at(const double *plane, const struct shape *s, int y, int x)
{
    bool inside = y >= 0 && y < s->height && x >= 0 && x < s->width;

    return inside ? plane[y * s->width + x] : 0;
}

static double conv_pixel(const struct op *op, const struct shape *in, const double *image,
                         const double *w, int out, int row, int column)
{
    int fan = in->channels / op->groups, first = out / (op->out.channels / op->groups) * fan;
    double sum = 0;

    for (int c = 0; c < fan; c++)
        for (int i = 0; i < op->kernel_h; i++)
            for (int j = 0; j < op->kernel_w; j++)
                sum += w[((out * fan + c) * op->kernel_h + i) * op->kernel_w + j] *
                       pixel_at(image + (first + c) * in->height * in->width, in,
                                row * op->stride - op->pad + i, column * op->stride - op->pad + j);
    return sum;
}

static void conv(const struct run *run, const struct op *op, const double *w, double *out)
{
    const struct shape *in = &run->network->ops[op->input[0]].out;
    const double *bias = w + op->out.channels * (in->channels / op->groups) * op->kernel_h *
                                 op->kernel_w;

    for (size_t n = 0; n < run->n; n++)
        for (int c = 0; c < op->out.channels; c++)
            for (int y = 0; y < op->out.height; y++)
                for (int x = 0; x < op->out.width; x++)
                    *out++ = conv_pixel(op, in, run->out[op->input[0]] + n * size_of(in), w, c, y,
                                        x) +
                             (op->bias ? bias[c] : 0);
}

static void dense(const struct run *run, const struct op *op, const double *w, double *out)
{
    size_t in = size_of(&run->network->ops[op->input[0]].out), classes = (size_t)op->out.channels;

    for (size_t n = 0; n < run->n; n++)
        for (size_t c = 0; c < classes; c++) {
            double sum = op->bias ? w[classes * in + c] : 0;

            for (size_t i = 0; i < in; i++)
                sum += w[c * in + i] * run->out[op->input[0]][n * in + i];
            *out++ = sum;
        }
}

/* Mean and biased variance of channel c over the batch. */
static void moments(const struct run *run, const struct op *op, int c, double *mean, double *var)
{
    size_t pixels = (size_t)(op->out.height * op->out.width);
    double count = (double)(run->n * pixels);

    *mean = *var = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t n = 0; n < run->n; n++)
            for (size_t p = 0; p < pixels; p++) {
                double x = run->out[op->input[0]]
                                   [(n * (size_t)op->out.channels + (size_t)c) * pixels + p];

                if (pass == 0)
                    *mean += x / count;
                else
                    *var += (x - *mean) * (x - *mean) / count;
            }
}

static void norm(const struct run *run, const struct op *op, const double *w, double *out)
{
    int channels = op->out.channels;
    size_t pixels = (size_t)(op->out.height * op->out.width);

    for (int c = 0; c < channels; c++) {
        double mean = w[2 * channels + c], var = w[3 * channels + c];

        if (run->training)
            moments(run, op, c, &mean, &var);
        for (size_t n = 0; n < run->n; n++)
            for (size_t p = 0; p < pixels; p++) {
                size_t i = (n * (size_t)channels + (size_t)c) * pixels + p;

                out[i] = (run->out[op->input[0]][i] - mean) / sqrt(var + 1e-5) * w[c] +
                         w[channels + c];
            }
    }
}

static double pool_pixel(const struct op *op, const struct shape *in, const double *plane, int row,
                         int column)
{
    double sum = 0, most = -INFINITY, count = 0;

    for (int i = 0; i < op->kernel_h; i++)
        for (int j = 0; j < op->kernel_w; j++) {
            int y = row * op->stride - op->pad + i, x = column * op->stride - op->pad + j;

            if (y < 0 || y >= in->height || x < 0 || x >= in->width)
                continue;
            sum += plane[y * in->width + x];
            most = fmax(most, plane[y * in->width + x]);
            count++;
        }
    return op->pooling == POOLING_MAX ? most : sum / count;
}

static void pool(const struct run *run, const struct op *op, double *out)
{
    const struct shape *in = &run->network->ops[op->input[0]].out;
    const double *plane = run->out[op->input[0]];

    for (size_t i = 0; i < run->n * (size_t)in->channels; i++, plane += in->height * in->width)
        for (int y = 0; y < op->out.height; y++)
            for (int x = 0; x < op->out.width; x++)
                *out++ = pool_pixel(op, in, plane, y, x);
}

static double activated(enum activation activation, double x)
{
    double hard = fmin(fmax(x + 3, 0), 6) / 6;

    switch (activation) {
    case ACTIVATION_RELU6:
        return fmin(fmax(x, 0), 6);
    case ACTIVATION_HSWISH:
        return x * hard;
    case ACTIVATION_SWISH:
        return x / (1 + exp(-x));
    case ACTIVATION_HSIGMOID:
        return hard;
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_ZERO:
        return 0;
    default:
        return fmax(x, 0);
    }
}

static void elementwise(const struct run *run, size_t i, double *out)
{
    const struct op *op = &run->network->ops[i];
    const double *a = run->out[op->input[0]], *b = run->out[op->input[1]];
    size_t pixels = (size_t)(op->out.height * op->out.width);

    for (size_t k = 0; k < run->n * size_of(&op->out); k++)
        switch (op->kind) {
        case OP_ADD:
            out[k] = a[k] + b[k];
            break;
        case OP_SCALE:
            out[k] = a[k] * b[k / pixels];
            break;
        case OP_DROPOUT:
            out[k] = run->training && run->factor[i] ? a[k] * run->factor[i][k] : a[k];
            break;
        default:
            out[k] = activated(op->activation, a[k]);
        }
}

static void run_op(const struct run *run, size_t i, const double *w)
{
    const struct op *op = &run->network->ops[i];
    double *out = run->out[i];

    switch (op->kind) {
    case OP_CONV:
        conv(run, op, w, out);
        break;
    case OP_DENSE:
        dense(run, op, w, out);
        break;
    case OP_NORM:
        norm(run, op, w, out);
        break;
    case OP_POOL:
        pool(run, op, out);
        break;
    default:
        elementwise(run, i, out);
    }
}

double *reference_logits(const struct network *network, const double *numbers, const double *images,
                         size_t n, bool training, double *const *factor)
{
    struct run run = { .network = network, .n = n, .training = training, .factor = factor };
    double *logits;

    run.out = calloc(network->n_ops, sizeof *run.out);
    for (size_t i = 0; i < network->n_ops; i++) {
        size_t size = n * size_of(&network->ops[i].out);

        run.out[i] = malloc(size * sizeof **run.out);
        if (i == 0)
            memcpy(run.out[0], images, size * sizeof *images);
        else
            run_op(&run, i, numbers);
        numbers += numbers_of(network, i);
    }
    logits = run.out[network->n_ops - 1];
    for (size_t i = 0; i + 1 < network->n_ops; i++)
        free(run.out[i]);
    free(run.out);
    return logits;
}
