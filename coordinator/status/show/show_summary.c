#include <inttypes.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"

static void show_state(FILE *out, const Layernas__Summary *s)
{
    char state[400];

    fprintf(out, "study     %s\n", s->study);
    snprintf(state, sizeof state, "%.60s%s%.300s", s->state, s->note[0] ? ": " : "", s->note);
    print_wrapped(out, "state", SHOW_INDENT, state);
}

static void show_place(FILE *out, const Layernas__Summary *s)
{
    if (s->pass > 0)
        fprintf(out,
                "layer     %.24s, %u of %u in pass %u: %" PRIu64 " of %" PRIu64 " trials done\n",
                s->layer_name, s->layer + 1, s->n_layers, s->pass, s->layer_done, s->layer_trials);
    else
        fprintf(out, "layer     none yet: the first trial is the anchor\n");
}

static void show_progress(FILE *out, const Layernas__Summary *s)
{
    char done[HUMAN_SIZE], bound[HUMAN_SIZE], cap[HUMAN_SIZE], time[HUMAN_SIZE];

    fprintf(out, "progress  %s of at most %s trials done", print_grouped(s->done, done),
            print_grouped(s->bound, bound));
    if (s->bound < s->cap)
        fprintf(out, " (cap %s)", print_grouped(s->cap, cap));
    if (s->bound > 0)
        fprintf(out, ", %.0f %%", 100.0 * (double)s->done / (double)s->bound);
    fputc('\n', out);
    if (s->final_total > 0)
        fprintf(out, "final     %u of %u final trainings done\n", s->final_done, s->final_total);
    fprintf(out, "time      %s", human_duration(s->elapsed_s, time));
    if (s->trials_per_hour > 0)
        fprintf(out, ", %s trials/h", show_rate(s->trials_per_hour, time));
    if (s->eta_s >= 0)
        fprintf(out, ", the search ends in about %s", human_duration(s->eta_s, time));
    fputc('\n', out);
}

static void show_target(FILE *out, const Layernas__Summary *s)
{
    char range[HUMAN_RANGE_SIZE];

    fprintf(out, "target    %s %s\n", human_range(s->target_lowest, s->target_highest, range),
            show_unit(s->metric));
}

static void show_best_line(FILE *out, const Layernas__Summary *s)
{
    char percent[SHOW_TEXT_SIZE], costs[SHOW_TEXT_SIZE];

    if (!s->best) {
        fprintf(out, "best      no trial inside the target is done yet\n");
        return;
    }
    fprintf(out, "best      %s %%, %s, trial %" PRIu64 "\n",
            show_percent(s->best->correct, s->best->total, percent),
            show_costs(s->best, s->metric, costs), s->best->trial);
    fprintf(out, "          %s\n", s->best->arch);
}

static void show_effort(FILE *out, const Layernas__Summary *s)
{
    char slots[HUMAN_SIZE], running[HUMAN_SIZE], ready[HUMAN_SIZE];
    char dropped[HUMAN_SIZE], passed_over[HUMAN_SIZE], saved[HUMAN_SIZE];

    if (s->workers > 0)
        fprintf(out, "workers   %u, slots %s; running %s, waiting %s\n", s->workers,
                print_grouped(s->slots, slots), print_grouped(s->running, running),
                print_grouped(s->ready, ready));
    else
        fprintf(out, "workers   none is connected; %s trials are waiting\n",
                print_grouped(s->ready + s->running, ready));
    if (*s->open_to)
        fprintf(out, "open to   %s; turned away %" PRIu64 "\n", s->open_to, s->turned_away);
    fprintf(out, "spared    %s children pruned by their cost, %s passed over, %s known before\n",
            print_grouped(s->dropped, dropped), print_grouped(s->passed_over, passed_over),
            print_grouped(s->saved, saved));
}

static void show_doubled(FILE *out, const Layernas__Summary *s)
{
    char doubled[HUMAN_SIZE], twice[HUMAN_SIZE];

    if (s->doubled_attempts + s->running_twice > 0)
        fprintf(out, "doubled   %s trials that took long; %s run twice now\n",
                print_grouped(s->doubled_attempts, doubled),
                print_grouped(s->running_twice, twice));
}

static void show_trouble(FILE *out, const Layernas__Summary *s)
{
    fprintf(out,
            "trouble   attempts lost %" PRIu64 ", failed %" PRIu64 "; trials quarantined %" PRIu64
            "; refused %" PRIu64 "\n",
            s->lost_attempts, s->failed_attempts, s->quarantined, s->refused);
    if (s->n_numerics > 1)
        fprintf(out,
                "numerics  mixed: workers of %zu kinds, whose trainings differ in the last "
                "digits\n",
                s->n_numerics);
}

int show_summary(FILE *out, const Layernas__Summary *summary)
{
    show_state(out, summary);
    show_place(out, summary);
    show_progress(out, summary);
    show_best_line(out, summary);
    show_target(out, summary);
    show_effort(out, summary);
    show_doubled(out, summary);
    show_trouble(out, summary);
    fprintf(out, "results   %s\n", summary->results);
    return 0;
}

void show_end_of_study(FILE *out, const Layernas__Summary *summary)
{
    show_state(out, summary);
    show_progress(out, summary);
}
