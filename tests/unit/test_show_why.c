#include "tests/unit/check.h"
#include "tests/unit/show_fixture.h"

static Layernas__WhyStep step_of(char *outcome, Layernas__Candidate *self)
{
    Layernas__WhyStep step = LAYERNAS__WHY_STEP__INIT;

    step.name = "reduce1";
    step.layer = 1;
    step.option = "mbconv e2 k3 o24 s2";
    step.parent = "0:0";
    step.candidate = self;
    step.outcome = outcome;
    step.bucket = 1;
    step.buckets = 4;
    step.lowest = 868432;
    step.highest = 1094772;
    step.contenders = step.results = 9;
    return step;
}

static Layernas__Why why_of(Layernas__Candidate *candidate, Layernas__WhyStep **steps, size_t n)
{
    Layernas__Why why = LAYERNAS__WHY__INIT;

    why.asked = candidate->arch;
    why.candidate = why.best = why.start = candidate;
    why.verdict = "winner";
    why.pass = 2;
    why.steps = steps;
    why.n_steps = n;
    return why;
}

static void test_steps(void **state)
{
    static const struct {
        const char *outcome, *by;
        uint32_t displaced, contenders, results;
        size_t n_others;
        const char *want;
    } cases[] = {
        { "kept", "", 0, 1, 1, 0, "    kept: it is alone in its bucket" },
        { "kept", "", 0, 9, 1, 0, "    kept; nobody was displaced; 8 of 9 without a result" },
        { "kept", "reward", 1, 9, 9, 1,
          "    kept; displaced 1, less accurate: 1:0 (trial 34, 92.50 %, 0.973 M)" },
        { "kept", "cost", 7, 9, 9, 1,
          "    kept; displaced 7, as accurate, and dearer: 1:0 (trial 34, 92.50 %,\n"
          "    0.973 M), ..." },
        { "displaced", "reward", 0, 9, 9, 1,
          "    displaced by what is more accurate: 1:0 (trial 34, 92.50 %, 0.973 M)" },
        { "displaced", "option order", 0, 9, 9, 1,
          "    displaced by what is as good, and earlier in option order: 1:0 (trial 34,\n"
          "    92.50 %, 0.973 M)" },
        { "pruned", "", 0, 0, 0, 0,
          "    pruned: whatever the layers after it hold, its cost misses the target, or\n"
          "    stays far below it" },
        { "passed over", "", 0, 9, 9, 1, "    passed over: others of its bucket promised more" },
        { "same network", "", 0, 9, 9, 1,
          "    the same network is kept as 1:0 (trial 34, 92.50 %, 0.973 M)" },
        { "no parent", "", 0, 0, 0, 0, "    not among the parents that went on to this layer" },
        { "no result yet", "", 0, 9, 4, 1, "    no result yet; 5 of 9 without a result" },
        { "quarantined", "", 0, 9, 9, 1, "    quarantined" },
    };
    char line[300];
    Layernas__Candidate self = candidate_of("1:1", 987088, 3720);
    Layernas__Candidate other = candidate_of("1:0", 973120, 3700), *others[] = { &other };
    char *reasons[1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const wanted[] = {
            "2   reduce1: mbconv e2 k3 o24 s2 -> 1:1 (trial 34, 93.00 %, 0.987 M)",
            "    (bucket 2 of 4: 0.868 - 1.09 M)", NULL
        };
        Layernas__WhyStep step = step_of((char *)cases[i].outcome, &self), *steps[] = { &step };
        Layernas__Why why = why_of(&self, steps, 1);
        Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WHY, &why);

        step.by = reasons;
        step.n_by = cases[i].n_others;
        for (size_t o = 0; o < step.n_by; o++)
            reasons[o] = (char *)cases[i].by;
        step.displaced = cases[i].displaced;
        step.contenders = cases[i].contenders;
        step.results = cases[i].results;
        step.others = others;
        step.n_others = cases[i].n_others;
        check_shown(cases[i].want, &reply, wanted);
        snprintf(line, sizeof line, "%s\n", cases[i].want);
        check_true(cases[i].want, strstr(shown(&reply), line));
    }
}

/* Each reason once, before those it holds for. */
static void test_reasons(void **state)
{
    static const struct {
        const char *outcome;
        const char *by[3];
        const char *want;
    } cases[] = {
        { "kept",
          { "option order", "reward", "reward" },
          "    kept; displaced 3, as good, and later in option order: 1:2 (trial 34,\n"
          "    93.00 %, 0.987 M); less accurate: 1:0 (trial 34, 92.50 %, 0.973 M), 1:3\n"
          "    (trial 34, 92.00 %, 0.973 M)\n" },
        { "kept",
          { "cost", "cost", "reward" },
          "    kept; displaced 3, as accurate, and dearer: 1:2 (trial 34, 93.00 %,\n"
          "    0.987 M), 1:0 (trial 34, 92.50 %, 0.973 M); less accurate: 1:3 (trial 34,\n"
          "    92.00 %, 0.973 M)\n" },
        { "displaced",
          { "reward", "cost", "option order" },
          "    displaced by what is more accurate: 1:2 (trial 34, 93.00 %, 0.987 M); as\n"
          "    accurate, and cheaper: 1:0 (trial 34, 92.50 %, 0.973 M); as good, and\n"
          "    earlier in option order: 1:3 (trial 34, 92.00 %, 0.973 M)\n" },
    };
    Layernas__Candidate self = candidate_of("1:1", 987088, 3720),
                        a = candidate_of("1:2", 987088, 3720);
    Layernas__Candidate b = candidate_of("1:0", 973120, 3700),
                        c = candidate_of("1:3", 973120, 3680);
    Layernas__Candidate *others[] = { &a, &b, &c };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__WhyStep step = step_of((char *)cases[i].outcome, &self), *steps[] = { &step };
        Layernas__Why why = why_of(&self, steps, 1);
        Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WHY, &why);

        step.others = others;
        step.by = (char **)cases[i].by;
        step.n_others = step.n_by = step.displaced = 3;
        if (!strstr(shown(&reply), cases[i].want))
            fail_msg("%s\nwants\n%s", shown(&reply), cases[i].want);
    }
}

static void test_head(void **state)
{
    static const char *const winner[] = {
        "arch      1:1: 93.00 %, 0.987 M madds, 42.2 k params, trial 34",
        "answer    the winner",
        "pass      2, began with 1:1 (trial 34, 93.00 %, 0.987 M)",
        NULL,
    };
    static const char *const another[] = {
        "arch      0:1: 0.868 M madds, 42.2 k params",
        "          0:2 is the same network",
        "answer    never trained: what leads to it was displaced",
        "best      1:1: 93.00 %, 0.987 M madds, 42.2 k params, trial 34",
        "          the next pass began with 1:1 (trial 34, 93.00 %, 0.987 M)",
        NULL,
    };
    static const struct {
        const char *origin, *text;
    } origins[] = {
        { "anchor", "from      the anchor: the default made to fit the target" },
        { "sample", "from      the random sample that guided search begins with" },
        { "forecast", "from      a forecast: what a pass over the regression expected most of" },
        { "layer", "from      layer stage1.keep of pass 2" },
    };
    static const char *const nobody[] = { "no trial inside the target is done yet", NULL };
    Layernas__Candidate best = candidate_of("1:1", 987088, 3720);
    Layernas__Candidate never = candidate_of("0:1", 868432, 0);
    Layernas__Why why = why_of(&best, NULL, 0), nothing = LAYERNAS__WHY__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WHY, &why);

    (void)state;
    check_shown("the winner", &reply, winner);
    never.trial = never.total = 0;
    why.candidate = &never;
    why.asked = "0:2";
    why.verdict = "displaced";
    why.next = &best;
    check_shown("another", &reply, another);
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        const char *wanted[] = { origins[i].text, NULL };

        why.origin = (char *)origins[i].origin;
        why.origin_pass = 2;
        why.origin_layer = "stage1.keep";
        check_shown(origins[i].origin, &reply, wanted);
    }
    reply.why = &nothing;
    check_shown("nobody", &reply, nobody);
}

static void test_counts(void **state)
{
    static const char *const wanted[] = {
        "all children of pass 2",
        "layer             all  pruned  passed  known  trials  failed  kept  displaced",
        "2 stage2.keep.12  123      10       3     10     100       1     4         95",
        NULL,
    };
    Layernas__Candidate best = candidate_of("1:1", 987088, 3720);
    Layernas__Why why = why_of(&best, NULL, 0);
    Layernas__Layer layer = LAYERNAS__LAYER__INIT, *layers[] = { &layer };
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WHY, &why);

    (void)state;
    layer.layer = 1;
    layer.name = "stage2.keep.12";
    layer.children = 123;
    layer.dropped = 10;
    layer.passed_over = 3;
    layer.duplicates = 4;
    layer.known = 6;
    layer.trials = 100;
    layer.quarantined = 1;
    layer.kept = 4;
    layer.displaced = 95;
    why.layers = layers;
    why.n_layers = 1;
    check_shown("counts", &reply, wanted);
}

/* 64 layers, names and numbers as long as they get, and what a coordinator may leave out. */
static void test_large_things_fit_80_columns(void **state)
{
    char arch[300] = "12";
    Layernas__Candidate candidate = candidate_of(arch, INT64_C(220119690000), 4000);
    Layernas__Candidate *others[] = { &candidate, &candidate, &candidate };
    Layernas__WhyStep step = step_of("displaced", &candidate), bare = LAYERNAS__WHY_STEP__INIT;
    Layernas__WhyStep *steps[] = { &step, &bare };
    Layernas__Why why = why_of(&candidate, steps, 2);
    Layernas__Layer layer = LAYERNAS__LAYER__INIT, *layers[] = { &layer };
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_WHY, &why);
    char *reasons[] = { "reward", "cost", "option order" };
    const char *text;

    (void)state;
    for (int i = 1; i < 64; i++)
        strcat(arch, ":12");
    step.name = layer.name = "a-layer-with-an-uncommonly-long-name";
    step.option = "an-option-with-a-name-that-is-longer-than-any-option-needs-to-be, one would say";
    step.by = reasons;
    step.n_by = 3;
    step.others = others;
    step.n_others = 3;
    why.next = &candidate;
    why.verdict = "a verdict of a later coordinator";
    why.layers = layers;
    why.n_layers = 1;
    layer.children = layer.trials = layer.displaced = 262144;
    text = shown(&reply);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > 80 && !strstr(line, ":12:12"))
            fail_msg("wider than 80 columns: %.*s", (int)strcspn(line, "\n"), line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_large_things_fit_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
