/* A naive network in double precision, for tests: one model, one sample at a time, the loops of the textbook.
 *
 * Written from the definitions, to check the fast code against; it shares none of it. Layers and units count from 0
 * here, as in the arrays of a record. L hidden layers of H units, T tasks:
 *
 *     input_weights   [H][2]       from x0, x1 to layer 0
 *     hidden_weights  [L-1][H][H]  [l-1][i][k] from unit k of layer l-1 to unit i of layer l
 *     context_weights [H][T]       from the one-hot task to layer context_layer
 *     biases          [L][H]
 *     output_weights  [H]          from layer L-1 to the output
 *     output_bias     [1]
 */
#ifndef PICKY_REFERENCE_NETWORK_H
#define PICKY_REFERENCE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct reference_network {
    size_t hidden_size, hidden_layers, n_tasks;
    size_t context_layer; /* 0-based */
    bool output_is_relu;  /* else linear */

    size_t n_parameters;
    double *parameters; /* [n_parameters], owned: the arrays below, one after another */
    double *input_weights, *hidden_weights, *context_weights, *biases, *output_weights, *output_bias;
};

/* A network with all parameters 0. The caller owns it; NULL if memory is short. */
struct reference_network *reference_network_create(size_t hidden_size, size_t hidden_layers, size_t n_tasks,
                                                   size_t context_layer, bool output_is_relu);
void reference_network_destroy(struct reference_network *network); /* NULL is allowed */

/* One hidden unit's activation held at a value; what follows in the network follows from it. */
struct reference_clamp {
    size_t layer, unit;
    double value;
};

/* The output at inputs x [2] of a task: each unit i of a layer is
 *     h_i = max(0, b_i + sum over k of W_ik below_k + (its layer has the context ? C_i,task : 0)).
 * clamp: NULL, or a unit to hold. activations: NULL, or [L][H], filled. */
double reference_forward(const struct reference_network *network, const double x[2], size_t task,
                         const struct reference_clamp *clamp, double *activations);

/* Backpropagation (Rumelhart, Hinton & Williams 1986) for one sample. Given dy, the derivative of a quantity with
 * respect to the output, and the `activations` [L][H] and `output` that reference_forward gave: adds the quantity's
 * derivatives with respect to the parameters to gradient [n_parameters] and sets d_activations [L][H], those with
 * respect to the activations. Either may be NULL. The derivative of max(0, z) at 0 counts as 0. */
void reference_backward(const struct reference_network *network, const double x[2], size_t task,
                        const double *activations, double output, double dy, double *gradient, double *d_activations);

/* Mean squared error over samples x [n][2] of tasks [n] with targets [n]; gradient: NULL, or [n_parameters], set. */
double reference_loss(const struct reference_network *network, size_t n, const double *x, const size_t *tasks,
                      const double *targets, double *gradient);

/* The same loss's derivative with respect to parameter `index`, by the central difference over +-step. */
double reference_loss_difference(struct reference_network *network, size_t n, const double *x, const size_t *tasks,
                                 const double *targets, size_t index, double step);

/* What one hidden unit means to one task, over n test samples x [n][2] with targets [n]. With e = (y - target)^2,
 * d = change of e when the unit is silenced, E = mean over the samples: */
struct reference_importance {
    double ablation_mean;   /* (E[d])^2 */
    double ablation_sample; /* E[d^2] */
    double taylor_mean;     /* (E[h de/dh])^2 */
    double taylor_sample;   /* E[(h de/dh)^2] */
    double contribution;    /* E[(h dy/dh)^2] */
    double variance;        /* E[(h - E[h])^2] */
    double loss_change;     /* E[d] */
    double mean_activation; /* E[h] */
};

/* By brute force: ablation runs the whole network with the unit held at 0; derivatives with respect to h are central
 * differences of the whole network with the unit held at h +- step. */
struct reference_importance reference_unit_importance(const struct reference_network *network, size_t n,
                                                      const double *x, const double *targets, size_t task, size_t layer,
                                                      size_t unit, double step);

/* Relative importance of one layer for a pair of tasks, from importances a [n] and b [n] of its units:
 * an importance below unimportant_below times its mean over the layer counts as 0;
 * ri [n] = (a - b)/(a + b), NaN where both are 0. */
void reference_relative_importance(size_t n, const double *a, const double *b, double unimportant_below, double *ri);

#endif
