#include "hyperparameters.h"

#include "numbers.h"
#include "task_registry.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const train_modes[] = {"random", "replay", "sequential", NULL};
static const char *const output_activations[] = {"relu", "linear", NULL};
static const char *const standardises[] = {"none", "variance", NULL};
static const char *const optimizers[] = {"adam", "sgd", NULL};

/* A row's name and offset come from the field itself, so that they cannot differ. */
#define ROW_INTEGER(since_, field, default_, min_, max_, allowed_, meaning_)                                           \
    {                                                                                                                  \
        .since = since_, .name = #field, .type = HYPERPARAMETER_INTEGER,                                               \
        .offset = offsetof(struct hyperparameters, field), .default_text = default_, .min = min_, .max = max_,         \
        .allowed = allowed_, .unit = "1", .meaning = meaning_                                                          \
    }
#define ROW_REAL(since_, field, default_, min_, min_open_, max_, max_open_, allowed_, meaning_)                        \
    {                                                                                                                  \
        .since = since_, .name = #field, .type = HYPERPARAMETER_REAL,                                                  \
        .offset = offsetof(struct hyperparameters, field), .default_text = default_, .min = min_, .max = max_,         \
        .min_open = min_open_, .max_open = max_open_, .allowed = allowed_, .unit = "1", .meaning = meaning_            \
    }
#define ROW_CHOICE(since_, field, default_, choices_, allowed_, meaning_)                                              \
    {                                                                                                                  \
        .since = since_, .name = #field, .type = HYPERPARAMETER_CHOICE,                                                \
        .offset = offsetof(struct hyperparameters, field), .default_text = default_, .choices = choices_,              \
        .allowed = allowed_, .unit = "1", .meaning = meaning_                                                          \
    }
#define ROW_TEXT(since_, field, default_, allowed_, meaning_)                                                          \
    {                                                                                                                  \
        .since = since_, .name = #field, .type = HYPERPARAMETER_TEXT,                                                  \
        .offset = offsetof(struct hyperparameters, field), .default_text = default_, .allowed = allowed_, .unit = "1", \
        .meaning = meaning_                                                                                            \
    }

const struct hyperparameter hyperparameter_table[] = {
    ROW_INTEGER(1, N_train, "1000", 2, 10000000, "an integer from 2 to 10000000",
                "training samples, all tasks together"),
    ROW_INTEGER(1, N_test, "100", 1, 1000000, "an integer from 1 to 1000000", "test samples of each task"),
    ROW_REAL(1, lr, "0.001", 0, true, 10, false, "a number above 0, at most 10", "learning rate"),
    ROW_INTEGER(1, epochs, "10", 1, 100000, "an integer from 1 to 100000", "training epochs (of each phase)"),
    ROW_INTEGER(1, batch_size, "10", 1, 100000, "an integer from 1 to 100000", "training samples in a batch"),
    ROW_TEXT(1, context_location, "start", "\"start\", \"end\" or a layer number from 1 to hidden_layers",
             "hidden layer whose input the task context is appended to"),
    ROW_CHOICE(1, train_mode, "random", train_modes, "\"random\", \"replay\" or \"sequential\"",
               "order in which the tasks are trained"),
    ROW_TEXT(1, second_task, "prod", "\"prod\" (x0 * x1) or \"addK\" (x0 + K x1), K = 0 or 1e-45 <= |K| <= 1e6",
             "short for tasks: target of task 2; task 1 is x0 + x1"),
    ROW_REAL(1, fraction, "equal", 0, true, 1, false, "a number above 0 and below 1, or \"equal\"",
             "fraction of the training samples that are task 1's; the others share the rest"),
    ROW_INTEGER(1, hidden_size, "50", 1, HIDDEN_SIZE_MAX, "an integer from 1 to 4096", "units in each hidden layer"),
    ROW_INTEGER(1, hidden_layers, "4", 1, LAYERS_MAX, "an integer from 1 to 32", "hidden layers"),
    ROW_CHOICE(1, output_activation, "relu", output_activations, "\"relu\" or \"linear\"",
               "activation of the output unit"),
    ROW_CHOICE(1, optimizer, "adam", optimizers, "\"adam\" or \"sgd\"", "optimiser"),
    ROW_INTEGER(1, replay_every, "10", 1, 1000000, "an integer from 1 to 1000000",
                "in replay, every so many steps of a later task's phase train on the earlier ones"),
    ROW_REAL(1, error_threshold, "0.05", 0, true, 1e6, false, "a number above 0, at most 1000000",
             "a model is accepted if its mean absolute test error is below this on every task"),
    ROW_INTEGER(1, max_attempts, "10", 1, 1000, "an integer from 1 to 1000",
                "training runs a job may use to get an accepted model"),
    ROW_INTEGER(2, n_inputs, "2", 1, INPUTS_MAX, "an integer from 1 to 16", "inputs of the network: x0, x1, ..."),
    ROW_REAL(2, input_low, "0", -1e6, false, 1e6, false, "a number from -1000000 to 1000000, below input_high",
             "inputs are uniform from here"),
    ROW_REAL(2, input_high, "1", -1e6, false, 1e6, false, "a number from -1000000 to 1000000, above input_low",
             "inputs are uniform below this"),
    ROW_REAL(2, a, "1", -1e6, false, 1e6, false, "a number from -1000000 to 1000000", "a in the formulas of tasks"),
    ROW_REAL(2, b, "1", -1e6, false, 1e6, false, "a number from -1000000 to 1000000", "b in the formulas of tasks"),
    ROW_REAL(2, c, "1", -1e6, false, 1e6, false, "a number from -1000000 to 1000000", "c in the formulas of tasks"),
    ROW_CHOICE(2, standardise, "none", standardises, "\"none\" or \"variance\"",
               "whether targets are brought to mean 0 and variance 1"),
    {.since = 2,
     .name = "tasks",
     .type = HYPERPARAMETER_TASKS,
     .offset = offsetof(struct hyperparameters, tasks),
     .default_text = "x0 + x1; x0 * x1",
     .allowed = "1 to 8 formulas, as \"x0 + x1; x0 * x1\" or [\"x0 + x1\", \"x0 * x1\"]",
     .unit = "1",
     .meaning = "targets of the tasks as formulas of x0, x1, ..."},
#ifdef PICKY_MADE_UP
    ROW_REAL(3, made_up, "1", 0, false, 10, false, "a number from 0 to 10", "nothing"),
#endif
};
const int n_hyperparameters = sizeof hyperparameter_table / sizeof hyperparameter_table[0];

/* Whether the row is that of the field. */
#define is_row(row, field) ((row)->offset == offsetof(struct hyperparameters, field))

static void *field(struct hyperparameters *h, const struct hyperparameter *row)
{
    return (char *)h + row->offset;
}

/* The fraction as a number: what "equal" (0) comes to. */
static double resolved_fraction(const struct hyperparameters *h)
{
    if (h->fraction > 0)
        return h->fraction;
    int64_t n_tasks = hyperparameters_n_tasks(h);
    if (n_tasks <= 2)
        return 1 / (double)n_tasks;
    int64_t n_first = (h->N_train + n_tasks - 1) / n_tasks; /* samples of the first task */
    return (double)n_first / (double)h->N_train;
}

int64_t hyperparameter_integer(const struct hyperparameters *h, const struct hyperparameter *row)
{
    check(row->type != HYPERPARAMETER_REAL && row->type != HYPERPARAMETER_TEXT);
    int64_t value;
    memcpy(&value, (const char *)h + row->offset, sizeof value);
    return value;
}

double hyperparameter_real(const struct hyperparameters *h, const struct hyperparameter *row)
{
    check(row->type == HYPERPARAMETER_REAL);
    if (is_row(row, fraction))
        return resolved_fraction(h);
    double value;
    memcpy(&value, (const char *)h + row->offset, sizeof value);
    return value;
}

const char *hyperparameter_string(const struct hyperparameters *h, const struct hyperparameter *row)
{
    if (row->type == HYPERPARAMETER_CHOICE)
        return row->choices[hyperparameter_integer(h, row)];
    if (row->type == HYPERPARAMETER_TASKS)
        return task_registry_get(h->tasks)->text;
    check(row->type == HYPERPARAMETER_TEXT);
    return (const char *)h + row->offset;
}

void hyperparameters_default(struct hyperparameters *h)
{
    /* Made once, by the self-test or whatever comes first: before there are threads. */
    static struct hyperparameters defaults;
    static bool is_made;
    for (int i = 0; i < n_hyperparameters && !is_made; i++) {
        struct error error;
        check(!hyperparameter_set_text(&defaults, &hyperparameter_table[i], hyperparameter_table[i].default_text,
                                       &error));
    }
    is_made = true;
    *h = defaults;
}

const struct hyperparameter *hyperparameter_find(const char *name)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (strcmp(hyperparameter_table[i].name, name) == 0)
            return &hyperparameter_table[i];
    return NULL;
}

const char *hyperparameter_nearest(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    for (int i = 0; i < n_hyperparameters; i++)
        if (hyperparameter_table[i].name[1]) /* a single letter is near to everything short */
            nearest = text_nearer(name, nearest, hyperparameter_table[i].name);
    for (; names && *names; names++)
        nearest = text_nearer(name, nearest, *names);
    return nearest;
}

struct text_words hyperparameter_hint(const char *name)
{
    return text_hint(hyperparameter_nearest(name, NULL));
}

struct hyperparameter_names hyperparameter_hint_or_names(const char *name)
{
    struct hyperparameter_names names;
    int used = snprintf(names.words, sizeof names.words, "%s", hyperparameter_hint(name).words);
    for (int i = 0; !hyperparameter_nearest(name, NULL) && i < n_hyperparameters; i++) {
        used += snprintf(names.words + used, sizeof names.words - (size_t)used, "%s%s",
                         i ? ", " : "; allowed: ", hyperparameter_table[i].name);
        check(used < (int)sizeof names.words);
    }
    return names;
}

static enum error_code not_allowed(const struct hyperparameter *row, const char *value, bool quoted,
                                   struct error *error)
{
    char shown[201]; /* what the user wrote, on one line and not too long */
    snprintf(shown, sizeof shown, "%s", value);
    text_make_line(shown);
    const char *quote = quoted ? "\"" : "";
    return error_set(error, ERROR_INPUT, "%s = %s%s%s: allowed: %s", row->name, quote, shown, quote, row->allowed);
}

bool hyperparameters_parse_second_task(const char *text, bool *is_product, double *factor)
{
    *is_product = strcmp(text, "prod") == 0;
    *factor = 0;
    if (*is_product)
        return true;
    if (strncmp(text, "add", 3) != 0 || !(isdigit((unsigned char)text[3]) || strchr("+-.", text[3])))
        return false;
    char *end;
    *factor = strtod(text + 3, &end);
    return end > text + 3 && *end == '\0' && isfinite(*factor) && fabs(*factor) <= 1e6;
}

/* 0 if `text` is not a layer number. */
static long parse_layer(const char *text)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 4 || text[length] != '\0' || text[0] == '0')
        return 0;
    return strtol(text, NULL, 10);
}

/* ---- lists of tasks ----------------------------------------------------------------------------------------- */

/* Puts "tasks = TEXT: " before what is wrong with a list. */
static enum error_code bad_tasks(const char *text, struct error *error)
{
    char shown[61];
    snprintf(shown, sizeof shown, "%s", text);
    text_make_line(shown);
    return error_prefix(error, "tasks = \"%s%s\"", shown, strlen(text) >= sizeof shown ? "..." : "");
}

void hyperparameters_set_tasks(struct hyperparameters *h, int64_t number)
{
    h->tasks = number;
    memcpy(h->second_task, task_registry_get(number)->second_task, sizeof h->second_task);
}

static enum error_code set_list(struct hyperparameters *h, const struct task_list *list, struct error *error)
{
    int64_t number;
    if (task_registry_add(list, &number, error))
        return error->code;
    hyperparameters_set_tasks(h, number);
    return ERROR_NONE;
}

enum error_code hyperparameters_set_list(struct hyperparameters *h, const char *text, struct error *error)
{
    struct task_list list = {0};
    int column;
    if (*text == '[' || *text == '"')
        return error_set(
            error, ERROR_INPUT,
            "column 1: allowed: formulas alone, with ; between them and without quotes and brackets around "
            "them: x0 + x1; x0 * x1");
    if (task_list_parse(text, strlen(text), &list, &column, error))
        return error_prefix(error, "column %d", column);
    return set_list(h, &list, error);
}

enum error_code hyperparameters_set_formulas(struct hyperparameters *h, const char *const *formulas, size_t n_formulas,
                                             struct error *error)
{
    struct task_list list = {0};
    int column;
    for (size_t i = 0; i < n_formulas; i++)
        if (i == TASKS_MAX)
            return error_set(error, ERROR_INPUT, "tasks: more than %d tasks; allowed: 1 to %d", TASKS_MAX, TASKS_MAX);
        else if (task_list_add(&list, formulas[i], strlen(formulas[i]), &column, error))
            return error_prefix(error, "column %d", column), bad_tasks(formulas[i], error);
    if (n_formulas == 0)
        return error_set(error, ERROR_INPUT, "tasks = []: allowed: %s", hyperparameter_find("tasks")->allowed);
    return set_list(h, &list, error);
}

static enum error_code set_second_task(struct hyperparameters *h, const char *text, struct error *error)
{
    int64_t number;
    if (task_registry_add_second_task(text, &number, error))
        return error->code;
    h->tasks = number;
    memset(h->second_task, 0, sizeof h->second_task);
    memcpy(h->second_task, text, strlen(text));
    return ERROR_NONE;
}

bool hyperparameters_restore_second_task(struct hyperparameters *h, const char *second_task)
{
    struct hyperparameters restored = *h;
    struct error ignored;
    bool is_product;
    double factor;
    if (*second_task == '\0') /* then nothing stands for the list */
        return *h->second_task == '\0';
    if (strlen(second_task) >= HYPERPARAMETER_TEXT_MAX ||
        !hyperparameters_parse_second_task(second_task, &is_product, &factor) ||
        set_second_task(&restored, second_task, &ignored) || restored.tasks != h->tasks)
        return false;
    *h = restored;
    return true;
}

static bool text_allowed(const struct hyperparameter *row, const char *text)
{
    if (strlen(text) >= HYPERPARAMETER_TEXT_MAX)
        return false;
    if (is_row(row, second_task)) {
        bool is_product;
        double factor;
        return hyperparameters_parse_second_task(text, &is_product, &factor);
    }
    check(is_row(row, context_location));
    return strcmp(text, "start") == 0 || strcmp(text, "end") == 0 || parse_layer(text) > 0;
}

enum error_code hyperparameter_set_integer(struct hyperparameters *h, const struct hyperparameter *row, int64_t value,
                                           struct error *error)
{
    char text[HYPERPARAMETER_TEXT_MAX] = {0};
    snprintf(text, sizeof text, "%" PRId64, value);
    switch (row->type) {
    case HYPERPARAMETER_INTEGER:
        if (value < (int64_t)row->min || value > (int64_t)row->max)
            return not_allowed(row, text, false, error);
        memcpy(field(h, row), &value, sizeof value);
        return ERROR_NONE;
    case HYPERPARAMETER_REAL: return hyperparameter_set_real(h, row, (double)value, error);
    case HYPERPARAMETER_TEXT:
        if (!text_allowed(row, text))
            return not_allowed(row, text, false, error);
        memcpy(field(h, row), text, sizeof text);
        return ERROR_NONE;
    case HYPERPARAMETER_CHOICE:
    case HYPERPARAMETER_TASKS: break;
    }
    return not_allowed(row, text, false, error);
}

/* Whether formulas take the number as a float. */
static bool is_float(const struct hyperparameter *row)
{
    return is_row(row, input_low) || is_row(row, input_high) || is_row(row, a) || is_row(row, b) || is_row(row, c);
}

/* That a number is not 0, but would become it. */
static enum error_code too_near(const struct hyperparameter *row, const char *text, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s = %.200s: too near to 0 and would become it; allowed: %s, no nearer to 0 than %s", row->name,
                     text, row->allowed, is_float(row) ? "1e-45" : "5e-324");
}

enum error_code hyperparameter_set_real(struct hyperparameters *h, const struct hyperparameter *row, double value,
                                        struct error *error)
{
    int64_t integer;
    if (row->type != HYPERPARAMETER_REAL && number_is_integer(value, &integer))
        return hyperparameter_set_integer(h, row, integer, error);
    bool above = row->min_open ? value > row->min : value >= row->min;
    bool below = row->max_open ? value < row->max : value <= row->max;
    if (row->type != HYPERPARAMETER_REAL || !above || !below) {
        char text[HYPERPARAMETER_TEXT_MAX];
        number_text(value, text);
        return not_allowed(row, text, false, error);
    }
    if (is_float(row) && value != 0 && (float)value == 0) {
        char text[HYPERPARAMETER_TEXT_MAX];
        number_text(value, text);
        return too_near(row, text, error);
    }
    value += 0.0; /* no -0 */
    memcpy(field(h, row), &value, sizeof value);
    return ERROR_NONE;
}

enum error_code hyperparameter_set_string(struct hyperparameters *h, const struct hyperparameter *row,
                                          const char *value, struct error *error)
{
    if (row->type == HYPERPARAMETER_CHOICE) {
        for (int64_t i = 0; row->choices[i]; i++)
            if (strcmp(row->choices[i], value) == 0) {
                memcpy(field(h, row), &i, sizeof i);
                return ERROR_NONE;
            }
    } else if (is_row(row, fraction) && strcmp(value, "equal") == 0) {
        h->fraction = 0;
        return ERROR_NONE;
    } else if (row->type == HYPERPARAMETER_TASKS) {
        return hyperparameters_set_list(h, value, error) ? bad_tasks(value, error) : ERROR_NONE;
    } else if (is_row(row, second_task) && text_allowed(row, value)) {
        return set_second_task(h, value, error);
    } else if (row->type == HYPERPARAMETER_TEXT && text_allowed(row, value)) {
        memset(field(h, row), 0, HYPERPARAMETER_TEXT_MAX);
        memcpy(field(h, row), value, strlen(value));
        return ERROR_NONE;
    }
    return not_allowed(row, value, true, error);
}

enum error_code hyperparameter_set_text(struct hyperparameters *h, const struct hyperparameter *row, const char *text,
                                        struct error *error)
{
    bool is_word = is_row(row, fraction) && strcmp(text, "equal") == 0;
    if ((row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_REAL) && !is_word) {
        /* Every allowed integer is exact as a double; the spelling goes into the message as it stands. */
        char *end;
        double value = strtod(text, &end);
        bool is_number = end > text && *end == '\0' && !isspace((unsigned char)*text);
        bool becomes_0 =
            value == 0 ? number_is_written_as_nonzero(text, strlen(text)) : is_float(row) && (float)value == 0;
        if (is_number && becomes_0 && row->type == HYPERPARAMETER_REAL)
            return too_near(row, text, error);
        if (!is_number || hyperparameter_set_real(h, row, value, error))
            return not_allowed(row, text, false, error);
        return ERROR_NONE;
    }
    return hyperparameter_set_string(h, row, text, error);
}

void hyperparameter_format(const struct hyperparameters *h, const struct hyperparameter *row,
                           char text[HYPERPARAMETER_FORMAT_MAX])
{
    _Static_assert(HYPERPARAMETER_FORMAT_MAX >= TASK_LIST_TEXT_MAX, "a list of tasks fits");
    if (row->type == HYPERPARAMETER_INTEGER) {
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "%" PRId64, hyperparameter_integer(h, row));
    } else if (is_row(row, fraction) && h->fraction == 0) {
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "equal");
    } else if (row->type == HYPERPARAMETER_REAL) {
        number_text(hyperparameter_real(h, row), text);
    } else {
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "%s", hyperparameter_string(h, row));
    }
}

void hyperparameter_get_bytes(const struct hyperparameters *h, const struct hyperparameter *row,
                              unsigned char value[HYPERPARAMETER_VALUE_MAX])
{
    memset(value, 0, HYPERPARAMETER_VALUE_MAX);
    if (is_row(row, second_task) || is_row(row, tasks)) {
        memcpy(value, h->second_task, sizeof h->second_task);
        memcpy(value + sizeof h->second_task, &h->tasks, sizeof h->tasks);
    } else {
        memcpy(value, (const char *)h + row->offset, row->type == HYPERPARAMETER_TEXT ? HYPERPARAMETER_TEXT_MAX : 8);
    }
}

void hyperparameter_put_bytes(struct hyperparameters *h, const struct hyperparameter *row,
                              const unsigned char value[HYPERPARAMETER_VALUE_MAX])
{
    if (is_row(row, second_task) || is_row(row, tasks)) {
        memcpy(h->second_task, value, sizeof h->second_task);
        memcpy(&h->tasks, value + sizeof h->second_task, sizeof h->tasks);
    } else {
        memcpy(field(h, row), value, row->type == HYPERPARAMETER_TEXT ? HYPERPARAMETER_TEXT_MAX : 8);
    }
}

bool hyperparameter_equal(const struct hyperparameters *a, const struct hyperparameters *b,
                          const struct hyperparameter *row)
{
    if (row->type == HYPERPARAMETER_REAL)
        return hyperparameter_real(a, row) == hyperparameter_real(b, row);
    if (row->type == HYPERPARAMETER_TEXT)
        return strcmp(hyperparameter_string(a, row), hyperparameter_string(b, row)) == 0;
    return hyperparameter_integer(a, row) == hyperparameter_integer(b, row);
}

bool hyperparameter_is_default(const struct hyperparameters *h, const struct hyperparameter *row)
{
    struct hyperparameters defaults;
    if (is_row(row, fraction)) {
        defaults = *h;
        defaults.fraction = 0;
    } else {
        hyperparameters_default(&defaults);
    }
    return hyperparameter_equal(h, &defaults, row);
}

void hyperparameters_name_swept(const struct hyperparameters *configs, size_t n, bool *swept)
{
    bool *tasks = &swept[hyperparameter_find("tasks") - hyperparameter_table];
    bool *second_task = &swept[hyperparameter_find("second_task") - hyperparameter_table];
    if (!*second_task)
        return;
    *tasks = false;
    for (size_t c = 0; c < n && !*tasks; c++)
        *tasks = *configs[c].second_task == '\0';
    *second_task = !*tasks;
}

void hyperparameters_resolve(struct hyperparameters *h)
{
    h->fraction = resolved_fraction(h);
}

/* Whether the K of "addK" is another number than 0 and becomes it as a float: picky 0.1.0 took that. */
static bool becomes_zero(const char *second_task)
{
    bool is_product;
    double factor;
    const char *digit = second_task + strcspn(second_task, "123456789eE");
    return hyperparameters_parse_second_task(second_task, &is_product, &factor) && !is_product && (float)factor == 0 &&
           isdigit((unsigned char)*digit);
}

enum error_code hyperparameters_check_new(const struct hyperparameters *h, struct error *error)
{
    return becomes_zero(h->second_task) ? not_allowed(hyperparameter_find("second_task"), h->second_task, true, error)
                                        : ERROR_NONE;
}

/* The layer that a context_location names; 0: the last one. */
static int context_layer(const char *text)
{
    return strcmp(text, "start") == 0 ? 1 : strcmp(text, "end") == 0 ? 0 : (int)parse_layer(text);
}

void hyperparameter_canonical(const struct hyperparameters *h, const struct hyperparameter *row,
                              char text[HYPERPARAMETER_FORMAT_MAX])
{
    memset(text, 0, HYPERPARAMETER_FORMAT_MAX);
    if (is_row(row, second_task))
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "%s", task_registry_get(h->tasks)->second_task);
    else if (is_row(row, context_location) && context_layer(h->context_location) == 1)
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "start");
    else
        hyperparameter_format(h, row, text);
}

/* Whether a step of an epoch is a replay. */
static bool replays(const struct hyperparameters *h)
{
    bool has = false;
    for (int phase = 1; h->train_mode == TRAIN_REPLAY && phase < hyperparameters_phases(h); phase++)
        has |= h->replay_every <= hyperparameters_steps(h, phase);
    return has;
}

const char *hyperparameter_idle(const struct hyperparameters *h, const struct hyperparameter *row)
{
    if (is_row(row, replay_every) && h->train_mode != TRAIN_REPLAY)
        return "only in train_mode \"replay\"";
    if (is_row(row, replay_every) && !replays(h))
        return "only where a later task has as many steps an epoch";
    if (is_row(row, context_location) && h->hidden_layers == 1)
        return "only with more than one of hidden_layers";
    if (hyperparameters_n_tasks(h) == 1 && (is_row(row, fraction) || is_row(row, train_mode)))
        return "only with more than one of tasks";
    uint16_t dials = task_registry_get(h->tasks)->uses.dials;
    if ((is_row(row, a) && !(dials & 1)) || (is_row(row, b) && !(dials & 2)) || (is_row(row, c) && !(dials & 4)))
        return "only where a formula of tasks has it";
    return NULL;
}

void hyperparameters_canonical(const struct hyperparameters *h, struct hyperparameters *canonical)
{
    const struct registered_tasks *tasks = task_registry_get(h->tasks);
    const uint16_t dials = tasks->uses.dials;
    int64_t counts[TASKS_MAX];
    hyperparameters_train_counts(h, counts);
    *canonical = *h;
    hyperparameters_set_tasks(canonical, h->tasks);
    memset(canonical->context_location, 0, sizeof canonical->context_location);
    snprintf(canonical->context_location, sizeof canonical->context_location, "%d", hyperparameters_context_layer(h));
    canonical->lr = (double)(float)h->lr; /* as it is used */
    canonical->input_low = (double)((float)h->input_low + 0.0f);
    canonical->input_high = (double)((float)h->input_high + 0.0f);
    canonical->a = dials & 1 ? (double)((float)h->a + 0.0f) : 1;
    canonical->b = dials & 2 ? (double)((float)h->b + 0.0f) : 1;
    canonical->c = dials & 4 ? (double)((float)h->c + 0.0f) : 1;
    /* Only the numbers of samples count. */
    canonical->fraction = (double)counts[0] / (double)h->N_train;
    if (hyperparameters_n_tasks(h) == 1)
        canonical->train_mode = TRAIN_RANDOM;
    if (canonical->train_mode == TRAIN_REPLAY && !replays(h))
        canonical->train_mode = TRAIN_SEQUENTIAL;
    if (canonical->train_mode != TRAIN_REPLAY)
        canonical->replay_every = 1;
}

int hyperparameters_context_layer(const struct hyperparameters *h)
{
    int layer = context_layer(h->context_location);
    return layer ? layer : (int)h->hidden_layers;
}

void hyperparameters_train_counts(const struct hyperparameters *h, int64_t counts[TASKS_MAX])
{
    int n_tasks = hyperparameters_n_tasks(h), first = 0;
    int64_t n_left = h->N_train;
    if (h->fraction > 0 && n_tasks > 1) {
        counts[first++] = llround(h->fraction * (double)h->N_train);
        n_left -= counts[0];
    }
    int n_even = n_tasks - first;
    for (int task = first; task < n_tasks; task++)
        counts[task] = n_left / n_even + (task - first < n_left % n_even);
}

int64_t hyperparameters_task1_samples(const struct hyperparameters *h)
{
    int64_t counts[TASKS_MAX];
    hyperparameters_train_counts(h, counts);
    return counts[0];
}

int hyperparameters_n_tasks(const struct hyperparameters *h)
{
    return task_registry_get(h->tasks)->list.n_tasks;
}

int hyperparameters_phases(const struct hyperparameters *h)
{
    return h->train_mode == TRAIN_RANDOM ? 1 : hyperparameters_n_tasks(h);
}

int64_t hyperparameters_steps(const struct hyperparameters *h, int phase)
{
    int64_t counts[TASKS_MAX] = {0};
    if (h->train_mode == TRAIN_RANDOM)
        return h->N_train / h->batch_size;
    hyperparameters_train_counts(h, counts);
    return counts[phase] / h->batch_size;
}

int64_t hyperparameters_history(const struct hyperparameters *h)
{
    return hyperparameters_phases(h) * h->epochs + 1;
}

/* That the formulas and their inputs go together. */
static enum error_code check_inputs(const struct hyperparameters *h, struct error *error)
{
    const struct registered_tasks *tasks = task_registry_get(h->tasks);
    int task;
    if ((float)h->input_low >= (float)h->input_high) {
        char low[NUMBER_TEXT_MAX], high[NUMBER_TEXT_MAX];
        number_text(h->input_low, low);
        number_text(h->input_high, high);
        return error_set(error, ERROR_INPUT, "input_low = %s: allowed: a number below input_high = %s", low, high);
    }
    if (tasks->uses.n_inputs <= h->n_inputs || !task_list_check_inputs(&tasks->list, (int)h->n_inputs, &task, error))
        return ERROR_NONE;
    return error_prefix(error, "tasks: task %d", task + 1);
}

static enum error_code check_samples(const struct hyperparameters *h, struct error *error)
{
    int64_t counts[TASKS_MAX] = {0};
    int n_tasks = hyperparameters_n_tasks(h);
    char fraction[HYPERPARAMETER_FORMAT_MAX];
    hyperparameters_train_counts(h, counts);
    if (h->N_train < n_tasks)
        return error_set(error, ERROR_INPUT,
                         "N_train = %" PRId64 ": too few training samples for %d tasks; allowed: at least %d",
                         h->N_train, n_tasks, n_tasks);
    for (int task = 0; task < n_tasks; task++)
        if (counts[task] < 1) {
            hyperparameter_format(h, hyperparameter_find("fraction"), fraction);
            if (h->fraction == 1)
                return error_set(error, ERROR_INPUT, "fraction = %s: allowed: %s", fraction,
                                 hyperparameter_find("fraction")->allowed);
            return error_set(error, ERROR_INPUT,
                             "fraction = %s: leaves task %d without training samples at N_train = %" PRId64
                             "; allowed: what rounds to at least one sample of each task",
                             fraction, task + 1, h->N_train);
        }

    if (h->train_mode == TRAIN_RANDOM) {
        if (h->batch_size > h->N_train)
            return error_set(error, ERROR_INPUT,
                             "batch_size = %" PRId64
                             ": larger than the training set; allowed: at most N_train = %" PRId64,
                             h->batch_size, h->N_train);
        return ERROR_NONE;
    }
    int least = 0;
    for (int task = 1; task < n_tasks; task++)
        if (counts[task] < counts[least])
            least = task;
    if (h->batch_size > counts[least]) {
        const struct hyperparameter *row = hyperparameter_find("fraction");
        hyperparameter_format(h, row, fraction);
        bool is_equal = hyperparameter_is_default(h, row); /* and perhaps not given */
        return error_set(error, ERROR_INPUT,
                         "batch_size = %" PRId64
                         ": larger than task %d's part of the training set; allowed: at most %" PRId64
                         " at %s%s, N_train = %" PRId64 " in train_mode \"%s\"",
                         h->batch_size, least + 1, counts[least],
                         is_equal ? "equal fractions" : "fraction = ", is_equal ? "" : fraction, h->N_train,
                         train_modes[h->train_mode]);
    }
    return ERROR_NONE;
}

enum error_code hyperparameters_check(const struct hyperparameters *h, struct error *error)
{
    if (hyperparameters_context_layer(h) > h->hidden_layers)
        return error_set(error, ERROR_INPUT,
                         "context_location = %s: allowed: \"start\", \"end\" or a layer number from 1 to "
                         "hidden_layers = %" PRId64,
                         h->context_location, h->hidden_layers);
    if (check_inputs(h, error) || check_samples(h, error))
        return error->code;
    /* Steps are counted in 32 bits by the random streams. */
    double steps = 0;
    for (int phase = 0; phase < hyperparameters_phases(h); phase++)
        steps += (double)h->epochs * (double)hyperparameters_steps(h, phase);
    if (steps > 4e9)
        return error_set(error, ERROR_INPUT,
                         "epochs = %" PRId64 ": gives %.0f training steps; allowed: at most 4000000000", h->epochs,
                         steps);
    return ERROR_NONE;
}
