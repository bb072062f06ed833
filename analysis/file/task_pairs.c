#include "task_pairs.h"

#include "measures.h"
#include "task_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN_MAX 40 /* characters; formulas are ASCII */

enum error_code pair_choice_parse(struct pair_choice *choice, const char *text, struct error *error)
{
    const char *dash = strchr(text, '-');
    size_t lengths[2] = {dash ? (size_t)(dash - text) : 0, dash ? strlen(dash + 1) : 0};
    *choice = (struct pair_choice){.is_all = strcmp(text, "all") == 0};
    if (choice->is_all)
        return ERROR_NONE;
    bool is_pair = true;
    for (int side = 0; side < 2; side++)
        is_pair = is_pair && lengths[side] > 0 && lengths[side] < TASK_NAME_MAX;
    if (!is_pair || strchr(dash + 1, '-'))
        return error_set(error, ERROR_INPUT, "--pair %s: allowed: all, or A-B with the numbers or names of two tasks",
                         text);
    memcpy(choice->words[0], text, lengths[0]);
    memcpy(choice->words[1], dash + 1, lengths[1]);
    if (strcmp(choice->words[0], choice->words[1]) == 0)
        return error_set(error, ERROR_INPUT, "--pair %s: allowed: two different tasks", text);
    return ERROR_NONE;
}

/* The task (0-based) of a configuration that a word means, by number or name, or -1. */
static int find_task(const struct hyperparameters *h, const char *word)
{
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    for (int t = 0; t < list->n_tasks; t++) {
        char number[16];
        snprintf(number, sizeof number, "%d", t + 1);
        if (strcmp(word, number) == 0)
            return t;
    }
    for (int t = 0; t < list->n_tasks; t++)
        if (strcmp(word, list->names[t]) == 0)
            return t;
    return -1;
}

bool pair_is_chosen(const struct pair_choice *choice, const struct hyperparameters *h, struct task_pair pair)
{
    if (pair.a < 0 || pair.a >= pair.b || pair.b >= hyperparameters_n_tasks(h))
        return false;
    if (choice->is_all)
        return true;
    if (!*choice->words[0])
        return pair.a == 0 && pair.b == 1;
    int first = find_task(h, choice->words[0]), second = find_task(h, choice->words[1]);
    return (first == pair.a && second == pair.b) || (first == pair.b && second == pair.a);
}

/* Why no configuration is left. */
static enum error_code no_pair(const struct reader *reader, const struct selection *selection,
                               const struct pair_choice *choice, struct error *error)
{
    int n_most = 0;
    for (size_t i = 0; i < selection->n; i++) {
        int n = hyperparameters_n_tasks(&reader->configs[selection->configs[i]]);
        n_most = n > n_most ? n : n_most;
    }
    if (n_most == 1)
        return error_set(error, ERROR_INPUT,
                         "%s: its configurations%s have one task each: there is no pair of tasks, and so no relative "
                         "importance",
                         reader->path, selection->n < reader->n_configs ? " chosen by --where" : "");
    return error_set(
        error, ERROR_INPUT,
        "--pair %s-%s: no configuration of %s has these two tasks; allowed: all, or A-B with numbers from 1 "
        "to %d or names of tasks",
        choice->words[0], choice->words[1], reader->path, n_most);
}

enum error_code task_pairs_make(struct task_pairs *pairs, const struct reader *reader,
                                const struct selection *selection, const struct pair_choice *choice,
                                struct error *error)
{
    size_t n_left_out = 0;
    *pairs = (struct task_pairs){.is_all = choice->is_all};
    pairs->selection.configs = malloc(selection->n * TASK_PAIRS(TASKS_MAX) * sizeof *pairs->selection.configs);
    pairs->pairs = malloc(selection->n * TASK_PAIRS(TASKS_MAX) * sizeof *pairs->pairs);
    if (!pairs->selection.configs || !pairs->pairs) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    for (size_t i = 0; i < selection->n; i++) {
        const struct hyperparameters *h = &reader->configs[selection->configs[i]];
        size_t n_before = pairs->selection.n;
        for (int b = 1; b < hyperparameters_n_tasks(h); b++)
            for (int a = 0; a < b; a++) {
                if (!pair_is_chosen(choice, h, (struct task_pair){a, b}))
                    continue;
                pairs->selection.configs[pairs->selection.n] = selection->configs[i];
                pairs->pairs[pairs->selection.n++] = (struct task_pair){a, b};
            }
        n_left_out += pairs->selection.n == n_before;
    }
    if (pairs->selection.n == 0) {
        no_pair(reader, selection, choice, error);
        goto done;
    }
    if (n_left_out > 0)
        fprintf(stderr, "picky-analyse: %zu of %zu configurations have no such pair of tasks and are left out\n",
                n_left_out, selection->n);
    return ERROR_NONE;
done:
    task_pairs_free(pairs);
    return error->code;
}

void task_pairs_free(struct task_pairs *pairs)
{
    selection_free(&pairs->selection);
    free(pairs->pairs);
    *pairs = (struct task_pairs){0};
}

void task_name(const struct hyperparameters *h, int task, char text[TASK_LABEL_MAX])
{
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    const char *name = list->names[task], *formula = list->formulas[task].text;
    if (*name)
        snprintf(text, TASK_LABEL_MAX, "%s", name);
    else if (strlen(formula) <= NAME_SHOWN_MAX)
        snprintf(text, TASK_LABEL_MAX, "%s", formula);
    else
        snprintf(text, TASK_LABEL_MAX, "%.*s...", NAME_SHOWN_MAX - 3, formula);
}

/* Whether the configurations [n] that have the task, one or more, call it the same: that goes into `name`. */
static bool has_name(const struct reader *reader, const size_t *configs, size_t n, int task, char name[TASK_LABEL_MAX])
{
    size_t n_named = 0;
    bool is_same = true;
    for (size_t i = 0; i < n && is_same; i++) {
        const struct hyperparameters *h = &reader->configs[configs[i]];
        char own[TASK_LABEL_MAX];
        if (task >= hyperparameters_n_tasks(h))
            continue;
        task_name(h, task, own);
        if (n_named++ == 0)
            memcpy(name, own, sizeof own);
        is_same = strcmp(name, own) == 0;
    }
    return is_same && n_named > 0;
}

void task_common_name(const struct reader *reader, const struct selection *selection, int task,
                      char name[TASK_LABEL_MAX])
{
    *name = '\0';
    if (!has_name(reader, selection->configs, selection->n, task, name))
        *name = '\0';
}

void task_label(const struct reader *reader, const struct selection *selection, int task, char text[TASK_LABEL_MAX])
{
    char name[TASK_LABEL_MAX];
    if (has_name(reader, selection->configs, selection->n, task, name))
        snprintf(text, TASK_LABEL_MAX, "task %d (%.*s)", task + 1, TASK_LABEL_MAX - 32, name);
    else
        snprintf(text, TASK_LABEL_MAX, "task %d", task + 1);
}

static int side_of(struct task_pair pair, int side)
{
    return side ? pair.b : pair.a;
}

void task_pairs_label(const struct task_pairs *pairs, const struct reader *reader, int side, char text[TASK_LABEL_MAX])
{
    char name[TASK_LABEL_MAX] = "", own[TASK_LABEL_MAX], number[32];
    bool is_one_number = true, is_one_name = true;
    for (size_t i = 0; i < pairs->selection.n; i++) {
        int task = side_of(pairs->pairs[i], side);
        task_name(&reader->configs[pairs->selection.configs[i]], task, own);
        if (i == 0)
            memcpy(name, own, sizeof own);
        is_one_number = is_one_number && task == side_of(pairs->pairs[0], side);
        is_one_name = is_one_name && strcmp(name, own) == 0;
    }
    snprintf(number, sizeof number, "task %d", side_of(pairs->pairs[0], side) + 1);
    int used = snprintf(text, TASK_LABEL_MAX, "%s", is_one_number ? number : side ? "second task" : "first task");
    if (is_one_name)
        snprintf(text + used, TASK_LABEL_MAX - (size_t)used, " (%.*s)", TASK_LABEL_MAX - 32, name);
}

void task_pair_label(const struct hyperparameters *h, struct task_pair pair, char text[TASK_PAIR_LABEL_MAX])
{
    char a[TASK_LABEL_MAX], b[TASK_LABEL_MAX];
    task_name(h, pair.a, a);
    task_name(h, pair.b, b);
    snprintf(text, TASK_PAIR_LABEL_MAX, "tasks %d (%.*s) and %d (%.*s)", pair.a + 1, TASK_LABEL_MAX - 16, a, pair.b + 1,
             TASK_LABEL_MAX - 16, b);
}

void task_pairs_text(const struct task_pairs *pairs, const struct reader *reader, size_t i,
                     char text[TASK_PAIR_LABEL_MAX])
{
    task_pair_label(&reader->configs[pairs->selection.configs[i]], pairs->pairs[i], text);
}
