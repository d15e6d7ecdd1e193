#include "coordinator/compare/benchmark.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/table.h"
#include "common/target.h"

enum { KEY_SIZE = 4096, COLUMNS_SIZE = 1024 };

/* ---- one architecture ---- */

static size_t index_of(const struct space *space, const struct arch *arch)
{
    size_t index = 0;

    for (uint32_t l = 0; l < arch->n; l++)
        index = index * space_n_options(space, l) + arch->option[l];
    return index;
}

struct arch benchmark_arch(const struct benchmark *benchmark, size_t index)
{
    const struct space *space = benchmark->study->space;
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };

    for (uint32_t l = arch.n; l-- > 0;) {
        arch.option[l] = (uint16_t)(index % space_n_options(space, l));
        index /= space_n_options(space, l);
    }
    return arch;
}

static bool look_up(const struct benchmark *benchmark, uint32_t column, const struct arch *arch,
                    struct worth *worth)
{
    size_t index = index_of(benchmark->study->space, arch);

    worth->percent = benchmark->reward[column][index];
    worth->report = benchmark->report[index];
    if (isnan(worth->percent))
        return false;
    worth->reward = table_reward(worth->percent);
    return true;
}

static bool predict(const struct benchmark *benchmark, const struct arch *arch, struct worth *worth)
{
    struct network network;
    struct errmsg err;
    int rc = space_resolve(benchmark->study->space, arch, &network);

    if (rc < 0)
        return false;
    rc = surrogate_reward(benchmark->surrogate, &network, &worth->reward, &err);
    network_clear(&network);
    worth->percent = worth->report = rc < 0 ? NAN : reward_percent(worth->reward);
    return rc == 0;
}

bool benchmark_look(const struct benchmark *benchmark, uint32_t column, const struct arch *arch,
                    struct worth *worth_out)
{
    return benchmark->surrogate ? predict(benchmark, arch, worth_out)
                                : look_up(benchmark, column, arch, worth_out);
}

double benchmark_duration(const struct benchmark *benchmark, const struct arch *arch, int64_t cost)
{
    if (benchmark->seconds)
        return benchmark->seconds[index_of(benchmark->study->space, arch)];
    return benchmark->unit > 0 ? (double)cost / (double)benchmark->unit : 1;
}

void benchmark_clear(struct benchmark *benchmark)
{
    for (uint32_t i = 0; i < benchmark->n_rewards; i++)
        free(benchmark->reward[i]);
    free(benchmark->report);
    free(benchmark->seconds);
    surrogate_free(benchmark->surrogate);
    *benchmark = (struct benchmark){ 0 };
}

/* ---- a table ---- */

static int make_room(struct benchmark *benchmark, struct errmsg *err)
{
    bool whole = true;

    for (uint32_t i = 0; i < benchmark->n_rewards; i++)
        whole &= (benchmark->reward[i] = malloc(benchmark->n * sizeof(double))) != NULL;
    benchmark->report = malloc(benchmark->n * sizeof *benchmark->report);
    if (*benchmark->study->evaluation.table.seconds_column) {
        benchmark->seconds = calloc(benchmark->n, sizeof *benchmark->seconds);
        whole &= benchmark->seconds != NULL;
    }
    if (whole && benchmark->report)
        return 0;
    return errmsg_set(err, -ENOMEM, "no memory for the table's rewards");
}

static int check_percent(const struct study *study, const char *column, const char *key,
                         double value, struct errmsg *err)
{
    if (value >= 0 && value <= 100)
        return 0;
    return errmsg_set(err, -EINVAL, "%s: row '%s': %s: %g; percent, from 0 to 100",
                      study->data_path, key, column, value);
}

static void note_best(struct benchmark *benchmark, int64_t cost, size_t index)
{
    if (!target_holds(&benchmark->study->search.target, cost))
        return;
    benchmark->n_feasible++;
    benchmark->best_report = fmax(benchmark->best_report, benchmark->report[index]);
    for (uint32_t c = 0; c < benchmark->n_rewards; c++)
        benchmark->best_reward[c] = fmax(benchmark->best_reward[c], benchmark->reward[c][index]);
}

/* columns: those of the rewards, then that of the report where there is one; that of the seconds comes
 * after them. */
static int read_row(const struct study *study, const struct table *table,
                    const char *const *columns, uint32_t n_columns, size_t index,
                    struct benchmark *benchmark, struct errmsg *err)
{
    struct arch arch = benchmark_arch(benchmark, index);
    char key[KEY_SIZE];
    long row;
    int rc = 0;

    study_table_key(study, &arch, key, sizeof key);
    row = table_find(table, key);
    benchmark->report[index] = NAN;
    for (uint32_t i = 0; i < benchmark->n_rewards; i++)
        benchmark->reward[i][index] = NAN;
    for (uint32_t i = 0; row >= 0 && rc == 0 && i < n_columns; i++) {
        double value = table_value(table, (size_t)row, i);

        rc = check_percent(study, columns[i], key, value, err);
        if (i < benchmark->n_rewards)
            benchmark->reward[i][index] = value;
        if (i == 0 || i == benchmark->n_rewards)
            benchmark->report[index] = value;
    }
    if (row >= 0 && benchmark->seconds)
        benchmark->seconds[index] = table_value(table, (size_t)row, n_columns);
    if (row >= 0 && rc == 0)
        note_best(benchmark, cost_of(study->cost_model, &arch), index);
    return rc;
}

static int read_rows(const struct study *study, const struct table *table,
                     const char *const *columns, uint32_t n_columns, struct benchmark *benchmark,
                     struct errmsg *err)
{
    int rc = make_room(benchmark, err);

    for (size_t i = 0; rc == 0 && i < benchmark->n; i++)
        rc = read_row(study, table, columns, n_columns, i, benchmark, err);
    return rc;
}

static int load_table(const struct study *study, const char *reward_columns,
                      struct benchmark *benchmark, struct errmsg *err)
{
    const struct table_spec *spec = &study->evaluation.table;
    const char *columns[BENCHMARK_MAX_REWARDS + 2];
    char names[COLUMNS_SIZE];
    struct table *table;
    uint32_t n_columns;
    int rc;

    if (space_size(study->space) > BENCHMARK_MOST)
        return errmsg_set(err, -EINVAL, "%s: %.0f architectures; up to %d", study->path,
                          space_size(study->space), BENCHMARK_MOST);
    if (snprintf(names, sizeof names, "%s",
                 reward_columns ? reward_columns : study->table_rewards) >= (int)sizeof names)
        return errmsg_set(err, -EINVAL, "--rewards: too long");
    if (table_split_columns(names, columns, BENCHMARK_MAX_REWARDS, &benchmark->n_rewards) < 0)
        return errmsg_set(err, -EINVAL, "--rewards: 1 to %d columns of the table, joined by ','",
                          BENCHMARK_MAX_REWARDS);
    n_columns = benchmark->n_rewards;
    if (*spec->report_column)
        columns[n_columns++] = spec->report_column;
    snprintf(benchmark->report_column, sizeof benchmark->report_column, "%s",
             *spec->report_column ? spec->report_column : columns[0]);
    columns[n_columns] = spec->seconds_column;
    for (uint32_t i = 0; i < benchmark->n_rewards; i++)
        snprintf(benchmark->reward_columns[i], sizeof benchmark->reward_columns[i], "%s",
                 columns[i]);
    rc = table_load(study->data_path, spec->arch_columns, columns,
                    n_columns + (*spec->seconds_column != '\0'), &table, err);
    if (rc < 0)
        return rc;
    benchmark->n = (size_t)space_size(study->space);
    if (*spec->seconds_column)
        rc = table_check_seconds(table, n_columns, study->data_path, spec->seconds_column, err);
    if (rc == 0)
        rc = read_rows(study, table, columns, n_columns, benchmark, err);
    table_free(table);
    return rc;
}

/* ---- either ---- */

static int64_t unit_of(const struct study *study)
{
    struct arch any = { .n = (uint16_t)space_n_layers(study->space) };
    struct arch dearest = cost_dearest(study->cost_model, &any, 0);
    int64_t cost = cost_of(study->cost_model, &dearest);

    return cost < study->search.target.highest ? cost : study->search.target.highest;
}

int benchmark_load(const struct study *study, const char *reward_columns,
                   struct benchmark *benchmark_out, struct errmsg *err)
{
    struct benchmark benchmark = { .study = study, .unit = unit_of(study), .n_rewards = 1 };
    int rc;

    if (study->evaluation.evaluator == EVALUATOR_TRAIN)
        return errmsg_set(
            err, -EINVAL,
            "%s: evaluate.with: train; only on a table or a surrogate can strategies be "
            "compared",
            study->path);
    if (!*study->data_path)
        return errmsg_set(err, -EINVAL, "%s: evaluate.data.path must say where the %s is",
                          study->path, evaluator_names[study->evaluation.evaluator]);
    if (study->evaluation.evaluator == EVALUATOR_TABLE)
        rc = load_table(study, reward_columns, &benchmark, err);
    else if (reward_columns)
        rc = errmsg_set(err, -EINVAL, "--rewards: a surrogate has no columns");
    else
        rc = surrogate_load(study->data_path, &benchmark.surrogate, err);
    if (rc < 0)
        benchmark_clear(&benchmark);
    else
        *benchmark_out = benchmark;
    return rc;
}
