/* The table of a results file for people. */
#ifndef PICKY_SUMMARY_H
#define PICKY_SUMMARY_H

#include "models.h"
#include "selection.h"

#include <stdio.h>

/* Prints, for each selected configuration: accepted of tried models and attempts with 95 % intervals, test
 * errors, and per hidden layer the shares of selective, mixed and unimportant units of accepted models under
 * options->measure, for each pair of tasks (the options' tasks are not read). ERROR_FATAL if `out` cannot be
 * written. */
enum error_code summary_print(struct reader *reader, const struct selection *selection,
                              const struct ri_options *options, FILE *out, struct error *error);

#endif
