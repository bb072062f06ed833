#include "unit_order.h"

#include "sharing.h"

#include <stdlib.h>

/* What sorting needs. */
struct layer {
    const double *counted;
    size_t n_tasks, n_units;
};

static int compare_units(const void *a, const void *b, void *context)
{
    const struct layer *layer = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int of_x = unit_sharing_of(layer->counted + x, layer->n_units, (int)layer->n_tasks).preferred;
    int of_y = unit_sharing_of(layer->counted + y, layer->n_units, (int)layer->n_tasks).preferred;
    if (of_x != of_y)
        return of_x < 0 ? 1 : of_y < 0 ? -1 : of_x - of_y;
    double value_x = of_x < 0 ? 0 : layer->counted[(size_t)of_x * layer->n_units + x];
    double value_y = of_y < 0 ? 0 : layer->counted[(size_t)of_y * layer->n_units + y];
    return value_x != value_y ? (value_x > value_y ? -1 : 1) : (x > y) - (x < y);
}

void unit_order(const double *counted, size_t n_tasks, size_t n_units, size_t *order)
{
    struct layer layer = {counted, n_tasks, n_units};
    for (size_t i = 0; i < n_units; i++)
        order[i] = i;
    qsort_r(order, n_units, sizeof *order, compare_units, &layer);
}
