/* arch_path - the way of an architecture through the layers of a pass: whom it met in its buckets,
 * how far it came, and what ended it there.
 *
 * Step k is the architecture as the search saw it at the pass's k-th layer: its own options in the
 * layers searched so far, those that the pass began with in the others. Takes as long as a pass has
 * layers, however many children these have. */
#ifndef LAYERNAS_COORDINATOR_STATUS_ARCH_PATH_H
#define LAYERNAS_COORDINATOR_STATUS_ARCH_PATH_H

#include "coordinator/campaign.h"

enum path_outcome {
    PATH_KEPT,         /* one of the best of its bucket, so far or for good */
    PATH_DISPLACED,    /* has a result, but its bucket keeps better ones */
    PATH_PRUNED,       /* no completion meets the target, or comes near its upper end */
    PATH_PASSED_OVER,  /* others of its bucket promised more */
    PATH_SAME_NETWORK, /* another spelling of it is kept in its place */
    PATH_NO_RESULT,    /* not yet */
    PATH_QUARANTINED,
    PATH_NO_PARENT, /* it is no child of this layer: its parent did not go on to it */
    PATH_OUTCOMES
};

struct path_step {
    size_t opening;
    enum path_outcome outcome;
    struct arch arch, parent;
    uint32_t child;          /* none with PATH_NO_PARENT */
    struct reward reward;    /* total 0: none */
    struct record_cell cell; /* not with PATH_PRUNED, PATH_NO_PARENT */
};

struct arch_path {
    struct arch arch;     /* as spelled where the search met it first */
    size_t first_opening; /* of the pass; campaign_n_openings where there is none */
    uint32_t n;           /* the last step is where it ended, or where the pass is */
    struct path_step steps[ARCH_MAX_LAYERS];
};

/* The path of arch, whose canonical form is candidate, in the pass that proposed it; of one never
 * proposed, in the pass where it came furthest, of the last few. */
void arch_path_find(const struct campaign *campaign, const struct arch *arch,
                    const struct arch *candidate, struct arch_path *path_out);

/* Who proposed a trial. */
enum trial_origin {
    ORIGIN_NONE, /* it is none; its opening is still to come; or the strategy has no openings */
    ORIGIN_ANCHOR,
    ORIGIN_SAMPLE,
    ORIGIN_FORECAST,
    ORIGIN_OPENING, /* a layer's, *opening_out */
};

enum trial_origin arch_path_origin(const struct search_settings *search,
                                   const struct campaign *campaign, const struct arch *candidate,
                                   size_t *opening_out);

/* The first opening after the pass that begins with opening first. */
size_t arch_path_pass_end(const struct campaign *campaign, size_t first);

#endif
