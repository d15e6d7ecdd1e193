/* Why, the end, and who hears of it, as the status socket tells them. */
#include "tests/unit/check.h"
#include "tests/unit/status_fixture.h"
#include "tests/unit/study_fixture.h"

#include <stdlib.h>

#include "coordinator/status/snapshot.h"
#include "coordinator/status/watchers.h"

static struct study *study;
static struct status_fixture fixture;
static bool watches; /* the last who asked */

static int begin(void **state)
{
    (void)state;
    study = study_fixture_study(training_study, "trials: 20",
                                "trials: 20, sample: 0, forecasts: 0");
    status_fixture_init(&fixture, study, "/var/lib/layernas/tiny");
    return 0;
}

static int end(void **state)
{
    (void)state;
    status_fixture_clear(&fixture);
    study_free(study);
    return 0;
}

static Layernas__StatusReply *ask(char *arch, bool watch)
{
    Layernas__Query query = LAYERNAS__QUERY__INIT;

    query.what = LAYERNAS__QUERY__WHAT__WHY;
    query.arch = arch;
    query.watch = watch;
    return status_fixture_ask(&fixture, &query, &watches);
}

static void done_with(Layernas__StatusReply *reply)
{
    layernas__status_reply__free_unpacked(reply, NULL);
}

static void test_the_winner(void **state)
{
    Layernas__StatusReply *reply;
    const Layernas__Why *why;

    (void)state;
    status_fixture_run(&fixture, 1000);
    reply = ask("", false);
    check_true("does not watch", !watches);
    why = reply->why;
    check_string_equal("verdict", why->verdict, "winner");
    check_string_equal("state", why->state, "done");
    check_true("was proposed by somebody", *why->origin != 0);
    check_int_equal("a layer of a pass, or none", why->origin_pass > 0,
                    strcmp(why->origin, "layer") == 0);
    check_string_equal("the best", why->best->arch, why->candidate->arch);
    check_true("has a reward", why->candidate->total > 0 && why->candidate->trial > 0);
    check_true("inside", why->candidate->in_target);
    check_int_equal("a step for each layer", why->n_steps, 2);
    check_int_equal("counts of both", why->n_layers, 2);
    check_true("began with something", why->start && why->start->arch[0]);
    for (size_t i = 0; i < why->n_steps; i++) {
        const Layernas__WhyStep *step = why->steps[i];

        check_string_equal("kept", step->outcome, "kept");
        check_true("an option", step->option[0]);
        check_true("a parent", step->parent[0]);
        check_true("in its bucket",
                   step->candidate->cost >= step->lowest && step->candidate->cost <= step->highest);
        check_int_equal("who was displaced", step->displaced, step->results - 1);
        for (size_t o = 0; o < step->n_others; o++)
            check_true("was no better", step->others[o]->correct <= step->candidate->correct);
        check_int_equal("and why, each", step->n_by, step->n_others);
        for (size_t o = 0; o < step->n_by; o++)
            check_int_equal("by its reward", strcmp(step->by[o], "reward") == 0,
                            step->others[o]->correct < step->candidate->correct);
    }
    for (size_t i = 0; i < why->n_layers; i++) {
        const Layernas__Layer *layer = why->layers[i];

        check_int_equal("every child has a fate",
                        layer->trials + layer->known + layer->duplicates + layer->dropped +
                            layer->passed_over,
                        layer->children);
        check_int_equal("no cells", layer->n_cells, 0);
    }
    done_with(reply);
}

/* Every child of every layer is answered in a word that fits. */
static void test_all_children(void **state)
{
    const struct campaign *campaign = fixture.coordinator.campaign;
    size_t by_verdict[3] = { 0 };

    (void)state;
    status_fixture_run(&fixture, 1000);
    for (size_t i = 0; i < campaign_n_openings(campaign); i++)
        for (uint32_t c = 0; c < campaign_opening(campaign, i)->n_children; c++) {
            const struct opening_child *child = &campaign_opening(campaign, i)->children[c];
            char text[ARCH_TEXT_SIZE];
            Layernas__StatusReply *reply = ask((char *)arch_format(&child->arch, text), false);
            const Layernas__Why *why = reply->why;
            struct arch canonical;

            assert_int_equal(study_canonical(study, &child->arch, &canonical), 0);
            check_string_equal("asked", why->asked, text);
            check_string_equal("its network", why->candidate->arch, arch_format(&canonical, text));
            check_true("a way", why->n_steps > 0);
            if (child->cost > study->search.target.highest) {
                check_string_equal("too dear", why->verdict, "outside the target");
                by_verdict[0]++;
            } else if (strcmp(why->candidate->arch, why->best->arch) == 0) {
                check_string_equal("the best", why->verdict, "winner");
                by_verdict[1]++;
            } else if (why->candidate->total > 0) {
                check_true("less", strcmp(why->verdict, "less accurate") == 0 ||
                                       strcmp(why->verdict, "not best when retrained") == 0);
                by_verdict[2]++;
            }
            done_with(reply);
        }
    for (int v = 0; v < 3; v++)
        check_true("all kinds were there", by_verdict[v] > 0);
}

static void test_before_anything(void **state)
{
    Layernas__StatusReply *reply = ask("", true);

    (void)state;
    check_true("watches", watches);
    check_true("nobody to speak of", reply->why && !reply->why->candidate);
    done_with(reply);
    reply = ask("0:0", false);
    check_string_equal("never proposed", reply->why->state, "");
    check_int_equal("no step", reply->why->n_steps, 0);
    done_with(reply);
}

static void test_what_is_no_architecture(void **state)
{
    static const struct {
        char *arch;
        const char *error;
    } cases[] = {
        { "what", "\"what\" is no architecture; one option a layer, joined by ':', for 2 layers" },
        { "0", "architecture 0: 1 layers; the space has 2" },
        { "0:99", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__StatusReply *reply = ask(cases[i].arch, false);

        check_true("an error", reply->error[0]);
        check_int_equal("and nothing else", reply->body_case,
                        LAYERNAS__STATUS_REPLY__BODY__NOT_SET);
        if (cases[i].error)
            check_string_equal(cases[i].arch, reply->error, cases[i].error);
        done_with(reply);
    }
}

static void test_the_end(void **state)
{
    Layernas__StatusReply *reply;
    struct bytes packed;

    (void)state;
    status_fixture_run(&fixture, 1000);
    assert_int_equal(snapshot_end(&fixture.coordinator, &packed), 0);
    reply = layernas__status_reply__unpack(NULL, packed.size, packed.data);
    free(packed.data);
    check_int_equal("to no question", reply->id, 0);
    check_int_equal("the end", reply->body_case, LAYERNAS__STATUS_REPLY__BODY_END);
    check_string_equal("done", reply->end->summary->state, "done");
    check_true("with the winner", reply->end->best->winner != NULL);
    done_with(reply);
}

static struct route route_number(uint32_t number)
{
    struct route route = { .size = 4 };

    memcpy(route.bytes, &number, sizeof number);
    return route;
}

static void test_watchers(void **state)
{
    struct watchers *watchers = calloc(1, sizeof *watchers);
    struct route last = route_number(WATCHERS_MAX + 9);
    bool found = false;

    (void)state;
    for (uint32_t i = 0; i < WATCHERS_MAX + 10u; i++) {
        struct route route = route_number(i);

        watchers_add(watchers, &route);
        watchers_add(watchers, &route);
        check_int_equal("once each, and bounded", watchers->n,
                        i < WATCHERS_MAX ? i + 1 : WATCHERS_MAX);
    }
    for (size_t i = 0; i < watchers->n; i++)
        found |= memcmp(&watchers->at[i], &last, sizeof last) == 0;
    check_true("the last who asked", found);
    free(watchers);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_winner),      TEST(test_all_children),
        TEST(test_before_anything), TEST(test_what_is_no_architecture),
        TEST(test_the_end),         cmocka_unit_test(test_watchers),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
