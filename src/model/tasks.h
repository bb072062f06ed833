/* The tasks a model learns, and their data. Nothing else in picky knows how many tasks there are or what they
 * compute. */
#ifndef PICKY_TASKS_H
#define PICKY_TASKS_H

#include "hyperparameters.h"
#include "rng.h"

enum { N_INPUTS = 2, BLOCK_SAMPLES = 4 / N_INPUTS }; /* BLOCK_SAMPLES have their inputs from one block of numbers */
extern const char *const input_names[N_INPUTS];

/* What the numbers of tasks (1, 2, ...) stand for, for files and tables. */
#define TASKS_MEANING "1 is x0 + x1, 2 is what second_task says of the configuration"

/* One task: its target as a function of the inputs. */
struct task {
    bool is_product; /* target x0 * x1; else x0 + factor * x1 */
    float factor;
};

/* Fills tasks [hyperparameters_n_tasks(h)] from checked hyperparameters. */
void tasks_of(const struct hyperparameters *h, struct task tasks[TASKS_MAX]);

/* The target at inputs x [N_INPUTS], each operation rounded to float. */
float task_target(const struct task *task, const float x[N_INPUTS]);

/* Training samples of each task: counts [n_tasks], in the order in which they lie in the training set. */
void tasks_train_counts(const struct hyperparameters *h, int64_t counts[TASKS_MAX]);

/* Inputs of training samples first..first+n-1 (first a multiple of BLOCK_SAMPLES) of one attempt: x [n][N_INPUTS], U(0,
 * 1). */
void tasks_train_inputs(struct rng_key key, size_t first, size_t n, float *x);

/* Inputs of test samples first..first+n-1 (first a multiple of BLOCK_SAMPLES) of one task (0-based) of one attempt: x
 * [n][N_INPUTS], U(0, 1).
 */
void tasks_test_inputs(struct rng_key key, int task, size_t first, size_t n, float *x);

/* The batch of one optimiser step: indices [batch_size] into the training set, drawn without replacement from the
 * samples that the step may use (design: train_mode). `phase` and `step_in_epoch` are 0-based; `step` counts through
 * the whole training. `order` [N_train] is scratch that holds 0, 1, 2, ...: it is used and restored. Draw k
 * (k = 0, 1, ...) exchanges place k with place k + rng_index(word k of the step's stream, n - k), n being the size of
 * the pool, and takes what is then at place k: a partial Fisher-Yates shuffle (Knuth, TAOCP vol. 2, 3.4.2). */
void tasks_batch(const struct hyperparameters *h, struct rng_key key, int phase, int64_t step_in_epoch, uint32_t step,
                 uint32_t *order, uint32_t *indices);

#endif
