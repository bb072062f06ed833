#include "packing.h"

#include "importance.h"
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int packings(const struct kernels *widest, const struct kernels **all)
{
    int n = 0;
    for (const struct kernels *kernels = widest; kernels && n < PACKINGS_MAX - 1; kernels = kernels_narrower(kernels))
        all[n++] = kernels;
    if (widest->units)
        all[n++] = widest->units;
    return n;
}

/* ---- costs -------------------------------------------------------------------------------------------------- */

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

double packing_cost(const struct kernels *kernels, const struct shape *shape)
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
    return (double)shape_steps(shape) * a_step + tests + ablation;
}

/* ---- choice ------------------------------------------------------------------------------------------------- */

enum error_code layout_choose(enum layout *layout, struct error *error)
{
    const char *text = getenv("PICKY_LAYOUT");
    *layout = LAYOUT_ANY;
    if (!text || *text == '\0')
        return ERROR_NONE;
    *layout = strcmp(text, "models") == 0 ? LAYOUT_MODELS : LAYOUT_UNITS;
    if (*layout == LAYOUT_MODELS || strcmp(text, "units") == 0)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "PICKY_LAYOUT = \"%.40s\": allowed: models, units", text);
}

struct packing packing_choose(const struct kernels *widest, const struct hyperparameters *h, size_t n,
                              uint64_t memory_bytes)
{
    return packing_choose_of(LAYOUT_ANY, widest, h, n, memory_bytes);
}

uint64_t packing_bytes(const struct kernels *kernels, const struct shape *shape, int64_t N_train, size_t n_models)
{
    uint64_t n_bytes = training_bytes(shape, kernels->lanes) + importance_bytes(shape, kernels->lanes);
    if (kernels->lanes == 1)
        return n_bytes + training_data_bytes(shape, N_train, n_models);
    const struct shape kept = training_kept_shape(shape);
    return n_bytes + training_bytes(&kept, kernels->lanes) + training_data_bytes(shape, N_train, 2 * n_models);
}

struct packing packing_choose_of(enum layout layout, const struct kernels *widest, const struct hyperparameters *h,
                                 size_t n, uint64_t memory_bytes)
{
    const struct shape shape = shape_of(h);
    const struct kernels *all[PACKINGS_MAX];
    struct packing best = {0};
    double best_cost = 0;
    int n_all = packings(widest, all);
    for (int i = 0; i < n_all; i++) {
        const struct kernels *kernels = all[i];
        if (layout != LAYOUT_ANY && (layout == LAYOUT_UNITS) != (kernels->lanes == 1))
            continue;
        size_t n_models = n < kernels->lanes ? n : kernels->lanes;
        uint64_t n_one = packing_bytes(kernels, &shape, h->N_train, 1);
        if (best.n_models == 0 && (!best.kernels || n_one < best.n_bytes))
            best = (struct packing){kernels, 0, n_one};
        while (n_models > 0 && packing_bytes(kernels, &shape, h->N_train, n_models) > memory_bytes)
            n_models--;
        if (n_models == 0)
            continue;
        double cost = packing_cost(kernels, &shape) * (double)((n + n_models - 1) / n_models);
        if (best.n_models > 0 && cost >= best_cost)
            continue;
        best = (struct packing){kernels, n_models, packing_bytes(kernels, &shape, h->N_train, n_models)};
        best_cost = cost;
    }
    return best;
}
