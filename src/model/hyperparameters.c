#include "hyperparameters.h"

#include "numbers.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const train_modes[] = {"random", "replay", "sequential", NULL};
static const char *const output_activations[] = {"relu", "linear", NULL};
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
    ROW_TEXT(1, second_task, "prod", "\"prod\" (x0 * x1) or \"addK\" with a number K (x0 + K x1)",
             "target of task 2; task 1 is x0 + x1"),
    ROW_REAL(1, fraction, "0.5", 0, true, 1, true, "a number above 0 and below 1",
             "fraction of the training samples that belong to task 1"),
    ROW_INTEGER(1, hidden_size, "50", 1, 4096, "an integer from 1 to 4096", "units in each hidden layer"),
    ROW_INTEGER(1, hidden_layers, "4", 1, LAYERS_MAX, "an integer from 1 to 32", "hidden layers"),
    ROW_CHOICE(1, output_activation, "relu", output_activations, "\"relu\" or \"linear\"",
               "activation of the output unit"),
    ROW_CHOICE(1, optimizer, "adam", optimizers, "\"adam\" or \"sgd\"", "optimiser"),
    ROW_INTEGER(1, replay_every, "10", 1, 1000000, "an integer from 1 to 1000000",
                "in replay, every so many steps of task 2's phase train on task 1"),
    ROW_REAL(1, error_threshold, "0.05", 0, true, 1e6, false, "a number above 0, at most 1000000",
             "a model is accepted if its mean absolute test error is below this on every task"),
    ROW_INTEGER(1, max_attempts, "10", 1, 1000, "an integer from 1 to 1000",
                "training runs a job may use to get an accepted model"),
#ifdef PICKY_MADE_UP
    ROW_REAL(3, made_up, "1", 0, false, 10, false, "a number from 0 to 10", "nothing"),
#endif
};
const int n_hyperparameters = sizeof hyperparameter_table / sizeof hyperparameter_table[0];

static void *field(struct hyperparameters *h, const struct hyperparameter *row)
{
    return (char *)h + row->offset;
}

int64_t hyperparameter_integer(const struct hyperparameters *h, const struct hyperparameter *row)
{
    check(row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_CHOICE);
    int64_t value;
    memcpy(&value, (const char *)h + row->offset, sizeof value);
    return value;
}

double hyperparameter_real(const struct hyperparameters *h, const struct hyperparameter *row)
{
    check(row->type == HYPERPARAMETER_REAL);
    double value;
    memcpy(&value, (const char *)h + row->offset, sizeof value);
    return value;
}

const char *hyperparameter_string(const struct hyperparameters *h, const struct hyperparameter *row)
{
    if (row->type == HYPERPARAMETER_CHOICE)
        return row->choices[hyperparameter_integer(h, row)];
    check(row->type == HYPERPARAMETER_TEXT);
    return (const char *)h + row->offset;
}

void hyperparameters_default(struct hyperparameters *h)
{
    memset(h, 0, sizeof *h);
    for (int i = 0; i < n_hyperparameters; i++) {
        struct error error;
        check(!hyperparameter_set_text(h, &hyperparameter_table[i], hyperparameter_table[i].default_text, &error));
    }
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
        nearest = text_nearer(name, nearest, hyperparameter_table[i].name);
    for (; names && *names; names++)
        nearest = text_nearer(name, nearest, *names);
    return nearest;
}

struct text_words hyperparameter_hint(const char *name)
{
    return text_hint(hyperparameter_nearest(name, NULL));
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

/* The shortest decimal that reads back as the same double; from six digits on, so that 10 is not 1e+01. */
static void format_real(double value, char text[HYPERPARAMETER_TEXT_MAX])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
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

static bool text_allowed(const struct hyperparameter *row, const char *text)
{
    if (strlen(text) >= HYPERPARAMETER_TEXT_MAX)
        return false;
    if (row->offset == offsetof(struct hyperparameters, second_task)) {
        bool is_product;
        double factor;
        return hyperparameters_parse_second_task(text, &is_product, &factor);
    }
    check(row->offset == offsetof(struct hyperparameters, context_location));
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
    case HYPERPARAMETER_CHOICE: break;
    }
    return not_allowed(row, text, false, error);
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
        format_real(value, text);
        return not_allowed(row, text, false, error);
    }
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
    if (row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_REAL) {
        /* Every allowed integer is exact as a double; the spelling goes into the message as it stands. */
        char *end;
        double value = strtod(text, &end);
        bool is_number = end > text && *end == '\0' && !isspace((unsigned char)*text);
        if (!is_number || hyperparameter_set_real(h, row, value, error))
            return not_allowed(row, text, false, error);
        return ERROR_NONE;
    }
    return hyperparameter_set_string(h, row, text, error);
}

void hyperparameter_format(const struct hyperparameters *h, const struct hyperparameter *row,
                           char text[HYPERPARAMETER_TEXT_MAX])
{
    if (row->type == HYPERPARAMETER_INTEGER) {
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "%" PRId64, hyperparameter_integer(h, row));
    } else if (row->type == HYPERPARAMETER_REAL) {
        format_real(hyperparameter_real(h, row), text);
    } else {
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "%s", hyperparameter_string(h, row));
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

/* The layer that a context_location names; 0: the last one. */
static int context_layer(const char *text)
{
    return strcmp(text, "start") == 0 ? 1 : strcmp(text, "end") == 0 ? 0 : (int)parse_layer(text);
}

void hyperparameter_canonical(const struct hyperparameters *h, const struct hyperparameter *row,
                              char text[HYPERPARAMETER_TEXT_MAX])
{
    bool is_product = false;
    double factor = 0;
    memset(text, 0, HYPERPARAMETER_TEXT_MAX);
    if (row->offset == offsetof(struct hyperparameters, second_task) &&
        hyperparameters_parse_second_task(h->second_task, &is_product, &factor) && !is_product)
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "add%.9g", (double)((float)factor + 0.0f)); /* + 0: no -0 */
    else if (row->offset == offsetof(struct hyperparameters, context_location) &&
             context_layer(h->context_location) == 1)
        snprintf(text, HYPERPARAMETER_TEXT_MAX, "start");
    else
        hyperparameter_format(h, row, text);
}

const char *hyperparameter_idle(const struct hyperparameters *h, const struct hyperparameter *row)
{
    if (row->offset == offsetof(struct hyperparameters, replay_every) && h->train_mode != TRAIN_REPLAY)
        return "only in train_mode \"replay\"";
    if (row->offset == offsetof(struct hyperparameters, context_location) && h->hidden_layers == 1)
        return "only with more than one of hidden_layers";
    return NULL;
}

void hyperparameters_canonical(const struct hyperparameters *h, struct hyperparameters *canonical)
{
    *canonical = *h;
    hyperparameter_canonical(h, hyperparameter_find("second_task"), canonical->second_task);
    memset(canonical->context_location, 0, sizeof canonical->context_location);
    snprintf(canonical->context_location, sizeof canonical->context_location, "%d", hyperparameters_context_layer(h));
    canonical->lr = (double)(float)h->lr; /* as it is used */
    /* Only the number of samples counts. */
    canonical->fraction = (double)hyperparameters_task1_samples(h) / (double)h->N_train;
    if (h->train_mode == TRAIN_REPLAY && h->replay_every > hyperparameters_steps(h, 1))
        canonical->train_mode = TRAIN_SEQUENTIAL; /* no step of an epoch is a replay */
    if (canonical->train_mode != TRAIN_REPLAY)
        canonical->replay_every = 1;
}

int hyperparameters_context_layer(const struct hyperparameters *h)
{
    int layer = context_layer(h->context_location);
    return layer ? layer : (int)h->hidden_layers;
}

int64_t hyperparameters_task1_samples(const struct hyperparameters *h)
{
    return llround(h->fraction * (double)h->N_train);
}

int hyperparameters_n_tasks(const struct hyperparameters *h)
{
    (void)h; /* every definition of the tasks so far has two */
    return 2;
}

int hyperparameters_phases(const struct hyperparameters *h)
{
    return h->train_mode == TRAIN_RANDOM ? 1 : 2;
}

int64_t hyperparameters_steps(const struct hyperparameters *h, int phase)
{
    if (h->train_mode == TRAIN_RANDOM)
        return h->N_train / h->batch_size;
    int64_t task1 = hyperparameters_task1_samples(h);
    return (phase == 0 ? task1 : h->N_train - task1) / h->batch_size;
}

int64_t hyperparameters_history(const struct hyperparameters *h)
{
    return hyperparameters_phases(h) * h->epochs + 1;
}

enum error_code hyperparameters_check(const struct hyperparameters *h, struct error *error)
{
    if (hyperparameters_context_layer(h) > h->hidden_layers)
        return error_set(error, ERROR_INPUT,
                         "context_location = %s: allowed: \"start\", \"end\" or a layer number from 1 to "
                         "hidden_layers = %" PRId64,
                         h->context_location, h->hidden_layers);

    int64_t task1 = hyperparameters_task1_samples(h), task2 = h->N_train - task1;
    char fraction[HYPERPARAMETER_TEXT_MAX];
    if (task1 < 1 || task2 < 1) {
        format_real(h->fraction, fraction);
        return error_set(error, ERROR_INPUT,
                         "fraction = %s: leaves task %d without training samples at N_train = %" PRId64
                         "; allowed: what rounds to at least one sample of each task",
                         fraction, task1 < 1 ? 1 : 2, h->N_train);
    }

    if (h->train_mode == TRAIN_RANDOM) {
        if (h->batch_size > h->N_train)
            return error_set(error, ERROR_INPUT,
                             "batch_size = %" PRId64
                             ": larger than the training set; allowed: at most N_train = %" PRId64,
                             h->batch_size, h->N_train);
    } else if (h->batch_size > task1 || h->batch_size > task2) {
        int task = h->batch_size > task1 ? 1 : 2;
        format_real(h->fraction, fraction);
        return error_set(
            error, ERROR_INPUT,
            "batch_size = %" PRId64 ": larger than task %d's part of the training set; allowed: at most %" PRId64
            " at fraction = %s, N_train = %" PRId64 " in train_mode \"%s\"",
            h->batch_size, task, task == 1 ? task1 : task2, fraction, h->N_train, train_modes[h->train_mode]);
    }
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
