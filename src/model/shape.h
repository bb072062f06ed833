/* The shape of a model: what the models of one pack must have in common; and the length of its training. */
#ifndef PICKY_SHAPE_H
#define PICKY_SHAPE_H

#include "hyperparameters.h"

/* Seed, data, learning rate, tasks, N_train, fraction and train_mode may differ within a pack, and so may the length.
 * Plain data. */
struct shape {
    int64_t n_inputs, hidden_size, hidden_layers, context_layer, n_tasks, batch_size;
    int64_t N_test;
    int64_t output_activation, optimizer;
    /* The length: epochs, and optimiser steps in an epoch of each phase, 0 for those that there are not. */
    int64_t epochs, steps[PHASES_MAX];
};

/* The shape of a model with checked hyperparameters. */
struct shape shape_of(const struct hyperparameters *h);

bool shape_equal(const struct shape *a, const struct shape *b);

/* True if models of both can share a pack: they are equal but for the length. */
bool shape_packs_with(const struct shape *a, const struct shape *b);

/* Training phases: those that have steps. */
int shape_phases(const struct shape *shape);

/* Entries of the training history: phases * epochs + 1. */
int64_t shape_history(const struct shape *shape);

/* Optimiser steps of the whole training. */
int64_t shape_steps(const struct shape *shape);

/* Weights and biases of one model. */
int64_t shape_n_parameters(const struct shape *shape);

/* Multiply-adds of one attempt (training, test passes and measures): what costs are compared by. */
double shape_cost(const struct shape *shape);
double shape_cost_of_measures(const struct shape *shape); /* of these, the measures' */

#endif
