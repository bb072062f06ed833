#include "units.h"

#include <stdlib.h>
#include <string.h>

enum error_code units_create(struct units *units, const struct reader *reader, size_t config, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    *units = (struct units){.n_measures = (size_t)reader_n_measures(reader),
                            .n_tasks = (size_t)hyperparameters_n_tasks(h),
                            .n_layers = (size_t)h->hidden_layers,
                            .n_units = (size_t)h->hidden_size};
    size_t n = units->n_measures * units->n_tasks * units->n_layers * units->n_units;
    units->importance = malloc((n + units->n_units) * sizeof(float));
    if (!units->importance)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    units->missing = units->importance + n;
    for (size_t i = 0; i < units->n_units; i++)
        units->missing[i] = quiet_nan();
    return ERROR_NONE;
}

void units_destroy(struct units *units)
{
    free(units->importance);
    memset(units, 0, sizeof *units);
}

enum error_code units_load(struct units *units, struct reader *reader, size_t config, size_t replicate,
                           struct error *error)
{
    /* Without the padding of a configuration that is smaller than the file's largest. */
    struct reader_part part = {{0}, {units->n_measures, units->n_tasks, units->n_layers, units->n_units}};
    return reader_read(reader, FIELD_IMPORTANCE, config, replicate, 1, &part, units->importance, error);
}

const float *units_importance(const struct units *units, enum measure measure, size_t task, size_t layer)
{
    if (task >= units->n_tasks)
        return units->missing;
    return units->importance + ((measure * units->n_tasks + task) * units->n_layers + layer) * units->n_units;
}

void units_relative_importance(const struct units *units, const struct ri_options *options, enum measure measure,
                               size_t layer, double *ri)
{
    models_layer_ri(units_importance(units, measure, (size_t)options->task_a, layer),
                    units_importance(units, measure, (size_t)options->task_b, layer), units->n_units, options, ri);
}

bool units_has_measure(const struct units *units, enum measure measure)
{
    return models_has_measure(units_importance(units, measure, 0, 0),
                              units->n_tasks * units->n_layers * units->n_units);
}

size_t units_sample(const bool *has, size_t n_replicates, size_t n, size_t n_max, size_t *replicates)
{
    size_t n_wanted = n < n_max ? n : n_max, n_seen = 0, n_taken = 0;
    for (size_t r = 0; r < n_replicates && n_taken < n_wanted; r++)
        if (has[r] && n_seen++ == n_taken * n / n_wanted)
            replicates[n_taken++] = r;
    return n_wanted;
}
