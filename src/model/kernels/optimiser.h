/* One optimiser step of one vector of weights, for both layouts. Included by the files that are compiled for each
 * instruction set. */
#ifndef PICKY_OPTIMISER_H
#define PICKY_OPTIMISER_H

#include "kernels.h"
#include "simd.h"

struct update_constants {
    vec rate, epsilon, beta1, beta2;
};

INLINE struct update_constants update_constants_of(const struct update *p, vec rate, vec epsilon)
{
    return (struct update_constants){
        .rate = rate, .epsilon = epsilon, .beta1 = vec_splat(p->beta1), .beta2 = vec_splat(p->beta2)};
}

#define MOMENT_FLUSH 1e-30f /* far below anything that moves a weight; denormals cost 20 % of the time */

/* One optimiser step of one weight, given its gradient. */
INLINE vec step(bool is_adam, const struct update_constants *c, vec w, vec g, vec *m, vec *v)
{
    if (!is_adam)
        return vec_fma(-c->rate, g, w);
    vec moment1 = vec_flush(vec_fma(c->beta1, *m, g), MOMENT_FLUSH);
    vec moment2 = vec_flush(vec_fma(c->beta2, *v, g * g), MOMENT_FLUSH);
    *m = moment1;
    *v = moment2;
    return vec_fma(-c->rate, moment1 / (vec_sqrt(moment2) + c->epsilon), w);
}

#endif
