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
    all[n++] = widest->units;
    return n;
}

double packing_cost(const struct kernels *kernels, const struct shape *shape)
{
    return shape_cost(shape) * (double)(kernels->lanes > 1 ? 1 : shape->hidden_size > 128 ? 0.05 : 0.2);
}

/* "models", "units", or NULL: as costs are. */
static const char *forced_layout(void)
{
    const char *layout = getenv("PICKY_LAYOUT");
    return layout && *layout ? layout : NULL;
}

enum error_code packing_check(struct error *error)
{
    const char *layout = forced_layout();
    if (!layout || strcmp(layout, "models") == 0 || strcmp(layout, "units") == 0)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "PICKY_LAYOUT = \"%.40s\": allowed: models, units", layout);
}

struct packing packing_choose(const struct kernels *widest, const struct hyperparameters *h, size_t n,
                              uint64_t memory_bytes)
{
    const struct shape shape = shape_of(h);
    const struct kernels *all[PACKINGS_MAX];
    const char *forced = forced_layout();
    struct packing best = {0};
    double best_cost = 0;
    int n_all = packings(widest, all);
    for (int i = 0; i < n_all; i++) {
        const struct kernels *kernels = all[i];
        size_t n_models = n < kernels->lanes ? n : kernels->lanes;
        uint64_t n_bytes = training_bytes(&shape, kernels->lanes) + importance_bytes(&shape, kernels->lanes);
        uint64_t n_one = n_bytes + training_data_bytes(h->N_train, 1);
        if (best.n_models == 0 && (!best.kernels || n_one < best.n_bytes))
            best = (struct packing){kernels, 0, n_one};
        if (forced && (strcmp(forced, "units") == 0) != (kernels->lanes == 1) && (kernels->lanes == 1 || i > 0))
            continue;
        while (n_models > 0 && n_bytes + training_data_bytes(h->N_train, n_models) > memory_bytes)
            n_models--;
        if (n_models == 0)
            continue;
        double cost = packing_cost(kernels, &shape) / (double)n_models;
        if (best.n_models > 0 && cost >= best_cost)
            continue;
        best = (struct packing){kernels, n_models, n_bytes + training_data_bytes(h->N_train, n_models)};
        best_cost = cost;
    }
    return best;
}
