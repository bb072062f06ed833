/* Importance of every hidden unit to every task, by the measures of measures.h.
 *
 * Ablation is exact: the unit is silenced and the network run on from the next layer, for the samples on which it is
 * active (on the others d is 0). */
#ifndef PICKY_IMPORTANCE_H
#define PICKY_IMPORTANCE_H

#include "measures.h"
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

/* Computes all measures of all lanes of a trained pack on its test sets. Changes no weights. Adds 1 to *n_done (if not
 * NULL) for each block of test samples, of which there are importance_blocks. */
void importance_compute(struct importance *importance, struct training *training, atomic_size_t *n_done);
size_t importance_blocks(const struct shape *shape);

/* True if all measures of the lane are finite (squares of a model about to diverge may not be). */
bool importance_is_finite(const struct importance *importance, const struct training *training, size_t lane);

#endif
