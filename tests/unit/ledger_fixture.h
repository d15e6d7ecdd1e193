/* ledger_fixture - trials, results and workers for tests of the ledger; calls on it, shortened. */
#ifndef LAYERNAS_TESTS_LEDGER_FIXTURE_H
#define LAYERNAS_TESTS_LEDGER_FIXTURE_H

#include <stdio.h>

#include "coordinator/ledger/trial_ledger.h"
#include "tests/unit/check.h"

enum { LEASE = 20000 };

static const uint8_t alice[16] = "alice", bob[16] = "bob", carol[16] = "carol";
static inline struct trial trial_of(uint64_t number, uint32_t n_layers)
{
    struct trial trial = { .number = number, .arch.n = (uint16_t)n_layers, .cost = 1000 };

    memcpy(trial.key.bytes, &number, sizeof number);
    trial.seed = number * 77;
    trial.costs = (struct costs){ .madds = 1000, .params = 50, .activations = 9 };
    for (uint32_t l = 0; l < n_layers; l++)
        trial.arch.option[l] = (uint16_t)((number + l) % ARCH_MAX_OPTIONS);
    return trial;
}

static inline struct digest key_of(uint64_t number)
{
    return trial_of(number, 1).key;
}

static inline struct trial_result result_of(uint64_t number)
{
    struct trial trial = trial_of(number, 3);
    struct trial_result result = {
        .key = trial.key,
        .arch = trial.arch,
        .madds = 1000,
        .params = 50,
        .reward = { .correct = 7, .total = 10 },
        .loss = 0.25,
        .seconds = 12.5,
        .diverged = number % 2,
    };

    snprintf(result.numerics, sizeof result.numerics, "haswell-1");
    snprintf(result.worker, sizeof result.worker, "node%d:7", (int)(number % 3));
    return result;
}

/* A ledger of start 5 with trials 1 .. n. */
static inline struct trial_ledger *ledger_of(uint64_t n)
{
    struct trial_ledger *ledger = trial_ledger_new(5);

    for (uint64_t number = 1; number <= n; number++) {
        struct trial trial = trial_of(number, 3);

        assert_int_equal(trial_ledger_add(ledger, &trial), 0);
    }
    return ledger;
}

/* The number of the trial leased to worker, or the error. */
static inline int lease(struct trial_ledger *ledger, const uint8_t worker[16], bool alone,
                        uint64_t now_ms, struct attempt *attempt_out)
{
    struct trial trial;
    int rc = trial_ledger_lease(ledger, worker, alone, now_ms, LEASE, &trial, attempt_out);

    return rc < 0 ? rc : (int)trial.number;
}

static inline int report_failure(struct trial_ledger *ledger, uint64_t number,
                                 const struct attempt *attempt, const uint8_t worker[16],
                                 bool several)
{
    struct digest key = key_of(number);

    return trial_ledger_fail(ledger, &key, attempt, worker, "out of memory", several);
}

static inline int receive(struct trial_ledger *ledger, uint64_t number)
{
    struct trial_result result = result_of(number);

    return trial_ledger_receive(ledger, &result);
}

static inline int settle(struct trial_ledger *ledger, uint64_t number)
{
    struct digest key = key_of(number);

    return trial_ledger_settle(ledger, &key);
}

static inline int renew(struct trial_ledger *ledger, struct attempt attempt,
                        const uint8_t worker[16], uint64_t now_ms)
{
    struct progress nothing_yet = { 0 };

    return trial_ledger_renew(ledger, &attempt, worker, &nothing_yet, now_ms, LEASE);
}

static inline struct ledger_entry entry_of(const struct trial_ledger *ledger, uint64_t number)
{
    struct digest key = key_of(number);
    struct ledger_entry entry;
    size_t i;

    assert_int_equal(trial_ledger_find(ledger, &key, &i), 0);
    trial_ledger_entry(ledger, i, &entry);
    return entry;
}

#endif
