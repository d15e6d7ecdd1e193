#include "common/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_BYTES = 1 << 28 }; /* decompressed; the largest table we know has 4 MB */

static int read_bytes(gzFile file, const char *path, char **bytes_out, size_t *size_out,
                      struct errmsg *err)
{
    size_t size = 0, room = 1 << 16;
    char *bytes = malloc(room), *grown;
    int got = 0, code;

    while (bytes && (got = gzread(file, bytes + size, (unsigned)(room - size))) > 0) {
        size += (size_t)got;
        if (size < room)
            continue;
        grown = room < MAX_BYTES ? realloc(bytes, 2 * room) : NULL;
        if (!grown) {
            free(bytes);
            return errmsg_set(err, -EFBIG, "%s: no memory for it, or over %d MB", path,
                              MAX_BYTES >> 20);
        }
        bytes = grown;
        room *= 2;
    }
    if (!bytes)
        return errmsg_set(err, -ENOMEM, "%s: no memory for it", path);
    gzerror(file, &code); /* a file cut short gives its bytes first and Z_BUF_ERROR then */
    if (got < 0 || code < 0) {
        free(bytes);
        return errmsg_set(err, -EIO, "%s: %s", path,
                          code == Z_ERRNO ? strerror(errno) : "damaged gzip data");
    }
    *bytes_out = bytes;
    *size_out = size;
    return 0;
}

int table_load(const char *path, const char *key_columns, const char *const *values,
               size_t n_values, struct table **table_out, struct errmsg *err)
{
    char *bytes = NULL;
    size_t size = 0;
    gzFile file;
    int rc;

    errno = 0; /* gzopen leaves it alone when only memory was missing */
    file = gzopen(path, "rb");
    if (!file) {
        rc = errno ? -errno : -ENOMEM;
        return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
    }
    rc = read_bytes(file, path, &bytes, &size, err);
    gzclose(file);
    if (rc < 0)
        return rc;
    rc = table_read(bytes, size, path, key_columns, values, n_values, table_out, err);
    free(bytes);
    return rc;
}
