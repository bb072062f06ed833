#include "record.h"

#include "task_registry.h"

#include <inttypes.h>
#include <string.h>

const char *const dimension_names[N_DIMENSIONS] = {
    [DIMENSION_EPOCH] = "epoch",       [DIMENSION_TASK] = "task",       [DIMENSION_LAYER] = "layer",
    [DIMENSION_UNIT] = "unit",         [DIMENSION_UNIT_IN] = "unit_in", [DIMENSION_HIDDEN_LAYER] = "hidden_layer",
    [DIMENSION_INPUT] = "input",       [DIMENSION_MEASURE] = "measure", [DIMENSION_PAIR] = "pair",
    [DIMENSION_ATTEMPT] = "attempt",   [DIMENSION_SAMPLE] = "sample",   [DIMENSION_TRAIN_SAMPLE] = "train_sample",
    [DIMENSION_CONSTANT] = "constant",
};

const char *const status_names[N_STATUSES] = {
    [STATUS_PENDING] = "pending",   [STATUS_ACCEPTED] = "accepted", [STATUS_REJECTED] = "rejected",
    [STATUS_DIVERGED] = "diverged", [STATUS_ERROR] = "error",
};

const struct store_name store_names[] = {
    {"weights", STORE_WEIGHTS},
    {"initial_weights", STORE_INITIAL_WEIGHTS},
    {"test_set", STORE_TEST_SET},
    {"train_set", STORE_TRAIN_SET},
    {"relative_importance", STORE_RELATIVE_IMPORTANCE},
    {"no_relative_importance", STORE_NO_RELATIVE_IMPORTANCE},
    {NULL, 0},
};

#define CONSTANT     DIMENSION_CONSTANT
#define ATTEMPT      DIMENSION_ATTEMPT
#define EPOCH        DIMENSION_EPOCH
#define HIDDEN_LAYER DIMENSION_HIDDEN_LAYER
#define INPUT        DIMENSION_INPUT
#define LAYER        DIMENSION_LAYER
#define MEASURE      DIMENSION_MEASURE
#define PAIR         DIMENSION_PAIR
#define SAMPLE       DIMENSION_SAMPLE
#define TASK         DIMENSION_TASK
#define TRAIN_SAMPLE DIMENSION_TRAIN_SAMPLE
#define UNIT         DIMENSION_UNIT
#define UNIT_IN      DIMENSION_UNIT_IN

const struct field_description record_fields[N_FIELDS] = {
    [FIELD_STATUS] = {"status", FIELD_U8, 0, {0}, "", "what the slot holds; to be read first", STORE_ALWAYS, false, 1},
    [FIELD_SEED] = {"seed",
                    FIELD_I64,
                    0,
                    {0},
                    "",
                    "seed of the job's random streams: the sweep's seed + the index of the replicate",
                    STORE_ALWAYS,
                    false,
                    1},
    [FIELD_ATTEMPTS] = {"attempts",
                        FIELD_U16,
                        0,
                        {0},
                        "1",
                        "training runs made; the arrays are those of the last one",
                        STORE_ALWAYS,
                        false,
                        1},
    [FIELD_ATTEMPT_ERROR] =
        {"attempt_error",
         FIELD_F32,
         2,
         {ATTEMPT, TASK},
         "1",
         "test_error at the end of each attempt; NaN if it was not finite, and for attempts that were not made",
         STORE_ALWAYS,
         false,
         1},
    [FIELD_TRAIN_LOSS] =
        {"train_loss",
         FIELD_F32,
         1,
         {EPOCH},
         "1",
         "training loss: mean over the epoch's steps of the mean squared error of the step's batch before the "
         "step; epoch 0: mean squared error of the untrained model over the training set",
         STORE_ALWAYS,
         false,
         1},
    [FIELD_TEST_ERROR] = {"test_error",
                          FIELD_F32,
                          2,
                          {EPOCH, TASK},
                          "1",
                          "mean of |y - target| over the task's test samples after each epoch; epoch 0: untrained",
                          STORE_ALWAYS,
                          false,
                          1},
    [FIELD_TEST_LOSS] = {"test_loss",
                         FIELD_F32,
                         1,
                         {TASK},
                         "1",
                         "mean of (y - target)^2 over the task's test samples after training",
                         STORE_ALWAYS,
                         false,
                         1},
    [FIELD_IMPORTANCE] = {"importance",
                          FIELD_F32,
                          4,
                          {MEASURE, TASK, LAYER, UNIT},
                          "1",
                          "importance of each hidden unit to each task, as measure's attribute formulas defines it",
                          STORE_ALWAYS,
                          false,
                          1},
    [FIELD_RELATIVE_IMPORTANCE] = {"relative_importance",
                                   FIELD_F32,
                                   4,
                                   {MEASURE, PAIR, LAYER, UNIT},
                                   "1",
                                   "relative importance (I_A - I_B)/(I_A + I_B) of the pair of tasks A-B, from the "
                                   "importances I: I_A below unimportant_below times the mean of I_A over the units "
                                   "of its layer counts as 0, I_B likewise; NaN: both count as 0",
                                   STORE_ALWAYS,
                                   false,
                                   1},
    [FIELD_LOSS_CHANGE] =
        {"loss_change",
         FIELD_F32,
         3,
         {TASK, LAYER, UNIT},
         "1",
         "E[d], as measure's attribute formulas has it: mean change of (y - target)^2 over the task's test "
         "samples when the unit is silenced",
         STORE_ALWAYS,
         false,
         1},
    [FIELD_MEAN_ACTIVATION] = {"mean_activation",
                               FIELD_F32,
                               3,
                               {TASK, LAYER, UNIT},
                               "1",
                               "mean of the unit's activation over the task's test samples",
                               STORE_ALWAYS,
                               false,
                               1},
    [FIELD_INPUT_WEIGHTS] = {"input_weights",
                             FIELD_F32,
                             2,
                             {UNIT, INPUT},
                             "1",
                             "weights from the inputs to hidden layer 1",
                             STORE_WEIGHTS,
                             false,
                             1},
    [FIELD_HIDDEN_WEIGHTS] = {"hidden_weights",
                              FIELD_F32,
                              3,
                              {HIDDEN_LAYER, UNIT, UNIT_IN},
                              "1",
                              "weights to the unit of each hidden layer from those of the layer before (unit_in)",
                              STORE_WEIGHTS,
                              false,
                              1},
    [FIELD_CONTEXT_WEIGHTS] = {"context_weights",
                               FIELD_F32,
                               2,
                               {UNIT, TASK},
                               "1",
                               "weights from the one-hot task context to the units of hidden layer context_layer",
                               STORE_WEIGHTS,
                               false,
                               1},
    [FIELD_BIASES] =
        {"biases", FIELD_F32, 2, {LAYER, UNIT}, "1", "biases of the hidden units", STORE_WEIGHTS, false, 1},
    [FIELD_OUTPUT_WEIGHTS] = {"output_weights",
                              FIELD_F32,
                              1,
                              {UNIT},
                              "1",
                              "weights from the last hidden layer to the output",
                              STORE_WEIGHTS,
                              false,
                              1},
    [FIELD_OUTPUT_BIAS] = {"output_bias", FIELD_F32, 0, {0}, "1", "bias of the output", STORE_WEIGHTS, false, 1},
    [FIELD_INITIAL_INPUT_WEIGHTS] = {"initial_input_weights",
                                     FIELD_F32,
                                     2,
                                     {UNIT, INPUT},
                                     "1",
                                     "input_weights before training (all biases are 0 then)",
                                     STORE_INITIAL_WEIGHTS,
                                     false,
                                     1},
    [FIELD_INITIAL_HIDDEN_WEIGHTS] = {"initial_hidden_weights",
                                      FIELD_F32,
                                      3,
                                      {HIDDEN_LAYER, UNIT, UNIT_IN},
                                      "1",
                                      "hidden_weights before training",
                                      STORE_INITIAL_WEIGHTS,
                                      false,
                                      1},
    [FIELD_INITIAL_CONTEXT_WEIGHTS] = {"initial_context_weights",
                                       FIELD_F32,
                                       2,
                                       {UNIT, TASK},
                                       "1",
                                       "context_weights before training",
                                       STORE_INITIAL_WEIGHTS,
                                       false,
                                       1},
    [FIELD_INITIAL_OUTPUT_WEIGHTS] = {"initial_output_weights",
                                      FIELD_F32,
                                      1,
                                      {UNIT},
                                      "1",
                                      "output_weights before training",
                                      STORE_INITIAL_WEIGHTS,
                                      false,
                                      1},
    [FIELD_TEST_INPUTS] = {"test_inputs",
                           FIELD_F32,
                           3,
                           {TASK, SAMPLE, INPUT},
                           "1",
                           "inputs of the test samples of each task",
                           STORE_TEST_SET,
                           false,
                           1},
    [FIELD_TRAIN_INPUTS] = {"train_inputs",
                            FIELD_F32,
                            2,
                            {TRAIN_SAMPLE, INPUT},
                            "1",
                            "inputs of the training samples, those of task 1 first",
                            STORE_TRAIN_SET,
                            false,
                            1},
    [FIELD_TRAIN_TASK] = {"train_task",
                          FIELD_U8,
                          1,
                          {TRAIN_SAMPLE},
                          "",
                          "task of each training sample, from 1; 255: the configuration has fewer samples",
                          STORE_TRAIN_SET,
                          false,
                          1},
    [FIELD_RANDOM_CONSTANTS] = {"random_constants",
                                FIELD_F32,
                                1,
                                {CONSTANT},
                                "1",
                                "r0 to r9 in the formulas of the tasks; NaN where the configuration's have none",
                                STORE_ALWAYS,
                                false,
                                2},
    [FIELD_WALL_TIME] = {"wall_time",
                         FIELD_F64,
                         0,
                         {0},
                         "s",
                         "the job's share of the wall time of the packs it was trained in",
                         STORE_ALWAYS,
                         true,
                         1},
    [FIELD_RANK] = {"rank", FIELD_I32, 0, {0}, "", "MPI rank that ran the job", STORE_ALWAYS, true, 1},
    [FIELD_REASON] = {"reason", FIELD_TEXT, 0, {0}, "", "why the job diverged or failed", STORE_ALWAYS, true, 1},
};

size_t field_type_size(enum field_type type)
{
    switch (type) {
    case FIELD_F32: return sizeof(float);
    case FIELD_F64: return sizeof(double);
    case FIELD_U8: return sizeof(uint8_t);
    case FIELD_U16: return sizeof(uint16_t);
    case FIELD_I32: return sizeof(int32_t);
    case FIELD_I64: return sizeof(int64_t);
    case FIELD_TEXT: return FIELD_TEXT_SIZE;
    }
    check(false); /* a type without a size */
    return 0;
}

static void grow(uint64_t *size, int64_t value)
{
    if (*size < (uint64_t)value)
        *size = (uint64_t)value;
}

/* Whether records of the layout's sizes and store have a field. */
static bool is_stored(const struct record_layout *layout, enum field field)
{
    unsigned store = record_fields[field].store;
    if (field == FIELD_RELATIVE_IMPORTANCE)
        return layout->store & STORE_RELATIVE_IMPORTANCE ||
               (layout->size[DIMENSION_TASK] == 2 && !(layout->store & STORE_NO_RELATIVE_IMPORTANCE));
    return store == STORE_ALWAYS || store & layout->store;
}

/* Finds each field's place, from the layout's sizes and store; fields in the set `lacking` (bits 1 << enum field) have
 * none. */
static enum error_code place_fields(struct record_layout *layout, uint64_t lacking, struct error *error)
{
    const uint64_t n_bytes_max = UINT64_C(1) << 31;
    layout->n_bytes = 0;
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        /* Sizes are bounded by the hyperparameters' ranges: at most 4 factors of 1e7. */
        double n_elements = 1;
        for (int d = 0; d < field->n_dimensions; d++)
            n_elements *= (double)layout->size[field->dimensions[d]];
        if (n_elements == 0 || lacking >> f & 1 || !is_stored(layout, (enum field)f)) {
            layout->offset[f] = UINT64_MAX;
            layout->n_elements[f] = 0;
            continue;
        }
        double n_bytes = n_elements * (double)field_type_size(field->type) + (double)layout->n_bytes;
        if (n_bytes > (double)n_bytes_max - 8)
            return error_set(
                error, ERROR_INPUT,
                "one model's record would take more than 2 GiB (array %s); allowed: fewer or smaller layers, "
                "fewer epochs or samples, or less in store",
                field->name);
        layout->offset[f] = layout->n_bytes;
        layout->n_elements[f] = (uint64_t)n_elements;
        layout->n_bytes = ((uint64_t)n_bytes + 7) / 8 * 8;
    }
    return ERROR_NONE;
}

enum error_code record_layout_make(struct record_layout *layout, const struct hyperparameters *configs,
                                   size_t n_configs, unsigned store, struct error *error)
{
    memset(layout, 0, sizeof *layout);
    layout->store = store;
    uint64_t *size = layout->size;
    size[DIMENSION_MEASURE] = N_MEASURES;
    for (size_t i = 0; i < n_configs; i++) {
        const struct hyperparameters *h = &configs[i];
        grow(&size[DIMENSION_EPOCH], hyperparameters_history(h));
        grow(&size[DIMENSION_INPUT], h->n_inputs);
        grow(&size[DIMENSION_TASK], hyperparameters_n_tasks(h));
        if (task_registry_get(h->tasks)->uses.randoms)
            size[DIMENSION_CONSTANT] = FORMULA_RANDOMS;
        grow(&size[DIMENSION_LAYER], h->hidden_layers);
        grow(&size[DIMENSION_UNIT], h->hidden_size);
        grow(&size[DIMENSION_ATTEMPT], h->max_attempts);
        grow(&size[DIMENSION_SAMPLE], h->N_test);
        grow(&size[DIMENSION_TRAIN_SAMPLE], h->N_train);
    }
    size[DIMENSION_UNIT_IN] = size[DIMENSION_UNIT];
    size[DIMENSION_HIDDEN_LAYER] = size[DIMENSION_LAYER] - (size[DIMENSION_LAYER] > 0);
    size[DIMENSION_PAIR] = TASK_PAIRS(size[DIMENSION_TASK]);
    return place_fields(layout, 0, error);
}

enum error_code record_layout_keep(struct record_layout *layout, uint64_t n_measures, uint64_t lacking,
                                   struct error *error)
{
    check(n_measures >= 1 && n_measures <= N_MEASURES);
    layout->size[DIMENSION_MEASURE] = n_measures;
    return place_fields(layout, lacking, error);
}

void *record_field(const struct record_layout *layout, void *record, enum field field)
{
    return layout->offset[field] == UINT64_MAX ? NULL : (char *)record + layout->offset[field];
}

const void *record_field_const(const struct record_layout *layout, const void *record, enum field field)
{
    return layout->offset[field] == UINT64_MAX ? NULL : (const char *)record + layout->offset[field];
}

static void clear_field(const atomic_bool *interrupt, const struct record_layout *layout, void *record, enum field f)
{
    unsigned char *bytes = record_field(layout, record, f);
    if (!bytes || interrupt_look(interrupt))
        return;
    if (record_fields[f].type == FIELD_F32) {
        float *values = (float *)(void *)bytes;
        const uint64_t n = layout->n_elements[f], n_slice = INTERRUPT_BYTES / sizeof *values;
        for (uint64_t i = 0; i < n && !interrupt_look(interrupt);)
            for (const uint64_t end = n - i < n_slice ? n : i + n_slice; i < end; i++)
                values[i] = quiet_nan();
    } else {
        int fill = f == FIELD_TRAIN_TASK ? 255 : 0;
        memset(bytes, fill, layout->n_elements[f] * field_type_size(record_fields[f].type));
    }
}

void record_clear_unless(const atomic_bool *interrupt, const struct record_layout *layout, void *record)
{
    interrupt_clear(interrupt, record, layout->n_bytes); /* the gaps between arrays too */
    for (int f = 0; f < N_FIELDS; f++)
        clear_field(interrupt, layout, record, (enum field)f);
}

void record_clear(const struct record_layout *layout, void *record)
{
    record_clear_unless(NULL, layout, record);
}

void record_clear_results(const struct record_layout *layout, void *record)
{
    for (int f = 0; f < N_FIELDS; f++)
        if (!record_fields[f].is_provenance && f != FIELD_STATUS && f != FIELD_SEED && f != FIELD_ATTEMPTS)
            clear_field(NULL, layout, record, (enum field)f);
}
