#include "tests/unit/check.h"
#include "tests/unit/show_fixture.h"

#include <stdlib.h>

#include "coordinator/status/show/reply.h"

static Layernas__Spread spread_of(uint32_t least, double median, uint32_t most)
{
    Layernas__Spread spread = LAYERNAS__SPREAD__INIT;

    spread.least = least;
    spread.median = median;
    spread.most = most;
    return spread;
}

static Layernas__LayerDiagnosis layer_of(uint32_t number, char *name)
{
    Layernas__LayerDiagnosis layer = LAYERNAS__LAYER_DIAGNOSIS__INIT;

    layer.pass = 1;
    layer.layer = number - 1;
    layer.name = name;
    layer.buckets = 4;
    layer.used = layer.filled = 3;
    return layer;
}

static void test_tables(void **state)
{
    static const char *const wanted[] = {
        "state     done: trial cap reached",
        "trials    1,234 done; the cap is 2,000, the bound known before the first one",
        "          1,800",
        "a layer: buckets filled; in a bucket: least, median, most; whose best descends",
        "pass  layer                filled  contenders  trained  passed over  descend",
        "   1  1 stage1.down        3 of 4           -        -            -  -",
        "   1  12 stage12.ke...  3 of 2000   1, 2.5, 9  0, 2, 4   0, 0.5, 13  2 of 3",
        "the last 2 of 7; --last N shows more, --all shows all",
        "descent   in 2 of 3 buckets the best that the study trained, in whatever pass,",
        "          descends from a kept parent; the best that does is 0.25 points below,",
        "          in the mean. Of other buckets nothing else was trained",
        NULL,
    };
    static const char *const too_many[] = {
        "descent   not compared: over 2,000 trials take too long while the study runs; up",
        "          to 200,000 of them are when it ends or is stopped, in the results",
        "          directory",
        NULL,
    };
    static const char *const nothing_else[] = {
        "descent   nothing was trained that is no child of these tables: not to be told",
        NULL,
    };
    static const char *const none[] = {
        "tables    none; this search has opened no layer",
        NULL,
    };
    Layernas__LayerDiagnosis first = layer_of(1, "stage1.down");
    Layernas__LayerDiagnosis second = layer_of(12, "stage12.keep.longer"),
                             *layers[] = { &first, &second };
    Layernas__Spread contenders = spread_of(1, 2.5, 9), results = spread_of(0, 2, 4);
    Layernas__Spread passed_over = spread_of(0, 0.5, 13);
    Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);

    (void)state;
    second.buckets = 2000;
    second.contenders = &contenders;
    second.results = &results;
    second.passed_over = &passed_over;
    second.compared = 3;
    second.descend = second.reached = 2;
    second.lost = 0.25;
    diagnosis.state = "done";
    diagnosis.note = "trial cap reached";
    diagnosis.done = 1234;
    diagnosis.cap = 2000;
    diagnosis.bound = 1800;
    diagnosis.layers = layers;
    diagnosis.n_layers = 2;
    diagnosis.total = 7;
    check_shown("two layers", &reply, wanted);
    second.compared = second.descend = second.reached = 0;
    second.lost = 0;
    check_shown("no other trial", &reply, nothing_else);
    diagnosis.uncompared = true;
    check_shown("too many trials", &reply, too_many);
    diagnosis.n_layers = 0;
    check_shown("no layer", &reply, none);
}

/* ---- short and full training ---- */

enum { ROWS = 6 };

/* n rows, retrained as given and searched in that order too but for the first, which comes last. */
static void check_agreement(const char *name, size_t n, double chance, bool correlated,
                            const char *const *wanted)
{
    Layernas__Candidate candidates[ROWS];
    Layernas__Finalist rows[ROWS], *list[ROWS];
    Layernas__Agreement agreement = LAYERNAS__AGREEMENT__INIT;
    Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);

    for (size_t i = 0; i < n; i++) {
        candidates[i] = candidate_of("1:4:1:2", 987088, i == 0 ? 3500 : 3720 - (uint32_t)i);
        rows[i] = (Layernas__Finalist)LAYERNAS__FINALIST__INIT;
        rows[i].candidate = &candidates[i];
        rows[i].seeds = 2;
        rows[i].final_percent = 95 - (double)i;
        rows[i].final_place = (double)i + 1;
        rows[i].search_place = i == 0 ? (double)n : (double)i;
        list[i] = &rows[i];
    }
    agreement.finalists = 6;
    agreement.rows = list;
    agreement.n_rows = agreement.total = n;
    agreement.pairs = n * (n - 1) / 2;
    agreement.tau_b = 0.3333;
    agreement.spearman = 0.5;
    agreement.chance = chance;
    agreement.correlated = correlated;
    diagnosis.agreement = &agreement;
    check_shown(name, &reply, wanted);
}

static void test_agreement(void **state)
{
    static const char *const enough[] = {
        "agreement Kendall's tau-b 0.33, Spearman's rho 0.50 between search and full",
        "          training, over 6 architectures, 15 pairs; orders without relation come",
        "          as far in 1.2 % of cases",
        "top       the best when retrained had place 6 in the search; the best of the",
        "          search has place 2, 1.00 points below",
        "range     5.47 points from first to last in the search, 5.00 when retrained; the",
        "          standard error of one result is 0.52, by its 4,000 images",
        "place  top-1 %  seeds  search place  search %  trial  arch",
        "    1    95.00      2             6     87.50     34  1:4:1:2",
        NULL,
    };
    static const char *const chance[] = {
        "          as far in 27 % of cases: no more than chance may do",
        NULL,
    };
    static const char *const too_few[] = {
        "          as far in 8.3 % of cases: too few architectures to tell",
        NULL,
    };
    static const char *const two[] = {
        "          as far in 100 % of cases: too few architectures to tell",
        NULL,
    };
    static const char *const one[] = {
        "agreement 1 architecture: too few to have an order",
        NULL,
    };
    static const char *const equal[] = {
        "agreement 2 architectures, all equal in the search or when retrained: no order",
        NULL,
    };

    (void)state;
    check_agreement("enough", 6, 0.012, true, enough);
    check_agreement("by chance", 6, 0.27, true, chance);
    check_agreement("too few", 4, 0.083, true, too_few);
    check_agreement("two", 2, 1, true, two);
    check_agreement("one", 1, 1, false, one);
    check_agreement("equal", 2, 1, false, equal);
}

static void test_no_agreement(void **state)
{
    static const char *const none[] = {
        "agreement the study has no final stage to hold the search against",
        NULL,
    };
    static const char *const not_yet[] = {
        "agreement none of 6 finalists is retrained yet",
        NULL,
    };
    static const char *const a_table[] = {
        "          as far in 0.28 % of cases: the same numbers in both, which says",
        "          nothing",
        NULL,
    };
    Layernas__Candidate candidate = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Finalist row = LAYERNAS__FINALIST__INIT, *rows[] = { &row, &row };
    Layernas__Agreement agreement = LAYERNAS__AGREEMENT__INIT;
    Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);

    (void)state;
    diagnosis.agreement = &agreement;
    check_shown("no final stage", &reply, none);
    agreement.finalists = 6;
    check_shown("before it", &reply, not_yet);
    row.candidate = &candidate;
    row.final_percent = 93;
    agreement.rows = rows;
    agreement.n_rows = agreement.total = 2;
    agreement.correlated = true;
    agreement.tau_b = agreement.spearman = 1;
    agreement.chance = 0.0028;
    check_shown("a table", &reply, a_table);
}

/* ---- the winner ---- */

static void test_winner(void **state)
{
    static const char *const wanted[] = {
        "winner    1:4:1:2: 93.00 %, 0.987 M madds, 42.2 k params, trial 34; pass 2",
        "          brought it up",
        "layer      parent  trial  top-1 %  bucket  rank in it  option",
        "1 first        12     34    93.00  2 of 4      1 of 9  mbconv e2 k3",
        "2 reduce1      34      -        -       -      pruned  skip",
        NULL,
    };
    static const char *const nobody[] = {
        "winner    no trial inside the target is done yet",
        NULL,
    };
    Layernas__Candidate winner = candidate_of("1:4:1:2", 987088, 3720), start = winner;
    Layernas__WhyStep first = LAYERNAS__WHY_STEP__INIT, second = LAYERNAS__WHY_STEP__INIT;
    Layernas__WhyStep *steps[] = { &first, &second };
    Layernas__Why why = LAYERNAS__WHY__INIT;
    Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);

    (void)state;
    start.trial = 12;
    first.name = "first";
    first.option = "mbconv e2 k3";
    first.candidate = &winner;
    first.bucket = first.rank = 1;
    first.buckets = 4;
    first.results = 9;
    second.layer = 1;
    second.name = "reduce1";
    second.option = "skip";
    second.outcome = "pruned";
    why.verdict = "winner";
    why.candidate = &winner;
    why.start = &start;
    why.pass = 2;
    why.steps = steps;
    why.n_steps = 2;
    diagnosis.winner = &why;
    check_shown("a winner", &reply, wanted);
    why = (Layernas__Why)LAYERNAS__WHY__INIT;
    check_shown("nobody", &reply, nobody);
}

/* ---- from outside, and for programs ---- */

static void test_json(void **state)
{
    Layernas__Agreement agreement = LAYERNAS__AGREEMENT__INIT;
    Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);
    json_t *json;

    (void)state;
    diagnosis.agreement = &agreement;
    json = reply_json(&reply);
    check_true("no correlation",
               json_is_null(json_object_get(json_object_get(json, "agreement"), "tau_b")));
    check_true("no winner", json_is_null(json_object_get(json, "winner")));
    json_decref(json);
    agreement.correlated = true;
    agreement.tau_b = -0.25;
    json = reply_json(&reply);
    check_true("a correlation", json_real_value(json_object_get(json_object_get(json, "agreement"),
                                                                "tau_b")) == -0.25);
    json_decref(json);
}

static void test_impossible(void **state)
{
    static const struct {
        const char *name;
        double tau_b, chance, percent;
        uint32_t filled, descend;
        const char *error;
    } cases[] = {
        { "possible", -1, 1, 100, 3, 2, "" },
        { "tau above one", 1.1, 0, 0, 0, 0, "malformed answer: more than all in Agreement" },
        { "a chance below 0", 0, -1, 0, 0, 0, "malformed answer: more than all in Agreement" },
        { "over 100 %", 0, 0, 101, 0, 0, "malformed answer: more than all in Finalist" },
        { "more filled than used", 0, 0, 0, 4, 0,
          "malformed answer: more than all in LayerDiagnosis" },
        { "more descend than compared", 0, 0, 0, 0, 3,
          "malformed answer: more than all in LayerDiagnosis" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__LayerDiagnosis layer = layer_of(1, "first"), *layers[] = { &layer };
        Layernas__Finalist row = LAYERNAS__FINALIST__INIT, *rows[] = { &row };
        Layernas__Agreement agreement = LAYERNAS__AGREEMENT__INIT;
        Layernas__Diagnosis diagnosis = LAYERNAS__DIAGNOSIS__INIT;
        Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS, &diagnosis);
        Layernas__StatusReply *back = NULL;
        struct errmsg err = { "" };
        uint8_t bytes[512];

        row.final_percent = cases[i].percent;
        agreement.rows = rows;
        agreement.n_rows = 1;
        agreement.tau_b = cases[i].tau_b;
        agreement.chance = cases[i].chance;
        layer.filled = cases[i].filled;
        layer.compared = layer.reached = 2;
        layer.descend = cases[i].descend;
        diagnosis.layers = layers;
        diagnosis.n_layers = 1;
        diagnosis.agreement = &agreement;
        reply_unpack(bytes, layernas__status_reply__pack(&reply, bytes), &back, &err);
        check_string_equal(cases[i].name, err.text, cases[i].error);
        check_int_equal(cases[i].name, back != NULL, !*cases[i].error);
        layernas__status_reply__free_unpacked(back, NULL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),       cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_no_agreement), cmocka_unit_test(test_winner),
        cmocka_unit_test(test_json),         cmocka_unit_test(test_impossible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
