#include "verdict.h"

#include <math.h>

const char *const decision_names[N_DECISIONS] = {"larger", "reversed",  "negligible", "undecided",
                                                 "mixed",  "selection", "no control", "too few"};

enum decision verdict_of(const struct estimate *effect, double smallest)
{
    if (effect->n < VERDICT_SEEDS)
        return DECISION_TOO_FEW;
    if (effect->low > smallest)
        return DECISION_LARGER;
    if (effect->high < -smallest)
        return DECISION_REVERSED;
    bool is_inside = effect->low > -smallest && effect->high < smallest;
    return is_inside && effect->n >= VERDICT_NEGLIGIBLE_SEEDS ? DECISION_NEGLIGIBLE : DECISION_UNDECIDED;
}

unsigned verdict_warnings(const float *values, size_t n)
{
    size_t n_known = 0, n_zeros = 0;
    float least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            n_known++;
            n_zeros += fabsf(values[i]) <= VERDICT_TOLERANCE ? 1 : 0;
            least = fminf(least, values[i]);
            most = fmaxf(most, values[i]);
        }
    if (n_known < VERDICT_SEEDS)
        return 0;
    return (most - least <= VERDICT_TOLERANCE ? WARNING_ALL_EQUAL : 0u) |
           (2 * n_zeros >= n_known ? WARNING_ZEROS : 0u) | (n_known < WARNING_MINORITY_SEEDS ? WARNING_MINORITY : 0u);
}
