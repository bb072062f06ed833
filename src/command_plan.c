/* picky plan: what a sweep would do, without doing it. */
#include "backoff.h"
#include "cli.h"
#include "job.h"
#include "plan.h"
#include "progress.h"
#include "results.h"
#include "sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum error_code ignore_record(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)context, (void)job, (void)record, (void)error;
    return ERROR_NONE;
}

/* Seconds of one core for one unit of shape_cost, taken from a pack of small models of this width: some twenty
 * optimiser steps, a test pass and the measures. */
static enum error_code time_models(const struct hyperparameters *configuration, double *seconds_per_cost,
                                   struct error *error)
{
    struct hyperparameters h = *configuration;
    h.train_mode = TRAIN_RANDOM;
    h.epochs = 1;
    h.N_train = 20 * h.batch_size;
    h.N_test = h.N_test < 10 ? h.N_test : 10;
    h.max_attempts = 1;
    /* Very wide or deep models would take too long; what a multiply-add costs hardly changes from there on. */
    h.hidden_size = h.hidden_size < 256 ? h.hidden_size : 256;
    h.hidden_layers = h.hidden_layers < 8 ? h.hidden_layers : 8;
    if (hyperparameters_context_layer(&h) > h.hidden_layers)
        strcpy(h.context_location, "end");

    struct record_layout layout;
    struct job_runner *runner = NULL;
    if (record_layout_make(&layout, &h, 1, STORE_ALWAYS, error) || job_runner_create(&runner, &layout, error))
        return error->code;
    struct shape shape = shape_of(&h);
    double best_s = 0;
    /* The first round also faults the memory in. */
    for (int round = 0; round < 3; round++) {
        for (int lane = 0; lane < job_runner_lanes(runner); lane++)
            if (job_runner_add(runner, &(struct job){.seed = lane, .h = h}, error))
                goto done;
        double start_s = clock_s();
        if (job_runner_step(runner, ignore_record, NULL, error))
            goto done;
        double elapsed_s = clock_s() - start_s;
        if (round == 0 || elapsed_s < best_s)
            best_s = elapsed_s;
    }
    *seconds_per_cost = best_s / (job_runner_lanes(runner) * shape_cost(&shape));
done:
    job_runner_destroy(runner);
    return error->code;
}

static void print_size(double bytes, char text[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        bytes /= 1000;
    snprintf(text, 32, "%.3g %s", bytes, units[unit]);
}

static void print_swept(const struct sweep *sweep)
{
    enum { VALUES_MAX = 12 }; /* as many as fit on a line; of more, the number */
    for (int i = 0; i < n_hyperparameters; i++) {
        if (!sweep->swept[i])
            continue;
        const struct hyperparameter *row = &hyperparameter_table[i];
        const struct hyperparameters *distinct[VALUES_MAX];
        size_t n = 0;
        bool is_complete = true;
        for (size_t c = 0; c < sweep->n_configs && is_complete; c++) {
            size_t known = 0;
            while (known < n && !hyperparameter_equal(distinct[known], &sweep->configs[c], row))
                known++;
            if (known < n)
                continue;
            is_complete = n < VALUES_MAX;
            if (is_complete)
                distinct[n++] = &sweep->configs[c];
        }
        printf("  %-18s", row->name);
        for (size_t v = 0; v < n; v++) {
            char value[HYPERPARAMETER_TEXT_MAX];
            hyperparameter_format(distinct[v], row, value);
            printf("%s%s", v ? ", " : " ", value);
        }
        printf("%s\n", is_complete ? "" : ", ...");
    }
}

static enum error_code print_plan(const struct sweep *sweep, struct error *error)
{
    struct record_layout layout;
    struct plan *plan = NULL;
    double seconds_per_cost = 0, dearest = 0;
    size_t dearest_config = 0;

    if (record_layout_make(&layout, sweep->configs, sweep->n_configs, sweep->store, error) ||
        plan_create(&plan, sweep->configs, sweep->n_configs, sweep->replicates, sweep->seed, error))
        return error->code;
    for (size_t c = 0; c < sweep->n_configs; c++)
        if (plan_work(plan, c) > dearest) {
            dearest = plan_work(plan, c);
            dearest_config = c;
        }
    if (time_models(&sweep->configs[dearest_config], &seconds_per_cost, error))
        goto done;

    char size[32], duration[PROGRESS_DURATION_MAX];
    double core_s = plan_work_total(plan) * seconds_per_cost;
    print_size(results_file_size(&layout, sweep->n_configs, sweep->replicates), size);
    progress_duration(core_s, duration);
    printf("%s\n", *sweep->name ? sweep->name : sweep->path);
    print_swept(sweep);
    printf("configurations  %zu (%zu shape%s)\n", sweep->n_configs, plan_n_shapes(plan),
           plan_n_shapes(plan) == 1 ? "" : "s");
    printf("replicates      %" PRId64 ", seeds %" PRId64 " to %" PRId64 "\n", sweep->replicates, sweep->seed,
           sweep->seed + sweep->replicates - 1);
    printf("jobs            %" PRIu64 "\n", plan_jobs_total(plan));
    printf("core-hours      %.3g (%s on one core; from a short timing here, one attempt a job)\n", core_s / 3600,
           duration);
    printf("results file    %s (%" PRIu64 " bytes a job)\n", size, layout.n_bytes);
done:
    plan_destroy(plan);
    return error->code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct sweep sweep = {0};
    struct error error = {0};
    enum arguments_result parsed = arguments_parse(&arguments, command, "s", "SWEEP.cfg", argc, argv, true);
    if (parsed == ARGUMENTS_OK &&
        !sweep_read(&sweep, arguments.operand, arguments.overrides, arguments.n_overrides, &error))
        print_plan(&sweep, &error);
    sweep_free(&sweep);
    arguments_free(&arguments);
    if (error.code)
        return report_error(&error);
    return parsed == ARGUMENTS_BAD ? ERROR_INPUT : 0;
}

const struct command command_plan = {
    .name = "plan",
    .synopsis = "SWEEP.cfg [--set KEY=VALUE]...",
    .summary = "Configurations, jobs, estimated core-hours and file size of a sweep; trains nothing of it.",
    .details = "  --set KEY=VALUE   replaces a value that the sweep does not vary\n\n"
               "Exit codes: 0 done, 2 bad usage or sweep file.\n",
    .run = run,
};
