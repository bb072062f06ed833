/* What an effect's interval says of it, against the smallest effect of interest. */
#ifndef PICKY_VERDICT_H
#define PICKY_VERDICT_H

#include "bootstrap.h"

#include <stdbool.h>

#define VERDICT_SEEDS            6    /* fewer give none */
#define CLAIM_SMALLEST_EFFECT    0.05 /* of interest, if nothing else is asked for: five of a hundred units */
#define VERDICT_NEGLIGIBLE_SEEDS 30   /* fewer do not show that one is negligible: of 6, a quarter would be wrong */

enum decision {
    DECISION_LARGER,     /* than the smallest effect of interest */
    DECISION_REVERSED,   /* larger than that the other way round */
    DECISION_NEGLIGIBLE, /* smaller than that, both ways */
    DECISION_UNDECIDED,
    DECISION_MIXED,      /* some pairs of configurations say the opposite of all together */
    DECISION_SELECTION,  /* another one among pairs that accepted the same attempt */
    DECISION_NO_CONTROL, /* no identical tasks to hold it against */
    DECISION_TOO_FEW,
    N_DECISIONS,
};
extern const char *const decision_names[N_DECISIONS];

/* larger: the interval lies above `smallest` > 0; reversed: below -smallest; negligible: between the two, of
 * VERDICT_NEGLIGIBLE_SEEDS or more; too few: n below VERDICT_SEEDS; undecided: all else, also without an interval. */
enum decision verdict_of(const struct estimate *effect, double smallest);

/* Why an interval may hold the truth in fewer than 95 % of samples: bits. */
enum verdict_warning {
    WARNING_ALL_EQUAL = 1, /* no interval: values that are all equal do not show how they scatter */
    WARNING_ZEROS = 2,     /* half of the values or more are 0 */
    WARNING_MINORITY = 4,  /* so few values that one model in five that is unlike the others may not be among them */
};
#define WARNING_MINORITY_SEEDS 30
#define VERDICT_TOLERANCE      1e-6f /* effects on a scale of 1 that are nearer than this are equal: they are floats */

/* The warnings for a mean of values [n], NaN being left out; 0 for fewer than VERDICT_SEEDS. */
unsigned verdict_warnings(const float *values, size_t n);

#endif
