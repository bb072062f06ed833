#include "packing.h"

#include "importance.h"
#include "train.h"

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
        const struct pack_cost pack = cost_of_pack(kernels, &shape);
        size_t n_packs = (n + n_models - 1) / n_models;
        double cost = (pack.training_ns + pack.measures_ns) * (double)n_packs;
        if (best.n_models > 0 && cost >= best_cost)
            continue;
        best = (struct packing){kernels, n_models, packing_bytes(kernels, &shape, h->N_train, n_models)};
        best_cost = cost;
    }
    return best;
}

struct pack_cost packing_full_cost(const struct kernels *widest, const struct hyperparameters *h)
{
    const struct packing packing = packing_choose(widest, h, widest->lanes, UINT64_MAX);
    const struct shape shape = shape_of(h);
    const struct pack_cost cost = cost_of_pack(packing.kernels, &shape);
    const double n = (double)packing.n_models;
    return (struct pack_cost){cost.untrained_ns / n, cost.training_ns / n, cost.measures_ns / n};
}
