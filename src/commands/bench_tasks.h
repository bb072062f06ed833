/* What a task's formula costs, as a share of a job: a part of picky bench. */
#ifndef PICKY_BENCH_TASKS_H
#define PICKY_BENCH_TASKS_H

#include "hyperparameters.h"

enum { BENCH_FORMULAS = 2, BENCH_FORMULAS_H = 50 };

/* CPU time of one job, rejected attempts included, at BENCH_FORMULAS_H units a layer, and of the targets of its
 * attempts if all its tasks were one formula. */
struct bench_tasks {
    double job_ms, attempts;
    struct bench_formula {
        const char *meaning, *text;
        double ms, percent; /* of a job; per cent of job_ms */
    } formulas[BENCH_FORMULAS];
};

/* Measures, with the other hyperparameters of h (checked), as median of n_runs. ERROR_FATAL if memory is short. */
enum error_code bench_tasks_measure(struct bench_tasks *tasks, const struct hyperparameters *h, int n_runs,
                                    struct error *error);

void bench_tasks_print(const struct bench_tasks *tasks);
void bench_tasks_print_json(const struct bench_tasks *tasks); /* the value of a key, without a line end */

#endif
