#include "cost.h"

#include <math.h>
#include <string.h>

/* What a vector of weights costs, in ns: fitted by tests/bench/fit_costs.py; picky bench shows how well they hold. */
struct costs {
    const char *name;
    double multiply_add, multiply_add_units; /* for each row, forward, back or into a gradient */
    double adam, adam_units;
};

static const struct costs all_costs[] = {
    {"avx512", 0.27, 0.27, 7.6, 7.2},
    {"avx2", 0.14, 0.14, 3.5, 5.8},
    {"neon", 0.14, 0.14, 3.5, 5.8},
    {"portable", 7.5, 7.5, 12, 25},
};

static const double sgd_share = 0.3;       /* of Adam's cost */
static const double sample_ns = 16;        /* to load a sample of a batch, and its loss */
static const double layer_ns = 100;        /* of a step beside its vectors */
static const double ns_per_far_byte = .05; /* weights and moments, there and back, of a step */
static const double near_bytes = 6e6;      /* so much of them costs nothing more: it comes while others are computed */

static const struct costs *costs_of(const struct kernels *kernels)
{
    const struct costs *costs = all_costs;
    for (size_t i = 0; i < sizeof all_costs / sizeof all_costs[0]; i++)
        if (strcmp(all_costs[i].name, kernels->name) == 0)
            costs = &all_costs[i];
    return costs;
}

struct cost_terms cost_terms(const struct kernels *kernels, const struct shape *shape)
{
    const bool has_units = kernels->lanes == 1, is_adam = shape->optimizer == OPTIMIZER_ADAM;
    const double H = (double)shape->hidden_size, L = (double)shape->hidden_layers, rows = (double)shape->batch_size;
    const double width = (double)kernels->panel_units, lanes = has_units ? width : (double)kernels->lanes;
    /* The last panel of each layer has empty lanes. */
    const double panels = has_units ? ceil(H / width) / H : 1;
    const double vectors = panels * (double)shape_n_parameters(shape), hidden = panels * H * (H + 1);
    const double bytes = vectors * lanes * sizeof(float) * (is_adam ? 3 : 1);
    const double far_ns = fmax(bytes - near_bytes, 0) * ns_per_far_byte;
    const double steps = (double)shape_steps(shape), test_rows = (double)shape->n_tasks * (double)shape->N_test;
    const double samples = test_rows + (double)shape->steps[0] * rows;
    /* Silencing a unit of layer l re-does layers l+2..L where the unit is active; in a pack not all lanes are, and
     * twice as much is done. */
    const double silenced = test_rows * H * (has_units ? 0.5 : 1);
    return (struct cost_terms){
        .untrained = {.multiply_adds = samples * vectors, .rest_ns = samples * sample_ns},
        .training = {.multiply_adds = vectors * (3 * rows * steps + (double)shape_history(shape) * test_rows),
                     .updates = vectors * steps * (is_adam ? 1 : sgd_share),
                     .rest_ns = steps * (far_ns + (L + 1) * layer_ns + rows * sample_ns * (double)kernels->lanes)},
        .measures = {.multiply_adds = silenced * hidden * (L - 1) * (L - 2) / 2, .rest_ns = silenced * layer_ns},
    };
}

struct pack_cost cost_of_pack(const struct kernels *kernels, const struct shape *shape)
{
    const struct costs *costs = costs_of(kernels);
    const struct cost_terms terms = cost_terms(kernels, shape);
    const bool has_units = kernels->lanes == 1;
    const double multiply_add = has_units ? costs->multiply_add_units : costs->multiply_add;
    const double update = has_units ? costs->adam_units : costs->adam;
    return (struct pack_cost){
        .untrained_ns = terms.untrained.multiply_adds * multiply_add + terms.untrained.rest_ns,
        .training_ns =
            terms.training.multiply_adds * multiply_add + terms.training.updates * update + terms.training.rest_ns,
        .measures_ns = terms.measures.multiply_adds * multiply_add + terms.measures.rest_ns,
    };
}
