/* How models are trained together: with which kernels, in which layout, how many at a time. A question of time and
 * memory only: the bits are the same. */
#ifndef PICKY_PACKING_H
#define PICKY_PACKING_H

#include "cost.h"
#include "kernels.h"
#include "shape.h"

enum { PACKINGS_MAX = 3 }; /* kernels to choose from: two widths, and units in the lanes */

struct packing {
    const struct kernels *kernels; /* static; those that need least if not one model fits */
    size_t n_models;               /* trained together; 0: not one model fits */
    uint64_t n_bytes;              /* of the pack, or that it would take for one model */
};

/* All kernels that packs may use where `widest` are the widest: all [PACKINGS_MAX], the widest packs' first, those with
 * units in the lanes last. Returns their number. */
int packings(const struct kernels *widest, const struct kernels **all);

/* A choice that is made by hand. */
enum layout {
    LAYOUT_ANY,
    LAYOUT_MODELS, /* models in the SIMD lanes */
    LAYOUT_UNITS,  /* units in the SIMD lanes */
};

/* That of the environment variable PICKY_LAYOUT ("models", "units"), for tests and benchmarks. ERROR_INPUT for other
 * texts. */
enum error_code layout_choose(enum layout *layout, struct error *error);

/* Bytes that a pack takes in which up to n_models are trained, and as many trained ones kept, of up to N_train samples
 * and the length of `shape`. One model alone is measured where it is. */
uint64_t packing_bytes(const struct kernels *kernels, const struct shape *shape, int64_t N_train, size_t n_models);

/* For n (>= 1) models that have the shape of h, and need no more memory each, in memory_bytes: the packing that takes
 * least time for all of them (cost_of_pack). */
struct packing packing_choose(const struct kernels *widest, const struct hyperparameters *h, size_t n,
                              uint64_t memory_bytes);

/* The same of one layout. */
struct packing packing_choose_of(enum layout layout, const struct kernels *widest, const struct hyperparameters *h,
                                 size_t n, uint64_t memory_bytes);

/* What each model of a full set costs, if memory is no question. */
struct pack_cost packing_full_cost(const struct kernels *widest, const struct hyperparameters *h);

#endif
