#include "tasks.h"

#include "errors.h"
#include "task_registry.h"

#include <string.h>

const char *const input_names[INPUTS_MAX] = {"x0", "x1", "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
                                             "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15"};

/* Whether two have the same moments. */
static bool are_alike(const struct targets *a, const struct targets *b)
{
    return a->list == b->list && a->n_inputs == b->n_inputs && a->input_low == b->input_low &&
           a->input_high == b->input_high && a->is_standardised == b->is_standardised &&
           /* Bits, for -0 is not 0: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
           memcmp(&a->values, &b->values, sizeof a->values) == 0;
}

void targets_make(struct targets *targets, const struct hyperparameters *h, int64_t seed, const struct targets *known,
                  size_t n_known)
{
    const struct registered_tasks *tasks = task_registry_get(h->tasks);
    *targets = (struct targets){
        .list = &tasks->list,
        .values.dials = {(float)h->a, (float)h->b, (float)h->c},
        .n_inputs = (int)h->n_inputs,
        .input_low = (float)h->input_low,
        .input_high = (float)h->input_high,
        .is_standardised = h->standardise == STANDARDISE_VARIANCE,
    };
    if (tasks->uses.randoms)
        task_list_randoms(seed, targets->values.randoms);
    for (size_t i = 0; i < n_known && targets->is_standardised; i++)
        if (are_alike(&known[i], targets)) {
            *targets = known[i];
            return;
        }
    for (int task = 0; task < tasks->list.n_tasks && targets->is_standardised; task++)
        targets->moments[task] = task_moments(&tasks->list.formulas[task], &targets->values, targets->n_inputs,
                                              targets->input_low, targets->input_high);
}

size_t targets_compute(const struct targets *targets, int task, size_t n, const float *x, float *target)
{
    size_t n_finite =
        formula_evaluate(&targets->list->formulas[task], &targets->values, n, targets->n_inputs, x, target);
    if (targets->is_standardised)
        task_standardise(targets->moments[task], n, target);
    return n_finite;
}

static void draw_inputs(const struct hyperparameters *h, struct rng_key key, enum rng_purpose purpose, uint32_t a,
                        uint32_t b, size_t first, size_t n, float *x)
{
    size_t n_inputs = (size_t)h->n_inputs;
    rng_uniforms(key, purpose, a, b, first * n_inputs, n * n_inputs, x);
    task_scale_inputs((float)h->input_low, (float)h->input_high, n * n_inputs, x);
}

void tasks_train_inputs(const struct hyperparameters *h, struct rng_key key, size_t first, size_t n, float *x)
{
    draw_inputs(h, key, RNG_TRAIN_SET, 0, 0, first, n, x);
}

void tasks_test_inputs(const struct hyperparameters *h, struct rng_key key, int task, size_t first, size_t n, float *x)
{
    draw_inputs(h, key, RNG_TEST_SET, (uint32_t)task, 0, first, n, x);
}

void tasks_second_test_inputs(const struct hyperparameters *h, struct rng_key key, int task, size_t first, size_t n,
                              float *x)
{
    draw_inputs(h, key, RNG_TEST_SET, (uint32_t)task, 1, first, n, x);
}

void tasks_batch(const struct hyperparameters *h, struct rng_key key, int phase, int64_t step_in_epoch, uint32_t step,
                 uint32_t *order, uint32_t *indices)
{
    rng_words(key, RNG_BATCHES, step, 0, (size_t)h->batch_size, indices);
    tasks_batch_of(h, phase, step_in_epoch, order, indices, 1);
}

void tasks_batch_of(const struct hyperparameters *h, int phase, int64_t step_in_epoch, uint32_t *order, uint32_t *words,
                    size_t stride)
{
    uint32_t first = 0, n = (uint32_t)h->N_train;
    if (h->train_mode != TRAIN_RANDOM) {
        int64_t counts[TASKS_MAX];
        hyperparameters_train_counts(h, counts);
        for (int task = 0; task < phase; task++)
            first += (uint32_t)counts[task];
        n = (uint32_t)counts[phase];
        if (phase > 0 && h->train_mode == TRAIN_REPLAY && (step_in_epoch + 1) % h->replay_every == 0) {
            n = first;
            first = 0;
        }
    }

    uint32_t batch_size = (uint32_t)h->batch_size;
    for (uint32_t i = 0; i < batch_size; i++) {
        uint32_t *word = words + i * stride, place = i + rng_index(*word, n - i);
        uint32_t chosen = order[place];
        order[place] = order[i];
        order[i] = place; /* not read again by the draw: remembers what to restore */
        *word = first + chosen;
    }
    /* Backwards, because a place is never before the draw that took from it. */
    for (uint32_t i = batch_size; i-- > 0;) {
        uint32_t place = order[i];
        order[place] = place;
        order[i] = i;
    }
}
