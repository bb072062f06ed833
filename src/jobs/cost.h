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

/* What it is made of: each term has so many multiply-adds and optimiser's updates of a vector of weights, and a rest.
 * What the two cost is fitted for each instruction set and layout. */
struct cost_term {
    double multiply_adds, updates, rest_ns;
};
struct cost_terms {
    struct cost_term untrained, training, measures;
};
struct cost_terms cost_terms(const struct kernels *kernels, const struct shape *shape);

struct pack_cost cost_of_pack(const struct kernels *kernels, const struct shape *shape);

#endif
