/* Networks that start alike: the same seed and attempt give configurations of one shape the same initial weights, and
 * so the same fate before training. Their attempts are one draw, not several. */
#ifndef PICKY_STARTS_H
#define PICKY_STARTS_H

#include "selection.h"

/* Orders configurations by what initial weights depend on: 0 if models of one seed start alike in each attempt. */
int starts_compare(const struct hyperparameters *a, const struct hyperparameters *b);

/* How many different starts the configurations of a selection have, seed by seed. ERROR_FATAL if memory is short. */
enum error_code starts_count(const struct reader *reader, const struct selection *selection, size_t *n,
                             struct error *error);

#endif
