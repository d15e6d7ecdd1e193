#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/version.h"
#include "coordinator/status/network_json.h"
#include "coordinator/status/results_best.h"
#include "coordinator/status/results_content.h"
#include "coordinator/status/tables.h"
#include "coordinator/status/trial_text.h"

static json_t *percent_or_null(bool known, double percent)
{
    return known ? json_real(percent) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *resolved_json(const struct space *space, const struct arch *arch)
{
    struct network network = { 0 };
    json_t *json = NULL;
    int rc = space_resolve(space, arch, &network);

    if (rc == 0)
        json = network_json(space, &network);
    else if (rc == -ENOTSUP) /* a space of mere names */
        json = json_null();
    network_clear(&network);
    return json;
}

static json_t *tables_json(struct campaign *campaign)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;

    if (tables_digest(campaign, &digest) < 0)
        return NULL;
    return json_string(digest_format(&digest, text));
}

static bool lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item) if (strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

/* Every numerics tag among the results: more than one, and retraining may not reproduce them all. */
static json_t *numerics_json(const struct trial_ledger *ledger)
{
    size_t n = trial_ledger_n(ledger);
    json_t *list = json_array();

    for (size_t i = 0; i < n && list; i++) {
        struct ledger_entry entry;

        trial_ledger_entry(ledger, i, &entry);
        if (!trial_has_result(&entry) || lists(list, entry.result.numerics))
            continue;
        if (json_array_append_new(list, json_string(entry.result.numerics)) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* Takes value; a NULL one is memory that ran out, which json_object_set_new reports too. */
struct entry {
    const char *key;
    json_t *value;
};

static int set_all(json_t *object, const struct entry *entries, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        if (json_object_set_new(object, entries[i].key, entries[i].value) < 0)
            rc = -ENOMEM;
    return rc;
}

static int set_best(json_t *object, const struct coordinator *coordinator,
                    const struct results_best *best)
{
    const struct study *study = coordinator->study;
    const struct candidate *candidate = &best->candidate;
    struct costs costs = cost_details(study->cost_model, &candidate->canonical);
    bool tested = best->retrained && best->winner.test.total > 0;
    char arch[ARCH_TEXT_SIZE], weights[RESULTS_WEIGHTS_PATH_SIZE];
    const struct entry entries[] = {
        { "arch", json_string(arch_format(&candidate->canonical, arch)) },
        { "madds", json_integer(costs.madds) },
        { "params", json_integer(costs.params) },
        { "cost", json_integer(candidate->cost) },
        { "reward", json_real(reward_percent(candidate->reward)) },
        { "final_top1", percent_or_null(best->retrained, best->winner.mean_percent) },
        { "test_top1", percent_or_null(tested, tested ? reward_percent(best->winner.test) : 0) },
        { "options", options_json(study->space, &candidate->canonical) },
        { "weights",
          text_or_null(results_weights_path(coordinator, weights) ? "winner.weights" : NULL) },
        { "network", resolved_json(study->space, &candidate->canonical) },
    };

    return set_all(object, entries, sizeof entries / sizeof *entries);
}

/* The same keys, so that a program need not ask which are there. */
static int set_no_best(json_t *object)
{
    static const char *const keys[] = {
        "arch",       "madds",     "params",  "cost",    "reward",
        "final_top1", "test_top1", "options", "weights", "network"
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_set_new(object, keys[i], json_null()) < 0)
            return -ENOMEM;
    return 0;
}

static int set_search(json_t *object, const struct coordinator *coordinator)
{
    const struct cost_range *target = &coordinator->study->search.target;
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    const struct entry entries[] = {
        { "trials", json_integer((json_int_t)progress.told) },
        { "trials_bound", json_integer((json_int_t)progress.bound) },
        { "dropped", json_integer((json_int_t)progress.dropped) },
        { "passed_over", json_integer((json_int_t)progress.passed_over) },
        { "saved", json_integer((json_int_t)progress.saved) },
        { "metric", json_string(cost_metric_name(coordinator->study->metric)) },
        { "target", json_pack("[I, I]", (json_int_t)target->lowest, (json_int_t)target->highest) },
        { "stop_reason", text_or_null(campaign_stop_reason(coordinator->campaign)) },
        { "elapsed_s", json_real(coordinator_elapsed(coordinator)) },
        { "tables", tables_json(coordinator->campaign) },
        { "numerics", numerics_json(coordinator->ledger) },
        { "version", json_string(LAYERNAS_VERSION) },
    };

    return set_all(object, entries, sizeof entries / sizeof *entries);
}

int write_best_json(FILE *out, const void *arg)
{
    const struct coordinator *coordinator = arg;
    struct results_best best = results_best(coordinator->campaign);
    json_t *object = json_pack("{s:s}", "study", coordinator->study->name);
    int rc = object ? 0 : -ENOMEM;

    if (rc == 0)
        rc = best.found ? set_best(object, coordinator, &best) : set_no_best(object);
    if (rc == 0)
        rc = set_search(object, coordinator);
    if (rc == 0 && json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0)
        rc = -EIO;
    fputc('\n', out);
    json_decref(object);
    return rc;
}
