/* cifar - CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky, 2009, cs.toronto.edu/~kriz/cifar):
 * records one after the other, nothing else, each
 *
 *     CIFAR-10     1 byte    label, 0 to 9
 *     CIFAR-100    2 bytes   coarse label, 0 to 19, and fine label, 0 to 99; the fine one counts
 *     both      3072 bytes   32 x 32 pixels, rows from the top: all red, all green, all blue
 *
 * A folder holds them under the official names (data_batch_1.bin to data_batch_5.bin, test_batch.bin;
 * CIFAR-100: train.bin, test.bin), or in any number of files *train*.bin and *test*.bin, read in the
 * order of their names. Each may be gzipped, then .gz follows. */
#ifndef LAYERNAS_WORKER_DATA_CIFAR_H
#define LAYERNAS_WORKER_DATA_CIFAR_H

#include "worker/data/images.h"

struct cifar_kind {
    size_t n_labels;     /* bytes before the pixels, the last of them the label that counts */
    uint32_t classes[2]; /* of each of these bytes */
};

extern const struct cifar_kind cifar10, cifar100;

/* Reads a part of the data set that lies in directory. -EINVAL with a line that names the file and
 * the record at fault, -ENOENT and the like, -ENOMEM. On success the images are the caller's to
 * clear. */
int cifar_read(const char *directory, enum images_part part, const struct cifar_kind *kind,
               struct images *images_out, struct errmsg *err);

/* The same for one file that lies in memory, not gzipped; name stands for it in faults. */
int cifar_parse(const char *name, const uint8_t *bytes, size_t size, const struct cifar_kind *kind,
                struct images *images_out, struct errmsg *err);

#endif
