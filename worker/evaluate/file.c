#include "worker/evaluate/file.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/human.h"
#include "common/json_print.h"
#include "common/log.h"
#include "common/print.h"
#include "worker/evaluate/trained.h"

struct measured {
    const char *path, *directory;
    struct weights_file file;
    struct accuracy accuracy;
    struct costs costs;
};

/* ---- reading ---- */

static int read_stream(FILE *in, struct bytes *bytes_out)
{
    enum { MORE = 1 << 20 };
    struct bytes bytes = { 0 };
    size_t got;

    do {
        uint8_t *grown = realloc(bytes.data, bytes.size + MORE);

        if (!grown) {
            free(bytes.data);
            return -ENOMEM;
        }
        bytes.data = grown;
        got = fread(bytes.data + bytes.size, 1, MORE, in);
        bytes.size += got;
    } while (got > 0 && bytes.size <= WIRE_MAX_MESSAGE);
    if (ferror(in) || bytes.size > WIRE_MAX_MESSAGE) {
        free(bytes.data);
        return ferror(in) ? -errno : -EFBIG;
    }
    *bytes_out = bytes;
    return 0;
}

static int read_file(const char *path, struct weights_file *file_out, struct errmsg *err)
{
    FILE *in = fopen(path, "rb");
    struct bytes bytes = { 0 };
    struct errmsg why;
    int rc = in ? read_stream(in, &bytes) : -errno;

    if (in)
        fclose(in);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
    rc = weights_file_unpack(bytes.data, bytes.size, file_out, &why);
    free(bytes.data);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", path, why.text) : 0;
}

static int find_data(const struct worker_options *options, const char *name, const char **path_out,
                     struct errmsg *err)
{
    *path_out = options_data_path(options, name);
    if (*path_out)
        return 0;
    return errmsg_set(err, -ENOENT, "data set %s: where is it? --data %s=PATH", name, name);
}

static int measure(struct measured *m, uint32_t threads, struct errmsg *err)
{
    struct images images;
    struct errmsg why = { "" };
    int rc = images_read(m->file.evaluation.data.format, m->directory, IMAGES_TEST, &images, err);

    if (rc < 0)
        return rc;
    network_costs(&m->file.network, &m->file.count, &m->costs);
    rc = trained_measure(&m->file, &images, threads, &m->accuracy, &why);
    images_clear(&images);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", m->path, why.text) : 0;
}

/* ---- showing ---- */

static struct reward reward_now(const struct measured *m)
{
    return (struct reward){ m->accuracy.correct, m->accuracy.total };
}

static void print_reward(const char *label, struct reward reward, const char *of)
{
    char correct[PRINT_NUMBER_SIZE], total[PRINT_NUMBER_SIZE];

    print_item(stdout, label, "%.2f %%: %s of %s %s", reward_percent(reward),
               print_grouped(reward.correct, correct), print_grouped(reward.total, total), of);
}

static void print_network(const struct measured *m)
{
    const struct network *network = &m->file.network;
    const struct normalisation *by = &m->file.normalisation;
    const struct shape *in = &network->ops[0].out;
    char arch[ARCH_TEXT_SIZE], madds[HUMAN_SIZE], params[HUMAN_SIZE];

    print_item(stdout, "arch", "%s", arch_format(&m->file.arch, arch));
    print_item(stdout, "network", "%zu operations, %s madds, %s params", network->n_ops,
               human_amount(m->costs.madds, madds), human_amount(m->costs.params, params));
    print_item(stdout, "takes", "images of %dx%dx%d; tells %d classes apart", in->channels,
               in->height, in->width, network->ops[network->n_ops - 1].out.channels);
    for (int32_t c = 0; c < in->channels; c++)
        print_item(stdout, c ? "" : "normalised", "(byte - %.3f) / %.3f", (double)by->mean[c],
                   (double)by->deviation[c]);
}

static void print_text(const struct measured *m)
{
    const struct evaluation *evaluation = &m->file.evaluation;

    print_reward("test", reward_now(m), "test images");
    if (m->file.test.total)
        print_reward("recorded", m->file.test, "by the study");
    if (m->file.validation.total)
        print_reward("validation", m->file.validation, "validation images");
    print_item(stdout, "data", "%s (%s) in %s", evaluation->data.name,
               data_format_name(evaluation->data.format), m->directory);
    if (m->file.study[0])
        print_item(stdout, "study", "%s", m->file.study);
    print_network(m);
    print_item(stdout, "trained", "%" PRIu32 " epochs, seed %" PRIu64 "%s%s",
               evaluation->schedule.epochs, m->file.seed, m->file.numerics[0] ? ", on " : "",
               m->file.numerics);
}

static json_t *percent_or_null(struct reward reward)
{
    return reward.total ? json_real(reward_percent(reward)) : json_null();
}

static json_t *channels_json(const float *values, int32_t n)
{
    json_t *list = json_array();

    for (int32_t c = 0; c < n; c++)
        json_array_append_new(list, json_real((double)values[c]));
    return list;
}

static int print_json(const struct measured *m)
{
    const struct weights_file *file = &m->file;
    const struct dataset_spec *data = &file->evaluation.data;
    int32_t channels = file->network.ops[0].out.channels;
    char arch[ARCH_TEXT_SIZE], seed[24];
    json_t *json;

    snprintf(seed, sizeof seed, "%" PRIu64, file->seed); /* may be past what JSON numbers hold */
    json = json_pack(
        "{s:s, s:s*, s:s, s:{s:s, s:s, s:s}, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:s, "
        "s:s, s:{s:o, s:o}}",
        "weights", m->path, "study", file->study[0] ? file->study : NULL, "arch",
        arch_format(&file->arch, arch), "data", "name", data->name, "format",
        data_format_name(data->format), "path", m->directory, "test_top1",
        percent_or_null(reward_now(m)), "correct", (json_int_t)m->accuracy.correct, "total",
        (json_int_t)m->accuracy.total, "loss",
        isfinite(m->accuracy.loss) ? json_real(m->accuracy.loss) : json_null(), "recorded_top1",
        percent_or_null(file->test), "validation_top1", percent_or_null(file->validation), "madds",
        (json_int_t)m->costs.madds, "params", (json_int_t)m->costs.params, "epochs",
        (json_int_t)file->evaluation.schedule.epochs, "seed", seed, "numerics", file->numerics,
        "normalisation", "mean", channels_json(file->normalisation.mean, channels), "deviation",
        channels_json(file->normalisation.deviation, channels));
    return json_print(json, 15, stdout);
}

static int show(const struct measured *m, bool as_json, struct errmsg *err)
{
    int rc = 0;

    if (as_json)
        rc = print_json(m);
    else
        print_text(m);
    if (rc == 0 && fflush(stdout) != 0)
        rc = -errno;
    return rc < 0 ? errmsg_set(err, rc, "standard output: %s", strerror(-rc)) : 0;
}

int evaluate_file(const struct worker_options *options)
{
    struct measured m = { .path = options->evaluate };
    struct errmsg err;
    int status = EXIT_USAGE;
    int rc = read_file(m.path, &m.file, &err);

    if (rc == 0)
        rc = find_data(options, m.file.evaluation.data.name, &m.directory, &err);
    if (rc == 0) {
        rc = measure(&m, options->threads, &err);
        status = EXIT_FAILED;
    }
    if (rc == 0)
        rc = show(&m, options->json, &err);
    weights_file_clear(&m.file);
    if (rc == 0)
        return EXIT_SUCCESS;
    log_error("%s", err.text);
    return status;
}
