#include "common/yaml_doc.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHOWN = 40, WORD_MAX = 32, NEAR_MISS = 2 };

static int fault_at(const char *path, size_t line, struct errmsg *err, const char *text)
{
    return errmsg_set(err, -EINVAL, "%s:%zu: %s", path, line + 1, text);
}

int yaml_fault(const struct yaml_doc *doc, const yaml_node_t *node, struct errmsg *err,
               const char *format, ...)
{
    char text[sizeof err->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fault_at(doc->path, node->start_mark.line, err, text);
}

/* ---- loading ---- */

static int syntax_fault(const yaml_parser_t *parser, const char *path, struct errmsg *err)
{
    char text[sizeof err->text];

    if (parser->error == YAML_MEMORY_ERROR)
        return errmsg_set(err, -ENOMEM, "%s: out of memory", path);
    snprintf(text, sizeof text, "not YAML: %s%s%s", parser->context ? parser->context : "",
             parser->context ? ", " : "", parser->problem ? parser->problem : "unreadable");
    return fault_at(path, parser->problem_mark.line, err, text);
}

/* What the bounds allow, event by event; *depth and *documents go on from call to call. */
static int check_event(const yaml_event_t *event, const char *path, int *depth, int *documents,
                       struct errmsg *err)
{
    size_t line = event->start_mark.line;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return fault_at(path, line, err, "a second document; one a file");
        break;
    case YAML_ALIAS_EVENT:
        return fault_at(path, line, err, "an alias (*name); write the value out");
    case YAML_SCALAR_EVENT:
        if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
            return fault_at(path, line, err, "a NUL character in a value");
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (++*depth > YAML_DOC_MAX_DEPTH)
            return fault_at(path, line, err, "nested too deeply; 32 levels at most");
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        --*depth;
        break;
    default:
        break;
    }
    return 0;
}

/* A pass over the bare events first: the loader would follow any depth. */
static int check_bounds(const char *text, size_t size, const char *path, struct errmsg *err)
{
    yaml_parser_t parser;
    int rc = 0, depth = 0, documents = 0;
    bool ended = false;

    if (!yaml_parser_initialize(&parser))
        return errmsg_set(err, -ENOMEM, "%s: out of memory", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    while (rc == 0 && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event)) {
            rc = syntax_fault(&parser, path, err);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        rc = check_event(&event, path, &depth, &documents, err);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (rc == 0 && documents == 0)
        return fault_at(path, 0, err, "an empty file; fields are wanted");
    return rc;
}

int yaml_doc_parse(const char *text, size_t size, const char *name, struct yaml_doc *doc_out,
                   struct errmsg *err)
{
    struct yaml_doc doc;
    yaml_parser_t parser;
    int rc;

    if (size > YAML_DOC_MAX_BYTES)
        return errmsg_set(err, -EINVAL, "%s: larger than %d bytes", name, YAML_DOC_MAX_BYTES);
    rc = check_bounds(text, size, name, err);
    if (rc < 0)
        return rc;
    doc.path = strdup(name);
    if (!doc.path || !yaml_parser_initialize(&parser)) {
        free(doc.path);
        return errmsg_set(err, -ENOMEM, "%s: out of memory", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    if (!yaml_parser_load(&parser, &doc.document)) {
        rc = syntax_fault(&parser, name, err);
        free(doc.path);
    } else {
        *doc_out = doc;
    }
    yaml_parser_delete(&parser);
    return rc;
}

int yaml_doc_load(const char *path, struct yaml_doc *doc_out, struct errmsg *err)
{
    char *text = malloc(YAML_DOC_MAX_BYTES + 1);
    FILE *file = NULL;
    size_t size;
    int rc;

    if (!text)
        return errmsg_set(err, -ENOMEM, "%s: out of memory", path);
    file = fopen(path, "rb");
    if (!file) {
        rc = errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
        goto out;
    }
    size = fread(text, 1, YAML_DOC_MAX_BYTES + 1, file);
    if (ferror(file)) {
        rc = errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
        goto out;
    }
    rc = yaml_doc_parse(text, size, path, doc_out, err);
out:
    if (file)
        fclose(file);
    free(text);
    return rc;
}

void yaml_doc_clear(struct yaml_doc *doc)
{
    if (!doc || !doc->path)
        return;
    yaml_document_delete(&doc->document);
    free(doc->path);
    doc->path = NULL;
}

/* ---- access ---- */

yaml_node_t *yaml_root(struct yaml_doc *doc)
{
    return yaml_document_get_root_node(&doc->document);
}

const char *yaml_text(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

size_t yaml_length(const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE)
        return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    if (node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return 0;
}

yaml_node_t *yaml_map_pair(struct yaml_doc *doc, yaml_node_t *map, size_t i, const char **key_out)
{
    const yaml_node_pair_t *pair;

    if (map->type != YAML_MAPPING_NODE || i >= yaml_length(map))
        return NULL;
    pair = &map->data.mapping.pairs.start[i];
    *key_out = yaml_text(yaml_document_get_node(&doc->document, pair->key));
    return yaml_document_get_node(&doc->document, pair->value);
}

yaml_node_t *yaml_map_get(struct yaml_doc *doc, yaml_node_t *map, const char *key)
{
    const char *name;
    yaml_node_t *value;

    for (size_t i = 0; (value = yaml_map_pair(doc, map, i, &name)); i++)
        if (name && strcmp(name, key) == 0)
            return value;
    return NULL;
}

yaml_node_t *yaml_list_item(struct yaml_doc *doc, yaml_node_t *list, size_t i)
{
    if (list->type != YAML_SEQUENCE_NODE || i >= yaml_length(list))
        return NULL;
    return yaml_document_get_node(&doc->document, list->data.sequence.items.start[i]);
}

/* ---- checked values ---- */

/* What stands at node, as a fault shows it. */
static const char *found(const yaml_node_t *node, char text[TEXT_SHOWN + 8])
{
    const char *value = yaml_text(node);

    if (node->type == YAML_MAPPING_NODE)
        return "fields";
    if (!value)
        return "a list";
    if (!*value)
        return "nothing";
    snprintf(text, TEXT_SHOWN + 8, "\"%.*s%s\"", TEXT_SHOWN, value,
             strlen(value) > TEXT_SHOWN ? "..." : "");
    return text;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Letters to insert, delete or replace to make b of a. Long words are never near. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];

    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];

            row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

static const char *near_miss(const char *word, const char *const *allowed)
{
    const char *nearest = NULL;
    size_t least = NEAR_MISS + 1;

    for (; *allowed; allowed++) {
        size_t distance = edit_distance(word, *allowed);

        if (distance < least && distance < strlen(*allowed)) {
            least = distance;
            nearest = *allowed;
        }
    }
    return nearest;
}

/* "did you mean trials?", or "allowed: a, b, c". */
static const char *advice(const char *word, const char *const *allowed, char *text, size_t size)
{
    const char *nearest = near_miss(word, allowed);
    size_t used;

    if (nearest) {
        snprintf(text, size, "did you mean %s?", nearest);
        return text;
    }
    used = (size_t)snprintf(text, size, "allowed:");
    for (size_t i = 0; allowed[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "", allowed[i]);
    return text;
}

static int index_of(const char *word, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}

static int check_key(struct yaml_doc *doc, yaml_node_t *map, size_t i, const char *field,
                     const char *const *allowed, struct errmsg *err)
{
    yaml_node_t *key = yaml_document_get_node(&doc->document, map->data.mapping.pairs.start[i].key);
    const char *word = yaml_text(key), *dot = *field ? "." : "", *earlier;
    char text[256];

    if (!word)
        return yaml_fault(doc, key, err, "%s: a key that is not a word; %s", field,
                          advice("", allowed, text, sizeof text));
    if (index_of(word, allowed) < 0)
        return yaml_fault(doc, key, err, "%s%s%.*s: unknown field; %s", field, dot, TEXT_SHOWN,
                          word, advice(word, allowed, text, sizeof text));
    for (size_t j = 0; j < i; j++) {
        yaml_map_pair(doc, map, j, &earlier);
        if (strcmp(word, earlier) == 0)
            return yaml_fault(doc, key, err, "%s%s%s: given twice; once at most", field, dot, word);
    }
    return 0;
}

int yaml_map_check(struct yaml_doc *doc, yaml_node_t *node, const char *field,
                   const char *const *allowed, struct errmsg *err)
{
    char shown[TEXT_SHOWN + 8], text[256];

    if (node->type != YAML_MAPPING_NODE)
        return yaml_fault(doc, node, err, "%s%s%s; fields, %s", field, *field ? ": " : "",
                          found(node, shown), advice("", allowed, text, sizeof text));
    for (size_t i = 0; i < yaml_length(node); i++) {
        int rc = check_key(doc, node, i, field, allowed, err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Exact: 0.1M is 100000, 1.0005k is no integer. False where text is none, or passes 64 bits. */
static bool parse_integer(const char *text, int64_t *value_out)
{
    bool negative = *text == '-', point = false, digits = false;
    __int128 value = 0, scale = 1, unit = 1;

    for (text += negative; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        digits = true;
        value = value * 10 + (*text - '0');
        scale *= point ? 10 : 1;
        if (value > INT64_MAX || scale > INT64_MAX)
            return false;
    }
    if (*text == 'k' || *text == 'M' || *text == 'G')
        unit = *text == 'k' ? 1000 : *text == 'M' ? 1000000 : 1000000000;
    if (unit > 1)
        text++;
    if (*text || !digits || value * unit % scale || value * unit / scale > INT64_MAX)
        return false;
    *value_out = (int64_t)(negative ? -(value * unit / scale) : value * unit / scale);
    return true;
}

int yaml_integer(struct yaml_doc *doc, yaml_node_t *node, const char *field, int64_t lowest,
                 int64_t highest, int64_t *value_out, struct errmsg *err)
{
    const char *text = yaml_text(node);
    char shown[TEXT_SHOWN + 8];
    int64_t value;

    if (text && parse_integer(text, &value) && value >= lowest && value <= highest) {
        *value_out = value;
        return 0;
    }
    if (highest == INT64_MAX)
        return yaml_fault(doc, node, err, "%s: %s; an integer, at least %lld", field,
                          found(node, shown), (long long)lowest);
    return yaml_fault(doc, node, err, "%s: %s; an integer from %lld to %lld", field,
                      found(node, shown), (long long)lowest, (long long)highest);
}

static bool parse_real(const char *text, double *value_out)
{
    char *end;

    if (!*text || text[strspn(text, "0123456789.eE+-")])
        return false;
    *value_out = strtod(text, &end);
    return end != text && !*end && isfinite(*value_out);
}

int yaml_real(struct yaml_doc *doc, yaml_node_t *node, const char *field, double lowest,
              double highest, double *value_out, struct errmsg *err)
{
    const char *text = yaml_text(node);
    char shown[TEXT_SHOWN + 8];
    double value;

    if (text && parse_real(text, &value) && value >= lowest && value <= highest) {
        *value_out = value;
        return 0;
    }
    return yaml_fault(doc, node, err, "%s: %s; a number from %g to %g", field, found(node, shown),
                      lowest, highest);
}

int yaml_choice(struct yaml_doc *doc, yaml_node_t *node, const char *field,
                const char *const *names, int *index_out, struct errmsg *err)
{
    const char *text = yaml_text(node);
    char shown[TEXT_SHOWN + 8], hint[256];
    int index = text ? index_of(text, names) : -1;

    if (index < 0)
        return yaml_fault(doc, node, err, "%s: %s; %s", field, found(node, shown),
                          advice(text ? text : "", names, hint, sizeof hint));
    *index_out = index;
    return 0;
}

int yaml_bool(struct yaml_doc *doc, yaml_node_t *node, const char *field, bool *value_out,
              struct errmsg *err)
{
    static const char *const names[] = { "false", "true", NULL };
    int index, rc = yaml_choice(doc, node, field, names, &index, err);

    if (rc == 0)
        *value_out = index == 1;
    return rc;
}

int yaml_string(struct yaml_doc *doc, yaml_node_t *node, const char *field, char *text, size_t size,
                struct errmsg *err)
{
    const char *value = yaml_text(node);
    char shown[TEXT_SHOWN + 8];

    if (!value || !*value || strlen(value) >= size)
        return yaml_fault(doc, node, err, "%s: %s; text of 1 to %zu bytes", field,
                          found(node, shown), size - 1);
    memcpy(text, value, strlen(value) + 1);
    return 0;
}
