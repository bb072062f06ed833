/* Confidence intervals from resampling. The models are what is resampled: each of a sample's values is one model's. */
#ifndef PICKY_BOOTSTRAP_H
#define PICKY_BOOTSTRAP_H

#include "errors.h"

#include <stddef.h>
#include <stdint.h>

#define BOOTSTRAP_RESAMPLES  2000
#define BOOTSTRAP_MODELS_MIN 10   /* fewer models have Student's interval */
#define BOOTSTRAP_MODELS_MAX 2000 /* more models than these are not resampled: see bootstrap_means */

/* A statistic of a sample of models with its 95 % interval. */
struct estimate {
    double value;     /* NaN if no model has one */
    double low, high; /* NaN if the models cannot tell: too few, or all equal */
    size_t n;         /* models that have a value */
};

/* The means of columns of values [n_columns, n], NaN being left out, and their intervals: estimates [n_columns].
 *
 * Of fewer than BOOTSTRAP_MODELS_MIN values the interval is Student's. From there on it is BCa (Efron 1987, "Better
 * bootstrap confidence intervals") from BOOTSTRAP_RESAMPLES resamples of the n models (the same ones for each column
 * and in every call with the same n), at levels that are widened to Student's reach (Hesterberg 2015, "What teachers
 * should know about the bootstrap"): with 10 models of a share like those of selective neurons they hold the true mean
 * in 95 % of samples, plain BCa and percentile intervals in 90 % (check_statistics.py measures it). With more than
 * BOOTSTRAP_MODELS_MAX models the interval is what resamples converge to, mean +- 1.96 standard errors: the two differ
 * by less than the resamples' own scatter; of a column that has fewer values it is Student's. Values that are all equal
 * have none: they do not show how they scatter. ERROR_FATAL if memory is short. */
enum error_code bootstrap_means(const float *values, size_t n, size_t n_columns, struct estimate *estimates,
                                struct error *error);

/* The random words behind the resamples of n models: words [BOOTSTRAP_RESAMPLES, n]; draw i of resample r is model
 * rng_index(words[r, i], n). For tests. */
void bootstrap_words(size_t n, uint32_t *words);

/* The median of values [n] (overwritten: sorted, NaN last), NaN being left out, with the interval that the sign test
 * gives (Conover 1999, "Practical nonparametric statistics", 3.2): the order statistics k and n + 1 - k for the largest
 * k at which it holds the true median in 95 % of samples, whatever their distribution. NaN for fewer than six values,
 * which have no such k, and if all are equal. */
struct estimate median_estimate(float *values, size_t n);

/* Cuts an interval off at the least and the most that a value can be, beyond which Student's may reach. */
void estimate_clip(struct estimate *estimate, double least, double most);

#endif
