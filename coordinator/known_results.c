#include "coordinator/known_results.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct known_results {
    void *root; /* of tsearch(3), over struct stored_result */
    size_t n_search;
};

static int compare_keys(const void *a, const void *b)
{
    const struct stored_result *x = a, *y = b;

    return memcmp(&x->result.key, &y->result.key, sizeof x->result.key);
}

struct known_results *known_results_new(void)
{
    return calloc(1, sizeof(struct known_results));
}

void known_results_free(struct known_results *results)
{
    if (!results)
        return;
    tdestroy(results->root, free);
    free(results);
}

static struct stored_result *find(const struct known_results *results, const struct digest *key)
{
    struct stored_result wanted, **node;

    wanted.result.key = *key;
    node = tfind(&wanted, &results->root, compare_keys);
    return node ? *node : NULL;
}

int known_results_keep(struct known_results *results, const struct stored_result *stored)
{
    struct stored_result *copy;

    if (find(results, &stored->result.key))
        return -EALREADY;
    copy = malloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = *stored;
    if (!tsearch(copy, &results->root, compare_keys)) {
        free(copy);
        return -ENOMEM;
    }
    results->n_search += stored->result.stage == STAGE_SEARCH;
    return 0;
}

bool known_results_has(const struct known_results *results, const struct digest *key)
{
    return find(results, key) != NULL;
}

const struct stored_result *known_results_find(const struct known_results *results,
                                               const struct digest *key)
{
    return find(results, key);
}

size_t known_results_n_search(const struct known_results *results)
{
    return results->n_search;
}

struct stored_result *known_results_take(struct known_results *results, const struct digest *key)
{
    struct stored_result *stored = find(results, key);

    if (!stored)
        return NULL;
    tdelete(stored, &results->root, compare_keys);
    results->n_search -= stored->result.stage == STAGE_SEARCH;
    return stored;
}
