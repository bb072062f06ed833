/* Models of two conditions paired by seed. */
#ifndef PICKY_MATCHING_H
#define PICKY_MATCHING_H

#include "sample.h"

/* Configurations that are compared: a's i-th with b's i-th. Owns its arrays; released by match_free. */
struct match {
    struct selection a, b; /* [n] both */
};

enum error_code match_make(struct match *match, size_t n_max, struct error *error); /* empty, with room for n_max */
void match_add(struct match *match, size_t a, size_t b);
void match_free(struct match *match);

/* Models of one replicate, and so of one seed, in configurations that match. Owns its arrays; released by
 * pairs_free. */
struct pairs {
    size_t *a, *b, *replicate; /* [n]: models of two samples, their replicate */
    size_t n;
};

/* Finds the pairs of two samples that were read from match->a and match->b. */
enum error_code pairs_find(struct pairs *pairs, const struct reader *reader, const struct match *match,
                           const struct sample *a, const struct sample *b, struct error *error);
void pairs_free(struct pairs *pairs);

/* Values of two conditions by replicate: the seed is what is independent. Released by aligned_free. */
struct aligned {
    float *a, *b, *n_pairs; /* [n] */
    size_t n;
};

enum error_code aligned_make(struct aligned *aligned, size_t n_replicates, struct error *error);
void aligned_free(struct aligned *aligned);

/* For each replicate, the means of columns a and b (of the two samples) over its pairs that have both values; NaN if
 * there is none. */
void pairs_align(const struct pairs *pairs, const float *column_a, const float *column_b, struct aligned *aligned);

/* A column of a sample that was read from `configs`, by replicate: values [configs->n, n_replicates], NaN where there
 * is no accepted model. */
void sample_by_replicate(const struct sample *sample, const struct selection *configs, const float *column,
                         size_t n_replicates, float *values);

#endif
