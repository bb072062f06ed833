#include "selection.h"

#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends to a label; what does not fit is left out. */
static void append(char label[LABEL_MAX], const char *text)
{
    size_t used = strlen(label);
    snprintf(label + used, LABEL_MAX - used, "%.*s", LABEL_MAX - 1, text);
}

static void append_value(char label[LABEL_MAX], const struct hyperparameters *h, const struct hyperparameter *row)
{
    char value[HYPERPARAMETER_FORMAT_MAX];
    hyperparameter_format(h, row, value);
    if (*label)
        append(label, ", ");
    append(label, row->name);
    append(label, " = ");
    append(label, value);
}

/* Whether a row tells what a configuration has that is not the default; of tasks and second_task one does. */
static bool is_told(const struct hyperparameters *h, const struct hyperparameter *row)
{
    if (strcmp(row->name, *h->second_task ? "tasks" : "second_task") == 0)
        return false;
    return !hyperparameter_is_default(h, row);
}

void selection_label(const struct reader *reader, size_t config, char label[LABEL_MAX])
{
    const struct hyperparameters *h = &reader->configs[config];

    *label = '\0';
    for (int i = 0; i < n_hyperparameters; i++)
        if (reader->swept[i])
            append_value(label, h, &hyperparameter_table[i]);
    if (*label)
        return;
    for (int i = 0; i < n_hyperparameters; i++)
        if (is_told(h, &hyperparameter_table[i]))
            append_value(label, h, &hyperparameter_table[i]);
    if (!*label)
        append(label, "all defaults");
}

void selection_swept(const struct reader *reader, char names[LABEL_MAX])
{
    *names = '\0';
    for (int i = 0; i < n_hyperparameters; i++)
        if (reader->swept[i]) {
            append(names, *names ? ", " : "");
            append(names, hyperparameter_table[i].name);
        }
    if (!*names)
        append(names, "none");
}

/* "KEY = a, b, c": the values that the file has, as far as they fit. */
static enum error_code no_match(const struct reader *reader, const char *condition, const struct hyperparameter *row,
                                struct error *error)
{
    enum { VALUES_MAX = 20 };
    char names[LABEL_MAX] = "";
    size_t shown[VALUES_MAX], n_shown = 0;
    bool is_cut = false;
    for (size_t c = 0; c < reader->n_configs && !is_cut; c++) {
        bool is_new = true;
        for (size_t i = 0; i < n_shown && is_new; i++)
            is_new = !hyperparameter_equal(&reader->configs[c], &reader->configs[shown[i]], row);
        if (!is_new)
            continue;
        is_cut = n_shown == VALUES_MAX;
        if (is_cut)
            break;
        shown[n_shown++] = c;
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&reader->configs[c], row, value);
        append(names, *names ? ", " : "");
        append(names, value);
    }
    return error_set(error, ERROR_INPUT,
                     "--where %s: no configuration of %s fulfils this together with what is before; its values of %s: "
                     "%s%s",
                     condition, reader->path, row->name, names, is_cut ? ", ..." : "");
}

bool selection_has_value(const struct hyperparameters *h, const struct hyperparameters *wanted,
                         const struct hyperparameter *row)
{
    unsigned char value[HYPERPARAMETER_VALUE_MAX];
    struct hyperparameters with_value = *h;
    hyperparameter_get_bytes(wanted, row, value);
    hyperparameter_put_bytes(&with_value, row, value);
    if (strcmp(row->name, "second_task") == 0 && *h->second_task) /* add1.5 is add1.50 */
        return with_value.tasks == h->tasks;
    return hyperparameter_equal(&with_value, h, row);
}

/* Drops the configurations that do not fulfil `condition`. */
static enum error_code apply(struct selection *selection, const struct reader *reader, const char *condition,
                             struct error *error)
{
    const struct hyperparameter *row = NULL;
    struct hyperparameters wanted;
    size_t n_values = 1, n_kept = 0;
    char *text = NULL;
    const char **values = NULL;
    bool *keep = NULL;

    const char *equals = strchr(condition, '=');
    if (!equals)
        return error_set(error, ERROR_INPUT, "--where %s: allowed: KEY=VALUE or KEY=VALUE,VALUE,...", condition);
    bool is_tasks = strncmp(condition, "tasks=", strlen("tasks=")) == 0; /* commas are parts of formulas */
    for (const char *c = equals; !is_tasks && (c = strchr(c, ',')); c++)
        n_values++;
    text = strdup(condition);
    values = calloc(n_values, sizeof *values);
    keep = calloc(selection->n, sizeof *keep);
    if (!text || !values || !keep) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }

    text[equals - condition] = '\0';
    if (key_find(&row, "where", condition, text, error))
        goto done;
    char *rest = text + (equals - condition) + 1;
    for (size_t v = 0; v < n_values; v++)
        values[v] = is_tasks ? rest : strsep(&rest, ",");
    for (size_t v = 0; v < n_values; v++) {
        hyperparameters_default(&wanted);
        if (hyperparameter_set_text(&wanted, row, values[v], error)) {
            error_prefix(error, "--where %s", condition);
            goto done;
        }
        for (size_t i = 0; i < selection->n; i++)
            keep[i] |= selection_has_value(&reader->configs[selection->configs[i]], &wanted, row);
    }
    for (size_t i = 0; i < selection->n; i++)
        if (keep[i])
            selection->configs[n_kept++] = selection->configs[i];
    selection->n = n_kept;
    error->code = ERROR_NONE;
    if (n_kept == 0)
        no_match(reader, condition, row, error);
done:
    free(keep);
    free(values);
    free(text);
    return error->code;
}

enum error_code selection_make(struct selection *selection, const struct reader *reader, const char *const *conditions,
                               size_t n_conditions, struct error *error)
{
    selection->n = reader->n_configs;
    selection->configs = malloc(reader->n_configs * sizeof *selection->configs);
    if (!selection->configs) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    for (size_t i = 0; i < selection->n; i++)
        selection->configs[i] = i;
    for (size_t i = 0; i < n_conditions; i++)
        if (apply(selection, reader, conditions[i], error))
            goto done;
    return ERROR_NONE;
done:
    selection_free(selection);
    return error->code;
}

void selection_free(struct selection *selection)
{
    free(selection->configs);
    selection->configs = NULL;
    selection->n = 0;
}
