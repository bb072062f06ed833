#include "curves.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64u << 20)

/* Takes points first_point.. of the curves from the errors [n, n_tasks, n_models] at entries first .. first + n - 1;
 * returns the first point that lies beyond them. */
static size_t take_points(struct curves *curves, size_t point, size_t first, size_t n, float *errors)
{
    for (; point < curves->n_points && curves->entries[point] < first + n; point++)
        for (size_t t = 0; t < curves->n_tasks; t++) {
            size_t at = point * curves->n_tasks + t;
            float *values = errors + ((curves->entries[point] - first) * curves->n_tasks + t) * curves->n_models;
            for (size_t m = 0; m < curves->n_drawn; m++)
                curves->drawn[m * curves->n_points * curves->n_tasks + at] =
                    values[m * curves->n_models / curves->n_drawn];
            statistics_sort(values, curves->n_models);
            curves->median[at] = statistics_quantile(values, curves->n_models, 0.5);
            curves->low[at] = statistics_quantile(values, curves->n_models, 0.05);
            curves->high[at] = statistics_quantile(values, curves->n_models, 0.95);
        }
    return point;
}

enum error_code curves_read(struct reader *reader, size_t config, size_t n_drawn_max, size_t n_points_max,
                            struct curves *curves, struct error *error)
{
    size_t history = (size_t)hyperparameters_history(&reader->configs[config]);
    float *errors = NULL;

    memset(curves, 0, sizeof *curves);
    error->code = ERROR_NONE;
    curves->n_tasks = (size_t)hyperparameters_n_tasks(&reader->configs[config]);
    curves->n_models = models_accepted(reader, config);
    if (curves->n_models == 0)
        return ERROR_NONE;
    curves->n_drawn = curves->n_models < n_drawn_max ? curves->n_models : n_drawn_max;
    curves->n_points = history < n_points_max ? history : n_points_max;

    /* As many entries of the history at a time as fit into a block, all models of each. */
    size_t n_entry = curves->n_tasks * curves->n_models, n_at_once = BLOCK_BYTES / (n_entry * sizeof *errors);
    n_at_once = n_at_once < 1 ? 1 : n_at_once > history ? history : n_at_once;
    size_t n_values = curves->n_points * curves->n_tasks;
    errors = malloc(n_at_once * n_entry * sizeof *errors);
    curves->entries = malloc(curves->n_points * sizeof *curves->entries);
    curves->median = malloc(n_values * sizeof *curves->median);
    curves->low = malloc(n_values * sizeof *curves->low);
    curves->high = malloc(n_values * sizeof *curves->high);
    curves->drawn = malloc(curves->n_drawn * n_values * sizeof *curves->drawn);
    if (!errors || !curves->entries || !curves->median || !curves->low || !curves->high || !curves->drawn) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t p = 0; p < curves->n_points; p++)
        curves->entries[p] = p * (history - 1) / (curves->n_points - 1); /* a history has 2 entries or more */

    error->code = ERROR_NONE;
    size_t point = 0;
    for (size_t first = 0; first < history && !error->code; first += n_at_once) {
        size_t n = history - first < n_at_once ? history - first : n_at_once;
        if (!models_test_error(reader, config, first, n, errors, error))
            point = take_points(curves, point, first, n, errors);
    }
done:
    free(errors);
    return error->code;
}

void curves_free(struct curves *curves)
{
    free(curves->entries);
    free(curves->median);
    free(curves->low);
    free(curves->high);
    free(curves->drawn);
    memset(curves, 0, sizeof *curves);
}
