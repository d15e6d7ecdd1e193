#include "proto/weights_file.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/wire_parts.h"

static const char magic[8] = "LNASWGT";

enum { VERSION = 2, HEADER = 16, COUNT = 8, TRAILER = 4, FLOAT = 4 };

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, size);
}

/* ---- writing ---- */

static int put_file(const struct weights_file *file, const struct bytes *description,
                    struct bytes *bytes_out)
{
    size_t size = HEADER + description->size + COUNT + file->floats.size + TRAILER;
    uint8_t *bytes = malloc(size), *at;

    if (!bytes)
        return -ENOMEM;
    memcpy(bytes, magic, sizeof magic);
    put(bytes + 8, VERSION, 4);
    put(bytes + 12, description->size, 4);
    memcpy(bytes + HEADER, description->data, description->size);
    at = bytes + HEADER + description->size;
    put(at, file->floats.size / FLOAT, COUNT);
    if (file->floats.size)
        memcpy(at + COUNT, file->floats.data, file->floats.size);
    put(bytes + size - TRAILER, checksum(bytes, size - TRAILER), 4);
    *bytes_out = (struct bytes){ .data = bytes, .size = size };
    return 0;
}

int weights_file_pack(const struct weights_file *file, struct bytes *bytes_out)
{
    size_t channels = file->network.n_ops ? (size_t)file->network.ops[0].out.channels : 0;
    Layernas__Model model = LAYERNAS__MODEL__INIT;
    struct packed_evaluation evaluation;
    struct packed_network network;
    uint32_t arch[ARCH_MAX_LAYERS];
    struct bytes description;
    int rc = wire_put_network(&file->network, &network);

    if (rc < 0)
        return rc;
    wire_put_evaluation(&file->evaluation, &evaluation);
    model.study = (char *)file->study;
    model.test_correct = file->test.correct;
    model.test_total = file->test.total;
    model.n_arch = wire_put_arch(&file->arch, arch);
    model.arch = arch;
    model.replica = file->replica;
    model.seed = file->seed;
    model.evaluation = &evaluation.message;
    model.valid_correct = file->validation.correct;
    model.valid_total = file->validation.total;
    model.numerics = (char *)file->numerics;
    model.n_network = network.n;
    model.network = network.list;
    model.dense_bias = file->count.dense_bias;
    model.n_mean = model.n_deviation = channels <= NORMALISATION_CHANNELS ? channels : 0;
    model.mean = (float *)file->normalisation.mean; /* both only read from */
    model.deviation = (float *)file->normalisation.deviation;
    rc = wire_encode(&model.base, &description);
    packed_network_clear(&network);
    if (rc < 0)
        return rc;
    rc = put_file(file, &description, bytes_out);
    free(description.data);
    return rc;
}

/* ---- reading ---- */

static struct reward read_reward(struct wire_reader *r, const char *field, uint32_t correct,
                                 uint32_t total)
{
    return (struct reward){
        .correct = (uint32_t)wire_read_integer(r, field, correct, 0, total),
        .total = total,
    };
}

static void read_normalisation(struct wire_reader *r, const Layernas__Model *from,
                               struct weights_file *to)
{
    size_t channels = to->network.n_ops ? (size_t)to->network.ops[0].out.channels : 1;

    if (channels > NORMALISATION_CHANNELS)
        wire_fault(r, "network: images of %zu channels; at most %d", channels,
                   NORMALISATION_CHANNELS);
    wire_read_integer(r, "mean: channels", from->n_mean, channels, channels);
    wire_read_integer(r, "deviation: channels", from->n_deviation, channels, channels);
    for (size_t c = 0; r->rc == 0 && c < channels; c++) {
        to->normalisation.mean[c] = (float)wire_read_real(r, "mean", (double)from->mean[c],
                                                          -FLT_MAX, FLT_MAX);
        to->normalisation.deviation[c] = (float)wire_read_real(
            r, "deviation", (double)from->deviation[c], (double)FLT_MIN, (double)FLT_MAX);
    }
}

static void read_model(struct wire_reader *r, const Layernas__Model *from, struct weights_file *to)
{
    wire_read_text(r, "study", from->study, to->study, sizeof to->study);
    to->test = read_reward(r, "test_correct", from->test_correct, from->test_total);
    to->arch = wire_read_arch(r, from->n_arch, from->arch);
    to->replica = from->replica;
    to->seed = from->seed;
    to->evaluation = wire_read_evaluation(r, from->evaluation);
    if (r->rc == 0 && to->evaluation.evaluator != EVALUATOR_TRAIN)
        wire_fault(r, "evaluator: not train");
    to->validation = read_reward(r, "valid_correct", from->valid_correct, from->valid_total);
    wire_read_text(r, "numerics", from->numerics, to->numerics, sizeof to->numerics);
    to->network = wire_read_network(r, from->n_network, from->network);
    if (r->rc == 0 && to->network.n_ops == 0)
        wire_fault(r, "network: missing");
    to->count.dense_bias = from->dense_bias;
    read_normalisation(r, from, to);
}

static int read_description(const uint8_t *data, size_t size, struct weights_file *to,
                            struct errmsg *err)
{
    struct errmsg why = { "" };
    struct wire_reader r = { .err = &why };
    ProtobufCMessage *model = wire_decode(&r, &layernas__model__descriptor, data, size);

    if (model)
        read_model(&r, (const Layernas__Model *)model, to);
    wire_free(model);
    if (r.rc == -EPROTO)
        return errmsg_set(err, -EINVAL, "weights: description: %s", why.text);
    return r.rc < 0 ? errmsg_set(err, r.rc, "weights: no memory for the network") : 0;
}

/* Sizes that agree with each other: then the parts are where they should be. */
static int check_layout(const uint8_t *data, size_t size, size_t *description_out,
                        struct errmsg *err)
{
    size_t least = HEADER + COUNT + TRAILER, description;

    if (size < least || memcmp(data, magic, sizeof magic) != 0)
        return errmsg_set(err, -EINVAL, "weights: not a file of weights");
    if (get(data + 8, 4) != VERSION)
        return errmsg_set(err, -EINVAL, "weights: version %u; this program reads %d",
                          (unsigned)get(data + 8, 4), VERSION);
    if (get(data + size - TRAILER, 4) != checksum(data, size - TRAILER))
        return errmsg_set(err, -EINVAL, "weights: damaged, the checksum is wrong");
    description = get(data + 12, 4);
    if (description > size - least || (size - least - description) % FLOAT != 0 ||
        get(data + HEADER + description, COUNT) != (size - least - description) / FLOAT)
        return errmsg_set(err, -EINVAL, "weights: %zu bytes; not what their parts come to", size);
    *description_out = description;
    return 0;
}

static int copy_floats(const uint8_t *from, size_t size, struct bytes *to, struct errmsg *err)
{
    to->data = malloc(size + 1);
    if (!to->data)
        return errmsg_set(err, -ENOMEM, "weights: no memory for %zu bytes", size);
    memcpy(to->data, from, size);
    to->size = size;
    return 0;
}

int weights_file_unpack(const uint8_t *data, size_t size, struct weights_file *file_out,
                        struct errmsg *err)
{
    struct weights_file file = { .study = "" };
    size_t description = 0, head;
    int rc = check_layout(data, size, &description, err);

    if (rc < 0)
        return rc;
    head = HEADER + description + COUNT;
    rc = read_description(data + HEADER, description, &file, err);
    if (rc == 0)
        rc = copy_floats(data + head, size - head - TRAILER, &file.floats, err);
    if (rc < 0) {
        weights_file_clear(&file);
        return rc;
    }
    *file_out = file;
    return 0;
}

void weights_file_clear(struct weights_file *file)
{
    network_clear(&file->network);
    free(file->floats.data);
    *file = (struct weights_file){ .study = "" };
}
