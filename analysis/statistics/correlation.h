/* How far two numbers go together. */
#ifndef PICKY_CORRELATION_H
#define PICKY_CORRELATION_H

#include "bootstrap.h"

/* Pearson's r of the pairs (x[i], y[i]), i < n, that have both values, with Fisher's interval (Fisher 1921, "On the
 * 'probable error' of a coefficient of correlation"): n counts them. NaN for fewer than three pairs and where all x or
 * all y are equal; no interval for fewer than four, or if r is 1 or -1. */
struct estimate correlation_of(const float *x, const float *y, size_t n);

/* A value and where it stands. */
struct ranked {
    double value;
    size_t index;
};

/* Spearman's rank correlation of x and y [n]; equal values share the mean of their ranks, pairs in which either is NaN
 * are left out. NaN if fewer than three are left, or all x or all y are equal. scratch [n] and numbers [2 n] are
 * overwritten. */
double rank_correlation(const double *x, const double *y, size_t n, struct ranked *scratch, double *numbers);

#endif
