/* study - a space, a target, a strategy, an evaluator and a budget, from one YAML file.
 *
 * Loading reads the space (and a table, where that supplies costs), builds the cost model, turns
 * `auto` and percentages into numbers, and checks everything: a wrong study never starts. Immutable
 * afterwards. Paths in a study file are relative to that file. */
#ifndef LAYERNAS_COMMON_STUDY_H
#define LAYERNAS_COMMON_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cost.h"
#include "common/errmsg.h"
#include "common/evaluation.h"
#include "common/space.h"
#include "common/trial.h"

enum { STUDY_NAME_SIZE = 64, STUDY_PATH_SIZE = 4096, STUDY_MAX_REWARDS = 16 };

enum search_order { ORDER_FORWARD, ORDER_BACKWARD, ORDER_RANDOM /* another in each pass */ };
enum bucket_edges { EDGES_CHILDREN, EDGES_REACHABLE };
enum bucket_by { BUCKET_BY_COST, BUCKET_BY_COST_AND_INTERFACE };

const char *search_order_name(enum search_order order);
const char *bucket_edges_name(enum bucket_edges edges);
const char *bucket_by_name(enum bucket_by by);

/* LayerNAS, DESIGN "LayerNAS, exactly". All numbers resolved, nothing is `auto` any more. */
struct layernas_settings {
    uint32_t buckets;     /* H of the first pass */
    double bucket_growth; /* H of a pass = H of the one before x this, rounded up; 1: fixed */
    uint32_t keep;        /* K */
    uint32_t keep_more;   /* added to K from the third pass on */
    enum search_order order;
    uint32_t passes; /* 0: until the cap, or until nothing is left to try */
    enum bucket_edges edges;
    enum bucket_by bucket_by;
    struct arch default_arch; /* dearest, cheapest or given */
    bool guided;              /* a predictor picks the trials; false: the paper's algorithm */
    uint32_t picks;           /* q: untried contenders of each bucket that it lets through */
    uint32_t sample;          /* guided: so many random architectures come first, */
    uint32_t forecasts_first; /* then so many forecasts (search/layernas.h), */
    uint32_t forecasts;       /* and so many after the trials of each layer */
    uint32_t lag; /* guided: a trial is decided by the results up to so many before it, 1 or more */
    double reach; /* children that cannot come to so much of the target's upper end are dropped */
};

enum { STUDY_MOST_TRIALS = 100000000 };

/* What a result is worth to a strategy without cost buckets (search/in_order.h). */
enum objective { OBJECTIVE_ACCURACY, OBJECTIVE_MNASNET, OBJECTIVE_TUNAS };

const char *objective_name(enum objective objective);

struct evolution_settings {
    uint32_t population, tournament;
    uint32_t children; /* mutants made, of which a predictor picks one; 1: no predictor */
};

struct ppo_settings {
    uint32_t batch, epochs; /* results of an improvement, and its steps */
    double rate;            /* of learning */
    double clip, entropy;   /* the clipped objective's epsilon; the bonus for entropy */
};

struct search_settings {
    char strategy[32]; /* "layernas", "random", "evolution", "local", "ppo" */
    uint32_t trials;   /* cap on distinct search trials, at least 1 */
    uint32_t parallel; /* W: search trials to keep in flight */
    uint64_t seed;
    struct cost_range target; /* the final network's cost, inclusive */
    bool canonical;           /* architectures with the same network are one candidate */
    struct layernas_settings layernas;

    /* Of the other strategies. */
    bool feasible; /* they propose only what meets the target */
    enum objective objective;
    double cost_weight; /* the exponent of MnasNet, the factor of TuNAS */
    struct evolution_settings evolution;
    struct ppo_settings ppo;
};

/* Retraining of the best; top 0: no final stage. */
struct final_settings {
    uint32_t top, seeds;
    struct evaluation evaluation;
};

struct limits {
    uint32_t lease_s, heartbeat_s; /* 20 and 5 by default */
    uint32_t wall_clock_s;         /* of the whole study, over all its runs; 0: none */
    bool doubling;                 /* who would wait runs stragglers a second time */
};

struct study {
    char name[STUDY_NAME_SIZE]; /* letters, digits, '-', '_', '.': it names a directory */
    char path[STUDY_PATH_SIZE];
    struct space *space;
    enum cost_metric metric;
    struct cost_model *cost_model;
    struct search_settings search;
    struct evaluation evaluation; /* of the search trials */
    struct final_settings final;
    struct limits limits;
    /* Where workers started here find the data: a folder, or the file of a
     * table or predictor. Empty: they know. */
    char data_path[STUDY_PATH_SIZE];
    /* How a table writes option o of any layer: table_labels[o], joined by table_separator ("" or
     * ":" or ","). NULL unless the evaluator is the table. */
    char **table_labels;
    uint32_t n_table_labels;
    char table_separator[2];
    /* Columns of rewards, joined by ',', up to STUDY_MAX_REWARDS: the search reads one of them,
     * evaluation.table.reward_column, by its seed. */
    char table_rewards[EVALUATION_COLUMNS_SIZE];
    char cost_column[EVALUATION_NAME_SIZE]; /* COST_TABLE */
    struct digest cost_table;               /* COST_TABLE, COST_LATENCY: of the table's bytes */
    struct digest id;                       /* of everything that may not change between runs */
    struct digest evaluation_ids[STAGES];   /* of study_evaluation(stage), as in trial keys */
};

/* -EINVAL with FILE:LINE: FIELD in err, -ENOENT and the like for a file it names, -ENOMEM. */
int study_load(const char *path, struct study **study_out, struct errmsg *err);

/* Fields to replace in a section of a study: a YAML mapping of plain values, as in
 * { "search", "{strategy: random, seed: 7}" }. */
struct study_change {
    const char *section, *fields;
};

/* study_load with n changes made first. */
int study_load_changed(const char *path, const struct study_change *changes, size_t n,
                       struct study **study_out, struct errmsg *err);

/* The same from memory. path stands for the file, relative paths go by it. space is taken in place
 * of the file's own, and belongs to the study on success; NULL: read the file's. */
int study_parse(const char *text, size_t size, const char *path, struct space *space,
                struct study **study_out, struct errmsg *err);
void study_free(struct study *study);

/* Looks at data_path, for those about to use it: the folder is there; the table is there, has its
 * columns, seconds of 0 or more and a row for the default architecture; the predictor is there and
 * whole. 0 at once where data_path is empty. */
int study_check_data(const struct study *study, struct errmsg *err);

/* Fields whose change between two runs is refused, as "name\tvalue\n" lines in a fixed order: what
 * `id` is a digest of. Not among them: the name, the trial cap, the final stage, the limits and
 * where the data lies. The caller's to free(). NULL when memory runs out. */
char *study_identity(const struct study *study);

/* The evaluation a trial of that stage goes by. */
const struct evaluation *study_evaluation(const struct study *study, enum stage stage);

/* Fills key, costs, cost and seed of *trial from its stage, replica and (canonical) arch. */
void study_name_trial(const struct study *study, struct trial *trial);

/* The candidate that arch is one spelling of. */
int study_canonical(const struct study *study, const struct arch *arch, struct arch *canonical_out);

/* The key of arch's row in the table, at most size - 1 characters; -ENAMETOOLONG. */
int study_table_key(const struct study *study, const struct arch *arch, char *key, size_t size);

/* Which of n_columns columns of rewards, counted from 0, a search of that seed reads: seed 1 the
 * first, seed 2 the second, and so on in turn; seed 0 the last. */
uint32_t study_reward_column(uint64_t seed, uint32_t n_columns);

#endif
