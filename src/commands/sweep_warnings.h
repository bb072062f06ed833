/* What a sweep is not to be refused for, but may not be meant. */
#ifndef PICKY_SWEEP_WARNINGS_H
#define PICKY_SWEEP_WARNINGS_H

#include "sweep.h"

#include <stdio.h>

/* A line for each hyperparameter that is given although no configuration depends on it, and one if configurations
 * coincide: by other words they ask for the same models. Where memory is short, it does not look for the latter. */
void sweep_warnings_print(FILE *out, const struct sweep *sweep);

/* task_checks_run of a sweep. */
enum error_code sweep_check_tasks(FILE *out, const struct sweep *sweep, struct error *error);

/* Warns of tasks that have other names in a results file that was read than in the sweep, or in a file before it: the
 * results file at `path` keeps its own. */
void sweep_warn_of_names(FILE *out, const char *path);

#endif
