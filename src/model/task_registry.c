#include "task_registry.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that stands for a list: its canonical text, or a second_task in any spelling. */
struct spelling {
    char *text; /* owned; NULL: free */
    int64_t number;
};

static struct registered_tasks *lists[TASK_LISTS_MAX];
static int64_t n_lists;
static struct spelling *spellings; /* [n_places], a hash table; n_places is 0 or a power of two */
static size_t n_spellings, n_places;

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "out of memory for lists of tasks");
}

/* The place of a text, or the free one where it belongs. */
static struct spelling *find(const char *text)
{
    size_t i = (size_t)hash_text(HASH_START, text);
    for (;; i++) {
        struct spelling *place = &spellings[i & (n_places - 1)];
        if (!place->text || strcmp(place->text, text) == 0)
            return place;
    }
}

static int64_t number_of(const char *text)
{
    const struct spelling *place = n_places ? find(text) : NULL;
    return place && place->text ? place->number : -1;
}

static bool grow(void)
{
    struct spelling *old = spellings;
    size_t n_old = n_places;
    struct spelling *larger = calloc(n_old ? 2 * n_old : 64, sizeof *larger);
    if (!larger)
        return false;
    spellings = larger;
    n_places = n_old ? 2 * n_old : 64;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].text)
            *find(old[i].text) = old[i];
    free(old);
    return true;
}

/* Notes a new spelling. */
static bool note(const char *text, int64_t number)
{
    if (2 * (n_spellings + 1) > n_places && !grow())
        return false;
    char *copy = strdup(text);
    if (!copy)
        return false;
    *find(text) = (struct spelling){copy, number};
    n_spellings++;
    return true;
}

/* Takes over the names that a known list lacks, unless another of its tasks has one of them. */
static void take_names(struct task_list *known, const struct task_list *list)
{
    for (int task = 0; task < known->n_tasks; task++) {
        bool is_new = !*known->names[task];
        for (int other = 0; other < known->n_tasks && is_new; other++)
            is_new = strcmp(known->names[other], list->names[task]) != 0 || !*list->names[task];
        if (is_new)
            memcpy(known->names[task], list->names[task], TASK_NAME_MAX);
    }
}

enum error_code task_registry_add(const struct task_list *list, int64_t *number, struct error *error)
{
    char text[TASK_LIST_TEXT_MAX];
    task_list_text(list, text);
    *number = number_of(text);
    if (*number >= 0) {
        take_names(&lists[*number]->list, list);
        return ERROR_NONE;
    }
    if (n_lists == TASK_LISTS_MAX)
        return error_set(error, ERROR_INPUT, "more than %d different lists of tasks; allowed: fewer", TASK_LISTS_MAX);
    struct registered_tasks *tasks = calloc(1, sizeof *tasks);
    if (!tasks || !(tasks->text = strdup(text)) || !note(text, n_lists)) {
        if (tasks)
            free(tasks->text);
        free(tasks);
        return out_of_memory(error);
    }
    tasks->list = *list;
    tasks->uses = task_list_uses(list);
    task_list_second_task(list, tasks->second_task);
    *number = n_lists;
    lists[n_lists++] = tasks;
    return ERROR_NONE;
}

int64_t task_registry_find_second_task(const char *second_task)
{
    return number_of(second_task);
}

enum error_code task_registry_add_second_task(const char *second_task, int64_t *number, struct error *error)
{
    struct task_list list;
    *number = number_of(second_task);
    if (*number >= 0)
        return ERROR_NONE;
    task_list_of_second_task(second_task, &list);
    if (task_registry_add(&list, number, error))
        return error->code;
    return note(second_task, *number) ? ERROR_NONE : out_of_memory(error);
}

const struct registered_tasks *task_registry_get(int64_t number)
{
    check(number >= 0 && number < n_lists);
    return lists[number];
}

int64_t task_registry_count(void)
{
    return n_lists;
}

void task_registry_named_text(int64_t number, char text[TASK_LIST_NAMED_MAX])
{
    const struct task_list *list = &task_registry_get(number)->list;
    size_t used = 0;
    for (int task = 0; task < list->n_tasks; task++)
        used += (size_t)snprintf(text + used, TASK_LIST_NAMED_MAX - used, "%s%s%s%s", task ? "; " : "",
                                 list->names[task], *list->names[task] ? ": " : "", list->formulas[task].text);
}
