#include <stdlib.h>

#include "coordinator/status/agreement.h"
#include "coordinator/status/lineage.h"
#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"

enum { MOST_CELLS = 10000 /* that a few milliseconds are enough for */ };

/* ---- how full the buckets are ---- */

/* Of one bucket, whatever interfaces it keeps apart. */
struct bucket_use {
    uint32_t bucket, contenders, results, passed_over, kept;
};

/* In order of bucket; uses has room for the record's cells. */
static size_t use_buckets(const struct layer_record *record, struct bucket_use *uses)
{
    size_t n_cells = layer_record_n_cells(record), n = 0;

    for (size_t i = 0; i < n_cells; i++) {
        struct record_cell cell = layer_record_cell(record, i);
        struct bucket_use *use;

        if (n == 0 || uses[n - 1].bucket != cell.bucket)
            uses[n++] = (struct bucket_use){ .bucket = cell.bucket };
        use = &uses[n - 1];
        use->contenders += cell.contenders;
        use->results += cell.valid;
        use->passed_over += cell.passed_over;
        use->kept += cell.n_kept;
    }
    return n;
}

static int compare_counts(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* Sorts counts. */
static Layernas__Spread *build_spread(struct build *build, uint32_t *counts, size_t n)
{
    Layernas__Spread *spread = build_message(build, &layernas__spread__descriptor);

    if (!spread || n == 0)
        return spread;
    qsort(counts, n, sizeof *counts, compare_counts);
    spread->least = counts[0];
    spread->median = ((double)counts[(n - 1) / 2] + counts[n / 2]) / 2;
    spread->most = counts[n - 1];
    return spread;
}

/* counts has room for n. */
static void fill_spreads(struct build *build, const struct bucket_use *uses, size_t n,
                         uint32_t *counts, Layernas__LayerDiagnosis *layer)
{
    for (size_t i = 0; i < n; i++)
        counts[i] = uses[i].contenders;
    layer->contenders = build_spread(build, counts, n);
    for (size_t i = 0; i < n; i++)
        counts[i] = uses[i].results;
    layer->results = build_spread(build, counts, n);
    for (size_t i = 0; i < n; i++)
        counts[i] = uses[i].passed_over;
    layer->passed_over = build_spread(build, counts, n);
}

static void fill_each(struct build *build, const struct bucket_use *uses, size_t n,
                      Layernas__LayerDiagnosis *layer)
{
    layer->each = build_list(build, n);
    for (size_t i = 0; i < n && layer->each; i++) {
        Layernas__BucketDiagnosis *bucket = build_message(build,
                                                          &layernas__bucket_diagnosis__descriptor);

        if (!bucket)
            break;
        bucket->bucket = uses[i].bucket;
        bucket->contenders = uses[i].contenders;
        bucket->results = uses[i].results;
        bucket->passed_over = uses[i].passed_over;
        bucket->kept = uses[i].kept;
        layer->each[layer->n_each++] = bucket;
    }
}

static void fill_use(struct build *build, const struct layer_record *record, bool each,
                     Layernas__LayerDiagnosis *layer)
{
    size_t n_cells = layer_record_n_cells(record), n;
    struct bucket_use *uses = malloc((n_cells + 1) * sizeof *uses);
    uint32_t *counts = malloc((n_cells + 1) * sizeof *counts);

    if (!uses || !counts) {
        build->failed = true;
    } else {
        n = use_buckets(record, uses);
        layer->used = (uint32_t)n;
        for (size_t i = 0; i < n; i++)
            layer->filled += uses[i].kept > 0;
        fill_spreads(build, uses, n, counts, layer);
        if (each)
            fill_each(build, uses, n, layer);
    }
    free(uses);
    free(counts);
}

/* ---- layers ---- */

static void fill_lineage(struct build *build, const struct lineage *lineage, size_t i,
                         Layernas__LayerDiagnosis *layer)
{
    struct lineage_layer found;

    if (lineage_look(lineage, i, &found) < 0) {
        build->failed = true;
        return;
    }
    layer->compared = found.compared;
    layer->descend = found.descend;
    layer->reached = found.reached;
    layer->lost = found.lost;
}

/* lineage NULL: not compared. */
static Layernas__LayerDiagnosis *build_layer_diagnosis(struct build *build, size_t i, bool each,
                                                       const struct lineage *lineage)
{
    const struct coordinator *coordinator = build->coordinator;
    const struct opening *opening = campaign_opening(coordinator->campaign, i);
    Layernas__LayerDiagnosis *layer = build_message(build, &layernas__layer_diagnosis__descriptor);

    if (!layer)
        return NULL;
    layer->opening = opening->number;
    layer->pass = opening->pass;
    layer->layer = opening->layer;
    layer->name = build_text(build, space_layer_name(coordinator->study->space, opening->layer));
    layer->buckets = opening->buckets;
    layer->keep = opening->keep;
    fill_use(build, campaign_record(coordinator->campaign, i), each, layer);
    if (lineage)
        fill_lineage(build, lineage, i, layer);
    return layer;
}

static size_t cells_of(const struct build *build, size_t i)
{
    return layer_record_n_cells(campaign_record(build->coordinator->campaign, i));
}

/* Of the layers asked for, as many as there is time for: from the first on where that was named,
 * otherwise up to the last; one at least. */
static struct rows layers_to_build(const struct build *build, size_t total)
{
    struct rows rows = build_rows(build, total);
    bool from_first = build->first > 0;
    size_t n = 0, cells = 0;

    while (!build->unhurried && n < rows.n) {
        cells += cells_of(build, from_first ? rows.first + n : rows.first + rows.n - 1 - n);
        if (n > 0 && cells > MOST_CELLS)
            break;
        n++;
    }
    if (build->unhurried || n == rows.n)
        return rows;
    return (struct rows){ from_first ? rows.first : rows.first + rows.n - n, n };
}

/* The first of the layers whose buckets are listed: those of the last ones, as many as a reply holds. */
static size_t first_listed(const struct build *build, struct rows rows)
{
    size_t first = rows.first + rows.n, cells = 0;

    while (first > rows.first) {
        cells += cells_of(build, first - 1);
        if (!build->unhurried && cells > STATUS_MAX_ROWS)
            break;
        first--;
    }
    return first;
}

static void fill_layers(struct build *build, const struct lineage *lineage,
                        Layernas__Diagnosis *diagnosis)
{
    size_t total = campaign_n_openings(build->coordinator->campaign);
    struct rows rows = layers_to_build(build, total);
    size_t listed = first_listed(build, rows);

    diagnosis->total = total;
    diagnosis->layers = build_list(build, rows.n);
    for (size_t i = rows.first; i < rows.first + rows.n && diagnosis->layers; i++) {
        Layernas__LayerDiagnosis *layer = build_layer_diagnosis(build, i, i >= listed, lineage);

        if (!layer)
            break;
        diagnosis->layers[diagnosis->n_layers++] = layer;
    }
}

/* ---- short and full training ---- */

static Layernas__Finalist *build_finalist(struct build *build, const struct finalist *finalist)
{
    Layernas__Finalist *message = build_message(build, &layernas__finalist__descriptor);

    if (!message)
        return NULL;
    message->candidate = build_candidate(build, &finalist->candidate,
                                         &finalist->candidate.canonical);
    message->seeds = finalist->seeds;
    message->final_percent = finalist->retrained;
    message->search_place = finalist->search_place;
    message->final_place = finalist->final_place;
    return message;
}

static void fill_finalists(struct build *build, const struct agreement *found,
                           Layernas__Agreement *agreement)
{
    const struct rank_correlation *c = &found->correlation;
    size_t n = found->n < build->limit ? found->n : build->limit;

    agreement->total = found->n;
    agreement->pairs = found->n > 1 ? (uint64_t)found->n * (found->n - 1) / 2 : 0;
    agreement->correlated = c->tau_b == c->tau_b; /* not NAN */
    agreement->tau_b = agreement->correlated ? c->tau_b : 0;
    agreement->spearman = agreement->correlated ? c->spearman : 0;
    agreement->chance = c->chance;
    agreement->rows = build_list(build, n);
    for (size_t i = 0; i < n && agreement->rows; i++) {
        Layernas__Finalist *finalist = build_finalist(build, &found->finalists[i]);

        if (!finalist)
            break;
        agreement->rows[agreement->n_rows++] = finalist;
    }
}

static Layernas__Agreement *build_agreement(struct build *build)
{
    const struct coordinator *coordinator = build->coordinator;
    Layernas__Agreement *agreement = build_message(build, &layernas__agreement__descriptor);
    struct agreement found;

    if (!agreement)
        return NULL;
    if (agreement_find(coordinator, &found) < 0) {
        build->failed = true;
        return agreement;
    }
    if (coordinator->study->final.seeds > 0)
        agreement->finalists = campaign_final_total(coordinator->campaign) /
                               coordinator->study->final.seeds;
    fill_finalists(build, &found, agreement);
    agreement_clear(&found);
    return agreement;
}

/* ---- all of it ---- */

static void fill_progress(struct build *build, Layernas__Diagnosis *diagnosis)
{
    const struct coordinator *coordinator = build->coordinator;
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    build_state(build, &diagnosis->state, &diagnosis->note);
    diagnosis->done = progress.told;
    diagnosis->cap = progress.cap;
    diagnosis->bound = strategy_trial_bound(&coordinator->study->search,
                                            coordinator->study->cost_model);
}

Layernas__Diagnosis *build_diagnosis(struct build *build)
{
    Layernas__Diagnosis *diagnosis = build_message(build, &layernas__diagnosis__descriptor);
    struct lineage *lineage = NULL;

    if (!diagnosis)
        return NULL;
    fill_progress(build, diagnosis);
    diagnosis->uncompared = diagnosis->done >
                            (build->unhurried ? RESULTS_MOST_COMPARED : STATUS_MOST_COMPARED);
    if (!diagnosis->uncompared && lineage_new(build->coordinator, &lineage) < 0)
        build->failed = true;
    fill_layers(build, lineage, diagnosis);
    lineage_free(lineage);
    diagnosis->agreement = build_agreement(build);
    diagnosis->winner = build_why(build, "");
    return diagnosis;
}
