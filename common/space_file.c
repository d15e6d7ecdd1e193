/* space_file - the part of reading a space file that knows its outer fields, and its base. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_edges.h"
#include "common/space_reader.h"

enum { PLACE_SIZE = 128, PATH_SIZE = 4096, MIN_CLASSES = 2 };

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

yaml_node_t *reader_section(struct space_reader *r, const char *key)
{
    for (size_t i = 0; i < r->n_files; i++) {
        struct yaml_doc *file = &r->files[i];
        yaml_node_t *node = yaml_map_get(file, yaml_root(file), key);

        if (node) {
            r->doc = file;
            return node;
        }
    }
    r->doc = &r->files[0];
    return NULL;
}

yaml_node_t *reader_required_section(struct space_reader *r, const char *key)
{
    yaml_node_t *node = reader_section(r, key);

    return node ? node : reader_required(r, yaml_root(r->doc), "", key);
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

/* ---- input, count, width, cells ---- */

static int read_input(struct space_reader *r)
{
    static const char *const fields[] = { "channels", "height", "width", "classes", NULL };
    static const int64_t lowest[] = { 1, 1, 1, MIN_CLASSES };
    static const int64_t highest[] = { NETWORK_MAX_CHANNELS, NETWORK_MAX_SIDE, NETWORK_MAX_SIDE,
                                       NETWORK_MAX_CHANNELS };
    yaml_node_t *node = reader_required_section(r, "input");
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

static int read_count(struct space_reader *r)
{
    static const char *const fields[] = { "dense_bias", NULL };
    yaml_node_t *node = reader_section(r, "count"), *flag;
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

static int read_width(struct space_reader *r)
{
    yaml_node_t *node = reader_section(r, "width");

    return node ? block_fraction(r->doc, node, "width", 0.01, 64, &r->space->width, r->err) : 0;
}

static int read_cells(struct space_reader *r)
{
    const char *layers[ARCH_MAX_LAYERS];
    size_t n = r->space->edges ? r->space->n_layers : 0;
    yaml_node_t *node = reader_section(r, "cells");

    for (size_t l = 0; l < n; l++)
        layers[l] = r->space->layers[l].name;

    return node ? cells_read(r->doc, node, layers, n, &r->cells, &r->n_cells, r->err) : 0;
}

/* Layers on edges, which cells then name. */
static int read_edges(struct space_reader *r)
{
    int rc;

    if (!reader_section(r, "edges"))
        return 0;
    r->space->edges = calloc(1, sizeof *r->space->edges);
    if (!r->space->edges)
        return reader_out_of_memory(r);
    rc = reader_layers(r, "edges");
    if (rc == 0 && r->space->n_layers > EDGE_LAYERS_MAX)
        rc = yaml_fault(r->doc, reader_section(r, "edges"), r->err, "edges: %u layers; %d at most",
                        r->space->n_layers, EDGE_LAYERS_MAX);
    return rc;
}

/* With edges, the space keeps what it emits networks from. */
static int read_rest(struct space_reader *r)
{
    struct edge_layers *edges = r->space->edges;

    if (!edges) {
        int rc = reader_layers(r, "layers");

        return rc < 0 ? rc : reader_head(r);
    }
    if (reader_section(r, "layers"))
        return yaml_fault(r->doc, reader_section(r, "layers"), r->err,
                          "layers: besides edges; one of them");
    return reader_head(r);
}

/* ---- the file ---- */

static int read_networks(struct space_reader *r)
{
    static int (*const parts[])(struct space_reader * r) = {
        read_input, read_count, read_width, read_edges, read_cells, reader_stem, read_rest,
    };
    static const char *const fields[] = { "base",  "input", "count",  "width", "edges",
                                          "cells", "stem",  "layers", "head",  NULL };
    int rc = 0;

    r->space->has_networks = true;
    for (size_t i = 0; rc == 0 && i < r->n_files; i++)
        rc = yaml_map_check(&r->files[i], yaml_root(&r->files[i]), "", fields, r->err);
    for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
        rc = parts[i](r);
    return rc;
}

static int read_names(struct space_reader *r)
{
    static const char *const fields[] = { "names", NULL };
    int rc = yaml_map_check(r->doc, yaml_root(r->doc), "", fields, r->err);

    return rc < 0 ? rc : reader_layers(r, "names");
}

static int open_space(struct space_reader *r)
{
    r->space = calloc(1, sizeof *r->space);
    if (!r->space)
        return reader_out_of_memory(r);
    r->space->width = FRACTION_ONE;
    return 0;
}

/* Reads what files holds, and clears it. */
static int read_space(struct space_reader *r, struct space **space_out)
{
    int rc;

    r->doc = &r->files[0];
    rc = open_space(r);
    if (rc == 0)
        rc = yaml_map_get(r->doc, yaml_root(r->doc), "names") ? read_names(r) : read_networks(r);
    network_clear(&r->scratch);
    if (r->space && r->space->edges) {
        r->space->edges->cells = r->cells;
        r->space->edges->n_cells = r->n_cells;
    } else {
        cells_free(r->cells, r->n_cells);
    }
    for (size_t i = 0; i < r->n_files; i++)
        yaml_doc_clear(&r->files[i]);
    if (rc < 0)
        space_free(r->space);
    else
        *space_out = r->space;
    return rc;
}

/* ---- bases ---- */

/* Loads the base of the last file read, if it has one. */
static int load_base(struct space_reader *r, yaml_node_t *node)
{
    struct yaml_doc *file = &r->files[r->n_files - 1];
    char base[PATH_SIZE], path[PATH_SIZE];
    struct errmsg why;
    int rc = yaml_string(file, node, "base", base, sizeof base, r->err);

    if (rc < 0)
        return rc;
    if (r->n_files == SPACE_FILES_MAX)
        return yaml_fault(file, node, r->err, "base: the base of a base of a base ...; %d at most",
                          SPACE_FILES_MAX - 1);
    rc = yaml_path(file, base, path, sizeof path);
    if (rc == 0)
        rc = yaml_doc_load(path, &r->files[r->n_files], &why);
    if (rc == 0)
        r->n_files++;
    else if (rc == -EINVAL || rc == -ENOMEM) /* it names its own file and line */
        errmsg_set(r->err, rc, "%s", why.text);
    else
        rc = yaml_fault(file, node, r->err, "base: %s: %s", path, strerror(-rc));
    return rc;
}

int space_load(const char *path, struct space **space_out, struct errmsg *err)
{
    struct space_reader r = { .err = err };
    int rc = yaml_doc_load(path, &r.files[0], err);
    yaml_node_t *base;

    if (rc < 0)
        return rc;
    r.n_files = 1;
    while (rc == 0 && (base = yaml_map_get(&r.files[r.n_files - 1],
                                           yaml_root(&r.files[r.n_files - 1]), "base")))
        rc = load_base(&r, base);
    if (rc == 0)
        return read_space(&r, space_out);
    for (size_t i = 0; i < r.n_files; i++)
        yaml_doc_clear(&r.files[i]);
    return rc;
}

int space_parse(const char *text, size_t size, const char *name, struct space **space_out,
                struct errmsg *err)
{
    struct space_reader r = { .err = err };
    int rc = yaml_doc_parse(text, size, name, &r.files[0], err);
    yaml_node_t *base;

    if (rc < 0)
        return rc;
    r.n_files = 1;
    base = yaml_map_get(&r.files[0], yaml_root(&r.files[0]), "base");
    if (!base)
        return read_space(&r, space_out);
    rc = yaml_fault(&r.files[0], base, err, "base: in a text without a file; only in a file");
    yaml_doc_clear(&r.files[0]);
    return rc;
}
