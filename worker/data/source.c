#include "worker/data/source.h"

#include <errno.h>
#include <string.h>

enum { CHUNK = 1 << 20, BUFFER = 128 * 1024 };

int source_open(struct source *source, const char *path, struct errmsg *err)
{
    *source = (struct source){ .name = path, .file = gzopen(path, "rb") };
    if (!source->file) {
        int code = errno ? -errno : -ENOMEM;

        return errmsg_set(err, code, "%s: cannot be opened: %s", path, strerror(-code));
    }
    gzbuffer(source->file, BUFFER);
    return 0;
}

struct source source_of_memory(const char *name, const uint8_t *bytes, size_t size)
{
    return (struct source){ .name = name, .bytes = bytes, .left = size };
}

void source_close(struct source *source)
{
    if (source->file)
        gzclose(source->file);
    source->file = NULL;
}

/* A gzipped file that was cut gives what is there of it, and then ends like a whole one. */
static int check_whole(const struct source *source, struct errmsg *err)
{
    int code;
    const char *why = gzerror(source->file, &code);

    if (code == Z_OK || code == Z_STREAM_END)
        return 0;
    return errmsg_set(err, -EIO, "%s: cannot be read: %s", source->name,
                      code == Z_BUF_ERROR ? "the gzipped file ends too early" : why);
}

static ssize_t read_file(struct source *source, uint8_t *to, size_t size, struct errmsg *err)
{
    size_t done = 0;

    while (done < size) {
        size_t want = size - done < CHUNK ? size - done : CHUNK;
        int got = gzread(source->file, to + done, (unsigned)want);
        int rc = got <= 0 ? check_whole(source, err) : 0;

        if (rc < 0)
            return rc;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

ssize_t source_read(struct source *source, uint8_t *to, size_t size, struct errmsg *err)
{
    size_t n = size < source->left ? size : source->left;

    if (source->file)
        return read_file(source, to, size, err);
    if (n == 0)
        return 0;
    memcpy(to, source->bytes, n);
    source->bytes += n;
    source->left -= n;
    return (ssize_t)n;
}
