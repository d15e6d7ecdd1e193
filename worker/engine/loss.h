/* loss - cross-entropy of a batch of logits, with label smoothing. */
#ifndef LAYERNAS_WORKER_ENGINE_LOSS_H
#define LAYERNAS_WORKER_ENGINE_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct loss {
    double sum;       /* over the batch */
    uint32_t correct; /* images whose largest logit, the first of equals, is that of their label */
};

/* logits [n][classes]; every label is below classes. The target of an image gives 1 - smoothing
 * to its label and spreads smoothing over all classes. gradient [n][classes], of the sum divided by
 * `batch`, the images of the whole batch that these n are part of, may be NULL or logits itself. */
struct loss loss_of(const float *logits, const uint16_t *labels, size_t n, size_t classes,
                    double smoothing, size_t batch, float *gradient);

#endif
