/* How many seeds an effect takes to be found. */
#ifndef PICKY_POWER_H
#define PICKY_POWER_H

#include <stddef.h>

#define POWER_WANTED    0.8
#define POWER_SEEDS_MAX 10000000

/* The chance that Student's 95 % interval of the mean of n >= 2 normal values lies above `above`, their true mean being
 * `effect` and their standard deviation sd > 0: P(T > t) of the noncentral t with n - 1 degrees of freedom at t, the
 * central one's quantile, with noncentrality (effect - above) sqrt(n) / sd (Johnson, Kotz & Balakrishnan 1995,
 * "Continuous univariate distributions", 2, chapter 31). */
double power_of(double effect, double above, double sd, size_t n);

/* The fewest seeds, VERDICT_SEEDS or more, by which power_of is POWER_WANTED; 0 if there are none up to
 * POWER_SEEDS_MAX, as where effect <= above. */
size_t power_seeds(double effect, double above, double sd);

#endif
