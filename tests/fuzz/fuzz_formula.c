/* Lists of tasks: any bytes. What is accepted is written in one way, which reads back to the same program, and can be
 * computed and checked. */
#include "fuzz.h"

#include "task_check.h"
#include "text.h"

#include <string.h>

static void check_error_line(const struct error *error, int column, size_t size)
{
    check(error->code == ERROR_INPUT && *error->message && text_is_line(error->message));
    check(column >= 1 && (size_t)column <= size + 1);
}

static void check_again(const struct task_list *list)
{
    char text[TASK_LIST_TEXT_MAX], second[TASK_LIST_TEXT_MAX];
    struct task_list again;
    struct error error;
    int column;
    task_list_text(list, text);
    check(!task_list_parse(text, strlen(text), &again, &column, &error));
    task_list_text(&again, second);
    check(strcmp(text, second) == 0 && task_list_equal(list, &again));
    for (int task = 0; task < list->n_tasks; task++) {
        const struct formula *a = &list->formulas[task], *b = &again.formulas[task];
        check(a->n_steps == b->n_steps && memcmp(a->steps, b->steps, sizeof a->steps) == 0);
        for (int i = 0; i < a->n_constants; i++)
            check(a->constants[i] == b->constants[i]);
        check(text_is_line(a->text) && text_is_line(list->names[task]));
    }
}

/* At a few points only: a check needs milliseconds. */
static void compute(const struct task_list *list)
{
    enum { N = 3 };
    static const struct formula_values values = {.dials = {1, -2, 0.5f}, .randoms = {0.5f, -1, 0.25f}};
    float x[N * FORMULA_INPUTS_MAX], target[N];
    char words[FORMULA_POINT_MAX];
    for (int i = 0; i < N * FORMULA_INPUTS_MAX; i++)
        x[i] = (float)(i % 7) - 3;
    for (int task = 0; task < list->n_tasks; task++) {
        check(formula_evaluate(&list->formulas[task], &values, N, FORMULA_INPUTS_MAX, x, target) <= N);
        check(text_is_line(formula_point(&list->formulas[task], &values, x, words)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task_list list;
    struct error error = {0};
    int column = 0;
    if (task_list_parse((const char *)data, size, &list, &column, &error)) {
        check_error_line(&error, column, size);
        return 0;
    }
    check(list.n_tasks >= 1 && list.n_tasks <= TASKS_MAX);
    check_again(&list);
    compute(&list);
    char second_task[HYPERPARAMETER_TEXT_MAX];
    task_list_second_task(&list, second_task);
    return 0;
}
