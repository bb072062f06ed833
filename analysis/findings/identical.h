/* Two peaks of identical tasks, beside those of the tasks that are held against them. */
#ifndef PICKY_IDENTICAL_H
#define PICKY_IDENTICAL_H

#include "sample.h"

/* Fills the estimates' STATISTIC_TWO_PEAKS_IDENTICAL: over the configurations of the file that learn one of the pair's
 * two tasks twice and are equal to one of the group in all else, the share of models with two peaks, with Wilson's
 * interval. NaN where there is none, and for a pair that is identical itself. ERROR_INPUT for a damaged file,
 * ERROR_FATAL if memory is short. */
enum error_code identical_two_peaks(struct reader *reader, const struct selection *group,
                                    const struct ri_options *options, struct sample_estimates *estimates,
                                    struct error *error);

#endif
