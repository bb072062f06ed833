#include "bench_tasks.h"

#include "clock.h"
#include "formula.h"
#include "job.h"
#include "numbers.h"
#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, BLOCKS = 2000, RUNS_MAX = 99 };

static enum error_code ignore_record(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)context, (void)job, (void)record, (void)error;
    return ERROR_NONE;
}

enum error_code bench_jobs_time(struct bench_jobs *jobs, const struct hyperparameters *h, struct error *error)
{
    struct record_layout layout;
    struct job_runner *runner = NULL;
    if (record_layout_make(&layout, h, 1, STORE_WEIGHTS, error) || job_runner_create(&runner, &layout, error))
        return error->code;
    size_t lanes = (size_t)job_runner_lanes(runner), n = (h->hidden_size > 64 ? 3 : 8) * lanes;
    error->code = ERROR_NONE;
    for (size_t i = 0; i < n && !error->code; i++)
        job_runner_add(runner, &(struct job){.seed = 1 + (int64_t)i, .h = *h}, error);
    double start = clock_cpu_s();
    /* Only full packs, as in a long sweep, where the last ones are few. */
    while (!error->code && job_runner_largest_group(runner) >= lanes)
        job_runner_step(runner, ignore_record, NULL, error);
    double n_done = (double)(n - job_runner_waiting(runner));
    jobs->ms = 1e3 * (clock_cpu_s() - start) / n_done;
    jobs->attempts = (double)job_runner_totals(runner).attempts / n_done;
    job_runner_destroy(runner);
    return error->code;
}

/* Nanoseconds of a sample: median of n_runs. */
static double time_formula(const char *text, int n_runs)
{
    struct formula formula;
    struct error error;
    int column;
    check(n_runs <= RUNS_MAX && !formula_parse(text, strlen(text), &formula, &column, &error));
    const struct formula_values values = {.dials = {1, 1, 1}};
    float x[2 * BLOCK], target[BLOCK];
    double runs[RUNS_MAX];
    const struct rng_key key = rng_key(1, 0);
    for (int run = 0; run < n_runs; run++) {
        double s = 0;
        for (uint32_t block = 0; block < BLOCKS; block++) { /* other samples each time: their drawing is not timed */
            rng_uniforms(key, RNG_TRAIN_SET, block, 0, 0, 2 * BLOCK, x);
            double start = clock_cpu_s();
            formula_evaluate(&formula, &values, BLOCK, 2, x, target);
            s += clock_cpu_s() - start;
        }
        runs[run] = 1e9 * s / ((double)BLOCK * BLOCKS);
    }
    qsort(runs, (size_t)n_runs, sizeof *runs, number_compare);
    return runs[n_runs / 2];
}

enum error_code bench_tasks_measure(struct bench_tasks *tasks, const struct hyperparameters *h, int n_runs,
                                    struct error *error)
{
    *tasks = (struct bench_tasks){
        .formulas = {
            {.meaning = "ten operations", .text = "0.5 * x0 + x1 / (1 + x0) - abs(x0 - x1) * max(x0, x1) + 0.1"},
            {.meaning = "three transcendental functions", .text = "sin(3 * x0) + exp(-x1) * tanh(x0)"}}};
    struct hyperparameters wide = *h;
    wide.hidden_size = BENCH_FORMULAS_H;
    if (bench_jobs_time(&tasks->job, &wide, error))
        return error->code;
    for (int i = 0; i < BENCH_FORMULAS; i++) {
        struct bench_formula *f = &tasks->formulas[i];
        f->ms = 1e-6 * time_formula(f->text, n_runs) * (double)training_n_targets(&wide) * tasks->job.attempts;
        f->percent = 100 * f->ms / tasks->job.ms;
    }
    return ERROR_NONE;
}

void bench_tasks_print(const struct bench_tasks *tasks)
{
    printf("\nformulas, of a job of %.3f ms (H = %d, %.2f attempts):\n", tasks->job.ms, BENCH_FORMULAS_H,
           tasks->job.attempts);
    for (int i = 0; i < BENCH_FORMULAS; i++)
        printf("%6.2f %%  %-30s  %s\n", tasks->formulas[i].percent, tasks->formulas[i].meaning,
               tasks->formulas[i].text);
}

void bench_tasks_print_json(const struct bench_tasks *tasks)
{
    printf("[");
    for (int i = 0; i < BENCH_FORMULAS; i++)
        printf("%s\n  {\"formula\": \"%s\", \"hidden_size\": %d, \"ms_a_job\": %.6g, \"percent_of_job\": %.4g}",
               i ? "," : "", tasks->formulas[i].text, BENCH_FORMULAS_H, tasks->formulas[i].ms,
               tasks->formulas[i].percent);
    printf("]");
}
