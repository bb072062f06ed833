/* Several comparisons of the same seeds as one. */
#ifndef PICKY_POOLED_H
#define PICKY_POOLED_H

#include <stddef.h>

#define POOLED_SEEDS_MIN 6 /* a row with fewer is left out, unless all have */

/* How many seeds a row needs, else it is left out: POOLED_SEEDS_MIN, or 1 if no row has as many. */
size_t pooled_least(const float *rows, size_t n_rows, size_t n_seeds);

/* One value a seed whose mean is the mean of the rows' means, rows [n_rows, n_seeds] having NaN where a seed has no
 * value: pooled [n_seeds], NaN for a seed that no row has. Their scatter gives the standard error of that mean, seeds
 * being what is independent: value i is the mean plus n times the seed's influence on it, the sum over its rows of
 * (value - row's mean)/(values of the row)/(rows) (the cluster-robust variance of Liang & Zeger 1986, "Longitudinal
 * data analysis using generalized linear models", with n/(n - 1)). Where every row has every seed it is the seed's
 * mean. Returns how many rows are in it. */
size_t pooled_values(const float *rows, size_t n_rows, size_t n_seeds, float *pooled);

/* The same of the slope of the least-squares line through the rows' means at x [n_rows]: slopes [n_seeds], whose mean
 * it is. Where every row has every seed each is the slope of the line through the seed's own values. All NaN if fewer
 * than two rows with different x are in it. */
size_t pooled_slopes(const double *x, const float *rows, size_t n_rows, size_t n_seeds, float *slopes);

#endif
