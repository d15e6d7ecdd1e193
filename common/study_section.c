#include "common/study_section.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "evaluate.data.train": what the user would call the field. */
static void full_name(const struct section *section, const char *key, char name[SECTION_FIELD_SIZE])
{
    snprintf(name, SECTION_FIELD_SIZE, "%.*s%s%s", SECTION_FIELD_SIZE / 2, section->name,
             *section->name ? "." : "", key);
}

struct section section_root(struct yaml_doc *doc, const char *const *allowed, struct errmsg *err)
{
    struct section root = { .doc = doc, .map = yaml_root(doc), .err = err };

    root.rc = yaml_map_check(doc, root.map, "", allowed, err);
    return root;
}

struct section section_open(const struct section *parent, const char *key,
                            const char *const *allowed)
{
    struct section section = *parent;

    section_require(&section, key);
    full_name(parent, key, section.name);
    if (section.rc == 0) {
        section.map = yaml_map_get(section.doc, parent->map, key);
        section.rc = yaml_map_check(section.doc, section.map, section.name, allowed, section.err);
    }
    return section;
}

bool section_has(const struct section *section, const char *key)
{
    return section->rc == 0 && yaml_map_get(section->doc, section->map, key);
}

/* The node to read, or NULL where the default holds, or after a fault. */
static yaml_node_t *given(const struct section *section, const char *key)
{
    yaml_node_t *node = section->rc ? NULL : yaml_map_get(section->doc, section->map, key);
    const char *text = node ? yaml_text(node) : NULL;

    return text && strcmp(text, "auto") == 0 ? NULL : node;
}

const char *section_peek(const struct section *section, const char *key)
{
    yaml_node_t *node = given(section, key);

    return node ? yaml_text(node) : NULL;
}

int section_fault(struct section *section, const char *key, const char *format, ...)
{
    char name[SECTION_FIELD_SIZE], text[400];
    yaml_node_t *node;
    va_list args;

    if (section->rc)
        return section->rc;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    full_name(section, key, name);
    node = yaml_map_get(section->doc, section->map, key);
    section->rc = yaml_fault(section->doc, node ? node : section->map, section->err, "%s: %s", name,
                             text);
    return section->rc;
}

void section_require(struct section *section, const char *key)
{
    if (section->rc == 0 && !given(section, key))
        section_fault(section, key, "%s; it must be given",
                      section_has(section, key) ? "auto" : "missing");
}

void section_refuse(struct section *section, const char *key, const char *why)
{
    if (section_has(section, key))
        section_fault(section, key, "not %s", why);
}

void section_integer(struct section *section, const char *key, int64_t lowest, int64_t highest,
                     int64_t *value)
{
    yaml_node_t *node = given(section, key);
    char name[SECTION_FIELD_SIZE];

    if (!node)
        return;
    full_name(section, key, name);
    section->rc = yaml_integer(section->doc, node, name, lowest, highest, value, section->err);
}

void section_count(struct section *section, const char *key, uint32_t lowest, uint32_t highest,
                   uint32_t *value)
{
    int64_t wide = *value;

    section_integer(section, key, lowest, highest, &wide);
    *value = (uint32_t)wide;
}

void section_real(struct section *section, const char *key, double lowest, double highest,
                  double *value)
{
    yaml_node_t *node = given(section, key);
    char name[SECTION_FIELD_SIZE];

    if (!node)
        return;
    full_name(section, key, name);
    section->rc = yaml_real(section->doc, node, name, lowest, highest, value, section->err);
}

void section_bool(struct section *section, const char *key, bool *value)
{
    yaml_node_t *node = given(section, key);
    char name[SECTION_FIELD_SIZE];

    if (!node)
        return;
    full_name(section, key, name);
    section->rc = yaml_bool(section->doc, node, name, value, section->err);
}

void section_choice(struct section *section, const char *key, const char *const *names,
                    unsigned *value)
{
    yaml_node_t *node = given(section, key);
    char name[SECTION_FIELD_SIZE];
    int index;

    if (!node)
        return;
    full_name(section, key, name);
    section->rc = yaml_choice(section->doc, node, name, names, &index, section->err);
    if (section->rc == 0)
        *value = (unsigned)index;
}

void section_text(struct section *section, const char *key, char *text, size_t size)
{
    yaml_node_t *node = given(section, key);
    char name[SECTION_FIELD_SIZE];

    if (!node)
        return;
    full_name(section, key, name);
    section->rc = yaml_string(section->doc, node, name, text, size, section->err);
    if (section->rc == 0 && !section_plain_text(text, ""))
        section_fault(section, key, "\"%.40s\"; text without control characters", text);
}

bool section_plain_text(const char *text, const char *refused)
{
    for (const char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c) || strchr(refused, *c))
            return false;
    return *text != '\0';
}

void section_name(struct section *section, const char *key, char *text, size_t size)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    section_text(section, key, text, size);
    if (given(section, key) && (text[strspn(text, safe)] || *text == '.' || *text == '-'))
        section_fault(section, key,
                      "\"%s\"; letters, digits, '-', '_' and '.', beginning with a letter, a "
                      "digit or '_'",
                      text);
}

void section_path(struct section *section, const char *key, char *path, size_t size)
{
    char written[4096];

    if (!given(section, key))
        return;
    section_text(section, key, written, sizeof written);
    if (section->rc)
        return;
    if (yaml_path(section->doc, written, path, size) < 0)
        section_fault(section, key, "a path of over %zu bytes, that of the study file included",
                      size - 1);
}
