#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_SAMPLES = 64 }; /* drawn and computed at once, a multiple of BLOCK_SAMPLES */

/* Between looks at the interruption: training samples loaded; and what it takes to put one into a batch, in
 * multiply-adds (interrupt.h). */
enum { SAMPLES_A_LOOK = 1024, SAMPLE_WORK = 16 };

enum { WORDS = 4 }; /* come together (rng.h) */

#define NO_ENTRY SIZE_MAX /* of a history */

static bool is_in_training(const struct model *model)
{
    return model->is_used && !model->has_ended;
}

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "out of memory for a pack's data");
}

static size_t vectors_bytes(size_t n, size_t lanes)
{
    return (n * lanes * sizeof(float) + KERNELS_ALIGNMENT - 1) / KERNELS_ALIGNMENT * KERNELS_ALIGNMENT;
}

static float *allocate_vectors(size_t bytes, const atomic_bool *interrupt)
{
    float *vectors = aligned_alloc(KERNELS_ALIGNMENT, bytes);
    if (vectors)
        interrupt_clear(interrupt, vectors, bytes);
    return vectors;
}

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* Floats of a sample: inputs, target, task. */
static size_t sample_size(const struct shape *shape)
{
    return round_up((size_t)shape->n_inputs + 2, 4);
}

/* Bytes of a training's own arrays. */
struct training_sizes {
    size_t test_x, test_target, target, indices, step_loss;
};

static struct training_sizes sizes_of(const struct shape *shape, size_t lanes)
{
    size_t batch_size = (size_t)shape->batch_size;
    size_t n_tests = (size_t)shape->n_tasks * (size_t)shape->N_test;
    size_t n_rows = batch_size > TRAIN_BLOCK_ROWS ? batch_size : TRAIN_BLOCK_ROWS;
    return (struct training_sizes){
        .test_x = vectors_bytes(n_tests * (size_t)shape->n_inputs, lanes),
        .test_target = vectors_bytes(n_tests, lanes),
        .target = vectors_bytes(n_rows, lanes),
        .indices = vectors_bytes(round_up(n_rows, WORDS), lanes),
        .step_loss = lanes * sizeof(double),
    };
}

uint64_t training_bytes(const struct shape *shape, size_t lanes)
{
    struct training_sizes sizes = sizes_of(shape, lanes);
    return network_bytes(shape, lanes) + activations_bytes(shape, lanes, (size_t)shape->batch_size, false) +
           activations_bytes(shape, lanes, TRAIN_BLOCK_ROWS, false) + sizes.test_x + sizes.test_target + sizes.target +
           sizes.indices + sizes.step_loss;
}

uint64_t training_data_bytes(const struct shape *shape, int64_t N_train, size_t n_models)
{
    size_t n_bytes = sample_size(shape) * sizeof(float);
    size_t history_bytes = sizeof(double) + (size_t)shape->n_tasks * sizeof(float);
    return (uint64_t)N_train * (n_models * n_bytes + sizeof(uint32_t)) +
           n_models * (uint64_t)shape_history(shape) * history_bytes;
}

struct shape training_kept_shape(const struct shape *shape)
{
    struct shape kept = *shape;
    kept.optimizer = OPTIMIZER_SGD; /* no moments */
    kept.batch_size = 1;
    return kept;
}

enum error_code training_create(struct training *training, const struct shape *shape, const struct kernels *kernels,
                                const atomic_bool *interrupt, struct error *error)
{
    memset(training, 0, sizeof *training);
    training->lanes = kernels->lanes;
    training->sample_size = sample_size(shape);
    const struct training_sizes sizes = sizes_of(shape, training->lanes);

    if (network_create(&training->network, shape, kernels, interrupt, error) ||
        activations_create(&training->batch, &training->network, (size_t)shape->batch_size, false, error) ||
        activations_create(&training->test, &training->network, TRAIN_BLOCK_ROWS, false, error))
        goto failed;

    training->test_x = allocate_vectors(sizes.test_x, interrupt);
    training->test_target = allocate_vectors(sizes.test_target, interrupt);
    training->target = allocate_vectors(sizes.target, interrupt);
    training->indices = aligned_alloc(KERNELS_ALIGNMENT, sizes.indices);
    training->step_loss = calloc(1, sizes.step_loss);
    if (training->test_x && training->test_target && training->target && training->indices && training->step_loss)
        return ERROR_NONE;
    out_of_memory(error);
failed:
    training_destroy(training);
    return error->code;
}

void training_destroy(struct training *training)
{
    for (size_t lane = 0; lane < training->lanes; lane++) {
        struct model *model = &training->model[lane];
        free(model->samples);
        free(model->train_loss);
        free(model->test_error);
    }
    free(training->test_x);
    free(training->test_target);
    free(training->target);
    free(training->order);
    free(training->indices);
    free(training->step_loss);
    activations_destroy(&training->batch);
    activations_destroy(&training->test);
    network_destroy(&training->network);
    memset(training, 0, sizeof *training);
}

void training_clear(struct training *training)
{
    network_clear(&training->network);
    for (size_t lane = 0; lane < training->lanes; lane++)
        training->model[lane].is_used = false;
}

static enum error_code reserve(struct training *training, struct model *model, size_t n_train, struct error *error)
{
    if (model->capacity != n_train) { /* no more than it takes: packing_bytes counts on it */
        free(model->samples);
        model->samples = malloc(n_train * training->sample_size * sizeof *model->samples);
        model->capacity = model->samples ? n_train : 0;
        if (model->capacity == 0)
            return out_of_memory(error);
    }
    size_t n_history = (size_t)shape_history(&model->shape), T = (size_t)model->shape.n_tasks;
    if (model->history_capacity != n_history) {
        free(model->train_loss);
        free(model->test_error);
        model->train_loss = calloc(n_history, sizeof *model->train_loss);
        model->test_error = calloc(n_history * T, sizeof *model->test_error);
        model->history_capacity = model->train_loss && model->test_error ? n_history : 0;
        if (model->history_capacity == 0)
            return out_of_memory(error);
    }
    if (training->order_size < n_train) {
        uint32_t *order = realloc(training->order, n_train * sizeof *order);
        if (!order)
            return out_of_memory(error);
        training->order = order;
        for (; training->order_size < n_train; training->order_size++)
            order[training->order_size] = (uint32_t)training->order_size;
    }
    return ERROR_NONE;
}

/* Says where a target is not finite, if it is the first such place. */
static void note_fault(struct model *model, const struct targets *targets, int task, const float *x)
{
    char point[FORMULA_POINT_MAX];
    const struct formula *formula = &targets->list->formulas[task];
    if (*model->fault)
        return;
    formula_point(formula, &targets->values, x, point);
    snprintf(model->fault, sizeof model->fault, "task %d is not finite%s%s: %s", task + 1, *point ? " at " : "", point,
             formula->text);
}

/* Targets of a task at n samples: those at `kept` if `targets` is NULL, else computed, and kept there unless it is
 * NULL. */
static void load_targets(struct model *model, const struct targets *targets, int task, size_t n, const float *x,
                         float *kept, float *target)
{
    if (!targets) {
        memcpy(target, kept, n * sizeof *target);
        return;
    }
    size_t n_inputs = (size_t)targets->n_inputs, bad = targets_compute(targets, task, n, x, target);
    if (bad < n)
        note_fault(model, targets, task, x + bad * n_inputs);
    if (kept)
        memcpy(kept, target, n * sizeof *target);
}

/* These take targets as load_targets() does, and are false if they were interrupted. */
static bool load_training_set(struct training *training, size_t lane, const struct targets *targets, float *kept)
{
    struct model *model = &training->model[lane];
    size_t N_train = (size_t)model->h.N_train, n_inputs = (size_t)model->h.n_inputs, ends[TASKS_MAX] = {0}, end = 0;
    size_t size = training->sample_size;
    int64_t counts[TASKS_MAX];
    hyperparameters_train_counts(&model->h, counts);
    for (int64_t task = 0; task < training->network.shape.n_tasks; task++)
        ends[task] = end += (size_t)counts[task];
    check(end == N_train);
    int task = 0;
    for (size_t first = 0; first < N_train; first += LOAD_SAMPLES) {
        size_t n = N_train - first < LOAD_SAMPLES ? N_train - first : LOAD_SAMPLES;
        float target[LOAD_SAMPLES], x[LOAD_SAMPLES * INPUTS_MAX];
        if (first % SAMPLES_A_LOOK == 0 && interrupt_look(training->network.interrupt))
            return false;
        tasks_train_inputs(&model->h, model->key, first, n, x);
        for (size_t i = 0, n_same; i < n; i += n_same) {
            while (ends[task] <= first + i)
                task++;
            n_same = ends[task] - first - i < n - i ? ends[task] - first - i : n - i;
            load_targets(model, targets, task, n_same, x + i * n_inputs, kept ? kept + first + i : NULL, target + i);
            for (size_t k = i; k < i + n_same; k++) {
                float *sample = model->samples + (first + k) * size;
                for (size_t j = 0; j < n_inputs; j++)
                    sample[j] = x[k * n_inputs + j];
                sample[n_inputs] = target[k];
                sample[n_inputs + 1] = (float)task;
                for (size_t j = n_inputs + 2; j < size; j++)
                    sample[j] = 0;
            }
        }
    }
    return true;
}

static bool load_test_sets(struct training *training, size_t lane, const struct targets *targets, float *kept)
{
    struct model *model = &training->model[lane];
    size_t lanes = training->lanes, N_test = (size_t)model->h.N_test, n_inputs = (size_t)model->h.n_inputs;
    float x[LOAD_SAMPLES * INPUTS_MAX], target[LOAD_SAMPLES];
    for (int task = 0; task < (int)training->network.shape.n_tasks; task++)
        for (size_t first = 0; first < N_test; first += LOAD_SAMPLES) {
            size_t n = N_test - first < LOAD_SAMPLES ? N_test - first : LOAD_SAMPLES;
            size_t row = (size_t)task * N_test + first;
            if (first % SAMPLES_A_LOOK == 0 && interrupt_look(training->network.interrupt))
                return false;
            tasks_test_inputs(&model->h, model->key, task, first, n, x);
            load_targets(model, targets, task, n, x, kept ? kept + row : NULL, target);
            for (size_t i = 0; i < n * n_inputs; i++)
                training->test_x[(row * n_inputs + i) * lanes + lane] = x[i];
            for (size_t i = 0; i < n; i++)
                training->test_target[(row + i) * lanes + lane] = target[i];
        }
    return true;
}

/* To step 0 of the first phase that has steps. */
static void begin_training(struct training *training, size_t lane)
{
    struct model *model = &training->model[lane];
    model->has_ended = false;
    model->step = 0;
    model->step_in_epoch = model->epoch = 0;
    model->entry = 1;
    model->phase = 0;
    while (model->phase < PHASES_MAX - 1 && model->shape.steps[model->phase] == 0)
        model->phase++;
    training->step_loss[lane] = 0;
}

size_t training_n_targets(const struct hyperparameters *h)
{
    return (size_t)h->N_train + (size_t)hyperparameters_n_tasks(h) * (size_t)h->N_test;
}

enum error_code training_load(struct training *training, size_t lane, const struct hyperparameters *h, int64_t seed,
                              unsigned attempt, struct error *error)
{
    return training_load_kept(training, lane, h, seed, attempt, NULL, error);
}

enum error_code training_load_kept(struct training *training, size_t lane, const struct hyperparameters *h,
                                   int64_t seed, unsigned attempt, struct kept_targets *kept, struct error *error)
{
    struct model *model = &training->model[lane];
    const struct targets *targets = NULL;
    model->is_used = false;
    model->shape = shape_of(h);
    if (reserve(training, model, (size_t)h->N_train, error))
        return error->code;

    begin_training(training, lane);
    model->h = *h;
    model->key = rng_key(seed, attempt);
    model->fault[0] = '\0';
    network_initialise(&training->network, lane, model->key, h->lr);
    if (!kept || !kept->are_known) {
        struct targets made, *place = &training->targets[training->n_loaded++ % KERNELS_LANES_MAX];
        targets_make(&made, h, seed, training->targets, KERNELS_LANES_MAX);
        *place = made;
        targets = place;
    }
    float *train = kept ? kept->values : NULL, *test = kept ? kept->values + h->N_train : NULL;
    if (!load_training_set(training, lane, targets, train) || !load_test_sets(training, lane, targets, test))
        return ERROR_NONE;
    model->is_used = true;
    if (kept)
        kept->are_known = !*model->fault; /* which has to be found again */
    return ERROR_NONE;
}

/* Puts samples indices[0..n_rows-1] of all models into the first rows; targets go beside them. */
static void load_samples(struct training *training, struct activations *a, size_t n_rows)
{
    static const float nothing[INPUTS_MAX + 4]; /* sample 0 of a lane that is not used, which has index 0 */
    const struct network *network = &training->network;
    const float *from[KERNELS_LANES_MAX];
    for (size_t lane = 0; lane < training->lanes; lane++)
        from[lane] = training->model[lane].is_used ? training->model[lane].samples : nothing;
    /* In slices, as everything. */
    size_t rows = interrupt_slice(n_rows, training->lanes * SAMPLE_WORK, 1);
    for (size_t row = 0; row < n_rows; row += rows) {
        network->kernels->load(&(struct samples){
            .n_rows = n_rows - row < rows ? n_rows - row : rows,
            .n_inputs = (size_t)network->shape.n_inputs,
            .n_tasks = (size_t)network->shape.n_tasks,
            .size = training->sample_size,
            .from = from,
            .index = training->indices + row * training->lanes,
            .in = a->in[1] + row * a->in_stride[1] * training->lanes,
            .in_stride = a->in_stride[1],
            .context = activations_context(a, network, row, 0),
            .context_stride = a->in_stride[network->shape.context_layer],
            .target = training->target + row * training->lanes,
        });
        if (interrupt_after(network->interrupt, rows * training->lanes * SAMPLE_WORK))
            return;
    }
}

void training_load_test_block(struct training *training, struct activations *a, int task, size_t first, size_t n)
{
    const struct network *network = &training->network;
    size_t lanes = training->lanes, start = (size_t)task * (size_t)network->shape.N_test + first;
    size_t n_inputs = (size_t)network->shape.n_inputs;
    for (size_t row = 0; row < n; row++) {
        memcpy(a->in[1] + row * a->in_stride[1] * lanes, training->test_x + (start + row) * n_inputs * lanes,
               n_inputs * lanes * sizeof(float));
        for (int t = 0; t < (int)network->shape.n_tasks; t++) {
            float *context = activations_context(a, network, row, t);
            for (size_t lane = 0; lane < lanes; lane++)
                context[lane] = t == task;
        }
    }
    memcpy(training->target, training->test_target + start * lanes, n * lanes * sizeof(float));
}

/* Tests used lanes, each into its entry [lanes] of the histories. Sums in double, sample after sample. */
static void test(struct training *training, const size_t *entry)
{
    const struct shape *shape = &training->network.shape;
    size_t lanes = training->lanes, N_test = (size_t)shape->N_test, n_tasks = (size_t)shape->n_tasks;
    for (size_t task = 0; task < n_tasks; task++) {
        double absolute[KERNELS_LANES_MAX] = {0}, squared[KERNELS_LANES_MAX] = {0};
        for (size_t first = 0; first < N_test; first += TRAIN_BLOCK_ROWS) {
            size_t n = N_test - first < TRAIN_BLOCK_ROWS ? N_test - first : TRAIN_BLOCK_ROWS;
            training_load_test_block(training, &training->test, (int)task, first, n);
            network_forward(&training->network, &training->test, n);
            if (interrupt_look(training->network.interrupt))
                return;
            for (size_t row = 0; row < n; row++)
                for (size_t lane = 0; lane < lanes; lane++) {
                    double error =
                        (double)training->test.out[row * lanes + lane] - (double)training->target[row * lanes + lane];
                    absolute[lane] += fabs(error);
                    squared[lane] += error * error;
                }
        }
        for (size_t lane = 0; lane < lanes; lane++) {
            struct model *model = &training->model[lane];
            if (!model->is_used || entry[lane] == NO_ENTRY)
                continue;
            model->test_error[entry[lane] * n_tasks + task] = (float)(absolute[lane] / (double)N_test);
            model->test_loss[task] = (float)(squared[lane] / (double)N_test);
        }
    }
}

void training_test(struct training *training, size_t epoch)
{
    size_t entry[KERNELS_LANES_MAX];
    for (size_t lane = 0; lane < training->lanes; lane++)
        entry[lane] = epoch;
    test(training, entry);
}

void training_untrained(struct training *training)
{
    const struct network *network = &training->network;
    bool is_relu = network->shape.output_activation == OUTPUT_RELU;
    size_t lanes = training->lanes, n_max = 0;
    double squared[KERNELS_LANES_MAX] = {0};
    for (size_t lane = 0; lane < lanes; lane++) {
        struct model *model = &training->model[lane];
        model->is_dead = model->is_used && is_relu;
        if (model->is_used && (size_t)model->h.N_train > n_max)
            n_max = (size_t)model->h.N_train;
    }

    for (size_t first = 0; first < n_max; first += TRAIN_BLOCK_ROWS) {
        size_t n = n_max - first < TRAIN_BLOCK_ROWS ? n_max - first : TRAIN_BLOCK_ROWS;
        for (size_t row = 0; row < n; row++)
            for (size_t lane = 0; lane < lanes; lane++) {
                const struct model *model = &training->model[lane];
                bool is_there = model->is_used && first + row < (size_t)model->h.N_train;
                training->indices[row * lanes + lane] = is_there ? (uint32_t)(first + row) : 0;
            }
        load_samples(training, &training->test, n);
        network_forward(network, &training->test, n);
        if (interrupt_look(network->interrupt))
            return;
        for (size_t row = 0; row < n; row++)
            for (size_t lane = 0; lane < lanes; lane++) {
                struct model *model = &training->model[lane];
                if (!model->is_used || first + row >= (size_t)model->h.N_train)
                    continue;
                float y = training->test.out[row * lanes + lane];
                double error = (double)y - (double)training->target[row * lanes + lane];
                squared[lane] += error * error;
                model->is_dead = model->is_dead && y == 0;
            }
    }
    for (size_t lane = 0; lane < lanes; lane++)
        if (training->model[lane].is_used)
            training->model[lane].train_loss[0] = squared[lane] / (double)training->model[lane].h.N_train;
    training_test(training, 0);
}

/* Loss and its derivative: delta of the output = d/dy mean((y - t)^2) = 2 (y - t) / n_rows, through the output's
 * activation. Adds each model's mean squared error over the batch to step_loss. */
static void output_delta(struct training *training, size_t n_rows)
{
    const struct network *network = &training->network;
    struct activations *a = &training->batch;
    double squared[KERNELS_LANES_MAX];
    network->kernels->loss(&(struct loss){
        .n_rows = n_rows,
        .y = a->out,
        .target = training->target,
        .scale = 2 / (float)n_rows,
        .is_relu = network->shape.output_activation == OUTPUT_RELU,
        .delta = a->delta[network->n_layers],
        .delta_stride = a->delta_stride[network->n_layers],
        .squared = squared,
    });
    for (size_t lane = 0; lane < training->lanes; lane++)
        training->step_loss[lane] += squared[lane] / (double)n_rows;
}

/* Steps until the first model comes to the end of an epoch; 0 if no model is in training. */
static int64_t steps_of_all(const struct training *training)
{
    int64_t n = INT64_MAX;
    for (size_t lane = 0; lane < training->lanes; lane++) {
        const struct model *model = &training->model[lane];
        if (!is_in_training(model))
            continue;
        int64_t left = model->shape.steps[model->phase] - model->step_in_epoch;
        n = left < n ? left : n;
    }
    return n < INT64_MAX ? n : 0;
}

/* The random words of the next batch of each model, into training->indices. False if interrupted. */
static bool draw_words(struct training *training)
{
    _Alignas(KERNELS_ALIGNMENT) uint32_t key[2][KERNELS_LANES_MAX] = {{0}}, step[KERNELS_LANES_MAX] = {0};
    const struct network *network = &training->network;
    size_t n = (size_t)network->shape.batch_size, lanes = training->lanes;
    size_t rows = interrupt_slice(n, lanes * SAMPLE_WORK, WORDS);
    for (size_t lane = 0; lane < lanes; lane++) {
        const struct model *model = &training->model[lane];
        step[lane] = model->step;
        key[0][lane] = model->key.word[0];
        key[1][lane] = model->key.word[1];
    }
    if (lanes == 1)
        rng_words(training->model[0].key, RNG_BATCHES, step[0], 0, n, training->indices);
    for (size_t first = 0; first < n && lanes > 1; first += rows) {
        network->kernels->words(&(struct words){
            .first = first,
            .end = round_up(n - first < rows ? n : first + rows, WORDS),
            .purpose = RNG_BATCHES,
            .key = {key[0], key[1]},
            .step = step,
            .out = training->indices,
        });
        if (interrupt_after(network->interrupt, rows * lanes * SAMPLE_WORK))
            return false;
    }
    return true;
}

/* False if interrupted. */
static bool take_step(struct training *training)
{
    struct network *network = &training->network;
    size_t batch_size = (size_t)network->shape.batch_size, lanes = training->lanes;
    if (interrupt_look(network->interrupt) || !draw_words(training))
        return false;
    for (size_t lane = 0; lane < lanes; lane++) {
        struct model *model = &training->model[lane];
        if (interrupt_after(network->interrupt, batch_size * SAMPLE_WORK))
            return false;
        if (is_in_training(model)) {
            tasks_batch_of(&model->h, model->phase, model->step_in_epoch++, training->order, training->indices + lane,
                           lanes);
            model->step++;
            continue;
        }
        for (size_t row = 0; row < batch_size; row++)
            training->indices[row * lanes + lane] = 0;
    }
    load_samples(training, &training->batch, batch_size);
    network_forward(network, &training->batch, batch_size);
    output_delta(training, batch_size);
    network_step(network, &training->batch, batch_size);
    return true;
}

/* An epoch has ended: on to the next one, of the next phase, or the end. */
static void begin_epoch(struct model *model)
{
    model->step_in_epoch = 0;
    model->entry++;
    if (++model->epoch < model->shape.epochs)
        return;
    model->epoch = 0;
    do
        model->phase++;
    while (model->phase < PHASES_MAX && model->shape.steps[model->phase] == 0);
    model->has_ended = model->phase == PHASES_MAX;
}

/* True if a model's training has ended with its epoch. Those whose epochs end together are tested together. */
static bool end_epochs(struct training *training)
{
    bool has_any_ended = false;
    size_t entry[KERNELS_LANES_MAX], lanes = training->lanes;
    for (size_t lane = 0; lane < lanes; lane++) {
        struct model *model = &training->model[lane];
        entry[lane] = NO_ENTRY;
        if (!is_in_training(model) || model->step_in_epoch < model->shape.steps[model->phase])
            continue;
        entry[lane] = model->entry;
        model->train_loss[model->entry] = training->step_loss[lane] / (double)model->shape.steps[model->phase];
        training->step_loss[lane] = 0;
    }
    test(training, entry);
    for (size_t lane = 0; lane < lanes; lane++)
        if (entry[lane] != NO_ENTRY) {
            begin_epoch(&training->model[lane]);
            has_any_ended |= training->model[lane].has_ended;
        }
    return has_any_ended;
}

void training_run(struct training *training, atomic_size_t *n_done)
{
    for (int64_t n; (n = steps_of_all(training)) > 0;) {
        for (int64_t i = 0; i < n; i++) {
            if (!take_step(training))
                return;
            if (n_done)
                atomic_fetch_add_explicit(n_done, 1, memory_order_relaxed);
        }
        if (end_epochs(training) || interrupt_look(training->network.interrupt))
            return;
    }
}

void training_empty(struct training *training, size_t lane)
{
    training->model[lane].is_used = false;
    network_freeze(&training->network, lane);
}

void training_move(struct training *to, size_t to_lane, struct training *from, size_t from_lane)
{
    struct model *target = &to->model[to_lane], empty = *target;
    size_t n_tests = (size_t)from->network.shape.n_tasks * (size_t)from->network.shape.N_test;
    size_t n_inputs = (size_t)from->network.shape.n_inputs;
    *target = from->model[from_lane];
    from->model[from_lane] = empty;
    network_copy_lane(&to->network, to_lane, &from->network, from_lane);
    training_empty(from, from_lane);
    for (size_t i = 0; i < n_tests; i++) {
        if (i % SAMPLES_A_LOOK == 0 && interrupt_look(from->network.interrupt))
            return;
        to->test_target[i * to->lanes + to_lane] = from->test_target[i * from->lanes + from_lane];
        for (size_t k = i * n_inputs; k < (i + 1) * n_inputs; k++)
            to->test_x[k * to->lanes + to_lane] = from->test_x[k * from->lanes + from_lane];
    }
}
