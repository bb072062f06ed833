#include "task_list.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How many bytes from `at` on are blanks; are characters of a name. */
static size_t span(const char *text, size_t at, size_t end, bool of_name)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", blanks[] = " \t\r\n";
    size_t n = 0;
    while (at + n < end && memchr(of_name ? name : blanks, text[at + n], (of_name ? sizeof name : sizeof blanks) - 1))
        n++;
    return n;
}

enum error_code task_list_name(struct task_list *list, int task, const char *text, size_t length, struct error *error)
{
    char *name = list->names[task];
    if (length >= TASK_NAME_MAX)
        return error_set(error, ERROR_INPUT, "the name of a task has %zu characters; allowed: %d", length,
                         TASK_NAME_MAX - 1);
    if (span(text, 0, length, true) < length)
        return error_set(error, ERROR_INPUT,
                         "the name of a task has another character; allowed: letters, digits and _");
    memset(name, 0, TASK_NAME_MAX);
    memcpy(name, text, length);
    for (int other = 0; other < task && length > 0; other++)
        if (strcmp(list->names[other], name) == 0)
            return error_set(error, ERROR_INPUT, "two tasks are called %s; allowed: different names", name);
    return ERROR_NONE;
}

/* Takes "name :" from the front of a task: *at, in the text, is then where its formula begins. */
static enum error_code take_name(struct task_list *list, const char *text, size_t *at, size_t end, int *column,
                                 struct error *error)
{
    size_t from = *at + span(text, *at, end, false);
    size_t length = span(text, from, end, true);
    size_t colon = from + length + span(text, from + length, end, false);
    bool is_named = colon < end && text[colon] == ':';
    if (!is_named && !memchr(text + *at, ':', end - *at))
        return ERROR_NONE;

    *column = (int)from + 1;
    if (!is_named || length == 0)
        return error_set(error, ERROR_INPUT,
                         "a : that follows no name; allowed in the name of a task: letters, digits and _");
    if (strspn(text + from, "0123456789") >= length)
        return error_set(error, ERROR_INPUT,
                         "a task is called %.*s, a number; allowed: letters, digits and _, not digits alone",
                         (int)(length < TASK_NAME_MAX ? length : TASK_NAME_MAX), text + from);
    if (task_list_name(list, list->n_tasks, text + from, length, error))
        return error->code;
    *at = colon + 1;
    return ERROR_NONE;
}

/* Adds the task that is text[from..end). */
static enum error_code add_task(struct task_list *list, const char *text, size_t from, size_t end, int *column,
                                struct error *error)
{
    *column = (int)from + 1;
    if (list->n_tasks == TASKS_MAX)
        return error_set(error, ERROR_INPUT, "more than %d tasks; allowed: 1 to %d", TASKS_MAX, TASKS_MAX);
    list->names[list->n_tasks][0] = '\0';
    size_t at = from;
    enum error_code code = take_name(list, text, &at, end, column, error);
    if (code)
        return code;

    struct formula *formula = &list->formulas[list->n_tasks];
    code = formula_parse(text + at, end - at, formula, column, error);
    *column += (int)at;
    if (code)
        return code;
    list->n_tasks++;
    return ERROR_NONE;
}

enum error_code task_list_add(struct task_list *list, const char *text, size_t length, int *column, struct error *error)
{
    return add_task(list, text, 0, length, column, error);
}

enum error_code task_list_parse(const char *text, size_t length, struct task_list *list, int *column,
                                struct error *error)
{
    memset(list, 0, sizeof *list);
    for (size_t from = 0;;) {
        const char *semicolon = memchr(text + from, ';', length - from);
        size_t end = semicolon ? (size_t)(semicolon - text) : length;
        enum error_code code = add_task(list, text, from, end, column, error);
        if (code || !semicolon)
            return code;
        from = end + 1;
    }
}

void task_list_of_second_task(const char *second_task, struct task_list *list)
{
    bool is_product;
    double factor;
    check(hyperparameters_parse_second_task(second_task, &is_product, &factor));
    float k = (float)factor;
    char number[FORMULA_NUMBER_MAX], text[64];
    formula_number(fabsf(k), number);
    if (is_product)
        snprintf(text, sizeof text, "x0 + x1; x0 * x1");
    else if (k == 1)
        snprintf(text, sizeof text, "x0 + x1; x0 + x1");
    else
        snprintf(text, sizeof text, "x0 + x1; x0 %c %s * x1", k < 0 ? '-' : '+', number);

    int column;
    struct error error;
    check(task_list_parse(text, strlen(text), list, &column, &error) == ERROR_NONE);
}

/* Whether the text is what second_task stands for. */
static bool stands_for(const char *second_task, const struct task_list *list)
{
    bool is_product;
    double factor;
    if (!hyperparameters_parse_second_task(second_task, &is_product, &factor)) /* its K is limited */
        return false;
    struct task_list other;
    task_list_of_second_task(second_task, &other);
    return task_list_equal(list, &other);
}

void task_list_second_task(const struct task_list *list, char second_task[HYPERPARAMETER_TEXT_MAX])
{
    float k = list->n_tasks == 2 && list->formulas[1].n_constants == 1 ? list->formulas[1].constants[0] : 1;
    char number[FORMULA_NUMBER_MAX], candidates[3][HYPERPARAMETER_TEXT_MAX] = {"prod"};
    formula_number(k, number);
    snprintf(candidates[1], HYPERPARAMETER_TEXT_MAX, "add%s", number);
    snprintf(candidates[2], HYPERPARAMETER_TEXT_MAX, "add-%s", number);

    memset(second_task, 0, HYPERPARAMETER_TEXT_MAX);
    for (int i = 0; i < 3 && !*second_task; i++)
        if (stands_for(candidates[i], list))
            memcpy(second_task, candidates[i], HYPERPARAMETER_TEXT_MAX);
}

void task_list_text(const struct task_list *list, char text[TASK_LIST_TEXT_MAX])
{
    size_t used = 0;
    for (int task = 0; task < list->n_tasks; task++)
        used += (size_t)snprintf(text + used, TASK_LIST_TEXT_MAX - used, "%s%s", task > 0 ? "; " : "",
                                 list->formulas[task].text);
}

bool task_list_equal(const struct task_list *a, const struct task_list *b)
{
    if (a->n_tasks != b->n_tasks)
        return false;
    for (int task = 0; task < a->n_tasks; task++)
        if (!formula_equal(&a->formulas[task], &b->formulas[task]))
            return false;
    return true;
}

struct task_list_uses task_list_uses(const struct task_list *list)
{
    struct task_list_uses uses = {0};
    for (int task = 0; task < list->n_tasks; task++) {
        const struct formula *formula = &list->formulas[task];
        if (formula->n_inputs > uses.n_inputs)
            uses.n_inputs = formula->n_inputs;
        uses.inputs |= formula->inputs;
        uses.dials |= formula->dials;
        uses.randoms |= formula->randoms;
    }
    return uses;
}

/* Where an input stands first in a canonical formula that uses it, from 1. */
static int column_of_input(const char *text, int input)
{
    char name[8];
    int length = snprintf(name, sizeof name, "x%d", input);
    const char *at = strstr(text, name);
    while (at && at[length] >= '0' && at[length] <= '9') /* x15 for x1 */
        at = strstr(at + 1, name);
    check(at);
    return (int)(at - text) + 1;
}

enum error_code task_list_check_inputs(const struct task_list *list, int n_inputs, int *task, struct error *error)
{
    for (*task = 0; *task < list->n_tasks; ++*task) {
        int used = list->formulas[*task].n_inputs;
        if (used > n_inputs)
            return error_set(error, ERROR_INPUT,
                             "%s uses x%d (column %d), but n_inputs = %d; allowed: inputs below x%d",
                             list->formulas[*task].text, used - 1,
                             column_of_input(list->formulas[*task].text, used - 1), n_inputs, n_inputs);
    }
    return ERROR_NONE;
}

void task_list_randoms(int64_t seed, float randoms[FORMULA_RANDOMS])
{
    rng_uniforms(rng_key(seed, 0), RNG_RANDOM_CONSTANTS, 0, 0, 0, FORMULA_RANDOMS, randoms);
    for (int k = 0; k < FORMULA_RANDOMS; k++)
        randoms[k] = 2 * randoms[k] - 1; /* exact: multiples of 2^-23 */
}
