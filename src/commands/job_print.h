/* Jobs and their records as tables for people. */
#ifndef PICKY_JOB_PRINT_H
#define PICKY_JOB_PRINT_H

#include "job.h"

#include <stdio.h>

/* Prints a job: its hyperparameters and its seed, a line each. */
void job_print(FILE *stream, const struct job *job);

/* Prints what became of a job, without a line's end: "accepted after 2 of at most 10 attempts (error threshold 0.05;
 * errors of each attempt: 0.1 0.2; 0.01 0.03)". */
void job_print_outcome(FILE *stream, const struct record_layout *layout, const struct job *job, const void *record);

/* Prints a number of a history in `width` columns, at least 9, with 6 decimals if it fits. */
void job_print_number(FILE *stream, float value, int width);

/* Prints two records of a job, one that was stored and one that was computed anew: outcomes, and histories by epoch. */
void job_print_compared(FILE *stream, const struct record_layout *layout, const struct job *job, const void *stored,
                        const void *computed);

#endif
