/* A statistic along the values of a hyperparameter. */
#ifndef PICKY_TREND_H
#define PICKY_TREND_H

#include "sample.h"

/* One line: a statistic of configurations that differ in one hyperparameter, in each of their layers. Owns its array;
 * released by trend_free. */
struct trend {
    size_t n, n_layers;
    struct estimate *points;            /* [n_layers, n]: of each configuration, as a summary has it */
    struct estimate slopes[LAYERS_MAX]; /* [n_layers] */
};

/* Reads configurations configs [n] (SIZE_MAX: there is none). Statistics that are not of layers are the same in each.
 *
 * Slopes are those of the least-squares lines through the means at x [n]: x NULL, or fewer than two different places
 * with models, gives none. Models of one seed belong together: pooled_slopes makes one slope of each seed, whose mean
 * has the interval of paired differences. What a seed is for acceptance is whether its job was accepted;
 * attempt_acceptance, which no model has, has no slope. ERROR_INPUT and ERROR_FATAL as sample_read. */
enum error_code trend_read(struct trend *trend, struct reader *reader, const size_t *configs, const double *x, size_t n,
                           enum statistic statistic, const struct ri_options *options, struct error *error);
/* Whether numbers x [n] that go up are better taken as their binary logarithms: those lie about twice as evenly. */
bool trend_is_logarithmic(const double *x, size_t n);
void trend_free(struct trend *trend); /* an all-zero trend is allowed */

#endif
