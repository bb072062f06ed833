/* One claim under every way to put it that the program knows: whether it hangs on one of them. */
#ifndef PICKY_MULTIVERSE_H
#define PICKY_MULTIVERSE_H

#include "claim_numbers.h"
#include "verdict.h"

/* What differs between two ways. */
enum choice { CHOICE_NUMBER, CHOICE_NORMALISE, CHOICE_UNITS, CHOICE_CUTOFF, N_CHOICES };
extern const char *const choice_names[N_CHOICES];

/* A measure's specifications (claim_numbers.h). Counts are no evidence: specifications share their models, and where
 * nothing differs half of them may say "larger" together. */
struct multiverse_row {
    int n, n_larger, n_reversed; /* specifications that have an effect, and those whose verdict it is */
    double least, median, largest;
    enum choice choice; /* that most often changes the verdict, all others being equal; N_CHOICES: none ever does */
    double flips;       /* share of the comparisons in which it does */
};

struct multiverse {
    struct multiverse_row rows[N_MEASURES];
    struct estimate effects[N_MEASURES][N_SPECIFICATIONS]; /* n = 0: the claim has no such one, or no effect under it */
    struct estimate mean; /* each seed's effect averaged over specifications, then over measures */
    struct estimate null; /* of claims with two conditions: the same of identical tasks */
    enum decision decision;
    unsigned warnings;
};

/* Whether a number is one of a claim's specifications. */
bool multiverse_has(enum claim_id claim, int number);

/* Sums a measure up: estimates [N_SPECIFICATIONS] of the claim's effects. */
struct multiverse_row multiverse_sum_up(enum claim_id claim, const struct estimate *estimates, double smallest);

/* Each seed's effect, averaged: columns [n_measures, N_NUMBERS, n_seeds] of effects; fills mean [n_seeds]. Measures
 * whose bit is not in `measures` do not count. */
void multiverse_average(enum claim_id claim, const float *columns, int n_measures, unsigned measures, size_t n_seeds,
                        float *mean);

#endif
