#include "common/surrogate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LAYERS = 4, WIDEST = 400, REWARD_TOTAL = 10000000 };

static const int widths[LAYERS + 1] = { SURROGATE_INPUTS, WIDEST, WIDEST, WIDEST, 1 };

struct surrogate {
    float weights[SURROGATE_WEIGHTS]; /* as in the file */
};

/* ---- the file ---- */

static float read_float(const uint8_t *bytes)
{
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

int surrogate_read(const uint8_t *bytes, size_t size, const char *name,
                   struct surrogate **surrogate_out, struct errmsg *err)
{
    struct surrogate *surrogate;

    if (size != SURROGATE_BYTES)
        return errmsg_set(err, -EINVAL,
                          "%s: %s than %d bytes, those of the %d numbers (float32) of a predictor "
                          "for ofa-mobilenet-v3",
                          name, size < SURROGATE_BYTES ? "fewer" : "more", SURROGATE_BYTES,
                          SURROGATE_WEIGHTS);
    surrogate = malloc(sizeof *surrogate);
    if (!surrogate)
        return errmsg_set(err, -ENOMEM, "%s: no memory for it", name);
    for (int i = 0; i < SURROGATE_WEIGHTS; i++) {
        float value = read_float(bytes + 4 * i);

        if (!isfinite(value)) {
            free(surrogate);
            return errmsg_set(err, -EINVAL, "%s: number %d: %g; a finite one", name, i + 1,
                              (double)value);
        }
        surrogate->weights[i] = value;
    }
    *surrogate_out = surrogate;
    return 0;
}

/* Up to room bytes of it. */
static int read_bytes(const char *path, uint8_t *bytes, size_t room, size_t *size_out,
                      struct errmsg *err)
{
    gzFile file;
    int got, code, rc;

    errno = 0; /* gzopen leaves it alone when only memory was missing */
    file = gzopen(path, "rb");
    if (!file) {
        rc = errno ? -errno : -ENOMEM;
        return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
    }
    got = gzread(file, bytes, (unsigned)room);
    gzerror(file, &code); /* a file cut short gives its bytes first and Z_BUF_ERROR then */
    rc = got >= 0 && code >= 0
             ? 0
             : errmsg_set(err, -EIO, "%s: %s", path,
                          code == Z_ERRNO ? strerror(errno) : "damaged gzip data");
    gzclose(file);
    *size_out = (size_t)got;
    return rc;
}

int surrogate_load(const char *path, struct surrogate **surrogate_out, struct errmsg *err)
{
    enum { ROOM = SURROGATE_BYTES + 1 }; /* one more, to see that there are no more */
    uint8_t *bytes = malloc(ROOM);
    size_t size = 0;
    int rc = bytes ? read_bytes(path, bytes, ROOM, &size, err)
                   : errmsg_set(err, -ENOMEM, "%s: no memory for it", path);

    if (rc == 0)
        rc = surrogate_read(bytes, size, path, surrogate_out, err);
    free(bytes);
    return rc;
}

void surrogate_free(struct surrogate *surrogate)
{
    free(surrogate);
}

/* ---- prediction ---- */

/* out = weights in + bias, which follows the weights. Returns what follows the bias. */
static const float *dense(const float *weights, const double *in, int n_in, double *out, int n_out)
{
    const float *bias = weights + (size_t)n_in * (size_t)n_out;

    for (int o = 0; o < n_out; o++) {
        const float *row = weights + (size_t)o * (size_t)n_in;

        out[o] = bias[o];
        for (int i = 0; i < n_in; i++)
            out[o] += row[i] * in[i];
    }
    return bias + n_out;
}

double surrogate_predict(const struct surrogate *surrogate, const uint8_t x[SURROGATE_INPUTS])
{
    const float *weights = surrogate->weights;
    double in[WIDEST], out[WIDEST];

    for (int i = 0; i < SURROGATE_INPUTS; i++)
        in[i] = x[i];
    for (int layer = 0; layer < LAYERS; layer++) {
        weights = dense(weights, in, widths[layer], out, widths[layer + 1]);
        for (int i = 0; i < widths[layer + 1]; i++)
            in[i] = out[i] > 0 ? out[i] : 0;
    }
    return out[0];
}

int surrogate_reward(const struct surrogate *surrogate, const struct network *network,
                     struct reward *reward_out, struct errmsg *err)
{
    uint8_t x[SURROGATE_INPUTS];
    double top1;
    int rc = surrogate_encode(network, x, err);

    if (rc < 0)
        return rc;
    top1 = surrogate_predict(surrogate, x);
    if (!(top1 >= 0 && top1 <= 1))
        return errmsg_set(err, -ERANGE, "predicts %g; a fraction, from 0 to 1", top1);
    *reward_out = (struct reward){ .correct = (uint32_t)llround(top1 * REWARD_TOTAL),
                                   .total = REWARD_TOTAL };
    return 0;
}
