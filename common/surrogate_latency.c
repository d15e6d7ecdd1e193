#include "common/surrogate_latency.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/surrogate_parts.h"

enum { NS_PER_MS = 1000000, KEY_SIZE = 200, MOST_MS = 1000000 };

const char surrogate_latency_key[] = "r,type,in_hw,in_c,out_hw,out_c,mid,kernel,stride,idskip,se,"
                                     "hswish";

struct lookup {
    const struct table *table;
    const char *name;
    int32_t side; /* of the network's images */
    int rc;
    struct errmsg *err;
};

/* The row of that type and key; the first fault sticks. */
static int64_t __attribute__((format(printf, 2, 3)))
look_up(struct lookup *lookup, const char *format, ...)
{
    char key[KEY_SIZE];
    va_list args;
    double ms;
    long row;
    int used;

    if (lookup->rc < 0)
        return 0;
    used = snprintf(key, sizeof key, "%d,", lookup->side);
    va_start(args, format);
    vsnprintf(key + used, sizeof key - (size_t)used, format, args);
    va_end(args);
    row = table_find(lookup->table, key);
    if (row < 0) {
        lookup->rc = errmsg_set(lookup->err, -EINVAL, "%s: no row with %s = %s", lookup->name,
                                surrogate_latency_key, key);
        return 0;
    }
    ms = table_value(lookup->table, (size_t)row, 0);
    if (!(ms >= 0 && ms <= MOST_MS)) {
        lookup->rc = errmsg_set(lookup->err, -EINVAL, "%s: mean_ms of %s: %g; 0 to %d",
                                lookup->name, key, ms, MOST_MS);
        return 0;
    }
    return llround(ms * NS_PER_MS);
}

static int64_t look_up_block(struct lookup *lookup, const struct ofa_block *block,
                             const struct shape *in, int32_t stride, bool skips,
                             const struct ofa_stage *stage)
{
    return look_up(lookup, "expanded_conv,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d", in->height, in->channels,
                   block->out.height, block->out.channels, block->hidden, block->kernel, stride,
                   skips, stage->se, stage->hswish);
}

static int64_t look_up_stem(struct lookup *lookup, int32_t out)
{
    enum { C = OFA_STEM_CHANNELS };

    return look_up(lookup, "Conv,%d,3,%d,%d,,,,,,", lookup->side, out, C) +
           look_up(lookup, "expanded_conv,%d,%d,%d,%d,%d,3,1,1,0,0", out, C, out, C, C);
}

static int64_t look_up_head(struct lookup *lookup, int32_t in)
{
    return look_up(lookup, "Conv_1,%d,192,%d,1152,,,,,,", in, in) +
           look_up(lookup, "AvgPool2D,%d,1152,1,1152,,,,,,", in) +
           look_up(lookup, "Conv_2,1,1152,1,1536,,,,,,") +
           look_up(lookup, "Logits,1,1536,,1000,,,,,,");
}

int surrogate_latency(const struct table *table, const char *name, const struct network *network,
                      struct surrogate_latency *latency_out, struct errmsg *err)
{
    struct lookup lookup = { table, name, network->ops[0].out.height, 0, err };
    struct ofa_block blocks[SURROGATE_BLOCKS];
    int32_t side = (lookup.side + 1) / 2;
    struct shape in = { OFA_STEM_CHANNELS, side, side };

    lookup.rc = ofa_read_blocks(network, blocks, err);
    memset(latency_out, 0, sizeof *latency_out);
    latency_out->ends = look_up_stem(&lookup, side);
    for (int layer = 0; layer < SURROGATE_BLOCKS && lookup.rc == 0; layer++) {
        const struct ofa_stage *stage = &ofa_stages[layer / OFA_DEPTH];
        bool first = in.channels != stage->channels;

        if (blocks[layer].n_ops == 0)
            continue;
        latency_out->layers[layer] = look_up_block(&lookup, &blocks[layer], &in,
                                                   first ? stage->stride : 1, !first, stage);
        in = blocks[layer].out;
    }
    latency_out->ends += look_up_head(&lookup, in.height);
    return lookup.rc;
}
