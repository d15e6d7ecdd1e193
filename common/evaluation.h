/* evaluation - how a network is turned into a reward: evaluator, data, schedule.
 *
 * Written in the study file (or derived from it, for the final stage), sent with every trial, and
 * part of a trial's identity. It names a data set; where that lies is the worker's own affair. */
#ifndef LAYERNAS_COMMON_EVALUATION_H
#define LAYERNAS_COMMON_EVALUATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum evaluator { EVALUATOR_TRAIN, EVALUATOR_TABLE, EVALUATOR_SURROGATE, EVALUATOR_KINDS };
/* Images with labels, but for DATA_CSV: a benchmark table, and DATA_FLOAT32: a predictor. */
enum data_format { DATA_IDX, DATA_CSV, DATA_CIFAR10, DATA_CIFAR100, DATA_FLOAT32, DATA_FORMATS };
enum optimizer { OPTIMIZER_SGD, OPTIMIZER_RMSPROP, OPTIMIZER_KINDS };
enum surrogate_model { SURROGATE_OFA_MOBILENET_V3, SURROGATE_MODELS };
enum decay { DECAY_NONE, DECAY_COSINE, DECAY_STEP, DECAY_EXPONENTIAL, DECAY_KINDS };
enum precision { PRECISION_FLOAT, PRECISION_BF16, PRECISIONS };

enum {
    EVALUATION_NAME_SIZE = 64,     /* names of data sets and columns, terminated */
    EVALUATION_COLUMNS_SIZE = 512, /* several column names joined by ',' */
    SCHEDULE_MAX_MILESTONES = 16,
};

struct dataset_spec {
    char name[EVALUATION_NAME_SIZE];
    enum data_format format;
    uint32_t train;      /* training images used; 0: all that are not in the validation split */
    uint32_t valid;      /* validation images, taken from the training images, stratified */
    uint64_t split_seed; /* decides the split and which `train` images are used */
};

/* Fields that the optimizer or the decay does not use are 0. */
struct schedule {
    uint32_t epochs, batch;
    enum optimizer optimizer;
    double lr;              /* at the top, after the warm-up */
    double momentum;        /* 0 .. 1 */
    bool nesterov;          /* OPTIMIZER_SGD */
    double alpha, epsilon;  /* OPTIMIZER_RMSPROP: smoothing of the squares, 0 .. 1; above 0 */
    double weight_decay;    /* L2, added to the gradient; not on norms and biases */
    double label_smoothing; /* 0 .. 1 */
    enum decay decay;       /* of the learning rate: learning_rate in worker/engine/optimizer.h */
    double gamma;           /* DECAY_STEP, DECAY_EXPONENTIAL: the factor, above 0, at most 1 */
    uint32_t n_milestones;  /* DECAY_STEP: fractions of the training, rising, between 0 and 1 */
    double milestones[SCHEDULE_MAX_MILESTONES];
    double warmup;     /* epochs of linear warm-up from 0 */
    uint32_t crop_pad; /* random crop after so many pixels of zero padding; 0: none */
    bool flip;         /* random horizontal flip */
    double ema;        /* of the weights that are evaluated, below 1; 0: those of the end */
    uint64_t memory;   /* bytes that a training may take: larger batches go in parts; 0: any */
    enum precision precision; /* of what wide convolutions multiply: worker/engine/conv.h */
};

/* Columns of a benchmark table. A trial brings its row's key: what stands in the arch columns, joined
 * by ',' where there are several. */
struct table_spec {
    char arch_columns[EVALUATION_COLUMNS_SIZE];
    char reward_column[EVALUATION_NAME_SIZE];  /* percent */
    char report_column[EVALUATION_NAME_SIZE];  /* percent, read by the final test; empty: none */
    char seconds_column[EVALUATION_NAME_SIZE]; /* of the training; empty: none */
};

/* Predicts from a trial's network: common/surrogate.h. */
struct surrogate_spec {
    enum surrogate_model model;
};

struct evaluation {
    enum evaluator evaluator;
    struct dataset_spec data;
    struct schedule schedule;        /* EVALUATOR_TRAIN */
    struct table_spec table;         /* EVALUATOR_TABLE */
    struct surrogate_spec surrogate; /* EVALUATOR_SURROGATE */
    uint32_t time_limit_s;           /* wall time of one attempt; 0: none */
};

/* Names as they stand in study files, in the order of their enum, NULL-terminated. */
extern const char *const evaluator_names[EVALUATOR_KINDS + 1];
extern const char *const data_format_names[DATA_FORMATS + 1];
extern const char *const optimizer_names[OPTIMIZER_KINDS + 1];
extern const char *const decay_names[DECAY_KINDS + 1];
extern const char *const precision_names[PRECISIONS + 1];
extern const char *const surrogate_model_names[SURROGATE_MODELS + 1];

const char *evaluator_name(enum evaluator evaluator);
const char *data_format_name(enum data_format format);

/* Writes all that decides a result as "field\tvalue\n" lines in a fixed order, fields named as in
 * study files: the evaluator's own part and the data, not the time limit. Equal evaluations, equal
 * lines. */
void evaluation_write(const struct evaluation *evaluation, FILE *out);

#endif
