/* Student's t, and the normal distribution that it nears: intervals of a mean of few values. */
#ifndef PICKY_STUDENT_H
#define PICKY_STUDENT_H

#include "bootstrap.h"

#include <stddef.h>

#define CONFIDENCE 0.95 /* of every interval that does not say otherwise */

/* P(Z <= z) of a standard normal Z. */
double normal_probability(double z);

/* P(|T| <= t) of Student's t with `degrees` >= 1 of freedom (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4). */
double student_probability(double t, size_t degrees);

/* The t whose student_probability is `confidence`, below 1. */
double student_quantile(double confidence, size_t degrees);

/* Half the width of Student's interval for the mean of n >= 2 values whose squared deviations from it add up to
 * `squares`. */
double student_half_width(double squares, size_t n, double confidence);

/* The mean of values [n], NaN being left out, with Student's interval; none for fewer than two values and for values
 * that are all equal. */
struct estimate student_interval(const float *values, size_t n, double confidence);

/* The confidence of each of n intervals that together hold n truths in 95 % of samples at least (Bonferroni's). */
double student_bonferroni(size_t n);

#endif
