/* space_reader - what the parts of reading a space file share. Private to space.
 *
 * One way through the file: a layer's options are read, one variant after the other, and each is
 * resolved at once on all interfaces of its border; what they lead to is the next border. */
#ifndef LAYERNAS_COMMON_SPACE_READER_H
#define LAYERNAS_COMMON_SPACE_READER_H

#include "common/space_block.h"
#include "common/space_cell.h"
#include "common/space_graph.h"
#include "common/yaml_doc.h"

enum { SPACE_FILES_MAX = 8 };

struct space_reader {
    struct yaml_doc *doc;                   /* the one that is being read: of these */
    struct yaml_doc files[SPACE_FILES_MAX]; /* the file, its base, that one's base, ... */
    size_t n_files;
    struct space *space;
    struct cell *cells;
    size_t n_cells;
    struct network scratch; /* one fragment, behind an op that stands for its interface */
    struct errmsg *err;
};

/* The value of a top-level field, in the file or else in the nearest base that has it; doc is where
 * it was found, the file itself where none has it: NULL. */
yaml_node_t *reader_section(struct space_reader *r, const char *key);

/* The same, with the fault where there is none. */
yaml_node_t *reader_required_section(struct space_reader *r, const char *key);

/* The value under key; NULL, and the fault, where there is none. */
yaml_node_t *reader_required(const struct space_reader *r, yaml_node_t *map, const char *field,
                             const char *key);

/* -EINVAL unless node is a list of 1 to most of what `of` names. */
int reader_check_list(const struct space_reader *r, yaml_node_t *node, const char *field,
                      size_t most, const char *of);

int reader_out_of_memory(const struct space_reader *r);

/* space_layers.c: the layers, under `layers`, `edges` or `names`. */
int reader_layers(struct space_reader *r, const char *list_name);

/* space_resolve.c, in this order: stem, the last layer so far (its names have room), head. */
int reader_stem(struct space_reader *r);
int reader_layer(struct space_reader *r, yaml_node_t *options, const char *where);
int reader_head(struct space_reader *r);

/* space_edges_read.c: the costs of a space with layers on edges, all of which is read. */
int reader_edges(struct space_reader *r);

#endif
