#include "common/study_parts.h"

#include <errno.h>
#include <string.h>

/* The place of key among a mapping's pairs, or a new one there. NULL when memory runs out. */
static yaml_node_pair_t *pair_for(struct yaml_doc *doc, int map_id, const char *key)
{
    yaml_node_t *map = yaml_document_get_node(&doc->document, map_id);
    const char *name;
    int key_id;

    for (size_t i = 0; yaml_map_pair(doc, map, i, &name); i++)
        if (name && strcmp(name, key) == 0)
            return &map->data.mapping.pairs.start[i];
    key_id = yaml_document_add_scalar(&doc->document, NULL, (const yaml_char_t *)key, -1,
                                      YAML_PLAIN_SCALAR_STYLE);
    if (!key_id || !yaml_document_append_mapping_pair(&doc->document, map_id, key_id, key_id))
        return NULL;
    map = yaml_document_get_node(&doc->document, map_id);
    return map->data.mapping.pairs.top - 1;
}

static int replace(struct yaml_doc *doc, int map_id, const char *key, const char *value)
{
    int value_id = yaml_document_add_scalar(&doc->document, NULL, (const yaml_char_t *)value, -1,
                                            YAML_PLAIN_SCALAR_STYLE);
    yaml_node_pair_t *pair = value_id ? pair_for(doc, map_id, key) : NULL;
    yaml_mark_t place = yaml_document_get_node(&doc->document, map_id)->start_mark;

    if (!pair)
        return -ENOMEM;
    pair->value = value_id;
    /* A fault in it is reported at the line of the section that it went into. */
    yaml_document_get_node(&doc->document, value_id)->start_mark = place;
    yaml_document_get_node(&doc->document, pair->key)->start_mark = place;
    return 0;
}

/* Nodes are numbered from 1, in libyaml's one array of them. */
static int id_of(const struct yaml_doc *doc, const yaml_node_t *node)
{
    return (int)(node - doc->document.nodes.start) + 1;
}

int study_change(struct yaml_doc *doc, const struct study_change *change, struct errmsg *err)
{
    const char *section = change->section, *fields = change->fields, *key;
    yaml_node_t *map = yaml_map_get(doc, yaml_root(doc), section), *value;
    struct yaml_doc given;
    int rc = yaml_doc_parse(fields, strlen(fields), fields, &given, err), map_id;

    if (rc < 0)
        return rc;
    if (yaml_root(&given)->type != YAML_MAPPING_NODE)
        rc = errmsg_set(err, -EINVAL, "\"%.80s\"; fields of `%s`: {NAME: VALUE}", fields, section);
    else if (!map || map->type != YAML_MAPPING_NODE)
        rc = errmsg_set(err, -EINVAL, "%s: %s: missing; a mapping", doc->path, section);
    map_id = rc == 0 ? id_of(doc, map) : 0;
    for (size_t i = 0; rc == 0 && (value = yaml_map_pair(&given, yaml_root(&given), i, &key));
         i++) {
        if (!key || !yaml_text(value))
            rc = errmsg_set(err, -EINVAL, "\"%.80s\"; plain values only: {NAME: VALUE}", fields);
        else if (replace(doc, map_id, key, yaml_text(value)) < 0)
            rc = errmsg_set(err, -ENOMEM, "%s: out of memory", doc->path);
    }
    yaml_doc_clear(&given);
    return rc;
}
