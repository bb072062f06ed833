#include "identical.h"

#include "task_kind.h"

#include <stdlib.h>

/* Whether two configurations are equal in all but what their tasks are. */
static bool is_equal_but_tasks(const struct reader *reader, size_t x, size_t y)
{
    const struct hyperparameter *tasks = hyperparameter_find("tasks"), *second = hyperparameter_find("second_task");
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        if (reader->swept[i] && row != tasks && row != second &&
            !hyperparameter_equal(&reader->configs[x], &reader->configs[y], row))
            return false;
    }
    return true;
}

/* Adds the controls of one configuration that are not there yet. */
static void add_controls(const struct reader *reader, size_t config, struct task_pair pair, struct selection *controls)
{
    for (int side = 0; side < 2; side++) {
        struct hyperparameters twice = reader->configs[config];
        if (!task_pair_make_equal(&twice, pair, side == 1))
            continue;
        for (size_t c = 0; c < reader->n_configs; c++) {
            bool is_new = reader->configs[c].tasks == twice.tasks && is_equal_but_tasks(reader, c, config);
            for (size_t i = 0; i < controls->n && is_new; i++)
                is_new = controls->configs[i] != c;
            if (is_new)
                controls->configs[controls->n++] = c;
        }
    }
}

enum error_code identical_two_peaks(struct reader *reader, const struct selection *group,
                                    const struct ri_options *options, struct sample_estimates *estimates,
                                    struct error *error)
{
    const struct task_pair pair = {options->task_a, options->task_b};
    struct selection controls = {malloc(reader->n_configs * sizeof *controls.configs), 0};
    struct sample_estimates *found = malloc(sizeof *found);
    struct sample sample = {0};

    error->code = ERROR_NONE;
    if (!controls.configs || !found) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t i = 0; i < group->n; i++) {
        const struct hyperparameters *h = &reader->configs[group->configs[i]];
        if (pair.b < hyperparameters_n_tasks(h) && task_pair_kind(h, pair) != PAIR_IDENTICAL)
            add_controls(reader, group->configs[i], pair, &controls);
    }
    if (controls.n == 0 || sample_read(&sample, reader, &controls, options, false, error) ||
        sample_estimate_some(&sample, (uint64_t)1 << STATISTIC_TWO_PEAKS, found, error))
        goto done;
    for (size_t l = 0; l < estimates->n_layers && l < found->n_layers; l++)
        estimates->layers[l].statistics[STATISTIC_TWO_PEAKS_IDENTICAL] =
            found->layers[l].statistics[STATISTIC_TWO_PEAKS];
done:
    sample_free(&sample);
    free(found);
    free(controls.configs);
    return error->code;
}
