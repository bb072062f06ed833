#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ADAM_BETA1   0.9
#define ADAM_BETA2   0.999
#define ADAM_EPSILON 1e-8

/* Of slices of work. */
enum {
    SLICE_ROWS = 10, /* their rows are a multiple: whole blocks of the kernels (kernels_isa.c) */
    STEP_WORK = 20   /* of one weight, beside its gradient: a square root, a division, memory */
};

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* Arrays are cut from one block. The first pass adds up sizes with base NULL, the second hands out pointers. */
struct arena {
    char *base;
    size_t used;
};

static float *arena_take(struct arena *arena, size_t n_vectors, size_t lanes)
{
    size_t bytes = n_vectors * lanes * sizeof(float);
    char *at = arena->base ? arena->base + arena->used : NULL;
    arena->used += (bytes + KERNELS_ALIGNMENT - 1) / KERNELS_ALIGNMENT * KERNELS_ALIGNMENT;
    return (float *)(void *)at;
}

static enum error_code arena_allocate(struct arena *arena, const atomic_bool *interrupt, struct error *error)
{
    size_t bytes = arena->used;
    arena->used = 0;
    arena->base = aligned_alloc(KERNELS_ALIGNMENT, bytes);
    if (!arena->base)
        return error_set(error, ERROR_FATAL, "out of memory: a pack of models needs %.3g GB", (double)bytes / 1e9);
    interrupt_clear(interrupt, arena->base, bytes);
    return ERROR_NONE;
}

/* Vectors of a layer's weights, or one of its moments. */
static size_t n_vectors_of(const struct network *network, const struct layer *layer)
{
    return kernels_panels_size(network->lanes, layer->n_units, layer->n_columns);
}

static void network_slice(struct network *network, struct arena *arena)
{
    bool has_moments = network->shape.optimizer == OPTIMIZER_ADAM;
    for (int l = 1; l <= network->n_layers; l++) {
        struct layer *layer = &network->layer[l];
        size_t n_weights = n_vectors_of(network, layer);
        layer->weights = arena_take(arena, n_weights, network->lanes);
        layer->moment1 = has_moments ? arena_take(arena, n_weights, network->lanes) : NULL;
        layer->moment2 = has_moments ? arena_take(arena, n_weights, network->lanes) : NULL;
    }
    network->rate_base = arena_take(arena, 1, network->lanes);
    network->rate = arena_take(arena, 1, network->lanes);
    network->epsilon = arena_take(arena, 1, network->lanes);
}

/* A network's sizes; nothing is allocated. */
static void network_measure(struct network *network, const struct shape *shape, size_t lanes)
{
    memset(network, 0, sizeof *network);
    network->shape = *shape;
    network->lanes = lanes;
    network->n_layers = (int)shape->hidden_layers + 1;
    for (int l = 1; l <= network->n_layers; l++) {
        struct layer *layer = &network->layer[l];
        layer->n_inputs = (size_t)(l == 1 ? shape->n_inputs : shape->hidden_size);
        layer->n_context = l == shape->context_layer ? (size_t)shape->n_tasks : 0;
        layer->n_columns = layer->n_inputs + layer->n_context + 1;
        layer->n_units = l == network->n_layers ? 1 : (size_t)shape->hidden_size;
        size_t n_weights = layer->n_units * layer->n_columns;
        network->largest_layer = n_weights > network->largest_layer ? n_weights : network->largest_layer;
    }
}

static void clear_steps(struct network *network)
{
    for (size_t lane = 0; lane < network->lanes; lane++)
        network->beta1_power[lane] = network->beta2_power[lane] = 1;
}

uint64_t network_bytes(const struct shape *shape, size_t lanes)
{
    struct network network;
    struct arena arena = {NULL, 0};
    network_measure(&network, shape, lanes);
    network_slice(&network, &arena);
    return arena.used;
}

enum error_code network_create(struct network *network, const struct shape *shape, const struct kernels *kernels,
                               const atomic_bool *interrupt, struct error *error)
{
    network_measure(network, shape, kernels->lanes);
    network->kernels = kernels;
    network->interrupt = interrupt;
    clear_steps(network);
    struct arena arena = {NULL, 0};
    network_slice(network, &arena);
    if (arena_allocate(&arena, interrupt, error))
        return error->code;
    network->memory = arena.base;
    network_slice(network, &arena);
    return ERROR_NONE;
}

void network_destroy(struct network *network)
{
    free(network->memory);
    memset(network, 0, sizeof *network);
}

void network_clear(struct network *network)
{
    for (int l = 1; l <= network->n_layers; l++) {
        struct layer *layer = &network->layer[l];
        size_t bytes = n_vectors_of(network, layer) * network->lanes * sizeof(float);
        interrupt_clear(network->interrupt, layer->weights, bytes);
        if (layer->moment1) {
            interrupt_clear(network->interrupt, layer->moment1, bytes);
            interrupt_clear(network->interrupt, layer->moment2, bytes);
        }
    }
    memset(network->rate_base, 0, network->lanes * sizeof(float));
    clear_steps(network);
}

static void activations_slice(struct activations *a, const struct network *network, bool with_sums, struct arena *arena)
{
    for (int l = 1; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        a->in_stride[l] = kernels_stride(network->lanes, layer->n_columns);
        /* Odd, so that the rows of a column do not all fall into one set of the cache. */
        a->delta_stride[l] = kernels_stride(network->lanes, network->lanes > 1 ? layer->n_units | 1 : layer->n_units);
        a->in[l] = arena_take(arena, a->n_rows_max * a->in_stride[l], network->lanes);
        a->delta[l] = arena_take(arena, a->n_rows_max * a->delta_stride[l], network->lanes);
        a->sum[l] = with_sums ? arena_take(arena, a->n_rows_max * layer->n_units, network->lanes) : NULL;
    }
    a->out = arena_take(arena, a->n_rows_max, network->lanes);
}

uint64_t activations_bytes(const struct shape *shape, size_t lanes, size_t n_rows_max, bool with_sums)
{
    struct network network;
    struct activations activations = {.n_rows_max = n_rows_max};
    struct arena arena = {NULL, 0};
    network_measure(&network, shape, lanes);
    activations_slice(&activations, &network, with_sums, &arena);
    return arena.used;
}

enum error_code activations_create(struct activations *activations, const struct network *network, size_t n_rows_max,
                                   bool with_sums, struct error *error)
{
    memset(activations, 0, sizeof *activations);
    activations->n_rows_max = n_rows_max;
    struct arena arena = {NULL, 0};
    activations_slice(activations, network, with_sums, &arena);
    if (arena_allocate(&arena, network->interrupt, error))
        return error->code;
    activations->memory = arena.base;
    activations_slice(activations, network, with_sums, &arena);

    for (int l = 1; l <= network->n_layers && !interrupt_look(network->interrupt); l++)
        for (size_t row = 0; row < n_rows_max; row++) {
            size_t bias = row * activations->in_stride[l] + network->layer[l].n_columns - 1;
            for (size_t lane = 0; lane < network->lanes; lane++)
                activations->in[l][bias * network->lanes + lane] = 1;
        }
    return ERROR_NONE;
}

void activations_destroy(struct activations *activations)
{
    free(activations->memory);
    memset(activations, 0, sizeof *activations);
}

float *activations_context(const struct activations *activations, const struct network *network, size_t row, int task)
{
    int l = (int)network->shape.context_layer;
    size_t column = network->layer[l].n_inputs + (size_t)task;
    return activations->in[l] + (row * activations->in_stride[l] + column) * network->lanes;
}

/* ---- weights ------------------------------------------------------------------------------------------------ */

static size_t weight_at(const struct network *network, const struct layer *layer, size_t lane, size_t unit,
                        size_t column)
{
    return kernels_weight(network->kernels, layer->n_units, layer->n_columns, unit, column) * network->lanes + lane;
}

static void clear_lane(const struct network *network, const struct layer *layer, float *vectors, size_t lane)
{
    for (size_t i = 0, n = n_vectors_of(network, layer); i < n; i++) {
        if (i % INTERRUPT_LEAST == INTERRUPT_LEAST - 1 && interrupt_look(network->interrupt))
            return;
        vectors[i * network->lanes + lane] = 0;
    }
}

void network_freeze(struct network *network, size_t lane)
{
    network->rate_base[lane] = 0;
}

void network_copy_lane(struct network *to, size_t to_lane, const struct network *from, size_t from_lane)
{
    for (int l = 1; l <= from->n_layers; l++)
        for (size_t i = 0, n = n_vectors_of(from, &from->layer[l]); i < n; i++) {
            if (i % INTERRUPT_LEAST == INTERRUPT_LEAST - 1 && interrupt_look(from->interrupt))
                return;
            to->layer[l].weights[i * to->lanes + to_lane] = from->layer[l].weights[i * from->lanes + from_lane];
        }
}

void network_initialise(struct network *network, size_t lane, struct rng_key key, double learning_rate)
{
    network->rate_base[lane] = (float)learning_rate;
    network->beta1_power[lane] = network->beta2_power[lane] = 1;
    for (int l = 1; l <= network->n_layers; l++) {
        struct layer *layer = &network->layer[l];
        if (layer->moment1) {
            clear_lane(network, layer, layer->moment1, lane);
            clear_lane(network, layer, layer->moment2, lane);
        }
        size_t fan_in = layer->n_inputs + layer->n_context;
        float bound = 1 / sqrtf((float)fan_in);
        for (size_t unit = 0; unit < layer->n_units; unit++) {
            if (interrupt_after(network->interrupt, fan_in * 64))
                return;
            float uniform[64];
            for (size_t first = 0; first < fan_in; first += 64) {
                size_t n = fan_in - first < 64 ? fan_in - first : 64;
                rng_uniforms(key, RNG_INITIAL_WEIGHTS, (uint32_t)unit, (uint32_t)l, first, n, uniform);
                for (size_t i = 0; i < n; i++) {
                    size_t column = first + i;
                    float weight = (2 * uniform[i] - 1) * bound;
                    layer->weights[weight_at(network, layer, lane, unit, column)] = weight;
                }
            }
            layer->weights[weight_at(network, layer, lane, unit, fan_in)] = 0;
        }
    }
}

float network_weight(const struct network *network, size_t lane, int layer, size_t unit, size_t column)
{
    return network->layer[layer].weights[weight_at(network, &network->layer[layer], lane, unit, column)];
}

void network_set_weight(struct network *network, size_t lane, int layer, size_t unit, size_t column, float value)
{
    network->layer[layer].weights[weight_at(network, &network->layer[layer], lane, unit, column)] = value;
}

bool network_is_finite(const struct network *network, size_t lane)
{
    float zero = 0; /* becomes NaN with the first weight that is not finite */
    for (int l = 1; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        const size_t n = layer->n_units * layer->n_columns;
        for (size_t i = 0; i < n; i++) {
            if (i % INTERRUPT_LEAST == 0 && interrupt_look(network->interrupt))
                return false;
            zero += layer->weights[weight_at(network, layer, lane, i / layer->n_columns, i % layer->n_columns)] * 0;
        }
    }
    return zero == 0;
}

/* ---- kernels in slices -------------------------------------------------------------------------------------- */

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* Vectors that n weights of a unit, or of an input, take: with units in the lanes they share them. */
static size_t vectors_of(const struct network *network, size_t n)
{
    return network->lanes > 1 ? n : n / network->kernels->panel_units + 1;
}

/* True if no layer is worth a look at the interruption, with so much work for each weight. */
static bool layers_are_short(const struct network *network, size_t weight_work)
{
    return vectors_of(network, network->largest_layer) * weight_work < INTERRUPT_LEAST;
}

/* The three that follow run a kernel on slices of at most INTERRUPT_SLICE (the bits do not depend on them), of whole
 * panels. True if interrupted. Small models never come here: what they would pay for it could be measured. */
#define APART __attribute__((noinline, cold))

APART static bool product_slices(const struct network *network, const struct product *p)
{
    size_t unit_work = vectors_of(network, p->n_inputs + 1);
    size_t rows = interrupt_slice(p->n_rows, p->n_units * unit_work, SLICE_ROWS);
    size_t units = interrupt_slice(p->n_units, rows * unit_work, network->kernels->panel_units);
    for (size_t row = 0; row < p->n_rows; row += rows)
        for (size_t unit = 0, n; unit < p->n_units; unit += n) {
            struct product slice = *p;
            n = at_most(units, p->n_units - unit);
            n += unit + n + 1 == p->n_units; /* one left over would be taken for a layer of one (kernels.h) */
            slice.n_rows = at_most(rows, p->n_rows - row);
            slice.n_units = n;
            slice.weights += unit * (p->n_inputs + p->has_bias) * network->lanes;
            slice.in += row * p->in_stride * network->lanes;
            slice.out += (row * p->out_stride + unit) * network->lanes;
            network->kernels->product(&slice);
            if (interrupt_look(network->interrupt))
                return true;
        }
    return false;
}

APART static bool back_product_slices(const struct network *network, const struct back_product *p)
{
    size_t rows = interrupt_slice(p->n_rows, p->n_units * vectors_of(network, p->n_inputs), SLICE_ROWS);
    size_t inputs = interrupt_slice(p->n_inputs, rows * vectors_of(network, p->n_units), network->kernels->panel_units);
    for (size_t row = 0; row < p->n_rows; row += rows)
        for (size_t input = 0; input < p->n_inputs; input += inputs) {
            struct back_product slice = *p;
            slice.n_rows = at_most(rows, p->n_rows - row);
            slice.first_input = input;
            slice.n_inputs = at_most(input + inputs, p->n_inputs);
            slice.delta += row * p->delta_stride * network->lanes;
            slice.gate += row * p->gate_stride * network->lanes;
            slice.out += row * p->out_stride * network->lanes;
            network->kernels->back_product(&slice);
            if (interrupt_look(network->interrupt))
                return true;
        }
    return false;
}

/* With units in the lanes back and update go through a tile of weights together. */
APART static bool update_tiles(const struct network *network, void (*kernel)(const struct update *),
                               const struct update *p)
{
    size_t step = network->kernels->panel_units, work = 2 * p->n_rows + STEP_WORK;
    size_t columns = interrupt_slice(p->n_columns, vectors_of(network, p->n_units) * work, step);
    size_t units = interrupt_slice(p->n_units, vectors_of(network, columns) * work, step);
    for (size_t column = 0; column < p->n_columns; column += columns)
        for (size_t unit = 0; unit < p->n_units; unit += units) {
            struct update slice = *p;
            struct back_product back;
            slice.first_unit = unit;
            slice.end_unit = at_most(unit + units, p->n_units);
            slice.first_column = column;
            slice.end_column = at_most(column + columns, p->n_columns);
            if (p->back) {
                back = *p->back;
                back.first_input = column;
                back.n_inputs = at_most(column + columns, p->back->n_inputs);
                slice.back = column < p->back->n_inputs ? &back : NULL;
            }
            kernel(&slice);
            if (interrupt_look(network->interrupt))
                return true;
        }
    return false;
}

APART static bool update_slices(const struct network *network, void (*kernel)(const struct update *),
                                const struct update *p)
{
    if (network->lanes == 1)
        return update_tiles(network, kernel, p);
    if (p->back && back_product_slices(network, p->back))
        return true;
    size_t weight_work = p->n_rows + STEP_WORK;
    size_t units = interrupt_slice(p->n_units, p->n_columns * weight_work, network->kernels->panel_units);
    size_t columns = interrupt_slice(p->n_columns, units * weight_work, 2);
    for (size_t unit = 0; unit < p->n_units; unit += units)
        for (size_t column = 0; column < p->n_columns; column += columns) {
            struct update slice = *p;
            size_t at = unit * p->n_columns * network->lanes;
            slice.back = NULL;
            slice.n_units = at_most(units, p->n_units - unit);
            slice.first_column = column;
            slice.end_column = at_most(column + columns, p->n_columns);
            slice.delta += unit * network->lanes;
            slice.weights += at;
            if (p->moment1) {
                slice.moment1 += at;
                slice.moment2 += at;
            }
            kernel(&slice);
            if (interrupt_look(network->interrupt))
                return true;
        }
    return false;
}

/* ---- passes ------------------------------------------------------------------------------------------------- */

static void rectify(const float *sum, size_t n_rows, size_t n, float *out, size_t out_stride)
{
    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 0; i < n; i++) {
            float x = sum[row * n + i];
            out[row * out_stride + i] = x <= 0 ? 0 : x;
        }
}

void network_forward_from(const struct network *network, struct activations *a, int first, size_t n_rows)
{
    bool is_short = layers_are_short(network, n_rows);
    for (int l = first; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        bool is_output = l == network->n_layers;
        bool is_linear = is_output && network->shape.output_activation == OUTPUT_LINEAR;
        float *out = is_output ? a->out : a->in[l + 1];
        size_t out_stride = is_output ? 1 : a->in_stride[l + 1];
        struct product product = {
            .n_rows = n_rows,
            .n_units = layer->n_units,
            .n_inputs = layer->n_inputs + layer->n_context,
            .has_bias = true,
            .weights = layer->weights,
            .in = a->in[l],
            .in_stride = a->in_stride[l],
            .out = out,
            .out_stride = out_stride,
            .epilogue = is_linear ? EPILOGUE_NONE : EPILOGUE_RELU,
        };
        if (a->sum[l]) {
            product.out = a->sum[l];
            product.out_stride = layer->n_units;
            product.epilogue = EPILOGUE_NONE;
        }
        if (is_short)
            network->kernels->product(&product);
        else if (product_slices(network, &product))
            return;
        if (a->sum[l] && is_linear)
            memcpy(out, a->sum[l], n_rows * network->lanes * sizeof(float));
        else if (a->sum[l])
            rectify(a->sum[l], n_rows, layer->n_units * network->lanes, out, out_stride * network->lanes);
    }
}

void network_forward(const struct network *network, struct activations *activations, size_t n_rows)
{
    network_forward_from(network, activations, 1, n_rows);
}

/* delta[l-1] from delta[l], through the weights and the ReLU of layer l-1. */
static struct back_product back_of(const struct network *network, const struct activations *a, int l, size_t n_rows)
{
    const struct layer *layer = &network->layer[l];
    return (struct back_product){
        .n_rows = n_rows,
        .n_units = layer->n_units,
        .n_inputs = layer->n_inputs,
        .n_columns = layer->n_columns,
        .weights = layer->weights,
        .delta = a->delta[l],
        .delta_stride = a->delta_stride[l],
        .gate = a->in[l],
        .gate_stride = a->in_stride[l],
        .out = a->delta[l - 1],
        .out_stride = a->delta_stride[l - 1],
    };
}

void network_backward(const struct network *network, struct activations *activations, size_t n_rows)
{
    bool is_short = layers_are_short(network, n_rows);
    for (int l = network->n_layers; l > 1; l--) {
        const struct back_product back = back_of(network, activations, l, n_rows);
        if (is_short)
            network->kernels->back_product(&back);
        else if (back_product_slices(network, &back))
            return;
    }
}

/* Adam with M = m/(1-beta1), V = v/(1-beta2) and s = sqrt((1-beta2)/(1-beta2^t)):
 *   w -= lr m^/(sqrt(v^) + eps) = lr (1-beta1)/((1-beta1^t) s) * M / (sqrt(V) + eps/s).
 * Lanes that have taken equally many steps, as most have, share the divisions. */
static void begin_adam_step(struct network *network)
{
    double rate = 0, epsilon = 0, last_power = -1;
    for (size_t lane = 0; lane < network->lanes; lane++) {
        network->beta1_power[lane] *= ADAM_BETA1;
        network->beta2_power[lane] *= ADAM_BETA2;
        if (network->beta2_power[lane] != last_power) {
            last_power = network->beta2_power[lane];
            double s = sqrt((1 - ADAM_BETA2) / (1 - last_power));
            rate = (1 - ADAM_BETA1) / ((1 - network->beta1_power[lane]) * s);
            epsilon = ADAM_EPSILON / s;
        }
        network->rate[lane] = network->rate_base[lane] * (float)rate;
        network->epsilon[lane] = (float)epsilon;
    }
}

void network_step(struct network *network, struct activations *a, size_t n_rows)
{
    bool is_adam = network->shape.optimizer == OPTIMIZER_ADAM, is_short = layers_are_short(network, n_rows + STEP_WORK);
    void (*kernel)(const struct update *) = is_adam ? network->kernels->update_adam : network->kernels->update_sgd;
    if (is_adam)
        begin_adam_step(network);
    else
        memcpy(network->rate, network->rate_base, network->lanes * sizeof(float));

    for (int l = network->n_layers; l >= 1; l--) {
        struct layer *layer = &network->layer[l];
        const struct back_product back = l > 1 ? back_of(network, a, l, n_rows) : (struct back_product){0};
        const struct update update = {
            .n_rows = n_rows,
            .n_units = layer->n_units,
            .end_column = layer->n_columns,
            .end_unit = layer->n_units,
            .n_columns = layer->n_columns,
            .delta = a->delta[l],
            .delta_stride = a->delta_stride[l],
            .in = a->in[l],
            .in_stride = a->in_stride[l],
            .weights = layer->weights,
            .moment1 = layer->moment1,
            .moment2 = layer->moment2,
            .rate = network->rate,
            .epsilon = network->epsilon,
            .beta1 = (float)ADAM_BETA1,
            .beta2 = (float)ADAM_BETA2,
            .back = l > 1 ? &back : NULL,
        };
        if (is_short)
            kernel(&update);
        else if (update_slices(network, kernel, &update))
            return;
    }
}
