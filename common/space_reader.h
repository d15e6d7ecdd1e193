/* space_reader - what the two halves of reading a space file share. Private to space.
 *
 * One way through the file: a layer's options are read, one variant after the other, and each is
 * resolved at once on all interfaces of its border; what they lead to is the next border. */
#ifndef LAYERNAS_COMMON_SPACE_READER_H
#define LAYERNAS_COMMON_SPACE_READER_H

#include "common/space_graph.h"
#include "common/yaml_doc.h"

struct space_reader {
    struct yaml_doc *doc;
    struct space *space;
    struct network scratch; /* one fragment, behind an op that stands for its interface */
    struct errmsg *err;
};

/* The value under key; NULL, and the fault, where there is none. */
yaml_node_t *reader_required(const struct space_reader *r, yaml_node_t *map, const char *field,
                             const char *key);

/* -EINVAL unless node is a list of 1 to most of what `of` names. */
int reader_check_list(const struct space_reader *r, yaml_node_t *node, const char *field,
                      size_t most, const char *of);

int reader_out_of_memory(const struct space_reader *r);

/* space_resolve.c, in this order: stem, the last layer so far (its names have room), head. */
int reader_stem(struct space_reader *r, yaml_node_t *root);
int reader_layer(struct space_reader *r, yaml_node_t *options, const char *where);
int reader_head(struct space_reader *r, yaml_node_t *root);

#endif
