#include "pilot.h"

#include "clock.h"
#include "job.h"
#include "memory_budget.h"
#include "record.h"
#include "shape.h"
#include "trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Timed are models of at most so many units a layer, and once if that takes long. */
static const double LONG_S = 0.2;
static const int64_t WIDTH = 256, WIDTH_QUICK = 64;

/* A runner that keeps to the memory that there is, and how many of its jobs ended with an error: did not fit. */
struct trial {
    const struct record_layout *layout;
    struct job_runner *runner;
    uint64_t n_errors;
};

static enum error_code trial_start(struct trial *trial, const struct record_layout *layout, struct error *error)
{
    struct memory memory = memory_find("");
    *trial = (struct trial){.layout = layout};
    if (job_runner_create(&trial->runner, layout, error))
        return error->code;
    job_runner_set_memory(trial->runner, memory_budget(&memory, 1));
    return ERROR_NONE;
}

static enum error_code note_record(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)job, (void)error;
    struct trial *trial = context;
    trial->n_errors += *(const uint8_t *)record_field_const(trial->layout, record, FIELD_STATUS) == STATUS_ERROR;
    return ERROR_NONE;
}

/* Times n_models with one attempt each, or as many as a full pack has; *fits is false if they do not fit into memory.
 */
static enum error_code time_models(const struct hyperparameters *h, size_t n_models, double *seconds_per_cost,
                                   bool *fits, struct error *error)
{
    struct record_layout layout;
    struct trial trial;
    if (record_layout_make(&layout, h, 1, STORE_ALWAYS, error) || trial_start(&trial, &layout, error))
        return error->code;
    struct shape shape = shape_of(h);
    int n_lanes = job_runner_lanes(trial.runner), n = n_models < (size_t)n_lanes ? (int)n_models : n_lanes;
    double best_s = 0;
    /* The first round also faults the memory in. */
    for (int round = 0; round < 3 && trial.n_errors == 0 && best_s < LONG_S; round++) {
        for (int lane = 0; lane < n; lane++)
            if (job_runner_add(trial.runner, &(struct job){.seed = lane, .h = *h}, error))
                goto done;
        double start_s = clock_cpu_s();
        while (job_runner_waiting(trial.runner) > 0)
            if (job_runner_step(trial.runner, note_record, &trial, error))
                goto done;
        double elapsed_s = clock_cpu_s() - start_s;
        if (round == 0 || elapsed_s < best_s)
            best_s = elapsed_s;
    }
    *fits = trial.n_errors == 0;
    *seconds_per_cost = best_s / (n * shape_cost(&shape));
done:
    job_runner_destroy(trial.runner);
    return error->code;
}

/* The same as pilot_time_steps, for packs of n_models, or full ones, of at most so many units a layer. */
static enum error_code time_steps(const struct hyperparameters *configuration, size_t n_models, int64_t width,
                                  double *seconds_per_cost, struct error *error)
{
    struct hyperparameters h = *configuration;
    h.train_mode = TRAIN_RANDOM;
    h.epochs = 1;
    h.batch_size = h.batch_size < 100 ? h.batch_size : 100;
    h.N_train = 20 * h.batch_size;
    h.N_test = h.N_test < 10 ? h.N_test : 10;
    h.max_attempts = 1;
    /* Very wide or deep models would take too long; what a multiply-add costs hardly changes from there on. */
    h.hidden_size = h.hidden_size < width ? h.hidden_size : width;
    h.hidden_layers = h.hidden_layers < width / 32 ? h.hidden_layers : width / 32;
    if (hyperparameters_context_layer(&h) > h.hidden_layers)
        strcpy(h.context_location, "end");

    for (bool fits = false; !fits; h.hidden_size /= 2)
        if (h.hidden_size == 0)
            return error_set(error, ERROR_FATAL, "too little memory to time batches of %" PRId64 " samples",
                             h.batch_size);
        else if (time_models(&h, n_models, seconds_per_cost, &fits, error))
            return error->code;
    return ERROR_NONE;
}

enum error_code pilot_time_steps(const struct hyperparameters *configuration, double *seconds_per_cost,
                                 struct error *error)
{
    return time_steps(configuration, SIZE_MAX, WIDTH, seconds_per_cost, error);
}

/* ---- the longest job ------------------------------------------------------------------------------------------- */

/* Which it is of n_jobs[c] of each configuration. Returns the cost of one attempt. */
static double find_longest(struct pilot_job *job, const struct sweep *sweep, const uint64_t *n_jobs)
{
    double cost = 0;
    for (size_t c = 0; c < sweep->n_configs; c++) {
        struct shape shape = shape_of(&sweep->configs[c]);
        double other = shape_cost(&shape);
        int64_t max_attempts = sweep->configs[c].max_attempts;
        if (n_jobs[c] == 0 || (double)max_attempts * other <= (double)job->max_attempts * cost)
            continue;
        cost = other;
        job->config = c;
        job->max_attempts = max_attempts;
    }
    return cost;
}

enum error_code pilot_longest_job(struct pilot_job *job, const struct sweep *sweep, const uint64_t *n_jobs,
                                  uint64_t memory, double enough_s, struct error *error)
{
    const double slowest_s = 1e-8; /* a multiply-add, without vectors and with a margin */
    const struct kernels *widest;
    double seconds_per_cost;
    *job = (struct pilot_job){0};
    double cost = find_longest(job, sweep, n_jobs);
    const struct hyperparameters *h = &sweep->configs[job->config];
    const struct shape shape = shape_of(h);
    uint64_t n = 0; /* jobs that are packed together */
    for (size_t c = 0; c < sweep->n_configs; c++) {
        struct shape other = shape_of(&sweep->configs[c]);
        n += shape_equal(&shape, &other) ? n_jobs[c] : 0;
    }
    if (kernels_choose(&widest, error))
        return error->code;
    n = packing_choose(widest, h, n < widest->lanes ? (size_t)n : widest->lanes, memory).n_models;
    n = n > 0 ? n : 1;
    job->attempt_s = (double)n * cost * slowest_s;
    if ((double)job->max_attempts * job->attempt_s < enough_s)
        return ERROR_NONE;
    if (time_steps(h, n, enough_s > 0 ? WIDTH_QUICK : WIDTH, &seconds_per_cost, error))
        return error->code;
    job->attempt_s = (double)n * cost * seconds_per_cost;
    return ERROR_NONE;
}

/* ---- shapes ---------------------------------------------------------------------------------------------------- */

static double cost(const struct pilot_shape *entry)
{
    struct shape shape = shape_of(entry->example);
    return shape_cost(&shape);
}

static int compare_work(const void *a, const void *b)
{
    const struct pilot_shape *x = a, *y = b;
    double works[] = {x->n_jobs * cost(x), y->n_jobs * cost(y)};
    return (works[0] < works[1]) - (works[0] > works[1]);
}

/* The sweep's shapes, the costliest first. */
static enum error_code find_shapes(struct pilot *pilot, const struct sweep *sweep, struct error *error)
{
    size_t size = 0;
    for (size_t c = 0; c < sweep->n_configs; c++) {
        struct shape shape = shape_of(&sweep->configs[c]), known;
        size_t i = pilot->n_shapes; /* neighbours are alike: from the last one back */
        while (i > 0 && (known = shape_of(pilot->shapes[i - 1].example), !shape_equal(&shape, &known)))
            i--;
        if (i == 0) {
            if (pilot->n_shapes == size) {
                size = size ? 2 * size : 16;
                struct pilot_shape *grown = realloc(pilot->shapes, size * sizeof *grown);
                if (!grown)
                    return error_set(error, ERROR_FATAL, "out of memory for %zu shapes", size);
                pilot->shapes = grown;
            }
            i = ++pilot->n_shapes;
            pilot->shapes[i - 1] = (struct pilot_shape){.example = &sweep->configs[c]};
        }
        pilot->shapes[i - 1].n_configs++;
        pilot->shapes[i - 1].n_jobs += (double)sweep->replicates;
    }
    qsort(pilot->shapes, pilot->n_shapes, sizeof *pilot->shapes, compare_work);
    return ERROR_NONE;
}

/* ---- measuring ------------------------------------------------------------------------------------------------- */

/* Hands over n jobs of the shape, spread over its configurations; fewer if it has fewer. */
static enum error_code add_jobs(struct job_runner *runner, const struct pilot_shape *entry, const struct sweep *sweep,
                                size_t n, struct error *error)
{
    struct shape shape = shape_of(entry->example);
    size_t stride = entry->n_configs > n ? entry->n_configs / n : 1, n_added = 0;
    for (int64_t replicate = 0; replicate < sweep->replicates; replicate++) {
        size_t nth = 0;
        for (size_t c = 0; c < sweep->n_configs; c++) {
            struct shape other = shape_of(&sweep->configs[c]);
            if (!shape_equal(&shape, &other) || nth++ % stride != 0)
                continue;
            if (n_added++ == n)
                return ERROR_NONE;
            if (job_runner_add(runner, &(struct job){.seed = sweep->seed + replicate, .h = sweep->configs[c]}, error))
                return error->code;
        }
    }
    return ERROR_NONE;
}

/* Trains so many packs' worth of jobs, for as long as they fill packs: of the rejected attempts some are left over, as
 * in a long sweep, where they would find company. Changes nothing if they do not fit into memory. */
static enum error_code train_jobs(struct pilot_shape *entry, const struct sweep *sweep,
                                  const struct record_layout *layout, size_t n_packs, struct error *error)
{
    struct trial trial;
    if (trial_start(&trial, layout, error))
        return error->code;
    struct job_runner *runner = trial.runner;
    size_t lanes = (size_t)job_runner_lanes(runner);
    double start_s = clock_cpu_s(); /* other users' load does not count */
    if (!add_jobs(runner, entry, sweep, n_packs * lanes, error)) {
        size_t n_added = job_runner_waiting(runner), n_left = n_added;
        while (n_left > 0 && (n_left == n_added || n_left >= lanes) &&
               !job_runner_step(runner, note_record, &trial, error))
            n_left = job_runner_waiting(runner);
        if (!error->code && trial.n_errors == 0) {
            entry->n_trained = n_added - n_left;
            entry->trained_s = clock_cpu_s() - start_s;
            entry->job_s = entry->trained_s / (double)entry->n_trained;
            entry->pack_s = entry->trained_s / (double)job_runner_totals(runner).packs;
        }
    }
    job_runner_destroy(runner);
    return error->code;
}

enum error_code pilot_run(struct pilot *pilot, const struct sweep *sweep, double budget_s, struct error *error)
{
    double start_s = clock_s(), seconds_per_cost = 0;
    struct record_layout layout;
    const struct kernels *widest;
    struct rusage before, after;
    const struct memory memory = memory_find("");
    uint64_t largest = 0; /* full pack */
    *pilot = (struct pilot){0};
    getrusage(RUSAGE_SELF, &before);
    if (kernels_choose(&widest, error) ||
        record_layout_make(&layout, sweep->configs, sweep->n_configs, sweep->store, error) ||
        find_shapes(pilot, sweep, error))
        return error->code;
    for (size_t i = 0; i < pilot->n_shapes; i++) {
        struct pilot_shape *entry = &pilot->shapes[i];
        struct packing full = packing_choose(widest, entry->example, widest->lanes, MEMORY_UNLIMITED);
        struct packing found = packing_choose(widest, entry->example, widest->lanes, memory_budget(&memory, 1));
        largest = full.n_bytes > largest ? full.n_bytes : largest;
        double left_s = budget_s - (clock_s() - start_s);
        if ((i == 0 || left_s > 0) && pilot_time_steps(entry->example, &seconds_per_cost, error))
            return error->code;
        const double margin = 1.5; /* attempts are repeated */
        entry->job_s = cost(entry) * seconds_per_cost;
        entry->pack_s = (double)full.n_models * entry->job_s;
        double trial_s = margin * (double)widest->lanes * entry->job_s;
        size_t n_packs = left_s < trial_s ? 0 : left_s < 2 * trial_s ? 1 : 2;
        /* Fewer models at a time than elsewhere would take another time. */
        bool is_whole = found.n_models == full.n_models;
        if (n_packs > 0 && is_whole && train_jobs(entry, sweep, &layout, n_packs, error))
            return error->code;
        pilot->total_s += entry->n_jobs * entry->job_s;
        pilot->pack_s = entry->pack_s > pilot->pack_s ? entry->pack_s : pilot->pack_s;
    }
    getrusage(RUSAGE_SELF, &after);
    pilot->memory = fmax(1024 * (double)after.ru_maxrss,
                         1024 * (double)before.ru_maxrss + (double)(largest + trainer_bytes(&layout)));
    pilot->job_memory = (double)layout.n_bytes;
    return ERROR_NONE;
}

void pilot_free(struct pilot *pilot)
{
    free(pilot->shapes);
    *pilot = (struct pilot){0};
}
