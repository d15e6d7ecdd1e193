/* idx - the MNIST file format (LeCun), from files (see images.h) or from bytes in memory. */
#ifndef LAYERNAS_WORKER_DATA_IDX_H
#define LAYERNAS_WORKER_DATA_IDX_H

#include "worker/data/images.h"

struct idx_bytes {
    const char *name; /* for errors */
    const uint8_t *bytes;
    size_t size;
};

/* Reads a pair of files that lie in memory, not gzipped. -EINVAL with a line that names the one at
 * fault, -ENOMEM. On success the images are the caller's to clear. */
int idx_parse(const struct idx_bytes *pixels, const struct idx_bytes *labels,
              struct images *images_out, struct errmsg *err);

#endif
