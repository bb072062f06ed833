/* Statistics of hidden units and models. Plain numbers in, plain numbers out. */
#ifndef PICKY_STATISTICS_H
#define PICKY_STATISTICS_H

#include "measures.h"

#include <stddef.h>
#include <stdint.h>

#define RI_BINS 10 /* histogram bins on [-1, 1] */

/* Units counted by what they serve. Every unit is in n_units; n_units is also the sum of all bins and
 * unimportant. Units between mixed and selective are in none of the three kinds. */
struct ri_counts {
    uint64_t n_units;
    uint64_t selective_a, selective_b; /* RI above selective_above: task A; below its negative: task B */
    uint64_t mixed;                    /* |RI| < mixed_below */
    uint64_t unimportant;              /* RI is NaN */
    uint64_t bins[RI_BINS];            /* bin i: -1 + 0.2 i <= RI < -1 + 0.2 (i + 1); the last includes 1 */
};

/* Adds ri [n] to the counts. */
void ri_counts_add(struct ri_counts *counts, const double *ri, size_t n, double selective_above, double mixed_below);

/* Sorts values [n] upwards; none may be NaN. */
void statistics_sort(float *values, size_t n);

/* The p-quantile, 0 <= p <= 1, of sorted values [n], n > 0: linear between order statistics (type 7 of
 * Hyndman & Fan 1996, the default of NumPy and R). */
double statistics_quantile(const float *sorted, size_t n, double p);

/* Arithmetic mean of values [n], n > 0. */
double statistics_mean(const float *values, size_t n);

/* Wilson's score interval (Wilson 1927) at 95 % of the proportion behind k successes in n trials; [0, 1]
 * if n = 0. */
void statistics_wilson(uint64_t k, uint64_t n, double *low, double *high);

#endif
