/* A slot, and processes that behave in ways that ours should not. A slot's process is the test program
 * itself, started again as `PROGRAM --slot BEHAVIOUR`. */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/wire_messages.h"
#include "worker/frame.h"
#include "worker/slot.h"

enum { PATIENCE_MS = 30000, REPORTS = 3, MUCH = 3 * WIRE_MAX_OUTPUT };

/* ---- the processes ---- */

static struct trial_message next_trial(void)
{
    struct to_worker message;
    struct bytes bytes;
    struct errmsg err;

    if (frame_read(STDIN_FILENO, &bytes) < 0)
        _exit(0);
    if (to_worker_unpack(bytes.data, bytes.size, &message, &err) < 0)
        _exit(99);
    free(bytes.data);
    return message.trial;
}

static struct bytes pack_result(const struct trial_message *trial, uint64_t attempt_offset)
{
    struct slot_report report = {
        .kind = SLOT_RESULT,
        .result = {
            .study_id = trial->study_id,
            .attempt = { trial->attempt.start, trial->attempt.counter + attempt_offset },
            .result = {
                .key = trial->trial.key,
                .stage = trial->trial.stage,
                .replica = trial->trial.replica,
                .arch = trial->trial.arch,
                .outcome = OUTCOME_OK,
                .reward = { (uint32_t)trial->trial.number, 100 },
            },
        },
    };
    struct bytes bytes;

    if (slot_report_pack(&report, &bytes) < 0)
        _exit(98);
    return bytes;
}

static void report_result(const struct trial_message *trial, uint64_t attempt_offset)
{
    struct bytes bytes = pack_result(trial, attempt_offset);

    frame_write(REPORTS, &bytes);
    free(bytes.data);
}

static void report_progress(double fraction)
{
    struct slot_report report = { .kind = SLOT_PROGRESS, .progress = { .fraction = fraction } };
    struct bytes bytes;

    if (slot_report_pack(&report, &bytes) < 0)
        _exit(97);
    frame_write(REPORTS, &bytes);
    free(bytes.data);
}

static void be_good(const struct trial_message *trial)
{
    printf("number %u\n", (unsigned)trial->trial.number);
    fflush(stdout);
    report_result(trial, 0);
}

static void be_slow(const struct trial_message *trial)
{
    struct bytes bytes = pack_result(trial, 0);
    uint8_t header[FRAME_HEADER];

    frame_put_header(header, bytes.size);
    for (size_t i = 0; i < sizeof header; i++)
        write(REPORTS, header + i, 1);
    for (size_t i = 0; i < bytes.size; i++)
        write(REPORTS, bytes.data + i, 1);
    free(bytes.data);
}

static void be_chatty(const struct trial_message *trial)
{
    char *text = malloc(MUCH);

    memset(text, 'x', MUCH);
    memcpy(text + MUCH - 4, "end\n", 4);
    for (ssize_t n, at = 0; at < MUCH; at += n)
        n = write(at % 2 ? STDERR_FILENO : STDOUT_FILENO, text + at, (size_t)(MUCH - at));
    free(text);
    report_result(trial, 0);
}

static void be_hanging(const struct trial_message *trial)
{
    (void)trial;
    report_progress(0.25);
    for (;;)
        pause();
}

static void be_babbling(const struct trial_message *trial)
{
    (void)trial;
    frame_write(REPORTS, &(struct bytes){ (uint8_t *)"\xff\xff\xff", 3 });
    pause();
}

static void be_boastful(const struct trial_message *trial)
{
    (void)trial;
    write(REPORTS, "\xff\xff\xff\xff", 4); /* a frame of 4 GiB */
    pause();
}

static void be_astray(const struct trial_message *trial)
{
    report_result(trial, 1);
    pause();
}

/* At once, so that both are read before the next trial starts. */
static void be_repeating(const struct trial_message *trial)
{
    struct bytes bytes = pack_result(trial, 0);
    size_t size = FRAME_HEADER + bytes.size;
    uint8_t *frames = malloc(2 * size);

    frame_put_header(frames, bytes.size);
    memcpy(frames + FRAME_HEADER, bytes.data, bytes.size);
    memcpy(frames + size, frames, size);
    write(REPORTS, frames, 2 * size);
    free(frames);
    free(bytes.data);
}

static void be_finished(const struct trial_message *trial)
{
    report_result(trial, 0);
    _exit(0);
}

static void be_leaving(const struct trial_message *trial)
{
    (void)trial;
    printf("farewell\n");
    fflush(stdout);
    _exit(3);
}

static void be_crashing(const struct trial_message *trial)
{
    (void)trial;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would report and exit */
    raise(SIGSEGV);
}

static void be_torn(const struct trial_message *trial)
{
    struct bytes bytes = pack_result(trial, 0);
    uint8_t header[FRAME_HEADER];

    frame_put_header(header, bytes.size);
    write(REPORTS, header, sizeof header);
    write(REPORTS, bytes.data, bytes.size / 2);
    _exit(4);
}

/* An empty reason: the attempt succeeds. */
static const struct behaviour {
    const char *name;
    void (*be)(const struct trial_message *trial);
    const char *reason, *output;
} behaviours[] = {
    { "good", be_good, "", "number 7\n" },
    { "slow", be_slow, "", "" },
    { "repeating", be_repeating, "", "" },
    { "babbling", be_babbling, "its process reported nonsense: ", "" },
    { "boastful", be_boastful, "its process reported nonsense: a frame longer than any message",
      "" },
    { "astray", be_astray, "its process reported nonsense: a report about no trial of its own",
      "" },
    { "leaving", be_leaving, "exited with status 3", "farewell\n" },
    { "torn", be_torn, "exited with status 4", "" },
    { "crashing", be_crashing, "killed by signal 11 (Segmentation fault)", "" },
    { "chatty", be_chatty, "", NULL },
    { "finished", be_finished, NULL, NULL },
    { "hanging", be_hanging, NULL, NULL },
};

static int be(const char *name)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        while (strcmp(behaviours[i].name, name) == 0) {
            struct trial_message trial = next_trial();

            behaviours[i].be(&trial);
        }
    return 96;
}

/* ---- the slot ---- */

struct fixture {
    uv_loop_t loop;
    uv_timer_t patience;
    char *arguments[4];
    struct slot_settings settings;
    struct slot *slot;
    uint64_t n_started;
    int n_done, n_cancelled;
    struct result_message last;
};

static void clear_last(struct fixture *f)
{
    free(f->last.output.data);
    free(f->last.weights.data);
    f->last = (struct result_message){ 0 };
}

static void on_done(void *arg, struct slot *slot, struct result_message *result)
{
    struct fixture *f = arg;

    assert_ptr_equal(slot, f->slot);
    assert_true(slot_is_free(slot));
    clear_last(f);
    f->n_done++;
    if (result)
        f->last = *result;
    else
        f->n_cancelled++;
}

static void on_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("waited half a minute for a slot");
}

static void set_up(struct fixture *f, const char *behaviour)
{
    *f = (struct fixture){ .arguments = { "test_slot", "--slot", (char *)behaviour } };
    f->settings = (struct slot_settings){ .arguments = f->arguments, .done = on_done, .arg = f };
    assert_int_equal(uv_loop_init(&f->loop), 0);
    uv_timer_init(&f->loop, &f->patience);
    uv_timer_start(&f->patience, on_patience, PATIENCE_MS, 0);
    f->slot = slot_new(&f->loop, &f->settings);
    assert_non_null(f->slot);
}

static void tear_down(struct fixture *f)
{
    slot_free(f->slot);
    uv_close((uv_handle_t *)&f->patience, NULL);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(waitpid(-1, NULL, 0), -1); /* the loop has reaped all */
    clear_last(f);
}

static void start(struct fixture *f)
{
    struct to_worker message = wire_table_trial();
    struct bytes bytes;

    message.trial.trial.number = 7;
    message.trial.attempt.counter = ++f->n_started;
    assert_int_equal(to_worker_pack(&message, &bytes), 0);
    slot_start(f->slot, &message.trial, &bytes);
    free(bytes.data);
    to_worker_clear(&message);
}

static void await_done(struct fixture *f, int n)
{
    while (f->n_done < n)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->n_done, n);
}

static void check_outcome(const struct fixture *f, const struct behaviour *want)
{
    size_t n = strlen(want->reason);

    check_int_equal(want->name, f->last.attempt.counter, f->n_started);
    if (strncmp(f->last.result.reason, want->reason, n) != 0 ||
        (n == 0) != !f->last.result.reason[0])
        fail_msg("%s: reason \"%s\", wanted \"%s\"", want->name, f->last.result.reason,
                 want->reason);
    check_int_equal(want->name, f->last.result.outcome, n ? OUTCOME_FAILED : OUTCOME_OK);
    check_int_equal(want->name, f->last.result.reward.correct, n ? 0 : 7);
    check_int_equal(want->name, f->last.output.size, strlen(want->output));
    if (f->last.output.size > 0)
        assert_memory_equal(f->last.output.data, want->output, f->last.output.size);
}

static void test_each_attempt_ends_once_whatever_its_process_does(void **state)
{
    (void)state;
    for (const struct behaviour *b = behaviours; b->output; b++) {
        struct fixture f;

        set_up(&f, b->name);
        for (int i = 1; i <= 3; i++) {
            start(&f);
            assert_false(slot_is_free(f.slot));
            await_done(&f, i);
            check_outcome(&f, b);
        }
        check_int_equal(b->name, f.n_cancelled, 0);
        tear_down(&f);
    }
}

static void test_the_end_of_what_a_process_prints_is_kept(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "chatty");
    for (int i = 1; i <= 2; i++) {
        start(&f);
        await_done(&f, i);
        assert_int_equal(f.last.result.outcome, OUTCOME_OK);
        assert_int_equal(f.last.output.size, WIRE_MAX_OUTPUT);
        assert_memory_equal(f.last.output.data + WIRE_MAX_OUTPUT - 5, "xend\n", 5);
    }
    tear_down(&f);
}

static void await_no_child(struct fixture *f)
{
    while (waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void test_a_process_that_ends_between_trials_is_replaced(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "finished");
    for (int i = 1; i <= 2; i++) {
        start(&f);
        await_done(&f, i);
        assert_int_equal(f.last.result.outcome, OUTCOME_OK);
        await_no_child(&f);
    }
    assert_int_equal(f.n_done, 2);
    tear_down(&f);
}

/* So soon after its result that the slot cannot know of it when the next trial comes. */
static void test_a_process_found_dead_by_the_next_trial_is_replaced(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "finished");
    for (int i = 1; i <= 3; i++) {
        start(&f);
        await_done(&f, i);
        assert_int_equal(f.last.attempt.counter, i);
        assert_string_equal(f.last.result.reason, "");
        assert_int_equal(waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
    }
    tear_down(&f);
}

static void test_an_idle_process_that_reports_nonsense_is_ended_and_reaped(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "repeating");
    for (int i = 1; i <= 2; i++) {
        start(&f);
        await_done(&f, i);
        await_no_child(&f);
    }
    tear_down(&f);
}

static void await_progress(struct fixture *f, double fraction)
{
    while (slot_progress(f->slot)->fraction != fraction)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void test_a_cancelled_attempt_has_no_result(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "hanging");
    slot_cancel(f.slot); /* nothing runs */
    for (int i = 1; i <= 3; i++) {
        start(&f);
        assert_int_equal(slot_attempt(f.slot)->counter, i);
        if (i > 1)
            await_progress(&f, 0.25);
        slot_cancel(f.slot); /* the first time before its process has begun */
        slot_cancel(f.slot);
        assert_null(slot_attempt(f.slot));
        assert_false(slot_is_free(f.slot));
        await_done(&f, i);
        assert_int_equal(f.n_cancelled, i);
    }
    tear_down(&f);
}

static void test_a_slot_may_go_away_while_it_runs(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f, "hanging");
    start(&f);
    await_progress(&f, 0.25);
    tear_down(&f); /* comes back: nothing is left on the loop */
    assert_int_equal(f.n_done, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_attempt_ends_once_whatever_its_process_does),
        cmocka_unit_test(test_a_process_that_ends_between_trials_is_replaced),
        cmocka_unit_test(test_a_process_found_dead_by_the_next_trial_is_replaced),
        cmocka_unit_test(test_an_idle_process_that_reports_nonsense_is_ended_and_reaped),
        cmocka_unit_test(test_the_end_of_what_a_process_prints_is_kept),
        cmocka_unit_test(test_a_cancelled_attempt_has_no_result),
        cmocka_unit_test(test_a_slot_may_go_away_while_it_runs),
    };
    if (argc > 2)
        return be(argv[2]);
    signal(SIGPIPE, SIG_IGN); /* as a session does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
