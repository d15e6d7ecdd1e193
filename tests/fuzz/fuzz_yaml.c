#include "common/yaml_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every node as every kind of value. */
static void read_node(struct yaml_doc *doc, yaml_node_t *node)
{
    static const char *const words[] = { "alpha", "beta", NULL };
    struct errmsg err;
    const char *key;
    yaml_node_t *child;
    char text[16];
    int64_t integer;
    double real;
    bool truth;
    int index;

    yaml_integer(doc, node, "integer", -5, INT64_MAX, &integer, &err);
    yaml_real(doc, node, "real", -1, 1e9, &real, &err);
    yaml_bool(doc, node, "bool", &truth, &err);
    yaml_choice(doc, node, "choice", words, &index, &err);
    yaml_string(doc, node, "string", text, sizeof text, &err);
    yaml_map_check(doc, node, "map", words, &err);
    yaml_map_get(doc, node, "alpha");
    for (size_t i = 0; (child = yaml_list_item(doc, node, i)); i++)
        read_node(doc, child);
    for (size_t i = 0; (child = yaml_map_pair(doc, node, i, &key)); i++)
        read_node(doc, child);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_doc doc;
    struct errmsg err;

    if (yaml_doc_parse((const char *)data, size, "fuzz.yaml", &doc, &err) == 0) {
        read_node(&doc, yaml_root(&doc));
        yaml_doc_clear(&doc);
    }
    return 0;
}
