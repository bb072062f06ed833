/* Which pairs of their tasks configurations are looked at, and what tasks are called in tables and figures. */
#ifndef PICKY_TASK_PAIRS_H
#define PICKY_TASK_PAIRS_H

#include "models.h"
#include "selection.h"
#include "task_list.h"

/* Two tasks of a configuration, 0-based, a < b. */
struct task_pair {
    int a, b;
};

/* What --pair says: all, or two tasks by number or name. All-zero: not given, the first two. */
struct pair_choice {
    bool is_all;
    char words[2][TASK_NAME_MAX]; /* "" if not given */
};

/* Reads "all" or "A-B", A and B two different tasks. ERROR_INPUT if it is neither. */
enum error_code pair_choice_parse(struct pair_choice *choice, const char *text, struct error *error);

/* Whether a configuration has the pair (a, b), and it is chosen: the words may be in either order. */
bool pair_is_chosen(const struct pair_choice *choice, const struct hyperparameters *h, struct task_pair pair);

/* Selected configurations, each once for each of its chosen pairs. Owns its arrays; ended by task_pairs_free. */
struct task_pairs {
    struct selection selection;
    struct task_pair *pairs; /* [selection.n] */
    bool is_all;             /* as the choice has it */
};

/* Configurations without a chosen pair, such as those with one task, are left out, which is said on stderr.
 * ERROR_INPUT if none is left, with the reason. On error *pairs is empty. */
enum error_code task_pairs_make(struct task_pairs *pairs, const struct reader *reader,
                                const struct selection *selection, const struct pair_choice *choice,
                                struct error *error);
void task_pairs_free(struct task_pairs *pairs); /* all-zero pairs are allowed */

#define TASK_LABEL_MAX 128 /* bytes of what a task is called, the final NUL included */

/* A task's name, or if it has none its formula: cut off, with "...", after about 40 characters. */
void task_name(const struct hyperparameters *h, int task, char text[TASK_LABEL_MAX]);

/* The name of a task of the selected configurations that have it; "" if they have different ones, or none has it. */
void task_common_name(const struct reader *reader, const struct selection *selection, int task,
                      char name[TASK_LABEL_MAX]);

/* "task 1 (x0 + x1)"; "task 1" where task_common_name is "". */
void task_label(const struct reader *reader, const struct selection *selection, int task, char text[TASK_LABEL_MAX]);

/* The same of the first (side 0) or second tasks of all pairs: "first task" or "first task (x0 + x1)" where they
 * have different numbers. */
void task_pairs_label(const struct task_pairs *pairs, const struct reader *reader, int side, char text[TASK_LABEL_MAX]);

/* "tasks 1 (x0 + x1) and 2 (x0 * x1)". */
#define TASK_PAIR_LABEL_MAX (2 * TASK_LABEL_MAX + 32)
void task_pair_label(const struct hyperparameters *h, struct task_pair pair, char text[TASK_PAIR_LABEL_MAX]);

/* The same of the i-th pair. */
void task_pairs_text(const struct task_pairs *pairs, const struct reader *reader, size_t i,
                     char text[TASK_PAIR_LABEL_MAX]);

#endif
