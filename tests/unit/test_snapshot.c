#include "tests/unit/check.h"
#include "tests/unit/status_fixture.h"
#include "tests/unit/study_fixture.h"

#include <stdlib.h>

#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"

static struct study *study;
static struct status_fixture fixture;
static bool watches; /* the last who asked */

static int begin(void **state)
{
    (void)state;
    fixture_disk_trouble = NULL;
    study = study_fixture_study(training_study, "trials: 20", "trials: 20, guided: false");
    status_fixture_init(&fixture, study, "/var/lib/layernas/tiny");
    return 0;
}

static int end(void **state)
{
    (void)state;
    status_fixture_clear(&fixture);
    study_free(study);
    return 0;
}

/* The reply to bytes, the caller's to free. */
static Layernas__StatusReply *reply_to(const uint8_t *request, size_t size)
{
    Layernas__StatusReply *reply;
    struct bytes packed;

    assert_int_equal(snapshot_reply(&fixture.coordinator, request, size, &packed, &watches), 0);
    reply = layernas__status_reply__unpack(NULL, packed.size, packed.data);
    free(packed.data);
    assert_non_null(reply);
    check_int_equal("protocol", reply->protocol, STATUS_PROTOCOL);
    return reply;
}

static Layernas__StatusReply *ask_from(Layernas__Query__What what, uint64_t first, uint32_t limit)
{
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    Layernas__StatusReply *reply;
    uint8_t packed[64];

    query.what = what;
    query.first = first;
    query.limit = limit;
    request.protocol = STATUS_PROTOCOL;
    request.id = 77;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
    request.query = &query;
    reply = reply_to(packed, layernas__status_request__pack(&request, packed));
    check_int_equal("id", reply->id, 77);
    return reply;
}

static Layernas__StatusReply *ask(Layernas__Query__What what, uint32_t limit)
{
    return ask_from(what, 0, limit);
}

static void done_with(Layernas__StatusReply *reply)
{
    layernas__status_reply__free_unpacked(reply, NULL);
}

static void test_before_the_first_result(void **state)
{
    Layernas__StatusReply *reply = ask(LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    const Layernas__Summary *summary = reply->summary;

    (void)state;
    check_string_equal("study", summary->study, "tiny");
    check_string_equal("state", summary->state, "searching");
    check_string_equal("note", summary->note, "");
    check_string_equal("metric", summary->metric, "madds");
    check_string_equal("results", summary->results, "/var/lib/layernas/tiny/results");
    check_int_equal("target", summary->target_highest, study->search.target.highest);
    check_int_equal("layers", summary->n_layers, 2);
    check_int_equal("no pass", summary->pass, 0);
    check_true("no best", !summary->best);
    check_int_equal("workers", summary->workers, 1);
    check_int_equal("slots", summary->slots, 2);
    check_string_equal("numerics", summary->numerics[0], "haswell-1");
    check_true("no estimate", summary->eta_s < 0);
    done_with(reply);

    reply = ask(LAYERNAS__QUERY__WHAT__BEST, 0);
    check_true("no network", !reply->best->search && reply->best->n_network == 0);
    done_with(reply);
    reply = ask(LAYERNAS__QUERY__WHAT__LAYERS, 0);
    check_int_equal("no layer", reply->layers->n_layers, 0);
    done_with(reply);
}

static void test_a_search_under_way(void **state)
{
    struct progress progress = { .epoch = 1, .epochs = 2, .fraction = 0.25, .memory = 5 };
    Layernas__StatusReply *reply;
    struct search_progress search;
    struct attempt attempt;
    struct trial trial;

    (void)state;
    assert_int_equal(status_fixture_run(&fixture, 2), 2);
    assert_true(status_fixture_lease(&fixture, &trial, &attempt));
    assert_int_equal(trial_ledger_renew(fixture.coordinator.ledger, &attempt, fixture_worker_id,
                                        &progress, fixture.coordinator.loop.time, FIXTURE_LEASE_MS),
                     0);
    campaign_progress(fixture.coordinator.campaign, &search);

    reply = ask(LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    check_int_equal("done", reply->summary->done, 2);
    check_int_equal("bound", reply->summary->bound, search.bound);
    check_int_equal("running", reply->summary->running, 1);
    check_int_equal("pass", reply->summary->pass, 1);
    check_string_equal("layer", reply->summary->layer_name, "first");
    check_true("time", reply->summary->elapsed_s == 24);
    check_true("12 s each", reply->summary->trials_per_hour == 300);
    check_true("to the bound", reply->summary->eta_s == 12 * ((double)search.bound - 2));
    done_with(reply);

    reply = ask(LAYERNAS__QUERY__WHAT__TRIALS, 0);
    check_int_equal("all rows", reply->trials->n_rows, reply->trials->total);
    check_string_equal("first", reply->trials->rows[0]->state, "done");
    check_int_equal("total", reply->trials->rows[0]->total, FIXTURE_VALID);
    check_string_equal("its worker", reply->trials->rows[0]->worker, "node1:77");
    check_string_equal("third", reply->trials->rows[2]->state, "running");
    check_int_equal("no result", reply->trials->rows[2]->total, 0);
    check_string_equal("whose", reply->trials->rows[2]->worker, "node1:77");
    check_true("how far", reply->trials->rows[2]->progress->fraction == 0.25);
    check_int_equal("memory", reply->trials->rows[2]->progress->memory, 5);
    done_with(reply);

    fixture.coordinator.loop.time += 500;
    reply = ask(LAYERNAS__QUERY__WHAT__WORKERS, 0);
    check_int_equal("one", reply->workers->n_rows, 1);
    check_int_equal("runs one", reply->workers->rows[0]->n_running, 1);
    check_int_equal("that one", reply->workers->rows[0]->running[0]->number, trial.number);
    check_true("since", reply->workers->rows[0]->running[0]->running_s == 0.5);
    check_true("how far", reply->workers->rows[0]->running[0]->progress->fraction == 0.25);
    check_int_equal("did two", reply->workers->rows[0]->done, 2);
    check_true("since", reply->workers->rows[0]->connected_s == 24.5);
    done_with(reply);
}

static void check_opening(const Layernas__Layer *layer, const struct opening *opening)
{
    uint32_t contenders = 0, settled = 0, all = 0;

    for (uint32_t i = 0; i < opening->n_children; i++) {
        struct reward reward;

        if (opening->children[i].fate != FATE_TRIAL)
            continue;
        all++;
        settled += campaign_reward(fixture.coordinator.campaign, &opening->children[i].candidate,
                                   &reward);
    }
    check_int_equal("every child has a fate",
                    layer->trials + layer->known + layer->duplicates + layer->dropped +
                        layer->passed_over,
                    layer->children);
    check_int_equal("trials", layer->trials, all);
    check_int_equal("settled", layer->done, settled);
    for (size_t i = 0; i < layer->n_cells; i++)
        contenders += layer->cells[i]->contenders;
    if (layer->n_cells > 0)
        check_int_equal("every contender has a cell", contenders, layer->trials + layer->known);
}

static void check_cells(const Layernas__Layer *layer)
{
    check_true("cells", layer->n_cells > 0);
    for (size_t i = 0; i < layer->n_cells; i++) {
        const Layernas__Cell *cell = layer->cells[i];

        check_true("within keep", cell->n_kept <= layer->keep);
        check_true("kept where all are done", cell->n_kept > 0);
        for (size_t k = 0; k < cell->n_kept; k++) {
            check_true("in the bucket",
                       cell->kept[k]->cost >= cell->lowest && cell->kept[k]->cost <= cell->highest);
            check_true("has a trial", cell->kept[k]->trial > 0);
        }
        check_true("in order", i == 0 || layer->cells[i - 1]->bucket < cell->bucket);
    }
}

static void test_layers(void **state)
{
    const struct campaign *campaign = fixture.coordinator.campaign;
    Layernas__StatusReply *reply;
    size_t n;

    (void)state;
    status_fixture_run(&fixture, 1000);
    n = campaign_n_openings(campaign);
    reply = ask(LAYERNAS__QUERY__WHAT__LAYERS, 0);
    assert_true(n > 1);
    assert_int_equal(reply->layers->n_layers, n);
    for (size_t i = 0; i < n; i++) {
        check_opening(reply->layers->layers[i], campaign_opening(campaign, i));
        check_int_equal("cells of the current one only", reply->layers->layers[i]->n_cells > 0,
                        i == n - 1);
    }
    check_cells(reply->layers->layers[n - 1]);
    done_with(reply);
}

static void test_a_study_that_is_done(void **state)
{
    Layernas__StatusReply *reply;
    struct campaign_winner winner;
    int64_t madds = 0, params = 0;

    (void)state;
    status_fixture_run(&fixture, 1000);
    assert_true(campaign_winner(fixture.coordinator.campaign, &winner));
    reply = ask(LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    check_string_equal("state", reply->summary->state, "done");
    check_string_equal("why", reply->summary->note,
                       campaign_stop_reason(fixture.coordinator.campaign));
    check_int_equal("finals", reply->summary->final_done, reply->summary->final_total);
    check_int_equal("two finals", reply->summary->final_total, 2);
    check_true("no estimate", reply->summary->eta_s < 0);
    check_true("the best is in the target", reply->summary->best->in_target);
    done_with(reply);

    reply = ask(LAYERNAS__QUERY__WHAT__BEST, 0);
    check_int_equal("tested", reply->best->test_total, FIXTURE_TEST);
    check_int_equal("correct", reply->best->test_correct, winner.test.correct);
    check_true("mean", reply->best->winner_percent == winner.mean_percent);
    check_int_equal("stem, two layers, head", reply->best->n_network, 4);
    check_string_equal("stem", reply->best->network[0]->name, "stem");
    check_string_equal("layer", reply->best->network[1]->name, "first");
    check_int_equal("classes", reply->best->network[3]->channels, 10);
    for (size_t i = 0; i < reply->best->n_network; i++) {
        madds += reply->best->network[i]->madds;
        params += reply->best->network[i]->params;
    }
    check_int_equal("the parts are the whole", madds, reply->best->winner->madds);
    check_int_equal("in parameters too", params, reply->best->winner->params);
    done_with(reply);
}

static void test_pareto(void **state)
{
    Layernas__StatusReply *reply;

    (void)state;
    status_fixture_run(&fixture, 1000);
    reply = ask(LAYERNAS__QUERY__WHAT__PARETO, 0);
    assert_true(reply->pareto->n_candidates > 1);
    for (size_t i = 1; i < reply->pareto->n_candidates; i++) {
        const Layernas__Candidate *a = reply->pareto->candidates[i - 1];
        const Layernas__Candidate *b = reply->pareto->candidates[i];

        check_true("dearer", a->cost < b->cost);
        check_true("better", a->correct < b->correct);
    }
    done_with(reply);
}

static void test_limit_takes_the_newest(void **state)
{
    Layernas__StatusReply *reply;

    (void)state;
    status_fixture_run(&fixture, 1000);
    reply = ask(LAYERNAS__QUERY__WHAT__TRIALS, 2);
    check_int_equal("two", reply->trials->n_rows, 2);
    check_int_equal("of all", reply->trials->total, trial_ledger_n(fixture.coordinator.ledger));
    check_int_equal("the last", reply->trials->rows[1]->number, reply->trials->total);
    check_string_equal("which is the test", reply->trials->rows[1]->stage, "test");
    done_with(reply);
    reply = ask(LAYERNAS__QUERY__WHAT__LAYERS, 1);
    check_int_equal("one layer", reply->layers->n_layers, 1);
    check_int_equal("the last", reply->layers->layers[0]->opening, reply->layers->total - 1);
    done_with(reply);
    reply = ask(LAYERNAS__QUERY__WHAT__PARETO, 1);
    check_int_equal("one candidate", reply->pareto->n_candidates, 1);
    done_with(reply);
    reply = ask(LAYERNAS__QUERY__WHAT__TRIALS, UINT32_MAX);
    check_int_equal("no more than there are", reply->trials->n_rows, reply->trials->total);
    done_with(reply);
}

static void test_pages(void **state)
{
    size_t n, seen = 0;

    (void)state;
    status_fixture_run(&fixture, 1000);
    n = trial_ledger_n(fixture.coordinator.ledger);
    while (seen < n) {
        Layernas__StatusReply *reply = ask_from(LAYERNAS__QUERY__WHAT__TRIALS, seen + 1, 7);

        check_int_equal("as many as asked for", reply->trials->n_rows, n - seen < 7 ? n - seen : 7);
        check_int_equal("of all", reply->trials->total, n);
        for (size_t i = 0; i < reply->trials->n_rows; i++)
            check_int_equal("in order", reply->trials->rows[i]->number, ++seen);
        done_with(reply);
    }
    for (uint64_t first = n + 1; first; first = first == UINT64_MAX ? 0 : UINT64_MAX) {
        Layernas__StatusReply *reply = ask_from(LAYERNAS__QUERY__WHAT__TRIALS, first, 0);

        check_int_equal("nothing after the last", reply->trials->n_rows, 0);
        check_int_equal("of all", reply->trials->total, n);
        done_with(reply);
    }
}

static void test_trouble_is_told(void **state)
{
    uint64_t number = status_fixture_quarantine(&fixture);
    Layernas__StatusReply *reply;

    (void)state;
    fixture_disk_trouble = "study.db: disk is full";
    fixture.coordinator.counts.refused = 3;
    fixture.coordinator.counts.malformed = 4;
    reply = ask(LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    check_string_equal("state", reply->summary->state, "waiting for disk");
    check_string_equal("note", reply->summary->note, "study.db: disk is full");
    check_int_equal("quarantined", reply->summary->quarantined, 1);
    check_int_equal("failed", reply->summary->failed_attempts, LEDGER_MAX_FAILURES);
    check_int_equal("refused", reply->summary->refused, 7);
    done_with(reply);

    fixture_disk_trouble = NULL;
    fixture.coordinator.stopping = true;
    reply = ask(LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    check_string_equal("state", reply->summary->state, "stopping");
    done_with(reply);

    reply = ask(LAYERNAS__QUERY__WHAT__TRIALS, 0);
    check_string_equal("state", reply->trials->rows[number - 1]->state, "quarantined");
    check_string_equal("reason", reply->trials->rows[number - 1]->reason, "out of memory");
    check_int_equal("no result", reply->trials->rows[number - 1]->total, 0);
    done_with(reply);
}

static void test_bad_requests_get_an_error_line(void **state)
{
    static const uint8_t large[STATUS_MAX_REQUEST + 1];
    static const struct {
        const char *name, *error;
        const uint8_t *bytes;
        size_t size;
    } cases[] = {
        { "empty", "status protocol 0; this coordinator speaks 1", (const uint8_t *)"", 0 },
        { "noise", "malformed request", (const uint8_t *)"\xff\xff\xff", 3 },
        { "too large", "malformed request", large, sizeof large },
        { "another protocol", "status protocol 9; this coordinator speaks 1",
          (const uint8_t *)"\x08\x09", 2 },
        { "no body", "a request that asks for nothing", (const uint8_t *)"\x08\x01\x10\x05", 4 },
        { "an unknown question", "this coordinator does not know what was asked for",
          (const uint8_t *)"\x08\x01\x1a\x02\x08\x4d", 6 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__StatusReply *reply = reply_to(cases[i].bytes, cases[i].size);

        check_string_equal(cases[i].name, reply->error, cases[i].error);
        check_int_equal(cases[i].name, reply->body_case, LAYERNAS__STATUS_REPLY__BODY__NOT_SET);
        done_with(reply);
    }
}

static void test_summary_for_the_progress_line(void **state)
{
    Layernas__Summary *summary = snapshot_summary(&fixture.coordinator);

    (void)state;
    check_string_equal("study", summary->study, "tiny");
    layernas__summary__free_unpacked(summary, NULL);
}

/* A space of mere names has neither shapes nor counts, and its costs are the table's. */
static void test_a_table_study(void **state)
{
    Layernas__StatusReply *reply;

    end(state);
    study = study_fixture_study(table_study, "", "");
    status_fixture_init(&fixture, study, "/var/lib/layernas/tiny-table");
    status_fixture_run(&fixture, 1000);
    reply = ask(LAYERNAS__QUERY__WHAT__BEST, 0);
    check_string_equal("metric", reply->metric, "table");
    check_int_equal("two layers", reply->best->n_network, 2);
    check_string_equal("layer", reply->best->network[1]->name, "second");
    check_true("an option", reply->best->network[1]->option[0]);
    check_int_equal("no shape", reply->best->network[1]->channels, 0);
    check_true("a cost", reply->best->search->cost > 0);
    check_int_equal("no count", reply->best->search->madds, 0);
    check_true("not retrained", !reply->best->winner);
    done_with(reply);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_before_the_first_result),
        TEST(test_a_search_under_way),
        TEST(test_layers),
        TEST(test_a_study_that_is_done),
        TEST(test_pareto),
        TEST(test_limit_takes_the_newest),
        TEST(test_pages),
        TEST(test_trouble_is_told),
        TEST(test_bad_requests_get_an_error_line),
        TEST(test_summary_for_the_progress_line),
        TEST(test_a_table_study),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
