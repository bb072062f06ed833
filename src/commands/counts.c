#include "counts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 1000 };

struct coverage_value {
    struct hyperparameters h;
    uint64_t counts[N_STATUSES];
};

uint64_t coverage_expected(const uint64_t counts[N_STATUSES])
{
    uint64_t n = 0;
    for (int status = 0; status < N_STATUSES; status++)
        n += counts[status];
    return n;
}

void coverage_text(const uint64_t counts[N_STATUSES], char text[COVERAGE_TEXT_MAX])
{
    int used = snprintf(text, COVERAGE_TEXT_MAX, "%" PRIu64 " expected", coverage_expected(counts));
    for (int i = 1; i <= N_STATUSES; i++) /* pending last */
        used += snprintf(text + used, COVERAGE_TEXT_MAX - (size_t)used, "%s %" PRIu64 " %s", i == 1 ? ":" : ",",
                         counts[i % N_STATUSES], status_names[i % N_STATUSES]);
}

void coverage_shard(const struct shard *shard, char text[COVERAGE_SHARD_MAX])
{
    *text = '\0';
    if (shard->n <= 1)
        return;
    char name[SHARD_TEXT_MAX];
    shard_format(shard, name);
    snprintf(text, COVERAGE_SHARD_MAX, ", shard %s", name);
}

enum error_code coverage_by(struct coverage *coverage, const char *by, struct error *error)
{
    coverage->row = by ? hyperparameter_find(by) : NULL;
    if (!by || coverage->row)
        return ERROR_NONE;
    const char *nearest = hyperparameter_nearest(by, NULL);
    return error_set(error, ERROR_INPUT, "--by %.100s: unknown hyperparameter%s%s%s", by,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static void add_config(void *context, const struct hyperparameters *h, const uint64_t counts[N_STATUSES])
{
    struct coverage *coverage = context;
    size_t i = 0;
    while (i < coverage->n && !hyperparameter_equal(&coverage->values[i].h, h, coverage->row))
        i++;
    if (i == coverage->n) {
        size_t capacity = coverage->capacity > 0 ? 2 * coverage->capacity : 16;
        struct coverage_value *grown = coverage->values;
        if (coverage->n == coverage->capacity && (grown = realloc(grown, capacity * sizeof *grown))) {
            coverage->values = grown;
            coverage->capacity = capacity;
        }
        coverage->is_full = coverage->is_full || !grown || coverage->n == VALUES_MAX;
        if (coverage->is_full)
            return;
        coverage->values[coverage->n++] = (struct coverage_value){.h = *h};
    }
    for (int status = 0; status < N_STATUSES; status++)
        coverage->values[i].counts[status] += counts[status];
}

enum error_code coverage_read(struct coverage *coverage, const char *path, struct results_state *state,
                              struct error *error)
{
    enum error_code code = results_inspect(path, state, coverage->row, add_config, coverage, error);
    if (!code && coverage->is_full)
        code = error_set(error, ERROR_INPUT, "--by %s: more than %d values; allowed: a key with fewer",
                         coverage->row->name, VALUES_MAX);
    return code;
}

void coverage_print(FILE *stream, const struct coverage *coverage)
{
    fprintf(stream, "%-18s %10s %10s", coverage->row->name, "expected", "done");
    for (int i = 1; i <= N_STATUSES; i++)
        fprintf(stream, " %10s", status_names[i % N_STATUSES]);
    fprintf(stream, "\n");
    for (size_t v = 0; v < coverage->n; v++) {
        const struct coverage_value *value = &coverage->values[v];
        uint64_t expected = coverage_expected(value->counts);
        char text[HYPERPARAMETER_TEXT_MAX];
        hyperparameter_format(&value->h, coverage->row, text);
        fprintf(stream, "%-18s %10" PRIu64 " %10" PRIu64, text, expected, expected - value->counts[STATUS_PENDING]);
        for (int i = 1; i <= N_STATUSES; i++)
            fprintf(stream, " %10" PRIu64, value->counts[i % N_STATUSES]);
        fprintf(stream, "\n");
    }
}

void coverage_free(struct coverage *coverage)
{
    free(coverage->values);
    memset(coverage, 0, sizeof *coverage);
}
