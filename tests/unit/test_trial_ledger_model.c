/* The ledger against a plain model of it: lists, scanned. Random operations, every return value and
 * every visible field compared after each. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/unit/ledger_fixture.h"

enum { TRIALS = 24, WORKERS = 5, KEPT = 4096, STEPS = 2500, START = 5, SHORT_LEASE = 60 };
enum { REMEMBERED = 8 }; /* failures of a trial whose repeats are recognised */

enum model_attempt_state { RUNNING, LOST, FAILED, FORGOTTEN };

struct model_attempt {
    struct attempt name;
    int trial, worker;
    enum model_attempt_state state;
    uint64_t begin_ms, due_ms, order; /* order of renewal */
    double fraction;
    bool second;
    uint32_t failure; /* which of its trial's failures it was */
};

struct model_trial {
    enum trial_state state;
    bool added, quarantined;
    uint32_t failures, losses, failed_on; /* bits of workers */
};

struct model {
    struct trial_ledger *ledger;
    struct rng rng;
    uint64_t now_ms, counter, n_renewals, n_doubled;
    int n_added, n_attempts, n_took;
    double took[TRIALS];               /* seconds of the results */
    struct model_trial trials[TRIALS]; /* by index; number is index + 1 */
    struct model_attempt attempts[KEPT];
};

static uint8_t workers[WORKERS][16] = { "a", "b", "c", "d", "e" };

static bool is_open(const struct model_trial *trial)
{
    return trial->state == TRIAL_READY || trial->state == TRIAL_LEASED;
}

static bool runs(const struct model *m, const struct model_attempt *a)
{
    return a->state == RUNNING && m->trials[a->trial].state == TRIAL_LEASED;
}

static int n_in_state(const struct model *m, int trial, enum model_attempt_state state)
{
    int n = 0;

    for (int i = 0; i < m->n_attempts; i++)
        n += m->attempts[i].trial == trial && m->attempts[i].state == state;
    return n;
}

static void renew_in_model(struct model *m, struct model_attempt *a)
{
    a->state = RUNNING;
    a->due_ms = m->now_ms + SHORT_LEASE;
    a->order = m->n_renewals++;
    m->trials[a->trial].state = TRIAL_LEASED;
}

static void begin_in_model(struct model *m, int trial, int worker, struct attempt name)
{
    struct model_attempt *a = &m->attempts[m->n_attempts];
    bool second = n_in_state(m, trial, RUNNING) > 0;
    int n = 0;

    for (int i = m->n_attempts++; i-- > 0;)
        if (m->attempts[i].trial == trial && m->attempts[i].state == LOST && ++n > 4)
            m->attempts[i].state = FORGOTTEN;
    *a = (struct model_attempt){
        .name = name, .trial = trial, .worker = worker, .begin_ms = m->now_ms, .second = second
    };
    renew_in_model(m, a);
}

static void release_in_model(struct model *m, int trial)
{
    if (m->trials[trial].state == TRIAL_LEASED && n_in_state(m, trial, RUNNING) == 0)
        m->trials[trial].state = TRIAL_READY;
}

static void lose_in_model(struct model *m, struct model_attempt *a)
{
    a->state = LOST;
    m->trials[a->trial].losses++;
    release_in_model(m, a->trial);
}

/* ---- operations ---- */

static void add(struct model *m)
{
    struct trial trial = trial_of((uint64_t)m->n_added + 1, 3);

    if (m->n_added == TRIALS)
        return;
    assert_int_equal(trial_ledger_add(m->ledger, &trial), 0);
    assert_int_equal(trial_ledger_add(m->ledger, &trial), -EEXIST);
    m->trials[m->n_added++].added = true;
}

static void lease_one(struct model *m)
{
    int worker = (int)rng_below(&m->rng, WORKERS), want = 0;
    bool alone = rng_below(&m->rng, 4) == 0;
    struct attempt name = { 0 };
    struct trial trial;
    int rc = trial_ledger_lease(m->ledger, workers[worker], alone, m->now_ms, SHORT_LEASE, &trial,
                                &name);

    for (; want < m->n_added; want++) {
        const struct model_trial *t = &m->trials[want];
        bool avoid = t->failed_on == 1u << worker;

        if (t->state == TRIAL_READY && (alone || !avoid))
            break;
    }
    assert_int_equal(rc, want == m->n_added ? -EAGAIN : 0);
    if (rc < 0)
        return;
    assert_int_equal(trial.number, want + 1);
    assert_int_equal(name.start, START);
    assert_int_equal(name.counter, ++m->counter);
    begin_in_model(m, want, worker, name);
}

/* Any attempt there ever was, or (NULL) one that never was. */
static struct model_attempt *any_attempt(struct model *m, struct attempt *name_out)
{
    size_t i = rng_below(&m->rng, (uint64_t)m->n_attempts + 1);

    if (i < (size_t)m->n_attempts && i + 40 < (size_t)m->n_attempts)
        i = (size_t)m->n_attempts - 1 - rng_below(&m->rng, 40); /* a recent one, mostly */
    if (i == (size_t)m->n_attempts) {
        *name_out = (struct attempt){ START, 1u << 30 };
        return NULL;
    }
    *name_out = m->attempts[i].name;
    return &m->attempts[i];
}

static void renew_one(struct model *m)
{
    struct attempt name;
    struct model_attempt *a = any_attempt(m, &name);
    struct progress progress = { .epoch = 1,
                                 .fraction = rng_below(&m->rng, 2) ? rng_double(&m->rng) : 0 };
    int holder = a ? a->worker : 0;
    int worker = rng_below(&m->rng, 4) ? holder : (int)rng_below(&m->rng, WORKERS);
    bool needed = a && worker == holder &&
                  (runs(m, a) || (a->state == LOST && m->trials[a->trial].state == TRIAL_READY));

    assert_int_equal(
        trial_ledger_renew(m->ledger, &name, workers[worker], &progress, m->now_ms, SHORT_LEASE),
        needed ? 0 : -ENOENT);
    if (!needed)
        return;
    renew_in_model(m, a);
    a->fraction = progress.fraction;
}

static void lose_one(struct model *m)
{
    struct attempt name;
    struct model_attempt *a = any_attempt(m, &name);
    bool running = a && runs(m, a);

    assert_int_equal(trial_ledger_lose(m->ledger, &name), running ? 0 : -ENOENT);
    if (running)
        lose_in_model(m, a);
}

static void lose_worker(struct model *m)
{
    int worker = (int)rng_below(&m->rng, WORKERS);
    struct attempt held[3];
    size_t want = 0;

    for (int h = 0; h < 3; h++)
        any_attempt(m, &held[h]);
    for (int i = 0; i < m->n_attempts; i++) {
        struct model_attempt *a = &m->attempts[i];
        bool is_held = false;

        for (int h = 0; h < 3; h++)
            is_held |= memcmp(&held[h], &a->name, sizeof a->name) == 0;
        if (!runs(m, a) || a->worker != worker || is_held)
            continue;
        lose_in_model(m, a);
        want++;
    }
    assert_int_equal(trial_ledger_lose_worker(m->ledger, workers[worker], held, 3), want);
}

struct losses {
    int n;
    struct attempt names[64];
};

static void note_lost(void *arg, const struct trial *trial, const struct attempt *attempt,
                      const uint8_t worker_id[16])
{
    struct losses *losses = arg;

    (void)trial, (void)worker_id;
    losses->names[losses->n++] = *attempt;
}

static struct model_attempt *next_due(struct model *m)
{
    struct model_attempt *first = NULL;

    for (int i = 0; i < m->n_attempts; i++) {
        struct model_attempt *a = &m->attempts[i];

        if (runs(m, a) && (!first || a->due_ms < first->due_ms ||
                           (a->due_ms == first->due_ms && a->order < first->order)))
            first = a;
    }
    return first;
}

static void expire(struct model *m)
{
    struct losses losses = { 0 };
    struct model_attempt *a;
    uint64_t next;
    int n = 0;

    m->now_ms += rng_below(&m->rng, 20);
    next = trial_ledger_expire(m->ledger, m->now_ms, note_lost, &losses);
    for (; (a = next_due(m)) && a->due_ms <= m->now_ms; n++) {
        assert_memory_equal(&losses.names[n], &a->name, sizeof a->name);
        lose_in_model(m, a);
    }
    assert_int_equal(losses.n, n);
    assert_int_equal(next, a ? a->due_ms : UINT64_MAX);
}

static void receive_one(struct model *m)
{
    int i = (int)rng_below(&m->rng, TRIALS);
    int want = !m->trials[i].added ? -ENOENT : is_open(&m->trials[i]) ? 0 : -EALREADY;
    struct trial_result result = result_of((uint64_t)i + 1);

    result.seconds = (double)rng_below(&m->rng, 40) / 1000;
    assert_int_equal(trial_ledger_receive(m->ledger, &result), want);
    if (want != 0)
        return;
    m->trials[i].state = TRIAL_SAVING;
    m->took[m->n_took++] = result.seconds;
}

/* ---- doubles ---- */

static double median_took(const struct model *m)
{
    for (int i = 0; i < m->n_took; i++) {
        int below = 0, equal = 0;

        for (int k = 0; k < m->n_took; k++) {
            below += m->took[k] < m->took[i];
            equal += m->took[k] == m->took[i];
        }
        if (below <= m->n_took / 2 && m->n_took / 2 < below + equal)
            return m->took[i];
    }
    return INFINITY;
}

static bool is_straggler(const struct model *m, const struct model_attempt *a, uint64_t patience_ms)
{
    double ran = (double)(m->now_ms - a->begin_ms) / 1000, median = median_took(m);

    if (!runs(m, a) || n_in_state(m, a->trial, RUNNING) > 1 || m->trials[a->trial].failures > 0)
        return false;
    if (m->now_ms - a->begin_ms < patience_ms || ran <= median)
        return false;
    return a->fraction == 0 || ran * (1 - a->fraction) > a->fraction * median;
}

static void double_one(struct model *m)
{
    int worker = (int)rng_below(&m->rng, WORKERS), n = 0;
    uint64_t patience_ms = rng_below(&m->rng, 20);
    const struct model_attempt *best = NULL;
    struct attempt name = { 0 };
    struct trial trial;
    int rc = trial_ledger_double(m->ledger, workers[worker], m->now_ms, SHORT_LEASE, patience_ms,
                                 &trial, &name);

    for (int i = 0; i < m->n_attempts; i++) {
        const struct model_attempt *a = &m->attempts[i];

        if (!is_straggler(m, a, patience_ms))
            continue;
        n++;
        if (a->worker != worker && (!best || a->begin_ms < best->begin_ms ||
                                    (a->begin_ms == best->begin_ms && a->trial < best->trial)))
            best = a;
    }
    assert_int_equal(rc, best ? 0 : n > 0 ? -EAGAIN : -ENOENT);
    if (!best)
        return;
    assert_int_equal(trial.number, best->trial + 1);
    assert_int_equal(name.start, START);
    assert_int_equal(name.counter, ++m->counter);
    m->n_doubled++;
    begin_in_model(m, best->trial, worker, name);
}

static void fail_one(struct model *m)
{
    struct attempt name;
    struct model_attempt *a = any_attempt(m, &name);
    bool several = rng_below(&m->rng, 2), repeated;
    struct model_trial *t;
    int want;

    if (!a)
        return;
    t = &m->trials[a->trial];
    repeated = a->state == FAILED && t->failures - a->failure <= REMEMBERED;
    want = !is_open(t) || repeated ? -EALREADY : 0;
    if (want == 0) {
        a->state = FAILED;
        a->failure = t->failures++;
        t->failed_on |= 1u << a->worker;
        if (n_in_state(m, a->trial, RUNNING) == 0) {
            bool enough = !several || (t->failed_on & (t->failed_on - 1));

            want = t->failures >= 3 && enough;
            t->quarantined = want;
            t->state = want ? TRIAL_SAVING : TRIAL_READY;
        }
    }
    assert_int_equal(
        report_failure(m->ledger, (uint64_t)a->trial + 1, &name, workers[a->worker], several),
        want);
}

static void adopt_one(struct model *m)
{
    int i = (int)rng_below(&m->rng, TRIALS), worker = (int)rng_below(&m->rng, WORKERS);
    struct attempt name = { START - 1, (uint64_t)m->n_attempts };
    struct digest key = key_of((uint64_t)i + 1);
    const struct model_trial *t = &m->trials[i];
    int want = !t->added                                         ? -ENOENT
               : !is_open(t)                                     ? -EALREADY
               : n_in_state(m, i, RUNNING) < LEDGER_MAX_ATTEMPTS ? 0
                                                                 : -ENOSPC;

    assert_int_equal(
        trial_ledger_adopt_attempt(m->ledger, &key, &name, workers[worker], m->now_ms, SHORT_LEASE),
        want);
    if (want == 0)
        begin_in_model(m, i, worker, name);
}

static void settle_one(struct model *m)
{
    int i = (int)rng_below(&m->rng, TRIALS);
    struct model_trial *t = &m->trials[i];
    bool saving = t->added && t->state == TRIAL_SAVING;

    assert_int_equal(settle(m->ledger, (uint64_t)i + 1), saving ? 0 : t->added ? -EINVAL : -ENOENT);
    if (!saving)
        return;
    t->state = t->quarantined ? TRIAL_QUARANTINED : TRIAL_DONE;
    for (int k = 0; k < m->n_attempts; k++)
        if (m->attempts[k].trial == i && m->attempts[k].state != FAILED)
            m->attempts[k].state = FORGOTTEN;
}

/* ---- comparing ---- */

static void compare_running(const struct model *m, int worker)
{
    struct running_attempt running[KEPT];
    size_t n = trial_ledger_running_on(m->ledger, workers[worker], running, KEPT), want = 0;
    int64_t sum = 0, want_sum = 0;
    int n_second = 0, want_second = 0;

    for (int i = 0; i < m->n_attempts; i++)
        if (runs(m, &m->attempts[i]) && m->attempts[i].worker == worker) {
            want++;
            want_second += m->attempts[i].second;
            want_sum += (m->attempts[i].trial + 1) * (m->attempts[i].trial + 1);
        }
    assert_int_equal(n, want);
    for (size_t i = 0; i < n; i++) {
        sum += (int64_t)((running[i].i + 1) * (running[i].i + 1));
        n_second += running[i].second;
    }
    assert_int_equal(sum, want_sum);
    assert_int_equal(n_second, want_second);
    assert_int_equal(trial_ledger_running_on(m->ledger, workers[worker], NULL, 0), want);
}

static void compare_runners(const struct model *m, int trial)
{
    struct digest key = key_of((uint64_t)trial + 1);
    struct trial_runner runners[LEDGER_MAX_ATTEMPTS];
    size_t n = trial_ledger_runners(m->ledger, &key, runners);

    assert_int_equal(n, n_in_state(m, trial, RUNNING));
    for (int i = 0; i < m->n_attempts; i++) {
        const struct model_attempt *a = &m->attempts[i];
        size_t r = 0;

        if (a->trial != trial || a->state != RUNNING)
            continue;
        while (r < n && memcmp(&runners[r].attempt, &a->name, sizeof a->name) != 0)
            r++;
        assert_true(r < n);
        assert_memory_equal(runners[r].worker_id, workers[a->worker], 16);
    }
}

static void compare(const struct model *m)
{
    struct ledger_counts counts = trial_ledger_counts(m->ledger),
                         want = { .doubled = m->n_doubled };

    assert_int_equal(trial_ledger_n(m->ledger), m->n_added);
    for (int i = 0; i < m->n_attempts; i++)
        want.attempts_running += runs(m, &m->attempts[i]);
    for (int i = 0; i < m->n_added; i++) {
        const struct model_trial *t = &m->trials[i];
        struct ledger_entry entry;

        trial_ledger_entry(m->ledger, (size_t)i, &entry);
        assert_int_equal(entry.trial.number, i + 1);
        assert_int_equal(entry.state, t->state);
        assert_int_equal(entry.quarantined, t->quarantined);
        assert_int_equal(entry.failures, t->failures);
        assert_int_equal(entry.losses, t->losses);
        assert_int_equal(entry.n_attempts, n_in_state(m, i, RUNNING));
        compare_runners(m, i);
        want.by_state[t->state]++;
        want.failures += t->failures;
        want.losses += t->losses;
    }
    assert_memory_equal(&counts, &want, sizeof want);
    for (int worker = 0; worker < WORKERS; worker++)
        compare_running(m, worker);
}

static uint64_t n_doubled; /* over all schedules */

static void run_schedule(uint64_t seed)
{
    static void (*const operations[])(struct model *) = {
        add,       lease_one,   lease_one, lease_one,  renew_one,   renew_one,
        renew_one, lose_one,    fail_one,  fail_one,   lose_worker, expire,
        expire,    receive_one, adopt_one, settle_one, double_one,  double_one,
    };
    struct model *m = calloc(1, sizeof *m);

    m->ledger = trial_ledger_new(START);
    rng_init(&m->rng, seed, 0);
    for (int step = 0; step < STEPS && m->n_attempts < KEPT - 1; step++) {
        operations[rng_below(&m->rng, sizeof operations / sizeof *operations)](m);
        compare(m);
    }
    n_doubled += m->n_doubled;
    trial_ledger_free(m->ledger);
    free(m);
}

static void test_random_schedules_against_a_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        run_schedule(seed);
    assert_true(n_doubled > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_schedules_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
