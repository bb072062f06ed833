/* What two of a configuration's tasks are to each other, by their formulas. */
#ifndef PICKY_TASK_KIND_H
#define PICKY_TASK_KIND_H

#include "formula.h"
#include "reader.h"
#include "task_pairs.h"

#define TASK_TEXT_MAX FORMULA_TEXT_MAX /* bytes of a task's formula, the final NUL included */

enum pair_kind {
    PAIR_IDENTICAL, /* equal formulas: what every claim is held against */
    PAIR_SIMILAR,   /* x0 + x1 and x0 + K * x1, K not 1 */
    PAIR_UNLIKE,    /* x0 + x1 and x0 * x1 */
    PAIR_OTHER,
};

/* A task's formula in its canonical spelling: equal formulas are equal texts. */
void task_text(const struct hyperparameters *h, int task, char text[TASK_TEXT_MAX]);

enum pair_kind task_pair_kind(const struct hyperparameters *h, struct task_pair pair);

/* The first pair of the kind; of PAIR_OTHER the first that is not PAIR_IDENTICAL. False if there is none. */
bool task_pair_find(const struct hyperparameters *h, enum pair_kind kind, struct task_pair *pair);

/* Whether all tasks of h, two or more, are the one with this text. */
bool task_is_all(const struct hyperparameters *h, const char *text);

/* Gives h the task with this text twice in place of its tasks. False if hyperparameters cannot say so: h is as it was.
 */
bool task_set_twice(struct hyperparameters *h, const char *text);

/* The hyperparameter that says what the tasks are, in a file. */
const struct hyperparameter *task_key(const struct reader *reader);

#endif
