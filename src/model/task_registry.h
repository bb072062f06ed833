/* The distinct lists of tasks that this process knows, each once: a configuration holds a number. Lists are only added,
 * in the main thread and before others compute with them; what has a number keeps it and stays where it is. */
#ifndef PICKY_TASK_REGISTRY_H
#define PICKY_TASK_REGISTRY_H

#include "task_list.h"

#define TASK_LISTS_MAX 16384

/* A list that is known. Owned by the registry. */
struct registered_tasks {
    struct task_list list; /* names are the first ones that were given */
    struct task_list_uses uses;
    char second_task[HYPERPARAMETER_TEXT_MAX]; /* the shorthand that stands for the list, "" if none does */
    char *text;                                /* canonical, without names */
    bool is_named_otherwise;                   /* a results file has other names for it */
};

/* The number of a list, which is added (copied) if it is not known; names that it lacks are taken over. ERROR_INPUT if
 * there are TASK_LISTS_MAX others, ERROR_FATAL if memory is short. */
enum error_code task_registry_add(const struct task_list *list, int64_t *number, struct error *error);

/* The same of the list that second_task stands for, a checked text. */
enum error_code task_registry_add_second_task(const char *second_task, int64_t *number, struct error *error);

/* The number of the list that second_task stands for, or -1 if it was not added as such. Adds nothing. */
int64_t task_registry_find_second_task(const char *second_task);

/* Notes that a results file has other names for list `number` than the registry, if it has. */
void task_registry_compare_names(int64_t number, const struct task_list *list);

/* The list of a number below task_registry_count(). */
const struct registered_tasks *task_registry_get(int64_t number);
int64_t task_registry_count(void);

/* The list as a user may write it in one text, with its names: text [TASK_LIST_NAMED_MAX]. */
enum { TASK_LIST_NAMED_MAX = TASK_LIST_TEXT_MAX + TASKS_MAX * (TASK_NAME_MAX + 2) };
void task_registry_named_text(int64_t number, char text[TASK_LIST_NAMED_MAX]);

#endif
