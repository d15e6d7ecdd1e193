/* surrogate_parts - the once-for-all networks of width 1.2. Internal to common/surrogate*.c. */
#ifndef LAYERNAS_COMMON_SURROGATE_PARTS_H
#define LAYERNAS_COMMON_SURROGATE_PARTS_H

#include <stdbool.h>

#include "common/surrogate.h"

enum { OFA_STAGES = 5, OFA_DEPTH = 4, OFA_STEM_CHANNELS = 24 };

static const struct ofa_stage {
    int32_t channels, stride; /* the stride is that of the first block */
    bool se, hswish;
} ofa_stages[OFA_STAGES] = {
    { 32, 2, false, false }, { 48, 2, true, false }, { 96, 2, false, true },
    { 136, 1, true, true },  { 192, 2, true, true },
};

/* What a layer's ops come to. */
struct ofa_block {
    int32_t n_ops, n_depthwise;
    int32_t kernel, hidden; /* of the depthwise convolution */
    struct shape out;
};

/* -EINVAL where there are more layers. */
int ofa_read_blocks(const struct network *network, struct ofa_block blocks[SURROGATE_BLOCKS],
                    struct errmsg *err);

#endif
