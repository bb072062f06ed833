/* The dip: how far a sample is from any unimodal distribution. */
#ifndef PICKY_DIP_H
#define PICKY_DIP_H

#include <stddef.h>

#define DIP_SCRATCH 5 /* numbers a value */

/* The dip statistic of Hartigan & Hartigan 1985, "The dip test of unimodality" (Annals of Statistics 13), of
 * sorted values [n], n > 0, none NaN: the least sup-distance between their empirical distribution function
 * and any unimodal one (which may have an atom at its mode). 0 if all values are equal, else 1/(2n) to 1/4.
 * scratch [DIP_SCRATCH * n] and indices [n] are overwritten. */
double dip_statistic(const double *sorted, size_t n, double *scratch, size_t *indices);

#define DIP_UNITS_MIN 10 /* fewer values are too few to tell */

/* The dip that 5 % of uniform samples of n >= DIP_UNITS_MIN values exceed, the test's 5 % level: M. Maechler's table (R
 * package diptest, qDiptab, from 1,000,001 samples each), between whose sizes sqrt(n) times the dip is linear in n. */
double dip_critical(size_t n);

#endif
