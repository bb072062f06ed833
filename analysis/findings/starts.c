#include "starts.h"

#include <stdlib.h>

int starts_compare(const struct hyperparameters *a, const struct hyperparameters *b)
{
    const int64_t x[] = {a->hidden_size, a->hidden_layers, hyperparameters_context_layer(a), a->n_inputs,
                         hyperparameters_n_tasks(a)};
    const int64_t y[] = {b->hidden_size, b->hidden_layers, hyperparameters_context_layer(b), b->n_inputs,
                         hyperparameters_n_tasks(b)};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static int compare(const void *a, const void *b, void *reader)
{
    const struct hyperparameters *configs = ((const struct reader *)reader)->configs;
    return starts_compare(&configs[*(const size_t *)a], &configs[*(const size_t *)b]);
}

enum error_code starts_count(const struct reader *reader, const struct selection *selection, size_t *n,
                             struct error *error)
{
    size_t *configs = malloc((selection->n + 1) * sizeof *configs);
    if (!configs)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t i = 0; i < selection->n; i++)
        configs[i] = selection->configs[i];
    qsort_r(configs, selection->n, sizeof *configs, compare, (void *)(uintptr_t)reader);
    *n = 0;
    for (size_t i = 0; i < selection->n; i++)
        *n += i == 0 || compare(&configs[i - 1], &configs[i], (void *)(uintptr_t)reader) != 0 ? 1 : 0;
    free(configs);
    return ERROR_NONE;
}
