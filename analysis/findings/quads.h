/* Models of four conditions by seed: how far what one hyperparameter does depends on another one. */
#ifndef PICKY_QUADS_H
#define PICKY_QUADS_H

#include "matching.h"

/* Two values of a hyperparameter where another one has a first value (low), and where it has a second (high): the i-th
 * configurations of all four differ in nothing else. Owns its arrays; released by quads_free. */
struct quads {
    struct match low, high; /* [n] all */
};

enum error_code quads_make(struct quads *quads, size_t n_max, struct error *error); /* empty, with room for n_max */
void quads_free(struct quads *quads);                                               /* all-zero quads are allowed */

/* What hyperparameter the second values belong to is for the caller to know: `configs` are low.a, low.b, high.a,
 * high.b. */
void quads_add(struct quads *quads, const size_t configs[4]);

/* For each replicate the means, over the configurations of which all four models have a value, of the differences
 * low.b - low.a (aligned->a) and high.b - high.a (aligned->b); NaN if there is none. columns [4] are those of samples
 * [4] that were read from low.a, low.b, high.a, high.b. ERROR_FATAL if memory is short. */
enum error_code quads_align(const struct quads *quads, const struct sample samples[4], const float *const columns[4],
                            struct aligned *aligned, struct error *error);

/* How many seeds of configurations have all four models, and of how many those come from the same attempt. Errors as
 * quads_align's. */
enum error_code quads_count(const struct quads *quads, const struct sample samples[4], size_t n_replicates,
                            size_t *n_quads, size_t *n_same, struct error *error);

#endif
