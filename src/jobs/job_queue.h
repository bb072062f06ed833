/* The jobs of a runner that are not done, by shape: which attempts wait for a pack, and which go into the next one. */
#ifndef PICKY_JOB_QUEUE_H
#define PICKY_JOB_QUEUE_H

#include "job.h"
#include "train.h"

enum stage {
    STAGE_NEW,      /* nothing is known of the attempt */
    STAGE_SCREENED, /* its untrained model is known, and worth training */
    STAGE_TRAINING, /* in a pack */
    STAGE_TRAINED,  /* its status is known; it is to be measured */
};

/* A job that is not done: its current attempt waits for a pack, or is in one. */
struct waiting {
    struct job job;
    uint64_t n_steps, n_bytes; /* of an attempt; of its data */
    unsigned attempt;          /* 0-based */
    enum stage stage;
    enum job_status status;   /* once trained */
    struct kept_targets kept; /* the attempt's, owned; without values if they are not kept */
    double untrained_loss;    /* entry 0 of the histories, once screened */
    float untrained_error[TASKS_MAX];
    double wall_s;
    float attempt_error[]; /* [max_attempts][T]; NaN for attempts not made */
};

/* The waiting jobs of one shape, oldest first. */
struct job_group {
    struct shape shape;
    struct waiting **waiting; /* [n_waiting], owned */
    size_t n_waiting, capacity;
};

/* All zero: empty. Its memory is ended by job_queue_destroy. */
struct job_queue {
    struct job_group *groups; /* [n_groups], owned; pointers to one end with job_queue_add, _group and _drop_empty */
    size_t n_groups, capacity;
    size_t n_kept_bytes; /* of the jobs' targets */
};

void job_queue_destroy(struct job_queue *queue);

/* Lets a job wait (copied), as STAGE_NEW. ERROR_FATAL if memory is short. */
enum error_code job_queue_add(struct job_queue *queue, const struct job *job, struct error *error);

/* Takes a job out of its group, keeping the order of the others, and frees it. The group stays, though it be empty. */
void job_queue_remove(struct job_queue *queue, struct job_group *group, struct waiting *w);
void job_queue_drop_empty(struct job_queue *queue);

size_t job_queue_waiting(const struct job_queue *queue);

/* The group of a shape, made if there is none; NULL if memory is short. */
struct job_group *job_queue_group(struct job_queue *queue, const struct shape *shape);

/* Lanes that a group's jobs at stages first..last can fill: as many as there are of them, or, if their lengths differ,
 * as many times as all their steps hold those of the longest. */
size_t job_group_lanes(const struct job_group *group, enum stage first, enum stage last);

/* The group whose jobs that are not trained can fill most lanes, *n_lanes; NULL and 0 if there is none. */
struct job_group *job_queue_largest(const struct job_queue *queue, size_t *n_lanes);

/* Up to n_max of the group's attempts that nothing is known of, oldest first, to members [n_max]: how many. */
size_t job_group_choose_new(const struct job_group *group, size_t n_max, struct waiting **members);

/* Of the group's screened attempts that take no more steps and memory than this the longest, of these the oldest, which
 * goes into training (STAGE_TRAINING); NULL if there is none. */
struct waiting *job_group_take_longest(const struct job_group *group, uint64_t most_steps, uint64_t most_bytes);

/* Makes room for a job's targets, unless it would be too much or memory is short; and frees them. */
void job_queue_keep_targets(struct job_queue *queue, struct waiting *w);
void job_queue_release_targets(struct job_queue *queue, struct waiting *w);

#endif
