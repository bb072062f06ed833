/* Importance of every hidden unit to every task, by six measures, and relative importance.
 *
 * For unit i of hidden layer l and task A, over the task's test samples z: e(z) = (y(z) - target(z))^2, h = the unit's
 * activation, E = mean over samples, d = change of e(z) when h is set to 0 and the effect goes on to the output:
 *
 *   ablation_mean    (E[d])^2             George 2020, "What makes neurons picky?": the definition
 *   ablation_sample  E[d^2]               George 2020, final text
 *   taylor_mean      (E[h de/dh])^2       George 2020, first-order form
 *   taylor_sample    E[(h de/dh)^2]       George 2020, final code
 *   contribution     E[(h dy/dh)^2]       the same without the residual y - target
 *   variance         Var[h] = E[h^2] - E[h]^2   Yang et al. 2019, Nat. Neurosci. 22, "task variance"
 *
 * Ablation is exact: the unit is silenced and the network run on from the next layer, for the samples on which it is
 * active (on the others d is 0). */
#ifndef PICKY_IMPORTANCE_H
#define PICKY_IMPORTANCE_H

#include "record.h"
#include "train.h"

struct unit_sums;
struct active_unit;

/* The measures of a pack. Arrays are [T][L][H] vectors; owned. */
struct importance {
    float *measure[N_MEASURES];
    float *loss_change;                   /* E[d] */
    float *mean_activation;               /* E[h] */
    struct activations baseline, ablated; /* blocks of test samples */
    float *error;                         /* scratch, one vector for each row of a block */
    struct unit_sums *sums;               /* scratch, [L][H] */
    /* Scratch: where the units of a layer are active, [lanes][H * TRAIN_BLOCK_ROWS], a unit's rows in order; and rows
     * and units of a block of slots, [TRAIN_BLOCK_ROWS][lanes]. */
    struct active_unit *active;
    uint32_t *slot_row, *slot_unit;
    void *memory;
};

/* Allocates for packs of the training's shape. ERROR_FATAL if memory is short. Ended by importance_destroy. */
enum error_code importance_create(struct importance *importance, const struct training *training, struct error *error);
void importance_destroy(struct importance *importance); /* an all-zero importance is allowed */

/* Bytes that importance_create allocates. */
uint64_t importance_bytes(const struct shape *shape, size_t lanes);

/* Computes all measures of all lanes of a trained pack on its test sets. Changes no weights. */
void importance_compute(struct importance *importance, struct training *training);

/* True if all measures of the lane are finite (squares of a model about to diverge may not be). */
bool importance_is_finite(const struct importance *importance, const struct training *training, size_t lane);

/* What an importance must reach, as a multiple of the mean over its layer (same model and task), not to count as 0 when
 * relative importance is computed (George 2020, final code: a tenth). */
#define UNIMPORTANT_BELOW 0.1

/* Relative importance of one layer's units for two tasks, RI = (I_A - I_B) / (I_A + I_B) in [-1, 1], after importances
 * below unimportant_below times their layer's mean are taken as 0; NaN (record_nan) where both are 0.
 * a, b, ri: [n_units]. */
void relative_importance(const float *a, const float *b, size_t n_units, double unimportant_below, float *ri);

#endif
