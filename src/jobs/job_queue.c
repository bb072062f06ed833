#include "job_queue.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of targets that are kept from screening to training, at most: those of 30 jobs of 130,000 samples. More are
 * computed again. */
enum { KEPT_BYTES_MAX = 16 << 20 };

void job_queue_keep_targets(struct job_queue *queue, struct waiting *w)
{
    size_t n_bytes = training_n_targets(&w->job.h) * sizeof(float);
    if (w->kept.values || n_bytes > KEPT_BYTES_MAX - queue->n_kept_bytes)
        return;
    w->kept.values = malloc(n_bytes);
    queue->n_kept_bytes += w->kept.values ? n_bytes : 0;
}

void job_queue_release_targets(struct job_queue *queue, struct waiting *w)
{
    queue->n_kept_bytes -= w->kept.values ? training_n_targets(&w->job.h) * sizeof(float) : 0;
    free(w->kept.values);
    w->kept = (struct kept_targets){0};
}

static void waiting_free(struct job_queue *queue, struct waiting *w)
{
    job_queue_release_targets(queue, w);
    free(w);
}

void job_queue_destroy(struct job_queue *queue)
{
    for (size_t g = 0; g < queue->n_groups; g++) {
        for (size_t i = 0; i < queue->groups[g].n_waiting; i++)
            waiting_free(queue, queue->groups[g].waiting[i]);
        free(queue->groups[g].waiting);
    }
    free(queue->groups);
}

size_t job_queue_waiting(const struct job_queue *queue)
{
    size_t n = 0;
    for (size_t g = 0; g < queue->n_groups; g++)
        n += queue->groups[g].n_waiting;
    return n;
}

size_t job_group_lanes(const struct job_group *group, enum stage first, enum stage last)
{
    uint64_t n_steps = 0, longest = 1;
    for (size_t i = 0; i < group->n_waiting; i++) {
        const struct waiting *w = group->waiting[i];
        if (w->stage < first || w->stage > last)
            continue;
        n_steps += w->n_steps;
        longest = w->n_steps > longest ? w->n_steps : longest;
    }
    return (size_t)(n_steps / longest);
}

struct job_group *job_queue_largest(const struct job_queue *queue, size_t *n_lanes)
{
    struct job_group *largest = NULL;
    *n_lanes = 0;
    for (size_t g = 0; g < queue->n_groups; g++) {
        size_t n = job_group_lanes(&queue->groups[g], STAGE_NEW, STAGE_SCREENED);
        if (n <= *n_lanes)
            continue;
        largest = &queue->groups[g];
        *n_lanes = n;
    }
    return largest;
}

struct job_group *job_queue_group(struct job_queue *queue, const struct shape *shape)
{
    for (size_t g = 0; g < queue->n_groups; g++)
        if (shape_packs_with(&queue->groups[g].shape, shape))
            return &queue->groups[g];
    if (queue->n_groups == queue->capacity) {
        size_t capacity = queue->capacity ? 2 * queue->capacity : 4;
        struct job_group *groups = realloc(queue->groups, capacity * sizeof *groups);
        if (!groups)
            return NULL;
        queue->groups = groups;
        queue->capacity = capacity;
    }
    struct job_group *group = &queue->groups[queue->n_groups++];
    *group = (struct job_group){.shape = *shape};
    return group;
}

enum error_code job_queue_add(struct job_queue *queue, const struct job *job, struct error *error)
{
    struct shape shape = shape_of(&job->h);
    size_t n_errors = (size_t)job->h.max_attempts * (size_t)shape.n_tasks;
    struct job_group *group = job_queue_group(queue, &shape);
    if (!group)
        goto failed;
    if (group->n_waiting == group->capacity) {
        size_t capacity = group->capacity ? 2 * group->capacity : 16;
        struct waiting **waiting = realloc(group->waiting, capacity * sizeof(struct waiting *));
        if (!waiting)
            goto failed;
        group->waiting = waiting;
        group->capacity = capacity;
    }
    struct waiting *w = calloc(1, sizeof *w + n_errors * sizeof(float));
    if (!w)
        goto failed;
    w->job = *job;
    w->attempt = (unsigned)job->attempt;
    w->n_steps = (uint64_t)shape_steps(&shape);
    w->n_bytes = training_data_bytes(&shape, job->h.N_train, 1);
    for (size_t i = 0; i < n_errors; i++)
        w->attempt_error[i] = quiet_nan();
    group->waiting[group->n_waiting++] = w;
    return ERROR_NONE;
failed:
    return error_set(error, ERROR_FATAL, "out of memory for waiting jobs");
}

void job_queue_remove(struct job_queue *queue, struct job_group *group, struct waiting *w)
{
    size_t i = 0;
    while (group->waiting[i] != w)
        i++;
    group->n_waiting--;
    memmove(&group->waiting[i], &group->waiting[i + 1], (group->n_waiting - i) * sizeof(struct waiting *));
    waiting_free(queue, w);
}

size_t job_group_choose_new(const struct job_group *group, size_t n_max, struct waiting **members)
{
    size_t n = 0;
    for (size_t i = 0; i < group->n_waiting && n < n_max; i++)
        if (group->waiting[i]->stage == STAGE_NEW)
            members[n++] = group->waiting[i];
    return n;
}

struct waiting *job_group_take_longest(const struct job_group *group, uint64_t most_steps, uint64_t most_bytes)
{
    struct waiting *longest = NULL;
    for (size_t i = 0; i < group->n_waiting; i++) {
        struct waiting *w = group->waiting[i];
        if (w->stage == STAGE_SCREENED && w->n_steps <= most_steps && w->n_bytes <= most_bytes &&
            (!longest || w->n_steps > longest->n_steps))
            longest = w;
    }
    if (longest)
        longest->stage = STAGE_TRAINING;
    return longest;
}

void job_queue_drop_empty(struct job_queue *queue)
{
    for (size_t g = queue->n_groups; g-- > 0;)
        if (queue->groups[g].n_waiting == 0) {
            free(queue->groups[g].waiting);
            queue->groups[g] = queue->groups[--queue->n_groups];
        }
}
