/* How far two tasks' importances lie on different units. */
#ifndef PICKY_DISTANCE_H
#define PICKY_DISTANCE_H

#include <stddef.h>

/* D = 1/2 sum |p_a - p_b| over the n units of a layer, p being importances divided by their sum: 0 if both tasks use
 * the same units to the same extent, 1 if they share none (total variation distance). NaN where a sum is 0 or an
 * importance is negative or not a number. */
double distance_of(const float *a, const float *b, size_t n);

#endif
