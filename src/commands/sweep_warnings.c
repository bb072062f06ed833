#include "sweep_warnings.h"

#include "description.h"
#include "task_checks.h"
#include "task_registry.h"
#include "twins.h"

#include <inttypes.h>

static void print_idle(FILE *out, const struct sweep *sweep, const struct hyperparameter *row)
{
    const char *where = NULL;
    for (size_t c = 0; c < sweep->n_configs; c++)
        if (!(where = hyperparameter_idle(&sweep->configs[c], row)))
            return;
    fprintf(out, "picky: warning: %s is given, but has no effect in this sweep: it matters %s\n", row->name, where);
}

/* That a fraction is ignored in some configurations, those of one task. */
static void print_ignored_fractions(FILE *out, const struct sweep *sweep)
{
    size_t n = 0, first = 0;
    for (size_t c = sweep->n_configs; c-- > 0;) {
        double fraction = sweep->configs[c].fraction;
        if (fraction > 0 && fraction < 1 && hyperparameters_n_tasks(&sweep->configs[c]) == 1) { /* "equal" is 0 or 1 */
            n++;
            first = c;
        }
    }
    if (n == 0 || n == sweep->n_configs) /* all: it has no effect in this sweep */
        return;
    char label[RESULTS_LABEL_MAX];
    results_label(&sweep->configs[first], sweep->swept, first, label);
    fprintf(out,
            "picky: warning: fraction is ignored by %zu of %zu configurations, which have one task: the first is %s\n",
            n, sweep->n_configs, label);
}

/* The label of a configuration, its fraction as it was written. */
static void label_as_written(const struct sweep *sweep, size_t config, char label[RESULTS_LABEL_MAX])
{
    struct hyperparameters h = sweep->configs[config];
    if (sweep->has_equal[config])
        h.fraction = 0;
    results_label(&h, sweep->swept, config, label);
}

static void print_coinciding(FILE *out, const struct sweep *sweep)
{
    struct twins twins;
    struct error ignored; /* without memory there is no warning */
    if (twins_find(sweep->configs, sweep->n_configs, hyperparameters_canonical, NULL, NULL, &twins, &ignored) ||
        twins.n == 0)
        return;
    char label[RESULTS_LABEL_MAX], other[RESULTS_LABEL_MAX];
    label_as_written(sweep, twins.first, label);
    label_as_written(sweep, twins.second, other);
    fprintf(out, "picky: warning: %s and %s ask for the same models", label, other);
    if (twins.n > 1)
        fprintf(out, "; %" PRIu64 " configurations repeat others so", twins.n);
    fputc('\n', out);
}

enum error_code sweep_check_tasks(FILE *out, const struct sweep *sweep, struct error *error)
{
    const struct task_checks checks = {.configs = sweep->configs,
                                       .n_configs = sweep->n_configs,
                                       .swept = sweep->swept,
                                       .seed = sweep->seed,
                                       .place = sweep->tasks_place,
                                       .places = sweep->tasks_places,
                                       .n_places = sweep->n_tasks_places,
                                       .file = sweep->path,
                                       .text = sweep->original};
    return task_checks_run(&checks, out, error);
}

void sweep_warnings_print(FILE *out, const struct sweep *sweep)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (sweep->given[i])
            print_idle(out, sweep, &hyperparameter_table[i]);
    print_ignored_fractions(out, sweep);
    if (!sweep->refused) /* that has a line of its own */
        print_coinciding(out, sweep);
}

void sweep_warn_of_names(FILE *out, const char *path)
{
    for (int64_t number = 0; number < task_registry_count(); number++)
        if (task_registry_get(number)->is_named_otherwise) {
            fprintf(out,
                    "picky: warning: %s: the tasks %.200s have several sets of names: the file keeps the one that it "
                    "has\n",
                    path, task_registry_get(number)->text);
            return;
        }
}
