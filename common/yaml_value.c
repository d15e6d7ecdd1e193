/* yaml_value - the half of yaml_doc that turns nodes into checked values. */
#include "common/yaml_doc.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHOWN = 40, WORD_MAX = 32, NEAR_MISS = 2 };

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
