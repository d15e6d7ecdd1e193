#include "worker/data/idx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/data/source.h"

enum { FIRST_BYTES = 1 << 16, PATH_SIZE = 4096 };

static int check_end(struct source *source, struct errmsg *err)
{
    uint8_t byte;
    ssize_t got = source_read(source, &byte, 1, err);

    if (got > 0)
        return errmsg_set(err, -EINVAL, "%s: goes on after the last of its items", source->name);
    return (int)got;
}

/* The header of a file of unsigned bytes in `dimensions` dimensions, at most 3. */
static int read_header(struct source *source, int dimensions, uint32_t size_out[3],
                       struct errmsg *err)
{
    uint8_t header[16];
    size_t length = 4 + 4 * (size_t)dimensions;
    ssize_t got = source_read(source, header, length, err);

    if (got < 0)
        return (int)got;
    if ((size_t)got < length)
        return errmsg_set(err, -EINVAL, "%s: ends within its header", source->name);
    if (header[0] || header[1] || header[2] != 8 || header[3] != dimensions)
        return errmsg_set(err, -EINVAL,
                          "%s: begins %02x %02x %02x %02x; an IDX file of bytes in %d dimensions "
                          "begins 00 00 08 %02x",
                          source->name, header[0], header[1], header[2], header[3], dimensions,
                          (unsigned)dimensions);
    for (int i = 0; i < dimensions; i++) {
        const uint8_t *at = header + 4 + 4 * i;

        size_out[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    return 0;
}

/* Reads n items of so many bytes. Memory grows with what has really come: a header may promise
 * anything. */
static int read_items(struct source *source, size_t n, size_t item, uint8_t **bytes_out,
                      struct errmsg *err)
{
    size_t size = n * item, capacity = 0, done = 0;
    uint8_t *bytes = NULL;

    while (done < size) {
        size_t more = done ? 4 * done : FIRST_BYTES;
        uint8_t *grown;
        ssize_t got;

        capacity = more < size ? more : size;
        grown = realloc(bytes, capacity);
        if (!grown) {
            free(bytes);
            return errmsg_set(err, -ENOMEM, "%s: no memory for %zu bytes", source->name, capacity);
        }
        bytes = grown;
        got = source_read(source, bytes + done, capacity - done, err);
        if (got >= 0 && (size_t)got < capacity - done)
            got = errmsg_set(err, -EINVAL, "%s: ends after %zu of %zu items", source->name,
                             (done + (size_t)got) / item, n);
        if (got < 0) {
            free(bytes);
            return (int)got;
        }
        done = capacity;
    }
    *bytes_out = bytes;
    return 0;
}

static int read_pixels(struct source *source, struct images *images, struct errmsg *err)
{
    uint32_t size[3];
    int rc = read_header(source, 3, size, err);

    if (rc < 0)
        return rc;
    if (size[0] < 1 || size[1] < 1 || size[2] < 1 || size[1] > NETWORK_MAX_SIDE ||
        size[2] > NETWORK_MAX_SIDE)
        return errmsg_set(err, -EINVAL, "%s: %u images of %ux%u; sides from 1 to %d", source->name,
                          size[0], size[1], size[2], NETWORK_MAX_SIDE);
    images->n = size[0];
    images->shape = (struct shape){ .channels = 1,
                                    .height = (int32_t)size[1],
                                    .width = (int32_t)size[2] };
    rc = read_items(source, size[0], (size_t)size[1] * size[2], &images->pixels, err);
    return rc < 0 ? rc : check_end(source, err);
}

static int read_labels(struct source *source, struct images *images, struct errmsg *err)
{
    uint8_t *bytes = NULL;
    uint32_t size[3];
    int rc = read_header(source, 1, size, err);

    if (rc < 0)
        return rc;
    if (size[0] != images->n)
        return errmsg_set(err, -EINVAL, "%s: %u labels for %zu images", source->name, size[0],
                          images->n);
    rc = read_items(source, size[0], 1, &bytes, err);
    if (rc == 0)
        rc = check_end(source, err);
    if (rc == 0) {
        images->labels = malloc(images->n * sizeof *images->labels);
        rc = images->labels ? 0 : errmsg_set(err, -ENOMEM, "%s: no memory", source->name);
    }
    for (size_t i = 0; rc == 0 && i < images->n; i++) {
        images->labels[i] = bytes[i];
        if (bytes[i] >= images->classes)
            images->classes = bytes[i] + 1u;
    }
    free(bytes);
    return rc;
}

static int read_pair(struct source *pixels, struct source *labels, struct images *images_out,
                     struct errmsg *err)
{
    struct images images = { 0 };
    int rc = read_pixels(pixels, &images, err);

    if (rc == 0)
        rc = read_labels(labels, &images, err);
    if (rc < 0) {
        images_clear(&images);
        return rc;
    }
    *images_out = images;
    return 0;
}

int idx_parse(const struct idx_bytes *pixels, const struct idx_bytes *labels,
              struct images *images_out, struct errmsg *err)
{
    struct source p = source_of_memory(pixels->name, pixels->bytes, pixels->size);
    struct source l = source_of_memory(labels->name, labels->bytes, labels->size);

    return read_pair(&p, &l, images_out, err);
}

/* DIRECTORY/PART-KIND, or that with .gz where there is no such file. */
static int open_file(struct source *source, const char *directory, const char *part,
                     const char *kind, char path[PATH_SIZE], struct errmsg *err)
{
    int length = snprintf(path, PATH_SIZE, "%s/%s-%s", directory, part, kind);

    if (length < 0 || length + 3 >= PATH_SIZE)
        return errmsg_set(err, -ENAMETOOLONG, "%s: the path is too long", directory);
    if (access(path, F_OK) != 0)
        memcpy(path + length, ".gz", 4);
    return source_open(source, path, err);
}

int idx_read(const char *directory, enum images_part part, struct images *images_out,
             struct errmsg *err)
{
    const char *name = part == IMAGES_TRAIN ? "train" : "t10k";
    char pixels_path[PATH_SIZE], labels_path[PATH_SIZE];
    struct source pixels = { 0 }, labels = { 0 };
    int rc = open_file(&pixels, directory, name, "images-idx3-ubyte", pixels_path, err);

    if (rc == 0)
        rc = open_file(&labels, directory, name, "labels-idx1-ubyte", labels_path, err);
    if (rc == 0)
        rc = read_pair(&pixels, &labels, images_out, err);
    source_close(&pixels);
    source_close(&labels);
    return rc;
}
