/* How several tasks share the units of a layer. */
#ifndef PICKY_SHARING_H
#define PICKY_SHARING_H

#include <stdbool.h>
#include <stddef.h>

/* Two sets of n_a and n_b of n_units units, n_both of them in both. Beside each index what two sets of these sizes have
 * by chance: its expectation where every choice of the units is equally likely, so that n_both is hypergeometric. */
struct overlap {
    double jaccard, jaccard_chance;         /* n_both / (units in either); NaN if both sets are empty */
    double coefficient, coefficient_chance; /* n_both / (units of the smaller set); NaN if one is empty */
};
struct overlap overlap_of(size_t n_units, size_t n_a, size_t n_b, size_t n_both);

/* Fills counted [n] with the importances [n] of a layer that count: as they are, divided by their mean if is_normalised
 * (as relative_importance_in_double has it); 0 for those that are below unimportant_below times the mean. */
void sharing_counted(const float *importance, size_t n, double unimportant_below, bool is_normalised, double *counted);

/* One unit by its counted importances [n_tasks], at `stride`: its preferred task, the first that is largest, or -1 if
 * all are 0 or one is not a number; S = (largest - mean of the others) / (largest + mean of the others), which is |RI|
 * for two tasks and NaN for one; N_eff = (sum I)^2 / sum I^2, the number of tasks that it serves. Both NaN without a
 * preferred task. */
struct unit_sharing {
    int preferred;
    double selectivity, n_eff;
};
struct unit_sharing unit_sharing_of(const double *counted, size_t stride, int n_tasks);

#endif
