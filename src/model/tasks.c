#include "tasks.h"

#include "errors.h"

_Static_assert(BLOCK_SAMPLES *N_INPUTS == 4, "a block has the inputs of whole samples");

const char *const input_names[N_INPUTS] = {"x0", "x1"};

void tasks_of(const struct hyperparameters *h, struct task tasks[TASKS_MAX])
{
    double factor;
    tasks[0] = (struct task){.is_product = false, .factor = 1};
    check(hyperparameters_parse_second_task(h->second_task, &tasks[1].is_product, &factor));
    tasks[1].factor = (float)factor;
}

float task_target(const struct task *task, const float x[N_INPUTS])
{
    if (task->is_product)
        return x[0] * x[1];
    float scaled = task->factor * x[1];
    return x[0] + scaled;
}

void tasks_train_counts(const struct hyperparameters *h, int64_t counts[TASKS_MAX])
{
    counts[0] = hyperparameters_task1_samples(h);
    counts[1] = h->N_train - counts[0];
}

void tasks_train_inputs(struct rng_key key, size_t first, size_t n, float *x)
{
    rng_uniforms(key, RNG_TRAIN_SET, 0, 0, first * N_INPUTS, n * N_INPUTS, x);
}

void tasks_test_inputs(struct rng_key key, int task, size_t first, size_t n, float *x)
{
    rng_uniforms(key, RNG_TEST_SET, (uint32_t)task, 0, first * N_INPUTS, n * N_INPUTS, x);
}

void tasks_batch(const struct hyperparameters *h, struct rng_key key, int phase, int64_t step_in_epoch, uint32_t step,
                 uint32_t *order, uint32_t *indices)
{
    uint32_t first = 0, n = (uint32_t)h->N_train;
    if (h->train_mode != TRAIN_RANDOM) {
        uint32_t n_task1 = (uint32_t)hyperparameters_task1_samples(h);
        bool replayed = h->train_mode == TRAIN_REPLAY && (step_in_epoch + 1) % h->replay_every == 0;
        first = phase == 0 || replayed ? 0 : n_task1;
        n = phase == 0 || replayed ? n_task1 : n - n_task1;
    }

    uint32_t batch_size = (uint32_t)h->batch_size;
    rng_words(key, RNG_BATCHES, step, 0, batch_size, indices);
    for (uint32_t i = 0; i < batch_size; i++) {
        uint32_t place = i + rng_index(indices[i], n - i);
        uint32_t chosen = order[place];
        order[place] = order[i];
        order[i] = place; /* not read again by the draw: remembers what to restore */
        indices[i] = first + chosen;
    }
    /* Backwards, because a place is never before the draw that took from it. */
    for (uint32_t i = batch_size; i-- > 0;) {
        uint32_t place = order[i];
        order[place] = place;
        order[i] = i;
    }
}
