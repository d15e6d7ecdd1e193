#include "coordinator/search/predictor.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 200 };
static const double ridge = 1.0, enough = 1e-16; /* of the squared residual */

/* Weights of layer l's options start at option[l], those of its pairs with layer l + 1 at pair[l];
 * the cost's is the last. */
struct features {
    uint32_t n, n_layers;
    uint32_t option[ARCH_MAX_LAYERS], pair[ARCH_MAX_LAYERS], n_options[ARCH_MAX_LAYERS];
    double cost_mean, cost_scale; /* of log cost */
};

struct predictor {
    struct features features;
    double *weight;
};

struct row {
    struct arch arch;
    double cost;   /* log, normalized */
    double target; /* the rank, from -1/2 to 1/2 */
};

static void lay_out(const struct space *space, struct features *f)
{
    uint32_t n = 0;

    f->n_layers = space_n_layers(space);
    for (uint32_t l = 0; l < f->n_layers; l++) {
        f->n_options[l] = space_n_options(space, l);
        f->option[l] = n;
        n += f->n_options[l];
    }
    for (uint32_t l = 0; l + 1 < f->n_layers; l++) {
        f->pair[l] = n;
        n += f->n_options[l] * f->n_options[l + 1];
    }
    f->n = n + 1;
}

static uint32_t pair_of(const struct features *f, const struct arch *arch, uint32_t l)
{
    return f->pair[l] + arch->option[l] * f->n_options[l + 1] + arch->option[l + 1];
}

static double dot_row(const struct features *f, const struct row *row, const double *weight)
{
    double sum = row->cost * weight[f->n - 1];

    for (uint32_t l = 0; l < f->n_layers; l++)
        sum += weight[f->option[l] + row->arch.option[l]];
    for (uint32_t l = 0; l + 1 < f->n_layers; l++)
        sum += weight[pair_of(f, &row->arch, l)];
    return sum;
}

static void add_row(const struct features *f, const struct row *row, double scale, double *weight)
{
    weight[f->n - 1] += scale * row->cost;
    for (uint32_t l = 0; l < f->n_layers; l++)
        weight[f->option[l] + row->arch.option[l]] += scale;
    for (uint32_t l = 0; l + 1 < f->n_layers; l++)
        weight[pair_of(f, &row->arch, l)] += scale;
}

static double dot(const double *a, const double *b, uint32_t n)
{
    double sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* out = (X'X + ridge) v */
static void apply(const struct features *f, const struct row *rows, uint32_t n_rows,
                  const double *v, double *out)
{
    for (uint32_t i = 0; i < f->n; i++)
        out[i] = ridge * v[i];
    for (uint32_t r = 0; r < n_rows; r++)
        add_row(f, &rows[r], dot_row(f, &rows[r], v), out);
}

/* (X'X + ridge) weight = X'targets, from weight = 0. work holds 3 vectors. */
static void solve(const struct features *f, const struct row *rows, uint32_t n_rows, double *weight,
                  double *work)
{
    double *residual = work, *direction = work + f->n, *image = direction + f->n;
    double size, first;

    memset(residual, 0, f->n * sizeof *residual);
    for (uint32_t r = 0; r < n_rows; r++)
        add_row(f, &rows[r], rows[r].target, residual);
    memcpy(direction, residual, f->n * sizeof *direction);
    first = size = dot(residual, residual, f->n);
    for (uint32_t step = 0; step < MOST_STEPS && size > enough * first; step++) {
        double length, before = size;

        apply(f, rows, n_rows, direction, image);
        length = size / dot(direction, image, f->n);
        for (uint32_t i = 0; i < f->n; i++) {
            weight[i] += length * direction[i];
            residual[i] -= length * image[i];
        }
        size = dot(residual, residual, f->n);
        for (uint32_t i = 0; i < f->n; i++)
            direction[i] = residual[i] + size / before * direction[i];
    }
}

static double log_cost(int64_t cost)
{
    return log(1.0 + (double)cost);
}

static void normalize_costs(struct features *f, struct row *rows, uint32_t n)
{
    double square = 0;

    for (uint32_t i = 0; i < n; i++)
        f->cost_mean += rows[i].cost / n;
    for (uint32_t i = 0; i < n; i++)
        square += (rows[i].cost - f->cost_mean) * (rows[i].cost - f->cost_mean) / n;
    f->cost_scale = square > 0 ? 1 / sqrt(square) : 0;
    for (uint32_t i = 0; i < n; i++)
        rows[i].cost = (rows[i].cost - f->cost_mean) * f->cost_scale;
}

struct ranked {
    struct reward reward;
    uint32_t row;
};

static int compare_rewards(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int by_reward = reward_compare(a->reward, b->reward);

    return by_reward ? by_reward : (a->row > b->row) - (a->row < b->row);
}

/* Equal rewards share the mean of their ranks. */
static void set_targets(struct ranked *ranked, uint32_t n, struct row *rows)
{
    qsort(ranked, n, sizeof *ranked, compare_rewards);
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && reward_compare(ranked[end].reward, ranked[i].reward) == 0;)
            end++;
        for (uint32_t k = i; k < end; k++)
            rows[ranked[k].row].target = (i + end - 1) / 2.0 / (n - 1) - 0.5;
    }
}

/* The last PREDICTOR_MOST valid results, in order of issue. */
static uint32_t gather(const struct proposals *known, uint64_t total, struct row *rows,
                       struct ranked *ranked)
{
    uint64_t from = total;
    uint32_t n = 0;

    for (uint32_t found = 0; from > 0 && found < PREDICTOR_MOST; from--)
        found += known->at[from - 1].told && known->at[from - 1].verdict.valid;
    for (uint64_t i = from; i < total; i++) {
        const struct proposed *p = &known->at[i];

        if (!p->told || !p->verdict.valid)
            continue;
        rows[n] = (struct row){ .arch = arch_set_at(&known->archs, i), .cost = log_cost(p->cost) };
        ranked[n] = (struct ranked){ p->verdict.reward, n };
        n++;
    }
    return n;
}

/* rows drawn with replacement, in room for another n. */
static void resample_rows(struct rng *rng, struct row *rows, uint32_t n)
{
    struct row *drawn = rows + n;

    for (uint32_t i = 0; i < n; i++)
        drawn[i] = rows[rng_below(rng, n)];
    memcpy(rows, drawn, n * sizeof *rows);
}

static int fit(struct predictor *p, struct row *rows, uint32_t n)
{
    double *work = malloc(3 * (size_t)p->features.n * sizeof *work);

    p->weight = calloc(p->features.n, sizeof *p->weight);
    if (work && p->weight)
        solve(&p->features, rows, n, p->weight, work);
    free(work);
    return work && p->weight ? 0 : -ENOMEM;
}

int predictor_new(const struct cost_model *model, const struct proposals *known, uint64_t n,
                  struct rng *resample, struct predictor **predictor_out)
{
    uint64_t most = n < PREDICTOR_MOST ? n : PREDICTOR_MOST;
    struct predictor *p = NULL;
    struct row *rows = malloc(2 * (most + 1) * sizeof *rows);
    struct ranked *ranked = malloc((most + 1) * sizeof *ranked);
    uint32_t n_rows = 0;
    int rc = rows && ranked ? 0 : -ENOMEM;

    if (rc == 0)
        n_rows = gather(known, n, rows, ranked);
    if (n_rows >= PREDICTOR_FEWEST) {
        p = calloc(1, sizeof *p);
        rc = p ? 0 : -ENOMEM;
    }
    if (p) {
        lay_out(cost_model_space(model), &p->features);
        normalize_costs(&p->features, rows, n_rows);
        set_targets(ranked, n_rows, rows);
        if (resample)
            resample_rows(resample, rows, n_rows);
        rc = fit(p, rows, n_rows);
    }
    free(rows);
    free(ranked);
    if (rc < 0) {
        predictor_free(p);
        return rc;
    }
    *predictor_out = p;
    return 0;
}

void predictor_free(struct predictor *predictor)
{
    if (!predictor)
        return;
    free(predictor->weight);
    free(predictor);
}

double predictor_worth(const struct predictor *predictor, const struct arch *arch, int64_t cost)
{
    const struct features *f = &predictor->features;
    struct row row = { .arch = *arch, .cost = (log_cost(cost) - f->cost_mean) * f->cost_scale };

    return dot_row(f, &row, predictor->weight);
}
