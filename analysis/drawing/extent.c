#include "extent.h"

#include <math.h>

void extent_add_value(struct extent *extent, double value)
{
    extent->low = fmin(extent->low, value);
    extent->high = fmax(extent->high, value);
}

void extent_add(struct extent *extent, const struct estimate *estimate)
{
    extent_add_value(extent, estimate->value);
    if (estimate->n < EXTENT_MODELS_MIN) {
        extent->few_low = fmin(extent->few_low, estimate->low);
        extent->few_high = fmax(extent->few_high, estimate->high);
        return;
    }
    extent_add_value(extent, estimate->low);
    extent_add_value(extent, estimate->high);
    extent->has_intervals |= isfinite(estimate->low);
}

bool extent_end(struct extent *extent)
{
    if (!extent->has_intervals) {
        extent->low = fmin(extent->low, extent->few_low);
        extent->high = fmax(extent->high, extent->few_high);
    }
    return extent->few_low < extent->low || extent->few_high > extent->high;
}
