#include "sweep.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct sweep *a, const struct as_run *b)
{
    if (a->n_configs != b->n_configs || a->replicates != b->replicates || a->seed != b->seed || a->store != b->store ||
        strcmp(a->name, b->name) != 0)
        return false;
    for (size_t c = 0; c < a->n_configs; c++)
        for (int i = 0; i < n_hyperparameters; i++)
            if (!hyperparameter_equal(&a->configs[c], &b->configs[c], &hyperparameter_table[i]))
                return false;
    return true;
}

enum error_code sweep_as_run(char **text, const char *written, const struct as_run *as_run, struct error *error)
{
    struct sweep sweep = {0};
    if (as_run_text(text, written, as_run, error))
        return error->code;
    if (!sweep_read_text(&sweep, *text, "the sweep as it was run", error) && !is_same(&sweep, as_run))
        error_set(error, ERROR_INPUT, "it gives other configurations, seeds or arrays");
    sweep_free(&sweep);
    if (error->code) {
        free(*text);
        *text = NULL;
    }
    return error->code;
}
