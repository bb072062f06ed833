/* Many paired differences tested at once. */
#ifndef PICKY_MAX_T_H
#define PICKY_MAX_T_H

#include "errors.h"

#include <stddef.h>

#define MAX_T_SEEDS_MIN      6     /* with fewer no row can come below 0.05, or hardly */
#define MAX_T_EXHAUSTIVE_MAX 13    /* seeds: up to here every pattern of signs is tried */
#define MAX_T_PATTERNS       10000 /* above: the identity and 9,999 drawn at random (fixed stream) */

/* P values of rows of differences [n_rows, n_seeds] against 0, NaN being left out, corrected for their number: the
 * share of patterns of signs in which the largest |t| of any row is at least the row's own (Westfall & Young 1993,
 * "Resampling-based multiple testing", single-step max-T). Signs are flipped seed by seed in all rows at once, so that
 * rows that depend on each other count for less than as many independent ones. Right for differences of two conditions,
 * whose signs are as good as random if nothing differs; not for numbers that have no such null, such as a share. The
 * least p is 2/2^n of n seeds. p [n_rows]: NaN for a row of fewer than MAX_T_SEEDS_MIN differences or all of them 0,
 * which is no part of the family. *n_used: seeds that any other row has. ERROR_FATAL if memory is short. */
enum error_code max_t_family(const float *differences, size_t n_rows, size_t n_seeds, double *p, size_t *n_used,
                             struct error *error);

#endif
