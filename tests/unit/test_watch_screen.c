/* A running study on one screen, of any size. */
#include "tests/unit/check.h"
#include "tests/unit/show_fixture.h"

#include <stdlib.h>

#include "coordinator/status/show/watch_screen.h"

enum { WORKERS = 40, CELLS = 30, FRONT = 25 };

/* A study with more of everything than a screen holds. */
struct scene {
    Layernas__Summary summary;
    Layernas__Candidate best, front[FRONT], *front_list[FRONT];
    Layernas__Progress progress;
    Layernas__TrialRow trials[WORKERS], *trial_list[WORKERS][1];
    Layernas__WorkerRow worker_rows[WORKERS], *worker_list[WORKERS];
    char names[WORKERS][64];
    Layernas__Workers workers;
    Layernas__Candidate *kept_list[1];
    Layernas__Cell cells[CELLS], *cell_list[CELLS];
    Layernas__Layer layer, *layer_list[1];
    Layernas__Layers layers;
    Layernas__Pareto pareto;
    struct watch_view view;
};

static void fill_workers(struct scene *s, int n)
{
    s->workers = (Layernas__Workers)LAYERNAS__WORKERS__INIT;
    s->progress = (Layernas__Progress)LAYERNAS__PROGRESS__INIT;
    s->progress.epoch = 2;
    s->progress.epochs = 3;
    s->progress.fraction = 0.43;
    s->progress.images_per_second = 1234;
    for (int i = 0; i < n; i++) {
        snprintf(s->names[i], sizeof s->names[i], "node%02d:77", n - i);
        s->trials[i] = row_of((uint64_t)(100 + i), "running", s->names[i], "1:4:1:2");
        s->trials[i].progress = &s->progress;
        s->trials[i].running_s = 65;
        s->trial_list[i][0] = &s->trials[i];
        s->worker_rows[i] = (Layernas__WorkerRow)LAYERNAS__WORKER_ROW__INIT;
        s->worker_rows[i].name = s->names[i];
        s->worker_rows[i].running = s->trial_list[i];
        s->worker_rows[i].n_running = 1;
        s->worker_list[i] = &s->worker_rows[i];
    }
    s->workers.n_rows = s->workers.total = (size_t)n;
    s->workers.rows = s->worker_list;
}

static void fill_layer(struct scene *s, int n)
{
    s->layers = (Layernas__Layers)LAYERNAS__LAYERS__INIT;
    s->layer = (Layernas__Layer)LAYERNAS__LAYER__INIT;
    s->kept_list[0] = &s->best;
    for (int i = 0; i < n; i++) {
        s->cells[i] = (Layernas__Cell)LAYERNAS__CELL__INIT;
        s->cells[i].bucket = (uint32_t)i;
        s->cells[i].lowest = 868432 + i * 1000;
        s->cells[i].highest = 869431 + i * 1000;
        s->cells[i].contenders = 9;
        s->cells[i].results = 4;
        s->cells[i].kept = s->cells[i].displaced = s->kept_list;
        s->cells[i].n_kept = s->cells[i].n_displaced = i % 2 == 0;
        s->cell_list[i] = &s->cells[i];
    }
    s->layer.cells = s->cell_list;
    s->layer.n_cells = (size_t)n;
    s->layer_list[0] = &s->layer;
    s->layers.layers = s->layer_list;
    s->layers.n_layers = 1;
}

/* The first `inside` of them are in the target. */
static void fill_front(struct scene *s, int n, int inside)
{
    s->pareto = (Layernas__Pareto)LAYERNAS__PARETO__INIT;
    for (int i = 0; i < n; i++) {
        s->front[i] = candidate_of("1:4:1:2", 500000 + 1000 * i, 3000 + (uint32_t)i);
        s->front[i].trial = (uint64_t)(900 + i);
        s->front[i].in_target = i < inside;
        s->front_list[i] = &s->front[i];
    }
    s->pareto.candidates = s->front_list;
    s->pareto.n_candidates = s->pareto.total = (size_t)n;
}

static struct scene *scene_of(int workers, int cells, int front, int inside)
{
    struct scene *s = calloc(1, sizeof *s);

    s->best = candidate_of("1:4:1:2", 987088, 3720);
    s->summary = summary_of(&s->best);
    fill_workers(s, workers);
    fill_layer(s, cells);
    fill_front(s, front, inside);
    s->view = (struct watch_view){ .metric = "madds",
                                   .summary = &s->summary,
                                   .workers = &s->workers,
                                   .layers = &s->layers,
                                   .pareto = &s->pareto };
    return s;
}

static const char *drawn(const struct watch_view *view, size_t columns, size_t rows)
{
    static char text[1 << 16];
    FILE *out = fmemopen(text, sizeof text, "w");

    assert_int_equal(watch_screen(out, view, columns, rows), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* A whole one: what README shows. */
static void test_a_screen(void **state)
{
    static const char want[] =
        "fashion-mobile: searching                                               1 h 05 m\n"
        "layer   [######..........] 24 of 60: reduce1, 3 of 7 in pass 1\n"
        "study   [#########.......] 1,234 of at most 2,000 trials, 12 m 34 s left\n"
        "best    93.00 %, 0.987 M madds, 42.2 k params, trial 34\n"
        "        1:4:1:2\n"
        "slots   4 running on 4 slots of 2 workers, 0 waiting, 300 trials/h\n"
        "\n"
        "worker     trial    madds       for  epoch  through  img/s  arch\n"
        "node01:77    101  0.973 M  1 m 05 s    2/3     43 %   1234  1:4:1:2\n"
        "node02:77      -        -         -      -        -      -  idle\n"
        "\n"
        "bucket            costs  results  top-1 %  next %    madds  kept\n"
        "     1  0.868 - 0.869 M      4/9    93.00   93.00  0.987 M  1:4:1:2\n"
        "     2  0.869 - 0.870 M      4/9        -       -        -  -\n"
        "\n"
        "  madds  top-1 %  target  trial  Pareto front\n"
        "0.500 M    75.00  inside    900  1:4:1:2\n"
        "0.501 M    75.03  -         901  1:4:1:2\n";
    struct scene *s = scene_of(2, 2, 2, 1);

    (void)state;
    s->worker_rows[0].n_running = 0;
    check_string_equal("80 x 24", drawn(&s->view, 80, 24), want);
    check_string_equal("no bound", drawn(&s->view, 80, 0), want);
    free(s);
}

static void test_any_size(void **state)
{
    static const size_t widths[] = { 1, 20, 40, 79, 80, 81, 132, 500 };
    struct scene *s = scene_of(WORKERS, CELLS, FRONT, 20);

    (void)state;
    s->view.waiting = "waiting for coordinator at tcp://127.0.0.1:5556, last seen 12 s ago";
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t rows = 1; rows < 130; rows++) {
            const char *text = drawn(&s->view, widths[w], rows);

            check_width("columns", text, widths[w]);
            check_true("rows", count_lines(text) <= rows);
            check_true("something", *text);
        }
    free(s);
}

/* 24 lines less 6 of the head less 3 x 2 leave 12: four each, or what another does not need. */
static void test_lists_share_the_rows(void **state)
{
    static const struct {
        const char *name;
        int workers, cells, front;
        int want_workers, want_cells, want_front;
    } cases[] = {
        { "all want more", 40, 30, 25, 4, 4, 4 }, { "few workers", 2, 30, 25, 2, 5, 5 },
        { "few of two", 1, 2, 25, 1, 2, 9 },      { "no layer open", 40, 0, 25, 7, 0, 7 },
        { "workers alone", 40, 0, 0, 16, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene *s = scene_of(cases[i].workers, cases[i].cells, cases[i].front, 20);
        const char *text = drawn(&s->view, 80, 24);
        int workers = 0, cells = 0, front = 0;

        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
            workers += strncmp(line, "node", 4) == 0;
            cells += strncmp(line, "     ", 5) == 0 && line[5] != ' ';
            cells += strncmp(line, "    ", 4) == 0 && line[4] == '1' && line[5] != ':';
            front += strncmp(line, "0.5", 3) == 0;
        }
        check_int_equal(cases[i].name, workers, cases[i].want_workers);
        check_int_equal(cases[i].name, cells, cases[i].want_cells);
        check_int_equal(cases[i].name, front, cases[i].want_front);
        check_int_equal(cases[i].name, count_lines(text), 24);
        free(s);
    }
}

/* Of a long front what stands around the answer is shown. */
static void test_front_around_the_target(void **state)
{
    static const struct {
        const char *name;
        int inside;
        uint64_t first, last; /* trials */
    } cases[] = {
        { "the last one inside, and one beyond", 20, 917, 920 },
        { "all inside", 25, 921, 924 },
        { "none inside", 0, 900, 903 },
        { "the first alone", 1, 900, 903 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene *s = scene_of(WORKERS, CELLS, FRONT, cases[i].inside);
        char first[32], last[32], before[32], after[32];
        const char *text = drawn(&s->view, 80, 24);

        snprintf(first, sizeof first, "  %d  1:4", (int)cases[i].first);
        snprintf(last, sizeof last, "  %d  1:4", (int)cases[i].last);
        snprintf(before, sizeof before, "  %d  1:4", (int)cases[i].first - 1);
        snprintf(after, sizeof after, "  %d  1:4", (int)cases[i].last + 1);
        check_true(cases[i].name, strstr(text, first) && strstr(text, last));
        check_true(cases[i].name, !strstr(text, before) && !strstr(text, after));
        free(s);
    }
}

static void test_phases(void **state)
{
    struct scene *s = scene_of(0, 0, 0, 0);
    struct watch_view nothing = { .metric = "", .waiting = "waiting for coordinator at X" };

    (void)state;
    check_string_equal("nobody was ever there", drawn(&nothing, 80, 24),
                       "waiting for coordinator at X\n");
    s->summary.pass = 0;
    s->summary.best = NULL;
    s->summary.trials_per_hour = 0;
    s->summary.eta_s = -1;
    check_true("the anchor", strstr(drawn(&s->view, 80, 24),
                                    "layer   none yet: the first trial is the anchor\n"));
    check_true("no best", strstr(drawn(&s->view, 80, 24), "best    none inside the target yet\n"));
    s->summary.state = "final training";
    s->summary.note = "trial cap reached";
    s->summary.final_total = 4;
    s->summary.final_done = 1;
    s->summary.lost_attempts = 3;
    check_true("final", strstr(drawn(&s->view, 80, 24), "final   [####............] 1 of 4 final "
                                                        "trainings\n"));
    check_true("why it ended", strstr(drawn(&s->view, 80, 24),
                                      "fashion-mobile: final training, trial cap reached "));
    check_true("trouble", strstr(drawn(&s->view, 80, 24), "trouble 3 lost, 0 failed; "));
    s->summary.running_twice = 2;
    check_true("stragglers", strstr(drawn(&s->view, 80, 24), " running (2 twice) on "));
    free(s);
}

/* One view in place of the lists. */
static void test_another_view(void **state)
{
    struct scene *s = scene_of(WORKERS, CELLS, FRONT, 20);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_PARETO, &s->pareto);
    const char *text;

    (void)state;
    s->view.other = &reply;
    text = drawn(&s->view, 80, 24);
    check_int_equal("as much as fits", count_lines(text), 24);
    check_true("that view", strstr(text, "target  trial    madds  params  arch"));
    check_true("no workers", !strstr(text, "node"));
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_screen),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_lists_share_the_rows),
        cmocka_unit_test(test_front_around_the_target),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_another_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
