/* source - where the bytes of a data file come from: a file, gzipped or not, or memory.
 *
 * Faults are one line that begins with the source's name. Memory grows with what has really come:
 * a file may promise anything. */
#ifndef LAYERNAS_WORKER_DATA_SOURCE_H
#define LAYERNAS_WORKER_DATA_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

#include "common/errmsg.h"

struct source {
    const char *name; /* for faults; the caller's */
    gzFile file;      /* or, where NULL, */
    const uint8_t *bytes;
    size_t left;
};

/* A file, which is read as it is where it is not gzipped. -ENOENT and the like. */
int source_open(struct source *source, const char *path, struct errmsg *err);
struct source source_of_memory(const char *name, const uint8_t *bytes, size_t size);
void source_close(struct source *source);

/* Reads up to size bytes and returns how many; fewer only at the end. -EIO for a file that cannot
 * be read. */
ssize_t source_read(struct source *source, uint8_t *to, size_t size, struct errmsg *err);

#endif
