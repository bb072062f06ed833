#include "description.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool results_row_tells(const struct hyperparameter *row, const struct hyperparameters *a,
                       const struct hyperparameters *b)
{
    bool is_short = *a->second_task && *b->second_task;
    if (row->type == HYPERPARAMETER_TASKS)
        return !is_short;
    return strcmp(row->name, "second_task") != 0 || is_short;
}

void results_label(const struct hyperparameters *h, const bool *swept, uint64_t config, char text[RESULTS_LABEL_MAX])
{
    size_t used = (size_t)snprintf(text, RESULTS_LABEL_MAX, "configuration %" PRIu64, config);
    bool has_values = false;
    for (int i = 0; i < n_hyperparameters && used < RESULTS_LABEL_MAX; i++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        if (!swept[i])
            continue;
        hyperparameter_format(h, &hyperparameter_table[i], value);
        used += (size_t)snprintf(text + used, RESULTS_LABEL_MAX - used, "%s%s = %s", has_values ? ", " : " (",
                                 hyperparameter_table[i].name, value);
        has_values = true;
    }
    if (has_values && used < RESULTS_LABEL_MAX - 1)
        snprintf(text + used, RESULTS_LABEL_MAX - used, ")");
}
