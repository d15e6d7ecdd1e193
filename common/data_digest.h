/* data_digest - what a data set holds, in 128 bits: two machines with equal digests have the same
 * data, gzipped or not, wherever it lies. The formula is in proto/PROTOCOL.md. */
#ifndef LAYERNAS_COMMON_DATA_DIGEST_H
#define LAYERNAS_COMMON_DATA_DIGEST_H

#include <stdatomic.h>

#include "common/digest.h"
#include "common/errmsg.h"

/* Reads all that path holds: a file (a table), or the data files of a folder, which are those named
 * *-ubyte or *.bin, or that with .gz; of a file and its gzipped twin the plain one counts, as for
 * those who read it. Any thread; takes a second or so for each gigabyte. -ECANCELED soon after *stop
 * became true (NULL: it never does); -ENOENT for a folder without data files, -EIO for damaged gzip
 * data, or the errno of a file that err names. */
int data_digest(const char *path, const atomic_bool *stop, struct digest *digest_out,
                struct errmsg *err);

/* Another one whenever what path holds may have changed, by its files' sizes, inodes and times of
 * change: takes no longer than asking for these. Every path has one, also one that cannot be read. */
struct digest data_stamp(const char *path);

#endif
