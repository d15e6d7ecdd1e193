#include "worker/engine/weights.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "worker/engine/conv.h"

enum { FLOAT = 4 };

/* ---- every number of a net, in the order in which they are kept ---- */

/* What becomes of one number; `is_variance` says that it cannot be negative. */
typedef int visit_fn(void *arg, float *value, bool is_variance);

static int visit_channels(const struct node *node, float *values, bool are_variances,
                          visit_fn *visit, void *arg)
{
    for (size_t c = 0; c < (size_t)node->x.shape.channels; c++) {
        int rc = visit(arg, &values[c], are_variances);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int visit_norm(const struct node *node, visit_fn *visit, void *arg)
{
    float *const values[] = { node->parameter[SCALE].value, node->parameter[SHIFT].value,
                              node->norm.running_mean, node->norm.running_variance };
    int rc = 0;

    for (size_t i = 0; i < 4 && rc == 0; i++)
        rc = visit_channels(node, values[i], i == 3, visit, arg);
    return rc;
}

struct kernel {
    size_t out, in, height, width;
};

static struct kernel kernel_of(const struct net *net, const struct node *node)
{
    const struct shape *in = &net->nodes[node->input[0].node].x.shape;
    const struct op *op = node_op(net, node);
    bool dense = op->kind == OP_DENSE;

    return (struct kernel){ .out = (size_t)op->out.channels,
                            .in = weight_fan(net, node),
                            .height = (size_t)(dense ? in->height : op->kernel_h),
                            .width = (size_t)(dense ? in->width : op->kernel_w) };
}

static int visit_weights(const struct net *net, const struct node *node, visit_fn *visit, void *arg)
{
    const struct kernel k = kernel_of(net, node);
    float *values = node->parameter[WEIGHT].value;
    int rc = 0;

    for (size_t out = 0; out < k.out; out++)
        for (size_t in = 0; in < k.in; in++)
            for (size_t row = 0; row < k.height; row++)
                for (size_t column = 0; column < k.width && rc == 0; column++)
                    rc = visit(arg, &values[weight_index(net, node, out, in, row, column)], false);
    if (rc == 0 && node->parameter[BIAS].n)
        rc = visit_channels(node, node->parameter[BIAS].value, false, visit, arg);
    return rc;
}

static int visit_all(const struct net *net, visit_fn *visit, void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < net->network.n_ops && rc == 0; i++) {
        const struct node *node = &net->nodes[net->node_of[i]];
        enum op_kind kind = net->network.ops[i].kind;

        if (kind == OP_CONV || kind == OP_DENSE)
            rc = visit_weights(net, node, visit, arg);
        else if (kind == OP_NORM)
            rc = visit_norm(node, visit, arg);
    }
    return rc;
}

static int check_finite(void *arg, float *value, bool is_variance)
{
    (void)arg;
    (void)is_variance;
    return isfinite(*value) ? 0 : -EDOM;
}

bool weights_are_finite(const struct net *net)
{
    return visit_all(net, check_finite, NULL) == 0;
}

/* ---- first values ---- */

struct draw {
    struct rng rng;
    double deviation, bound; /* normal, or uniform where the bound is not 0 */
};

static int draw(void *arg, float *value, bool is_variance)
{
    struct draw *d = arg;

    (void)is_variance;
    *value = (float)(d->bound > 0 ? d->bound * (2 * rng_double(&d->rng) - 1)
                                  : d->deviation * rng_normal(&d->rng));
    return 0;
}

void weights_init(struct net *net, uint64_t seed)
{
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct node *node = &net->nodes[i];
        const struct op *op = node_op(net, node);
        struct draw d = { 0 };
        struct kernel k;

        if (!node->parameter[WEIGHT].n)
            continue;
        k = kernel_of(net, node);
        rng_init(&d.rng, seed, node->op); /* adding a layer leaves the others' weights alone */
        if (op->kind == OP_DENSE)
            d.bound = 1 / sqrt((double)(k.in * k.height * k.width));
        else
            d.deviation = sqrt(2.0 / (double)(k.out / (size_t)op->groups * k.height * k.width));
        visit_weights(net, node, draw, &d);
        if (op->kind == OP_CONV && op->bias)
            memset(node->parameter[BIAS].value, 0,
                   node->parameter[BIAS].n * sizeof *node->parameter[BIAS].value);
    }
}

/* ---- bytes ---- */

static int count(void *arg, float *value, bool is_variance)
{
    size_t *n = arg;

    (void)value;
    (void)is_variance;
    ++*n;
    return 0;
}

static int write_float(void *arg, float *value, bool is_variance)
{
    uint8_t **at = arg;
    uint32_t bits;

    (void)is_variance;
    memcpy(&bits, value, sizeof bits);
    for (int i = 0; i < FLOAT; i++)
        *(*at)++ = (uint8_t)(bits >> 8 * i);
    return 0;
}

static float float_at(const uint8_t *at)
{
    uint32_t bits = 0;
    float value;

    for (int i = 0; i < FLOAT; i++)
        bits |= (uint32_t)at[i] << 8 * i;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int check_float(void *arg, float *value, bool is_variance)
{
    const uint8_t **at = arg;
    float kept = float_at(*at);

    (void)value;
    *at += FLOAT;
    return isfinite(kept) && !(is_variance && kept < 0) ? 0 : -EINVAL;
}

static int read_float(void *arg, float *value, bool is_variance)
{
    const uint8_t **at = arg;

    (void)is_variance;
    *value = float_at(*at);
    *at += FLOAT;
    return 0;
}

int weights_save(const struct net *net, uint8_t **bytes_out, size_t *size_out)
{
    uint8_t *bytes, *at;
    size_t n = 0;

    visit_all(net, count, &n);
    bytes = at = malloc(FLOAT * n + 1);
    if (!bytes)
        return -ENOMEM;
    visit_all(net, write_float, &at);
    *bytes_out = bytes;
    *size_out = FLOAT * n;
    return 0;
}

int weights_load(struct net *net, const uint8_t *bytes, size_t size, struct errmsg *err)
{
    const uint8_t *at = bytes;
    size_t n = 0;

    visit_all(net, count, &n);
    if (size != FLOAT * n)
        return errmsg_set(err, -EINVAL, "weights: %zu bytes of numbers; %zu for this network", size,
                          FLOAT * n);
    if (visit_all(net, check_float, &at) < 0)
        return errmsg_set(err, -EINVAL, "weights: a number that no training can give");
    at = bytes;
    return visit_all(net, read_float, &at);
}
