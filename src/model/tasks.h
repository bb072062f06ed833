/* The data of a model: inputs and targets of its tasks, and the batches that training takes. What the tasks compute is
 * in formula.h and task_list.h. */
#ifndef PICKY_TASKS_H
#define PICKY_TASKS_H

#include "hyperparameters.h"
#include "rng.h"
#include "task_check.h"

enum { BLOCK_SAMPLES = 4 }; /* whose inputs fill whole blocks of random numbers, however many there are */
extern const char *const input_names[INPUTS_MAX];

/* What the numbers of tasks (1, 2, ...) stand for, for files and tables. */
#define TASKS_MEANING "the formulas of a configuration's tasks, in their order"

/* How the targets of a model are computed. Borrows the registry's list. */
struct targets {
    const struct task_list *list;
    struct formula_values values;
    int n_inputs;
    float input_low, input_high;
    bool is_standardised;
    struct task_moments moments[TASKS_MAX]; /* if they are standardised */
};

/* Of checked hyperparameters; random constants are the seed's. Standardising takes a pass over 4,096 points a task,
 * unless one of `known` [n_known], which were made before, has it already. */
void targets_make(struct targets *targets, const struct hyperparameters *h, int64_t seed, const struct targets *known,
                  size_t n_known);

/* Targets of a task (0-based) at n samples: x [n][n_inputs], target [n]. Returns n, or the first sample at which it is
 * not finite. */
size_t targets_compute(const struct targets *targets, int task, size_t n, const float *x, float *target);

/* Inputs of training samples first..first+n-1 (first a multiple of BLOCK_SAMPLES) of one attempt: x [n][n_inputs],
 * U(input_low, input_high). */
void tasks_train_inputs(const struct hyperparameters *h, struct rng_key key, size_t first, size_t n, float *x);

/* Inputs of test samples first..first+n-1 (first a multiple of BLOCK_SAMPLES) of one task (0-based) of one attempt: x
 * [n][n_inputs], U(input_low, input_high). */
void tasks_test_inputs(const struct hyperparameters *h, struct rng_key key, int task, size_t first, size_t n, float *x);

/* The same of a second, independent test set, which no job sees: what the first one's choices are tested on. */
void tasks_second_test_inputs(const struct hyperparameters *h, struct rng_key key, int task, size_t first, size_t n,
                              float *x);

/* The batch of one optimiser step: indices [batch_size] into the training set, drawn without replacement from the
 * samples that the step may use: all ("random"), the phase's task's, or, in a step that replays, those of all tasks
 * before it. `phase` and `step_in_epoch` are 0-based; `step` counts through the whole training. `order` [N_train] is
 * scratch that holds 0, 1, 2, ...: it is used and restored. Draw k (k = 0, 1, ...) exchanges place k with place k +
 * rng_index(word k of the step's stream, n - k), n being the size of the pool, and takes what is then at place k: a
 * partial Fisher-Yates shuffle (Knuth, TAOCP vol. 2, 3.4.2). */
void tasks_batch(const struct hyperparameters *h, struct rng_key key, int phase, int64_t step_in_epoch, uint32_t step,
                 uint32_t *order, uint32_t *indices);

/* The same from the step's words, which become the indices: every stride-th of words [batch_size * stride]. */
void tasks_batch_of(const struct hyperparameters *h, int phase, int64_t step_in_epoch, uint32_t *order, uint32_t *words,
                    size_t stride);

#endif
