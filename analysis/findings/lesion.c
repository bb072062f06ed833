#include "lesion.h"

#include "build.h"
#include "importance.h"
#include "layer_mask.h"
#include "numbers.h"
#include "packing.h"
#include "train.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole network's error may differ from the file's by this share, and by a little more near 0: rounding, should
 * another processor or version have added up in another order. Training again what another version of picky trained
 * differs by far more. */
#define ERROR_TOLERANCE 1e-4

/* The models of one configuration, packed into SIMD lanes. Arrays of units are [lanes, n_layers, n_units]. */
struct lesioner {
    struct reader *reader;
    const struct ri_options *options;
    struct lesion_result *result;
    size_t config, n_layers, n_units;
    uint64_t layers; /* as in lesion_measure */
    bool has_weights;
    struct units units;
    double *ri;                       /* [n_units] */
    int8_t *group;                    /* 0: task A's, 1: task B's, -1: neither */
    float *importance;                /* both tasks' mean share of their layer's sum */
    bool *is_silent;                  /* what the lesion silences */
    uint32_t *order;                  /* [n_units]: scratch of a shuffle, or of matching */
    uint32_t *words;                  /* [n_units] */
    float *weights;                   /* room for a model's largest array */
    float *whole[NETWORK_LAYERS_MAX]; /* weights of the whole networks, as in struct layer */
    struct training training;
    size_t *replicates; /* [n_models] */
};

static enum error_code no_memory(const struct reader *reader, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
}

/* Reads an array of one model, without padding, into l->weights; count has the sizes of its dimensions. */
static enum error_code read_weights(struct lesioner *l, enum field field, size_t replicate,
                                    const uint64_t count[FIELD_DIMENSIONS_MAX], struct error *error)
{
    struct reader_part part = {{0}, {0}};
    memcpy(part.count, count, sizeof part.count);
    return reader_read(l->reader, field, l->config, replicate, 1, &part, l->weights, error);
}

/* Copies l->weights [n_units, n] into columns first .. first + n - 1 of a layer (1-based). */
static void put_weights(struct lesioner *l, size_t lane, int layer, const float *values, size_t n_units, size_t first,
                        size_t n)
{
    for (size_t unit = 0; unit < n_units; unit++)
        for (size_t i = 0; i < n; i++)
            network_set_weight(&l->training.network, lane, layer, unit, first + i, values[unit * n + i]);
}

static enum error_code load_weights(struct lesioner *l, size_t lane, size_t replicate, struct error *error)
{
    const struct network *network = &l->training.network;
    const struct shape *shape = &network->shape;
    uint64_t n_units = l->n_units, n_layers = l->n_layers, n_tasks = (uint64_t)shape->n_tasks;
    int output = network->n_layers, context = (int)shape->context_layer;

    if (read_weights(l, FIELD_INPUT_WEIGHTS, replicate, (uint64_t[4]){n_units, (uint64_t)shape->n_inputs}, error))
        return error->code;
    put_weights(l, lane, 1, l->weights, n_units, 0, (size_t)shape->n_inputs);
    if (n_layers > 1) {
        if (read_weights(l, FIELD_HIDDEN_WEIGHTS, replicate, (uint64_t[4]){n_layers - 1, n_units, n_units}, error))
            return error->code;
        for (int layer = 2; layer < output; layer++)
            put_weights(l, lane, layer, l->weights + (size_t)(layer - 2) * n_units * n_units, n_units, 0, n_units);
    }
    if (read_weights(l, FIELD_CONTEXT_WEIGHTS, replicate, (uint64_t[4]){n_units, n_tasks}, error))
        return error->code;
    put_weights(l, lane, context, l->weights, n_units, network->layer[context].n_inputs, n_tasks);
    if (read_weights(l, FIELD_BIASES, replicate, (uint64_t[4]){n_layers, n_units}, error))
        return error->code;
    for (int layer = 1; layer < output; layer++)
        put_weights(l, lane, layer, l->weights + (size_t)(layer - 1) * n_units, n_units,
                    network->layer[layer].n_columns - 1, 1);
    if (read_weights(l, FIELD_OUTPUT_WEIGHTS, replicate, (uint64_t[4]){n_units}, error))
        return error->code;
    put_weights(l, lane, output, l->weights, 1, 0, n_units);
    if (read_weights(l, FIELD_OUTPUT_BIAS, replicate, (uint64_t[4]){0}, error))
        return error->code;
    put_weights(l, lane, output, l->weights, 1, network->layer[output].n_columns - 1, 1);
    return ERROR_NONE;
}

/* Puts the stored test set in the place of the one that the seed gave. */
static enum error_code load_test_set(struct lesioner *l, size_t lane, size_t replicate, int64_t seed,
                                     struct error *error)
{
    const struct hyperparameters *h = &l->reader->configs[l->config];
    struct training *training = &l->training;
    size_t n_tasks = l->result->n_tasks, N_test = (size_t)h->N_test, lanes = training->lanes;
    size_t n_inputs = (size_t)h->n_inputs;
    struct targets targets;

    if (read_weights(l, FIELD_TEST_INPUTS, replicate, (uint64_t[4]){n_tasks, N_test, n_inputs}, error))
        return error->code;
    targets_make(&targets, h, seed, NULL, 0);
    for (size_t row = 0; row < n_tasks * N_test; row++) {
        const float *x = l->weights + row * n_inputs;
        float target;
        for (size_t k = 0; k < n_inputs; k++)
            training->test_x[(row * n_inputs + k) * lanes + lane] = x[k];
        targets_compute(&targets, (int)(row / N_test), 1, x, &target);
        training->test_target[row * lanes + lane] = target;
    }
    return ERROR_NONE;
}

/* Puts samples of the second test set in the place of a lane's. */
static void load_second_set(struct lesioner *l, size_t lane, int64_t seed)
{
    const struct hyperparameters *h = &l->reader->configs[l->config];
    struct training *training = &l->training;
    size_t N_test = (size_t)h->N_test, n_inputs = (size_t)h->n_inputs, lanes = training->lanes;
    struct targets targets;

    targets_make(&targets, h, seed, NULL, 0);
    for (size_t task = 0; task < l->result->n_tasks; task++) {
        tasks_second_test_inputs(h, training->model[lane].key, (int)task, 0, N_test, l->weights);
        for (size_t i = 0; i < N_test; i++) {
            size_t row = task * N_test + i;
            const float *x = l->weights + i * n_inputs;
            float target;
            for (size_t k = 0; k < n_inputs; k++)
                training->test_x[(row * n_inputs + k) * lanes + lane] = x[k];
            targets_compute(&targets, (int)task, 1, x, &target);
            training->test_target[row * lanes + lane] = target;
        }
    }
}

/* Fills shares [n_units]: the mean over the pair's tasks of a unit's share of the layer's importance. */
static void importance_shares(const struct lesioner *l, size_t layer, float *shares)
{
    const int tasks[] = {l->options->task_a, l->options->task_b};
    memset(shares, 0, l->n_units * sizeof *shares);
    for (int t = 0; t < 2; t++) {
        const float *importance = units_importance(&l->units, l->options->measure, (size_t)tasks[t], layer);
        double sum = 0;
        for (size_t i = 0; i < l->n_units; i++)
            sum += (double)importance[i];
        for (size_t i = 0; i < l->n_units && sum > 0; i++)
            shares[i] += (float)(0.5 * (double)importance[i] / sum);
    }
}

/* Sorts a model's units into groups. */
static enum error_code group_units(struct lesioner *l, size_t lane, size_t model, struct error *error)
{
    double above = ri_selective_above(l->options);
    if (units_load(&l->units, l->reader, l->config, l->replicates[model], error))
        return error->code;
    for (size_t layer = 0; layer < l->n_layers; layer++) {
        if (!layer_mask_has(l->layers, layer))
            continue;
        size_t at = (lane * l->n_layers + layer) * l->n_units;
        importance_shares(l, layer, l->importance + at);
        units_relative_importance(&l->units, l->options, l->options->measure, layer, l->ri);
        for (size_t i = 0; i < l->n_units; i++) /* NaN: neither */
            l->group[at + i] = l->ri[i] > above ? 0 : l->ri[i] < -above ? 1 : -1;
    }
    return ERROR_NONE;
}

/* Marks n units of a layer, drawn at random (RNG_LESIONS: a partial Fisher-Yates shuffle, as for batches). */
static void choose_random(struct lesioner *l, size_t lane, size_t layer, int8_t wanted, uint32_t draw, size_t n,
                          bool *is_silent)
{
    for (size_t i = 0; i < l->n_units; i++)
        l->order[i] = (uint32_t)i;
    rng_words(l->training.model[lane].key, RNG_LESIONS, draw, (uint32_t)(2 * layer) + (uint32_t)wanted, n, l->words);
    for (size_t k = 0; k < n; k++) {
        size_t other = k + rng_index(l->words[k], (uint32_t)(l->n_units - k));
        uint32_t chosen = l->order[other];
        l->order[other] = l->order[k];
        is_silent[chosen] = true;
    }
}

/* Marks other units of a layer in the place of the n of a group, as lesion.h says; of equal ones the first. */
static void choose_matched(struct lesioner *l, const int8_t *group, const float *importance, int8_t wanted, size_t n,
                           bool *is_silent)
{
    uint32_t *is_matched = l->order;
    memset(is_matched, 0, l->n_units * sizeof *is_matched);
    for (size_t k = 0; k < n; k++) {
        size_t unit = l->n_units, nearest = l->n_units;
        for (size_t i = 0; i < l->n_units; i++)
            if (group[i] == wanted && !is_matched[i] && (unit == l->n_units || importance[i] > importance[unit]))
                unit = i;
        for (size_t i = 0; i < l->n_units; i++)
            if (group[i] != wanted && !is_silent[i] &&
                (nearest == l->n_units ||
                 fabsf(importance[i] - importance[unit]) < fabsf(importance[nearest] - importance[unit])))
                nearest = i;
        if (nearest == l->n_units)
            return;
        is_matched[unit] = 1;
        is_silent[nearest] = true;
    }
}

/* Marks the units of one model that a lesion silences. */
static void choose_units(struct lesioner *l, size_t lane, enum lesion lesion, uint32_t draw)
{
    int8_t wanted = lesion < LESION_SELECTIVE_B ? 0 : 1;
    for (size_t layer = 0; layer < l->n_layers; layer++) {
        if (!layer_mask_has(l->layers, layer))
            continue;
        size_t at = (lane * l->n_layers + layer) * l->n_units, n = 0;
        bool *is_silent = l->is_silent + at;
        for (size_t i = 0; i < l->n_units; i++) {
            is_silent[i] = l->group[at + i] == wanted && (lesion == LESION_SELECTIVE_A || lesion == LESION_SELECTIVE_B);
            n += l->group[at + i] == wanted;
        }
        if (lesion == LESION_RANDOM_A || lesion == LESION_RANDOM_B)
            choose_random(l, lane, layer, wanted, draw, n, is_silent);
        else if (lesion == LESION_MATCHED_A || lesion == LESION_MATCHED_B)
            choose_matched(l, l->group + at, l->importance + at, wanted, n, is_silent);
    }
}

/* Adds what is marked, times `share`, to the result. */
static void add_silenced(struct lesioner *l, size_t lane, enum lesion lesion, size_t model, float share)
{
    float *n_silenced = l->result->n_silenced + lesion * l->result->n_models + model;
    float *importance = l->result->importance + lesion * l->result->n_models + model;
    float n = 0, sum = 0, n_layers = 0;
    for (size_t layer = 0; layer < l->n_layers; layer++) {
        size_t at = (lane * l->n_layers + layer) * l->n_units;
        if (!layer_mask_has(l->layers, layer))
            continue;
        n_layers++;
        for (size_t i = 0; i < l->n_units; i++)
            if (l->is_silent[at + i]) {
                n++;
                sum += l->importance[at + i];
            }
    }
    *n_silenced = n; /* the same in each draw */
    *importance += share * sum / n_layers;
}

/* Silences the marked units of all lanes and tests; the errors go to entry 0 of the histories. A unit whose incoming
 * weights and bias are 0 is 0 for every sample: its sum is, and so is its ReLU. */
static void test_lesioned(struct lesioner *l, size_t n_lanes)
{
    struct network *network = &l->training.network;
    for (size_t layer = 0; layer < l->n_layers; layer++) {
        const struct layer *part = &network->layer[layer + 1];
        memcpy(part->weights, l->whole[layer + 1], part->n_units * part->n_columns * network->lanes * sizeof(float));
        if (!layer_mask_has(l->layers, layer))
            continue;
        for (size_t lane = 0; lane < n_lanes; lane++)
            for (size_t i = 0; i < l->n_units; i++)
                if (l->is_silent[(lane * l->n_layers + layer) * l->n_units + i])
                    for (size_t column = 0; column < part->n_columns; column++)
                        network_set_weight(network, lane, (int)layer + 1, i, column, 0);
    }
    training_test(&l->training, 0);
}

/* Adds the errors of the last test, times `share`, to the result. */
static void add_errors(struct lesioner *l, enum lesion lesion, size_t first, size_t n, float share)
{
    struct lesion_result *result = l->result;
    for (size_t lane = 0; lane < n; lane++)
        for (size_t task = 0; task < result->n_tasks; task++)
            result->errors[(lesion * result->n_tasks + task) * result->n_models + first + lane] +=
                share * l->training.model[lane].test_error[task];
}

static bool is_other_arithmetic(const struct lesioner *l)
{
    return reader_arithmetic(l->reader) != build_arithmetic();
}

static enum error_code refuse_arithmetic(const struct lesioner *l, const char *what, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s: %s: its models were trained with arithmetic %" PRId64 ", this picky-analyse has %" PRId64
                     "; use the picky-analyse of the version that made it",
                     l->reader->path, what, reader_arithmetic(l->reader), build_arithmetic());
}

/* Where the file has no weights, the bits of its models come from the same arithmetic only. */
static enum error_code train_again(struct lesioner *l, struct error *error)
{
    if (is_other_arithmetic(l))
        return refuse_arithmetic(
            l, "no weights are stored (store = [\"weights\"]) to be used instead of training again", error);
    training_run(&l->training, NULL);
    return ERROR_NONE;
}

/* The whole networks must be those of the file. */
static enum error_code check_errors(struct lesioner *l, size_t first, size_t n, struct error *error)
{
    size_t n_tasks = l->result->n_tasks;
    struct reader_part part = {{(uint64_t)hyperparameters_history(&l->reader->configs[l->config]) - 1, 0},
                               {1, n_tasks}};
    float stored[TASKS_MAX];
    for (size_t lane = 0; lane < n; lane++) {
        size_t replicate = l->replicates[first + lane];
        if (reader_read(l->reader, FIELD_TEST_ERROR, l->config, replicate, 1, &part, stored, error))
            return error->code;
        for (size_t task = 0; task < n_tasks; task++) {
            double found = (double)l->training.model[lane].test_error[task], expected = (double)stored[task];
            if (fabs(found - expected) <= ERROR_TOLERANCE * (expected + 0.01))
                continue;
            char what[160];
            snprintf(
                what, sizeof what,
                "configuration %zu, replicate %zu: the %s network's test error of task %zu is %g, the file says %g",
                l->config, replicate, l->has_weights ? "stored" : "newly trained", task + 1, found, expected);
            return is_other_arithmetic(l) ? refuse_arithmetic(l, what, error)
                                          : error_set(error, ERROR_INPUT,
                                                      "%s: %s: the file is damaged or another version of picky made it",
                                                      l->reader->path, what);
        }
    }
    return ERROR_NONE;
}

/* Loads models first .. first + n - 1 of the sample into lanes 0 .. n - 1. */
static enum error_code load_pack(struct lesioner *l, size_t first, size_t n, struct error *error)
{
    const struct hyperparameters *h = &l->reader->configs[l->config];
    const struct reader_part none = {{0}, {0}};
    bool has_test_set = (l->reader->layout.store & STORE_TEST_SET) != 0;

    training_clear(&l->training);
    for (size_t lane = 0; lane < n; lane++) {
        size_t replicate = l->replicates[first + lane];
        int64_t seed;
        uint16_t attempts;
        if (reader_read(l->reader, FIELD_SEED, l->config, replicate, 1, &none, &seed, error) ||
            reader_read(l->reader, FIELD_ATTEMPTS, l->config, replicate, 1, &none, &attempts, error))
            return error->code;
        if (seed < 0 || seed > SEED_MAX || attempts < 1 || (int64_t)attempts > h->max_attempts)
            return error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: configuration %zu, replicate %zu",
                             l->reader->path, l->config, replicate);
        if (training_load(&l->training, lane, h, seed, attempts - 1u, error) ||
            (l->has_weights && load_weights(l, lane, replicate, error)) ||
            (has_test_set && load_test_set(l, lane, replicate, seed, error)) ||
            group_units(l, lane, first + lane, error))
            return error->code;
    }
    if (!l->has_weights && train_again(l, error))
        return error->code;
    for (int layer = 1; layer < l->training.network.n_layers; layer++) {
        const struct layer *part = &l->training.network.layer[layer];
        memcpy(l->whole[layer], part->weights, part->n_units * part->n_columns * l->training.lanes * sizeof(float));
    }
    return ERROR_NONE;
}

static enum error_code lesion_pack(struct lesioner *l, size_t first, size_t n, struct error *error)
{
    if (load_pack(l, first, n, error))
        return error->code;
    training_test(&l->training, 0);
    if (check_errors(l, first, n, error))
        return error->code;
    for (size_t lane = 0; lane < n; lane++)
        load_second_set(l, lane, reader_first_seed(l->reader) + (int64_t)l->replicates[first + lane]);
    training_test(&l->training, 0);
    add_errors(l, LESION_NONE, first, n, 1);
    for (enum lesion lesion = LESION_SELECTIVE_A; lesion < N_LESIONS; lesion++) {
        uint32_t n_draws = lesion == LESION_RANDOM_A || lesion == LESION_RANDOM_B ? LESION_DRAWS : 1;
        for (uint32_t draw = 0; draw < n_draws; draw++) {
            for (size_t lane = 0; lane < n; lane++) {
                choose_units(l, lane, lesion, draw);
                add_silenced(l, lane, lesion, first + lane, 1.0f / (float)n_draws);
            }
            test_lesioned(l, n);
            add_errors(l, lesion, first, n, 1.0f / (float)n_draws);
        }
    }
    return ERROR_NONE;
}

static enum error_code allocate(struct lesioner *l, size_t n_models_max, struct error *error)
{
    const struct hyperparameters *h = &l->reader->configs[l->config];
    struct lesion_result *result = l->result;
    struct shape shape = shape_of(h);
    const struct kernels *widest;

    if (kernels_choose(&widest, error))
        return error->code;
    const struct packing packing = packing_choose_of(LAYOUT_MODELS, widest, h, n_models_max, UINT64_MAX);
    if (training_create(&l->training, &shape, packing.kernels, NULL, error) ||
        units_create(&l->units, l->reader, l->config, error))
        return error->code;
    size_t n_inputs = (size_t)h->n_inputs, n_test = (size_t)h->N_test * result->n_tasks * n_inputs;
    size_t n_hidden = l->n_units * l->n_units * l->n_layers;
    size_t n_small = l->n_units * (n_inputs + result->n_tasks + l->n_layers), n_all = l->training.lanes * l->n_layers;
    l->replicates = malloc(n_models_max * sizeof *l->replicates);
    l->ri = malloc(l->n_units * sizeof *l->ri);
    l->group = malloc(n_all * l->n_units * sizeof *l->group);
    l->importance = malloc(n_all * l->n_units * sizeof *l->importance);
    l->is_silent = malloc(n_all * l->n_units * sizeof *l->is_silent);
    l->order = malloc(l->n_units * sizeof *l->order);
    l->words = malloc((l->n_units + 4) * sizeof *l->words);
    l->weights = malloc((n_hidden + n_test + n_small) * sizeof *l->weights);
    result->errors = calloc(N_LESIONS * result->n_tasks * n_models_max, sizeof *result->errors);
    result->n_silenced = calloc(N_LESIONS * n_models_max, sizeof *result->n_silenced);
    result->importance = calloc(N_LESIONS * n_models_max, sizeof *result->importance);
    if (!l->replicates || !l->ri || !l->group || !l->importance || !l->is_silent || !l->order || !l->words ||
        !l->weights || !result->errors || !result->n_silenced || !result->importance)
        return no_memory(l->reader, error);
    for (int layer = 1; layer < l->training.network.n_layers; layer++) {
        const struct layer *part = &l->training.network.layer[layer];
        l->whole[layer] = malloc(part->n_units * part->n_columns * l->training.lanes * sizeof(float));
        if (!l->whole[layer])
            return no_memory(l->reader, error);
    }
    return ERROR_NONE;
}

static void release(struct lesioner *l)
{
    for (int layer = 1; layer < NETWORK_LAYERS_MAX; layer++)
        free(l->whole[layer]);
    free(l->weights);
    free(l->words);
    free(l->order);
    free(l->is_silent);
    free(l->importance);
    free(l->group);
    free(l->ri);
    free(l->replicates);
    units_destroy(&l->units);
    training_destroy(&l->training);
}

enum error_code lesion_measure(struct reader *reader, size_t config, const struct ri_options *options, uint64_t layers,
                               size_t n_models_max, struct lesion_result *result, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    size_t n_measured;
    struct lesioner l = {.reader = reader, .options = options, .result = result, .config = config};

    memset(result, 0, sizeof *result);
    result->n_tasks = (size_t)hyperparameters_n_tasks(h);
    l.n_layers = (size_t)h->hidden_layers;
    l.n_units = (size_t)h->hidden_size;
    l.layers = layers;
    l.has_weights = (reader->layout.store & STORE_WEIGHTS) != 0;
    bool *has = malloc(reader->n_replicates * sizeof *has);
    if (!has)
        return no_memory(reader, error);
    if (models_with_measure(reader, config, options->measure, has, &n_measured, error))
        goto done;
    result->n_models = n_measured < n_models_max ? n_measured : n_models_max;
    error->code = ERROR_NONE;
    if (result->n_models == 0 || allocate(&l, result->n_models, error))
        goto done;
    units_sample(has, reader->n_replicates, n_measured, result->n_models, l.replicates);
    for (size_t first = 0; first < result->n_models && !error->code; first += l.training.lanes) {
        size_t left = result->n_models - first;
        lesion_pack(&l, first, left < l.training.lanes ? left : l.training.lanes, error);
    }
done:
    free(has);
    release(&l);
    if (error->code)
        lesion_free(result);
    return error->code;
}

void lesion_difference(const struct lesion_result *result, enum lesion control, size_t task, float *difference)
{
    size_t n = result->n_models;
    enum lesion selective = control < LESION_SELECTIVE_B ? LESION_SELECTIVE_A : LESION_SELECTIVE_B;
    const float *errors = result->errors + (selective * result->n_tasks + task) * n;
    const float *control_errors = result->errors + (control * result->n_tasks + task) * n;
    for (size_t m = 0; m < n; m++) {
        float n_selective = result->n_silenced[selective * n + m], n_control = result->n_silenced[control * n + m];
        bool is_pair = n_selective > 0 && n_control == n_selective;
        difference[m] = is_pair ? errors[m] - control_errors[m] : quiet_nan();
    }
}

/* ---- The same networks measured on the second test set ---- */

/* Copies a lane's measures, as many as the file has: values [measure, task, layer, unit]. */
static void copy_measures(const struct lesioner *l, const struct importance *importance, size_t lane, float *values)
{
    size_t n = l->result->n_tasks * l->n_layers * l->n_units;
    for (int m = 0; m < reader_n_measures(l->reader); m++)
        for (size_t i = 0; i < n; i++)
            *values++ = importance->measure[m][i * l->training.lanes + lane];
}

/* The first models that are accepted and measured. */
static void first_models(const bool *has, size_t n_replicates, size_t n_wanted, size_t *replicates)
{
    for (size_t r = 0, n = 0; r < n_replicates && n < n_wanted; r++)
        if (has[r])
            replicates[n++] = r;
}

static enum error_code again_pack(struct lesioner *l, struct importance *importance, size_t first, size_t n,
                                  float *values, again_function function, void *context, struct error *error)
{
    if (load_pack(l, first, n, error))
        return error->code;
    training_test(&l->training, 0);
    if (check_errors(l, first, n, error))
        return error->code;
    for (size_t lane = 0; lane < n; lane++)
        load_second_set(l, lane, reader_first_seed(l->reader) + (int64_t)l->replicates[first + lane]);
    importance_compute(importance, &l->training, NULL);
    for (size_t lane = 0; lane < n; lane++) {
        if (units_load(&l->units, l->reader, l->config, l->replicates[first + lane], error))
            return error->code;
        copy_measures(l, importance, lane, values);
        function(context, l->replicates[first + lane], l->units.importance, values);
    }
    return ERROR_NONE;
}

enum error_code lesion_measure_again(struct reader *reader, size_t config, size_t n_models_max, again_function function,
                                     void *context, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    const struct ri_options options = {
        .measure = MEASURE_ABLATION_MEAN, .unimportant_below = UNIMPORTANT_BELOW, .task_b = 1};
    struct lesion_result result = {.n_tasks = (size_t)hyperparameters_n_tasks(h)};
    struct importance importance = {0};
    size_t n_measured;
    struct lesioner l = {.reader = reader, .options = &options, .result = &result, .config = config};
    float *values = NULL;

    l.n_layers = (size_t)h->hidden_layers;
    l.n_units = (size_t)h->hidden_size;
    l.has_weights = (reader->layout.store & STORE_WEIGHTS) != 0;
    bool *has = malloc(reader->n_replicates * sizeof *has);
    if (!has)
        return no_memory(reader, error);
    if (models_with_measure(reader, config, options.measure, has, &n_measured, error))
        goto done;
    result.n_models = n_measured < n_models_max ? n_measured : n_models_max;
    error->code = ERROR_NONE;
    if (result.n_models == 0 || allocate(&l, result.n_models, error) ||
        importance_create(&importance, &l.training, error))
        goto done;
    check(l.units.n_measures > 0); /* since allocate */
    values = malloc(l.units.n_measures * result.n_tasks * l.n_layers * l.n_units * sizeof *values);
    if (!values) {
        no_memory(reader, error);
        goto done;
    }
    first_models(has, reader->n_replicates, result.n_models, l.replicates);
    for (size_t first = 0; first < result.n_models && !error->code; first += l.training.lanes) {
        size_t left = result.n_models - first;
        again_pack(&l, &importance, first, left < l.training.lanes ? left : l.training.lanes, values, function, context,
                   error);
    }
done:
    free(values);
    free(has);
    importance_destroy(&importance);
    release(&l);
    lesion_free(&result);
    return error->code;
}

void lesion_free(struct lesion_result *result)
{
    free(result->errors);
    free(result->n_silenced);
    free(result->importance);
    memset(result, 0, sizeof *result);
}
