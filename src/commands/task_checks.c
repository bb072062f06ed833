#include "task_checks.h"

#include "description.h"
#include "hash.h"
#include "task_check.h"
#include "task_registry.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 10 };
static const double WORK_MAX = 3e9; /* steps of formulas at points: seconds */

/* All that a check depends on (but for error_threshold, which the words of one warning look at), in one form: bytes are
 * compared. */
struct key {
    int64_t tasks, n_inputs, standardise, output_activation;
    double input_low, input_high, a, b, c;
};
_Static_assert(sizeof(struct key) == 9 * 8, "a key without padding");

static struct key key_of(const struct hyperparameters *h)
{
    const uint16_t dials = task_registry_get(h->tasks)->uses.dials;
    return (struct key){.tasks = h->tasks,
                        .n_inputs = h->n_inputs,
                        .standardise = h->standardise,
                        .output_activation = h->output_activation,
                        .input_low = h->input_low,
                        .input_high = h->input_high,
                        .a = dials & 1 ? h->a : 1,
                        .b = dials & 2 ? h->b : 1,
                        .c = dials & 4 ? h->c : 1};
}

/* The keys that were seen: a hash table of configurations. */
struct seen {
    uint32_t *configs; /* [n_places], UINT32_MAX: free */
    size_t n_places, n;
};

static uint32_t *find(const struct seen *seen, const struct hyperparameters *configs, const struct key *key)
{
    for (uint64_t i = hash_more(HASH_START, key, sizeof *key);; i++) {
        uint32_t *place = &seen->configs[i & (seen->n_places - 1)];
        if (*place == UINT32_MAX)
            return place;
        struct key other = key_of(&configs[*place]);
        if (memcmp(&other, key, sizeof other) == 0)
            return place;
    }
}

static bool grow(struct seen *seen, const struct hyperparameters *configs)
{
    struct seen larger = {.n_places = seen->n_places ? 2 * seen->n_places : 64, .n = seen->n};
    larger.configs = malloc(larger.n_places * sizeof *larger.configs);
    if (!larger.configs)
        return false;
    memset(larger.configs, 0xff, larger.n_places * sizeof *larger.configs);
    for (size_t i = 0; i < seen->n_places; i++)
        if (seen->configs[i] != UINT32_MAX) {
            struct key key = key_of(&configs[seen->configs[i]]);
            *find(&larger, configs, &key) = seen->configs[i];
        }
    free(seen->configs);
    *seen = larger;
    return true;
}

/* "configuration 3 (...): ", or nothing if there is one only. */
static void label(const struct task_checks *checks, size_t config, char text[RESULTS_LABEL_MAX])
{
    *text = '\0';
    if (checks->n_configs > 1)
        results_label(&checks->configs[config], checks->swept, config, text);
}

/* Checks the tasks of one configuration. */
static enum error_code check_config(const struct task_checks *checks, size_t config, int *n_warnings, FILE *out,
                                    struct error *error)
{
    const struct hyperparameters *h = &checks->configs[config];
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    const struct task_setting setting = {.n_inputs = (int)h->n_inputs,
                                         .input_low = (float)h->input_low,
                                         .input_high = (float)h->input_high,
                                         .dials = {(float)h->a, (float)h->b, (float)h->c},
                                         .standardise = h->standardise == STANDARDISE_VARIANCE,
                                         .seed = checks->seed};
    struct task_findings findings;
    char text[RESULTS_LABEL_MAX], line[ERROR_MESSAGE_MAX];
    label(checks, config, text);
    if (task_check(list, &setting, &findings, error)) {
        if (*text)
            error_prefix(error, "%s", text);
        error_prefix(error, "%s: tasks", checks->place);
        return error->code;
    }
    bool is_relu = h->output_activation == OUTPUT_RELU;
    for (int i = 0; task_warning(list, &setting, &findings, is_relu, h->error_threshold, i, line); i++)
        if ((*n_warnings)++ < WARNINGS_MAX)
            fprintf(out, "picky: warning: %s%s%s\n", text, *text ? ": " : "", line);
    return ERROR_NONE;
}

/* About how many steps of formulas a check takes. */
static double work_of(const struct hyperparameters *h)
{
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    double work = 0;
    for (int task = 0; task < list->n_tasks; task++)
        work += 11000.0 * (20 + list->formulas[task].n_steps) * (list->formulas[task].randoms ? 16 : 1);
    return work;
}

enum error_code task_checks_run(const struct task_checks *checks, FILE *out, struct error *error)
{
    struct seen seen = {0};
    int n_warnings = 0;
    size_t n_skipped = 0;
    double work = 0;
    error->code = ERROR_NONE;
    for (size_t c = 0; c < checks->n_configs && !error->code; c++) {
        struct key key = key_of(&checks->configs[c]);
        if (2 * (seen.n + 1) > seen.n_places && !grow(&seen, checks->configs)) {
            error_set(error, ERROR_FATAL, "out of memory");
            break;
        }
        uint32_t *place = find(&seen, checks->configs, &key);
        if (*place != UINT32_MAX)
            continue;
        *place = (uint32_t)c;
        seen.n++;
        work += work_of(&checks->configs[c]);
        if (work <= WORK_MAX || seen.n == 1)
            check_config(checks, c, &n_warnings, out, error);
        else
            n_skipped++;
    }
    if (!error->code && n_warnings > WARNINGS_MAX)
        fprintf(out, "picky: warning: and %d more of tasks\n", n_warnings - WARNINGS_MAX);
    if (!error->code && n_skipped > 0)
        fprintf(out, "picky: warning: of %zu different settings of tasks the last %zu were not checked beforehand\n",
                seen.n, n_skipped);
    free(seen.configs);
    return error->code;
}
