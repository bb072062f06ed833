#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_SAMPLES = 64 }; /* drawn and computed at once, a multiple of BLOCK_SAMPLES */

/* Between looks at the interruption: training samples loaded; and what it takes to put one into a batch, in
 * multiply-adds (interrupt.h). */
enum { SAMPLES_A_LOOK = 1024, SAMPLE_WORK = 16 };

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

/* Bytes of a training's own arrays; histories are of one lane. */
struct training_sizes {
    size_t test_x, test_target, target, indices, step_loss, train_loss, test_error;
};

static struct training_sizes sizes_of(const struct shape *shape, size_t lanes)
{
    size_t batch_size = (size_t)shape->batch_size;
    size_t n_tests = (size_t)shape->n_tasks * (size_t)shape->N_test;
    size_t n_rows = batch_size > TRAIN_BLOCK_ROWS ? batch_size : TRAIN_BLOCK_ROWS;
    size_t n_history = (size_t)shape_history(shape);
    return (struct training_sizes){
        .test_x = vectors_bytes(n_tests * (size_t)shape->n_inputs, lanes),
        .test_target = vectors_bytes(n_tests, lanes),
        .target = vectors_bytes(n_rows, lanes),
        .indices = batch_size * sizeof(uint32_t),
        .step_loss = lanes * sizeof(double),
        .train_loss = n_history * sizeof(double),
        .test_error = n_history * (size_t)shape->n_tasks * sizeof(float),
    };
}

uint64_t training_bytes(const struct shape *shape, size_t lanes)
{
    struct training_sizes sizes = sizes_of(shape, lanes);
    return network_bytes(shape, lanes) + activations_bytes(shape, lanes, (size_t)shape->batch_size, false) +
           activations_bytes(shape, lanes, TRAIN_BLOCK_ROWS, false) + sizes.test_x + sizes.test_target + sizes.target +
           sizes.indices + sizes.step_loss + lanes * (sizes.train_loss + sizes.test_error);
}

uint64_t training_data_bytes(const struct shape *shape, int64_t N_train, size_t n_models)
{
    size_t n_bytes = sizeof(struct train_sample) + (size_t)shape->n_inputs * sizeof(float);
    return (uint64_t)N_train * (n_models * n_bytes + sizeof(uint32_t));
}

enum error_code training_create(struct training *training, const struct shape *shape, const struct kernels *kernels,
                                const atomic_bool *interrupt, struct error *error)
{
    memset(training, 0, sizeof *training);
    training->lanes = kernels->lanes;
    const struct training_sizes sizes = sizes_of(shape, training->lanes);

    if (network_create(&training->network, shape, kernels, interrupt, error) ||
        activations_create(&training->batch, &training->network, (size_t)shape->batch_size, false, error) ||
        activations_create(&training->test, &training->network, TRAIN_BLOCK_ROWS, false, error))
        goto failed;

    training->test_x = allocate_vectors(sizes.test_x, interrupt);
    training->test_target = allocate_vectors(sizes.test_target, interrupt);
    training->target = allocate_vectors(sizes.target, interrupt);
    training->indices = calloc(1, sizes.indices);
    training->step_loss = calloc(1, sizes.step_loss);
    bool complete =
        training->test_x && training->test_target && training->target && training->indices && training->step_loss;
    for (size_t lane = 0; lane < training->lanes; lane++) {
        struct model *model = &training->model[lane];
        model->train_loss = calloc(1, sizes.train_loss);
        model->test_error = calloc(1, sizes.test_error);
        complete = complete && model->train_loss && model->test_error;
    }
    if (complete)
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
        free(model->x);
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
    if (model->capacity < n_train) {
        free(model->samples);
        free(model->x);
        model->samples = malloc(n_train * sizeof *model->samples);
        model->x = malloc(n_train * (size_t)training->network.shape.n_inputs * sizeof *model->x);
        model->capacity = model->samples && model->x ? n_train : 0;
        if (model->capacity == 0)
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
    size_t N_train = (size_t)model->h.N_train, n_inputs = (size_t)model->h.n_inputs, ends[TASKS_MAX], end = 0;
    int64_t counts[TASKS_MAX];
    hyperparameters_train_counts(&model->h, counts);
    for (int64_t task = 0; task < training->network.shape.n_tasks; task++)
        ends[task] = end += (size_t)counts[task];
    int task = 0;
    for (size_t first = 0; first < N_train; first += LOAD_SAMPLES) {
        size_t n = N_train - first < LOAD_SAMPLES ? N_train - first : LOAD_SAMPLES;
        float target[LOAD_SAMPLES], *x = model->x + first * n_inputs;
        if (first % SAMPLES_A_LOOK == 0 && interrupt_look(training->network.interrupt))
            return false;
        tasks_train_inputs(&model->h, model->key, first, n, x);
        for (size_t i = 0, n_same; i < n; i += n_same) {
            while (ends[task] <= first + i)
                task++;
            n_same = ends[task] - first - i < n - i ? ends[task] - first - i : n - i;
            load_targets(model, targets, task, n_same, x + i * n_inputs, kept ? kept + first + i : NULL, target + i);
            for (size_t k = i; k < i + n_same; k++)
                model->samples[first + k] = (struct train_sample){.target = target[k], .task = task};
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
    if (reserve(training, model, (size_t)h->N_train, error))
        return error->code;

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

/* Puts n training samples of one model into the first rows: samples indices[0..n-1], or first..first+n-1 if indices is
 * NULL. Targets go beside them. */
static void load_samples(struct training *training, struct activations *a, size_t lane, const uint32_t *indices,
                         size_t first, size_t n)
{
    const struct network *network = &training->network;
    const struct train_sample *samples = training->model[lane].samples;
    size_t lanes = training->lanes;
    int n_tasks = (int)network->shape.n_tasks;
    size_t n_inputs = (size_t)network->shape.n_inputs;
    float *in = a->in[1] + lane, *context = activations_context(a, network, 0, 0) + lane;
    float *target = training->target + lane;
    size_t in_step = a->in_stride[1] * lanes, context_step = a->in_stride[network->shape.context_layer] * lanes;
    for (size_t row = 0; row < n; row++, in += in_step, context += context_step, target += lanes) {
        size_t i = indices ? indices[row] : first + row;
        const struct train_sample *sample = &samples[i];
        for (size_t k = 0; k < n_inputs; k++)
            in[k * lanes] = training->model[lane].x[i * n_inputs + k];
        for (int task = 0; task < n_tasks; task++)
            context[(size_t)task * lanes] = sample->task == task ? 1 : 0;
        *target = sample->target;
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

/* Sums in double, sample after sample. */
void training_test(struct training *training, size_t epoch)
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
            model->test_error[epoch * n_tasks + task] = (float)(absolute[lane] / (double)N_test);
            model->test_loss[task] = (float)(squared[lane] / (double)N_test);
        }
    }
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
        for (size_t lane = 0; lane < lanes; lane++) {
            const struct model *model = &training->model[lane];
            size_t left = model->is_used && (size_t)model->h.N_train > first ? (size_t)model->h.N_train - first : 0;
            load_samples(training, &training->test, lane, NULL, first, left < n ? left : n);
        }
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
    bool is_relu = network->shape.output_activation == OUTPUT_RELU;
    size_t lanes = training->lanes, stride = a->delta_stride[network->n_layers];
    float scale = 2 / (float)n_rows;
    double squared[KERNELS_LANES_MAX] = {0};
    for (size_t row = 0; row < n_rows; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            float y = a->out[row * lanes + lane];
            float error = y - training->target[row * lanes + lane];
            squared[lane] += (double)error * (double)error;
            a->delta[network->n_layers][row * stride * lanes + lane] = is_relu && y <= 0 ? 0 : scale * error;
        }
    for (size_t lane = 0; lane < lanes; lane++)
        training->step_loss[lane] += squared[lane] / (double)n_rows;
}

void training_run(struct training *training, atomic_size_t *n_done)
{
    const struct shape *shape = &training->network.shape;
    const atomic_bool *interrupt = training->network.interrupt;
    size_t lanes = training->lanes, batch_size = (size_t)shape->batch_size;
    uint32_t step = 0;
    size_t entry = 1;
    for (int phase = 0; phase < PHASES_MAX; phase++)
        for (int64_t epoch = 0; epoch < shape->epochs && shape->steps[phase] > 0; epoch++, entry++) {
            memset(training->step_loss, 0, lanes * sizeof *training->step_loss);
            for (int64_t i = 0; i < shape->steps[phase]; i++, step++) {
                if (interrupt_look(interrupt))
                    return;
                for (size_t lane = 0; lane < lanes; lane++) {
                    const struct model *model = &training->model[lane];
                    if (!model->is_used)
                        continue;
                    if (interrupt_after(interrupt, batch_size * SAMPLE_WORK))
                        return;
                    tasks_batch(&model->h, model->key, phase, i, step, training->order, training->indices);
                    load_samples(training, &training->batch, lane, training->indices, 0, batch_size);
                }
                network_forward(&training->network, &training->batch, batch_size);
                output_delta(training, batch_size);
                network_step(&training->network, &training->batch, batch_size);
                if (n_done)
                    atomic_store_explicit(n_done, (size_t)step + 1, memory_order_relaxed);
            }
            for (size_t lane = 0; lane < lanes; lane++)
                training->model[lane].train_loss[entry] = training->step_loss[lane] / (double)shape->steps[phase];
            training_test(training, entry);
        }
}
