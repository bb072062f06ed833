/* The measures of a hidden unit's importance to a task, and relative importance, which compares two tasks.
 *
 * For unit i of hidden layer l and task A, over the task's test samples z: e(z) = (y(z) - target(z))^2, h = the unit's
 * activation, E = mean over samples, d = change of e(z) when h is set to 0 and the effect goes on to the output. The
 * formulas are in measure_table; importance.h computes them. */
#ifndef PICKY_MEASURES_H
#define PICKY_MEASURES_H

#include "errors.h"

#include <stdbool.h>
#include <stddef.h>

/* Stored: they are the order of the measure dimension, and never renumbered; new ones are added behind, so that the
 * measures of an older file are the first ones of the table. */
enum measure {
    MEASURE_ABLATION_MEAN = 0,
    MEASURE_ABLATION_SAMPLE = 1,
    MEASURE_TAYLOR_MEAN = 2,
    MEASURE_TAYLOR_SAMPLE = 3,
    MEASURE_CONTRIBUTION = 4,
    MEASURE_VARIANCE = 5,
#ifdef PICKY_MADE_UP /* a test's build: tests/made_up */
    MEASURE_MADE_UP,
#endif
    N_MEASURES,
};

/* One row of the table. All strings are static. */
struct measure_description {
    const char *name;    /* in files and options */
    const char *formula; /* in the words above */
    const char *source;  /* paper, section */
    int since;           /* the file's schema that has it first; an older file lacks it */
};
extern const struct measure_description measure_table[N_MEASURES];

/* |RI| above this: a unit is selective, it serves one of the two tasks; below that: mixed, it serves both. */
#define RI_SELECTIVE_ABOVE 0.9
#define RI_MIXED_BELOW     0.5
#define RI_TEXT(threshold) RI_TEXT_OF(threshold) /* "0.9" */
#define RI_TEXT_OF(number) #number

/* What an importance must reach, as a multiple of the mean over its layer (same model and task), not to count as 0 when
 * relative importance is computed (George 2020, final code: a tenth). A default. */
#define UNIMPORTANT_BELOW 0.1

/* Relative importance of one layer's units for two tasks, RI = (I_A - I_B) / (I_A + I_B) in [-1, 1], after importances
 * strictly below unimportant_below times their layer's mean are taken as 0; NaN (quiet_nan) where both are 0, and where
 * an importance is negative or not a number. a, b, ri: [n_units]. */
void relative_importance(const float *a, const float *b, size_t n_units, double unimportant_below, float *ri);

/* The same in double; if is_normalised, after dividing each task's importances by their sum over the layer. */
void relative_importance_in_double(const float *a, const float *b, size_t n_units, double unimportant_below,
                                   bool is_normalised, double *ri);

/* Where a pair of tasks A < B (0-based) stands among all pairs: (0,1), (0,2), (1,2), (0,3), ...: the pairs of fewer
 * tasks are the first ones. */
static inline size_t task_pair(size_t a, size_t b)
{
    return b * (b - 1) / 2 + a;
}

/* The quiet NaN that every file of picky uses: bits 0x7fc00000. */
float quiet_nan(void);

#endif
