#include "groups.h"

#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum error_code find_keys(struct groups *groups, const struct reader *reader, const char *by,
                                 struct error *error)
{
    char *text = by ? strdup(by) : NULL, *rest = text, *word;
    groups->keys = calloc((size_t)n_hyperparameters, sizeof(const struct hyperparameter *));
    if (!groups->keys || (by && !text)) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    error->code = ERROR_NONE;
    for (int i = 0; !by && i < n_hyperparameters; i++)
        if (reader->swept[i])
            groups->keys[groups->n_keys++] = &hyperparameter_table[i];
    while (by && *by && (word = strsep(&rest, ","))) {
        const struct hyperparameter *row;
        if (key_find(&row, "by", by, word, error))
            goto done;
        for (size_t k = 0; k < groups->n_keys; k++)
            if (groups->keys[k] == row) {
                error_set(error, ERROR_INPUT, "--by %s: \"%s\" is there twice", by, word);
                goto done;
            }
        groups->keys[groups->n_keys++] = row;
    }
done:
    free(text);
    return error->code;
}

/* second_task has no word for most lists of tasks: one such list is a group, several would be taken for one. Groups by
 * `tasks` then. */
static void replace_second_task(struct groups *groups, const struct reader *reader, const struct selection *selection)
{
    const struct hyperparameter *second_task = hyperparameter_find("second_task");
    const struct hyperparameters *nameless = NULL;
    bool are_several = false;
    size_t k = 0;
    while (k < groups->n_keys && groups->keys[k] != second_task)
        k++;
    for (size_t i = 0; i < selection->n && k < groups->n_keys && !are_several; i++) {
        const struct hyperparameters *h = &reader->configs[selection->configs[i]];
        if (*h->second_task)
            continue;
        are_several = nameless && nameless->tasks != h->tasks;
        nameless = h;
    }
    if (!are_several)
        return;
    groups->keys[k] = hyperparameter_find("tasks");
    fprintf(stderr, "picky-analyse: second_task has no word for several of the lists of tasks: grouped by tasks\n");
}

/* What sorting needs. */
struct order {
    const struct groups *groups;
    const struct reader *reader;
};

static int compare_keys(const struct order *order, size_t a, size_t b)
{
    const struct hyperparameters *x = &order->reader->configs[a], *y = &order->reader->configs[b];
    for (size_t k = 0; k < order->groups->n_keys; k++) {
        const struct hyperparameter *row = order->groups->keys[k];
        if (hyperparameter_equal(x, y, row))
            continue;
        if (row->type == HYPERPARAMETER_REAL)
            return hyperparameter_real(x, row) < hyperparameter_real(y, row) ? -1 : 1;
        if (row->type == HYPERPARAMETER_TEXT)
            return strcmp(hyperparameter_string(x, row), hyperparameter_string(y, row));
        return hyperparameter_integer(x, row) < hyperparameter_integer(y, row) ? -1 : 1;
    }
    return 0;
}

/* By keys, then in file order. */
static int compare_configs(const void *a, const void *b, void *order)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int keys = compare_keys(order, x, y);
    return keys ? keys : (x > y) - (x < y);
}

static int compare_groups(const void *a, const void *b)
{
    size_t x = ((const struct selection *)a)->configs[0], y = ((const struct selection *)b)->configs[0];
    return (x > y) - (x < y);
}

enum error_code groups_make(struct groups *groups, const struct reader *reader, const struct selection *selection,
                            const char *by, struct error *error)
{
    struct order order = {groups, reader};
    *groups = (struct groups){0};
    if (find_keys(groups, reader, by, error))
        goto done;
    replace_second_task(groups, reader, selection);
    groups->configs = malloc(selection->n * sizeof *groups->configs);
    groups->groups = malloc(selection->n * sizeof *groups->groups);
    if (!groups->configs || !groups->groups) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    memcpy(groups->configs, selection->configs, selection->n * sizeof *groups->configs);
    if (by)
        qsort_r(groups->configs, selection->n, sizeof *groups->configs, compare_configs, &order);
    for (size_t i = 0; i < selection->n; i++) {
        if (!by || i == 0 || compare_keys(&order, groups->configs[i - 1], groups->configs[i]) != 0)
            groups->groups[groups->n++] = (struct selection){groups->configs + i, 0};
        groups->groups[groups->n - 1].n++;
    }
    qsort(groups->groups, groups->n, sizeof *groups->groups, compare_groups);
    return ERROR_NONE;
done:
    groups_free(groups);
    return error->code;
}

enum error_code groups_make_without(struct groups *groups, const struct reader *reader,
                                    const struct selection *selection, const struct hyperparameter *key,
                                    struct error *error)
{
    return groups_make_without_both(groups, reader, selection, key, NULL, error);
}

enum error_code groups_make_without_both(struct groups *groups, const struct reader *reader,
                                         const struct selection *selection, const struct hyperparameter *key,
                                         const struct hyperparameter *other, struct error *error)
{
    char *by = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&by, &size);
    *groups = (struct groups){0};
    for (int i = 0; text && i < n_hyperparameters; i++)
        if (reader->swept[i] && &hyperparameter_table[i] != key && &hyperparameter_table[i] != other)
            fprintf(text, "%s%s", ftell(text) > 0 ? "," : "", hyperparameter_table[i].name);
    if (!text || fclose(text) != 0)
        error_set(error, ERROR_FATAL, "not enough memory");
    else
        groups_make(groups, reader, selection, by, error);
    free(by);
    return error->code;
}

void groups_free(struct groups *groups)
{
    free(groups->keys);
    free(groups->groups);
    free(groups->configs);
    *groups = (struct groups){0};
}

void groups_label(const struct groups *groups, const struct reader *reader, size_t group, char label[LABEL_MAX])
{
    size_t config = groups->groups[group].configs[0], used = 0;
    if (groups->n_keys == 0) {
        if (groups->groups[group].n > 1)
            snprintf(label, LABEL_MAX, "all configurations");
        else
            selection_label(reader, config, label);
        return;
    }
    for (size_t k = 0; k < groups->n_keys && used < LABEL_MAX; k++) {
        const struct hyperparameter *key = groups->keys[k];
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&reader->configs[config], key, value);
        if (!*value) { /* a list of tasks that second_task has no word for */
            key = hyperparameter_find("tasks");
            hyperparameter_format(&reader->configs[config], key, value);
        }
        used += (size_t)snprintf(label + used, LABEL_MAX - used, "%s%s = %s", k ? ", " : "", key->name, value);
    }
}
