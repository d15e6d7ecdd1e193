/* space_block - the blocks of the space language: how each is written, and which primitive
 * operations it stands for. Private to space; a new kind of block is one row of block_kinds.
 *
 * A block in a file may give lists (kernel: [3, 5]); it then stands for one variant for each
 * combination, in the order written, the last list fastest. */
#ifndef LAYERNAS_COMMON_SPACE_BLOCK_H
#define LAYERNAS_COMMON_SPACE_BLOCK_H

#include "common/network.h"
#include "common/space_emit.h"
#include "common/yaml_doc.h"

/* In the order in which names of options show them. */
enum block_field {
    FIELD_EXPAND,
    FIELD_HIDDEN,
    FIELD_POOLING,
    FIELD_KERNEL,
    FIELD_SIZE,
    FIELD_OUT,
    FIELD_WIDTH,
    FIELD_LEAST,
    FIELD_STRIDE,
    FIELD_PAD,
    FIELD_GROUPS,
    FIELD_SE,
    FIELD_SQUEEZE,
    FIELD_ACT,
    FIELD_GATE,
    FIELD_NORM,
    FIELD_BIAS,
    FIELD_RATE,
    BLOCK_FIELDS
};

/* A field's value is a number from 0, a fraction in units of 1 / FRACTION_ONE, the i-th of the
 * field's words as BLOCK_WORD(i), or that nothing was given. */
#define BLOCK_WORD(i) (-1 - (i))

enum {
    BLOCK_UNSET = INT32_MIN,
    OUT_SAME = BLOCK_WORD(0), /* as many channels as come in */
    OUT_CLASSES = BLOCK_WORD(1),
    OUT_CELL = BLOCK_WORD(2),        /* on the edges of a cell: as many as the cell gives */
    STRIDE_CELL = BLOCK_WORD(0),     /* there too */
    SIZE_ALL = BLOCK_WORD(0),        /* the whole image */
    GROUPS_CHANNELS = BLOCK_WORD(0), /* depthwise */
    ACT_NONE = BLOCK_WORD(0),        /* then the activations, in the order of enum activation */
    GATE_HSIGMOID = BLOCK_WORD(0),   /* then sigmoid, in that order */
    BLOCK_FALSE = BLOCK_WORD(0),
    BLOCK_TRUE = BLOCK_WORD(1),
};

enum field_use { FIELD_UNKNOWN, FIELD_REQUIRED, FIELD_OPTIONAL };

struct cell;

struct block_kind {
    const char *name;
    int (*emit)(struct emitter *emitter, const int32_t *value);

    /* What is wrong with a combination of values, or NULL. */
    const char *(*fault)(const int32_t *value);
    struct {
        enum field_use use;
        int32_t preset;
    } fields[BLOCK_FIELDS];
    bool has_main; /* a bare value (act: relu) stands for the field main */
    enum block_field main;
};

extern const struct block_kind block_kinds[];
extern const size_t n_block_kinds;

/* The kind of every cell, which has a name of its own. */
extern const struct block_kind cell_kind;

enum { BLOCK_KINDS_MAX = 32, BLOCK_SEQUENCE_MAX = 64 };

/* One variant of one block. */
struct block {
    const struct block_kind *kind;
    const struct cell *cell; /* of a cell; NULL of all others */
    yaml_node_t *node;       /* for faults, while the document lives */
    int32_t value[BLOCK_FIELDS];
};

/* What an option, the stem, the head or a cell's edge is: blocks one after the other. */
struct block_sequence {
    size_t n;
    struct block blocks[BLOCK_SEQUENCE_MAX];
};

const char *block_name(const struct block *block);

/* Appends the block's operations. -EINVAL when the block does not fit there; -ENOMEM, -E2BIG. */
int block_emit(const struct block *block, struct emitter *emitter);

/* What the values of `out` and `stride` come to. */
int32_t block_out(const struct emitter *e, const int32_t *value);
int32_t block_stride(const struct emitter *e, const int32_t *value);

struct block_reader {
    struct yaml_doc *doc;
    const char *field; /* where the blocks stand: "layers.block1.options" */
    const struct cell *cells;
    size_t n_cells;
    bool on_edge; /* of a cell: the word `cell` is known */
    struct errmsg *err;
};

/* How many variants the block, or list of blocks, at node stands for: 0 where a list is empty;
 * limit + 1 where there are more than limit. */
size_t block_variants(struct yaml_doc *doc, yaml_node_t *node, size_t limit);

/* Reads one of them, variant < block_variants. -EINVAL with the fault. */
int block_sequence_read(const struct block_reader *reader, yaml_node_t *node, size_t variant,
                        struct block_sequence *sequence_out);

/* Reads a fraction of lowest to highest, of four decimals at most. -EINVAL with the fault. */
int block_fraction(struct yaml_doc *doc, yaml_node_t *node, const char *where, double lowest,
                   double highest, int32_t *value_out, struct errmsg *err);

/* "mbconv e3 k5 o24 s2", blocks joined by " + "; equal exactly for equal sequences. The caller's to
 * free(); NULL when memory runs out. */
char *block_sequence_name(const struct block_sequence *sequence);

/* All variants of node at once, all of which are sound and variant is one: "mbconv [e3 e6] k3
 * [se no-se]", fields in the order of the file. The caller's to free(); NULL when memory runs out. */
char *block_pattern_name(const struct block_reader *reader, yaml_node_t *node,
                         const struct block_sequence *variant);

#endif
