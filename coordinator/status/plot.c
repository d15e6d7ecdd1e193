#include "coordinator/status/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "coordinator/status/plot_run.h"
#include "coordinator/status/results_file.h"

struct axes {
    double unit; /* costs are drawn in multiples of it */
    const char *letter;
    double left, right, low, high; /* in units, and percent */
    size_t step;                   /* every step-th trial is drawn */
    size_t below;                  /* trials under the lower edge */
};

static void choose_unit(double most, struct axes *axes)
{
    static const struct {
        double from, unit;
        const char *letter;
    } units[] = { { 3e9, 1e9, "G" }, { 3e5, 1e6, "M" }, { 1e4, 1e3, "k" }, { 0, 1, "" } };
    size_t i = 0;

    while (most < units[i].from)
        i++;
    axes->unit = units[i].unit;
    axes->letter = units[i].letter;
}

static void choose_costs(const struct plot *plot, struct axes *axes)
{
    double least = INFINITY, most = -INFINITY, margin;

    for (size_t i = 0; i < plot->n_trials; i++) {
        least = fmin(least, (double)plot->trials[i].cost);
        most = fmax(most, (double)plot->trials[i].cost);
    }
    if ((double)plot->target.highest < 1.5 * most) /* an end of the target that is near is shown */
        most = fmax(most, (double)plot->target.highest);
    choose_unit(most, axes);
    margin = 0.04 * (most - least);
    if (margin <= 0)
        margin = most > 0 ? 0.1 * most : 1;
    axes->left = (least - margin) / axes->unit;
    axes->right = (most + margin) / axes->unit;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Trainings that failed to learn lie far below the rest and would flatten what matters into a
 * line. The lower edge leaves out at most a twentieth of the trials; the plot says how many. */
static int choose_percents(const struct plot *plot, struct axes *axes)
{
    double *sorted = malloc(plot->n_trials * sizeof *sorted), span, edge, margin;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < plot->n_trials; i++)
        sorted[i] = plot->trials[i].percent;
    qsort(sorted, plot->n_trials, sizeof *sorted, by_value);
    axes->high = sorted[plot->n_trials - 1];
    if (plot->has_best)
        axes->high = fmax(axes->high, plot->best.percent);
    span = axes->high - sorted[plot->n_trials / 20];
    edge = axes->high - 1.5 * fmax(span, 0.1);
    axes->low = fmax(sorted[0], edge);
    while (sorted[axes->below] < axes->low)
        axes->below++;
    margin = 0.06 * fmax(axes->high - axes->low, 0.1);
    axes->low = fmax(axes->low - margin, 0);
    axes->high = fmin(axes->high + margin, 100 + margin / 2);
    free(sorted);
    return 0;
}

static const char *cost_label(enum cost_metric metric)
{
    static const char *const labels[COST_METRICS] = {
        [COST_MADDS] = "multiply-adds",
        [COST_PARAMS] = "parameters",
        [COST_ACTIVATIONS] = "activations, bytes",
        [COST_TABLE] = "cost",
        [COST_LATENCY] = "latency, ns",
    };
    return labels[metric];
}

static void write_points(FILE *out, const char *name, const struct plot_point *points, size_t n,
                         size_t step, const struct axes *axes)
{
    fprintf(out, "$%s << EOD\n", name);
    for (size_t i = 0; i < n; i += step)
        fprintf(out, "%.9g %.6g\n", (double)points[i].cost / axes->unit, points[i].percent);
    fputs("EOD\n", out);
}

/* The part of the target inside the axes; none where that is all of them. */
static bool shade_target(FILE *out, const struct plot *plot, const struct axes *axes)
{
    double left = fmax((double)plot->target.lowest / axes->unit, axes->left);
    double right = fmin((double)plot->target.highest / axes->unit, axes->right);

    if (left >= right || (left == axes->left && right == axes->right))
        return false;
    fprintf(out,
            "set object 1 rectangle from %.9g, graph 0 to %.9g, graph 1 behind "
            "fillcolor rgb '#e4f0e4' fillstyle solid noborder\n",
            left, right);
    return true;
}

static const char *best_label(const struct plot *plot)
{
    return plot->best_won ? "winner when retrained" : "best in the target";
}

static void write_layout(FILE *out, const struct plot *plot, const struct axes *axes)
{
    fprintf(out, "set title '%s' font ',20' offset 0, 0.6 noenhanced\n", plot->study);
    fprintf(out, *axes->letter ? "set xlabel '%s (%s)'\n" : "set xlabel '%s'\n",
            cost_label(plot->metric), axes->letter);
    fputs("set ylabel 'validation top-1 accuracy (%)'\n"
          "set border 3 linecolor rgb '#444444'\n"
          "set tics nomirror out\n"
          "set grid linecolor rgb '#d8d8d8' linetype 1 linewidth 0.6\n"
          "set key outside bottom center horizontal Left reverse samplen 1.5 height 1 "
          "noenhanced\n"
          "set tmargin 4.2\n",
          out);
    fprintf(out, "set xrange [%.9g:%.9g]\nset yrange [%.6g:%.6g]\n", axes->left, axes->right,
            axes->low, axes->high);
    if (plot->has_best)
        fprintf(out,
                "set label 2 '%s: %.2f %% at %.4g %s' at graph 0.5, graph 1.035 "
                "center font ',14' textcolor rgb '#444444'\n",
                best_label(plot), plot->best.percent, (double)plot->best.cost / axes->unit,
                axes->letter);
    if (axes->below > 0)
        fprintf(out,
                "set label 1 'below the axis: %zu of %zu trials' at graph 0.99, graph 0.025 right "
                "font ',11' textcolor rgb '#666666'\n",
                axes->below, plot->n_trials);
}

static void write_curves(FILE *out, const struct plot *plot, const struct axes *axes, bool shaded)
{
    fputs("plot $trials with points pointtype 7 pointsize 0.85 linecolor rgb '#405b84b8' title ",
          out);
    if (axes->step > 1)
        fprintf(out, "'trials, one in %zu'", axes->step);
    else
        fputs("'trials'", out);
    if (plot->n_front > 0)
        fputs(", \\\n     $front with steps linewidth 2 linecolor rgb '#c0392b' notitle"
              ", \\\n     $front with points pointtype 7 pointsize 0.75 linecolor rgb '#c0392b' "
              "notitle"
              ", \\\n     keyentry with linespoints pointtype 7 pointsize 0.75 linewidth 2 "
              "linecolor rgb '#c0392b' title 'Pareto front'",
              out);
    if (plot->has_best)
        fprintf(out,
                ", \\\n     $best with points pointtype 6 pointsize 2.4 linewidth 2.5 "
                "linecolor rgb '#111111' title '%s'",
                best_label(plot));
    if (shaded)
        fputs(", \\\n     keyentry with boxes fillstyle solid border linecolor rgb '#b8ccb8' "
              "fillcolor rgb '#e4f0e4' "
              "title 'target'",
              out);
    fputc('\n', out);
}

struct script {
    const struct plot *plot;
    const struct axes *axes;
};

static int write_script(FILE *out, const void *arg)
{
    const struct script *script = arg;
    const struct plot *plot = script->plot;
    const struct axes *axes = script->axes;
    bool shaded;

    fputs("# Draws pareto.png and pareto.svg: gnuplot pareto.gp\n"
          "if (!exists('suffix')) suffix = ''\n",
          out);
    write_points(out, "trials", plot->trials, plot->n_trials, axes->step, axes);
    write_points(out, "front", plot->front, plot->n_front, 1, axes);
    write_points(out, "best", &plot->best, plot->has_best, 1, axes);
    write_layout(out, plot, axes);
    shaded = shade_target(out, plot, axes);
    fputs("set terminal pngcairo size 1200,800 font 'DejaVu Sans,16'\n"
          "set output 'pareto.png'.suffix\n",
          out);
    write_curves(out, plot, axes, shaded);
    fputs("set terminal svg size 900,600 font 'DejaVu Sans,14' dynamic background rgb 'white'\n"
          "set output 'pareto.svg'.suffix\n"
          "replot\n"
          "set output\n",
          out);
    return 0;
}

int plot_write(const char *directory, const struct plot *plot, bool *plotted_out,
               struct errmsg *err)
{
    struct axes axes = { .step = plot->n_trials / PLOT_MOST_POINTS + 1 };
    struct script script = { plot, &axes };
    bool plotted = false;
    int rc = 0;

    if (plot->n_trials > 0) {
        choose_costs(plot, &axes);
        rc = choose_percents(plot, &axes);
        if (rc < 0)
            return errmsg_set(err, rc, "plot: out of memory");
        rc = results_file_replace(directory, "pareto.gp", write_script, &script, err);
        plotted = rc == 0 && plot_run_gnuplot(directory, "pareto.gp", PLOT_PATIENCE_MS) == 0;
    }
    if (plotted)
        rc = results_file_adopt(directory, "pareto.png", err);
    if (plotted && rc == 0)
        rc = results_file_adopt(directory, "pareto.svg", err);
    if (rc == 0)
        *plotted_out = plotted;
    return rc;
}
