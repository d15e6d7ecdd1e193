#include "coordinator/search/policy.h"

#include <math.h>
#include <stdlib.h>

/* Numbers of all layers' options lie one after the other; layer l's from first[l] on. */
struct policy {
    struct ppo_settings settings;
    uint32_t n_layers, first[ARCH_MAX_LAYERS + 1];
    double *logit, *chance, *gradient, *mean, *square; /* logit owns the memory of all */
    uint32_t steps;                                    /* of Adam, so far */
};

static void set_chances(struct policy *policy)
{
    for (uint32_t l = 0; l < policy->n_layers; l++) {
        double top = -INFINITY, sum = 0;

        for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++)
            top = fmax(top, policy->logit[i]);
        for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++)
            sum += policy->chance[i] = exp(policy->logit[i] - top);
        for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++)
            policy->chance[i] /= sum;
    }
}

struct policy *policy_new(const struct space *space, const struct ppo_settings *settings)
{
    struct policy *policy = calloc(1, sizeof *policy);
    uint32_t n = 0;

    if (!policy)
        return NULL;
    policy->settings = *settings;
    policy->n_layers = space_n_layers(space);
    for (uint32_t l = 0; l < policy->n_layers; l++)
        policy->first[l + 1] = n += space_n_options(space, l);
    policy->logit = calloc(n, 5 * sizeof *policy->logit);
    if (!policy->logit) {
        free(policy);
        return NULL;
    }
    policy->chance = policy->logit + n;
    policy->gradient = policy->chance + n;
    policy->mean = policy->gradient + n;
    policy->square = policy->mean + n;
    set_chances(policy);
    return policy;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    free(policy->logit);
    free(policy);
}

void policy_rate(const struct policy *policy, const struct arch *arch,
                 struct policy_sample *sample_out)
{
    sample_out->arch = *arch;
    for (uint32_t l = 0; l < policy->n_layers; l++)
        sample_out->chance[l] = policy->chance[policy->first[l] + arch->option[l]];
}

void policy_draw(const struct policy *policy, struct rng *rng, struct policy_sample *sample_out)
{
    struct arch arch = { .n = (uint16_t)policy->n_layers };

    for (uint32_t l = 0; l < policy->n_layers; l++) {
        uint32_t last = policy->first[l + 1] - policy->first[l] - 1;
        double left = rng_double(rng);

        while (arch.option[l] < last &&
               (left -= policy->chance[policy->first[l] + arch.option[l]]) >= 0)
            arch.option[l]++;
    }
    policy_rate(policy, &arch, sample_out);
}

/* The clipped objective's gradient by a layer's logits, for one sample. */
static void add_gradient(struct policy *policy, const struct policy_sample *sample, uint32_t l,
                         double advantage, double scale)
{
    uint32_t chosen = policy->first[l] + sample->arch.option[l];
    double ratio = policy->chance[chosen] / sample->chance[l], clip = policy->settings.clip;

    if ((advantage > 0 && ratio > 1 + clip) || (advantage < 0 && ratio < 1 - clip))
        return;
    for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++)
        policy->gradient[i] += scale * advantage * ratio *
                               ((i == chosen ? 1.0 : 0.0) - policy->chance[i]);
}

/* d entropy / d logit i = -p_i (log p_i + entropy). Starts the gradient. */
static void set_entropy_gradient(struct policy *policy, uint32_t l)
{
    double entropy = 0;

    for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++)
        if (policy->chance[i] > 0)
            entropy -= policy->chance[i] * log(policy->chance[i]);
    for (uint32_t i = policy->first[l]; i < policy->first[l + 1]; i++) {
        double p = policy->chance[i];

        policy->gradient[i] = p > 0 ? -policy->settings.entropy * p * (log(p) + entropy) : 0;
    }
}

/* Adam (Kingma and Ba, 2015), its usual decay rates, uphill. */
static void adam_step(struct policy *policy)
{
    static const double keep_mean = 0.9, keep_square = 0.999, least = 1e-8;
    double mean_scale, square_scale;

    policy->steps++;
    mean_scale = 1 - pow(keep_mean, policy->steps);
    square_scale = 1 - pow(keep_square, policy->steps);
    for (uint32_t i = 0; i < policy->first[policy->n_layers]; i++) {
        double g = policy->gradient[i];

        policy->mean[i] = keep_mean * policy->mean[i] + (1 - keep_mean) * g;
        policy->square[i] = keep_square * policy->square[i] + (1 - keep_square) * g * g;
        policy->logit[i] += policy->settings.rate * (policy->mean[i] / mean_scale) /
                            (sqrt(policy->square[i] / square_scale) + least);
    }
}

static double mean_worth(const struct policy_sample *samples, uint32_t n, double *deviation_out)
{
    double mean = 0, square = 0;

    for (uint32_t i = 0; i < n; i++)
        mean += samples[i].worth / n;
    for (uint32_t i = 0; i < n; i++)
        square += (samples[i].worth - mean) * (samples[i].worth - mean) / n;
    *deviation_out = sqrt(square);
    return mean;
}

void policy_improve(struct policy *policy, const struct policy_sample *samples, uint32_t n)
{
    double deviation, mean = mean_worth(samples, n, &deviation);

    for (uint32_t epoch = 0; epoch < policy->settings.epochs; epoch++) {
        for (uint32_t l = 0; l < policy->n_layers; l++) {
            set_entropy_gradient(policy, l);
            for (uint32_t i = 0; deviation > 0 && i < n; i++)
                add_gradient(policy, &samples[i], l, (samples[i].worth - mean) / deviation,
                             1.0 / n);
        }
        adam_step(policy);
        set_chances(policy);
    }
}
