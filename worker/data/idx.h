/* idx - the MNIST file format (LeCun): train-images-idx3-ubyte and train-labels-idx1-ubyte, and the
 * same for t10k, the test images; each gzipped or not. */
#ifndef LAYERNAS_WORKER_DATA_IDX_H
#define LAYERNAS_WORKER_DATA_IDX_H

#include "worker/data/images.h"

/* Reads a part of the data set that lies in directory. -EINVAL with a line that names the file at
 * fault, -ENOENT and the like, -ENOMEM. On success the images are the caller's to clear. */
int idx_read(const char *directory, enum images_part part, struct images *images_out,
             struct errmsg *err);

struct idx_bytes {
    const char *name; /* for errors */
    const uint8_t *bytes;
    size_t size;
};

/* The same for a pair of files that lie in memory, not gzipped. */
int idx_parse(const struct idx_bytes *pixels, const struct idx_bytes *labels,
              struct images *images_out, struct errmsg *err);

#endif
