#include "coordinator/status/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/status/plot.h"
#include "coordinator/status/results_best.h"
#include "coordinator/status/results_content.h"
#include "coordinator/status/results_file.h"
#include "coordinator/status/trial_text.h"

const char *results_directory(const struct coordinator *coordinator, char text[RESULTS_PATH_SIZE])
{
    snprintf(text, RESULTS_PATH_SIZE, "%s/results", coordinator->state_directory);
    return text;
}

/* What an earlier run left and this one did not make would belong to another result. */
static void remove_file(const char *directory, const char *name)
{
    char path[RESULTS_PATH_SIZE + 32];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
}

static int write_weights(const struct coordinator *coordinator, const char *directory,
                         struct errmsg *err)
{
    char path[RESULTS_WEIGHTS_PATH_SIZE];

    if (results_weights_path(coordinator, path))
        return results_file_replace(directory, "winner.weights", write_winner_weights, coordinator,
                                    err);
    remove_file(directory, "winner.weights");
    return 0;
}

static struct plot_point point_of(const struct candidate *candidate)
{
    return (struct plot_point){ candidate->cost, reward_percent(candidate->reward) };
}

/* The search trials that have a result; points has room for all trials. */
static size_t trial_points(const struct trial_ledger *ledger, struct plot_point *points)
{
    size_t n_entries = trial_ledger_n(ledger), n = 0;

    for (size_t i = 0; i < n_entries; i++) {
        struct ledger_entry entry;

        trial_ledger_entry(ledger, i, &entry);
        if (entry.trial.stage == STAGE_SEARCH && trial_has_result(&entry))
            points[n++] = (struct plot_point){ entry.trial.cost,
                                               reward_percent(entry.result.reward) };
    }
    return n;
}

static int draw(const struct coordinator *coordinator, const char *directory, bool *plotted_out,
                struct errmsg *err)
{
    const struct study *study = coordinator->study;
    struct results_best best = results_best(coordinator->campaign);
    struct plot plot = { .study = study->name,
                         .metric = study->metric,
                         .target = study->search.target };
    struct plot_point *trials = malloc((trial_ledger_n(coordinator->ledger) + 1) * sizeof *trials);
    struct plot_point *points = NULL;
    const struct candidate *front = campaign_pareto(coordinator->campaign, &plot.n_front);
    int rc = -ENOMEM;

    points = malloc((plot.n_front + 1) * sizeof *points);
    if (!trials || !points)
        goto out;
    for (size_t i = 0; i < plot.n_front; i++)
        points[i] = point_of(&front[i]);
    plot.front = points;
    plot.trials = trials;
    plot.n_trials = trial_points(coordinator->ledger, trials);
    plot.has_best = best.found;
    plot.best_won = best.retrained;
    if (best.found)
        plot.best = point_of(&best.candidate);
    rc = plot_write(directory, &plot, plotted_out, err);
out:
    if (rc == -ENOMEM)
        errmsg_set(err, rc, "plot: out of memory");
    free(points);
    free(trials);
    return rc;
}

/* Renames are durable once their directory is. */
static int sync_directory(const char *directory, struct errmsg *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

    if (fd < 0 || fsync(fd) < 0)
        rc = errmsg_set(err, -errno, "%s: %s", directory, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

int results_write(const struct coordinator *coordinator, bool *plotted_out, struct errmsg *err)
{
    static const struct {
        const char *name;
        results_writer *write;
    } files[] = {
        { "best.json", write_best_json },         { "pareto.csv", write_pareto_csv },
        { "trials.csv", write_trials_csv },       { "layers.csv", write_layers_csv },
        { "diagnosis.txt", write_diagnosis_txt }, { "diagnosis.json", write_diagnosis_json },
    };
    char directory[RESULTS_PATH_SIZE];
    bool plotted = false;
    int rc = 0;

    results_directory(coordinator, directory);
    if (mkdir(directory, 0777) < 0 && errno != EEXIST)
        return errmsg_set(err, -errno, "%s: %s", directory, strerror(errno));
    for (size_t i = 0; i < sizeof files / sizeof *files && rc == 0; i++)
        rc = results_file_replace(directory, files[i].name, files[i].write, coordinator, err);
    if (rc == 0)
        rc = write_weights(coordinator, directory, err);
    if (rc == 0)
        rc = draw(coordinator, directory, &plotted, err);
    if (rc == 0 && !plotted) {
        remove_file(directory, "pareto.png");
        remove_file(directory, "pareto.svg");
    }
    if (rc == 0)
        rc = sync_directory(directory, err);
    if (rc == 0)
        *plotted_out = plotted;
    return rc;
}
