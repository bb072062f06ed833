/* Histograms of relative importance. */
#ifndef PICKY_HISTOGRAM_H
#define PICKY_HISTOGRAM_H

#include "sample.h"

/* Shares of all units, means over models with 95 % intervals; all NaN without models. */
struct histogram {
    struct estimate bins[RI_BINS]; /* as in struct ri_counts */
    struct estimate unimportant;
};

/* The histogram of a sample's units in the hidden layers `layers` (bits 1 << (layer - 1), 0: all) together. The sample
 * is of one configuration, with bins. ERROR_FATAL if memory is short. */
enum error_code histogram_of(const struct sample *sample, uint64_t layers, struct histogram *histogram,
                             struct error *error);

/* The upper end of the histogram's highest bar or interval. */
double histogram_top(const struct histogram *histogram);

#endif
