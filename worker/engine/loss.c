#include "worker/engine/loss.h"

#include <math.h>

static size_t largest(const float *logits, size_t classes)
{
    size_t best = 0;

    for (size_t k = 1; k < classes; k++)
        if (logits[k] > logits[best])
            best = k;
    return best;
}

/* log of the sum of exp, without overflow. */
static double log_sum_exp(const float *logits, size_t classes, float most)
{
    double sum = 0;

    for (size_t k = 0; k < classes; k++)
        sum += expf(logits[k] - most);
    return most + log(sum);
}

struct loss loss_of(const float *logits, const uint16_t *labels, size_t n, size_t classes,
                    double smoothing, size_t batch, float *gradient)
{
    struct loss loss = { 0 };
    double everywhere = smoothing / (double)classes;

    for (size_t i = 0; i < n; i++, logits += classes) {
        size_t label = labels[i], best = largest(logits, classes);
        double norm = log_sum_exp(logits, classes, logits[best]);

        loss.correct += best == label;
        loss.sum += (1 - smoothing) * (norm - logits[label]);
        for (size_t k = 0; k < classes; k++) {
            double log_p = logits[k] - norm;
            double target = everywhere + (k == label ? 1 - smoothing : 0);

            loss.sum -= everywhere * log_p;
            if (gradient)
                gradient[i * classes + k] = (float)((exp(log_p) - target) / (double)batch);
        }
    }
    return loss;
}
