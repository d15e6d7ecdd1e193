/* show_fixture - answers as a coordinator would give them, and what is shown of them. */
#ifndef LAYERNAS_TESTS_SHOW_FIXTURE_H
#define LAYERNAS_TESTS_SHOW_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "coordinator/status/show/show.h"
#include "coordinator/status/snapshot.h"
#include "tests/unit/check.h"

static inline Layernas__Candidate candidate_of(char *arch, int64_t cost, uint32_t correct)
{
    Layernas__Candidate candidate = LAYERNAS__CANDIDATE__INIT;

    candidate.trial = 34;
    candidate.arch = arch;
    candidate.cost = candidate.madds = cost;
    candidate.params = 42178;
    candidate.correct = correct;
    candidate.total = 4000;
    candidate.in_target = true;
    return candidate;
}

static inline Layernas__Summary summary_of(Layernas__Candidate *best)
{
    Layernas__Summary summary = LAYERNAS__SUMMARY__INIT;

    summary.study = "fashion-mobile";
    summary.state = "searching";
    summary.metric = "madds";
    summary.target_highest = 1000000;
    summary.pass = 1;
    summary.layer = 2;
    summary.n_layers = 7;
    summary.layer_name = "reduce1";
    summary.layer_trials = 60;
    summary.layer_done = 24;
    summary.done = 1234;
    summary.cap = summary.bound = 2000;
    summary.workers = 2;
    summary.slots = 4;
    summary.running = 4;
    summary.elapsed_s = 3900;
    summary.eta_s = 754;
    summary.trials_per_hour = 300;
    summary.results = "./layernas-state/fashion-mobile/results";
    summary.best = best;
    return summary;
}

static inline Layernas__TrialRow row_of(uint64_t number, char *state, char *worker, char *arch)
{
    Layernas__TrialRow row = LAYERNAS__TRIAL_ROW__INIT;

    row.number = number;
    row.stage = "search";
    row.state = state;
    row.worker = worker;
    row.arch = arch;
    row.cost = row.madds = 973120;
    return row;
}

static inline Layernas__StatusReply reply_of(Layernas__StatusReply__BodyCase body, void *message)
{
    Layernas__StatusReply reply = LAYERNAS__STATUS_REPLY__INIT;

    reply.protocol = STATUS_PROTOCOL;
    reply.id = 1;
    reply.study = "fashion-mobile";
    reply.metric = "madds";
    reply.body_case = body;
    reply.summary = message; /* a union of pointers */
    return reply;
}

/* What people see of it, until the next call. */
static inline const char *shown(const Layernas__StatusReply *reply)
{
    static char text[1 << 16];
    FILE *out = fmemopen(text, sizeof text, "w");

    assert_int_equal(show_reply(out, reply), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static inline void check_width(const char *name, const char *text, size_t columns)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > columns)
            fail_msg("%s: wider than %zu columns: %.*s", name, columns, (int)strcspn(line, "\n"),
                     line);
}

/* The lines wanted must each be there, whole; nothing is wider than a terminal. */
static inline void check_shown(const char *name, const Layernas__StatusReply *reply,
                               const char *const *wanted)
{
    const char *text = shown(reply);

    check_width(name, text, 80);
    for (; *wanted; wanted++) {
        const char *found = strstr(text, *wanted);
        size_t length = strlen(*wanted);

        if (!found || (found != text && found[-1] != '\n') || found[length] != '\n')
            fail_msg("%s: no line \"%s\" in\n%s", name, *wanted, text);
    }
}

#endif
