#include "coordinator/compare/findings.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "common/print.h"
#include "coordinator/status/results_file.h"

int findings_compute(struct findings *findings)
{
    const struct contest *contest = findings->contest;
    int rc = 0;

    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        const struct contestant *contestant = &contest->contestants[c];

        findings->distinct[c] = contest_distinct(contest, contestant);
        for (uint32_t b = 0; rc == 0 && b < findings->n_budgets; b++)
            rc = statistics_after(contest, contestant, findings->budgets[b], &findings->at[c][b]);
    }
    return rc;
}

/* ---- text ---- */

static void print_head(const struct findings *findings, FILE *out)
{
    const struct benchmark *benchmark = findings->contest->benchmark;
    const struct evaluation *evaluation = &findings->study->evaluation;
    const char *report = evaluation->table.report_column;
    char feasible[PRINT_NUMBER_SIZE], all[PRINT_NUMBER_SIZE];

    fprintf(out, "%s: %s of %s architectures meet the target\n", findings->study->name,
            print_grouped(benchmark->n_feasible, feasible), print_grouped(benchmark->n, all));
    fprintf(out, "best possible: reward %.4f %%, report (%s) %.4f %%\n", benchmark->best_reward[0],
            *report ? report : evaluation->table.reward_column, benchmark->best_report);
    fprintf(out, "%u runs each; report of the best by reward, in %%; quartiles over the runs;\n",
            findings->contest->n_runs);
    fprintf(out, "regret: mean gap of the reward to the best; opt: runs that have found it\n\n");
}

static void print_row(const struct findings *findings, uint32_t c, uint32_t b, FILE *out)
{
    const struct statistics *s = &findings->at[c][b];

    fprintf(out, "%6u %-15.15s %8.3f %6.3f %7.3f %7.3f %7.3f %7.3f %4u\n", findings->budgets[b],
            findings->contest->contestants[c].label, s->mean, s->std, s->q25, s->median, s->q75,
            s->regret_reward, s->optimum);
}

void findings_print(const struct findings *findings, FILE *out)
{
    uint32_t n_runs = findings->contest->n_runs;

    print_head(findings, out);
    fprintf(out, "%6s %-15s %8s %6s %7s %7s %7s %7s %4s\n", "trials", "strategy", "mean", "std",
            "q25", "median", "q75", "regret", "opt");
    for (uint32_t b = 0; b < findings->n_budgets; b++) {
        if (b > 0)
            fputc('\n', out);
        for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
            print_row(findings, c, b, out);
    }
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
          "regret_report\n",
          out);
    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t b = 0; b < findings->n_budgets; b++) {
            const struct statistics *s = &findings->at[c][b];

            results_csv_text(out, findings->contest->contestants[c].label);
            fprintf(out, ",%u,%u,%u,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f\n",
                    findings->budgets[b], findings->contest->n_runs, findings->distinct[c], s->mean,
                    s->std, s->q25, s->median, s->q75, s->best, s->regret_reward, s->regret_report);
        }
    return 0;
}

static void write_run(const struct findings *findings, const struct contestant *contestant,
                      uint32_t r, uint32_t trials, FILE *out)
{
    const struct run *run = &contestant->runs[r];
    uint32_t index = run->best[trials - 1];
    char text[ARCH_TEXT_SIZE] = "";

    if (index != NOTHING_FOUND) {
        struct arch arch = benchmark_arch(findings->study->space, index);

        arch_format(&arch, text);
    }
    results_csv_text(out, contestant->label);
    fprintf(out, ",%u,%" PRIu64 ",%u,%u,%s,", r, run->seed, trials,
            trials < run->trials ? trials : run->trials, text);
    if (index != NOTHING_FOUND)
        fprintf(out, "%" PRId64 ",%.6f,%.6f", findings->contest->benchmark->cost[index],
                run_reward(findings->contest, run, trials),
                run_report(findings->contest, run, trials));
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
                write_run(findings, &findings->contest->contestants[c], r, findings->budgets[b],
                          out);
    return 0;
}

/* ---- JSON ---- */

static json_t *row_json(const struct findings *findings, uint32_t c, uint32_t b)
{
    const struct statistics *s = &findings->at[c][b];

    return json_pack(
        "{s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "strategy",
        findings->contest->contestants[c].label, "trials", (json_int_t)findings->budgets[b], "runs",
        (json_int_t)findings->contest->n_runs, "distinct_runs", (json_int_t)findings->distinct[c],
        "mean", s->mean, "std", s->std, "q25", s->q25, "median", s->median, "q75", s->q75, "best",
        s->best, "regret_reward", s->regret_reward, "regret_report", s->regret_report,
        "optimum_runs", (json_int_t)s->optimum);
}

int findings_print_json(const struct findings *findings, FILE *out)
{
    const struct benchmark *benchmark = findings->contest->benchmark;
    json_t *rows = json_array(), *root;
    int rc = 0;

    for (uint32_t c = 0; c < findings->contest->n_contestants; c++)
        for (uint32_t b = 0; b < findings->n_budgets; b++)
            rc |= json_array_append_new(rows, row_json(findings, c, b));
    root = json_pack("{s:s, s:I, s:I, s:f, s:f, s:o}", "study", findings->study->name,
                     "architectures", (json_int_t)benchmark->n, "in_target",
                     (json_int_t)benchmark->n_feasible, "best_reward", benchmark->best_reward[0],
                     "best_report", benchmark->best_report, "summary", rows);
    if (!root || rc < 0 || json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0)
        rc = -ENOMEM;
    fputc('\n', out);
    json_decref(root);
    return rc < 0 ? -ENOMEM : 0;
}
