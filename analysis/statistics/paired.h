/* Two conditions compared model by model: value i of both comes from one seed. */
#ifndef PICKY_PAIRED_H
#define PICKY_PAIRED_H

#include "bootstrap.h"

/* Values b against values a of the pairs that have both. */
struct comparison {
    size_t n; /* pairs */
    double mean_a, mean_b;
    struct estimate difference; /* mean of b - a, bootstrap_means' interval over pairs */
    double cliff;               /* Cliff's delta: P(b > a) - P(b < a) over all n^2 combinations, -1 to 1 (Cliff 1993) */
    double p;                   /* two-sided Wilcoxon signed-rank test of the differences; NaN if n is 0 */
    double p_holm;              /* corrected by paired_holm; until then p */
    double p_family;            /* corrected by max_t_family; until then NaN */
};

/* Numbers that are nearer than this times the largest one's size are equal: shares of units are floats near k/H, and
 * their differences miss each other by rounding. */
#define PAIRED_TOLERANCE 1e-6

/* Compares a [n] and b [n]; pairs in which either is NaN are left out. ERROR_FATAL if memory is short. */
enum error_code paired_compare(const float *a, const float *b, size_t n, struct comparison *comparison,
                               struct error *error);

/* Differences b - a [n], 0 where the two are equal (PAIRED_TOLERANCE), NaN where either is. */
void paired_differences(const float *a, const float *b, size_t n, float *differences);

/* P value of the two-sided Wilcoxon signed-rank test of differences [n], none NaN: zeros are dropped, sizes that differ
 * by at most `tolerance` are ties and share ranks; exact (from the permutation distribution of these ranks) for up to
 * 50 differences, else normal with the variance that ties leave. 1 if nothing is left; negative if memory is short. */
double paired_wilcoxon(const double *differences, size_t n, double tolerance);

/* Holm's step-down correction (Holm 1979): fills p_holm of comparisons [n] so that comparing it with 0.05 keeps the
 * chance of any false alarm among them below 5 %. NaN are left out. ERROR_FATAL if memory is short. */
enum error_code paired_holm(struct comparison *comparisons, size_t n, struct error *error);

#endif
