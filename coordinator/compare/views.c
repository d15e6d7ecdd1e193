#include "coordinator/compare/views.h"

#include <errno.h>
#include <math.h>

#include "coordinator/status/plot_run.h"
#include "coordinator/status/results_file.h"

enum { CURVE_POINTS = 80, GAPS = 40 };

/* Told apart by colour (Okabe and Ito), and in black and white by dashes and marks. */
static const char *const colours[] = { "#c0392b", "#0072b2", "#009e73", "#e69f00",
                                       "#7a3e9d", "#56b4e9", "#444444", "#b8860b" };
enum { N_COLOURS = sizeof colours / sizeof *colours };

/* A text in single quotes. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        fprintf(out, *text == '\'' ? "''" : "%c", *text);
    fputc('\'', out);
}

static void write_style(FILE *out, uint32_t c)
{
    fprintf(out,
            "with linespoints linecolor rgb '%s' dashtype %u linewidth 2.5 pointtype %u "
            "pointsize 1.2 pointinterval 8",
            colours[c % N_COLOURS], c % 5 + 1, c % 8 + 4);
}

static void write_title(FILE *out, const struct findings *findings, const char *title, bool reports)
{
    const char *column = findings->contest->benchmark->report_column;
    char text[200], of[80] = "";

    if (reports && *column)
        snprintf(of, sizeof of, " (report: %.60s)", column);
    snprintf(text, sizeof text, "%s: %s%s, %u runs each", findings->study->name, title, of,
             findings->contest->n_runs);
    fputs("set title ", out);
    write_quoted(out, text);
    fputs(" font ',18' noenhanced\n", out);
}

/* reports: y is what the table's column of that name says. */
static void write_layout(FILE *out, const struct findings *findings, const char *name, bool reports,
                         const char *x, const char *y)
{
    fprintf(out, "# Draws %s.png and %s.svg: gnuplot %s.gp\n", name, name, name);
    fputs("if (!exists('suffix')) suffix = ''\n", out);
    write_title(out, findings, name, reports);
    fprintf(out, "set xlabel '%s'\nset ylabel '%s'\n", x, y);
    fputs("set border 3 linecolor rgb '#444444'\n"
          "set tics nomirror out\n"
          "set grid linecolor rgb '#d8d8d8' linetype 1 linewidth 0.6\n"
          "set key outside bottom center horizontal Left reverse samplen 4 height 1 noenhanced\n"
          "set style fill transparent solid 0.15 noborder\n",
          out);
}

/* Before the plot command, and after it. */
static void begin_output(FILE *out, const char *name)
{
    fprintf(out,
            "set terminal pngcairo size 1200,800 font 'DejaVu Sans,16'\n"
            "set output '%s.png'.suffix\n",
            name);
}

static void end_output(FILE *out, const char *name)
{
    fprintf(out,
            "set terminal svg size 900,600 font 'DejaVu Sans,14' dynamic background rgb 'white'\n"
            "set output '%s.svg'.suffix\nreplot\nset output\n",
            name);
}

/* On a logarithmic axis of trials: its lower end and the budgets. */
static void write_tics(FILE *out, const struct findings *findings, const char *axis, uint32_t first)
{
    fprintf(out, "set %stics (%u", axis, first);
    for (uint32_t b = 0; b < findings->n_budgets; b++)
        fprintf(out, ", %u", findings->budgets[b]);
    fputs(")\n", out);
}

/* ---- quality ---- */

/* What the mean is drawn against: trials, or time where there are workers. */
struct axis {
    const char *name, *title;
    double first, last;
    bool is_time;
};

/* The i-th of CURVE_POINTS places, evenly spread on a logarithmic axis from `from` on. */
static double curve_place(const struct axis *axis, double from, uint32_t i)
{
    double place = from * pow(axis->last / from, (double)i / (CURVE_POINTS - 1));

    return i + 1 == CURVE_POINTS ? axis->last : axis->is_time ? place : floor(place);
}

static int write_curve(FILE *out, const struct contest *contest, const struct axis *axis,
                       uint32_t c, double *lowest)
{
    const struct contestant *contestant = &contest->contestants[c];
    double last = 0;
    int rc = 0;

    fprintf(out, "$curve%u << EOD\n", c);
    for (uint32_t i = 0; rc == 0 && i < CURVE_POINTS; i++) {
        double place = curve_place(axis, axis->is_time ? axis->first : 1, i);
        struct statistics s;

        if (place == last)
            continue;
        rc = axis->is_time ? statistics_when(contest, contestant, place, &s)
                           : statistics_after(contest, contestant, (uint32_t)place, &s);
        if (rc == 0)
            fprintf(out, "%.6g %.6g %.6g %.6g\n", place, s.mean, s.q25, s.q75);
        /* The first trials of the worst would leave no room for the rest. */
        if (rc == 0 && place >= (axis->is_time ? axis->last / 20 : axis->first))
            *lowest = fmin(*lowest, s.q25);
        last = place;
    }
    fputs("EOD\n", out);
    return rc;
}

static void plot_curves(FILE *out, const struct contest *contest, double best)
{
    fputs("plot ", out);
    for (uint32_t c = 0; c < contest->n_contestants; c++)
        fprintf(out, "$curve%u using 1:3:4 with filledcurves fillcolor rgb '%s' notitle, \\\n", c,
                colours[c % N_COLOURS]);
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        fprintf(out, "$curve%u using 1:2 ", c);
        write_style(out, c);
        fputs(" title ", out);
        write_quoted(out, contest->contestants[c].label);
        fputs(", \\\n", out);
    }
    fprintf(out, "%.6g with lines linecolor rgb '#888888' dashtype 3 title '%s'\n", best,
            contest->benchmark->n_feasible ? "best possible" : "best found");
}

static int write_curves(FILE *out, const struct findings *findings, const struct axis *axis)
{
    const struct contest *contest = findings->contest;
    double best = contest->best_report, lowest = best;
    int rc = 0;

    write_layout(out, findings, axis->name, true, axis->title,
                 "report of the best by reward (%): mean, quartiles");
    for (uint32_t c = 0; rc == 0 && c < contest->n_contestants; c++)
        rc = write_curve(out, contest, axis, c, &lowest);
    fprintf(out, "set logscale x\nset xrange [%.6g:%.6g]\nset yrange [%.6g:%.6g]\n", axis->first,
            axis->last, lowest, best + 0.05 * (best - lowest));
    if (!axis->is_time)
        write_tics(out, findings, "x", (uint32_t)axis->first);
    begin_output(out, axis->name);
    plot_curves(out, contest, best);
    end_output(out, axis->name);
    return rc;
}

/* Where the curves begin: with the first of the budgets that does not give the axis to the first few
 * trials. */
static uint32_t first_trials(const struct findings *findings)
{
    uint32_t trials = findings->contest->trials;

    for (uint32_t b = 0; b + 1 < findings->n_budgets; b++)
        if (findings->budgets[b] >= trials / 40 + 1)
            return findings->budgets[b];
    return trials / 20 + 1;
}

static int write_quality(FILE *out, const void *arg)
{
    const struct findings *findings = arg;
    struct axis axis = { .name = "quality",
                         .title = "trials",
                         .first = first_trials(findings),
                         .last = findings->contest->trials };

    return write_curves(out, findings, &axis);
}

/* ---- time ---- */

static int write_time(FILE *out, const void *arg)
{
    const struct findings *findings = arg;
    const struct contest *contest = findings->contest;
    char title[120];
    struct axis axis = { .name = "time", .title = title, .last = 1, .is_time = true };

    snprintf(title, sizeof title, "time on %u workers (%s)", contest->workers.n,
             contest->benchmark->seconds ? "seconds" : "1: a training at the limit of cost");
    for (uint32_t c = 0; c < contest->n_contestants; c++)
        axis.last = fmax(axis.last, findings->wall_clock[c].length);
    axis.first = axis.last / 200;
    return write_curves(out, findings, &axis);
}

/* ---- stability ---- */

static double lowest_report(const struct contest *contest, uint32_t c, uint32_t trials)
{
    double lowest = 100;

    for (uint32_t r = 0; r < contest->n_runs; r++)
        lowest = fmin(lowest, run_report(&contest->contestants[c].runs[r], trials));
    return lowest;
}

static int write_stability(FILE *out, const void *arg)
{
    const struct findings *findings = arg;
    const struct contest *contest = findings->contest;
    uint32_t n = contest->n_contestants;

    write_layout(out, findings, "stability", true, "trials",
                 "report of the best by reward (%): extremes, quartiles, median");
    for (uint32_t c = 0; c < n; c++) {
        fprintf(out, "$box%u << EOD\n", c);
        for (uint32_t b = 0; b < findings->n_budgets; b++) {
            const struct statistics *s = &findings->at[c][b];

            fprintf(out, "%.4g %.6g %.6g %.6g %.6g %.6g\n", b + (c - (n - 1) / 2.0) * 0.8 / n,
                    lowest_report(contest, c, findings->budgets[b]), s->q25, s->median, s->q75,
                    s->best);
        }
        fputs("EOD\n", out);
    }
    fprintf(out, "set xrange [-0.6:%.4g]\nset boxwidth %.4g\nset xtics (",
            findings->n_budgets - 0.4, 0.6 / n);
    for (uint32_t b = 0; b < findings->n_budgets; b++)
        fprintf(out, "%s'%u' %u", b ? ", " : "", findings->budgets[b], b);
    fputs(")\n", out);
    begin_output(out, "stability");
    fputs("plot ", out);
    for (uint32_t c = 0; c < n; c++) {
        fprintf(out,
                "$box%u using 1:3:2:6:5 with candlesticks whiskerbars 0.5 linecolor rgb '%s' "
                "fillstyle pattern %u title ",
                c, colours[c % N_COLOURS], c % 8);
        write_quoted(out, contest->contestants[c].label);
        fprintf(out,
                ", \\\n$box%u using 1:4:4:4:4 with candlesticks linecolor rgb '#111111' "
                "linewidth 2 notitle%s",
                c, c + 1 < n ? ", \\\n" : "\n");
    }
    end_output(out, "stability");
    return 0;
}

/* ---- efficiency ---- */

/* Gaps from the widest that any contestant has after one trial in twenty, down to none. */
static int write_efficiency(FILE *out, const void *arg)
{
    const struct findings *findings = arg;
    const struct contest *contest = findings->contest;
    double widest = 0;
    int rc = 0;

    for (uint32_t c = 0; c < contest->n_contestants; c++)
        widest = fmax(widest, findings->at[c][0].regret_reward);
    write_layout(out, findings, "efficiency", false, "gap to the best reward (points)",
                 "trials until half of the runs are so near");
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        fprintf(out, "$steps%u << EOD\n", c);
        for (uint32_t i = 0; rc == 0 && i <= GAPS; i++) {
            double gap = widest * (GAPS - i) / GAPS;
            uint32_t trials;

            rc = statistics_trials_to(contest, &contest->contestants[c], gap, &trials);
            if (rc == 0 && trials > 0)
                fprintf(out, "%.6g %u\n", gap, trials);
        }
        fputs("EOD\n", out);
    }
    fprintf(out, "set logscale y\nset xrange [%.6g:0]\nset yrange [1:%u]\n", widest,
            contest->trials);
    write_tics(out, findings, "y", 1);
    begin_output(out, "efficiency");
    fputs("plot ", out);
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        fprintf(out, "$steps%u ", c);
        write_style(out, c);
        fputs(" title ", out);
        write_quoted(out, contest->contestants[c].label);
        fputs(c + 1 < contest->n_contestants ? ", \\\n" : "\n", out);
    }
    end_output(out, "efficiency");
    return rc;
}

/* ---- all of them ---- */

static int draw(const struct findings *findings, const char *directory, const char *name,
                results_writer *write, bool *drawn_out, struct errmsg *err)
{
    static const char *const kinds[] = { "png", "svg" };
    char file[32];
    int rc;

    snprintf(file, sizeof file, "%s.gp", name);
    rc = results_file_replace(directory, file, write, findings, err);
    if (rc < 0)
        return rc;
    if (plot_run_gnuplot(directory, file, VIEWS_PATIENCE_MS) < 0) {
        *drawn_out = false;
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(file, sizeof file, "%s.%s", name, kinds[i]);
        rc = results_file_adopt(directory, file, err);
    }
    return rc;
}

int views_write(const struct findings *findings, const char *directory, bool *drawn_out,
                struct errmsg *err)
{
    static const struct {
        const char *name;
        results_writer *write;
    } views[] = {
        { "quality", write_quality },
        { "stability", write_stability },
        { "efficiency", write_efficiency },
        { "time", write_time },
    };
    size_t n = sizeof views / sizeof *views - (findings->contest->workers.n == 0);
    int rc = 0;

    *drawn_out = true;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = draw(findings, directory, views[i].name, views[i].write, drawn_out, err);
    return rc;
}
