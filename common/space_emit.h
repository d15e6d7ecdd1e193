/* space_emit - the operations that blocks are made of, appended to a network one after the other.
 * Private to space. Functions give 0, -EINVAL where an operation does not fit (and say why), -ENOMEM,
 * or -E2BIG past NETWORK_MAX_OPS. */
#ifndef LAYERNAS_COMMON_SPACE_EMIT_H
#define LAYERNAS_COMMON_SPACE_EMIT_H

#include "common/network.h"

/* Fractions in space files count ten-thousandths: what a width or an expansion of 1 is. */
enum { FRACTION_ONE = 10000 };

struct edge_layers;

struct emitter {
    struct network *network;
    int32_t at;    /* the op that the next one reads */
    int32_t layer; /* of ops; 0 where layers lie end to end */
    uint32_t classes;
    int32_t width; /* of the whole space, as a fraction */
    struct {
        int32_t out, stride; /* what `cell` stands for on the edges of one; 0 elsewhere */
    } cell;
    const struct edge_layers *layers; /* where layers lie on edges, and what they hold; or NULL */
    const struct arch *arch;
    struct errmsg *err;
};

/* The shape of the op that the next one reads. */
struct shape emitter_shape(const struct emitter *e);

/* op reads e->at, and is where the next one reads. */
int emit_op(struct emitter *e, struct op op);

/* The same with two inputs. */
int emit_pair(struct emitter *e, enum op_kind kind, int32_t first, int32_t second);

/* A kernel's default padding: an odd one keeps the side of the image, divided by the stride and
 * rounded up. */
int32_t emit_padding(int32_t kernel);

int emit_convolution(struct emitter *e, int32_t out, int32_t kernel, int32_t stride, int32_t groups,
                     bool bias);
int emit_normalisation(struct emitter *e);
int emit_activation(struct emitter *e, enum activation activation);
int emit_global_pool(struct emitter *e, enum pooling pooling);

/* Squeeze-and-excitation of what e->at gives, as MobileNetV3 has it (Howard et al., 2019, section
 * 5.3): channels / squeeze of them inside, rounded by divisible_by_8. */
int emit_squeeze_excite(struct emitter *e, int32_t squeeze, enum activation act,
                        enum activation gate);

/* numerator / denominator, to the nearest multiple of 8 (a half up), at least 8, and never more than
 * a tenth below: how the MobileNets round a number of channels. Neither is negative, and ten times the
 * numerator stays below 2^63. */
int32_t divisible_by_8(int64_t numerator, int64_t denominator);

/* channels times a block's width and the space's; as they are where both are 1. */
int32_t emitter_widen(const struct emitter *e, int32_t channels, int32_t width);

#endif
