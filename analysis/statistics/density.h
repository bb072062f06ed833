/* How densely values lie: the outline of a violin. */
#ifndef PICKY_DENSITY_H
#define PICKY_DENSITY_H

#include <stddef.h>

/* The width of the kernels for sorted values [n], n > 1: 0.9 min(s, (quartile 3 - quartile 1)/1.34) n^(-1/5) (Silverman
 * 1986, "Density Estimation", 3.31), s where the quartiles are equal; 0 if all values are. */
double density_width(const float *sorted, size_t n);

/* The density at `x` that Gaussian kernels of `width` > 0 give to values [n]. */
double density_at(const float *values, size_t n, double width, double x);

#endif
