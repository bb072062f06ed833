/* What claims' numbers are between two test sets of one task: nothing but chance. */
#ifndef PICKY_NOISE_H
#define PICKY_NOISE_H

#include "claims.h"

#define NOISE_MODELS 30 /* of each configuration, the first ones that were accepted */

/* Fills noise_a and noise_b of the claims' results: the number that a claim is judged on, between ONE task's
 * importances on two independent test sets, mean of both tasks, of models, and of pairs. The networks are made of the
 * stored weights, or trained again. ERROR_INPUT as lesion_measure_again's, ERROR_FATAL if memory is short. */
enum error_code noise_measure(struct claims *claims, struct reader *reader, struct error *error);

#endif
