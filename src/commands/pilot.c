#include "pilot.h"

#include "clock.h"
#include "job.h"
#include "memory_budget.h"
#include "numbers.h"
#include "record.h"
#include "rng.h"
#include "shape.h"
#include "simulation.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Seconds of one core for one unit of shape_cost, from a pack of n_models small models, or a full one, of a
 * configuration's width or so many units a layer (less if memory is short): some twenty optimiser steps, a test pass
 * and the measures. */
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
    double seconds_per_cost = 0;
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

/* A shape of the sweep. */
struct pilot_shape {
    const struct hyperparameters *example; /* one of its configurations; borrowed from the sweep */
    double n_jobs;
};

/* The shapes, the costliest first. */
struct pilot {
    struct pilot_shape *shapes; /* [n_shapes]; owned */
    size_t n_shapes;
};

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
        pilot->shapes[i - 1].n_jobs += (double)sweep->replicates;
    }
    qsort(pilot->shapes, pilot->n_shapes, sizeof *pilot->shapes, compare_work);
    return ERROR_NONE;
}

/* ---- estimates by simulation --------------------------------------------------------------------------------- */

const int pilot_ranks[PILOT_RANKS] = {1, 4, 16, 64, 256, 1024};

static const double TIMING_S = 1, ONE_TIMING_S = 0.1; /* for the shapes' steps; for those of one */
static const double TRAINING_S = 2;                   /* for jobs of the sweep */
static const double COST_ERROR = 0.17;                /* standard deviation of what the cost function says, relative */
static const double SIMULATION_S = 0.4;               /* at least RUNS_MIN runs all the same */
enum { RUNS_MAX = 200, RUNS_MIN = 10, FEW_RANKS = 64, MANY_RANKS_RUNS = 50 };

/* How the jobs that were trained ended. */
struct outcomes {
    const struct record_layout *layout;
    double n_accepted, n_others, n_open; /* jobs: ended otherwise; not ended */
    double attempts, dead, trained;      /* attempts: all; ended untrained; trained */
    double whole_s;                      /* that they took, if they were all that the sweep has; else 0 */
};

static enum error_code note_outcome(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)job, (void)error;
    struct outcomes *outcomes = context;
    bool is_accepted = *(const uint8_t *)record_field_const(outcomes->layout, record, FIELD_STATUS) == STATUS_ACCEPTED;
    *(is_accepted ? &outcomes->n_accepted : &outcomes->n_others) += 1;
    return ERROR_NONE;
}

/* Steps of up to a pack of models that wait together: what they take here over what the cost function says. */
static enum error_code time_scale(const struct hyperparameters *configuration, size_t n, uint64_t memory, double *scale,
                                  struct error *error)
{
    struct hyperparameters h = *configuration;
    const struct kernels *widest;
    if (kernels_choose(&widest, error))
        return error->code;
    n = n < widest->lanes ? n : widest->lanes;
    const struct shape whole = shape_of(&h);
    const struct packing packing = packing_choose(widest, &h, n, memory);
    const struct pack_cost cost = cost_of_pack(packing.kernels, &whole);
    n = packing.n_models > 0 ? packing.n_models : 1;
    /* A part of the training and of the measures, each as large as the time allows. */
    double part = ONE_TIMING_S / (1e-9 * (cost.training_ns + cost.measures_ns));
    if (part < 1) {
        double steps = fmax(part * (double)shape_steps(&whole), 2);
        h.train_mode = TRAIN_RANDOM;
        h.epochs = (int64_t)fmax(fmin(floor(part * (double)h.epochs), (double)h.epochs), 1);
        h.N_train = (int64_t)fmin((double)h.N_train, ceil(steps / (double)h.epochs) * (double)h.batch_size);
        h.N_test = (int64_t)fmax(floor(part * (double)h.N_test), 1);
    }
    h.max_attempts = 1;
    struct record_layout layout;
    struct trial trial;
    if (record_layout_make(&layout, &h, 1, STORE_ALWAYS, error) || trial_start(&trial, &layout, error))
        return error->code;
    double before_s = 0, before_expected_s = 0;
    for (int round = 0; round < 2; round++) { /* the first one also faults the memory in */
        struct job_runner_totals totals = job_runner_totals(trial.runner);
        before_s = totals.cpu_s;
        before_expected_s = totals.expected_s;
        for (size_t i = 0; i < n && !error->code; i++)
            job_runner_add(trial.runner, &(struct job){.seed = (int64_t)i, .h = h}, error);
        while (!error->code && job_runner_waiting(trial.runner) > 0)
            job_runner_step(trial.runner, note_record, &trial, error);
    }
    struct job_runner_totals totals = job_runner_totals(trial.runner);
    bool is_known = !error->code && trial.n_errors == 0 && totals.expected_s > before_expected_s;
    *scale = is_known ? (totals.cpu_s - before_s) / (totals.expected_s - before_expected_s) : NAN;
    job_runner_destroy(trial.runner);
    return error->code;
}

/* Scales of all configurations: of shapes with most work measured, of the others their mean. */
static enum error_code find_scales(double *scales, const struct sweep *sweep, uint64_t memory, struct error *error)
{
    struct pilot pilot = {0};
    double start_s = clock_awake_s(), sum = 0, weights = 0;
    for (size_t c = 0; c < sweep->n_configs; c++)
        scales[c] = NAN;
    find_shapes(&pilot, sweep, error);
    for (size_t i = 0; i < pilot.n_shapes && !error->code; i++) {
        const struct pilot_shape *entry = &pilot.shapes[i];
        double scale = NAN;
        if (i > 0 && clock_awake_s() - start_s > TIMING_S)
            break;
        if (time_scale(entry->example, (size_t)entry->n_jobs, memory, &scale, error) || isnan(scale))
            continue;
        const struct shape shape = shape_of(entry->example);
        for (size_t c = 0; c < sweep->n_configs; c++) {
            const struct shape other = shape_of(&sweep->configs[c]);
            scales[c] = shape_equal(&shape, &other) ? scale : scales[c];
        }
        sum += scale * entry->n_jobs * cost(entry);
        weights += entry->n_jobs * cost(entry);
    }
    free(pilot.shapes);
    for (size_t c = 0; c < sweep->n_configs; c++)
        if (isnan(scales[c]))
            scales[c] = weights > 0 ? sum / weights : 1;
    return error->code;
}

/* Trains jobs of the sweep, as many as there is time for, spread over those configurations that are short. */
static enum error_code train_some(struct outcomes *outcomes, const struct sweep *sweep, const double *scales,
                                  uint64_t memory, struct error *error)
{
    struct record_layout layout;
    struct trial trial;
    const struct kernels *widest;
    const double most_s = TRAINING_S / 2; /* one model, to be of use */
    double mean_s = 0, n_short = 0;
    if (record_layout_make(&layout, sweep->configs, sweep->n_configs, STORE_ALWAYS, error) ||
        kernels_choose(&widest, error) || trial_start(&trial, &layout, error))
        return error->code;
    outcomes->layout = &layout;
    job_runner_set_memory(trial.runner, memory);
    double *job_s = malloc(sweep->n_configs * sizeof *job_s);
    for (size_t c = 0; job_s && c < sweep->n_configs; c++) {
        const struct pack_cost full = packing_full_cost(widest, &sweep->configs[c]);
        job_s[c] = 1e-9 * scales[c] * (full.training_ns + full.measures_ns);
        mean_s += job_s[c] <= most_s ? job_s[c] : 0;
        n_short += job_s[c] <= most_s;
    }
    if (!job_s)
        error_set(error, ERROR_FATAL, "out of memory for %zu configurations", sweep->n_configs);
    else if (n_short > 0) {
        double n = floor(0.7 * TRAINING_S / (mean_s / n_short)), n_added = 0;
        size_t stride = n_short > n && n > 0 ? (size_t)ceil(n_short / n) : 1;
        for (int64_t r = 0; r < sweep->replicates && n_added < fmax(n, 1) && !error->code; r++)
            for (size_t c = 0, nth = 0; c < sweep->n_configs && n_added < fmax(n, 1) && !error->code; c++)
                if (job_s[c] <= most_s && nth++ % stride == 0) {
                    job_runner_add(trial.runner, &(struct job){.seed = sweep->seed + r, .h = sweep->configs[c]}, error);
                    n_added++;
                }
    }
    double start_s = clock_awake_s(); /* a user waits, however little of the time is CPU time */
    while (!error->code && job_runner_waiting(trial.runner) > 0 &&
           (job_runner_totals(trial.runner).packs == 0 || clock_awake_s() - start_s < TRAINING_S))
        job_runner_step(trial.runner, note_outcome, outcomes, error);
    const struct job_runner_totals totals = job_runner_totals(trial.runner);
    outcomes->n_open = totals.packs > 0 ? (double)job_runner_waiting(trial.runner) : 0;
    outcomes->attempts = (double)totals.attempts;
    outcomes->dead = (double)totals.rejected_at_start;
    outcomes->trained = (double)totals.lanes_used;
    double n_ended = outcomes->n_accepted + outcomes->n_others;
    outcomes->whole_s = n_ended == (double)sweep->n_configs * (double)sweep->replicates ? totals.cpu_s : 0;
    outcomes->layout = NULL; /* it ends here */
    free(job_s);
    job_runner_destroy(trial.runner);
    return error->code;
}

/* A standard normal deviate (Box & Muller 1958). */
static double draw_normal(struct rng_key key, uint32_t nth)
{
    const double pi = 3.14159265358979323846;
    uint32_t words[4];
    rng_words(key, RNG_SAMPLE, nth, 1, 4, words);
    return sqrt(-2 * log(((double)words[0] + 0.5) * 0x1p-32)) * cos(2 * pi * (double)words[1] * 0x1p-32);
}

/* A share of which yes and no were seen so often, prior included: about as its beta distribution, cut off. */
static double draw_share(double yes, double no, double normal)
{
    double n = yes + no, mean = yes / n;
    return fmin(fmax(mean + normal * sqrt(mean * (1 - mean) / (n + 1)), 0), 1);
}

/* What may be true, given what was seen. Jobs that are still rejected after some attempts count as of the kind that
 * never learns. */
static struct simulated_chance draw_chance(const struct outcomes *o, double max_attempts, struct rng_key key)
{
    double dead = o->attempts > 0 ? o->dead / o->attempts : 0.2;
    double most = fmax(max_attempts * (1 - dead), 1), failed = fmax(o->trained - o->n_accepted - o->n_others * most, 0);
    double hopeless = o->n_others;
    if (o->n_open > 0 && failed / o->n_open >= 2.5) {
        hopeless += o->n_open;
        failed = fmax(failed - o->n_open * failed / o->n_open, 0);
    }
    return (struct simulated_chance){
        .p_hopeless = draw_share(hopeless + 0.05, o->n_accepted + 1, draw_normal(key, 1)),
        .p_accepted = fmax(draw_share(o->n_accepted + 2, failed + 0.1, draw_normal(key, 2)), 0.02),
        .p_dead = dead,
    };
}

/* The interval up to twice its low end that holds most of times[0..n-1], less what it holds beyond 95 % of them. */
static struct pilot_interval interval_of(double *times, size_t n)
{
    size_t best = 0, n_best = 0;
    qsort(times, n, sizeof *times, number_compare);
    for (size_t i = 0, end = 0; i < n; i++) {
        while (end < n && times[end] <= 2 * times[i])
            end++;
        if (end - i > n_best) {
            best = i;
            n_best = end - i;
        }
    }
    size_t spare = n_best / 40;
    return (struct pilot_interval){times[best + spare], times[best + n_best - 1 - spare]};
}

/* n_ranks: asked for, too; 0: none. */
static enum error_code simulate(struct pilot_estimate *estimate, struct simulation *simulation,
                                const struct outcomes *outcomes, const struct sweep *sweep, int64_t n_ranks,
                                struct error *error)
{
    static double run[PILOT_RANKS + 1][RUNS_MAX];
    size_t n_runs[PILOT_RANKS + 1] = {0};
    int64_t ranks[PILOT_RANKS + 1] = {[PILOT_RANKS] = n_ranks};
    const int n_kinds = n_ranks > 0 ? PILOT_RANKS + 1 : PILOT_RANKS;
    for (int r = 0; r < PILOT_RANKS; r++)
        ranks[r] = pilot_ranks[r];
    double max_attempts = 0, start_s = clock_awake_s();
    for (size_t c = 0; c < sweep->n_configs; c++)
        max_attempts = fmax(max_attempts, (double)sweep->configs[c].max_attempts);
    for (size_t i = 0; i < RUNS_MAX && (i < RUNS_MIN || clock_awake_s() - start_s < SIMULATION_S); i++) {
        const struct rng_key key = rng_key((int64_t)i, 1);
        const struct simulated_chance chance = draw_chance(outcomes, max_attempts, key);
        double factor = exp(COST_ERROR * draw_normal(key, 3));
        for (int r = 0; r < n_kinds; r++) {
            struct simulated_time time;
            if (ranks[r] > FEW_RANKS && i >= MANY_RANKS_RUNS)
                continue;
            if (simulation_run(simulation, &chance, ranks[r], (int64_t)i, &time, error))
                return error->code;
            if (r == 0 && outcomes->whole_s > 0) /* what is known need not be left to chance */
                factor *= outcomes->whole_s / time.cpu_s;
            run[r][i] = factor * time.run_s;
            n_runs[r] = i + 1;
        }
    }
    for (int r = 0; r < PILOT_RANKS; r++)
        estimate->run[r] = interval_of(run[r], n_runs[r]);
    if (n_ranks > 0)
        estimate->asked = interval_of(run[PILOT_RANKS], n_runs[PILOT_RANKS]);
    estimate->cpu = estimate->run[0]; /* one rank is never idle */
    return ERROR_NONE;
}

enum error_code pilot_estimate(struct pilot_estimate *estimate, const struct sweep *sweep, uint64_t memory,
                               int64_t n_ranks, struct error *error)
{
    *estimate = (struct pilot_estimate){0};
    const struct kernels *widest;
    struct outcomes outcomes = {0};
    struct simulation *simulation = NULL;
    double *scales = calloc(sweep->n_configs, sizeof *scales);
    const struct simulated_sweep simulated = {sweep->configs, sweep->n_configs, sweep->replicates, scales, memory};
    if (!scales)
        error_set(error, ERROR_FATAL, "out of memory for %zu configurations", sweep->n_configs);
    else if (!kernels_choose(&widest, error) && !find_scales(scales, sweep, memory, error) &&
             !train_some(&outcomes, sweep, scales, memory, error) &&
             !simulation_create(&simulation, &simulated, widest, error))
        simulate(estimate, simulation, &outcomes, sweep, n_ranks, error);
    estimate->n_trained = (uint64_t)(outcomes.n_accepted + outcomes.n_others);
    simulation_destroy(simulation);
    free(scales);
    return error->code;
}
