/* space_layers - the part of reading a space file that knows its layers and their names. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_reader.h"

enum { NAME_SIZE = 64, PLACE_SIZE = 128 };

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

int reader_layers(struct space_reader *r, const char *list_name)
{
    yaml_node_t *list = reader_required_section(r, list_name), *item;
    int rc = list ? reader_check_list(r, list, list_name, ARCH_MAX_LAYERS, "layers") : -EINVAL;

    for (size_t i = 0; rc == 0 && (item = yaml_list_item(r->doc, list, i)); i++)
        rc = read_layer(r, item, list_name);
    return rc;
}
