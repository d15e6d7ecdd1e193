#include "coordinator/compare/findings.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "common/json_print.h"
#include "common/print.h"
#include "coordinator/status/results_file.h"

static int compute_at(struct findings *findings, uint32_t c, uint32_t b)
{
    const struct contest *contest = findings->contest;
    const struct contestant *contestants = contest->contestants;
    uint32_t trials = findings->budgets[b];
    int rc = statistics_after(contest, &contestants[c], trials, &findings->at[c][b]);

    return rc < 0 ? rc
                  : statistics_paired(contest, &contestants[0], &contestants[c], trials,
                                      &findings->against[c][b]);
}

static int compute_wall_clock(const struct findings *findings, const struct contestant *contestant,
                              struct wall_clock *clock)
{
    const struct contest *contest = findings->contest;
    int rc = 0;

    for (uint32_t g = 0; rc == 0 && g < findings->n_gaps; g++)
        rc = statistics_time_to(contest, contestant, findings->gaps[g], &clock->time_to[g]);
    clock->length = statistics_length(contest, contestant);
    clock->busy = statistics_busy(contest, contestant);
    clock->useful = statistics_useful(contest, contestant);
    clock->doubled = statistics_doubled(contest, contestant);
    return rc;
}

int findings_compute(struct findings *findings)
{
    const struct contest *contest = findings->contest;
    int rc = 0;

    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        const struct contestant *contestant = &contest->contestants[c];

        findings->distinct[c] = contest_distinct(contest, contestant);
        for (uint32_t b = 0; rc == 0 && b < findings->n_budgets; b++)
            rc = compute_at(findings, c, b);
        for (uint32_t g = 0; rc == 0 && g < findings->n_gaps; g++)
            rc = statistics_trials_to(contest, contestant, findings->gaps[g],
                                      &findings->trials_to[c][g]);
        if (rc == 0 && contest->workers.n > 0)
            rc = compute_wall_clock(findings, contestant, &findings->wall_clock[c]);
    }
    return rc;
}

/* ---- text ---- */

static void print_best(const struct findings *findings, FILE *out)
{
    const struct contest *contest = findings->contest;
    const struct benchmark *benchmark = contest->benchmark;
    char feasible[PRINT_NUMBER_SIZE], all[PRINT_NUMBER_SIZE];

    if (benchmark->surrogate) {
        fprintf(out, "%s: %.2g architectures; the best that a run has found: %.4f %%\n",
                findings->study->name, space_size(findings->study->space), contest->best_reward[0]);
        return;
    }
    fprintf(out, "%s: %s of %s architectures meet the target\n", findings->study->name,
            print_grouped(benchmark->n_feasible, feasible), print_grouped(benchmark->n, all));
    fprintf(out, "best possible: reward %.4f %%, report (%s) %.4f %%\n", contest->best_reward[0],
            benchmark->report_column, contest->best_report);
}

static void print_head(const struct findings *findings, FILE *out)
{
    print_best(findings, out);
    fprintf(out, "%u runs each; report of the best by reward, in %%; quartiles over the runs;\n",
            findings->contest->n_runs);
    fprintf(out, "regret: mean gap of the reward to the best; opt: runs that have found it\n\n");
}

/* Of the longest, up to what fits 80 columns. */
static int label_width(const struct findings *findings)
{
    enum { MOST = 19 };
    size_t width = strlen("strategy");

    for (uint32_t c = 0; c < findings->contest->n_contestants; c++) {
        size_t length = strlen(findings->contest->contestants[c].label);

        if (length > width)
            width = length;
    }
    return width < MOST ? (int)width : MOST;
}

/* label as a row has it, as wide as all of them; returns text. */
static const char *in_column(const struct findings *findings, const char *label,
                             char text[CONTEST_LABEL_SIZE])
{
    int width = label_width(findings);

    snprintf(text, CONTEST_LABEL_SIZE, "%-*.*s", width, width, label);
    return text;
}

static void print_row(const struct findings *findings, uint32_t c, uint32_t b, FILE *out)
{
    const struct statistics *s = &findings->at[c][b];
    char label[CONTEST_LABEL_SIZE];

    fprintf(out, "%6u %s %8.3f %6.3f %7.3f %7.3f %7.3f %7.3f %4u\n", findings->budgets[b],
            in_column(findings, findings->contest->contestants[c].label, label), s->mean, s->std,
            s->q25, s->median, s->q75, s->regret_reward, s->optimum);
}

static void print_gaps(const struct findings *findings, FILE *out)
{
    char label[CONTEST_LABEL_SIZE];

    fputs(in_column(findings, "strategy", label), out);
    for (uint32_t g = 0; g < findings->n_gaps; g++)
        fprintf(out, " %6g", findings->gaps[g]);
}

static void print_reach(const struct findings *findings, FILE *out)
{
    const struct contest *contest = findings->contest;
    char label[CONTEST_LABEL_SIZE];

    fprintf(out,
            "\ntrials until half of the runs have a reward within so many points of the best\n");
    print_gaps(findings, out);
    fputc('\n', out);
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        fputs(in_column(findings, contest->contestants[c].label, label), out);
        for (uint32_t g = 0; g < findings->n_gaps; g++)
            if (findings->trials_to[c][g] > 0)
                fprintf(out, " %6u", findings->trials_to[c][g]);
            else
                fprintf(out, " %6s", "-");
        fputc('\n', out);
    }
}

static void print_wall_clock(const struct findings *findings, FILE *out)
{
    const struct contest *contest = findings->contest;
    char label[CONTEST_LABEL_SIZE];

    fprintf(out, "\ntime until then, and until all is done, on %u workers; %s\n",
            contest->workers.n,
            contest->benchmark->seconds ? "in seconds" : "1: a training at the limit");
    print_gaps(findings, out);
    fprintf(out, " %7s %6s %6s\n", "all", "busy", "useful");
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        const struct wall_clock *clock = &findings->wall_clock[c];

        fputs(in_column(findings, contest->contestants[c].label, label), out);
        for (uint32_t g = 0; g < findings->n_gaps; g++)
            if (isfinite(clock->time_to[g]))
                fprintf(out, " %6.*f", clock->time_to[g] < 1000, clock->time_to[g]);
            else
                fprintf(out, " %6s", "-");
        fprintf(out, " %7.*f %4.0f %% %4.0f %%\n", clock->length < 10000, clock->length,
                100 * clock->busy, 100 * clock->useful);
    }
}

static void print_against(const struct findings *findings, FILE *out)
{
    const struct contest *contest = findings->contest;
    char label[CONTEST_LABEL_SIZE];

    fprintf(out,
            "\n%.40s against each, reward run by run; +-: standard error; p: Wilcoxon\n"
            "%6s %s %11s %7s %7s %7s %7s %9s\n",
            contest->contestants[0].label, "trials", in_column(findings, "against", label),
            "points more", "+-", "better", "equal", "worse", "p");
    for (uint32_t b = 0; b < findings->n_budgets; b++) {
        if (b > 0)
            fputc('\n', out);
        for (uint32_t c = 1; c < contest->n_contestants; c++) {
            const struct paired *paired = &findings->against[c][b];

            fprintf(out, "%6u %s %+11.3f %7.3f %7u %7u %7u %9.2g\n", findings->budgets[b],
                    in_column(findings, contest->contestants[c].label, label), paired->difference,
                    paired->error, paired->better, paired->equal, paired->worse, paired->p);
        }
    }
}

void findings_print(const struct findings *findings, FILE *out)
{
    uint32_t n_runs = findings->contest->n_runs;
    char label[CONTEST_LABEL_SIZE];

    print_head(findings, out);
    fprintf(out, "%6s %s %8s %6s %7s %7s %7s %7s %4s\n", "trials",
            in_column(findings, "strategy", label), "mean", "std", "q25", "median", "q75", "regret",
            "opt");
    for (uint32_t b = 0; b < findings->n_budgets; b++) {
        if (b > 0)
            fputc('\n', out);
        for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
            print_row(findings, c, b, out);
    }
    print_reach(findings, out);
    if (findings->contest->workers.n > 0)
        print_wall_clock(findings, out);
    if (findings->contest->n_contestants > 1 && n_runs > 1)
        print_against(findings, out);
    fputc('\n', out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        if (findings->distinct[c] < n_runs)
            fprintf(out, "%s: %u distinct of %u runs\n", findings->contest->contestants[c].label,
                    findings->distinct[c], n_runs);
}

/* ---- CSV ---- */

int findings_write_summary(FILE *out, const void *arg)
{
    const struct findings *findings = arg;

    fputs("strategy,trials,runs,distinct_runs,mean,std,q25,median,q75,best,regret_reward,"
          "regret_report,first_more,first_error,first_better,first_equal,first_worse,first_p\n",
          out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t b = 0; b < findings->n_budgets; b++) {
            const struct statistics *s = &findings->at[c][b];
            const struct paired *paired = &findings->against[c][b];

            results_csv_text(out, findings->contest->contestants[c].label);
            fprintf(out, ",%u,%u,%u,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f", findings->budgets[b],
                    findings->contest->n_runs, findings->distinct[c], s->mean, s->std, s->q25,
                    s->median, s->q75, s->best, s->regret_reward, s->regret_report);
            fprintf(out, ",%.6f,%.6f,%u,%u,%u,%.3g\n", paired->difference, paired->error,
                    paired->better, paired->equal, paired->worse, paired->p);
        }
    return 0;
}

int findings_write_reach(FILE *out, const void *arg)
{
    const struct findings *findings = arg;

    /* No number: half of the runs never were so near. */
    fputs("strategy,gap,trials,time\n", out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t g = 0; g < findings->n_gaps; g++) {
            results_csv_text(out, findings->contest->contestants[c].label);
            fprintf(out, ",%g,", findings->gaps[g]);
            if (findings->trials_to[c][g] > 0)
                fprintf(out, "%u", findings->trials_to[c][g]);
            fputc(',', out);
            if (findings->contest->workers.n > 0 && findings->trials_to[c][g] > 0)
                fprintf(out, "%.6g", findings->wall_clock[c].time_to[g]);
            fputc('\n', out);
        }
    return 0;
}

static void write_run(const struct contestant *contestant, uint32_t r, uint32_t trials, FILE *out)
{
    const struct run *run = &contestant->runs[r];
    uint32_t index = run->best[trials - 1];
    char text[ARCH_TEXT_SIZE] = "";

    if (index != NOTHING_FOUND)
        arch_format(&run->finds[index].arch, text);
    results_csv_text(out, contestant->label);
    fprintf(out, ",%u,%" PRIu64 ",%u,%u,%s,", r, run->seed, trials,
            trials < run->trials ? trials : run->trials, text);
    if (index != NOTHING_FOUND)
        fprintf(out, "%" PRId64 ",%.6f,%.6f", run->finds[index].cost, run_reward(run, trials),
                run_report(run, trials));
    else
        fputs(",,", out);
    fputc('\n', out);
}

int findings_write_runs(FILE *out, const void *arg)
{
    const struct findings *findings = arg;

    fputs("strategy,run,seed,trials,trials_made,arch,cost,reward,report\n", out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t b = 0; b < findings->n_budgets; b++)
            for (uint32_t r = 0; r < findings->contest->n_runs; r++)
                write_run(&findings->contest->contestants[c], r, findings->budgets[b], out);
    return 0;
}

/* As a study's trials.csv has them. */
static void write_trials(const struct contestant *contestant, uint32_t r, FILE *out)
{
    const struct run *run = &contestant->runs[r];
    char text[ARCH_TEXT_SIZE];

    for (uint32_t t = 0; t < run->trials; t++) {
        const struct find *made = &run->made[t];

        results_csv_text(out, contestant->label);
        fprintf(out, ",%u,%" PRIu64 ",%u,%s,%" PRId64 ",", r, run->seed, t + 1,
                arch_format(&made->arch, text), made->cost);
        if (!isnan(made->reward))
            fprintf(out, "%.6f", made->reward);
        fputc('\n', out);
    }
}

int findings_write_trials(FILE *out, const void *arg)
{
    const struct findings *findings = arg;

    fputs("strategy,run,seed,number,arch,cost,reward\n", out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t r = 0; r < findings->contest->n_runs; r++)
            write_trials(&findings->contest->contestants[c], r, out);
    return 0;
}

/* ---- JSON ---- */

static json_t *row_json(const struct findings *findings, uint32_t c, uint32_t b)
{
    const struct statistics *s = &findings->at[c][b];
    const struct paired *paired = &findings->against[c][b];

    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I,"
                     " s:{s:f, s:f, s:I, s:I, s:I, s:f}}",
                     "strategy", findings->contest->contestants[c].label, "trials",
                     (json_int_t)findings->budgets[b], "runs",
                     (json_int_t)findings->contest->n_runs, "distinct_runs",
                     (json_int_t)findings->distinct[c], "mean", s->mean, "std", s->std, "q25",
                     s->q25, "median", s->median, "q75", s->q75, "best", s->best, "regret_reward",
                     s->regret_reward, "regret_report", s->regret_report, "optimum_runs",
                     (json_int_t)s->optimum, "first_against", "points_more", paired->difference,
                     "error", paired->error, "better", (json_int_t)paired->better, "equal",
                     (json_int_t)paired->equal, "worse", (json_int_t)paired->worse, "p", paired->p);
}

static json_t *wall_clock_json(const struct findings *findings, uint32_t c)
{
    const struct wall_clock *clock = &findings->wall_clock[c];
    json_t *times = json_array();

    for (uint32_t g = 0; g < findings->n_gaps; g++)
        json_array_append_new(times, isfinite(clock->time_to[g]) ? json_real(clock->time_to[g])
                                                                 : json_null());
    return json_pack("{s:s, s:o, s:f, s:f, s:f, s:f}", "strategy",
                     findings->contest->contestants[c].label, "time_to", times, "length",
                     clock->length, "busy", clock->busy, "useful", clock->useful, "doubled",
                     clock->doubled);
}

static json_t *reach_json(const struct findings *findings, uint32_t c, uint32_t g)
{
    uint32_t trials = findings->trials_to[c][g];

    return json_pack("{s:s, s:f, s:o}", "strategy", findings->contest->contestants[c].label, "gap",
                     findings->gaps[g], "trials", trials > 0 ? json_integer(trials) : json_null());
}

int findings_print_json(const struct findings *findings, FILE *out)
{
    const struct benchmark *benchmark = findings->contest->benchmark;
    json_t *rows = json_array(), *reach = json_array(), *clocks = json_array(), *root;
    int rc = 0;

    for (uint32_t c = 0; c < findings->contest->n_contestants; c++) {
        for (uint32_t b = 0; b < findings->n_budgets; b++)
            rc |= json_array_append_new(rows, row_json(findings, c, b));
        for (uint32_t g = 0; g < findings->n_gaps; g++)
            rc |= json_array_append_new(reach, reach_json(findings, c, g));
        if (findings->contest->workers.n > 0)
            rc |= json_array_append_new(clocks, wall_clock_json(findings, c));
    }
    root = json_pack(
        "{s:s, s:f, s:o, s:f, s:f, s:o, s:o, s:I, s:o}", "study", findings->study->name,
        "architectures", space_size(findings->study->space), "in_target",
        benchmark->n_feasible ? json_integer((json_int_t)benchmark->n_feasible) : json_null(),
        "best_reward", findings->contest->best_reward[0], "best_report",
        findings->contest->best_report, "summary", rows, "reach", reach, "workers",
        (json_int_t)findings->contest->workers.n, "wall_clock", clocks);
    return json_print(root, 10, out) < 0 || rc < 0 ? -ENOMEM : 0;
}
