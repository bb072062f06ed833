#include "counts.h"

#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 1000 };

struct value_count {
    struct hyperparameters h;
    uint64_t counts[N_STATUSES];
};

uint64_t counts_expected(const uint64_t counts[N_STATUSES])
{
    uint64_t n = 0;
    for (int status = 0; status < N_STATUSES; status++)
        n += counts[status];
    return n;
}

void counts_text(const uint64_t counts[N_STATUSES], char text[COUNTS_TEXT_MAX])
{
    int used = snprintf(text, COUNTS_TEXT_MAX, "%" PRIu64 " expected", counts_expected(counts));
    for (int i = 1; i <= N_STATUSES; i++) /* pending last */
        used += snprintf(text + used, COUNTS_TEXT_MAX - (size_t)used, "%s %" PRIu64 " %s", i == 1 ? ":" : ",",
                         counts[i % N_STATUSES], status_names[i % N_STATUSES]);
}

void counts_shard(const struct shard *shard, char text[COUNTS_SHARD_MAX])
{
    *text = '\0';
    if (shard->n <= 1)
        return;
    char name[SHARD_TEXT_MAX];
    shard_format(shard, name);
    snprintf(text, COUNTS_SHARD_MAX, ", shard %s", name);
}

enum error_code counts_choose(struct value_counts *values, const char *by, struct error *error)
{
    values->shows_second_task = by && strcmp(by, "second_task") == 0; /* "" stands for many lists */
    values->row = by ? hyperparameter_find(values->shows_second_task ? "tasks" : by) : NULL;
    if (!by || values->row)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--by %.100s: unknown hyperparameter%s", by,
                     hyperparameter_hint_or_names(by).words);
}

static void add_config(void *context, const struct hyperparameters *h, const uint64_t counts[N_STATUSES])
{
    struct value_counts *values = context;
    size_t i = 0;
    while (i < values->n && !hyperparameter_equal(&values->value[i].h, h, values->row))
        i++;
    if (i == values->n) {
        size_t capacity = values->capacity > 0 ? 2 * values->capacity : 16;
        struct value_count *grown = values->value;
        if (values->n == values->capacity && (grown = realloc(grown, capacity * sizeof *grown))) {
            values->value = grown;
            values->capacity = capacity;
        }
        values->is_full = values->is_full || !grown || values->n == VALUES_MAX;
        if (values->is_full)
            return;
        values->value[values->n++] = (struct value_count){.h = *h};
    }
    for (int status = 0; status < N_STATUSES; status++)
        values->value[i].counts[status] += counts[status];
}

enum error_code counts_read(struct value_counts *values, const char *path, struct results_state *state,
                            struct error *error)
{
    enum error_code code = results_inspect(path, state, values->row, add_config, values, error);
    if (!code && values->is_full)
        code = error_set(error, ERROR_INPUT, "--by %s: more than %d values; allowed: a key with fewer",
                         values->row->name, VALUES_MAX);
    return code;
}

static void value_text(const struct value_counts *values, size_t v, char text[HYPERPARAMETER_FORMAT_MAX])
{
    const struct hyperparameters *h = &values->value[v].h;
    if (values->shows_second_task && *h->second_task)
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "%s", h->second_task);
    else
        hyperparameter_format(h, values->row, text);
}

void counts_print(FILE *stream, const struct value_counts *values)
{
    char text[HYPERPARAMETER_FORMAT_MAX];
    int width = 16; /* of the values */
    for (size_t v = 0; v < values->n; v++) {
        value_text(values, v, text);
        width = text_columns(text) > width ? text_columns(text) : width;
    }
    fprintf(stream, "%-*s %8s %8s", width, values->shows_second_task ? "second_task" : values->row->name, "expected",
            "done");
    for (int i = 1; i <= N_STATUSES; i++)
        fprintf(stream, " %8s", status_names[i % N_STATUSES]);
    fprintf(stream, "\n");
    for (size_t v = 0; v < values->n; v++) {
        const struct value_count *value = &values->value[v];
        uint64_t expected = counts_expected(value->counts);
        value_text(values, v, text);
        fprintf(stream, "%s%*s %8" PRIu64 " %8" PRIu64, text, width - text_columns(text), "", expected,
                expected - value->counts[STATUS_PENDING]);
        for (int i = 1; i <= N_STATUSES; i++)
            fprintf(stream, " %8" PRIu64, value->counts[i % N_STATUSES]);
        fprintf(stream, "\n");
    }
}

void counts_free(struct value_counts *values)
{
    free(values->value);
    memset(values, 0, sizeof *values);
}
