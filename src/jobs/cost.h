/* What a pack costs: one function for the choice of layouts, for picky plan and for picky bench, which shows how well
 * it holds. */
#ifndef PICKY_COST_H
#define PICKY_COST_H

#include "kernels.h"
#include "shape.h"

/* Of one attempt of a pack, or of one model with units in the lanes: the same however many lanes are filled. */
struct pack_cost {
    double untrained_ns; /* what is known of the untrained model: its errors on all samples */
    double training_ns;  /* from the untrained model to the end, test passes included */
    double measures_ns;
};

/* What it is made of. What each costs is fitted for each instruction set and layout. */
enum cost {
    COST_MULTIPLY_ADD,     /* of a vector of weights: for each row, forward, back or into a gradient */
    COST_FAR_MULTIPLY_ADD, /* the same, from beyond the near caches */
    COST_UPDATE,           /* the optimiser's step of a vector of weights */
    COST_FAR_UPDATE,       /* the same, from beyond the near caches */
    COST_SAMPLE,           /* a sample drawn and put in its place, and its loss */
    COST_LAYER,            /* of a step, beside its vectors */
    COST_SILENCED,         /* a unit silenced on a test sample, beside the multiply-adds */
    COST_SILENCED_MULTIPLY_ADD,
    N_COSTS
};
struct cost_term {
    double n[N_COSTS]; /* so many of each */
};
struct cost_terms {
    struct cost_term untrained, training, measures;
};
/* How many of each, for kernels of either layout (kernels.h); counted by hand from the loops of train.c and
 * importance.c. */
struct cost_terms cost_terms(const struct kernels *kernels, const struct shape *shape);

/* In ns of one core. An instruction set that has no row of its own counts as the first one. */
struct pack_cost cost_of_pack(const struct kernels *kernels, const struct shape *shape);

#endif
