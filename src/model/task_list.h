/* A list of tasks, each a formula (formula.h): list = [name :] formula {; [name :] formula}, 1 to 8 of them. Names are
 * letters, digits and _; they are for tables and figures alone and are not compared. */
#ifndef PICKY_TASK_LIST_H
#define PICKY_TASK_LIST_H

#include "formula.h"
#include "hyperparameters.h"
#include "rng.h"

enum {
    TASK_NAME_MAX = 32, /* bytes, the final NUL included */
    TASK_LIST_TEXT_MAX =
        TASKS_MAX * (FORMULA_TEXT_MAX + 1), /* bytes of a list's canonical text, the final NUL included */
};

struct task_list {
    int n_tasks; /* 1..TASKS_MAX once it is complete */
    struct formula formulas[TASKS_MAX];
    char names[TASKS_MAX][TASK_NAME_MAX]; /* "" for a task without one; zeros behind it */
};

/* Parses a list in one text of `length` bytes (any bytes). ERROR_INPUT as formula_parse() has it; *column counts from
 * the beginning of `text`. */
enum error_code task_list_parse(const char *text, size_t length, struct task_list *list, int *column,
                                struct error *error);

/* Parses one task, [name :] formula, and adds it to the list (n_tasks 0 at first): for a list that is an array of
 * texts. ERROR_INPUT also for a ninth task, and for a ; in the text. */
enum error_code task_list_add(struct task_list *list, const char *text, size_t length, int *column,
                              struct error *error);

/* Names task `task`, 0-based, by `length` bytes (any bytes; none: no name). ERROR_INPUT if no task can be called so, or
 * one before it is. */
enum error_code task_list_name(struct task_list *list, int task, const char *text, size_t length, struct error *error);

/* The list that second_task stands for: "prod" is x0 + x1; x0 * x1, "addK" x0 + x1; x0 + K * x1 (K = 1: x0 + x1; K < 0:
 * x0 - |K| * x1), K rounded to float. `second_task` is a checked one. */
void task_list_of_second_task(const char *second_task, struct task_list *list);

/* The second_task that stands for the list, whatever its names, "" if there is none: "prod", or "addK" with the
 * shortest K that gives the same list. */
void task_list_second_task(const struct task_list *list, char second_task[HYPERPARAMETER_TEXT_MAX]);

/* The list's canonical text, without names: formulas joined by "; ". Two lists are the same if it is the same. */
void task_list_text(const struct task_list *list, char text[TASK_LIST_TEXT_MAX]);
bool task_list_equal(const struct task_list *a, const struct task_list *b);

/* What all tasks together use; the masks as struct formula has them. */
struct task_list_uses {
    int n_inputs; /* 1 + the highest input */
    uint16_t inputs, dials, randoms;
};
struct task_list_uses task_list_uses(const struct task_list *list);

/* Whether the inputs of all formulas are below n_inputs. If not, ERROR_INPUT; *task (0-based) is the first that uses
 * another one; the column of the message is one of its canonical text, which the message quotes. */
enum error_code task_list_check_inputs(const struct task_list *list, int n_inputs, int *task, struct error *error);

/* r0..r9 of a job: U(-1, 1), of (seed, attempt 0): the same in every attempt and configuration. */
void task_list_randoms(int64_t seed, float randoms[FORMULA_RANDOMS]);

#endif
