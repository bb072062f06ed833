/* What an axis has to hold. */
#ifndef PICKY_EXTENT_H
#define PICKY_EXTENT_H

#include "bootstrap.h"

#include <stdbool.h>

#define EXTENT_MODELS_MIN 6 /* intervals of fewer models reach far, and would leave the others no room */

/* The range of values, and of intervals of EXTENT_MODELS_MIN models or more; of fewer where there are no others. */
struct extent {
    double low, high; /* once all is added: extent_end */
    double few_low, few_high;
    bool has_intervals;
};
#define EXTENT_EMPTY ((struct extent){INFINITY, -INFINITY, INFINITY, -INFINITY, false})

void extent_add_value(struct extent *extent, double value);              /* a NaN does not count */
void extent_add(struct extent *extent, const struct estimate *estimate); /* its value and interval */

/* Ends the additions. Whether an interval goes beyond the extent; EXTENT_REMARK then says so. */
bool extent_end(struct extent *extent);
#define EXTENT_REMARK "intervals of fewer than 6 models may go on beyond the axis"

#endif
