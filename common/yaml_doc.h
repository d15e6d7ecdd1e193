/* yaml_doc - a YAML file in memory, and checked access to it, over libyaml.
 *
 * Every fault reads "FILE:LINE: FIELD: found; allowed", from the line of the node at fault. Files
 * are bounded (YAML_DOC_MAX_BYTES, YAML_DOC_MAX_DEPTH, one document, no aliases), so that no file
 * can exhaust memory. field arguments are what the user would call the place: "search.trials". */
#ifndef LAYERNAS_COMMON_YAML_DOC_H
#define LAYERNAS_COMMON_YAML_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "common/errmsg.h"

enum { YAML_DOC_MAX_BYTES = 1 << 20, YAML_DOC_MAX_DEPTH = 32 };

struct yaml_doc {
    yaml_document_t document;
    char *path; /* for faults */
};

/* -EINVAL with the line of a syntax error, or the errno of reading path. */
int yaml_doc_load(const char *path, struct yaml_doc *doc_out, struct errmsg *err);

/* The same from memory; name stands for the file in faults. */
int yaml_doc_parse(const char *text, size_t size, const char *name, struct yaml_doc *doc_out,
                   struct errmsg *err);
void yaml_doc_clear(struct yaml_doc *doc);

yaml_node_t *yaml_root(struct yaml_doc *doc);

/* Describes a fault at node's line and returns -EINVAL. */
int yaml_fault(const struct yaml_doc *doc, const yaml_node_t *node, struct errmsg *err,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* -EINVAL unless node is a mapping whose keys are plain words, each at most once and each among
 * the NULL-terminated allowed ones (a near miss is pointed out). */
int yaml_map_check(struct yaml_doc *doc, yaml_node_t *node, const char *field,
                   const char *const *allowed, struct errmsg *err);

/* The value under key, or NULL. */
yaml_node_t *yaml_map_get(struct yaml_doc *doc, yaml_node_t *map, const char *key);

/* A mapping's i-th pair, or a sequence's i-th item; NULL past the end. */
yaml_node_t *yaml_map_pair(struct yaml_doc *doc, yaml_node_t *map, size_t i, const char **key_out);
yaml_node_t *yaml_list_item(struct yaml_doc *doc, yaml_node_t *list, size_t i);
size_t yaml_length(const yaml_node_t *node);

/* A scalar's text; NULL if node is not a scalar. Belongs to the document. */
const char *yaml_text(const yaml_node_t *node);

/* A path written in the file, which goes by the file's own folder, as it is from here. -ENAMETOOLONG
 * where it does not fit size bytes. */
int yaml_path(const struct yaml_doc *doc, const char *written, char *path, size_t size);

/* A scalar within bounds, or a fault that names field, what was found and what is allowed. Integers
 * may end in k, M or G (1.0M is 1000000) where that gives a whole number. */
int yaml_integer(struct yaml_doc *doc, yaml_node_t *node, const char *field, int64_t lowest,
                 int64_t highest, int64_t *value_out, struct errmsg *err);
int yaml_real(struct yaml_doc *doc, yaml_node_t *node, const char *field, double lowest,
              double highest, double *value_out, struct errmsg *err);
int yaml_bool(struct yaml_doc *doc, yaml_node_t *node, const char *field, bool *value_out,
              struct errmsg *err);

/* The index of the scalar among the NULL-terminated names. */
int yaml_choice(struct yaml_doc *doc, yaml_node_t *node, const char *field,
                const char *const *names, int *index_out, struct errmsg *err);

/* Copies the scalar's text; a fault when it is empty or does not fit size bytes. */
int yaml_string(struct yaml_doc *doc, yaml_node_t *node, const char *field, char *text, size_t size,
                struct errmsg *err);

#endif
