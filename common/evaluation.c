#include "common/evaluation.h"

#include <inttypes.h>

const char *const evaluator_names[EVALUATOR_KINDS + 1] = {
    [EVALUATOR_TRAIN] = "train",
    [EVALUATOR_TABLE] = "table",
    [EVALUATOR_SURROGATE] = "surrogate",
};

const char *const data_format_names[DATA_FORMATS + 1] = {
    [DATA_IDX] = "idx",           [DATA_CSV] = "csv",         [DATA_CIFAR10] = "cifar10",
    [DATA_CIFAR100] = "cifar100", [DATA_FLOAT32] = "float32",
};

const char *const optimizer_names[OPTIMIZER_KINDS + 1] = {
    [OPTIMIZER_SGD] = "sgd",
    [OPTIMIZER_RMSPROP] = "rmsprop",
};

const char *const decay_names[DECAY_KINDS + 1] = {
    [DECAY_NONE] = "none",
    [DECAY_COSINE] = "cosine",
    [DECAY_STEP] = "step",
    [DECAY_EXPONENTIAL] = "exponential",
};

const char *const precision_names[PRECISIONS + 1] = {
    [PRECISION_FLOAT] = "float",
    [PRECISION_BF16] = "bf16",
};

const char *const surrogate_model_names[SURROGATE_MODELS + 1] = {
    [SURROGATE_OFA_MOBILENET_V3] = "ofa-mobilenet-v3",
};

const char *evaluator_name(enum evaluator evaluator)
{
    return evaluator_names[evaluator];
}

const char *data_format_name(enum data_format format)
{
    return data_format_names[format];
}

static void write_split(const struct dataset_spec *data, FILE *out)
{
    fprintf(out, "evaluate.data.train\t%" PRIu32 "\n", data->train);
    fprintf(out, "evaluate.data.valid\t%" PRIu32 "\n", data->valid);
    fprintf(out, "evaluate.data.split_seed\t%" PRIu64 "\n", data->split_seed);
}

static void write_real(const char *name, double value, FILE *out)
{
    fprintf(out, "evaluate.schedule.%s\t%.17g\n", name,
            value); /* 17 digits: every double its own */
}

/* Only where they mean something: what can do without them is what it was before there were any. */
static void write_choices(const struct schedule *s, FILE *out)
{
    if (s->optimizer == OPTIMIZER_RMSPROP) {
        write_real("alpha", s->alpha, out);
        write_real("epsilon", s->epsilon, out);
    }
    if (s->decay == DECAY_STEP || s->decay == DECAY_EXPONENTIAL)
        write_real("gamma", s->gamma, out);
    if (s->decay == DECAY_STEP) {
        fprintf(out, "evaluate.schedule.milestones\t");
        for (uint32_t i = 0; i < s->n_milestones; i++)
            fprintf(out, "%s%.17g", i ? "," : "", s->milestones[i]);
        fputc('\n', out);
    }
    if (s->ema > 0)
        write_real("ema", s->ema, out);
    if (s->memory > 0)
        fprintf(out, "evaluate.schedule.memory\t%" PRIu64 "\n", s->memory);
    if (s->precision != PRECISION_FLOAT)
        fprintf(out, "evaluate.schedule.precision\t%s\n", precision_names[s->precision]);
}

static void write_schedule(const struct schedule *s, FILE *out)
{
    const struct {
        const char *name;
        double value;
    } reals[] = {
        { "lr", s->lr },
        { "momentum", s->momentum },
        { "weight_decay", s->weight_decay },
        { "label_smoothing", s->label_smoothing },
        { "warmup", s->warmup },
    };

    fprintf(out, "evaluate.schedule.epochs\t%" PRIu32 "\n", s->epochs);
    fprintf(out, "evaluate.schedule.batch\t%" PRIu32 "\n", s->batch);
    fprintf(out, "evaluate.schedule.optimizer\t%s\n", optimizer_names[s->optimizer]);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        write_real(reals[i].name, reals[i].value, out);
    fprintf(out, "evaluate.schedule.nesterov\t%d\n", s->nesterov);
    fprintf(out, "evaluate.schedule.decay\t%s\n", decay_names[s->decay]);
    fprintf(out, "evaluate.schedule.crop\t%" PRIu32 "\n", s->crop_pad);
    fprintf(out, "evaluate.schedule.flip\t%d\n", s->flip);
    write_choices(s, out);
}

static void write_table(const struct table_spec *table, FILE *out)
{
    fprintf(out, "evaluate.table.arch\t%s\n", table->arch_columns);
    fprintf(out, "evaluate.table.reward\t%s\n", table->reward_column);
    fprintf(out, "evaluate.table.report\t%s\n", table->report_column);
    if (*table->seconds_column)
        fprintf(out, "evaluate.table.seconds\t%s\n", table->seconds_column);
}

void evaluation_write(const struct evaluation *evaluation, FILE *out)
{
    fprintf(out, "evaluate.with\t%s\n", evaluator_name(evaluation->evaluator));
    fprintf(out, "evaluate.data.name\t%s\n", evaluation->data.name);
    fprintf(out, "evaluate.data.format\t%s\n", data_format_name(evaluation->data.format));
    switch (evaluation->evaluator) {
    case EVALUATOR_TRAIN:
        write_split(&evaluation->data, out);
        write_schedule(&evaluation->schedule, out);
        break;
    case EVALUATOR_TABLE:
        write_table(&evaluation->table, out);
        break;
    case EVALUATOR_SURROGATE:
        fprintf(out, "evaluate.surrogate.model\t%s\n",
                surrogate_model_names[evaluation->surrogate.model]);
        break;
    case EVALUATOR_KINDS:
        break;
    }
}
