#include "common/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/study_parts.h"

static int read_name(struct section *root, struct study *study)
{
    section_require(root, "name");
    section_name(root, "name", study->name, sizeof study->name);
    return root->rc;
}

static int read_space(struct section *root, struct study *study, struct errmsg *err)
{
    char path[STUDY_PATH_SIZE];

    section_require(root, "space");
    section_path(root, "space", path, sizeof path);
    if (root->rc || study->space)
        return root->rc;
    return space_load(path, &study->space, err);
}

static int read_study(struct yaml_doc *doc, struct study *study, struct errmsg *err)
{
    static int (*const parts[])(const struct section *root, struct study *study) = {
        study_read_evaluate, study_read_cost,   study_read_search,
        study_read_final,    study_read_limits,
    };
    static const char *const allowed[] = { "name",     "space", "cost",   "search",
                                           "evaluate", "final", "limits", NULL };
    struct section root = section_root(doc, allowed, err);
    int rc;

    snprintf(study->path, sizeof study->path, "%s", doc->path);
    rc = read_name(&root, study);
    if (rc == 0)
        rc = read_space(&root, study, err);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && rc == 0; i++)
        rc = parts[i](&root, study);
    if (rc == 0 && study_identify(study) < 0)
        rc = errmsg_set(err, -ENOMEM, "%s: no memory for the study", doc->path);
    return rc;
}

/* Takes doc, cleared in any case; space, which may be NULL, only on success. */
static int study_from(struct yaml_doc *doc, struct space *space, struct study **study_out,
                      struct errmsg *err)
{
    struct study *study = calloc(1, sizeof *study);
    int rc = -ENOMEM;

    if (!study) {
        errmsg_set(err, rc, "%s: no memory for the study", doc->path);
        goto out;
    }
    study->space = space;
    rc = read_study(doc, study, err);
    if (rc < 0)
        goto out;

    *study_out = study;
    study = NULL;
out:
    if (study && space)
        study->space = NULL;
    study_free(study);
    yaml_doc_clear(doc);
    return rc;
}

int study_load(const char *path, struct study **study_out, struct errmsg *err)
{
    struct yaml_doc doc;
    int rc = yaml_doc_load(path, &doc, err);

    return rc < 0 ? rc : study_from(&doc, NULL, study_out, err);
}

int study_load_changed(const char *path, const struct study_change *changes, size_t n,
                       struct study **study_out, struct errmsg *err)
{
    struct yaml_doc doc;
    int rc = yaml_doc_load(path, &doc, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = study_change(&doc, &changes[i], err);
    if (rc == 0)
        return study_from(&doc, NULL, study_out, err);
    yaml_doc_clear(&doc);
    return rc;
}

int study_parse(const char *text, size_t size, const char *path, struct space *space,
                struct study **study_out, struct errmsg *err)
{
    struct yaml_doc doc;
    int rc = yaml_doc_parse(text, size, path, &doc, err);

    return rc < 0 ? rc : study_from(&doc, space, study_out, err);
}

void study_free(struct study *study)
{
    if (!study)
        return;
    for (uint32_t i = 0; i < study->n_table_labels; i++)
        free(study->table_labels[i]);
    free(study->table_labels);
    cost_model_free(study->cost_model);
    space_free(study->space);
    free(study);
}

const struct evaluation *study_evaluation(const struct study *study, enum stage stage)
{
    return stage == STAGE_SEARCH ? &study->evaluation : &study->final.evaluation;
}

int study_canonical(const struct study *study, const struct arch *arch, struct arch *canonical_out)
{
    if (!study->search.canonical) {
        *canonical_out = *arch;
        return 0;
    }
    return space_canonical(study->space, arch, canonical_out);
}
