/* How long the loop stands still for one status query, at 1,000, 100,000 and 1,000,000 trials: a real
 * campaign, ledger and roster, results made up. Medians of many, the slowest, and the ratio of the
 * medians to those at 1,000. Every reply is as large as it may be. */
#include <stdlib.h>
#include <unistd.h>

#include "coordinator/status/snapshot.h"
#include "tests/bench/measure.h"
#include "tests/unit/status_fixture.h"

enum { ROUNDS = 51, WORKERS = 500, SIZES = 3, QUERIES = 8 };

static const int sizes[SIZES] = { 1000, 100000, 1000000 };

static const struct {
    const char *name;
    Layernas__Query__What what;
} queries[QUERIES] = {
    { "summary", LAYERNAS__QUERY__WHAT__SUMMARY },
    { "layers", LAYERNAS__QUERY__WHAT__LAYERS },
    { "trials", LAYERNAS__QUERY__WHAT__TRIALS },
    { "workers", LAYERNAS__QUERY__WHAT__WORKERS },
    { "pareto", LAYERNAS__QUERY__WHAT__PARETO },
    { "best", LAYERNAS__QUERY__WHAT__BEST },
    { "why", LAYERNAS__QUERY__WHAT__WHY },
    { "diagnosis", LAYERNAS__QUERY__WHAT__DIAGNOSIS },
};

static const char study_text[] =
    "name: bench\n"
    "space: %s/deploy/spaces/mobilenet-v2-1.0.yaml\n"
    "cost: {metric: madds, max: 70%%}\n"
    "search: {trials: 1000000, parallel: 500, buckets: 2000, seed: 1}\n"
    "evaluate:\n"
    "  with: train\n"
    "  data: {name: none, train: 1000, valid: 1000}\n"
    "  schedule: {epochs: 1, batch: 32, lr: 0.1}\n";

/* Of the processor: a query only computes, and other programs are not to be measured. */
static double now_ms(void)
{
    return 1e3 * measure_processor_s();
}

static struct study *load_study(void)
{
    char path[] = "/tmp/layernas-bench-XXXXXX", folder[512];
    struct errmsg err = { "" };
    struct study *study = NULL;
    FILE *file = fdopen(mkstemp(path), "w");

    if (!file || !getcwd(folder, sizeof folder))
        exit(1);
    fprintf(file, study_text, folder);
    fclose(file);
    if (study_load(path, &study, &err) < 0) {
        fprintf(stderr, "bench_snapshot: %s\n", err.text);
        exit(1);
    }
    unlink(path);
    return study;
}

static void add_workers(struct status_fixture *fixture)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct hello hello = { .version = "1", .slots = 1, .threads = 1 };
        struct route route = { .size = 5 };
        struct worker *worker;

        snprintf(hello.name, sizeof hello.name, "node%u:77", i);
        memcpy(hello.worker_id, &(uint32_t){ i * 2654435761u }, 4);
        memcpy(route.bytes, &i, sizeof i);
        assert_int_equal(worker_roster_hello(fixture->coordinator.roster, &hello, &route,
                                             fixture->coordinator.loop.time, &worker),
                         0);
    }
}

/* Every worker gets a trial, as far as the layer has any. Returns how many did. */
static int make_busy(struct status_fixture *fixture, struct trial *trials)
{
    struct coordinator *c = &fixture->coordinator;
    struct progress progress = { .epoch = 1, .epochs = 3, .fraction = 0.4 };
    struct errmsg err = { "" };
    struct attempt attempt;
    int n = 0;

    while (campaign_advance(c->campaign, WORKERS, &err) > 0)
        campaign_opening_stored(c->campaign);
    for (size_t i = 0; i < worker_roster_n(c->roster); i++) {
        const struct worker *worker = worker_roster_at(c->roster, i);

        if (trial_ledger_lease(c->ledger, worker->id, true, c->loop.time, FIXTURE_LEASE_MS,
                               &trials[n], &attempt) < 0)
            break;
        trial_ledger_renew(c->ledger, &attempt, worker->id, &progress, c->loop.time,
                           FIXTURE_LEASE_MS);
        n++;
    }
    return n;
}

static size_t ask(const struct status_fixture *fixture, Layernas__Query__What what)
{
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    struct bytes reply;
    uint8_t packed[64];
    bool watches;

    query.what = what;
    request.protocol = STATUS_PROTOCOL;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
    request.query = &query;
    assert_int_equal(snapshot_reply(&fixture->coordinator, packed,
                                    layernas__status_request__pack(&request, packed), &reply,
                                    &watches),
                     0);
    free(reply.data);
    return reply.size;
}

static void measure(const struct status_fixture *fixture, double medians[QUERIES], bool first)
{
    double times[ROUNDS], ratio;

    for (int q = 0; q < QUERIES; q++) {
        double median;
        size_t size = 0;

        for (int r = 0; r < ROUNDS; r++) {
            double start = now_ms();

            size = ask(fixture, queries[q].what);
            times[r] = now_ms() - start;
        }
        median = measure_median(times, ROUNDS);
        if (first)
            medians[q] = median;
        ratio = median / medians[q];
        printf("  %-9s %8.3f ms, slowest %8.3f ms, %8zu bytes; ratio to 1,000 trials %.2f\n",
               queries[q].name, median, times[ROUNDS - 1], size, ratio);
    }
}

int main(void)
{
    struct study *study = load_study();
    struct status_fixture *fixture = malloc(sizeof *fixture);
    double medians[QUERIES];
    static struct trial busy[WORKERS + 1];
    int done = 0;

    status_fixture_init(fixture, study, "/nowhere");
    add_workers(fixture);
    for (int s = 0; s < SIZES; s++) {
        double start = now_ms();
        int more = sizes[s] - done, n_busy;

        done += status_fixture_run(fixture, more);
        printf("%d trials, %zu layers opened (%.1f us for each trial)\n", done,
               campaign_n_openings(fixture->coordinator.campaign), 1e3 * (now_ms() - start) / more);
        n_busy = make_busy(fixture, busy);
        measure(fixture, medians, s == 0);
        for (int i = 0; i < n_busy; i++)
            status_fixture_settle(fixture, &busy[i]);
        done += n_busy;
    }
    status_fixture_clear(fixture);
    free(fixture);
    study_free(study);
    return 0;
}
