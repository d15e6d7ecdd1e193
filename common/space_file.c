/* space_file - the half of reading a space file that knows its outer fields. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_block.h"
#include "common/space_reader.h"

enum { NAME_SIZE = 64, PLACE_SIZE = 128, MIN_CLASSES = 2 };

int reader_out_of_memory(const struct space_reader *r)
{
    return errmsg_set(r->err, -ENOMEM, "%s: out of memory", r->doc->path);
}

yaml_node_t *reader_required(const struct space_reader *r, yaml_node_t *map, const char *field,
                             const char *key)
{
    yaml_node_t *node = yaml_map_get(r->doc, map, key);

    if (!node)
        yaml_fault(r->doc, map, r->err, "%s%s%s: missing; it must be given", field,
                   *field ? "." : "", key);
    return node;
}

int reader_check_list(const struct space_reader *r, yaml_node_t *node, const char *field,
                      size_t most, const char *of)
{
    if (node->type == YAML_SEQUENCE_NODE && yaml_length(node) >= 1 && yaml_length(node) <= most)
        return 0;
    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_fault(r->doc, node, r->err, "%s: not a list; a list of 1 to %zu %s", field,
                          most, of);
    return yaml_fault(r->doc, node, r->err, "%s: a list of %zu; of 1 to %zu %s", field,
                      yaml_length(node), most, of);
}

/* ---- input, count ---- */

static int read_input(struct space_reader *r, yaml_node_t *root)
{
    static const char *const fields[] = { "channels", "height", "width", "classes", NULL };
    static const int64_t lowest[] = { 1, 1, 1, MIN_CLASSES };
    static const int64_t highest[] = { NETWORK_MAX_CHANNELS, NETWORK_MAX_SIDE, NETWORK_MAX_SIDE,
                                       NETWORK_MAX_CHANNELS };
    yaml_node_t *node = reader_required(r, root, "", "input");
    int64_t value[4];
    int rc = node ? yaml_map_check(r->doc, node, "input", fields, r->err) : -EINVAL;

    for (int i = 0; rc == 0 && i < 4; i++) {
        yaml_node_t *number = reader_required(r, node, "input", fields[i]);
        char where[PLACE_SIZE];

        snprintf(where, sizeof where, "input.%s", fields[i]);
        rc = number ? yaml_integer(r->doc, number, where, lowest[i], highest[i], &value[i], r->err)
                    : -EINVAL;
    }
    if (rc < 0)
        return rc;
    r->space->input = (struct shape){ (int32_t)value[0], (int32_t)value[1], (int32_t)value[2] };
    r->space->classes = (uint32_t)value[3];
    return 0;
}

static int read_count(struct space_reader *r, yaml_node_t *root)
{
    static const char *const fields[] = { "dense_bias", NULL };
    yaml_node_t *node = yaml_map_get(r->doc, root, "count"), *flag;
    int rc;

    if (!node)
        return 0;
    rc = yaml_map_check(r->doc, node, "count", fields, r->err);
    if (rc < 0)
        return rc;
    flag = yaml_map_get(r->doc, node, "dense_bias");
    if (!flag)
        return 0;
    return yaml_bool(r->doc, flag, "count.dense_bias", &r->space->rules.dense_bias, r->err);
}

/* ---- layers ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_distinct(const struct space_reader *r, const struct space_layer *layer,
                          const yaml_node_t *node, const char *where)
{
    char **sorted = malloc(layer->n_options * sizeof *sorted);
    int rc = 0;

    if (!sorted)
        return reader_out_of_memory(r);
    memcpy(sorted, layer->options, layer->n_options * sizeof *sorted);
    qsort(sorted, layer->n_options, sizeof *sorted, compare_names);
    for (uint32_t o = 1; rc == 0 && o < layer->n_options; o++)
        if (strcmp(sorted[o - 1], sorted[o]) == 0)
            rc = yaml_fault(r->doc, node, r->err, "%s: \"%.64s\" given twice; once at most", where,
                            sorted[o]);
    free(sorted);
    return rc;
}

/* Counts the options of a layer and makes room for their names. */
static int open_options(struct space_reader *r, struct space_layer *layer, yaml_node_t *list,
                        const char *where)
{
    yaml_node_t *item;
    size_t n = 0;

    for (size_t i = 0; (item = yaml_list_item(r->doc, list, i)); i++) {
        size_t more = r->space->has_networks ? block_variants(r->doc, item, ARCH_MAX_OPTIONS) : 1;

        if (more == 0)
            return yaml_fault(r->doc, item, r->err, "%s: an empty list; at least one value", where);
        n += more;
        if (n > ARCH_MAX_OPTIONS)
            return yaml_fault(r->doc, item, r->err,
                              "%s: lists multiply out to too many; %d options at most", where,
                              ARCH_MAX_OPTIONS);
    }
    layer->options = calloc(n, sizeof *layer->options);
    if (!layer->options)
        return reader_out_of_memory(r);
    layer->n_options = (uint32_t)n;
    return 0;
}

/* Names go into CSV files and onto terminals as they are. */
static int read_name(const struct space_reader *r, yaml_node_t *node, const char *where,
                     char name[NAME_SIZE])
{
    int rc = yaml_string(r->doc, node, where, name, NAME_SIZE, r->err);

    for (const char *c = name; rc == 0 && *c; c++)
        if (iscntrl((unsigned char)*c) || *c == ',' || *c == '"')
            rc = yaml_fault(r->doc, node, r->err,
                            "%s: \"%s\"; a name without commas, quotes and control characters",
                            where, name);
    return rc;
}

static int read_option_names(struct space_reader *r, struct space_layer *layer,
                             yaml_node_t *options, const char *where)
{
    for (uint32_t o = 0; o < layer->n_options; o++) {
        char name[NAME_SIZE];
        int rc = read_name(r, yaml_list_item(r->doc, options, o), where, name);

        if (rc < 0)
            return rc;
        layer->options[o] = strdup(name);
        if (!layer->options[o])
            return reader_out_of_memory(r);
    }
    return 0;
}

static int add_layer(struct space_reader *r, const char *list_name, const char *name,
                     const yaml_node_t *node, yaml_node_t *options)
{
    struct space_layer *layer = &r->space->layers[r->space->n_layers];
    char where[PLACE_SIZE];
    int rc;

    snprintf(where, sizeof where, "%s.%s", list_name, name);
    for (uint32_t l = 0; l < r->space->n_layers; l++)
        if (strcmp(r->space->layers[l].name, name) == 0)
            return yaml_fault(r->doc, node, r->err, "%s: the name of two layers; of one at most",
                              where);
    if (r->space->n_layers == ARCH_MAX_LAYERS)
        return yaml_fault(r->doc, node, r->err, "%s: one layer more than the %d that there may be",
                          where, ARCH_MAX_LAYERS);
    layer->name = strdup(name);
    if (!layer->name)
        return reader_out_of_memory(r);
    r->space->n_layers++;
    strcat(where, ".options");
    rc = reader_check_list(r, options, where, ARCH_MAX_OPTIONS, "options");
    if (rc == 0)
        rc = open_options(r, layer, options, where);
    if (rc == 0)
        rc = r->space->has_networks ? reader_layer(r, options, where)
                                    : read_option_names(r, layer, options, where);
    return rc < 0 ? rc : check_distinct(r, layer, options, where);
}

static int read_repeat(struct space_reader *r, yaml_node_t *node, const char *where,
                       int64_t *repeat_out)
{
    yaml_node_t *number = yaml_map_get(r->doc, node, "repeat");

    *repeat_out = 1;
    if (!number)
        return 0;
    return yaml_integer(r->doc, number, where, 1, ARCH_MAX_LAYERS, repeat_out, r->err);
}

/* An item of the list: one layer, or `repeat` of them, named NAME.1, NAME.2, ... */
static int read_layer(struct space_reader *r, yaml_node_t *node, const char *list_name)
{
    static const char *const fields[] = { "name", "options", "repeat", NULL };
    yaml_node_t *name_node, *options;
    char where[PLACE_SIZE], name[NAME_SIZE], numbered[NAME_SIZE + 12];
    int64_t repeat;
    int rc = yaml_map_check(r->doc, node, list_name, fields, r->err);

    if (rc < 0)
        return rc;
    name_node = reader_required(r, node, list_name, "name");
    options = name_node ? reader_required(r, node, list_name, "options") : NULL;
    if (!options)
        return -EINVAL;
    snprintf(where, sizeof where, "%s.name", list_name);
    rc = read_name(r, name_node, where, name);
    snprintf(where, sizeof where, "%s.repeat", list_name);
    if (rc == 0)
        rc = read_repeat(r, node, where, &repeat);
    for (int i = 1; rc == 0 && i <= repeat; i++) {
        snprintf(numbered, sizeof numbered, "%s.%d", name, i);
        rc = add_layer(r, list_name, repeat > 1 ? numbered : name, node, options);
    }
    return rc;
}

static int read_layers(struct space_reader *r, yaml_node_t *root, const char *list_name)
{
    yaml_node_t *list = reader_required(r, root, "", list_name), *item;
    int rc = list ? reader_check_list(r, list, list_name, ARCH_MAX_LAYERS, "layers") : -EINVAL;

    for (size_t i = 0; rc == 0 && (item = yaml_list_item(r->doc, list, i)); i++)
        rc = read_layer(r, item, list_name);
    return rc;
}

/* ---- the file ---- */

static int read_networks(struct space_reader *r, yaml_node_t *root)
{
    static const char *const fields[] = { "input", "count", "stem", "layers", "head", NULL };
    int rc = yaml_map_check(r->doc, root, "", fields, r->err);

    r->space->has_networks = true;
    if (rc == 0)
        rc = read_input(r, root);
    if (rc == 0)
        rc = read_count(r, root);
    if (rc == 0)
        rc = reader_stem(r, root);
    if (rc == 0)
        rc = read_layers(r, root, "layers");
    return rc < 0 ? rc : reader_head(r, root);
}

static int read_names(struct space_reader *r, yaml_node_t *root)
{
    static const char *const fields[] = { "names", NULL };
    int rc = yaml_map_check(r->doc, root, "", fields, r->err);

    return rc < 0 ? rc : read_layers(r, root, "names");
}

static int read_space(struct yaml_doc *doc, struct space **space_out, struct errmsg *err)
{
    struct space_reader r = { .doc = doc, .err = err };
    yaml_node_t *root = yaml_root(doc);
    int rc;

    r.space = calloc(1, sizeof *r.space);
    if (!r.space)
        return reader_out_of_memory(&r);
    rc = yaml_map_get(doc, root, "names") ? read_names(&r, root) : read_networks(&r, root);
    network_clear(&r.scratch);
    if (rc < 0)
        space_free(r.space);
    else
        *space_out = r.space;
    return rc;
}

int space_load(const char *path, struct space **space_out, struct errmsg *err)
{
    struct yaml_doc doc;
    int rc = yaml_doc_load(path, &doc, err);

    if (rc < 0)
        return rc;
    rc = read_space(&doc, space_out, err);
    yaml_doc_clear(&doc);
    return rc;
}

int space_parse(const char *text, size_t size, const char *name, struct space **space_out,
                struct errmsg *err)
{
    struct yaml_doc doc;
    int rc = yaml_doc_parse(text, size, name, &doc, err);

    if (rc < 0)
        return rc;
    rc = read_space(&doc, space_out, err);
    yaml_doc_clear(&doc);
    return rc;
}
