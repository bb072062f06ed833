/* A pack of networks of one shape, one in each SIMD lane, and the buffers that samples flow through.
 *
 * Layers are numbered 1..L+1; L+1 is the output (one unit). The input of layer l is a row of columns: the layer's
 * inputs (x0, x1, ..., or the H units before), then, at the context layer, the T context entries, then 1 for the bias.
 * Arrays are of vectors (kernels.h): one float for each lane. */
#ifndef PICKY_NETWORK_H
#define PICKY_NETWORK_H

#include "interrupt.h"
#include "kernels.h"
#include "rng.h"
#include "shape.h"

#define NETWORK_LAYERS_MAX (LAYERS_MAX + 2) /* layers are numbered from 1 */

/* One layer's sizes, in units and vectors. */
struct layer {
    size_t n_inputs;  /* without context and bias */
    size_t n_context; /* T at the context layer, else 0 */
    size_t n_columns; /* n_inputs + n_context + 1 */
    size_t n_units;
    float *weights;           /* panels (kernels.h), n_units x n_columns; the last column is the bias */
    float *moment1, *moment2; /* the optimiser's state, as weights (Adam) */
};

struct network {
    struct shape shape;
    const struct kernels *kernels;
    const atomic_bool *interrupt; /* borrowed; ends early all that is done with the network (interrupt.h) */
    size_t lanes;
    int n_layers; /* hidden_layers + 1 */
    struct layer layer[NETWORK_LAYERS_MAX];
    size_t largest_layer; /* weights of one */
    /* [lanes] beta^t after the t Adam steps that the lane's model has taken. */
    double beta1_power[KERNELS_LANES_MAX], beta2_power[KERNELS_LANES_MAX];
    float *rate_base;      /* one vector: each model's learning rate */
    float *rate, *epsilon; /* one vector each: scratch of the current step */
    void *memory;          /* owns all of the above */
};

/* Allocates a pack; weights are 0. interrupt: interrupt.h, or NULL. ERROR_FATAL if memory is short. Ended by
 * network_destroy. */
enum error_code network_create(struct network *network, const struct shape *shape, const struct kernels *kernels,
                               const atomic_bool *interrupt, struct error *error);
void network_destroy(struct network *network); /* an all-zero network is allowed */

/* Bytes that network_create allocates. */
uint64_t network_bytes(const struct shape *shape, size_t lanes);

/* Makes every lane an untrained, empty model: weights, moments and rate 0, step count 0. */
void network_clear(struct network *network);

/* Makes a lane an untrained model, whatever the others are at: gives it its initial weights, U(-1/sqrt(fan_in),
 * 1/sqrt(fan_in)) (PyTorch's default for nn.Linear), biases 0, fan_in being inputs and context, and its learning rate;
 * moments and step count are 0. */
void network_initialise(struct network *network, size_t lane, struct rng_key key, double learning_rate);

/* From now on steps change nothing in the lane. */
void network_freeze(struct network *network, size_t lane);

/* Copies the weights of a lane into one of another network that has the same layers and kernels. */
void network_copy_lane(struct network *to, size_t to_lane, const struct network *from, size_t from_lane);

/* The weight of (layer 1..L+1, unit, column) in a lane; column n_columns - 1 is the bias. */
float network_weight(const struct network *network, size_t lane, int layer, size_t unit, size_t column);
void network_set_weight(struct network *network, size_t lane, int layer, size_t unit, size_t column, float value);

/* True if every weight of the lane is finite. */
bool network_is_finite(const struct network *network, size_t lane);

/* Rows of samples on their way through a network. */
struct activations {
    size_t n_rows_max;
    float *in[NETWORK_LAYERS_MAX];    /* [n_rows][in_stride[l]]: the input rows of layer l; the bias's 1 is in place */
    float *sum[NETWORK_LAYERS_MAX];   /* [n_rows][n_units(l)]: sums before the activation; NULL unless asked for */
    float *delta[NETWORK_LAYERS_MAX]; /* [n_rows][delta_stride[l]]: derivatives with respect to the layer's sums */
    size_t in_stride[NETWORK_LAYERS_MAX], delta_stride[NETWORK_LAYERS_MAX];
    float *out; /* [n_rows]: the output y */
    void *memory;
};

/* Allocates buffers for n_rows_max rows of `network`'s shape. ERROR_FATAL if memory is short. */
enum error_code activations_create(struct activations *activations, const struct network *network, size_t n_rows_max,
                                   bool with_sums, struct error *error);
void activations_destroy(struct activations *activations);

/* Bytes that activations_create allocates for a network of this shape. */
uint64_t activations_bytes(const struct shape *shape, size_t lanes, size_t n_rows_max, bool with_sums);

/* The context entry of a row and task: one vector, to be set by the caller. */
float *activations_context(const struct activations *activations, const struct network *network, size_t row, int task);

/* Runs rows 0..n_rows-1 from the inputs in in[1] (and the context) to out; fills in[l] and, if allocated, sum[l]. */
void network_forward(const struct network *network, struct activations *activations, size_t n_rows);

/* Runs layers first..L+1 only, from in[first]. */
void network_forward_from(const struct network *network, struct activations *activations, int first, size_t n_rows);

/* Carries delta[L+1] (set by the caller) back to all hidden layers: delta[l] = derivative with respect to the sums of
 * layer l. Backpropagation: Rumelhart, Hinton & Williams 1986. */
void network_backward(const struct network *network, struct activations *activations, size_t n_rows);

/* network_backward and one optimiser step, layer by layer from the output. Adam: Kingma & Ba 2015, Algorithm 1. */
void network_step(struct network *network, struct activations *activations, size_t n_rows);

#endif
