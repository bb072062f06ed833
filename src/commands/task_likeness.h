/* What a sweep's tasks are, and how alike: part of picky plan. */
#ifndef PICKY_TASK_LIKENESS_H
#define PICKY_TASK_LIKENESS_H

#include "sweep.h"

#include <stdio.h>

/* Prints the first lists of tasks, each once for each setting of its dials and inputs, with the correlation of each
 * pair's targets over the inputs (task_check.h): random constants are those of the sweep's first seed. */
void task_likeness_print(FILE *out, const struct sweep *sweep);

#endif
