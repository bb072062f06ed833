/* Configurations that differ in one hyperparameter, compared: `summary --compare`. */
#ifndef PICKY_COMPARISONS_H
#define PICKY_COMPARISONS_H

#include "summary.h"

/* Writes the comparisons that "KEY" or "KEY=VALUE" asks for, of the statistics whose bits (1 << enum statistic) are in
 * `statistics` (0: all that a model has). options->by: the keys that each comparison keeps apart; NULL: all
 * other keys that differ. ERROR_INPUT if no two configurations can be compared. Otherwise as summary_write. */
enum error_code comparisons_write(struct reader *reader, const struct selection *selection,
                                  const struct summary_options *options, const char *compare, unsigned statistics,
                                  FILE *out, struct error *error);

#endif
