#include "job_record.h"

#include "task_registry.h"

#include <math.h>
#include <stdio.h>

/* Between looks at the interruption: samples copied; and what it takes to copy a weight, in multiply-adds
 * (interrupt.h). */
enum { SAMPLES_A_LOOK = 1 << 14, WEIGHT_WORK = 16 };

float job_record_value(float value)
{
    return isfinite(value) ? value : quiet_nan();
}

/* Element (i, j, k) of a field with these sizes, of a record made for larger sizes: pads at the end. */
static float *at3(const struct record_layout *layout, void *record, enum field field, size_t i, size_t j, size_t k)
{
    const struct field_description *f = &record_fields[field];
    size_t index[3] = {i, j, k}, at = 0;
    check(f->n_dimensions <= 3);
    for (int d = 0; d < f->n_dimensions; d++)
        at = at * layout->size[f->dimensions[d]] + index[d];
    return (float *)record_field(layout, record, field) + at;
}

void job_record_put_end(const struct record_layout *layout, void *record, const struct job_end *end)
{
    record_clear_unless(end->interrupt, layout, record);
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) = (uint8_t)end->status;
    *(int64_t *)record_field(layout, record, FIELD_SEED) = end->job->seed;
    *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS) = (uint16_t)(end->attempt + 1);
    *(double *)record_field(layout, record, FIELD_WALL_TIME) = end->wall_s;
    snprintf(record_field(layout, record, FIELD_REASON), FIELD_TEXT_SIZE, "%s", end->reason);

    if (end->status == STATUS_DIVERGED || end->status == STATUS_ERROR)
        return; /* no result: as record_clear_results leaves it */
    size_t n_tasks = (size_t)hyperparameters_n_tasks(&end->job->h);
    for (size_t attempt = 0; attempt <= end->attempt; attempt++)
        for (size_t task = 0; task < n_tasks; task++)
            *at3(layout, record, FIELD_ATTEMPT_ERROR, attempt, task, 0) = end->attempt_error[attempt * n_tasks + task];
}

/* The weights of a lane into four fields (trained or initial) and, if asked, the biases. */
static void put_weights(const struct record_layout *layout, void *record, const struct network *network, size_t lane,
                        enum field input, enum field hidden, enum field context, enum field output, bool with_biases)
{
    for (int l = 1; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        for (size_t unit = 0; unit < layer->n_units; unit++) {
            if (interrupt_after(network->interrupt, layer->n_columns * WEIGHT_WORK))
                return;
            for (size_t column = 0; column < layer->n_columns; column++) {
                float weight = network_weight(network, lane, l, unit, column);
                size_t task = column - layer->n_inputs; /* of a context column */
                if (column == layer->n_columns - 1) {
                    if (!with_biases)
                        continue;
                    if (l == network->n_layers)
                        *at3(layout, record, FIELD_OUTPUT_BIAS, 0, 0, 0) = weight;
                    else
                        *at3(layout, record, FIELD_BIASES, (size_t)l - 1, unit, 0) = weight;
                } else if (column >= layer->n_inputs) {
                    *at3(layout, record, context, unit, task, 0) = weight;
                } else if (l == 1) {
                    *at3(layout, record, input, unit, column, 0) = weight;
                } else if (l == network->n_layers) {
                    *at3(layout, record, output, column, 0, 0) = weight;
                } else {
                    *at3(layout, record, hidden, (size_t)l - 2, unit, column) = weight;
                }
            }
        }
    }
}

static void put_units(const struct record_layout *layout, void *record, const struct training *training,
                      const struct importance *importance, size_t lane)
{
    const struct shape *shape = &training->network.shape;
    size_t lanes = training->lanes, T = (size_t)shape->n_tasks, L = (size_t)shape->hidden_layers;
    size_t H = (size_t)shape->hidden_size;
    size_t T_max = layout->size[DIMENSION_TASK], L_max = layout->size[DIMENSION_LAYER];
    size_t H_max = layout->size[DIMENSION_UNIT], pairs_max = layout->size[DIMENSION_PAIR];
    float *importances = record_field(layout, record, FIELD_IMPORTANCE);
    float *relative = record_field(layout, record, FIELD_RELATIVE_IMPORTANCE);

    for (size_t task = 0; task < T; task++)
        for (size_t l = 0; l < L; l++)
            for (size_t unit = 0; unit < H; unit++) {
                size_t from = ((task * L + l) * H + unit) * lanes + lane;
                for (size_t m = 0; m < layout->size[DIMENSION_MEASURE]; m++)
                    importances[((m * T_max + task) * L_max + l) * H_max + unit] = importance->measure[m][from];
                *at3(layout, record, FIELD_LOSS_CHANGE, task, l, unit) = importance->loss_change[from];
                *at3(layout, record, FIELD_MEAN_ACTIVATION, task, l, unit) = importance->mean_activation[from];
            }

    for (size_t m = 0; relative && m < layout->size[DIMENSION_MEASURE]; m++)
        for (size_t l = 0; l < L; l++)
            for (size_t b = 1; b < T; b++)
                for (size_t a = 0; a < b; a++)
                    relative_importance(importances + ((m * T_max + a) * L_max + l) * H_max,
                                        importances + ((m * T_max + b) * L_max + l) * H_max, H, UNIMPORTANT_BELOW,
                                        relative + ((m * pairs_max + task_pair(a, b)) * L_max + l) * H_max);
}

static void put_histories(const struct record_layout *layout, void *record, const struct training *training,
                          size_t lane)
{
    const struct model *model = &training->model[lane];
    size_t T = (size_t)training->network.shape.n_tasks;
    size_t n_history = (size_t)shape_history(&model->shape);
    for (size_t epoch = 0; epoch < n_history; epoch++) {
        *at3(layout, record, FIELD_TRAIN_LOSS, epoch, 0, 0) = (float)model->train_loss[epoch];
        for (size_t task = 0; task < T; task++)
            *at3(layout, record, FIELD_TEST_ERROR, epoch, task, 0) = model->test_error[epoch * T + task];
    }
    for (size_t task = 0; task < T; task++)
        *at3(layout, record, FIELD_TEST_LOSS, task, 0, 0) = model->test_loss[task];
}

static void put_data(const struct record_layout *layout, void *record, const struct training *training, size_t lane)
{
    const struct model *model = &training->model[lane];
    const atomic_bool *interrupt = training->network.interrupt;
    size_t N_train = (size_t)model->h.N_train, N_test = (size_t)model->h.N_test;
    size_t T = (size_t)training->network.shape.n_tasks, n_inputs = (size_t)model->h.n_inputs;
    float *constants = record_field(layout, record, FIELD_RANDOM_CONSTANTS);
    if (constants && task_registry_get(model->h.tasks)->uses.randoms)
        task_list_randoms(*(const int64_t *)record_field_const(layout, record, FIELD_SEED), constants);
    if (layout->store & STORE_TEST_SET)
        for (size_t task = 0; task < T; task++)
            for (size_t i = 0; i < N_test; i++) {
                if (i % SAMPLES_A_LOOK == 0 && interrupt_look(interrupt))
                    return;
                for (size_t k = 0; k < n_inputs; k++)
                    *at3(layout, record, FIELD_TEST_INPUTS, task, i, k) =
                        training->test_x[((task * N_test + i) * n_inputs + k) * training->lanes + lane];
            }
    if (layout->store & STORE_TRAIN_SET) {
        uint8_t *train_task = record_field(layout, record, FIELD_TRAIN_TASK);
        for (size_t i = 0; i < N_train; i++) {
            if (i % SAMPLES_A_LOOK == 0 && interrupt_look(interrupt))
                return;
            const float *sample = model->samples + i * training->sample_size;
            train_task[i] = (uint8_t)(sample[n_inputs + 1] + 1);
            for (size_t k = 0; k < n_inputs; k++)
                *at3(layout, record, FIELD_TRAIN_INPUTS, i, k, 0) = sample[k];
        }
    }
}

void job_record_put_model(const struct record_layout *layout, void *record, struct training *training,
                          const struct importance *importance, size_t lane)
{
    put_histories(layout, record, training, lane);
    put_units(layout, record, training, importance, lane);
    put_data(layout, record, training, lane);
    if (layout->store & STORE_WEIGHTS)
        put_weights(layout, record, &training->network, lane, FIELD_INPUT_WEIGHTS, FIELD_HIDDEN_WEIGHTS,
                    FIELD_CONTEXT_WEIGHTS, FIELD_OUTPUT_WEIGHTS, true);
    if (layout->store & STORE_INITIAL_WEIGHTS) {
        /* The lane's trained weights are in the record: the lane may have its first ones back. */
        network_initialise(&training->network, lane, training->model[lane].key, training->model[lane].h.lr);
        put_weights(layout, record, &training->network, lane, FIELD_INITIAL_INPUT_WEIGHTS, FIELD_INITIAL_HIDDEN_WEIGHTS,
                    FIELD_INITIAL_CONTEXT_WEIGHTS, FIELD_INITIAL_OUTPUT_WEIGHTS, false);
    }
}

struct unit_shares record_unit_shares(const struct record_layout *layout, const void *record,
                                      const struct hyperparameters *h, enum measure measure, size_t a, size_t b,
                                      int layer)
{
    size_t L_max = layout->size[DIMENSION_LAYER], H_max = layout->size[DIMENSION_UNIT], H = (size_t)h->hidden_size;
    const float *importances = record_field_const(layout, record, FIELD_IMPORTANCE);
    const float *of_measure = importances + (size_t)measure * layout->size[DIMENSION_TASK] * L_max * H_max;
    struct unit_shares shares = {0, 0, 0};
    float ri[HIDDEN_SIZE_MAX];
    double share = 1 / (double)H;
    relative_importance(of_measure + (a * L_max + (size_t)layer) * H_max,
                        of_measure + (b * L_max + (size_t)layer) * H_max, H, UNIMPORTANT_BELOW, ri);
    for (size_t unit = 0; unit < H; unit++) {
        if (isnan(ri[unit]))
            shares.unimportant += share;
        else if (fabsf(ri[unit]) > 0.9f)
            shares.selective += share;
        else if (fabsf(ri[unit]) < 0.5f)
            shares.mixed += share;
    }
    return shares;
}
