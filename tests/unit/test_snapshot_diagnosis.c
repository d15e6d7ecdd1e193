/* The diagnosis, as the status socket and the results directory tell it, against what brute force makes
 * of openings and ledger. */
#include "tests/unit/check.h"
#include "tests/unit/status_fixture.h"
#include "tests/unit/study_fixture.h"

#include <math.h>
#include <stdlib.h>

#include "coordinator/search/opening.h"
#include "coordinator/status/snapshot.h"

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "layers:\n"
                                 "  - name: one\n"
                                 "    options: [conv: {out: [4, 6, 8, 12, 16], kernel: [1, 3]}]\n"
                                 "  - name: two\n"
                                 "    options: [skip, conv: {out: same, kernel: [1, 3, 5]}]\n"
                                 "  - name: three\n"
                                 "    options: [conv: {out: [4, 6, 8, 12, 16], kernel: [1, 3]}]\n"
                                 "  - name: four\n"
                                 "    options: [skip, conv: {out: same, kernel: [1, 3, 5]}]\n"
                                 "  - name: five\n"
                                 "    options: [skip, conv: {out: same, kernel: [1, 3, 5]}]\n"
                                 "head: [pool: {kind: avg, size: all}, dense: {out: classes}]\n";

static const char study_text[] = "name: asked\n"
                                 "space: space.yaml\n"
                                 "cost: {metric: madds, max: 50%}\n"
                                 "search: {trials: 150, seed: 3, buckets: 3, keep: 2, "
                                 "sample: 0, forecasts: 0}\n"
                                 "evaluate:\n"
                                 "  with: train\n"
                                 "  data: {name: digits, train: 100, valid: 50}\n"
                                 "  schedule: {epochs: 1, lr: 0.1}\n"
                                 "final: {top: 7, seeds: 2, epochs: 3}\n";

static struct study *study;
static struct status_fixture fixture;

static int begin_with(const char *from, const char *to)
{
    study_fixture_write("space.yaml", space_text);
    study = study_fixture_study(study_text, from, to);
    status_fixture_init(&fixture, study, "/var/lib/layernas/asked");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with("", "");
}

static int end(void **state)
{
    status_fixture_clear(&fixture);
    study_free(study);
    return study_fixture_refill(state);
}

static Layernas__StatusReply *ask(uint64_t first, uint32_t limit)
{
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    Layernas__StatusReply *reply;
    bool watches;

    query.what = LAYERNAS__QUERY__WHAT__DIAGNOSIS;
    query.first = first;
    query.limit = limit;
    reply = status_fixture_ask(&fixture, &query, &watches);
    check_int_equal("a diagnosis", reply->body_case, LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS);
    return reply;
}

static void done_with(Layernas__StatusReply *reply)
{
    layernas__status_reply__free_unpacked(reply, NULL);
}

/* ---- how full the buckets are ---- */

static bool is_first_there(const struct opening *opening, uint32_t c)
{
    const struct opening_child *child = &opening->children[c];

    for (uint32_t b = 0; b < c; b++)
        if (opening_child_is_filed(&opening->children[b]) &&
            opening->children[b].bucket == child->bucket &&
            arch_equal(&opening->children[b].candidate, &child->candidate))
            return false;
    return true;
}

static Layernas__BucketDiagnosis count_bucket(const struct opening *opening, uint32_t bucket)
{
    Layernas__BucketDiagnosis counts = LAYERNAS__BUCKET_DIAGNOSIS__INIT;

    for (uint32_t c = 0; c < opening->n_children; c++) {
        const struct opening_child *child = &opening->children[c];
        struct reward reward;

        if (child->fate == FATE_DROPPED || child->bucket != bucket)
            continue;
        counts.passed_over += child->fate == FATE_PASSED_OVER;
        if (!opening_child_is_filed(child) || !is_first_there(opening, c))
            continue;
        counts.contenders++;
        counts.results += campaign_reward(fixture.coordinator.campaign, &child->candidate, &reward);
    }
    counts.kept = counts.results < opening->keep ? counts.results : opening->keep;
    return counts;
}

static void check_spread(const char *name, const Layernas__Spread *spread, const uint32_t *counts,
                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_true(name, counts[i] >= spread->least && counts[i] <= spread->most);
    for (size_t i = 0; i < n; i++) {
        size_t below = 0, above = 0;

        for (size_t k = 0; k < n; k++) {
            below += counts[k] < spread->median;
            above += counts[k] > spread->median;
        }
        check_true(name, 2 * below <= n && 2 * above <= n);
    }
}

static void check_use(const struct opening *opening, const Layernas__LayerDiagnosis *layer)
{
    uint32_t contenders[64], results[64], passed_over[64], used = 0, filled = 0;

    for (uint32_t b = 0; b < opening->buckets; b++) {
        Layernas__BucketDiagnosis want = count_bucket(opening, b);
        const Layernas__BucketDiagnosis *got;

        if (want.contenders == 0)
            continue;
        assert_true(used < layer->n_each && used < 64);
        got = layer->each[used];
        check_int_equal("bucket", got->bucket, b);
        check_int_equal("contenders", got->contenders, want.contenders);
        check_int_equal("results", got->results, want.results);
        check_int_equal("passed over", got->passed_over, want.passed_over);
        check_int_equal("kept", got->kept, want.kept);
        contenders[used] = got->contenders;
        results[used] = got->results;
        passed_over[used++] = got->passed_over;
        filled += got->kept > 0;
    }
    check_int_equal("used", layer->used, used);
    check_int_equal("one each", layer->n_each, used);
    check_int_equal("filled", layer->filled, filled);
    check_spread("contenders", layer->contenders, contenders, used);
    check_spread("results", layer->results, results, used);
    check_spread("passed over", layer->passed_over, passed_over, used);
}

/* ---- who descends from whom ---- */

static bool is_child(const struct opening *opening, const struct arch *arch, int64_t *cost)
{
    for (uint32_t c = 0; c < opening->n_children; c++) {
        const struct opening_child *child = &opening->children[c];

        if ((opening_child_is_filed(child) && arch_equal(&child->candidate, arch)) ||
            arch_equal(&child->arch, arch)) {
            *cost = child->cost;
            return true;
        }
    }
    return false;
}

/* Whether it holds what the pass began with in all layers that are searched after the opening. */
static bool could_stand(size_t opening, const struct arch *arch)
{
    const struct campaign *campaign = fixture.coordinator.campaign;
    const struct opening *at = campaign_opening(campaign, opening);
    bool searched[ARCH_MAX_LAYERS] = { false };
    const struct arch *start = NULL;

    for (size_t i = 0; i <= opening; i++) {
        const struct opening *before = campaign_opening(campaign, i);

        if (before->pass != at->pass)
            continue;
        if (!start)
            start = &before->parents[0];
        searched[before->layer] = true;
    }
    for (uint32_t l = 0; l < arch->n; l++)
        if (!searched[l] && arch->option[l] != start->option[l])
            return false;
    return true;
}

static void best_of(size_t i, uint32_t bucket, double *child_out, double *other_out)
{
    const struct coordinator *c = &fixture.coordinator;
    const struct opening *opening = campaign_opening(c->campaign, i);

    *child_out = *other_out = -1;
    for (size_t t = 0; t < trial_ledger_n(c->ledger); t++) {
        struct ledger_entry entry;
        double percent, *best = other_out;
        int64_t cost;

        trial_ledger_entry(c->ledger, t, &entry);
        if (entry.trial.stage != STAGE_SEARCH || entry.state != TRIAL_DONE)
            continue;
        cost = entry.trial.cost;
        if (is_child(opening, &entry.trial.arch, &cost))
            best = child_out;
        else if (!could_stand(i, &entry.trial.arch))
            continue;
        if (bucket_index(&opening->edges, opening->buckets, cost) != (int)bucket)
            continue;
        percent = reward_percent(entry.result.reward);
        *best = fmax(*best, percent);
    }
}

static void check_descent(size_t i, const Layernas__LayerDiagnosis *layer)
{
    const struct opening *opening = campaign_opening(fixture.coordinator.campaign, i);
    uint32_t compared = 0, descend = 0, reached = 0;
    double lost = 0;

    for (uint32_t b = 0; b < opening->buckets; b++) {
        double child, other;

        best_of(i, b, &child, &other);
        if (other < 0)
            continue;
        compared++;
        descend += child >= other;
        reached += child >= 0;
        lost += child >= 0 ? fmax(other - child, 0) : 0;
    }
    check_int_equal("compared", layer->compared, compared);
    check_int_equal("descend", layer->descend, descend);
    check_int_equal("reached", layer->reached, reached);
    check_true("lost", fabs(layer->lost - (reached ? lost / reached : 0)) < 1e-9);
}

static void test_layers(void **state)
{
    Layernas__StatusReply *reply;
    const Layernas__Diagnosis *d;
    size_t compared = 0, failing = 0;

    (void)state;
    status_fixture_run(&fixture, 40);
    status_fixture_quarantine(&fixture);
    status_fixture_run(&fixture, 1000);
    reply = ask(1, 0);
    d = reply->diagnosis;
    check_string_equal("state", d->state, "done");
    check_string_equal("why", d->note, "trial cap reached");
    check_int_equal("trials", d->done, 150);
    check_int_equal("cap", d->cap, 150);
    check_int_equal("bound", d->bound, 150);
    check_int_equal("layers", d->n_layers, campaign_n_openings(fixture.coordinator.campaign));
    check_int_equal("all", d->total, d->n_layers);
    for (size_t i = 0; i < d->n_layers; i++) {
        const struct opening *opening = campaign_opening(fixture.coordinator.campaign, i);

        check_int_equal("H", d->layers[i]->buckets, opening->buckets);
        check_int_equal("K", d->layers[i]->keep, opening->keep);
        check_int_equal("pass", d->layers[i]->pass, opening->pass);
        check_use(opening, d->layers[i]);
        check_descent(i, d->layers[i]);
        compared += d->layers[i]->compared;
        failing += d->layers[i]->compared - d->layers[i]->descend;
    }
    check_true("there was something to compare", compared > 5 && failing > 0);
    done_with(reply);
}

static void test_pages(void **state)
{
    Layernas__StatusReply *all, *one, *last;

    (void)state;
    status_fixture_run(&fixture, 1000);
    all = ask(1, 0);
    one = ask(2, 1);
    last = ask(0, 2);
    check_int_equal("one", one->diagnosis->n_layers, 1);
    check_int_equal("the second", one->diagnosis->layers[0]->opening, 1);
    check_int_equal("of all", one->diagnosis->total, all->diagnosis->total);
    check_int_equal("two", last->diagnosis->n_layers, 2);
    check_int_equal("the last ones", last->diagnosis->layers[1]->opening,
                    all->diagnosis->total - 1);
    done_with(all);
    done_with(one);
    done_with(last);
}

/* ---- short and full training ---- */

static void check_finalist(const Layernas__Finalist *row, uint32_t want_seeds)
{
    const struct coordinator *c = &fixture.coordinator;
    char text[ARCH_TEXT_SIZE];
    uint32_t seeds = 0;
    double sum = 0;

    for (size_t i = 0; i < trial_ledger_n(c->ledger); i++) {
        struct ledger_entry entry;

        trial_ledger_entry(c->ledger, i, &entry);
        if (entry.trial.stage != STAGE_FINAL || entry.state != TRIAL_DONE ||
            strcmp(arch_format(&entry.trial.arch, text), row->candidate->arch) != 0)
            continue;
        seeds++;
        sum += reward_percent(entry.result.reward);
    }
    check_int_equal("seeds", row->seeds, seeds);
    check_int_equal("as many as wanted", seeds, want_seeds);
    check_true("their mean", fabs(row->final_percent - sum / 2) < 1e-9);
    check_true("and what the search saw", row->candidate->total == FIXTURE_VALID);
}

/* Kendall's pairs, one by one. */
static void check_correlation(const Layernas__Agreement *a)
{
    double score = 0, untied_searched = 0, untied_retrained = 0;
    uint64_t pairs = 0;

    for (size_t i = 0; i < a->n_rows; i++)
        for (size_t k = 0; k < i; k++, pairs++) {
            double searched = (double)a->rows[i]->candidate->correct -
                              a->rows[k]->candidate->correct;
            double retrained = a->rows[i]->final_percent - a->rows[k]->final_percent;

            score += searched * retrained > 0 ? 1 : searched * retrained < 0 ? -1 : 0;
            untied_searched += searched != 0;
            untied_retrained += retrained != 0;
        }
    check_int_equal("pairs", a->pairs, pairs);
    check_true("tau-b", fabs(a->tau_b - score / sqrt(untied_searched * untied_retrained)) < 1e-12);
    check_true("rho", a->spearman >= -1 && a->spearman <= 1);
}

static double place_of(const Layernas__Agreement *a, size_t row)
{
    double place = 0.5;

    for (size_t i = 0; i < a->n_rows; i++)
        place += a->rows[i]->final_percent > a->rows[row]->final_percent    ? 1
                 : a->rows[i]->final_percent == a->rows[row]->final_percent ? 0.5
                                                                            : 0;
    return place;
}

static void test_agreement(void **state)
{
    Layernas__StatusReply *reply;
    const Layernas__Agreement *a;

    (void)state;
    status_fixture_run(&fixture, 150);
    reply = ask(0, 0);
    a = reply->diagnosis->agreement;
    check_int_equal("wanted", a->finalists, 7);
    check_int_equal("none is retrained", a->total, 0);
    check_true("so nothing is correlated", !a->correlated && a->n_rows == 0);
    done_with(reply);
    status_fixture_run(&fixture, 10); /* all once, three of them twice */
    reply = ask(0, 0);
    check_int_equal("those with both seeds", reply->diagnosis->agreement->total, 3);
    done_with(reply);
    status_fixture_quarantine(&fixture); /* the second seed of the fourth */
    status_fixture_run(&fixture, 1000);
    reply = ask(0, 0);
    a = reply->diagnosis->agreement;
    check_int_equal("all of them", a->total, 7);
    assert_int_equal(a->n_rows, 7);
    check_true("correlated", a->correlated);
    for (size_t i = 0; i < 7; i++) {
        check_true("its place", a->rows[i]->final_place == place_of(a, i));
        check_true("best first",
                   i == 0 || a->rows[i]->final_percent <= a->rows[i - 1]->final_percent);
        check_finalist(a->rows[i], i == 6 ? 1 : 2);
    }
    check_correlation(a);
    check_string_equal("the way of the winner", reply->diagnosis->winner->verdict, "winner");
    check_string_equal("who is the first", reply->diagnosis->winner->candidate->arch,
                       a->rows[0]->candidate->arch);
    /* The cap may have come in the middle of its pass. */
    check_true("a step for each layer that it came to",
               reply->diagnosis->winner->n_steps > 0 && reply->diagnosis->winner->n_steps <= 5);
    done_with(reply);
}

static void test_before_anything(void **state)
{
    Layernas__StatusReply *reply = ask(0, 0);

    (void)state;
    check_int_equal("no layer", reply->diagnosis->n_layers, 0);
    check_true("no winner", !reply->diagnosis->winner->candidate);
    done_with(reply);
}

/* ---- without end ---- */

/* A question must not hold the loop up; the results have time. */
static void test_many_trials(void **state)
{
    Layernas__StatusReply *reply;

    (void)state;
    begin_with("trials: 150, seed: 3, buckets: 3, keep: 2",
               "trials: 2100, buckets: 2000, keep: 50");
    status_fixture_run(&fixture, STATUS_MOST_COMPARED + 1);
    reply = ask(0, 0);
    check_true("not compared", reply->diagnosis->uncompared);
    for (size_t i = 0; i < reply->diagnosis->n_layers; i++)
        check_int_equal("no word of it", reply->diagnosis->layers[i]->compared, 0);
    done_with(reply);
    reply = snapshot_diagnosis(&fixture.coordinator);
    assert_non_null(reply);
    check_true("compared", !reply->diagnosis->uncompared);
    check_int_equal("every layer", reply->diagnosis->n_layers,
                    campaign_n_openings(fixture.coordinator.campaign));
    for (size_t i = 0; i < reply->diagnosis->n_layers; i++)
        check_int_equal("every bucket", reply->diagnosis->layers[i]->n_each,
                        reply->diagnosis->layers[i]->used);
    done_with(reply);
}

/* A search without tables has nothing to say of them, and all else. */
static void test_without_layers(void **state)
{
    Layernas__StatusReply *reply;

    (void)state;
    begin_with("seed: 3, buckets: 3, keep: 2", "strategy: random");
    status_fixture_run(&fixture, 1000);
    reply = ask(0, 0);
    check_int_equal("no layer", reply->diagnosis->n_layers, 0);
    check_int_equal("finalists", reply->diagnosis->agreement->total, 7);
    check_true("a winner", reply->diagnosis->winner->candidate != NULL);
    done_with(reply);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_layers),
        TEST(test_pages),
        TEST(test_agreement),
        TEST(test_before_anything),
        cmocka_unit_test_teardown(test_many_trials, end),
        cmocka_unit_test_teardown(test_without_layers, end),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
