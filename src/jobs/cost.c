#include "cost.h"

#include <math.h>
#include <string.h>

/* What a vector of weights costs, in ns; measured (picky bench shows how well they hold), and of use only beside each
 * other. */
struct costs {
    const char *name;
    double multiply_add; /* for each row, forward, back or into a gradient */
    double adam, adam_units;
};

static const struct costs all_costs[] = {
    {"avx512", 0.27, 7.6, 7.2},
    {"avx2", 0.14, 3.5, 5.8},
    {"neon", 0.14, 3.5, 5.8},
    {"portable", 7.5, 12, 25},
};

static const double sgd_share = 0.3;       /* of Adam's cost */
static const double sample_ns = 16;        /* to load a sample of a batch, and its loss */
static const double layer_ns = 100;        /* of a step beside its vectors */
static const double ns_per_far_byte = .05; /* a weight and its moments, there and back, from beyond the caches */
static const double near_bytes = 16e6;     /* what caches hold of them */

static const struct costs *costs_of(const struct kernels *kernels)
{
    const struct costs *costs = all_costs;
    for (size_t i = 0; i < sizeof all_costs / sizeof all_costs[0]; i++)
        if (strcmp(all_costs[i].name, kernels->name) == 0)
            costs = &all_costs[i];
    return costs;
}

struct pack_cost cost_of_pack(const struct kernels *kernels, const struct shape *shape)
{
    const struct costs *costs = costs_of(kernels);
    bool has_units = kernels->lanes == 1, is_adam = shape->optimizer == OPTIMIZER_ADAM;
    double H = (double)shape->hidden_size, L = (double)shape->hidden_layers, rows = (double)shape->batch_size;
    double width = (double)kernels->panel_units, vectors = (double)shape_n_parameters(shape), hidden = H * (H + 1);
    double lanes = has_units ? width : (double)kernels->lanes;
    if (has_units) { /* the last panel of each layer has empty lanes */
        double panels = ceil(H / width);
        vectors *= panels / H;
        hidden *= panels / H;
    }
    double adam = has_units ? costs->adam_units : costs->adam;
    double step = is_adam ? adam : sgd_share * adam;
    double bytes = vectors * lanes * sizeof(float) * (is_adam ? 3 : 1), far = bytes / (bytes + near_bytes);
    if (bytes > near_bytes / 4)
        step += 2 * far * ns_per_far_byte * bytes / vectors;
    double a_step = vectors * (3 * rows * costs->multiply_add + step) + (L + 1) * layer_ns +
                    rows * sample_ns * (double)kernels->lanes;

    double test_rows = (double)shape->n_tasks * (double)shape->N_test;
    double tests = (double)shape_history(shape) * test_rows * vectors * costs->multiply_add;
    /* Silencing a unit of layer l re-does layers l+2..L where the unit is active; in a pack not all lanes are, and
     * twice as much is done. */
    double layers = (L - 1) * (L - 2) / 2, active = has_units ? 0.5 : 1;
    double ablation = test_rows * H * active * (hidden * layers * costs->multiply_add + layer_ns);
    double samples = test_rows + (double)shape->steps[0] * rows;
    return (struct pack_cost){.untrained_ns = samples * (vectors * costs->multiply_add + sample_ns),
                              .training_ns = (double)shape_steps(shape) * a_step + tests,
                              .measures_ns = ablation};
}
