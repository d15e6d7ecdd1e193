/* space_block_read - the half of space_block that reads blocks from a file and names them. */
#include "common/space_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_SIZE = 192 };

static const char *const truth_words[] = { "false", "true", NULL };

/* How a field is written in a file, and in the name of an option. */
static const struct field_spec {
    const char *name;
    const char *const *words;
    int32_t highest;    /* of numbers, from 1; 0: words only */
    const char *number; /* before a number, in names: "k" of k5 */
    const char *word;   /* before a word */
} field_specs[BLOCK_FIELDS] = {
    [FIELD_EXPAND] = { "expand", (const char *const[]){ NULL }, 64, "e", "" },
    [FIELD_POOLING] = { "kind", (const char *const[]){ "avg", "max", NULL }, 0, "", "" },
    [FIELD_KERNEL] = { "kernel", (const char *const[]){ NULL }, NETWORK_MAX_SIDE, "k", "" },
    [FIELD_SIZE] = { "size", (const char *const[]){ "all", NULL }, NETWORK_MAX_SIDE, "", "" },
    [FIELD_OUT] = { "out", (const char *const[]){ "same", "classes", NULL }, NETWORK_MAX_CHANNELS,
                    "o", "" },
    [FIELD_STRIDE] = { "stride", (const char *const[]){ NULL }, NETWORK_MAX_SIDE, "s", "" },
    [FIELD_GROUPS] = { "groups", (const char *const[]){ "channels", NULL }, NETWORK_MAX_CHANNELS,
                       "g", "groups=" },
    [FIELD_ACT] = { "act", (const char *const[]){ "none", "relu", "relu6", NULL }, 0, "", "" },
    [FIELD_NORM] = { "norm", truth_words, 0, "", "norm=" },
    [FIELD_BIAS] = { "bias", truth_words, 0, "", "bias=" },
};

/* ---- the shape of a block in YAML: WORD, or KIND: {FIELD: VALUE, ...}, or KIND: VALUE ---- */

/* What follows the kind; NULL where nothing does. */
static yaml_node_t *block_body(struct yaml_doc *doc, yaml_node_t *node)
{
    const char *kind, *text;
    yaml_node_t *body = yaml_map_pair(doc, node, 0, &kind);

    text = body ? yaml_text(body) : NULL;
    return text && !*text ? NULL : body;
}

/* One value stands at node, or a list of them. */
static size_t n_values(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE ? yaml_length(node) : 1;
}

static size_t multiply(size_t a, size_t b, size_t limit)
{
    return b && a > limit / b ? limit + 1 : a * b;
}

static size_t variants_of_block(struct yaml_doc *doc, yaml_node_t *node, size_t limit)
{
    yaml_node_t *body = block_body(doc, node), *value;
    const char *field;
    size_t n = 1;

    if (!body)
        return 1;
    if (body->type == YAML_SEQUENCE_NODE)
        return multiply(1, yaml_length(body), limit);
    for (size_t i = 0; (value = yaml_map_pair(doc, body, i, &field)); i++)
        n = multiply(n, n_values(value), limit);
    return n;
}

size_t block_variants(struct yaml_doc *doc, yaml_node_t *node, size_t limit)
{
    yaml_node_t *block;
    size_t n = 1;

    if (node->type != YAML_SEQUENCE_NODE)
        return variants_of_block(doc, node, limit);
    for (size_t i = 0; (block = yaml_list_item(doc, node, i)); i++)
        n = multiply(n, variants_of_block(doc, block, limit), limit);
    return yaml_length(node) ? n : 0;
}

/* ---- reading ---- */

static int read_kind(const struct block_reader *r, yaml_node_t *node, const struct block_kind **out)
{
    const char *names[BLOCK_KINDS_MAX + 1] = { 0 };
    yaml_node_t *word = node;
    int index, rc;

    if (node->type == YAML_MAPPING_NODE && yaml_length(node) == 1)
        word = yaml_document_get_node(&r->doc->document, node->data.mapping.pairs.start[0].key);
    if (!yaml_text(word))
        return yaml_fault(r->doc, node, r->err,
                          "%s: not a block; skip, or one KIND: {FIELD: VALUE, ...}", r->field);
    for (size_t i = 0; i < n_block_kinds && i < BLOCK_KINDS_MAX; i++)
        names[i] = block_kinds[i].name;
    rc = yaml_choice(r->doc, word, r->field, names, &index, r->err);
    if (rc == 0)
        *out = &block_kinds[index];
    return rc;
}

static const char *place(const struct block_reader *r, const struct block_kind *kind,
                         const char *field, char text[PLACE_SIZE])
{
    snprintf(text, PLACE_SIZE, "%s.%s%s%s", r->field, kind->name, *field ? "." : "", field);
    return text;
}

static void add_words(struct errmsg *err, const char *const *words)
{
    for (; err && *words; words++) {
        size_t used = strlen(err->text);

        snprintf(err->text + used, sizeof err->text - used, " or %s", *words);
    }
}

static int read_value(const struct block_reader *r, const struct block *block,
                      enum block_field field, yaml_node_t *node, int32_t *value_out)
{
    const struct field_spec *spec = &field_specs[field];
    const char *text = yaml_text(node);
    char where[PLACE_SIZE];
    int64_t number;
    int rc, word;

    place(r, block->kind, spec->name, where);
    for (int i = 0; text && spec->words[i]; i++) {
        if (strcmp(text, spec->words[i]) == 0) {
            *value_out = BLOCK_WORD(i);
            return 0;
        }
    }
    if (!spec->highest)
        return yaml_choice(r->doc, node, where, spec->words, &word, r->err);
    rc = yaml_integer(r->doc, node, where, 1, spec->highest, &number, r->err);
    if (rc < 0)
        add_words(r->err, spec->words);
    else
        *value_out = (int32_t)number;
    return rc;
}

/* Of a list, the value that *variant calls for; what is left of *variant is for earlier lists. */
static int pick_value(const struct block_reader *r, struct block *block, enum block_field field,
                      yaml_node_t *node, size_t *variant)
{
    if (node->type == YAML_SEQUENCE_NODE) {
        size_t n = yaml_length(node);

        node = yaml_list_item(r->doc, node, *variant % n);
        *variant /= n;
    }
    return read_value(r, block, field, node, &block->value[field]);
}

static enum block_field field_named(const char *name)
{
    enum block_field field = 0;

    while (field < BLOCK_FIELDS && strcmp(field_specs[field].name, name) != 0)
        field++;
    return field;
}

static int read_fields(const struct block_reader *r, struct block *block, yaml_node_t *body,
                       size_t *variant)
{
    const char *allowed[BLOCK_FIELDS + 1] = { 0 }, *name;
    char where[PLACE_SIZE];
    size_t n = 0;
    int rc;

    for (int f = 0; f < BLOCK_FIELDS; f++)
        if (block->kind->fields[f].use != FIELD_UNKNOWN)
            allowed[n++] = field_specs[f].name;
    rc = yaml_map_check(r->doc, body, place(r, block->kind, "", where), allowed, r->err);
    for (size_t i = yaml_length(body); rc == 0 && i > 0; i--) {
        yaml_node_t *value = yaml_map_pair(r->doc, body, i - 1, &name);

        rc = pick_value(r, block, field_named(name), value, variant);
    }
    return rc;
}

static int check_required(const struct block_reader *r, const struct block *block)
{
    char where[PLACE_SIZE];

    for (int f = 0; f < BLOCK_FIELDS; f++)
        if (block->kind->fields[f].use == FIELD_REQUIRED && !block->value[f])
            return yaml_fault(r->doc, block->node, r->err, "%s: missing; it must be given",
                              place(r, block->kind, field_specs[f].name, where));
    return 0;
}

static int read_block(const struct block_reader *r, yaml_node_t *node, size_t *variant,
                      struct block *block)
{
    yaml_node_t *body = block_body(r->doc, node);
    int rc = read_kind(r, node, &block->kind);

    if (rc < 0)
        return rc;
    block->node = node;
    for (int f = 0; f < BLOCK_FIELDS; f++)
        block->value[f] = block->kind->fields[f].preset;
    if (body && body->type != YAML_MAPPING_NODE && block->kind->has_main)
        rc = pick_value(r, block, block->kind->main, body, variant);
    else if (body)
        rc = read_fields(r, block, body, variant);
    return rc < 0 ? rc : check_required(r, block);
}

int block_sequence_read(const struct block_reader *r, yaml_node_t *node, size_t variant,
                        struct block_sequence *sequence)
{
    size_t n = yaml_length(node);
    int rc = 0;

    if (node->type != YAML_SEQUENCE_NODE) {
        sequence->n = 1;
        return read_block(r, node, &variant, &sequence->blocks[0]);
    }
    if (n > BLOCK_SEQUENCE_MAX)
        return yaml_fault(r->doc, node, r->err, "%s: %zu blocks one after the other; %d at most",
                          r->field, n, BLOCK_SEQUENCE_MAX);
    sequence->n = n;
    for (size_t i = n; rc == 0 && i > 0; i--)
        rc = read_block(r, yaml_list_item(r->doc, node, i - 1), &variant, &sequence->blocks[i - 1]);
    return rc;
}

/* ---- naming ---- */

static void print_block(FILE *stream, const struct block *block)
{
    fputs(block->kind->name, stream);
    for (int f = 0; f < BLOCK_FIELDS; f++) {
        int32_t value = block->value[f];

        if (block->kind->fields[f].use == FIELD_UNKNOWN || value == block->kind->fields[f].preset)
            continue;
        if (value < 0)
            fprintf(stream, " %s%s", field_specs[f].word, field_specs[f].words[BLOCK_WORD(value)]);
        else
            fprintf(stream, " %s%d", field_specs[f].number, value);
    }
}

char *block_sequence_name(const struct block_sequence *sequence)
{
    char *name = NULL;
    size_t size;
    FILE *stream = open_memstream(&name, &size);
    bool failed;

    if (!stream)
        return NULL;
    for (size_t i = 0; i < sequence->n; i++) {
        fputs(i ? " + " : "", stream);
        print_block(stream, &sequence->blocks[i]);
    }
    failed = ferror(stream);
    if (fclose(stream) || failed) {
        free(name);
        return NULL;
    }
    return name;
}
