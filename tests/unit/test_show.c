#include "tests/unit/check.h"
#include "tests/unit/show_fixture.h"

static void test_summary(void **state)
{
    static const char *const searching[] = {
        "state     searching",
        "layer     reduce1, 3 of 7 in pass 1: 24 of 60 trials done",
        "progress  1,234 of at most 2,000 trials done, 62 %",
        "time      1 h 05 m, 300 trials/h, the search ends in about 12 m 34 s",
        "best      93.00 %, 0.987 M madds, 42.2 k params, trial 34",
        "          1:4:1:2",
        "target    at most 1.00 M madds",
        "workers   2, slots 4; running 4, waiting 0",
        NULL,
    };
    static const char *const nothing_yet[] = {
        "layer     none yet: the first trial is the anchor",
        "progress  0 of at most 2,000 trials done, 0 %",
        "time      0.0 s",
        "best      no trial inside the target is done yet",
        "workers   none is connected; 2 trials are waiting",
        NULL,
    };
    static const char *const no_room[] = {
        "state     waiting for disk: study.db: database or disk is full; nothing is",
        "          handed out until there is room again",
        NULL,
    };
    static const char *const stragglers[] = {
        "doubled   1,345 trials that took long; 12 run twice now",
        NULL,
    };
    Layernas__Candidate best = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Summary summary = summary_of(&best);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);

    (void)state;
    check_shown("searching", &reply, searching);
    summary.state = "waiting for disk";
    summary.note = "study.db: database or disk is full; nothing is handed out until there is room "
                   "again";
    check_shown("a long note", &reply, no_room);
    summary.running_twice = 12;
    summary.doubled_attempts = 1345;
    check_shown("stragglers", &reply, stragglers);
    summary = summary_of(NULL);
    summary.pass = 0;
    summary.done = 0;
    summary.elapsed_s = summary.trials_per_hour = 0;
    summary.eta_s = -1;
    summary.workers = 0;
    summary.running = 0;
    summary.ready = 2;
    check_shown("nothing yet", &reply, nothing_yet);
}

static void test_targets(void **state)
{
    static const struct {
        const char *name;
        int64_t lowest, highest;
        char *metric;
        const char *want;
    } cases[] = {
        { "upper end", 0, 220000000, "madds", "target    at most 220 M madds" },
        { "both ends", 500000, 1000000, "params", "target    0.500 M to 1.00 M params" },
        { "lower end", 12000, INT64_MAX, "activations", "target    at least 12.0 k bytes" },
        { "none", 0, INT64_MAX, "table", "target    any cost" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const wanted[] = { cases[i].want, NULL };
        Layernas__Summary summary = summary_of(NULL);
        Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);

        summary.target_lowest = cases[i].lowest;
        summary.target_highest = cases[i].highest;
        summary.metric = cases[i].metric;
        check_shown(cases[i].name, &reply, wanted);
    }
}

static void test_layers(void **state)
{
    static const char *const wanted[] = {
        "pass  layer      buckets  children  spared   trials           costs",
        "   1  2 reduce1        4        67      13  120/120  0.868 - 1.94 M",
        "layer 2 (reduce1) in pass 1: the best 1 of each bucket",
        "     1   0.868 - 1.09 M          14    93.00  0.987 M  1:4:1:2",
        "     2  98.0 k - 1.32 M          21        -        -  none is trained yet",
        NULL,
    };
    Layernas__Candidate kept = candidate_of("1:4:1:2", 987088, 3720), *kept_list[] = { &kept };
    Layernas__Cell first = LAYERNAS__CELL__INIT, second = LAYERNAS__CELL__INIT;
    Layernas__Cell *cells[] = { &first, &second };
    Layernas__Layer layer = LAYERNAS__LAYER__INIT, *layer_list[] = { &layer };
    Layernas__Layers layers = LAYERNAS__LAYERS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_LAYERS, &layers);

    (void)state;
    first.lowest = layer.lowest = 868432;
    first.highest = 1094772;
    first.contenders = 14;
    first.n_kept = 1;
    first.kept = kept_list;
    second.bucket = 1;
    second.lowest = 98000;
    second.highest = 1321112;
    second.contenders = 21;
    layer.pass = layer.layer = layer.keep = 1;
    layer.name = "reduce1";
    layer.buckets = 4;
    layer.highest = 1940000;
    layer.children = 67;
    layer.dropped = 6;
    layer.passed_over = 3;
    layer.known = 3;
    layer.duplicates = 1;
    layer.trials = layer.done = 120;
    layer.n_cells = 2;
    layer.cells = cells;
    layers.n_layers = layers.total = 1;
    layers.layers = layer_list;
    check_shown("an opening", &reply, wanted);
}

static void test_trials(void **state)
{
    static const char *const wanted[] = {
        "trial  stage    state         top-1 %    madds    time  worker          arch",
        "    9  search   done            91.25  0.973 M  12.3 s  a-host-with...  1:2:3",
        "  120  final 2  running 43 %        -  0.973 M       -  node1:7         1:2:3",
        "  121  search   quarantined         -  0.973 M       -  -               1:2:3",
        "the last 3 of 1,234; --last N shows more, --all shows all",
        "failed    trial 121, 3 times: out of memory",
        NULL,
    };
    Layernas__Progress progress = LAYERNAS__PROGRESS__INIT;
    Layernas__TrialRow done = row_of(9, "done", "a-host-with-a-long-name.example.org:77", "1:2:3");
    Layernas__TrialRow running = row_of(120, "running", "node1:7", "1:2:3");
    Layernas__TrialRow failed = row_of(121, "quarantined", "", "1:2:3");
    Layernas__TrialRow *rows[] = { &done, &running, &failed };
    Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials);

    (void)state;
    done.correct = 3650;
    done.total = 4000;
    done.seconds = 12.34;
    progress.fraction = 0.43;
    running.stage = "final";
    running.replica = 1;
    running.progress = &progress;
    failed.failures = 3;
    failed.reason = "out of memory";
    trials.total = 1234;
    trials.n_rows = 3;
    trials.rows = rows;
    check_shown("trials", &reply, wanted);
}

static void test_workers(void **state)
{
    static const char *const wanted[] = {
        "worker   slots  done  failed  lost  connected  silent  state",
        "node1:7      2    30       1     2   1 h 05 m   0.4 s  working",
        "node2:9      1     0       5     0   2 m 00 s   9.0 s  put aside",
        "trial  stage   worker     madds  epoch   loss  train %  through  img/s   MB",
        "   31  search  node1:7  0.973 M    2/3  0.710     74.3     43 %   1234  812",
        NULL,
    };
    static const char *const doubled[] = {
        "   31  double  node1:7  0.973 M    2/3  0.710     74.3     43 %   1234  812",
        NULL,
    };
    Layernas__Progress progress = LAYERNAS__PROGRESS__INIT;
    Layernas__TrialRow trial = row_of(31, "running", "node1:7", "1:2"), *running[] = { &trial };
    Layernas__WorkerRow busy = LAYERNAS__WORKER_ROW__INIT, aside = LAYERNAS__WORKER_ROW__INIT;
    Layernas__WorkerRow *rows[] = { &busy, &aside };
    Layernas__Workers workers = LAYERNAS__WORKERS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WORKERS, &workers);

    (void)state;
    progress.epoch = 2;
    progress.epochs = 3;
    progress.loss = 0.71;
    progress.accuracy = 74.3;
    progress.images_per_second = 1234;
    progress.memory = 812300000;
    progress.fraction = 0.43;
    trial.progress = &progress;
    busy.name = "node1:7";
    busy.slots = 2;
    busy.done = 30;
    busy.failed = 1;
    busy.lost = 2;
    busy.connected_s = 3900;
    busy.silent_s = 0.4;
    busy.n_running = 1;
    busy.running = running;
    aside.name = "node2:9";
    aside.slots = 1;
    aside.failed = 5;
    aside.connected_s = 120;
    aside.silent_s = 9;
    aside.put_aside = true;
    workers.n_rows = workers.total = 2;
    workers.rows = rows;
    check_shown("workers", &reply, wanted);
    trial.second = true;
    check_shown("a straggler's second attempt", &reply, doubled);
}

static void test_best(void **state)
{
    static const char *const wanted[] = {
        "arch      2:4:1:2",
        "cost      0.973 M madds, 42.2 k params",
        "search    93.00 % validation",
        "final     92.28 % validation, 92.50 % in the search",
        "test      91.40 %",
        "part         out    madds  params  option",
        "stem    16x14x14   28,224     176  -",
        "block1    32x7x7  190,512   2,528  mbconv e2 k5 o32 s2",
        NULL,
    };
    static const char *const untested[] = { "final     not retrained", "test      not tested",
                                            NULL };
    Layernas__Candidate search = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Candidate winner = candidate_of("2:4:1:2", 973120, 3700);
    Layernas__Part stem = LAYERNAS__PART__INIT, block = LAYERNAS__PART__INIT;
    Layernas__Part *parts[] = { &stem, &block };
    Layernas__Best best = LAYERNAS__BEST__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_BEST, &best);

    (void)state;
    stem.name = "stem";
    stem.channels = 16;
    stem.height = stem.width = 14;
    stem.madds = 28224;
    stem.params = 176;
    block.name = "block1";
    block.option = "mbconv e2 k5 o32 s2";
    block.channels = 32;
    block.height = block.width = 7;
    block.madds = 190512;
    block.params = 2528;
    best.search = &search;
    best.winner = &winner;
    best.winner_percent = 92.275;
    best.test_correct = 9140;
    best.test_total = 10000;
    best.n_network = 2;
    best.network = parts;
    check_shown("a winner", &reply, wanted);
    best.winner = NULL;
    best.test_total = best.test_correct = 0;
    check_shown("not yet retrained", &reply, untested);
}

static void test_nothing_is_told_in_words(void **state)
{
    Layernas__Layers layers = LAYERNAS__LAYERS__INIT;
    Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
    Layernas__Workers workers = LAYERNAS__WORKERS__INIT;
    Layernas__Pareto pareto = LAYERNAS__PARETO__INIT;
    Layernas__Best best = LAYERNAS__BEST__INIT;
    const struct {
        const char *want;
        Layernas__StatusReply__BodyCase body;
        void *message;
    } cases[] = {
        { "no layer is open yet: the first trial is the anchor",
          LAYERNAS__STATUS_REPLY__BODY_LAYERS, &layers },
        { "there is no trial yet", LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials },
        { "no worker is connected", LAYERNAS__STATUS_REPLY__BODY_WORKERS, &workers },
        { "no trial is done yet", LAYERNAS__STATUS_REPLY__BODY_PARETO, &pareto },
        { "no trial inside the target is done yet", LAYERNAS__STATUS_REPLY__BODY_BEST, &best },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const wanted[] = { cases[i].want, NULL };
        Layernas__StatusReply reply = reply_of(cases[i].body, cases[i].message);

        check_shown(cases[i].want, &reply, wanted);
    }
}

/* 64 layers, the longest names, a million trials. */
static void test_large_things_fit_80_columns(void **state)
{
    char arch[300] = "12",
         name[] = "a-worker-on-a-host-with-an-uncommonly-long-name.example.org:99";
    Layernas__Candidate candidate = candidate_of(arch, INT64_C(220119690000), 4000);
    Layernas__Candidate *front[] = { &candidate };
    Layernas__TrialRow row = row_of(1000000, "quarantined", name, arch), *rows[] = { &row };
    Layernas__WorkerRow worker = LAYERNAS__WORKER_ROW__INIT, *worker_rows[] = { &worker };
    Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
    Layernas__Workers workers = LAYERNAS__WORKERS__INIT;
    Layernas__Pareto pareto = LAYERNAS__PARETO__INIT;
    const struct {
        const char *name;
        Layernas__StatusReply__BodyCase body;
        void *message;
    } cases[] = {
        { "trials", LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials },
        { "workers", LAYERNAS__STATUS_REPLY__BODY_WORKERS, &workers },
        { "pareto", LAYERNAS__STATUS_REPLY__BODY_PARETO, &pareto },
    };

    (void)state;
    for (int i = 1; i < 64; i++)
        strcat(arch, ":12");
    row.total = row.correct = 4000;
    row.seconds = 86400;
    row.stage = "final";
    row.failures = 3;
    worker.name = name;
    worker.done = 1000000;
    worker.connected_s = 1e7;
    worker.put_aside = true;
    worker.n_running = trials.n_rows = workers.n_rows = pareto.n_candidates = 1;
    worker.running = trials.rows = rows;
    workers.rows = worker_rows;
    pareto.candidates = front;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__StatusReply reply = reply_of(cases[i].body, cases[i].message);

        check_width(cases[i].name, shown(&reply), 80);
    }
}

/* Every number of a message as large, or as small, as its type allows; rewards and shares apart. */
static void lie(ProtobufCMessage *message, bool low)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char *at = (char *)message + field->offset;

        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (field->type == PROTOBUF_C_TYPE_INT64)
            *(int64_t *)(void *)at = low ? INT64_MIN : INT64_MAX;
        else if (field->type == PROTOBUF_C_TYPE_UINT64)
            *(uint64_t *)(void *)at = UINT64_MAX;
        else if (field->type == PROTOBUF_C_TYPE_UINT32)
            *(uint32_t *)(void *)at = UINT32_MAX;
        else if (field->type == PROTOBUF_C_TYPE_DOUBLE)
            *(double *)(void *)at = low ? -1e308 : 1e308;
    }
}

static void test_absurd_numbers_fit_80_columns(void **state)
{
    static char long_name[] =
        "a-name-that-is-by-far-longer-than-any-name-that-a-study-gives-to-a-layer";

    (void)state;
    for (int low = 0; low < 2; low++) {
        Layernas__Candidate candidate = candidate_of("1:2", 1, 1), *candidates[] = { &candidate };
        Layernas__Summary summary = summary_of(&candidate);
        Layernas__Layer layer = LAYERNAS__LAYER__INIT, *layer_list[] = { &layer };
        Layernas__Cell cell = LAYERNAS__CELL__INIT, *cells[] = { &cell };
        Layernas__Progress progress = LAYERNAS__PROGRESS__INIT;
        Layernas__TrialRow row = row_of(1, "running", long_name, "1:2"), *rows[] = { &row };
        Layernas__WorkerRow worker = LAYERNAS__WORKER_ROW__INIT, *worker_list[] = { &worker };
        Layernas__Part part = LAYERNAS__PART__INIT, *parts[] = { &part };
        Layernas__Layers layers = LAYERNAS__LAYERS__INIT;
        Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
        Layernas__Workers workers = LAYERNAS__WORKERS__INIT;
        Layernas__Pareto pareto = LAYERNAS__PARETO__INIT;
        Layernas__Best best = LAYERNAS__BEST__INIT;
        ProtobufCMessage *const liars[] = {
            &candidate.base, &summary.base, &layer.base,   &cell.base,
            &progress.base,  &row.base,     &worker.base,  &part.base,
            &layers.base,    &trials.base,  &workers.base, &pareto.base,
        };
        const struct {
            const char *name;
            Layernas__StatusReply__BodyCase body;
            void *message;
        } cases[] = {
            { "summary", LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary },
            { "layers", LAYERNAS__STATUS_REPLY__BODY_LAYERS, &layers },
            { "trials", LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials },
            { "workers", LAYERNAS__STATUS_REPLY__BODY_WORKERS, &workers },
            { "pareto", LAYERNAS__STATUS_REPLY__BODY_PARETO, &pareto },
            { "best", LAYERNAS__STATUS_REPLY__BODY_BEST, &best },
        };

        for (size_t i = 0; i < sizeof liars / sizeof *liars; i++)
            lie(liars[i], low);
        progress.fraction = 1;
        progress.accuracy = 100;
        layer.name = part.name = part.option = worker.name = long_name;
        layer.cells = cells;
        cell.kept = pareto.candidates = candidates;
        row.progress = &progress;
        worker.running = trials.rows = rows;
        workers.rows = worker_list;
        layers.layers = layer_list;
        best.search = best.winner = &candidate;
        best.test_correct = best.test_total = UINT32_MAX;
        best.winner_percent = 100;
        best.network = parts;
        layer.n_cells = cell.n_kept = layers.n_layers = trials.n_rows = workers.n_rows = 1;
        worker.n_running = pareto.n_candidates = best.n_network = 1;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            Layernas__StatusReply reply = reply_of(cases[i].body, cases[i].message);

            check_width(cases[i].name, shown(&reply), 80);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_trials),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_best),
        cmocka_unit_test(test_nothing_is_told_in_words),
        cmocka_unit_test(test_large_things_fit_80_columns),
        cmocka_unit_test(test_absurd_numbers_fit_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
