/* What is said of a sweep's tasks before anything runs: targets that are not finite somewhere, and what is odd. */
#ifndef PICKY_TASK_CHECKS_H
#define PICKY_TASK_CHECKS_H

#include "errors.h"
#include "hyperparameters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The configurations to look at. All is borrowed. */
struct task_checks {
    const struct hyperparameters *configs; /* [n_configs], checked */
    size_t n_configs;
    const bool *swept; /* [n_hyperparameters] */
    int64_t seed;      /* of replicate 0 */
    const char *place; /* where the tasks come from, for messages: "FILE:LINE:COLUMN" */
    const int *places; /* [n_places]: of each list, by its number, 1 + its offset in `text`; 0: `place` it is */
    size_t n_places;
    const char *file, *text; /* `text` is the file's */
};

/* Checks (task_check.h) each distinct list with its dials, inputs and standardisation once; where that would take more
 * than seconds, most of them at a few points only, or, of millions, not at all: a line says how many. Warnings go to
 * `out`, a line for each kind and list, and how many more there are. ERROR_INPUT, naming task, formula, point and
 * configuration, for a target that is not finite; then there are no warnings. */
enum error_code task_checks_run(const struct task_checks *checks, FILE *out, struct error *error);

#endif
