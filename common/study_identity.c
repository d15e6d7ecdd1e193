#include "common/study_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Goes up whenever equal settings and results would give other proposals, training seeds or splits
 * than before: a study of an older version is then refused, not continued as something else. */
enum { SEARCH_VERSION = 5 };

static void write_digest(const char *field, const struct digest *digest, FILE *out)
{
    char text[DIGEST_TEXT_SIZE];

    fprintf(out, "%s\t%s\n", field, digest_format(digest, text));
}

static void write_cost(const struct study *study, FILE *out)
{
    fprintf(out, "cost.metric\t%s\n", cost_metric_name(study->metric));
    fprintf(out, "cost.column\t%s\n", study->cost_column);
    if (study->metric == COST_LATENCY)
        write_digest("cost.table (its content)", &study->cost_table, out);
    fprintf(out, "cost.min\t%" PRId64 "\n", study->search.target.lowest);
    fprintf(out, "cost.max\t%" PRId64 "\n", study->search.target.highest);
}

static void write_layernas(const struct layernas_settings *layernas, FILE *out)
{
    char arch[ARCH_TEXT_SIZE];

    fprintf(out, "search.guided\t%s\n", layernas->guided ? "1" : "0, bucket by bucket");
    fprintf(out, "search.bucket_by\t%s\n", bucket_by_name(layernas->bucket_by));
    fprintf(out, "search.buckets\t%" PRIu32 "\n", layernas->buckets);
    fprintf(out, "search.bucket_growth\t%.17g\n", layernas->bucket_growth);
    fprintf(out, "search.keep\t%" PRIu32 "\n", layernas->keep);
    fprintf(out, "search.keep_more\t%" PRIu32 "\n", layernas->keep_more);
    fprintf(out, "search.order\t%s\n", search_order_name(layernas->order));
    fprintf(out, "search.passes\t%" PRIu32 "\n", layernas->passes);
    fprintf(out, "search.edges\t%s\n", bucket_edges_name(layernas->edges));
    fprintf(out, "search.picks\t%" PRIu32 "\n", layernas->guided ? layernas->picks : 0);
    fprintf(out, "search.reach\t%.17g\n", layernas->reach);
    fprintf(out, "search.default\t%s\n", arch_format(&layernas->default_arch, arch));
    fprintf(out, "search.lag\t%" PRIu32 "\n", layernas->guided ? layernas->lag : 0);
    fprintf(out, "search.sample\t%" PRIu32 "\n", layernas->sample);
    fprintf(out, "search.forecasts_first\t%" PRIu32 "\n", layernas->forecasts_first);
    fprintf(out, "search.forecasts\t%" PRIu32 "\n", layernas->forecasts);
}

static void write_others(const struct search_settings *search, FILE *out)
{
    fprintf(out, "search.feasible\t%d\n", search->feasible);
    fprintf(out, "search.objective\t%s\n", objective_name(search->objective));
    fprintf(out, "search.cost_weight\t%.17g\n", search->cost_weight);
    fprintf(out, "search.population\t%" PRIu32 "\n", search->evolution.population);
    fprintf(out, "search.tournament\t%" PRIu32 "\n", search->evolution.tournament);
    fprintf(out, "search.children\t%" PRIu32 "\n", search->evolution.children);
    fprintf(out, "search.batch\t%" PRIu32 "\n", search->ppo.batch);
    fprintf(out, "search.epochs\t%" PRIu32 "\n", search->ppo.epochs);
    fprintf(out, "search.rate\t%.17g\n", search->ppo.rate);
    fprintf(out, "search.clip\t%.17g\n", search->ppo.clip);
    fprintf(out, "search.entropy\t%.17g\n", search->ppo.entropy);
}

static void write_search(const struct search_settings *search, FILE *out)
{
    fprintf(out, "search.strategy\t%s\n", search->strategy);
    fprintf(out, "search.parallel\t%" PRIu32 "\n", search->parallel);
    fprintf(out, "search.seed\t%" PRIu64 "\n", search->seed);
    fprintf(out, "search.canonical\t%d\n", search->canonical);
    if (strcmp(search->strategy, "layernas") == 0)
        write_layernas(&search->layernas, out);
    else
        write_others(search, out);
}

static void write_table(const struct study *study, FILE *out)
{
    fprintf(out, "evaluate.table.labels\t");
    for (uint32_t i = 0; i < study->n_table_labels; i++)
        fprintf(out, "%s%s", i ? "," : "", study->table_labels[i]);
    fprintf(out, "\nevaluate.table.write\t\"%s\"\n", study->table_separator);
    if (strchr(study->table_rewards, ',')) /* a study of one column stays what it was */
        fprintf(out, "evaluate.table.reward (all columns)\t%s\n", study->table_rewards);
    if (study->metric == COST_TABLE)
        write_digest("evaluate.data.path (the table's content)", &study->cost_table, out);
}

/* Causes before what follows from them, so that the first difference is what the user changed. */
static void write_identity(const struct study *study, FILE *out)
{
    struct digest space = space_digest(study->space);

    fprintf(out, "search version\t%d\n", SEARCH_VERSION);
    write_digest("space", &space, out);
    if (study->evaluation.evaluator == EVALUATOR_TABLE)
        write_table(study, out);
    write_cost(study, out);
    write_search(&study->search, out);
    evaluation_write(&study->evaluation, out);
}

char *study_identity(const struct study *study)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    write_identity(study, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int digest_evaluation(const struct evaluation *evaluation, struct digest *digest_out)
{
    struct digest_state state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return -ENOMEM;
    evaluation_write(evaluation, out);
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    digest_begin(&state, "evaluation");
    digest_bytes(&state, text, size);
    digest_end(&state, digest_out);
    free(text);
    return 0;
}

int study_identify(struct study *study)
{
    char *identity = study_identity(study);
    struct digest_state state;
    int rc = identity ? 0 : -ENOMEM;

    for (int stage = 0; stage < STAGES && rc == 0; stage++)
        rc = digest_evaluation(study_evaluation(study, stage), &study->evaluation_ids[stage]);
    if (rc == 0) {
        digest_begin(&state, "study");
        digest_string(&state, identity);
        digest_end(&state, &study->id);
    }
    free(identity);
    return rc;
}

static struct digest digest_trial(const struct study *study, const struct trial *trial,
                                  const char *arch, const char *purpose)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, purpose);
    digest_bytes(&state, study->id.bytes, sizeof study->id.bytes);
    digest_string(&state, arch);
    digest_bytes(&state, study->evaluation_ids[trial->stage].bytes, sizeof(struct digest));
    digest_string(&state, stage_name(trial->stage));
    digest_integer(&state, trial->replica);
    digest_end(&state, &digest);
    return digest;
}

void study_name_trial(const struct study *study, struct trial *trial)
{
    char arch[ARCH_TEXT_SIZE];
    struct digest seed;

    arch_format(&trial->arch, arch);
    seed = digest_trial(study, trial, arch, "training seed");
    trial->key = digest_trial(study, trial, arch, "trial");
    trial->cost = cost_of(study->cost_model, &trial->arch);
    trial->costs = cost_details(study->cost_model, &trial->arch);
    trial->seed = 0;
    for (int i = 0; i < 8; i++)
        trial->seed |= (uint64_t)seed.bytes[i] << (8 * i);
}
