/* What a whole job costs, and a task's formula as a share of it: a part of picky bench. */
#ifndef PICKY_BENCH_TASKS_H
#define PICKY_BENCH_TASKS_H

#include "hyperparameters.h"

enum { BENCH_FORMULAS = 2, BENCH_FORMULAS_H = 50 };

/* CPU time of one whole job, rejected attempts and records included, and how many attempts it took: means. */
struct bench_jobs {
    double ms, attempts;
};

/* Times jobs of h (checked) in full packs. ERROR_FATAL if memory is short. */
enum error_code bench_jobs_time(struct bench_jobs *jobs, const struct hyperparameters *h, struct error *error);

/* A job at BENCH_FORMULAS_H units a layer, and CPU time of the targets of its attempts if all its tasks were one
 * formula. */
struct bench_tasks {
    struct bench_jobs job;
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
