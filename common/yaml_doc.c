#include "common/yaml_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int yaml_path(const struct yaml_doc *doc, const char *written, char *path, size_t size)
{
    const char *slash = strrchr(doc->path, '/');
    int folder = *written == '/' || !slash ? 0 : (int)(slash + 1 - doc->path);
    int length = snprintf(path, size, "%.*s%s", folder, doc->path, written);

    return (size_t)length < size ? 0 : -ENAMETOOLONG;
}
