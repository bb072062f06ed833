#include "models.h"

#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const normalise_names[N_NORMALISE] = {"none", "layer"};

double ri_selective_above(const struct ri_options *options)
{
    return options->selective_above > 0 ? options->selective_above : RI_SELECTIVE_ABOVE;
}

double ri_mixed_below(const struct ri_options *options)
{
    return options->mixed_below > 0 ? options->mixed_below : RI_MIXED_BELOW;
}

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
        if (!models_is_chosen(reader, config, first + r))
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
            models_is_chosen(reader, config, first + r) &&
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
            has[r] = models_is_chosen(reader, config, r);
        *n += has[r];
    }
    return code;
}

const char *models_word(const struct reader *reader)
{
    if (!(reader->chosen >> STATUS_REJECTED & 1))
        return "accepted";
    return reader->chosen >> STATUS_ACCEPTED & 1 ? "accepted and rejected" : "rejected";
}

const char *models_none(const struct reader *reader)
{
    if (!(reader->chosen >> STATUS_REJECTED & 1))
        return "no accepted model";
    return reader->chosen >> STATUS_ACCEPTED & 1 ? "no accepted or rejected model" : "no rejected model";
}

size_t models_accepted(const struct reader *reader, size_t config)
{
    size_t n = 0;
    for (size_t r = 0; r < reader->n_replicates; r++)
        n += models_is_chosen(reader, config, r);
    return n;
}

/* ---- which models ---- */

bool models_is_chosen(const struct reader *reader, size_t config, size_t replicate)
{
    unsigned chosen = reader->chosen ? reader->chosen : 1u << STATUS_ACCEPTED;
    enum job_status status = reader_status(reader, config, replicate);
    return (chosen >> status & 1) &&
           (status != STATUS_REJECTED || !reader->is_dead[config * reader->n_replicates + replicate]);
}

struct untrained {
    float *errors; /* [n_replicates, n_tasks] */
    uint8_t *is_dead;
    size_t n_tasks;
};

static void take_untrained(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                           const void *values)
{
    const struct untrained *u = context;
    (void)reader, (void)config;
    memcpy(u->errors + first * u->n_tasks, values, n * u->n_tasks * sizeof *u->errors);
}

static void take_trained(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                         const void *values)
{
    const struct untrained *u = context;
    const float *errors = values;
    for (size_t r = 0; r < n; r++) {
        bool has_changed = false;
        for (size_t t = 0; t < u->n_tasks; t++)
            has_changed |= isfinite(errors[r * u->n_tasks + t]) &&
                           errors[r * u->n_tasks + t] != u->errors[(first + r) * u->n_tasks + t];
        u->is_dead[first + r] = reader_status(reader, config, first + r) == STATUS_REJECTED && !has_changed;
    }
}

/* Finds the dead ones among a configuration's rejected models. */
static enum error_code find_dead(struct reader *reader, size_t config, float *errors, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    uint64_t n_tasks = (uint64_t)hyperparameters_n_tasks(h);
    struct untrained u = {errors, reader->is_dead + config * reader->n_replicates, (size_t)n_tasks};
    struct reader_part first = {{0, 0}, {1, n_tasks}};
    struct reader_part last = {{(uint64_t)hyperparameters_history(h) - 1, 0}, {1, n_tasks}};
    uint64_t counts[N_STATUSES];
    reader_count(reader, config, counts);
    if (counts[STATUS_REJECTED] == 0)
        return ERROR_NONE;
    if (models_for_each_chunk(reader, FIELD_TEST_ERROR, config, &first, take_untrained, &u, error))
        return error->code;
    return models_for_each_chunk(reader, FIELD_TEST_ERROR, config, &last, take_trained, &u, error);
}

enum error_code models_choose(struct reader *reader, unsigned statuses, struct error *error)
{
    check((statuses & ~(1u << STATUS_ACCEPTED | 1u << STATUS_REJECTED)) == 0);
    error->code = ERROR_NONE;
    if (!reader->is_dead && (statuses >> STATUS_REJECTED & 1)) {
        float *errors = calloc(reader->n_replicates, TASKS_MAX * sizeof *errors);
        reader->is_dead = calloc(reader->n_configs * reader->n_replicates, 1);
        if (!errors || !reader->is_dead)
            error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        for (size_t c = 0; c < reader->n_configs && !error->code; c++)
            find_dead(reader, c, errors, error);
        free(errors);
    }
    reader->chosen = statuses;
    return error->code;
}
