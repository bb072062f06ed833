#include "importance.h"

#include <stdlib.h>
#include <string.h>

/* Sums over a task's samples for one unit, one for each lane, in double, sample after sample. */
struct unit_sums {
    double h[KERNELS_LANES_MAX], h2[KERNELS_LANES_MAX];           /* activation */
    double taylor[KERNELS_LANES_MAX], taylor2[KERNELS_LANES_MAX]; /* h de/dh */
    double contribution2[KERNELS_LANES_MAX];                      /* h dy/dh */
    double change[KERNELS_LANES_MAX], change2[KERNELS_LANES_MAX]; /* d */
};

/* Lanes stay together if fewer multiply-adds a unit than this follow (ablate_layer). Measured: at 16 units apart is
 * slower, from 50 on faster. */
enum { SHARED_BELOW = 48 };

enum { UNITS_A_LOOK = 1024 }; /* whose sums become measures between two looks at the interruption */

/* A unit that is active on a row of a block. */
struct active_unit {
    uint32_t unit, row;
};

/* Bytes of an importance's own arrays; `measures` has scratch at its end. */
struct importance_sizes {
    size_t measures, sums, active, slots;
};

/* Floats of one measure. */
static size_t measure_size(const struct shape *shape, size_t lanes)
{
    return (size_t)(shape->n_tasks * shape->hidden_layers * shape->hidden_size) * lanes;
}

static struct importance_sizes sizes_of(const struct shape *shape, size_t lanes)
{
    return (struct importance_sizes){
        .measures = ((N_MEASURES + 2) * measure_size(shape, lanes) + TRAIN_BLOCK_ROWS * lanes) * sizeof(float),
        .sums = (size_t)(shape->hidden_layers * shape->hidden_size) * sizeof(struct unit_sums),
        .active = (size_t)shape->hidden_size * TRAIN_BLOCK_ROWS * lanes * sizeof(struct active_unit),
        .slots = 2 * TRAIN_BLOCK_ROWS * lanes * sizeof(uint32_t),
    };
}

uint64_t importance_bytes(const struct shape *shape, size_t lanes)
{
    struct importance_sizes sizes = sizes_of(shape, lanes);
    return activations_bytes(shape, lanes, TRAIN_BLOCK_ROWS, true) +
           activations_bytes(shape, lanes, TRAIN_BLOCK_ROWS, false) + sizes.measures + sizes.sums + sizes.active +
           sizes.slots;
}

enum error_code importance_create(struct importance *importance, const struct training *training, struct error *error)
{
    memset(importance, 0, sizeof *importance);
    const struct shape *shape = &training->network.shape;
    size_t lanes = training->lanes, n = measure_size(shape, lanes);
    const struct importance_sizes sizes = sizes_of(shape, lanes);

    if (activations_create(&importance->baseline, &training->network, TRAIN_BLOCK_ROWS, true, error) ||
        activations_create(&importance->ablated, &training->network, TRAIN_BLOCK_ROWS, false, error)) {
        importance_destroy(importance);
        return error->code;
    }
    float *memory = calloc(1, sizes.measures);
    importance->sums = calloc(1, sizes.sums);
    importance->memory = memory;
    importance->active = malloc(sizes.active);
    importance->slot_row = calloc(1, sizes.slots);
    importance->slot_unit = importance->slot_row ? importance->slot_row + TRAIN_BLOCK_ROWS * lanes : NULL;
    if (!memory || !importance->sums || !importance->active || !importance->slot_row) {
        importance_destroy(importance);
        return error_set(error, ERROR_FATAL, "out of memory for the importance of a pack's units");
    }
    for (int measure = 0; measure < N_MEASURES; measure++)
        importance->measure[measure] = memory + (size_t)measure * n;
    importance->loss_change = memory + N_MEASURES * n;
    importance->mean_activation = memory + (N_MEASURES + 1) * n;
    importance->error = memory + (N_MEASURES + 2) * n;
    return ERROR_NONE;
}

void importance_destroy(struct importance *importance)
{
    activations_destroy(&importance->baseline);
    activations_destroy(&importance->ablated);
    free(importance->sums);
    free(importance->active);
    free(importance->slot_row);
    free(importance->memory);
    memset(importance, 0, sizeof *importance);
}

/* What follows from the activations and one backward pass, for one unit and a block of rows. */
static void add_gradient(struct unit_sums *sums, const struct importance *importance, size_t lanes, int l, size_t unit,
                         size_t n_rows)
{
    const struct activations *a = &importance->baseline;
    for (size_t row = 0; row < n_rows; row++) {
        const float *h = a->in[l + 1] + (row * a->in_stride[l + 1] + unit) * lanes;
        const float *slope = a->delta[l] + (row * a->delta_stride[l] + unit) * lanes; /* dy/dh; 0 where h = 0 */
        const float *error = importance->error + row * lanes;                         /* y - target */
        for (size_t lane = 0; lane < lanes; lane++) {
            double contribution = (double)h[lane] * (double)slope[lane];
            double taylor = 2 * (double)error[lane] * contribution;
            sums->h[lane] += (double)h[lane];
            sums->h2[lane] += (double)h[lane] * (double)h[lane];
            sums->taylor[lane] += taylor;
            sums->taylor2[lane] += taylor * taylor;
            sums->contribution2[lane] += contribution * contribution;
        }
    }
}

/* Adds d = (y' - t)^2 - (y - t)^2 of one sample and lane, y' being the output without the unit; written so that two
 * nearly equal squares do not cancel. */
static void add_change(struct unit_sums *sums, size_t lane, float ablated, float y, float error)
{
    double step = (double)ablated - (double)y;
    double change = step * (step + 2 * (double)error);
    sums->change[lane] += change;
    sums->change2[lane] += change * change;
}

/* Silences the units of the last hidden layer: only the output is left to do. */
static void ablate_last_layer(struct importance *importance, const struct network *network, struct unit_sums *sums,
                              size_t n_rows)
{
    const struct activations *a = &importance->baseline;
    const struct layer *output = &network->layer[network->n_layers];
    bool is_relu = network->shape.output_activation == OUTPUT_RELU;
    size_t lanes = network->lanes, H = output->n_inputs, stride = a->in_stride[network->n_layers];
    for (size_t unit = 0; unit < H; unit++) {
        const float *h = a->in[network->n_layers] + unit * lanes;
        const float *w = output->weights + unit * lanes; /* of a lone unit */
        for (size_t row = 0; row < n_rows; row++)
            for (size_t lane = 0; lane < lanes; lane++) {
                float part = h[row * stride * lanes + lane] * w[lane];
                float rest = a->sum[network->n_layers][row * lanes + lane] - part;
                add_change(&sums[unit], lane, is_relu && rest <= 0 ? 0 : rest, a->out[row * lanes + lane],
                           importance->error[row * lanes + lane]);
            }
    }
}

/* Lists, for each lane, where the units of layer l are active: in this lane, or, if is_shared, in any; n_active
 * [lanes]. */
static void list_active(struct importance *importance, const struct network *network, int l, size_t n_rows,
                        bool is_shared, size_t *n_active)
{
    const struct activations *a = &importance->baseline;
    size_t lanes = network->lanes, H = network->layer[l].n_units, capacity = H * TRAIN_BLOCK_ROWS;
    memset(n_active, 0, lanes * sizeof *n_active);
    for (size_t unit = 0; unit < H; unit++)
        for (size_t row = 0; row < n_rows; row++) {
            const float *h = a->in[l + 1] + (row * a->in_stride[l + 1] + unit) * lanes;
            bool any = false;
            for (size_t lane = 0; lane < lanes; lane++)
                any |= h[lane] != 0;
            for (size_t lane = 0; lane < lanes; lane++)
                if (is_shared ? any : h[lane] != 0)
                    importance->active[lane * capacity + n_active[lane]++] =
                        (struct active_unit){(uint32_t)unit, (uint32_t)row};
        }
}

/* Silences the units of a hidden layer that is not the last: a unit's part is taken from the sums of layer l+1, and the
 * layers after it run as ever. If much work follows, each lane goes through its own list of active units, so that a
 * pack spends nothing on what changes nothing; else the lanes stay together, which makes silencing itself cheap. */
static void ablate_layer(struct importance *importance, const struct network *network, int l, struct unit_sums *sums,
                         size_t n_rows)
{
    const struct activations *a = &importance->baseline;
    struct activations *ablated = &importance->ablated;
    const struct layer *next = &network->layer[l + 1];
    size_t lanes = network->lanes, capacity = network->layer[l].n_units * TRAIN_BLOCK_ROWS;
    size_t n_active[KERNELS_LANES_MAX], n_most = 0;
    size_t n_multiply_adds = (size_t)(network->n_layers - l - 2) * next->n_units;
    bool is_shared = n_multiply_adds < SHARED_BELOW;

    list_active(importance, network, l, n_rows, is_shared, n_active);
    for (size_t lane = 0; lane < lanes; lane++)
        n_most = n_active[lane] > n_most ? n_active[lane] : n_most;
    for (size_t first = 0; first < n_most; first += n_rows) {
        size_t n_slots = n_most - first < n_rows ? n_most - first : n_rows;
        for (size_t slot = 0; slot < n_slots; slot++)
            for (size_t lane = 0; lane < lanes; lane++) {
                bool is_used = first + slot < n_active[lane]; /* else any place will do */
                const struct active_unit *active = &importance->active[lane * capacity + first + slot];
                importance->slot_row[slot * lanes + lane] = is_used ? active->row : 0;
                importance->slot_unit[slot * lanes + lane] = is_used ? active->unit : 0;
            }
        network->kernels->silence(&(struct silence){
            .n_slots = n_slots,
            .n_units = next->n_units,
            .n_columns = next->n_columns,
            .weights = next->weights,
            .sum = a->sum[l + 1],
            .activation = a->in[l + 1],
            .activation_stride = a->in_stride[l + 1],
            .row = importance->slot_row,
            .unit = importance->slot_unit,
            .is_shared = is_shared,
            .out = ablated->in[l + 2],
            .out_stride = ablated->in_stride[l + 2],
        });
        network_forward_from(network, ablated, l + 2, n_slots);
        if (interrupt_look(network->interrupt))
            return;
        for (size_t slot = 0; slot < n_slots; slot++)
            for (size_t lane = 0; lane < lanes; lane++) {
                if (first + slot >= n_active[lane])
                    continue;
                size_t at = importance->slot_row[slot * lanes + lane] * lanes + lane;
                add_change(&sums[importance->slot_unit[slot * lanes + lane]], lane, ablated->out[slot * lanes + lane],
                           a->out[at], importance->error[at]);
            }
    }
}

/* Baseline of a block: activations, sums, y - target and dy/d(sum) of every layer. */
static void run_baseline(struct importance *importance, struct training *training, int task, size_t first, size_t n)
{
    const struct network *network = &training->network;
    struct activations *a = &importance->baseline;
    bool is_relu = network->shape.output_activation == OUTPUT_RELU;
    size_t lanes = network->lanes, stride = a->delta_stride[network->n_layers];

    training_load_test_block(training, a, task, first, n);
    /* The ablated rows need the context where it enters after the silenced unit. */
    training_load_test_block(training, &importance->ablated, task, first, n);
    network_forward(network, a, n);
    for (size_t row = 0; row < n; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            float y = a->out[row * lanes + lane];
            importance->error[row * lanes + lane] = y - training->target[row * lanes + lane];
            a->delta[network->n_layers][row * stride * lanes + lane] = is_relu && y <= 0 ? 0 : 1;
        }
    network_backward(network, a, n);
}

static void store_unit(struct importance *importance, const struct unit_sums *sums, size_t at, size_t lanes, double n)
{
    for (size_t lane = 0; lane < lanes; lane++) {
        size_t i = at * lanes + lane;
        double change = sums->change[lane] / n, taylor = sums->taylor[lane] / n, mean = sums->h[lane] / n;
        double variance = sums->h2[lane] / n - mean * mean;
        importance->measure[MEASURE_ABLATION_MEAN][i] = (float)(change * change);
        importance->measure[MEASURE_ABLATION_SAMPLE][i] = (float)(sums->change2[lane] / n);
        importance->measure[MEASURE_TAYLOR_MEAN][i] = (float)(taylor * taylor);
        importance->measure[MEASURE_TAYLOR_SAMPLE][i] = (float)(sums->taylor2[lane] / n);
        importance->measure[MEASURE_CONTRIBUTION][i] = (float)(sums->contribution2[lane] / n);
        importance->measure[MEASURE_VARIANCE][i] = (float)(variance > 0 ? variance : 0);
#ifdef PICKY_MADE_UP
        importance->measure[MEASURE_MADE_UP][i] = (float)(mean * mean);
#endif
        importance->loss_change[i] = (float)change;
        importance->mean_activation[i] = (float)mean;
    }
}

size_t importance_blocks(const struct shape *shape)
{
    return (size_t)shape->n_tasks * (((size_t)shape->N_test + TRAIN_BLOCK_ROWS - 1) / TRAIN_BLOCK_ROWS);
}

void importance_compute(struct importance *importance, struct training *training, atomic_size_t *n_done)
{
    const struct network *network = &training->network;
    const struct shape *shape = &network->shape;
    size_t lanes = network->lanes, N_test = (size_t)shape->N_test, H = (size_t)shape->hidden_size;
    size_t L = (size_t)shape->hidden_layers;

    for (size_t task = 0; task < (size_t)shape->n_tasks; task++) {
        interrupt_clear(network->interrupt, importance->sums, L * H * sizeof *importance->sums);
        for (size_t first = 0; first < N_test; first += TRAIN_BLOCK_ROWS) {
            size_t n = N_test - first < TRAIN_BLOCK_ROWS ? N_test - first : TRAIN_BLOCK_ROWS;
            run_baseline(importance, training, (int)task, first, n);
            for (size_t l = 1; l <= L; l++) {
                if (interrupt_look(network->interrupt))
                    return;
                struct unit_sums *sums = &importance->sums[(l - 1) * H];
                for (size_t unit = 0; unit < H; unit++)
                    add_gradient(&sums[unit], importance, lanes, (int)l, unit, n);
                if (l < L)
                    ablate_layer(importance, network, (int)l, sums, n);
                else
                    ablate_last_layer(importance, network, sums, n);
            }
            if (n_done)
                atomic_fetch_add_explicit(n_done, 1, memory_order_relaxed);
        }
        for (size_t i = 0; i < L * H; i++) {
            if (i % UNITS_A_LOOK == 0 && interrupt_look(network->interrupt))
                return;
            store_unit(importance, &importance->sums[i], task * L * H + i, lanes, (double)N_test);
        }
    }
}

bool importance_is_finite(const struct importance *importance, const struct training *training, size_t lane)
{
    const struct shape *shape = &training->network.shape;
    size_t n = (size_t)(shape->n_tasks * shape->hidden_layers * shape->hidden_size), lanes = training->lanes;
    float zero = 0; /* becomes NaN with the first number that is not finite */
    for (int measure = 0; measure < N_MEASURES; measure++)
        for (size_t i = 0; i < n; i++)
            zero += importance->measure[measure][i * lanes + lane] * 0;
    for (size_t i = 0; i < n; i++)
        zero += (importance->loss_change[i * lanes + lane] + importance->mean_activation[i * lanes + lane]) * 0;
    return zero == 0;
}
