#include "sharing.h"

#include <math.h>

/* ln of the binomial coefficient. */
static double log_choose(size_t n, size_t k)
{
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

/* The mean of k / (n_a + n_b - k) over the hypergeometric distribution of k. */
static double jaccard_chance(size_t n_units, size_t n_a, size_t n_b)
{
    size_t first = n_a + n_b > n_units ? n_a + n_b - n_units : 0, last = n_a < n_b ? n_a : n_b;
    double log_all = log_choose(n_units, n_b), mean = 0;
    for (size_t k = first; k <= last; k++)
        mean += exp(log_choose(n_a, k) + log_choose(n_units - n_a, n_b - k) - log_all) * (double)k /
                (double)(n_a + n_b - k);
    return mean;
}

struct overlap overlap_of(size_t n_units, size_t n_a, size_t n_b, size_t n_both)
{
    const double none = (double)NAN;
    struct overlap overlap = {none, none, none, none};
    size_t larger = n_a > n_b ? n_a : n_b, smaller = n_a + n_b - larger;
    if (larger > 0) {
        overlap.jaccard = (double)n_both / (double)(n_a + n_b - n_both);
        overlap.jaccard_chance = jaccard_chance(n_units, n_a, n_b);
    }
    if (smaller > 0) { /* (n_a n_b / n_units) / smaller */
        overlap.coefficient = (double)n_both / (double)smaller;
        overlap.coefficient_chance = (double)larger / (double)n_units;
    }
    return overlap;
}

void sharing_counted(const float *importance, size_t n, double unimportant_below, bool is_normalised, double *counted)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)importance[i];
    double mean = sum / (double)n, scale = is_normalised && mean > 0 ? 1 / mean : 1;
    for (size_t i = 0; i < n; i++)
        counted[i] = (double)importance[i] < unimportant_below * mean ? 0 : (double)importance[i] * scale;
}

struct unit_sharing unit_sharing_of(const double *counted, size_t stride, int n_tasks)
{
    struct unit_sharing unit = {-1, (double)NAN, (double)NAN};
    double sum = 0, squares = 0, largest = 0;
    for (int t = 0; t < n_tasks; t++) {
        double value = counted[(size_t)t * stride];
        if (!(value >= 0)) /* not a number, or damage */
            return (struct unit_sharing){-1, (double)NAN, (double)NAN};
        if (value > largest) {
            largest = value;
            unit.preferred = t;
        }
        sum += value;
    }
    if (unit.preferred < 0)
        return unit;
    for (int t = 0; t < n_tasks; t++) /* in shares: squares of small importances are 0 */
        squares += pow(counted[(size_t)t * stride] / sum, 2);
    unit.n_eff = 1 / squares;
    if (n_tasks > 1) {
        double others = (sum - largest) / (n_tasks - 1);
        unit.selectivity = (largest - others) / (largest + others);
    }
    return unit;
}
