#include "tests/unit/check.h"
#include "tests/unit/status_fixture.h"
#include "tests/unit/study_fixture.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/status/results.h"
#include "coordinator/status/tables.h"
#include "proto/weights_file.h"

static struct study *study;
static struct status_fixture fixture;
static char folder[64];

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/layernas-results-XXXXXX");
    fixture_weights = "/nowhere";
    study = study_fixture_study(training_study, "trials: 20", "trials: 20, guided: false");
    if (!mkdtemp(folder))
        return -1;
    status_fixture_init(&fixture, study, folder);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/results/%s", folder, name);
    return path;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    status_fixture_clear(&fixture);
    study_free(study);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Until the next call. */
static const char *content(const char *name)
{
    static char text[1 << 18];
    FILE *file = fopen(path_of(name), "r");

    if (!file)
        fail_msg("%s: %s", name, strerror(errno));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

/* Whether there are plots: gnuplot is no part of what must be there. */
static bool written(void)
{
    struct errmsg err = { "" };
    bool plotted = false;

    results_write(&fixture.coordinator, &plotted, &err);
    check_string_equal("write", err.text, "");
    return plotted;
}

/* The text of a file whose first line must be header, after that line. */
static const char *rows_of(const char *name, const char *header)
{
    const char *text = content(name);
    size_t n = strlen(header);

    if (strncmp(text, header, n) != 0 || text[n] != '\n')
        fail_msg("%s begins with \"%.*s\"", name, (int)strcspn(text, "\n"), text);
    return text + n + 1;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

/* Every line has as many commas; returns the number of lines. */
static size_t check_columns(const char *name, const char *rows, size_t commas)
{
    size_t n = 0;

    for (; *rows; rows += strcspn(rows, "\n") + 1, n++) {
        size_t found = 0;

        for (const char *c = rows; *c && *c != '\n'; c++)
            found += *c == ',';
        check_int_equal(name, found, commas);
    }
    return n;
}

static void test_best_json(void **state)
{
    struct campaign_winner winner;
    struct network network;
    char arch[ARCH_TEXT_SIZE];
    struct costs costs;
    json_t *json;

    (void)state;
    status_fixture_run(&fixture, 1000);
    assert_true(campaign_winner(fixture.coordinator.campaign, &winner));
    costs = cost_details(study->cost_model, &winner.candidate.canonical);
    assert_int_equal(space_resolve(study->space, &winner.candidate.canonical, &network), 0);
    written();
    json = json_loads(content("best.json"), 0, NULL);
    assert_non_null(json);
#define INTEGER(key) json_integer_value(json_object_get(json, key))
#define REAL(key)    json_real_value(json_object_get(json, key))
#define STRING(key)  json_string_value(json_object_get(json, key))
    check_string_equal("study", STRING("study"), "tiny");
    check_string_equal("arch", STRING("arch"), arch_format(&winner.candidate.canonical, arch));
    check_int_equal("madds", INTEGER("madds"), costs.madds);
    check_int_equal("params", INTEGER("params"), costs.params);
    check_int_equal("cost", INTEGER("cost"), winner.candidate.cost);
    check_true("reward in percent", REAL("reward") == reward_percent(winner.candidate.reward));
    check_true("test in percent", REAL("test_top1") == reward_percent(winner.test));
    check_true("final", REAL("final_top1") == winner.mean_percent);
    check_int_equal("network", json_array_size(json_object_get(json, "network")), network.n_ops);
    check_int_equal("options", json_array_size(json_object_get(json, "options")), 2);
    check_string_equal("stop_reason", STRING("stop_reason"),
                       campaign_stop_reason(fixture.coordinator.campaign));
    check_int_equal("tables", strlen(STRING("tables")), DIGEST_TEXT_SIZE - 1);
    check_int_equal("numerics", json_array_size(json_object_get(json, "numerics")), 1);
    check_true("no weights", json_is_null(json_object_get(json, "weights")));
    network_clear(&network);
    json_decref(json);
}

static void test_before_the_first_result(void **state)
{
    static const char *const keys[] = { "arch",   "madds",     "params",  "cost",
                                        "reward", "test_top1", "network", "stop_reason" };
    json_t *json;

    (void)state;
    check_true("nothing to draw", !written());
    check_true("no plot", !exists("pareto.png"));
    json = json_loads(content("best.json"), 0, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check_true(keys[i], json_is_null(json_object_get(json, keys[i])));
    check_int_equal("trials", INTEGER("trials"), 0);
    check_int_equal(
        "the header alone",
        check_columns("trials.csv",
                      rows_of("trials.csv", "number,stage,replica,state,arch,cost,madds,params,"
                                            "reward,correct,total,loss,seconds,worker,numerics,"
                                            "failures"),
                      15),
        0);
    json_decref(json);
}

static void test_trials_csv(void **state)
{
    size_t n = 0, n_final;
    const char *rows;

    (void)state;
    status_fixture_run(&fixture, 2);
    status_fixture_quarantine(&fixture);
    status_fixture_run(&fixture, 1000);
    written();
    rows = rows_of("trials.csv", "number,stage,replica,state,arch,cost,madds,params,reward,"
                                 "correct,total,loss,seconds,worker,numerics,failures");
    n = check_columns("trials.csv", rows, 15);
    n_final = count(rows, ",final,");
    check_int_equal("a line each", n, trial_ledger_n(fixture.coordinator.ledger));
    check_int_equal("finals", n_final, 2);
    check_int_equal("the test", count(rows, ",test,"), 1);
    check_int_equal("one quarantined, with nothing measured, three failures",
                    count(rows, ",quarantined,"), 1);
    check_int_equal("its failures", count(rows, ",,,,,,,3\n"), 1);
    check_true("numbered", strncmp(rows, "1,search,0,done,", 16) == 0);
}

static void test_layers_csv(void **state)
{
    struct campaign *campaign = fixture.coordinator.campaign;
    size_t n_openings, children = 0, kept = 0, dropped = 0;
    const char *rows;

    (void)state;
    status_fixture_run(&fixture, 1000);
    n_openings = campaign_n_openings(campaign);
    for (size_t i = 0; i < n_openings; i++) {
        const struct opening *opening = campaign_opening(campaign, i);
        struct candidate_table *table;

        assert_int_equal(table_so_far(campaign, opening, &table), 0);
        kept += candidate_table_n(table);
        candidate_table_free(table);
        children += opening->n_children;
        for (uint32_t c = 0; c < opening->n_children; c++)
            dropped += opening->children[c].fate == FATE_DROPPED;
    }
    written();
    rows = rows_of("layers.csv", "opening,pass,layer,layer_name,bucket,interface,cost,arch,"
                                 "candidate,parent,fate,reward,kept");
    check_int_equal("a line each", check_columns("layers.csv", rows, 12), children);
    check_int_equal("kept", count(rows, ",1\n"), kept);
    check_int_equal("dropped, in no bucket and without reward", count(rows, ",dropped,,0\n"),
                    dropped);
}

static void test_pareto_csv(void **state)
{
    const char *rows;
    size_t n;

    (void)state;
    status_fixture_run(&fixture, 1000);
    campaign_pareto(fixture.coordinator.campaign, &n);
    written();
    rows = rows_of("pareto.csv", "arch,cost,madds,params,reward,correct,total,in_target");
    check_int_equal("a line each", check_columns("pareto.csv", rows, 7), n);
}

static void write_bytes(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");

    fwrite(data, 1, size, file);
    fclose(file);
}

static void test_the_winner_is_named_in_its_weights(void **state)
{
    struct weights_file file = { .arch = { 2, { 1, 0 } },
                                 .evaluation = study->final.evaluation,
                                 .normalisation = { { 70 }, { 80 } } };
    struct campaign_winner winner;
    struct weights_file back;
    struct bytes bytes;
    struct errmsg err = { "" };
    char weights[128];
    static char text[1 << 16];
    FILE *in;

    (void)state;
    snprintf(weights, sizeof weights, "%s/key.weights", folder);
    assert_int_equal(space_resolve(study->space, &file.arch, &file.network), 0);
    file.floats = (struct bytes){ (uint8_t *)"four", 4 };
    assert_int_equal(weights_file_pack(&file, &bytes), 0);
    write_bytes(weights, bytes.data, bytes.size);
    free(bytes.data);
    status_fixture_run(&fixture, 1000);
    assert_true(campaign_winner(fixture.coordinator.campaign, &winner));
    fixture_weights = weights;
    written();
    in = fopen(path_of("winner.weights"), "r");
    bytes.size = fread(text, 1, sizeof text, in);
    fclose(in);
    if (weights_file_unpack((uint8_t *)text, bytes.size, &back, &err) < 0)
        fail_msg("%s", err.text);
    check_string_equal("study", back.study, "tiny");
    check_int_equal("tested", back.test.total, FIXTURE_TEST);
    check_int_equal("right", back.test.correct, winner.test.correct);
    check_true("arch", arch_equal(&back.arch, &file.arch));
    check_true("normalisation", back.normalisation.mean[0] == 70);
    assert_int_equal(back.floats.size, 4);
    assert_memory_equal(back.floats.data, "four", 4);
    weights_file_clear(&back);
    network_clear(&file.network);
}

/* Those of a worker with a format of its own. */
static void test_weights_come_along(void **state)
{
    char weights[128];

    (void)state;
    snprintf(weights, sizeof weights, "%s/key.weights", folder);
    write_bytes(weights, "0.25 -1.5", 9);
    status_fixture_run(&fixture, 1000);
    fixture_weights = weights;
    written();
    check_string_equal("copied", content("winner.weights"), "0.25 -1.5");
    check_true("named", strstr(content("best.json"), "\"weights\": \"winner.weights\""));
    fixture_weights = "/nowhere";
    written();
    check_true("those of another result do not stay", !exists("winner.weights"));
}

/* Nothing half-made is left, and what was there is replaced. */
static void test_files_are_replaced(void **state)
{
    struct dirent *entry;
    DIR *directory;
    char before[4096];

    (void)state;
    written();
    snprintf(before, sizeof before, "%s", content("best.json"));
    status_fixture_run(&fixture, 1000);
    written();
    check_true("replaced", strcmp(before, content("best.json")) != 0);
    directory = opendir(path_of(""));
    while ((entry = readdir(directory)))
        check_true(entry->d_name, !strstr(entry->d_name, ".new"));
    closedir(directory);
}

static void test_plots(void **state)
{
    (void)state;
    status_fixture_run(&fixture, 1000);
    if (system("command -v gnuplot >/dev/null") != 0)
        check_skip("no gnuplot");
    check_true("plotted", written());
    check_true("a PNG", memcmp(content("pareto.png"), "\x89PNG", 4) == 0);
    check_true("an SVG", strstr(content("pareto.svg"), "<svg"));
    check_true("named", strstr(content("pareto.svg"), "tiny"));
    check_true("of what", strstr(content("pareto.svg"), "multiply-adds"));
}

static void test_a_folder_that_cannot_be_written(void **state)
{
    struct errmsg err = { "" };
    char wanted[128];
    bool plotted;
    FILE *file;

    (void)state;
    snprintf(wanted, sizeof wanted, "%s/results", folder);
    file = fopen(wanted, "w");
    fclose(file);
    check_int_equal("a file in its place", results_write(&fixture.coordinator, &plotted, &err),
                    -ENOTDIR);
    snprintf(wanted, sizeof wanted, "%s/results/best.json.new: Not a directory", folder);
    check_string_equal("says which", err.text, wanted);
}

/* What results_print prints. */
static const char *printed(void)
{
    static char text[1 << 14];
    FILE *real = stdout;

    stdout = fmemopen(text, sizeof text, "w");
    results_print(&fixture.coordinator);
    fclose(stdout);
    stdout = real;
    return text;
}

static void test_the_end_of_a_run(void **state)
{
    static const char *const wanted[] = {
        "\ntiny: the best network found\n",
        "\ntest       ",
        " of 10,000 test images, seen once\n",
        "\nretrained  ",
        "\nsearch     ",
        "\ncost       ",
        " madds, ",
        "; target at most ",
        "\narch       ",
        "\n  first   conv k3 o",
        "\ntrials     ",
        "\nspared     ",
        " children pruned by their cost, ",
    };
    const char *text;

    (void)state;
    status_fixture_run(&fixture, 1000);
    text = printed();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(text, wanted[i]))
            fail_msg("no \"%s\" in\n%s", wanted[i], text);
    check_true("why it ended", strstr(text, campaign_stop_reason(fixture.coordinator.campaign)));
    check_true("where", strstr(text, folder));
    for (; *text; text += strcspn(text, "\n") + 1)
        check_true("80 columns", strcspn(text, "\n") <= 80);
}

static void test_the_end_of_a_table_study(void **state)
{
    const char *text;

    status_fixture_clear(&fixture);
    study_free(study);
    study = study_fixture_study(table_study, "", "");
    status_fixture_init(&fixture, study, folder);
    (void)state;
    status_fixture_run(&fixture, 1000);
    text = printed();
    check_true("which column", strstr(text, " %, 'acc' in the table\n"));
    check_true("which cost", strstr(text, " flops; target at most 400\n"));
    check_true("its options", strstr(text, "\n  second  "));
    check_true("no images", !strstr(text, "images"));
}

static void test_the_end_without_a_network(void **state)
{
    (void)state;
    check_true("said so", strstr(printed(), "tiny: no network inside the target was trained\n"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_best_json),
        TEST(test_before_the_first_result),
        TEST(test_trials_csv),
        TEST(test_layers_csv),
        TEST(test_pareto_csv),
        TEST(test_the_winner_is_named_in_its_weights),
        TEST(test_weights_come_along),
        TEST(test_files_are_replaced),
        TEST(test_plots),
        TEST(test_a_folder_that_cannot_be_written),
        TEST(test_the_end_of_a_run),
        TEST(test_the_end_of_a_table_study),
        TEST(test_the_end_without_a_network),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
