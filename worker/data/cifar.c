#include "worker/data/cifar.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/data/source.h"

enum {
    SIDE = 32,
    PLANE = SIDE * SIDE,
    CHANNELS = 3,
    PIXELS = CHANNELS * PLANE,
    MOST_LABELS = 2,
    MOST_IMAGES = 1000000, /* a gzipped file of a few KiB can go on for ever */
    FIRST_IMAGES = 1000,
    OFFICIAL_BATCHES = 5,
    PATH_SIZE = 4096,
};

const struct cifar_kind cifar10 = { .n_labels = 1, .classes = { 10 } };
const struct cifar_kind cifar100 = { .n_labels = 2, .classes = { 20, 100 } };

/* ---- records ---- */

struct reader {
    const struct cifar_kind *kind;
    struct images images;
    size_t capacity; /* images there is memory for */
};

static int make_room(struct reader *r, const char *name, struct errmsg *err)
{
    size_t capacity = r->capacity ? 2 * r->capacity : FIRST_IMAGES;
    uint8_t *pixels;
    uint16_t *labels;

    if (r->images.n < r->capacity)
        return 0;
    pixels = realloc(r->images.pixels, capacity * PIXELS);
    if (pixels)
        r->images.pixels = pixels;
    labels = realloc(r->images.labels, capacity * sizeof *labels);
    if (labels)
        r->images.labels = labels;
    if (!pixels || !labels)
        return errmsg_set(err, -ENOMEM, "%s: no memory for %zu images", name, capacity);
    r->capacity = capacity;
    return 0;
}

static void interleave(const uint8_t *planes, uint8_t *pixels)
{
    for (size_t p = 0; p < PLANE; p++)
        for (size_t c = 0; c < CHANNELS; c++)
            pixels[p * CHANNELS + c] = planes[c * PLANE + p];
}

static int check_labels(const struct cifar_kind *kind, const uint8_t *record, const char *name,
                        size_t number, struct errmsg *err)
{
    for (size_t i = 0; i < kind->n_labels; i++)
        if (record[i] >= kind->classes[i])
            return errmsg_set(err, -EINVAL, "%s: record %zu: %slabel %u; 0 to %u", name, number,
                              i + 1 < kind->n_labels ? "coarse " : "", record[i],
                              kind->classes[i] - 1);
    return 0;
}

/* 1: a record was read; 0: the file ended where it should. */
static int read_record(struct reader *r, struct source *source, size_t number, struct errmsg *err)
{
    size_t size = r->kind->n_labels + PIXELS;
    uint8_t record[MOST_LABELS + PIXELS];
    ssize_t got = source_read(source, record, size, err);
    int rc;

    if (got <= 0)
        return (int)got;
    if ((size_t)got < size)
        return errmsg_set(err, -EINVAL, "%s: record %zu: ends after %zd bytes; records of %zu",
                          source->name, number, got, size);
    rc = check_labels(r->kind, record, source->name, number, err);
    if (rc < 0)
        return rc;
    if (r->images.n == MOST_IMAGES)
        return errmsg_set(err, -EINVAL, "%s: record %zu: there are %d before it; no more",
                          source->name, number, MOST_IMAGES);
    rc = make_room(r, source->name, err);
    if (rc < 0)
        return rc;
    interleave(record + r->kind->n_labels, r->images.pixels + r->images.n * PIXELS);
    r->images.labels[r->images.n++] = record[r->kind->n_labels - 1];
    return 1;
}

static int read_records(struct reader *r, struct source *source, struct errmsg *err)
{
    size_t number = 1;
    int rc;

    while ((rc = read_record(r, source, number, err)) > 0)
        number++;
    if (rc == 0 && number == 1)
        rc = errmsg_set(err, -EINVAL, "%s: empty; records of %zu bytes", source->name,
                        r->kind->n_labels + PIXELS);
    return rc;
}

static struct reader reader_of(const struct cifar_kind *kind)
{
    return (struct reader){ .kind = kind,
                            .images.shape = { CHANNELS, SIDE, SIDE },
                            .images.classes = kind->classes[kind->n_labels - 1] };
}

/* rc, and the images to whom they are due. */
static int finish(struct reader *r, int rc, struct images *images_out)
{
    if (rc == 0)
        *images_out = r->images;
    else
        images_clear(&r->images);
    return rc;
}

int cifar_parse(const char *name, const uint8_t *bytes, size_t size, const struct cifar_kind *kind,
                struct images *images_out, struct errmsg *err)
{
    struct source source = source_of_memory(name, bytes, size);
    struct reader reader = reader_of(kind);

    return finish(&reader, read_records(&reader, &source, err), images_out);
}

/* ---- files ---- */

static size_t length_without(const char *name, size_t length, const char *suffix)
{
    size_t n = strlen(suffix);

    return length > n && memcmp(name + length - n, suffix, n) == 0 ? length - n : 0;
}

/* Whether this is a file of training images, or one of test images. */
static bool is_part(const char *name, enum images_part part)
{
    size_t length = strlen(name), plain = length_without(name, length, ".gz");
    bool train = strstr(name, "train") || strncmp(name, "data_batch", 10) == 0;

    if (*name == '.' || !length_without(name, plain ? plain : length, ".bin"))
        return false;
    return part == IMAGES_TRAIN ? train : !train && strstr(name, "test");
}

static int is_training(const struct dirent *entry)
{
    return is_part(entry->d_name, IMAGES_TRAIN);
}

static int is_test(const struct dirent *entry)
{
    return is_part(entry->d_name, IMAGES_TEST);
}

/* Bytewise, whatever the locale: the order of images decides the split. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Where one of the official batches is there, all have to be. */
static int check_batches(const char *directory, struct dirent *const *files, int n,
                         struct errmsg *err)
{
    bool there[OFFICIAL_BATCHES] = { false }, any = false;

    for (int i = 0; i < n; i++)
        for (int batch = 0; batch < OFFICIAL_BATCHES; batch++) {
            char name[32];
            int length = snprintf(name, sizeof name, "data_batch_%d.bin", batch + 1);

            if (strncmp(files[i]->d_name, name, (size_t)length) == 0)
                any = there[batch] = true;
        }
    for (int batch = 0; any && batch < OFFICIAL_BATCHES; batch++)
        if (!there[batch])
            return errmsg_set(err, -ENOENT,
                              "%s/data_batch_%d.bin: missing; data_batch_1.bin to "
                              "data_batch_%d.bin, gzipped or not",
                              directory, batch + 1, OFFICIAL_BATCHES);
    return 0;
}

/* NAME.gz beside NAME is the same once more. */
static bool is_copy(struct dirent *const *files, int i)
{
    size_t plain = length_without(files[i]->d_name, strlen(files[i]->d_name), ".gz");

    for (int k = 0; plain && k < i; k++)
        if (strlen(files[k]->d_name) == plain &&
            memcmp(files[k]->d_name, files[i]->d_name, plain) == 0)
            return true;
    return false;
}

static int read_file(struct reader *reader, const char *directory, const char *name,
                     struct errmsg *err)
{
    char path[PATH_SIZE];
    struct source source;
    int rc;

    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= PATH_SIZE)
        return errmsg_set(err, -ENAMETOOLONG, "%s: the path is too long", directory);
    rc = source_open(&source, path, err);
    if (rc < 0)
        return rc;
    rc = read_records(reader, &source, err);
    source_close(&source);
    return rc;
}

static int read_files(struct reader *reader, const char *directory, enum images_part part,
                      struct dirent *const *files, int n, struct errmsg *err)
{
    int rc = check_batches(directory, files, n, err);

    if (rc == 0 && n == 0)
        rc = errmsg_set(
            err, -ENOENT, "%s: no %s images; %s, gzipped or not", directory, images_part_name(part),
            part == IMAGES_TRAIN ? "data_batch_1.bin to data_batch_5.bin, train.bin or *train*.bin"
                                 : "test_batch.bin, test.bin or *test*.bin");
    for (int i = 0; rc == 0 && i < n; i++)
        if (!is_copy(files, i))
            rc = read_file(reader, directory, files[i]->d_name, err);
    return rc;
}

int cifar_read(const char *directory, enum images_part part, const struct cifar_kind *kind,
               struct images *images_out, struct errmsg *err)
{
    struct reader reader = reader_of(kind);
    struct dirent **files;
    int n = scandir(directory, &files, part == IMAGES_TRAIN ? is_training : is_test, by_name), rc;

    if (n < 0)
        return errmsg_set(err, -errno, "%s: cannot be opened: %s", directory, strerror(errno));
    rc = read_files(&reader, directory, part, files, n, err);
    for (int i = 0; i < n; i++)
        free(files[i]);
    free(files);
    return finish(&reader, rc, images_out);
}
