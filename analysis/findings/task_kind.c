#include "task_kind.h"

#include "errors.h"
#include "sobol.h"
#include "task_check.h"
#include "task_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sum[] = "x0 + x1", product[] = "x0 * x1";

void task_text(const struct hyperparameters *h, int task, char text[TASK_TEXT_MAX])
{
    snprintf(text, TASK_TEXT_MAX, "%s", task_registry_get(h->tasks)->list.formulas[task].text);
}

/* Whether a text is x0 + K * x1, or x0 - K * x1, and no other spelling of x0 + x1. */
static bool is_scaled_sum(const char *text)
{
    char sign, *end;
    int used = 0;
    if (sscanf(text, "x0 %c %n", &sign, &used) != 1 || (sign != '+' && sign != '-') || used == 0)
        return false;
    double factor = strtod(text + used, &end);
    return end != text + used && strcmp(end, " * x1") == 0 && factor != (sign == '+' ? 1 : -1);
}

unsigned task_pair_dials(const struct hyperparameters *h, struct task_pair pair)
{
    const struct formula *formulas = task_registry_get(h->tasks)->list.formulas;
    return (unsigned)formulas[pair.a].dials | formulas[pair.b].dials;
}

void task_pair_dials_text(const struct hyperparameters *h, struct task_pair pair, char text[TASK_DIALS_TEXT_MAX])
{
    static const char *const names[FORMULA_DIALS] = {"a", "b", "c"};
    const double values[FORMULA_DIALS] = {h->a, h->b, h->c};
    unsigned dials = task_pair_dials(h, pair);
    size_t used = 0;
    *text = '\0';
    for (int d = 0; d < FORMULA_DIALS; d++)
        if (dials >> d & 1) {
            char number[FORMULA_NUMBER_MAX];
            formula_number((float)values[d], number);
            used += (size_t)snprintf(text + used, TASK_DIALS_TEXT_MAX - used, "%s%s = %s", used > 0 ? ", " : "",
                                     names[d], number);
        }
}

enum { POINTS_FIRST = 4, POINTS = 128 }; /* most pairs differ at the first ones */

/* Whether two formulas have the same values at points of the box, whatever their random constants. */
static bool is_equal_at_points(const struct hyperparameters *h, const struct formula *a, const struct formula *b)
{
    struct formula_values values = {.dials = {(float)h->a, (float)h->b, (float)h->c}};
    float x[POINTS * INPUTS_MAX], of_a[POINTS], of_b[POINTS];
    int n_inputs = (int)h->n_inputs;
    for (int r = 0; r < FORMULA_RANDOMS; r++)
        values.randoms[r] = 0.9f - 0.17f * (float)r;
    for (size_t n = POINTS_FIRST; n <= POINTS; n += POINTS - POINTS_FIRST) {
        sobol_points(1, n, n_inputs, x);
        task_scale_inputs((float)h->input_low, (float)h->input_high, n * (size_t)n_inputs, x);
        formula_evaluate(a, &values, n, n_inputs, x, of_a);
        formula_evaluate(b, &values, n, n_inputs, x, of_b);
        for (size_t i = 0; i < n; i++)
            if (of_a[i] != of_b[i])
                return false;
    }
    return true;
}

enum pair_kind task_pair_kind(const struct hyperparameters *h, struct task_pair pair)
{
    char a[TASK_TEXT_MAX], b[TASK_TEXT_MAX];
    task_text(h, pair.a, a);
    task_text(h, pair.b, b);
    const struct formula *formulas = task_registry_get(h->tasks)->list.formulas;
    if (strcmp(a, b) == 0 || (task_pair_dials(h, pair) && is_equal_at_points(h, &formulas[pair.a], &formulas[pair.b])))
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

bool task_pair_make_equal(struct hyperparameters *h, struct task_pair pair, bool is_second)
{
    struct task_list list = task_registry_get(h->tasks)->list;
    struct error error;
    int64_t number;
    list.formulas[is_second ? pair.a : pair.b] = list.formulas[is_second ? pair.b : pair.a];
    memset(list.names, 0, sizeof list.names);
    if (task_registry_add(&list, &number, &error))
        return false;
    hyperparameters_set_tasks(h, number);
    return true;
}

/* Whether a list has at position `task` what it has elsewhere, too. */
static bool is_copy(const struct task_list *list, int task)
{
    for (int t = 0; t < list->n_tasks; t++)
        if (t != task && strcmp(list->formulas[t].text, list->formulas[task].text) == 0)
            return true;
    return false;
}

/* The only task in which two lists differ, or -1. */
static int only_difference(const struct task_list *x, const struct task_list *y)
{
    int found = -1;
    for (int t = 0; t < x->n_tasks && x->n_tasks == y->n_tasks; t++)
        if (strcmp(x->formulas[t].text, y->formulas[t].text) != 0) {
            if (found >= 0)
                return -1;
            found = t;
        }
    return found;
}

bool task_is_control_of(const struct hyperparameters *h, const struct hyperparameters *other, bool is_later)
{
    const struct task_list *x = &task_registry_get(h->tasks)->list, *y = &task_registry_get(other->tasks)->list;
    int task = only_difference(x, y);
    return task >= 0 && is_copy(x, task) && (is_later || !is_copy(y, task));
}

bool task_is_equal_but(const struct hyperparameters *x, struct task_pair a, const struct hyperparameters *y,
                       struct task_pair b)
{
    int n_tasks = hyperparameters_n_tasks(x);
    if (hyperparameters_n_tasks(y) != n_tasks || a.a != b.a || a.b != b.b)
        return false;
    for (int t = 0; t < n_tasks; t++) {
        char of_x[TASK_TEXT_MAX], of_y[TASK_TEXT_MAX];
        task_text(x, t, of_x);
        task_text(y, t, of_y);
        if (t != a.a && t != a.b && strcmp(of_x, of_y) != 0)
            return false;
    }
    return true;
}

const struct hyperparameter *task_key(const struct reader *reader)
{
    const struct hyperparameter *tasks = hyperparameter_find("tasks");
    return reader->swept[tasks - hyperparameter_table] ? tasks : hyperparameter_find("second_task");
}
