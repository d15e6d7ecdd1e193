#include "coordinator/known_results.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct known_results {
    void *root; /* of tsearch(3) */
    size_t n_search;
};

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

struct known_results *known_results_new(void)
{
    return calloc(1, sizeof(struct known_results));
}

void known_free(struct known *known)
{
    if (!known)
        return;
    free(known->failures);
    free(known);
}

static void free_node(void *known)
{
    known_free(known);
}

void known_results_free(struct known_results *results)
{
    if (!results)
        return;
    tdestroy(results->root, free_node);
    free(results);
}

static struct known *find(const struct known_results *results, const struct digest *key)
{
    struct known **node = tfind(key, &results->root, compare_keys);

    return node ? *node : NULL;
}

static struct known *find_or_add(struct known_results *results, const struct digest *key)
{
    struct known *known = find(results, key);

    if (known)
        return known;
    known = calloc(1, sizeof *known);
    if (!known)
        return NULL;
    known->key = *key;
    if (!tsearch(known, &results->root, compare_keys)) {
        free(known);
        return NULL;
    }
    return known;
}

int known_results_keep(struct known_results *results, const struct stored_result *stored)
{
    struct known *known = find_or_add(results, &stored->result.key);

    if (!known)
        return -ENOMEM;
    if (known->has_result)
        return -EALREADY;
    known->has_result = true;
    known->stored = *stored;
    results->n_search += stored->result.stage == STAGE_SEARCH;
    return 0;
}

int known_results_keep_failure(struct known_results *results, const struct stored_failure *failure)
{
    struct known *known = find_or_add(results, &failure->key);
    struct stored_failure *failures;

    if (!known)
        return -ENOMEM;
    failures = realloc(known->failures, (known->n_failures + 1) * sizeof *failures);
    if (!failures)
        return -ENOMEM;
    known->failures = failures;
    known->failures[known->n_failures++] = *failure;
    return 0;
}

bool known_results_has(const struct known_results *results, const struct digest *key)
{
    const struct known *known = find(results, key);

    return known && known->has_result;
}

size_t known_results_n_search(const struct known_results *results)
{
    return results->n_search;
}

struct known *known_results_take(struct known_results *results, const struct digest *key)
{
    struct known *known = find(results, key);

    if (!known)
        return NULL;
    tdelete(key, &results->root, compare_keys);
    results->n_search -= known->has_result && known->stored.result.stage == STAGE_SEARCH;
    return known;
}
