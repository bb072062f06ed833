/* What two of a configuration's tasks are to each other, by their formulas. */
#ifndef PICKY_TASK_KIND_H
#define PICKY_TASK_KIND_H

#include "formula.h"
#include "reader.h"
#include "task_pairs.h"

#define TASK_TEXT_MAX FORMULA_TEXT_MAX /* bytes of a task's formula, the final NUL included */

enum pair_kind {
    PAIR_IDENTICAL, /* what every claim is held against: equal formulas, or, where they have dials (a, b, c), formulas
                       that are equal with the configuration's values of these put in */
    PAIR_SIMILAR,   /* x0 + x1 and x0 + K * x1, K not 1 */
    PAIR_UNLIKE,    /* x0 + x1 and x0 * x1 */
    PAIR_OTHER,
};

/* A task's formula in its canonical spelling: equal formulas are equal texts. */
void task_text(const struct hyperparameters *h, int task, char text[TASK_TEXT_MAX]);

/* Which dials the formulas of a pair use: bit 0: a, bit 1: b, bit 2: c. */
unsigned task_pair_dials(const struct hyperparameters *h, struct task_pair pair);

/* "a = 0.5, b = 1": the dials that a pair uses, with their values; "" if there are none. */
#define TASK_DIALS_TEXT_MAX 96
void task_pair_dials_text(const struct hyperparameters *h, struct task_pair pair, char text[TASK_DIALS_TEXT_MAX]);

enum pair_kind task_pair_kind(const struct hyperparameters *h, struct task_pair pair);

/* The first pair of the kind; of PAIR_OTHER the first that is not PAIR_IDENTICAL. False if there is none. */
bool task_pair_find(const struct hyperparameters *h, enum pair_kind kind, struct task_pair *pair);

/* Gives h, in place of the pair, its first task twice, or its second one; the other tasks stay. False if there is no
 * room for another list: h is as it was. */
bool task_pair_make_equal(struct hyperparameters *h, struct task_pair pair, bool is_second);

/* Whether the tasks of h are those of `other` with one replaced by a copy of another one. If each is that of the other,
 * the later one in the file is. */
bool task_is_control_of(const struct hyperparameters *h, const struct hyperparameters *other, bool is_later);

/* Whether pair a of x and pair b of y stand at the same places, and all other tasks are the same. */
bool task_is_equal_but(const struct hyperparameters *x, struct task_pair a, const struct hyperparameters *y,
                       struct task_pair b);

/* The hyperparameter that says what the tasks are, in a file. */
const struct hyperparameter *task_key(const struct reader *reader);

#endif
