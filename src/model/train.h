/* Training of a pack: data, batches, epochs, history. */
#ifndef PICKY_TRAIN_H
#define PICKY_TRAIN_H

#include "network.h"
#include "tasks.h"

#include <stdint.h>

/* One model of a pack: its data and history. All owned by the training. */
struct model {
    bool is_used;
    bool has_ended;     /* its training */
    struct shape shape; /* with its own length */
    /* Where it is in its training: the step of the epoch that comes next, the epoch and phase, the entry of the
     * histories that this epoch makes, and all steps so far. */
    int64_t step_in_epoch, epoch;
    int phase;
    size_t entry;
    uint32_t step;
    struct hyperparameters h;
    struct rng_key key;
    float *samples;                /* [N_train][sample_size], the training set, task 1's first: inputs, target, task */
    size_t capacity;               /* samples there is room for */
    size_t history_capacity;       /* entries there is room for */
    char fault[ERROR_MESSAGE_MAX]; /* a sample at which a target is not finite, or "" */
    /* History. Entry 0 of an epoch axis is the untrained model. */
    double *train_loss; /* [epochs]: entry 0: mean squared error over the training set; then: mean over the epoch's
                           batches of the batch's mean squared error before its step */
    float *test_error;  /* [epochs][T]: mean absolute error over the task's test samples */
    float test_loss[TASKS_MAX]; /* mean squared error after training */
    bool is_dead; /* found by training_untrained: the output is 0 on every training sample, behind a ReLU, so all
                     gradients are 0 for ever */
};

/* A pack in training. Owns everything. */
struct training {
    struct network network;
    struct activations batch; /* rows of a training batch */
    struct activations test;  /* rows of a block of test samples, of TRAIN_BLOCK_ROWS rows */
    size_t lanes;
    struct model model[KERNELS_LANES_MAX];
    float *test_x;      /* [T][N_test][n_inputs] vectors */
    float *test_target; /* [T][N_test] vectors */
    float *target;      /* [rows of a batch or block] vectors */
    uint32_t *order;    /* 0, 1, 2, ... [largest N_train] */
    size_t order_size;
    size_t sample_size;                        /* floats of a training sample (kernels.h) */
    uint32_t *indices;                         /* [rows of a batch or block] vectors: of samples; random words first */
    double *step_loss;                         /* [lanes] scratch */
    struct targets targets[KERNELS_LANES_MAX]; /* of the models that were loaded last, for their moments */
    size_t n_loaded;
};

enum { TRAIN_BLOCK_ROWS = 10 }; /* samples of a block in passes without training */

/* Allocates a pack for models of `shape`, whatever their lengths. All that is done with it ends early once `interrupt`
 * (borrowed; NULL: never) is set, and holds nothing of use then (interrupt.h). ERROR_FATAL if memory is short. Ended by
 * training_destroy. */
enum error_code training_create(struct training *training, const struct shape *shape, const struct kernels *kernels,
                                const atomic_bool *interrupt, struct error *error);
void training_destroy(struct training *training); /* an all-zero training is allowed */

/* Bytes that training_create allocates; and that training_load does, for n_models in all, of up to N_train samples and
 * the length of `shape`. */
uint64_t training_bytes(const struct shape *shape, size_t lanes);
uint64_t training_data_bytes(const struct shape *shape, int64_t N_train, size_t n_models);

/* What of a shape matters to a pack that only keeps trained models. */
struct shape training_kept_shape(const struct shape *shape);

/* Empties all lanes. */
void training_clear(struct training *training);

/* Puts an attempt (0-based) of a model into a lane, wherever the others are in their training: its data and initial
 * weights. h is checked and of the pack's shape. ERROR_FATAL if memory is short: then the lane is empty. Where a target
 * is not finite, the model's `fault` says so. */
enum error_code training_load(struct training *training, size_t lane, const struct hyperparameters *h, int64_t seed,
                              unsigned attempt, struct error *error);

/* The targets of an attempt that is loaded more than once, so that they are computed once: of the training set, then of
 * each task's test set. */
struct kept_targets {
    float *values; /* [training_n_targets(h)]; borrowed */
    bool are_known;
};
size_t training_n_targets(const struct hyperparameters *h);

/* The same with targets from `kept` if it knows them; else they are kept there (NULL: nowhere). */
enum error_code training_load_kept(struct training *training, size_t lane, const struct hyperparameters *h,
                                   int64_t seed, unsigned attempt, struct kept_targets *kept, struct error *error);

/* Entry 0 of the histories, and is_dead, of all used lanes. Changes no weights. */
void training_untrained(struct training *training);

/* Trains all used lanes until one has, or several at once have ended: has come to its length. Fills entries 1.. of the
 * histories and test_loss. Counts each step in *n_done (NULL: nowhere), for whoever watches. A lane that has ended and
 * is used no more (training_move) may be loaded again before the next call, which goes on with the others; one that is
 * neither is left alone. */
void training_run(struct training *training, atomic_size_t *n_done);

/* Takes the model out of a lane, which takes no part in training from then on. */
void training_empty(struct training *training, size_t lane);

/* Moves a trained model, its data and its test sets into an empty lane of another pack of the same shape and kernels
 * (which may be of training_kept_shape); its lane here is empty then. */
void training_move(struct training *to, size_t to_lane, struct training *from, size_t from_lane);

/* Mean absolute errors on all test sets, into entry `epoch` of the histories, and mean squared errors, into test_loss,
 * of all used lanes as they are now. */
void training_test(struct training *training, size_t epoch);

/* Copies samples first..first+n-1 of a task's test set, n <= TRAIN_BLOCK_ROWS, into the first rows of `activations`
 * (inputs and context), and their targets into training->target. */
void training_load_test_block(struct training *training, struct activations *activations, int task, size_t first,
                              size_t n);

#endif
