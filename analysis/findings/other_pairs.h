/* Pairs of tasks that no claim is about: D, with identical tasks beside it, its trend, and no verdict. */
#ifndef PICKY_OTHER_PAIRS_H
#define PICKY_OTHER_PAIRS_H

#include "claim_table.h"

/* Two formulas with one setting of the dials that they use, wherever they are tasks of one configuration. */
struct other_pair {
    struct claim_pair *pairs; /* [n], borrowed from other_pairs: a configuration and its two tasks each */
    size_t n;
};

/* Owns its arrays; released by other_pairs_free. */
struct other_pairs {
    struct claim_pairs all; /* sorted by formulas and dials */
    struct other_pair *groups;
    size_t n; /* groups */
};

/* Finds the pairs of tasks of the selected configurations that are neither identical nor, by their formulas, those of
 * any claim's conditions [N_CLAIMS]. ERROR_FATAL if memory is short. */
enum error_code other_pairs_find(struct other_pairs *others, const struct claim_pairs *claims,
                                 const struct reader *reader, const struct selection *selection, struct error *error);
void other_pairs_free(struct other_pairs *others); /* all-zero ones are allowed */

/* The hyperparameter along which a pair has a trend: the only one, besides tasks, in which its configurations differ,
 * with numbers for values. x [pair->n]: those values, or their binary logarithms (trend_is_logarithmic). NULL if there
 * is no such hyperparameter. */
const struct hyperparameter *other_pair_axis(const struct other_pair *pair, const struct reader *reader, double *x,
                                             bool *is_logarithmic);

#endif
