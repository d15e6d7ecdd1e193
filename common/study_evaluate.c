#include "common/study_parts.h"

#include <stdio.h>
#include <string.h>

enum {
    MOST_EPOCHS = 100000,
    MOST_IMAGES = 100000000,
    MOST_BATCH = 65536,
    MOST_FINALISTS = 1000,
    MOST_SEEDS = 100,
    MOST_SECONDS = 366 * 24 * 3600,
    MOST_LEASE = 30 * 24 * 3600, /* seconds, told to workers as 32 bits of milliseconds */
};

static const int64_t most_memory = (int64_t)1 << 50;

#define SCHEDULE_FIELDS                                                                            \
    "epochs", "batch", "optimizer", "lr", "momentum", "nesterov", "weight_decay",                  \
        "label_smoothing", "decay", "warmup", "crop", "flip", "alpha", "epsilon", "gamma",         \
        "milestones", "ema", "memory", "precision"

static const struct schedule schedule_default = {
    .batch = 64,
    .momentum = 0.9,
    .nesterov = true,
    .decay = DECAY_COSINE,
};

/* Options of an optimizer that is not the one before start from their defaults. */
static void read_optimizer(struct section *section, struct schedule *schedule)
{
    unsigned optimizer = schedule->optimizer;

    section_choice(section, "optimizer", optimizer_names, &optimizer);
    if (optimizer != schedule->optimizer) {
        bool rmsprop = optimizer == OPTIMIZER_RMSPROP;

        schedule->optimizer = optimizer;
        schedule->nesterov = !rmsprop;
        schedule->alpha = rmsprop ? 0.99 : 0;
        schedule->epsilon = rmsprop ? 1e-8 : 0;
    }
    section_real(section, "momentum", 0, 0.9999, &schedule->momentum);
    if (optimizer == OPTIMIZER_RMSPROP) {
        section_refuse(section, "nesterov", "with `optimizer: rmsprop`");
        section_real(section, "alpha", 0, 0.99999, &schedule->alpha);
        section_real(section, "epsilon", 1e-12, 10, &schedule->epsilon);
    } else {
        section_bool(section, "nesterov", &schedule->nesterov);
        section_refuse(section, "alpha", "with `optimizer: sgd`");
        section_refuse(section, "epsilon", "with `optimizer: sgd`");
    }
}

static void clear_milestones(struct schedule *schedule)
{
    schedule->n_milestones = 0;
    memset(schedule->milestones, 0, sizeof schedule->milestones);
}

static void read_milestones(struct section *section, struct schedule *schedule)
{
    yaml_node_t *list = section->rc ? NULL : yaml_map_get(section->doc, section->map, "milestones");
    size_t n = list ? yaml_length(list) : 0;
    char field[SECTION_FIELD_SIZE + 16];
    double before = 0;

    if (!list)
        return;
    snprintf(field, sizeof field, "%s.milestones", section->name);
    if (list->type != YAML_SEQUENCE_NODE || n < 1 || n > SCHEDULE_MAX_MILESTONES)
        section_fault(section, "milestones",
                      "%zu of them; a list of 1 to %d fractions of the training, [0.5, 0.75]", n,
                      SCHEDULE_MAX_MILESTONES);
    clear_milestones(schedule);
    schedule->n_milestones = (uint32_t)n;
    for (size_t i = 0; section->rc == 0 && i < n; i++) {
        double *at = &schedule->milestones[i];

        section->rc = yaml_real(section->doc, yaml_list_item(section->doc, list, i), field, 0, 1e9,
                                at, section->err);
        if (section->rc == 0 && !(*at > before && *at < 1))
            section_fault(section, "milestones",
                          "%g after %g; rising fractions of the training, above 0 and below 1", *at,
                          before);
        before = *at;
    }
}

/* As with the optimizer. */
static void read_decay(struct section *section, struct schedule *schedule)
{
    unsigned decay = schedule->decay;

    section_choice(section, "decay", decay_names, &decay);
    if (decay != schedule->decay) {
        schedule->decay = decay;
        schedule->gamma = decay == DECAY_STEP ? 0.1 : 0;
        clear_milestones(schedule);
    }
    if (decay == DECAY_STEP || decay == DECAY_EXPONENTIAL)
        section_real(section, "gamma", 1e-6, 1, &schedule->gamma);
    else
        section_refuse(section, "gamma", "with this decay; with step or exponential");
    if (decay == DECAY_EXPONENTIAL && schedule->gamma == 0)
        section_require(section, "gamma");
    if (decay == DECAY_STEP)
        read_milestones(section, schedule);
    else
        section_refuse(section, "milestones", "with this decay; with step");
    if (decay == DECAY_STEP && schedule->n_milestones == 0)
        section_require(section, "milestones");
}

/* What the section does not say stays as it is in *schedule. */
static void read_schedule(struct section *section, const struct study *study,
                          struct schedule *schedule)
{
    struct shape image = space_input(study->space);
    int32_t side = image.height < image.width ? image.height : image.width;
    int64_t memory = (int64_t)schedule->memory;
    unsigned precision = schedule->precision;

    section_count(section, "epochs", 1, MOST_EPOCHS, &schedule->epochs);
    section_count(section, "batch", 2, MOST_BATCH, &schedule->batch);
    section_real(section, "lr", 1e-9, 1000, &schedule->lr);
    read_optimizer(section, schedule);
    section_real(section, "weight_decay", 0, 10, &schedule->weight_decay);
    section_real(section, "label_smoothing", 0, 0.9, &schedule->label_smoothing);
    read_decay(section, schedule);
    section_real(section, "warmup", 0, MOST_EPOCHS, &schedule->warmup);
    section_count(section, "crop", 0, (uint32_t)side - 1, &schedule->crop_pad);
    section_bool(section, "flip", &schedule->flip);
    section_real(section, "ema", 0, 0.99999, &schedule->ema);
    section_integer(section, "memory", 0, most_memory, &memory);
    schedule->memory = (uint64_t)memory;
    section_choice(section, "precision", precision_names, &precision);
    schedule->precision = precision;
    if (schedule->warmup > schedule->epochs)
        section_fault(section, "warmup", "%g epochs; up to the schedule's %u", schedule->warmup,
                      schedule->epochs);
}

/* Formats that fix what their images are. */
static void check_format(struct section *data, const struct study *study, enum data_format format)
{
    static const struct {
        struct shape image;
        uint32_t classes;
    } fixed[DATA_FORMATS] = {
        [DATA_CIFAR10] = { { 3, 32, 32 }, 10 },
        [DATA_CIFAR100] = { { 3, 32, 32 }, 100 },
    };
    const struct shape *image = &fixed[format].image;
    struct shape input = space_input(study->space);
    uint32_t classes = space_classes(study->space);

    if (!fixed[format].classes)
        return;
    if (!shape_equal(image, &input))
        section_fault(data, "format", "%s, images of %dx%dx%d; the space's input is %dx%dx%d",
                      data_format_name(format), image->channels, image->height, image->width,
                      input.channels, input.height, input.width);
    if (classes < fixed[format].classes)
        section_fault(data, "format", "%s, %u classes; the space's networks tell %u apart",
                      data_format_name(format), fixed[format].classes, classes);
}

static void read_images(struct section *data, const struct study *study, struct dataset_spec *spec)
{
    uint32_t classes = space_classes(study->space);

    section_require(data, "valid");
    section_count(data, "train", classes, MOST_IMAGES, &spec->train);
    section_count(data, "valid", classes, MOST_IMAGES, &spec->valid);
}

static bool has_format(enum evaluator evaluator, enum data_format format)
{
    if (format == DATA_CSV || format == DATA_FLOAT32)
        return evaluator == (format == DATA_CSV ? EVALUATOR_TABLE : EVALUATOR_SURROGATE);
    return evaluator == EVALUATOR_TRAIN;
}

static int read_data(const struct section *evaluate, struct study *study)
{
    static const char *const allowed[] = { "name", "format", "train", "valid", "path", NULL };
    struct dataset_spec *spec = &study->evaluation.data;
    struct section data = section_open(evaluate, "data", allowed);
    static const enum data_format usual[EVALUATOR_KINDS] = { DATA_IDX, DATA_CSV, DATA_FLOAT32 };
    static const char *const formats[EVALUATOR_KINDS] = { "idx, cifar10 or cifar100", "csv",
                                                          "float32" };
    enum evaluator evaluator = study->evaluation.evaluator;
    unsigned format = usual[evaluator];

    section_require(&data, "name");
    section_name(&data, "name", spec->name, sizeof spec->name);
    section_choice(&data, "format", data_format_names, &format);
    if (!has_format(evaluator, format))
        section_fault(&data, "format", "%s; %s with %s", data_format_names[format],
                      formats[evaluator], evaluator_name(evaluator));
    if (evaluator == EVALUATOR_TRAIN)
        check_format(&data, study, format);
    spec->format = format;
    section_path(&data, "path", study->data_path, sizeof study->data_path);
    if (evaluator == EVALUATOR_TRAIN) {
        read_images(&data, study, spec);
    } else {
        const char *why = evaluator == EVALUATOR_TABLE ? "with a table" : "with a surrogate";

        section_refuse(&data, "train", why);
        section_refuse(&data, "valid", why);
    }
    return data.rc;
}

static int read_training(const struct section *evaluate, struct study *study)
{
    static const char *const allowed[] = { SCHEDULE_FIELDS, NULL };
    struct schedule *schedule = &study->evaluation.schedule;
    uint32_t images = study->evaluation.data.train;
    struct section section = section_open(evaluate, "schedule", allowed);

    section_require(&section, "epochs");
    section_require(&section, "lr");
    *schedule = schedule_default;
    if (section.rc == 0)
        read_schedule(&section, study, schedule);
    if (images && schedule->batch > images)
        section_fault(&section, "batch", "%u; up to the %u training images", schedule->batch,
                      images);
    return section.rc;
}

int study_read_evaluate(const struct section *root, struct study *study)
{
    static const char *const allowed[] = { "with",      "data",       "schedule", "table",
                                           "surrogate", "time_limit", NULL };
    static const struct {
        const char *section, *why; /* why another's section is refused */
        int (*read)(const struct section *evaluate, struct study *study);
    } kinds[EVALUATOR_KINDS] = {
        [EVALUATOR_TRAIN] = { "schedule", "with train", read_training },
        [EVALUATOR_TABLE] = { "table", "with table", study_read_table },
        [EVALUATOR_SURROGATE] = { "surrogate", "with surrogate", study_read_surrogate },
    };
    struct section evaluate = section_open(root, "evaluate", allowed);
    unsigned with = EVALUATOR_TRAIN;

    section_require(&evaluate, "with");
    section_choice(&evaluate, "with", evaluator_names, &with);
    study->evaluation.evaluator = with;
    if (with != EVALUATOR_TABLE && !space_has_networks(study->space))
        section_fault(&evaluate, "with", "%s; table, for the space has names of options only",
                      evaluator_names[with]);
    for (unsigned kind = 0; kind < EVALUATOR_KINDS; kind++)
        if (kind != with)
            section_refuse(&evaluate, kinds[kind].section, kinds[with].why);
    section_count(&evaluate, "time_limit", 1, MOST_SECONDS, &study->evaluation.time_limit_s);
    if (evaluate.rc == 0)
        evaluate.rc = read_data(&evaluate, study);
    if (evaluate.rc == 0)
        evaluate.rc = kinds[with].read(&evaluate, study);
    return evaluate.rc;
}

int study_read_final(const struct section *root, struct study *study)
{
    static const char *const with_train[] = { "top", "seeds", "time_limit", SCHEDULE_FIELDS, NULL };
    static const char *const with_table[] = { "top", "seeds", "time_limit", NULL };
    struct final_settings *final = &study->final;
    bool train = study->evaluation.evaluator == EVALUATOR_TRAIN;
    struct section section, checked = *root;

    *final = (struct final_settings){ .seeds = 1, .evaluation = study->evaluation };
    final->evaluation.data.train = 0;   /* all but the validation split */
    final->evaluation.time_limit_s = 0; /* the search's would be too short */
    if (!section_has(root, "final"))
        return root->rc;
    if (study->evaluation.evaluator == EVALUATOR_SURROGATE)
        section_refuse(&checked, "final", "with a surrogate, which would say the same again");
    section = section_open(&checked, "final", train ? with_train : with_table);
    section_require(&section, "top");
    section_count(&section, "top", 0, MOST_FINALISTS, &final->top);
    section_count(&section, "seeds", 1, MOST_SEEDS, &final->seeds);
    section_count(&section, "time_limit", 1, MOST_SECONDS, &final->evaluation.time_limit_s);
    if (train)
        read_schedule(&section, study, &final->evaluation.schedule);
    return section.rc;
}

int study_read_limits(const struct section *root, struct study *study)
{
    static const char *const allowed[] = { "lease", "heartbeat", "wall_clock", "doubling", NULL };
    struct limits *limits = &study->limits;
    struct section section;

    *limits = (struct limits){ .lease_s = 20, .heartbeat_s = 5, .doubling = true };
    if (!section_has(root, "limits"))
        return root->rc;
    section = section_open(root, "limits", allowed);
    section_count(&section, "lease", 2, MOST_LEASE, &limits->lease_s);
    section_count(&section, "heartbeat", 1, MOST_LEASE, &limits->heartbeat_s);
    section_count(&section, "wall_clock", 1, MOST_SECONDS, &limits->wall_clock_s);
    section_bool(&section, "doubling", &limits->doubling);
    _Static_assert(MOST_LEASE <= UINT32_MAX / 1000, "welcome.lease_ms");
    if (limits->heartbeat_s >= limits->lease_s)
        section_fault(&section, section_has(&section, "heartbeat") ? "heartbeat" : "lease",
                      "a heartbeat every %u s, a lease of %u s; heartbeats within the lease",
                      limits->heartbeat_s, limits->lease_s);
    return section.rc;
}
