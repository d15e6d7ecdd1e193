/* space_block_read - the part of space_block that reads blocks from a file and names them. */
#include "common/space_block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_cell.h"
#include "common/space_field.h"

enum { PLACE_SIZE = 192 };

static const char *const cell_word = "cell"; /* only known on the edges of a cell */

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

/* Sets the kind of block, and the cell where it is one. */
static int read_kind(const struct block_reader *r, yaml_node_t *node, struct block *block)
{
    const char *names[BLOCK_KINDS_MAX + CELLS_MAX + 1] = { 0 };
    yaml_node_t *word = node;
    int index, rc;

    if (node->type == YAML_MAPPING_NODE && yaml_length(node) == 1)
        word = yaml_document_get_node(&r->doc->document, node->data.mapping.pairs.start[0].key);
    if (!yaml_text(word))
        return yaml_fault(r->doc, node, r->err,
                          "%s: not a block; skip, or one KIND: {FIELD: VALUE, ...}", r->field);
    for (size_t i = 0; i < n_block_kinds; i++)
        names[i] = block_kinds[i].name;
    for (size_t i = 0; i < r->n_cells; i++)
        names[n_block_kinds + i] = r->cells[i].name;
    rc = yaml_choice(r->doc, word, r->field, names, &index, r->err);
    if (rc < 0)
        return rc;
    block->cell = (size_t)index < n_block_kinds ? NULL : &r->cells[(size_t)index - n_block_kinds];
    block->kind = block->cell ? &cell_kind : &block_kinds[index];
    return 0;
}

static const char *place(const struct block_reader *r, const struct block *block, const char *field,
                         char text[PLACE_SIZE])
{
    snprintf(text, PLACE_SIZE, "%s.%s%s%s", r->field, block_name(block), *field ? "." : "", field);
    return text;
}

static bool word_is_known(const struct block_reader *r, const char *word)
{
    return r->on_edge || strcmp(word, cell_word) != 0;
}

static void add_words(const struct block_reader *r, const char *const *words)
{
    for (; r->err && *words; words++) {
        size_t used = strlen(r->err->text);

        if (word_is_known(r, *words))
            snprintf(r->err->text + used, sizeof r->err->text - used, " or %s", *words);
    }
}

int block_fraction(struct yaml_doc *doc, yaml_node_t *node, const char *where, double lowest,
                   double highest, int32_t *value_out, struct errmsg *err)
{
    double number, parts;
    int rc = yaml_real(doc, node, where, lowest, highest, &number, err);

    if (rc < 0)
        return rc;
    parts = round(number * FRACTION_ONE);
    if (fabs(number * FRACTION_ONE - parts) > 1e-6)
        return yaml_fault(doc, node, err, "%s: \"%.40s\"; a number of at most four decimals", where,
                          yaml_text(node));
    *value_out = (int32_t)parts;
    return 0;
}

static int read_number(const struct block_reader *r, const struct field_spec *spec,
                       yaml_node_t *node, const char *where, int32_t *value_out)
{
    int64_t number;
    int rc;

    if (spec->type == FIELD_FRACTION)
        return block_fraction(r->doc, node, where, (double)spec->lowest / FRACTION_ONE,
                              (double)spec->highest / FRACTION_ONE, value_out, r->err);
    rc = yaml_integer(r->doc, node, where, spec->lowest, spec->highest, &number, r->err);
    if (rc == 0)
        *value_out = (int32_t)number;
    return rc;
}

static int read_value(const struct block_reader *r, const struct block *block,
                      enum block_field field, yaml_node_t *node, int32_t *value_out)
{
    const struct field_spec *spec = &field_specs[field];
    const char *text = yaml_text(node);
    char where[PLACE_SIZE];
    int rc, word;

    place(r, block, spec->name, where);
    for (int i = 0; text && spec->words[i]; i++) {
        if (strcmp(text, spec->words[i]) == 0 && word_is_known(r, text)) {
            *value_out = BLOCK_WORD(i);
            return 0;
        }
    }
    if (spec->type == FIELD_WORDS)
        return yaml_choice(r->doc, node, where, spec->words, &word, r->err);
    rc = read_number(r, spec, node, where, value_out);
    if (rc < 0)
        add_words(r, spec->words);
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
    rc = yaml_map_check(r->doc, body, place(r, block, "", where), allowed, r->err);
    for (size_t i = yaml_length(body); rc == 0 && i > 0; i--) {
        yaml_node_t *value = yaml_map_pair(r->doc, body, i - 1, &name);

        rc = pick_value(r, block, field_named(name), value, variant);
    }
    return rc;
}

static int check_values(const struct block_reader *r, const struct block *block)
{
    const char *fault;
    char where[PLACE_SIZE];

    for (int f = 0; f < BLOCK_FIELDS; f++)
        if (block->kind->fields[f].use == FIELD_REQUIRED && block->value[f] == BLOCK_UNSET)
            return yaml_fault(r->doc, block->node, r->err, "%s: missing; it must be given",
                              place(r, block, field_specs[f].name, where));
    fault = block->kind->fault ? block->kind->fault(block->value) : NULL;
    if (fault)
        return yaml_fault(r->doc, block->node, r->err, "%s: %s", place(r, block, "", where), fault);
    return 0;
}

static int read_block(const struct block_reader *r, yaml_node_t *node, size_t *variant,
                      struct block *block)
{
    yaml_node_t *body = block_body(r->doc, node);
    int rc = read_kind(r, node, block);

    if (rc < 0)
        return rc;
    block->node = node;
    for (int f = 0; f < BLOCK_FIELDS; f++)
        block->value[f] = block->kind->fields[f].preset;
    if (body && body->type != YAML_MAPPING_NODE && block->kind->has_main)
        rc = pick_value(r, block, block->kind->main, body, variant);
    else if (body)
        rc = read_fields(r, block, body, variant);
    return rc < 0 ? rc : check_values(r, block);
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

static void print_name(FILE *stream, const struct block_sequence *sequence)
{
    for (size_t i = 0; i < sequence->n; i++) {
        const struct block *block = &sequence->blocks[i];

        fprintf(stream, "%s%s", i ? " + " : "", block_name(block));
        for (int f = 0; f < BLOCK_FIELDS; f++) {
            if (block->kind->fields[f].use == FIELD_UNKNOWN ||
                block->value[f] == block->kind->fields[f].preset)
                continue;
            fputc(' ', stream);
            field_print(stream, f, block->value[f]);
        }
    }
}

/* A value as names show it; a list as "[k3 k5]"; nothing for a preset. */
static void print_field(const struct block_reader *r, const struct block *block,
                        enum block_field field, yaml_node_t *node, FILE *stream)
{
    int32_t value = 0;
    size_t n = n_values(node);

    if (node->type != YAML_SEQUENCE_NODE) {
        if (block->value[field] == block->kind->fields[field].preset)
            return;
        fputc(' ', stream);
        field_print(stream, field, block->value[field]);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        read_value(r, block, field, yaml_list_item(r->doc, node, i), &value);
        fputs(i ? " " : " [", stream);
        field_print(stream, field, value);
    }
    fputc(']', stream);
}

/* block is any variant of what node stands for. Fields in the order of the file: that of options. */
static void print_pattern(const struct block_reader *r, yaml_node_t *node,
                          const struct block *block, FILE *stream)
{
    yaml_node_t *body = block_body(r->doc, node), *value;
    const char *name;

    fputs(block_name(block), stream);
    if (body && body->type != YAML_MAPPING_NODE)
        print_field(r, block, block->kind->main, body, stream);
    else
        for (size_t i = 0; body && (value = yaml_map_pair(r->doc, body, i, &name)); i++)
            print_field(r, block, field_named(name), value, stream);
}

static char *close_text(FILE *stream, char **text)
{
    bool failed = ferror(stream);

    if (fclose(stream) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

char *block_sequence_name(const struct block_sequence *sequence)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    print_name(stream, sequence);
    return close_text(stream, &text);
}

char *block_pattern_name(const struct block_reader *r, yaml_node_t *node,
                         const struct block_sequence *variant)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < variant->n; i++) {
        fputs(i ? " + " : "", stream);
        print_pattern(r, node->type == YAML_SEQUENCE_NODE ? yaml_list_item(r->doc, node, i) : node,
                      &variant->blocks[i], stream);
    }
    return close_text(stream, &text);
}
