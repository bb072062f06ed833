#include "layer_mask.h"

#include <inttypes.h>

bool layer_mask_has(uint64_t layers, size_t layer)
{
    return layers == 0 || (layers >> layer & 1);
}

enum error_code layer_mask_check(uint64_t layers, const struct reader *reader, struct error *error)
{
    uint64_t n_layers = reader->layout.size[DIMENSION_LAYER];
    for (uint64_t l = n_layers; l < 64; l++)
        if (layers >> l & 1)
            return error_set(error, ERROR_INPUT, "--layer %d: allowed: 1 to %d, the layers of this file", (int)l + 1,
                             (int)n_layers);
    return ERROR_NONE;
}

enum error_code layer_mask_check_each(uint64_t layers, const struct reader *reader, const struct selection *selection,
                                      struct error *error)
{
    for (size_t i = 0; i < selection->n; i++) {
        size_t config = selection->configs[i];
        int64_t n = reader->configs[config].hidden_layers;
        for (int layer = (int)n + 1; layer <= LAYERS_MAX; layer++)
            if (layers >> (layer - 1) & 1)
                return error_set(error, ERROR_INPUT,
                                 "--layer %d: configuration %zu of %s has %" PRId64
                                 " hidden layer%s: choose others with "
                                 "--where",
                                 layer, config, reader->path, n, n == 1 ? "" : "s");
    }
    return ERROR_NONE;
}
