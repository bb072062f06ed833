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

enum error_code importance_create(struct importance *importance, const struct training *training, struct error *error)
{
    memset(importance, 0, sizeof *importance);
    const struct shape *shape = &training->network.shape;
    size_t lanes = training->lanes;
    size_t n = (size_t)(shape->n_tasks * shape->hidden_layers * shape->hidden_size) * lanes;

    if (activations_create(&importance->baseline, &training->network, TRAIN_BLOCK_ROWS, true, error) ||
        activations_create(&importance->ablated, &training->network, TRAIN_BLOCK_ROWS, false, error)) {
        importance_destroy(importance);
        return error->code;
    }
    float *memory = calloc((N_MEASURES + 2) * n + TRAIN_BLOCK_ROWS * lanes, sizeof *memory);
    importance->sums = calloc((size_t)(shape->hidden_layers * shape->hidden_size), sizeof *importance->sums);
    importance->memory = memory;
    if (!memory || !importance->sums) {
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

/* True if the unit is active in some row of some lane; else silencing it changes nothing. */
static bool is_active(const struct activations *a, size_t lanes, int l, size_t unit, size_t n_rows)
{
    bool active = false;
    for (size_t row = 0; row < n_rows; row++) {
        const float *h = a->in[l + 1] + (row * a->in_stride[l + 1] + unit) * lanes;
        for (size_t lane = 0; lane < lanes; lane++)
            active |= h[lane] != 0;
    }
    return active;
}

/* The output without a unit of layer l, into ablated.out. Exact: the unit's part is taken from the sums of layer l+1,
 * and the layers after it run as ever. */
static void silence_unit(struct importance *importance, const struct network *network, int l, size_t unit,
                         size_t n_rows)
{
    const struct activations *baseline = &importance->baseline;
    struct activations *ablated = &importance->ablated;
    const struct layer *next = &network->layer[l + 1];
    size_t lanes = network->lanes;
    const float *h = baseline->in[l + 1] + unit * lanes;
    size_t h_stride = baseline->in_stride[l + 1];

    if (l + 1 < network->n_layers) {
        network->kernels->silence(&(struct silence){
            .n_rows = n_rows,
            .n_units = next->n_units,
            .n_columns = next->n_columns,
            .column = unit,
            .weights = next->weights,
            .sum = baseline->sum[l + 1],
            .activation = h,
            .activation_stride = h_stride,
            .out = ablated->in[l + 2],
            .out_stride = ablated->in_stride[l + 2],
        });
        network_forward_from(network, ablated, l + 2, n_rows);
        return;
    }
    bool is_relu = network->shape.output_activation == OUTPUT_RELU;
    const float *w = next->weights + kernels_panel(1, next->n_columns, 0, unit) * lanes;
    for (size_t row = 0; row < n_rows; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            float part = h[row * h_stride * lanes + lane] * w[lane];
            float rest = baseline->sum[l + 1][row * lanes + lane] - part;
            ablated->out[row * lanes + lane] = is_relu && rest <= 0 ? 0 : rest;
        }
}

static void add_ablation(struct unit_sums *sums, struct importance *importance, const struct network *network, int l,
                         size_t unit, size_t n_rows)
{
    size_t lanes = network->lanes;
    if (!is_active(&importance->baseline, lanes, l, unit, n_rows))
        return;
    silence_unit(importance, network, l, unit, n_rows);
    for (size_t row = 0; row < n_rows; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            /* (y' - t)^2 - (y - t)^2 without the cancellation of two nearly equal squares. */
            double step = (double)importance->ablated.out[row * lanes + lane] -
                          (double)importance->baseline.out[row * lanes + lane];
            double change = step * (step + 2 * (double)importance->error[row * lanes + lane]);
            sums->change[lane] += change;
            sums->change2[lane] += change * change;
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
        importance->loss_change[i] = (float)change;
        importance->mean_activation[i] = (float)mean;
    }
}

void importance_compute(struct importance *importance, struct training *training)
{
    const struct network *network = &training->network;
    const struct shape *shape = &network->shape;
    size_t lanes = network->lanes, N_test = (size_t)shape->N_test, H = (size_t)shape->hidden_size;
    size_t L = (size_t)shape->hidden_layers;

    for (size_t task = 0; task < (size_t)shape->n_tasks; task++) {
        memset(importance->sums, 0, L * H * sizeof *importance->sums);
        for (size_t first = 0; first < N_test; first += TRAIN_BLOCK_ROWS) {
            size_t n = N_test - first < TRAIN_BLOCK_ROWS ? N_test - first : TRAIN_BLOCK_ROWS;
            run_baseline(importance, training, (int)task, first, n);
            for (size_t l = 1; l <= L; l++)
                for (size_t unit = 0; unit < H; unit++) {
                    struct unit_sums *sums = &importance->sums[(l - 1) * H + unit];
                    add_gradient(sums, importance, lanes, (int)l, unit, n);
                    add_ablation(sums, importance, network, (int)l, unit, n);
                }
        }
        for (size_t i = 0; i < L * H; i++)
            store_unit(importance, &importance->sums[i], task * L * H + i, lanes, (double)N_test);
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

void relative_importance(const float *a, const float *b, size_t n_units, double unimportant_below, float *ri)
{
    double mean_a = 0, mean_b = 0;
    for (size_t i = 0; i < n_units; i++) {
        mean_a += (double)a[i];
        mean_b += (double)b[i];
    }
    mean_a /= (double)n_units;
    mean_b /= (double)n_units;
    for (size_t i = 0; i < n_units; i++) {
        double I_a = (double)a[i] < unimportant_below * mean_a ? 0 : (double)a[i];
        double I_b = (double)b[i] < unimportant_below * mean_b ? 0 : (double)b[i];
        ri[i] = I_a + I_b > 0 ? (float)((I_a - I_b) / (I_a + I_b)) : record_nan();
    }
}
