#include "worker/data/images.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "worker/data/cifar.h"
#include "worker/data/idx.h"

const char *images_part_name(enum images_part part)
{
    return part == IMAGES_TRAIN ? "training" : "test";
}

int images_read(enum data_format format, const char *directory, enum images_part part,
                struct images *images_out, struct errmsg *err)
{
    switch (format) {
    case DATA_IDX:
        return idx_read(directory, part, images_out, err);
    case DATA_CIFAR10:
        return cifar_read(directory, part, &cifar10, images_out, err);
    case DATA_CIFAR100:
        return cifar_read(directory, part, &cifar100, images_out, err);
    case DATA_CSV:
    case DATA_FLOAT32:
    case DATA_FORMATS:
        break;
    }
    return errmsg_set(err, -EINVAL, "%s: images of a format that this worker cannot read",
                      directory);
}

void images_clear(struct images *images)
{
    free(images->pixels);
    free(images->labels);
    *images = (struct images){ 0 };
}

void image_set_clear(struct image_set *set)
{
    free(set->index);
    *set = (struct image_set){ 0 };
}

int images_all(const struct images *images, const struct normalisation *normalisation,
               struct image_set *set_out)
{
    struct image_set set = { .images = images, .n = images->n, .normalisation = *normalisation };

    set.index = malloc((images->n + 1) * sizeof *set.index);
    if (!set.index)
        return -ENOMEM;
    for (size_t i = 0; i < images->n; i++)
        set.index[i] = (uint32_t)i;
    *set_out = set;
    return 0;
}

/* ---- statistics ---- */

static void measure(struct image_set *set)
{
    const struct images *images = set->images;
    struct normalisation *found = &set->normalisation;
    size_t channels = (size_t)images->shape.channels;
    size_t pixels = (size_t)images->shape.height * (size_t)images->shape.width;

    for (size_t c = 0; c < channels; c++) {
        uint64_t sum = 0, squares = 0;
        double count = (double)set->n * (double)pixels, mean;

        for (size_t i = 0; i < set->n; i++) {
            const uint8_t *at = images->pixels + set->index[i] * pixels * channels + c;

            for (size_t p = 0; p < pixels; p++, at += channels) {
                sum += *at;
                squares += (uint64_t)*at * *at;
            }
        }
        mean = (double)sum / count;
        found->mean[c] = (float)mean;
        found->deviation[c] = (float)sqrt(fmax((double)squares / count - mean * mean, 0));
        if (!(found->deviation[c] > 0)) /* all alike: nothing to scale */
            found->deviation[c] = 1;
    }
}

/* ---- the split ---- */

enum part { PART_NONE, PART_VALID, PART_TRAIN };

struct splitter {
    const struct images *images;
    uint32_t *order;      /* images, shuffled, then by label */
    size_t *start, *free; /* of each label: first in order, images not yet taken */
    size_t *share;
    uint8_t *part; /* of each image */
};

static void splitter_clear(struct splitter *s)
{
    free(s->order);
    free(s->start);
    free(s->free);
    free(s->share);
    free(s->part);
}

/* Images of one label come in a random order, so that the next ones are a random choice. */
static void sort_by_label(struct splitter *s, uint32_t *shuffled)
{
    size_t next = 0;

    for (uint32_t label = 0; label < s->images->classes; label++) {
        s->start[label] = next;
        next += s->free[label];
        s->free[label] = 0;
    }
    for (size_t i = 0; i < s->images->n; i++) {
        uint16_t label = s->images->labels[shuffled[i]];

        s->order[s->start[label] + s->free[label]++] = shuffled[i];
    }
}

static int splitter_init(struct splitter *s, const struct images *images, uint64_t seed)
{
    uint32_t *shuffled = malloc(images->n * sizeof *shuffled);
    struct rng rng;

    *s = (struct splitter){
        .images = images,
        .order = malloc(images->n * sizeof *s->order),
        .start = calloc(images->classes, sizeof *s->start),
        .free = calloc(images->classes, sizeof *s->free),
        .share = calloc(images->classes, sizeof *s->share),
        .part = calloc(images->n, sizeof *s->part),
    };
    if (!shuffled || !s->order || !s->start || !s->free || !s->share || !s->part) {
        free(shuffled);
        splitter_clear(s);
        return -ENOMEM;
    }
    for (size_t i = 0; i < images->n; i++) {
        shuffled[i] = (uint32_t)i;
        s->free[images->labels[i]]++;
    }
    rng_init(&rng, seed, 0);
    rng_shuffle(&rng, shuffled, images->n);
    sort_by_label(s, shuffled);
    free(shuffled);
    return 0;
}

/* Shares `wanted` out to the labels in proportion to their free images, whole images by the largest
 * remainder, the first of equal ones. wanted is at most `total`, the number of free images. */
static void share_out(struct splitter *s, uint64_t wanted, uint64_t total)
{
    uint64_t left = wanted;

    for (uint32_t label = 0; label < s->images->classes; label++) {
        s->share[label] = wanted * s->free[label] / total;
        left -= s->share[label];
    }
    for (; left > 0; left--) {
        uint32_t best = 0;
        uint64_t most = 0;

        for (uint32_t label = 0; label < s->images->classes; label++) {
            uint64_t exact = wanted * s->free[label], given = s->share[label] * total;

            if (given < exact && exact - given > most) {
                most = exact - given;
                best = label;
            }
        }
        s->share[best]++;
    }
}

/* Takes `wanted` of the free images, stratified, for a part. */
static void take(struct splitter *s, uint64_t wanted, enum part part)
{
    uint64_t total = 0;

    for (uint32_t label = 0; label < s->images->classes; label++)
        total += s->free[label];
    if (wanted == 0)
        return;
    share_out(s, wanted, total);
    for (uint32_t label = 0; label < s->images->classes; label++)
        for (size_t i = 0; i < s->share[label]; i++)
            s->part[s->order[s->start[label] + --s->free[label]]] = (uint8_t)part;
}

static int collect(const struct splitter *s, size_t n, enum part part, struct image_set *set_out)
{
    struct image_set set = { .images = s->images };

    set.index = malloc((n + 1) * sizeof *set.index);
    if (!set.index)
        return -ENOMEM;
    for (size_t i = 0; i < s->images->n; i++)
        if (s->part[i] == part)
            set.index[set.n++] = (uint32_t)i;
    *set_out = set;
    return 0;
}

static int check_sizes(const struct images *images, const struct dataset_spec *spec,
                       struct errmsg *err)
{
    uint64_t needed = (uint64_t)spec->valid + (spec->train ? spec->train : 1);

    if (images->shape.channels > NORMALISATION_CHANNELS)
        return errmsg_set(err, -EINVAL, "%s: images of %d channels; at most %d", spec->name,
                          images->shape.channels, NORMALISATION_CHANNELS);
    if (needed > images->n)
        return errmsg_set(err, -EINVAL,
                          "%s: %u images to train on and %u to validate; there are %zu", spec->name,
                          spec->train, spec->valid, images->n);
    return 0;
}

int images_split(const struct images *images, const struct dataset_spec *spec,
                 struct image_set *train_out, struct image_set *valid_out, struct errmsg *err)
{
    struct image_set train = { 0 }, valid = { 0 };
    size_t n_train = spec->train ? spec->train : images->n - spec->valid;
    struct splitter splitter;
    int rc = check_sizes(images, spec, err);

    if (rc < 0)
        return rc;
    rc = splitter_init(&splitter, images, spec->split_seed);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: no memory for the split", spec->name);
    take(&splitter, spec->valid, PART_VALID);
    take(&splitter, n_train, PART_TRAIN);
    rc = collect(&splitter, n_train, PART_TRAIN, &train);
    if (rc == 0)
        rc = collect(&splitter, spec->valid, PART_VALID, &valid);
    splitter_clear(&splitter);
    if (rc < 0) {
        image_set_clear(&train);
        return errmsg_set(err, rc, "%s: no memory for the split", spec->name);
    }
    measure(&train);
    valid.normalisation = train.normalisation;
    *train_out = train;
    *valid_out = valid;
    return 0;
}
