#include "cost.h"

#include <math.h>
#include <string.h>

/* In ns, fitted by tests/bench/fit_costs.py; picky bench shows how well they hold. */
struct costs {
    const char *name;
    double models[N_COSTS], units[N_COSTS];
};

static const struct costs all_costs[] = {
    {"avx512", {0.264, 0.314, 3.94, 4.03, 6.51, 37.5, 411, 0.264}, {0.36, 0, 3.7, 0, 57, 57, 75.1, 0.158}},
    {"avx2", {0.175, 0.32, 1.3, 2.1, 9.5, 8.5, 214, 0.141}, {0.302, 0.03, 0.05, 0, 33, 52, 62.9, 0.0825}},
    {"neon",
     {0.175, 0.32, 1.3, 2.1, 9.5, 8.5, 214, 0.141},
     {0.302, 0.03, 0.05, 0, 33, 52, 62.9, 0.0825}}, /* not measured: as AVX2 */
    {"portable", {6.19, 6.09, 31.6, 15.2, 0, 0, 740, 4.34}, {6.56, 0, 33.4, 0, 2.02, 25.3, 236, 3.63}},
};

static const double sgd_share = 0.3;          /* of Adam's cost */
static const double near_bytes = 8e6;         /* weights and activations: with so many, half of them are far */
static const double near_update_bytes = 16e6; /* weights and moments */

static const struct costs *costs_of(const struct kernels *kernels)
{
    const struct costs *costs = all_costs;
    for (size_t i = 0; i < sizeof all_costs / sizeof all_costs[0]; i++)
        if (strcmp(all_costs[i].name, kernels->name) == 0)
            costs = &all_costs[i];
    return costs;
}

static double share_far(double n_bytes, double near)
{
    return n_bytes / (n_bytes + near);
}

struct cost_terms cost_terms(const struct kernels *kernels, const struct shape *shape)
{
    const bool has_units = kernels->lanes == 1;
    const double H = (double)shape->hidden_size, L = (double)shape->hidden_layers, rows = (double)shape->batch_size;
    const double width = (double)kernels->panel_units, steps = (double)shape_steps(shape);
    const double lanes = has_units ? width : (double)kernels->lanes, n_models = (double)kernels->lanes;
    /* The last panel of each layer has empty lanes. */
    const double panels = has_units ? ceil(H / width) / H : 1;
    const double vectors = panels * (double)shape_n_parameters(shape), n_bytes = vectors * lanes * sizeof(float);
    const double far = share_far(n_bytes + rows * panels * H * L * lanes * sizeof(float), near_bytes);
    const double far_update = share_far(3 * n_bytes, near_update_bytes);
    const double test_rows = (double)shape->n_tasks * (double)shape->N_test;
    const double samples = test_rows + (double)shape->steps[0] * rows, silenced = test_rows * H;
    const double multiply_adds = vectors * (3 * rows * steps + (double)shape_history(shape) * test_rows);
    const double updates = vectors * steps * (shape->optimizer == OPTIMIZER_ADAM ? 1 : sgd_share);
    return (struct cost_terms){
        .untrained.n = {[COST_MULTIPLY_ADD] = samples * vectors,
                        [COST_FAR_MULTIPLY_ADD] = samples * vectors * far,
                        [COST_SAMPLE] = samples * n_models},
        .training.n = {[COST_MULTIPLY_ADD] = multiply_adds,
                       [COST_FAR_MULTIPLY_ADD] = multiply_adds * far,
                       [COST_UPDATE] = updates,
                       [COST_FAR_UPDATE] = updates * far_update,
                       [COST_SAMPLE] = rows * steps * n_models,
                       [COST_LAYER] = steps * (L + 1)},
        /* Silencing a unit of layer l re-does layers l+2..L. */
        .measures.n = {[COST_SILENCED] = silenced,
                       [COST_SILENCED_MULTIPLY_ADD] = silenced * panels * H * (H + 1) * (L - 1) * (L - 2) / 2},
    };
}

static double cost_of(const double costs[N_COSTS], const struct cost_term *term)
{
    double ns = 0;
    for (int i = 0; i < N_COSTS; i++)
        ns += costs[i] * term->n[i];
    return ns;
}

struct pack_cost cost_of_pack(const struct kernels *kernels, const struct shape *shape)
{
    const struct costs *all = costs_of(kernels);
    const double *costs = kernels->lanes == 1 ? all->units : all->models;
    const struct cost_terms terms = cost_terms(kernels, shape);
    return (struct pack_cost){cost_of(costs, &terms.untrained), cost_of(costs, &terms.training),
                              cost_of(costs, &terms.measures)};
}
