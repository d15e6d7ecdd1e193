#include "worker/slot_main.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <uv.h>

#include "worker/evaluate/evaluator.h"
#include "worker/frame.h"

enum {
    TRIALS = 0, /* descriptors */
    REPORTS = 3,
};

static const uint64_t report_every_ns = 200000000;

struct slot_run {
    const struct worker_options *options;
    uint64_t reported_ns;
};

static int report(const struct slot_report *message)
{
    struct bytes bytes;
    int rc = slot_report_pack(message, &bytes);

    if (rc < 0)
        return rc;
    rc = frame_write(REPORTS, &bytes);
    free(bytes.data);
    return rc;
}

static bool on_progress(void *arg, const struct progress *progress)
{
    struct slot_run *run = arg;
    struct slot_report message = { .kind = SLOT_PROGRESS, .progress = *progress };
    uint64_t now_ns = uv_hrtime();

    if (now_ns - run->reported_ns < report_every_ns)
        return true;
    run->reported_ns = now_ns;
    return report(&message) == 0; /* nobody listens any more: give up */
}

static const char *find_data(void *arg, const char *name)
{
    const struct slot_run *run = arg;

    return options_data_path(run->options, name);
}

static int check_weights(struct evaluation_result *found, struct errmsg *err)
{
    size_t size = found->weights.size;

    if (size <= WIRE_MAX_WEIGHTS)
        return 0;
    free(found->weights.data);
    return errmsg_set(err, -EMSGSIZE, "%zu bytes of weights; at most %d fit a message", size,
                      WIRE_MAX_WEIGHTS);
}

static void take_over(struct evaluation_result *from, struct result_message *to)
{
    to->result.outcome = OUTCOME_OK;
    to->result.reward = from->reward;
    to->result.loss = from->loss;
    to->result.seconds = from->seconds;
    to->result.diverged = from->diverged;
    to->result.madds = from->madds;
    to->result.params = from->params;
    memcpy(to->result.numerics, from->numerics, sizeof to->result.numerics);
    to->weights = from->weights;
}

/* Returns what its report came to, not the trial. */
static int run_trial(struct slot_run *run, const struct trial_message *trial)
{
    const struct evaluator_context context = {
        .progress = on_progress,
        .data_path = find_data,
        .arg = run,
        .threads = run->options->threads,
    };
    struct slot_report message = {
        .kind = SLOT_RESULT,
        .result = result_message_about(&trial->study_id, &trial->attempt, &trial->trial),
    };
    const struct slot_report begun = { .kind = SLOT_PROGRESS };
    struct evaluation_result found = { 0 };
    struct errmsg err = { "" };
    int rc = report(&begun);

    if (rc < 0)
        return rc;
    rc = evaluate(trial, &context, &found, &err);
    if (rc == 0)
        rc = check_weights(&found, &err);
    if (rc < 0) {
        message.result.result.outcome = OUTCOME_FAILED;
        wire_printable(message.result.result.reason, sizeof message.result.result.reason,
                       err.text[0] ? err.text : strerror(-rc));
    } else {
        take_over(&found, &message.result);
    }
    fflush(stdout); /* on its way before the report: the session reads what is there by then */
    rc = report(&message);
    slot_report_clear(&message);
    return rc;
}

/* The session checked the same bytes: what does not unpack here is a fault of the two of them. */
static int take_trial(struct slot_run *run, const struct bytes *bytes)
{
    struct to_worker message;
    struct errmsg err;
    int rc = to_worker_unpack(bytes->data, bytes->size, &message, &err);

    if (rc == 0 && message.kind != TO_TRIAL)
        rc = errmsg_set(&err, -EPROTO, "a message that is no trial");
    if (rc < 0) {
        fprintf(stderr, "standard input: %s\n", err.text);
        return rc;
    }
    rc = run_trial(run, &message.trial);
    to_worker_clear(&message);
    return rc;
}

static void limit_process(const struct worker_options *options)
{
    const struct rlimit no_core = { 0, 0 };
    const struct rlimit memory = { (rlim_t)options->memory_mb << 20,
                                   (rlim_t)options->memory_mb << 20 };

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* of a session that died before this, the input has ended */
    /* A terminal, a batch system, a service manager send these to all; the session decides. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    setrlimit(RLIMIT_CORE, &no_core);
    if (options->memory_mb)
        setrlimit(RLIMIT_AS, &memory);
}

int slot_main(const struct worker_options *options)
{
    struct slot_run run = { .options = options };
    struct bytes bytes;
    int rc;

    limit_process(options);
    while ((rc = frame_read(TRIALS, &bytes)) == 0) {
        rc = take_trial(&run, &bytes);
        free(bytes.data);
        if (rc < 0)
            break;
    }
    return rc == -EPIPE ? 0 : EXIT_FAILED;
}
