#include "task_checks.h"

#include "description.h"
#include "hash.h"
#include "sweep.h"
#include "task_check.h"
#include "task_registry.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 10, PATH_SHOWN = 300 };
static const double WORK_MAX = 3e9; /* steps of formulas at points: seconds; of whole checks, and of brief ones */

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

/* The keys that were seen: a hash table of configurations, and these in their order. */
struct seen {
    uint32_t *configs;  /* [n_places], UINT32_MAX: free */
    uint32_t *distinct; /* [n], room for n_places / 2 */
    size_t n_places, n;
};

static uint32_t *find(const struct seen *seen, const struct hyperparameters *configs, const struct key *key)
{
    for (uint64_t i = hash_more(HASH_START, key, sizeof *key);; i++) {
        uint32_t *place = &seen->configs[i & (seen->n_places - 1)];
        if (*place == UINT32_MAX)
            return place;
        struct key other = key_of(&configs[*place]);
        /* Without padding, as they are hashed. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (memcmp(&other, key, sizeof other) == 0)
            return place;
    }
}

static void seen_free(struct seen *seen)
{
    free(seen->configs);
    free(seen->distinct);
}

static bool grow(struct seen *seen, const struct hyperparameters *configs)
{
    struct seen larger = {.n_places = seen->n_places ? 2 * seen->n_places : 64, .n = seen->n};
    larger.configs = malloc(larger.n_places * sizeof *larger.configs);
    larger.distinct = malloc(larger.n_places / 2 * sizeof *larger.distinct);
    if (!larger.configs || !larger.distinct) {
        seen_free(&larger);
        return false;
    }
    memset(larger.configs, 0xff, larger.n_places * sizeof *larger.configs);
    for (size_t i = 0; i < seen->n; i++) {
        struct key key = key_of(&configs[seen->distinct[i]]);
        *find(&larger, configs, &key) = larger.distinct[i] = seen->distinct[i];
    }
    seen_free(seen);
    *seen = larger;
    return true;
}

static bool see_all(struct seen *seen, const struct task_checks *checks)
{
    for (size_t c = 0; c < checks->n_configs; c++) {
        struct key key = key_of(&checks->configs[c]);
        if (seen->n + 1 > seen->n_places / 2 && !grow(seen, checks->configs))
            return false;
        uint32_t *place = find(seen, checks->configs, &key);
        if (*place == UINT32_MAX)
            *place = seen->distinct[seen->n++] = (uint32_t)c;
    }
    return true;
}

/* Warnings, each kind of each list once: of its first configuration. */
struct warnings {
    uint32_t *held; /* [task_registry_count()], bit k: warning number k was given */
    struct warning {
        int64_t tasks;
        int number;
        size_t n_more;
        char text[RESULTS_LABEL_MAX + 1], line[ERROR_MESSAGE_MAX];
    } first[WARNINGS_MAX];
    int n;
};
_Static_assert(TASK_WARNINGS <= 32, "a bit each");

static void warn(struct warnings *warnings, int64_t tasks, int number, const char *text, const char *line)
{
    if (warnings->held[tasks] >> number & 1) {
        for (int i = 0; i < warnings->n && i < WARNINGS_MAX; i++)
            if (warnings->first[i].tasks == tasks && warnings->first[i].number == number)
                warnings->first[i].n_more++;
        return;
    }
    warnings->held[tasks] |= 1u << number;
    if (warnings->n++ >= WARNINGS_MAX)
        return;
    struct warning *warning = &warnings->first[warnings->n - 1];
    *warning = (struct warning){.tasks = tasks, .number = number};
    snprintf(warning->text, sizeof warning->text, "%s", text);
    snprintf(warning->line, sizeof warning->line, "%s", line);
}

static void print_warnings(FILE *out, const struct warnings *warnings)
{
    for (int i = 0; i < warnings->n && i < WARNINGS_MAX; i++) {
        const struct warning *warning = &warnings->first[i];
        fprintf(out, "picky: warning: %s", warning->text);
        if (warning->n_more > 0)
            fprintf(out, " and %zu other%s", warning->n_more, warning->n_more == 1 ? "" : "s");
        fprintf(out, "%s%s\n", *warning->text ? ": " : "", warning->line);
    }
    if (warnings->n > WARNINGS_MAX)
        fprintf(out, "picky: warning: and %d more of tasks\n", warnings->n - WARNINGS_MAX);
}

/* "configuration 3 (...): ", or nothing if there is one only. */
static void label(const struct task_checks *checks, size_t config, char text[RESULTS_LABEL_MAX])
{
    *text = '\0';
    if (checks->n_configs > 1)
        results_label(&checks->configs[config], checks->swept, config, text);
}

static struct task_setting setting_of(const struct task_checks *checks, const struct hyperparameters *h)
{
    return (struct task_setting){.n_inputs = (int)h->n_inputs,
                                 .input_low = (float)h->input_low,
                                 .input_high = (float)h->input_high,
                                 .dials = {(float)h->a, (float)h->b, (float)h->c},
                                 .standardise = h->standardise == STANDARDISE_VARIANCE,
                                 .seed = checks->seed};
}

/* Checks the tasks of one configuration. */
static enum error_code check_config(const struct task_checks *checks, size_t config, bool is_brief,
                                    struct warnings *warnings, struct error *error)
{
    const struct hyperparameters *h = &checks->configs[config];
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    const struct task_setting setting = setting_of(checks, h);
    struct task_findings findings;
    char text[RESULTS_LABEL_MAX], line[ERROR_MESSAGE_MAX];
    label(checks, config, text);
    if (is_brief ? task_check_briefly(list, &setting, error) : task_check(list, &setting, &findings, error)) {
        int task = 0;
        sscanf(error->message, "task %d", &task); /* that the message begins with */
        if (*text)
            error_prefix(error, "%s", text);
        size_t number = (size_t)h->tasks, length = checks->file ? strlen(checks->file) : 0;
        if (number < checks->n_places && checks->places[number]) {
            const struct text_place at = text_place(
                checks->text, (size_t)sweep_task_place(checks->text, checks->places[number], task - 1, -1) - 1);
            return error_prefix(error, "%s%s:%d:%d: tasks", length > PATH_SHOWN ? "..." : "",
                                checks->file + (length > PATH_SHOWN ? length - PATH_SHOWN : 0), at.line, at.column);
        }
        return error_prefix(error, "%s: tasks", checks->place);
    }
    bool is_relu = h->output_activation == OUTPUT_RELU;
    for (int i = 0; i < TASK_WARNINGS && !is_brief; i++)
        if (task_warning(list, &setting, &findings, is_relu, h->error_threshold, i, line))
            warn(warnings, h->tasks, i, text, line);
    return ERROR_NONE;
}

/* The share of all settings for which so much work is enough. */
static double share_of(const struct task_checks *checks, const struct seen *seen, bool is_brief)
{
    double work = 0;
    for (size_t i = 0; i < seen->n; i++) {
        const struct hyperparameters *h = &checks->configs[seen->distinct[i]];
        const struct task_setting setting = setting_of(checks, h);
        work += task_check_work(&task_registry_get(h->tasks)->list, &setting, is_brief);
    }
    return work > WORK_MAX ? WORK_MAX / work : 1;
}

/* Whether setting i of n is in a share: such are spread over all in no order that a grid may have, and the first and
 * the last are. */
static bool is_in_share(double share, size_t i, size_t n)
{
    uint64_t mixed = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xbf58476d1ce4e5b9);
    return i == 0 || i == n - 1 || (double)(mixed >> 11) < share * 0x1p53;
}

static enum error_code check_all(const struct task_checks *checks, const struct seen *seen, struct warnings *warnings,
                                 FILE *out, struct error *error)
{
    double whole = share_of(checks, seen, false), brief = whole < 1 ? share_of(checks, seen, true) : 1;
    size_t n_brief = 0, n_skipped = 0;
    for (size_t i = 0; i < seen->n; i++) {
        bool is_brief = !is_in_share(whole, i, seen->n), is_skipped = is_brief && !is_in_share(brief, i, seen->n);
        n_brief += is_brief && !is_skipped;
        n_skipped += is_skipped;
        if (!is_skipped && check_config(checks, seen->distinct[i], is_brief, warnings, error))
            return error->code;
    }
    print_warnings(out, warnings);
    if (n_brief > 0)
        fprintf(out, "picky: warning: of %zu different settings of tasks %zu were checked at a few points only",
                seen->n, n_brief);
    if (n_skipped > 0)
        fprintf(out, ", and %zu not at all", n_skipped);
    if (n_brief > 0)
        fputc('\n', out);
    return ERROR_NONE;
}

enum error_code task_checks_run(const struct task_checks *checks, FILE *out, struct error *error)
{
    struct seen seen = {0};
    struct warnings *warnings = calloc(1, sizeof *warnings);
    error->code = ERROR_NONE;
    if (warnings)
        warnings->held = calloc((size_t)task_registry_count(), sizeof *warnings->held);
    if (!warnings || !warnings->held || !see_all(&seen, checks))
        error_set(error, ERROR_FATAL, "out of memory");
    else
        check_all(checks, &seen, warnings, out, error);
    if (warnings)
        free(warnings->held);
    free(warnings);
    seen_free(&seen);
    return error->code;
}
