/* study_section - one mapping of a study file, read field by field. Internal to common/study*.c.
 *
 * The first fault sticks: reading on after it does nothing, so a reader is a list of fields with
 * one check of rc at its end. A field that is absent, or `auto`, keeps the default that the caller
 * put into its place. */
#ifndef LAYERNAS_COMMON_STUDY_SECTION_H
#define LAYERNAS_COMMON_STUDY_SECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/yaml_doc.h"

enum { SECTION_FIELD_SIZE = 96 };

struct section {
    struct yaml_doc *doc;
    yaml_node_t *map;
    char name[SECTION_FIELD_SIZE]; /* "evaluate.data"; "" for the whole file */
    struct errmsg *err;
    int rc;
};

/* The whole file; allowed are its fields, NULL-terminated. */
struct section section_root(struct yaml_doc *doc, const char *const *allowed, struct errmsg *err);

/* The mapping under key, which must be there. A fault of parent is a fault of the new section. */
struct section section_open(const struct section *parent, const char *key,
                            const char *const *allowed);

bool section_has(const struct section *section, const char *key);

/* A field's text before any check; NULL where it is absent, `auto`, or more than a scalar. */
const char *section_peek(const struct section *section, const char *key);

/* A fault unless the field is there, and not `auto`. */
void section_require(struct section *section, const char *key);

/* A fault if the field is there; why completes "schedule: not ". */
void section_refuse(struct section *section, const char *key, const char *why);

void section_integer(struct section *section, const char *key, int64_t lowest, int64_t highest,
                     int64_t *value);
void section_count(struct section *section, const char *key, uint32_t lowest, uint32_t highest,
                   uint32_t *value);
void section_real(struct section *section, const char *key, double lowest, double highest,
                  double *value);
void section_bool(struct section *section, const char *key, bool *value);

/* value is an index into names, an enum for instance. */
void section_choice(struct section *section, const char *key, const char *const *names,
                    unsigned *value);

/* Without control characters. */
void section_text(struct section *section, const char *key, char *text, size_t size);

/* The same for a name that may become part of a path: letters, digits, '-', '_' and '.', neither
 * '-' nor '.' first. */
void section_name(struct section *section, const char *key, char *text, size_t size);

/* A path relative to the study file, as it is seen from here. */
void section_path(struct section *section, const char *key, char *path, size_t size);

/* Describes a fault at the field (at the mapping where there is none): "found; allowed". Returns
 * the section's rc, an earlier fault's if there was one. */
int section_fault(struct section *section, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether text is not empty and holds neither control characters nor any of the refused ones. */
bool section_plain_text(const char *text, const char *refused);

#endif
