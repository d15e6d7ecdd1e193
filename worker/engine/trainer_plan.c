#include "worker/engine/trainer_plan.h"

#include <errno.h>

#include "worker/engine/input.h"
#include "worker/engine/optimizer.h"

/* No part of a batch may be a single image, which batch norm cannot compare to any: of n > 3 images
 * that are cut into parts of at most 3, none is. */
enum { LEAST_PART = 3 };

static uint64_t megabytes(uint64_t bytes)
{
    return (bytes + 999999) / 1000000;
}

static int check_schedule(const struct schedule *schedule, struct errmsg *err)
{
    enum { MOST_BATCH = 65536 };

    if (schedule->epochs < 1 || schedule->batch < 1 || schedule->batch > MOST_BATCH)
        return errmsg_set(err, -EINVAL,
                          "schedule: %u epochs in batches of %u; at least 1 epoch, batches of 1 to "
                          "%d",
                          schedule->epochs, schedule->batch, MOST_BATCH);
    if ((unsigned)schedule->optimizer >= OPTIMIZER_KINDS ||
        (unsigned)schedule->decay >= DECAY_KINDS || (unsigned)schedule->precision >= PRECISIONS)
        return errmsg_set(err, -EINVAL,
                          "schedule: an optimizer, decay or precision this engine lacks");
    if (schedule->crop_pad > NETWORK_MAX_SIDE)
        return errmsg_set(err, -EINVAL, "schedule: crop_pad %u; at most %d", schedule->crop_pad,
                          NETWORK_MAX_SIDE);
    return 0;
}

static uint64_t batch_bytes(const struct net *net)
{
    size_t logits = (size_t)net->nodes[net->output.node].x.shape.channels;

    return input_bytes(net) + net->batch * logits * sizeof(float);
}

const struct kernels *trainer_kernels(enum precision precision)
{
    const struct kernels *best = kernels_best();

    return precision == PRECISION_BF16 ? kernels_bf16(best, true) : best;
}

static int try(const struct network *network, const struct schedule *schedule, uint32_t batch,
               uint32_t threads, struct net **net_out, struct trainer_plan *plan_out,
               struct errmsg *err)
{
    const struct kernels *kernels = trainer_kernels(schedule->precision);
    int rc = net_plan(network, batch, threads, kernels, net_out, err);

    if (rc == 0)
        *plan_out = (struct trainer_plan){ .batch = batch,
                                           .threads = threads,
                                           .bytes = (*net_out)->arena.used + batch_bytes(*net_out) +
                                                    optimizer_bytes(*net_out, schedule) };
    return rc;
}

static int too_large(const struct schedule *schedule, const struct trainer_plan *plan,
                     struct errmsg *err)
{
    return errmsg_set(err, -ENOMEM,
                      "a training that takes %llu MB, even of %u images at a time; schedule.memory "
                      "is %llu MB",
                      (unsigned long long)megabytes(plan->bytes), plan->batch,
                      (unsigned long long)megabytes(schedule->memory));
}

static bool fits(const struct schedule *schedule, const struct trainer_plan *plan)
{
    return !schedule->memory || plan->bytes <= schedule->memory;
}

/* The largest parts that fit one thread, so that what is trained does not depend on the threads. */
static int find_batch(const struct network *network, const struct schedule *schedule,
                      struct net **net_out, struct trainer_plan *plan_out, struct errmsg *err)
{
    for (uint32_t batch = schedule->batch;; batch = (batch + 1) / 2) {
        int rc = try(network, schedule, batch, 1, net_out, plan_out, err);

        if (rc < 0 || fits(schedule, plan_out))
            return rc;
        net_free(*net_out);
        if ((batch + 1) / 2 < LEAST_PART)
            return too_large(schedule, plan_out, err);
    }
}

int trainer_lay_out(const struct network *network, const struct schedule *schedule,
                    uint32_t threads, struct net **net_out, struct trainer_plan *plan_out,
                    struct errmsg *err)
{
    struct trainer_plan plan = { 0 };
    struct net *net = NULL;
    int rc = check_schedule(schedule, err);

    if (rc == 0)
        rc = find_batch(network, schedule, &net, &plan, err);
    if (rc == 0 && threads > plan.batch)
        threads = plan.batch;
    for (; rc == 0 && plan.threads != threads; threads -= !fits(schedule, &plan)) {
        net_free(net);
        rc = try(network, schedule, plan.batch, threads, &net, &plan, err);
    }
    if (rc < 0)
        return rc;
    *net_out = net;
    *plan_out = plan;
    return 0;
}

int trainer_plan(const struct network *network, const struct schedule *schedule, uint32_t threads,
                 struct trainer_plan *plan_out, struct errmsg *err)
{
    struct net *net;
    int rc = trainer_lay_out(network, schedule, threads, &net, plan_out, err);

    if (rc == 0)
        net_free(net);
    return rc;
}

bool trainer_part(size_t n, size_t most, size_t i, size_t *first_out, size_t *images_out)
{
    size_t parts = (n + most - 1) / most, size = n / parts, larger = n % parts;

    if (i >= parts)
        return false;
    *first_out = i * size + (i < larger ? i : larger);
    *images_out = size + (i < larger);
    return true;
}
