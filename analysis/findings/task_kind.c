#include "task_kind.h"

#include "errors.h"
#include "task_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sum[] = "x0 + x1", product[] = "x0 * x1";

void task_text(const struct hyperparameters *h, int task, char text[TASK_TEXT_MAX])
{
    snprintf(text, TASK_TEXT_MAX, "%s", task_registry_get(h->tasks)->list.formulas[task].text);
}

/* Whether a text is x0 + K * x1, or x0 - K * x1. */
static bool is_scaled_sum(const char *text)
{
    char sign, *end;
    int used = 0;
    if (sscanf(text, "x0 %c %n", &sign, &used) != 1 || (sign != '+' && sign != '-') || used == 0)
        return false;
    strtod(text + used, &end);
    return end != text + used && strcmp(end, " * x1") == 0;
}

enum pair_kind task_pair_kind(const struct hyperparameters *h, struct task_pair pair)
{
    char a[TASK_TEXT_MAX], b[TASK_TEXT_MAX];
    task_text(h, pair.a, a);
    task_text(h, pair.b, b);
    if (strcmp(a, b) == 0)
        return PAIR_IDENTICAL;
    if (strcmp(a, sum) != 0 && strcmp(b, sum) != 0)
        return PAIR_OTHER;
    const char *other = strcmp(a, sum) == 0 ? b : a;
    return strcmp(other, product) == 0 ? PAIR_UNLIKE : is_scaled_sum(other) ? PAIR_SIMILAR : PAIR_OTHER;
}

bool task_pair_find(const struct hyperparameters *h, enum pair_kind kind, struct task_pair *pair)
{
    int n_tasks = hyperparameters_n_tasks(h);
    for (int b = 1; b < n_tasks; b++)
        for (int a = 0; a < b; a++) {
            enum pair_kind found = task_pair_kind(h, (struct task_pair){a, b});
            *pair = (struct task_pair){a, b};
            if (found == kind || (kind == PAIR_OTHER && found != PAIR_IDENTICAL))
                return true;
        }
    return false;
}

bool task_is_all(const struct hyperparameters *h, const char *text)
{
    int n_tasks = hyperparameters_n_tasks(h);
    for (int t = 0; t < n_tasks; t++) {
        char other[TASK_TEXT_MAX];
        task_text(h, t, other);
        if (strcmp(other, text) != 0)
            return false;
    }
    return n_tasks > 1;
}

bool task_set_twice(struct hyperparameters *h, const char *text)
{
    char twice[2 * TASK_TEXT_MAX + 2];
    struct error error;
    snprintf(twice, sizeof twice, "%s; %s", text, text);
    return !hyperparameter_set_text(h, hyperparameter_find("tasks"), twice, &error);
}

const struct hyperparameter *task_key(const struct reader *reader)
{
    const struct hyperparameter *tasks = hyperparameter_find("tasks");
    return reader->swept[tasks - hyperparameter_table] ? tasks : hyperparameter_find("second_task");
}
