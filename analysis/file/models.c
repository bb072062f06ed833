#include "models.h"

#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const normalise_names[N_NORMALISE] = {"none", "layer"};

void models_layer_ri(const float *importance_a, const float *importance_b, size_t n, const struct ri_options *options,
                     double *ri)
{
    relative_importance_in_double(importance_a, importance_b, n, options->unimportant_below,
                                  options->normalise == NORMALISE_LAYER, ri);
}

bool models_has_measure(const float *importance, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(importance[i]))
            return true;
    return false;
}

enum error_code models_for_each_chunk(struct reader *reader, enum field field, size_t config,
                                      const struct reader_part *part, models_function function, void *context,
                                      struct error *error)
{
    size_t n_at_once = reader_chunk(reader, field, part);
    void *values = malloc(n_at_once * reader_part_bytes(field, part));
    if (!values)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);

    error->code = ERROR_NONE;
    for (size_t first = 0; first < reader->n_replicates && !error->code; first += n_at_once) {
        size_t left = reader->n_replicates - first, n = left < n_at_once ? left : n_at_once;
        if (!reader_read(reader, field, config, first, n, part, values, error))
            function(context, reader, config, first, n, values);
        if (field == FIELD_IMPORTANCE)
            ticker_add(reader->ticker, n);
    }
    free(values);
    return error->code;
}

struct error_context {
    float *errors; /* [n_entries, n_tasks, n_accepted] */
    size_t n_entries, n_tasks, n_accepted, n_seen;
};

static void take_errors(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                        const void *values)
{
    struct error_context *c = context;
    size_t n_curve = c->n_entries * c->n_tasks;
    const float *errors = values; /* [replicate, epoch, task] */
    for (size_t r = 0; r < n; r++) {
        if (reader_status(reader, config, first + r) != STATUS_ACCEPTED)
            continue;
        for (size_t i = 0; i < n_curve; i++)
            c->errors[i * c->n_accepted + c->n_seen] = errors[r * n_curve + i];
        c->n_seen++;
    }
}

enum error_code models_test_error(struct reader *reader, size_t config, size_t first, size_t n, float *errors,
                                  struct error *error)
{
    struct error_context context = {.errors = errors,
                                    .n_entries = n,
                                    .n_tasks = (size_t)hyperparameters_n_tasks(&reader->configs[config]),
                                    .n_accepted = models_accepted(reader, config)};
    struct reader_part part = {{first, 0}, {n, context.n_tasks}};
    if (models_for_each_chunk(reader, FIELD_TEST_ERROR, config, &part, take_errors, &context, error))
        return error->code;
    for (size_t i = 0; i < n * context.n_tasks * context.n_accepted; i++)
        if (!isfinite(errors[i]))
            return error_set(error, ERROR_INPUT,
                             "%s: damaged or incomplete file: configuration %zu has accepted models without test_error",
                             reader->path, config);
    return ERROR_NONE;
}

static void add_attempts(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                         const void *values)
{
    uint64_t *n_attempts = context;
    const uint16_t *attempts = values;
    for (size_t r = 0; r < n; r++) {
        enum job_status status = reader_status(reader, config, first + r);
        if (status == STATUS_ACCEPTED || status == STATUS_REJECTED || status == STATUS_DIVERGED)
            *n_attempts += attempts[r];
    }
}

enum error_code models_attempts(struct reader *reader, size_t config, uint64_t *n_attempts, struct error *error)
{
    struct reader_part part = reader_whole(reader, FIELD_ATTEMPTS);
    *n_attempts = 0;
    return models_for_each_chunk(reader, FIELD_ATTEMPTS, config, &part, add_attempts, n_attempts, error);
}

struct measured {
    size_t n_importances; /* of a model */
    bool *has;            /* [n_replicates] */
};

static void take_measured(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                          const void *values)
{
    const struct measured *measured = context;
    const float *importance = values;
    for (size_t r = 0; r < n; r++)
        measured->has[first + r] =
            reader_status(reader, config, first + r) == STATUS_ACCEPTED &&
            models_has_measure(importance + r * measured->n_importances, measured->n_importances);
}

enum error_code models_with_measure(struct reader *reader, size_t config, enum measure measure, bool *has, size_t *n,
                                    struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    const uint64_t n_tasks = (uint64_t)hyperparameters_n_tasks(h), n_layers = (uint64_t)h->hidden_layers;
    const struct reader_part part = {{measure, 0, 0, 0}, {1, n_tasks, n_layers, (uint64_t)h->hidden_size}};
    struct measured measured = {part.count[1] * part.count[2] * part.count[3], has};
    enum error_code code = ERROR_NONE;
    if (measure_table[measure].since > 1)
        code = models_for_each_chunk(reader, FIELD_IMPORTANCE, config, &part, take_measured, &measured, error);
    *n = 0;
    for (size_t r = 0; r < reader->n_replicates && !code; r++) {
        if (measure_table[measure].since <= 1) /* in every file */
            has[r] = reader_status(reader, config, r) == STATUS_ACCEPTED;
        *n += has[r];
    }
    return code;
}

size_t models_accepted(const struct reader *reader, size_t config)
{
    uint64_t counts[N_STATUSES];
    reader_count(reader, config, counts);
    return (size_t)counts[STATUS_ACCEPTED];
}
