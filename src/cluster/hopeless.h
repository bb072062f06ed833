/* Configurations that learn nothing: after 20 attempts without an accepted one a run says so, once, with the errors and
 * what would help most likely. It goes by the records that come in; no MPI here. */
#ifndef PICKY_HOPELESS_H
#define PICKY_HOPELESS_H

#include "progress.h"

#include <stdio.h>

enum {
    HOPELESS_ATTEMPTS = 20,  /* that are enough to say so */
    HOPELESS_LINES_MAX = 5,  /* configurations that get a line of their own */
    HOPELESS_TEXT_MAX = 1024 /* of such a line */
};

/* The test errors of one attempt, of each task. */
struct hopeless_course {
    float start[TASKS_MAX], end[TASKS_MAX];
    float phase_end[TASKS_MAX]; /* after the phase that trains it */
    float before[TASKS_MAX],
        lowest[TASKS_MAX];       /* as the last quarter of a phase's epochs began; the least from there */
    float train_loss, test_loss; /* at the end, each task weighted as it is in training */
    bool is_known, is_silent;
};

/* What is known of a configuration's attempts. One is silent if its output is 0 on its whole test set: from the start,
 * so that it could never learn, or because training made it so. Of silent attempts only courses tell which. */
struct hopeless_evidence {
    uint64_t n_attempts;                        /* none of them accepted */
    uint64_t n_jobs, n_diverged;                /* the jobs that made them; those that diverged keep no errors */
    size_t n_errors;                            /* attempts whose errors are kept: */
    float errors[HOPELESS_ATTEMPTS][TASKS_MAX]; /* at their end, NaN if not finite */
    bool is_silent[HOPELESS_ATTEMPTS];
    size_t n_silent, n_not_finite; /* of n_errors */
    /* Jobs' last attempts, whose course is known: silent from the start, silenced by training, and one that was not
     * silent from the start, if there is any. */
    size_t n_from_start, n_silenced;
    struct hopeless_course course;
};

/* Takes a record into account that is not an accepted one. */
void hopeless_add(struct hopeless_evidence *evidence, const struct hyperparameters *h,
                  const struct record_layout *layout, const void *record);

/* "20 attempts, none accepted (error_threshold 0.05); errors, least and median: task 1 0.2, 0.3; task 2 0.1, 0.2;
 * likely remedy: ...". The errors are those of attempts that are not silent, if there are such, and so says the text.
 */
void hopeless_text(const struct hopeless_evidence *evidence, const struct hyperparameters *h,
                   char text[HOPELESS_TEXT_MAX]);

/* All configurations of a run. */
struct hopeless {
    const struct hyperparameters *configs; /* [n_configs], borrowed */
    const bool *swept;                     /* for results_label; borrowed */
    const struct record_layout *layout;    /* borrowed */
    size_t n_configs;
    struct hopeless_config *config; /* [n_configs], owned; NULL: memory was short, and nothing is said */
    size_t n_said;
};

void hopeless_start(struct hopeless *hopeless, const struct hyperparameters *configs, size_t n_configs,
                    const bool *swept, const struct record_layout *layout);
void hopeless_end(struct hopeless *hopeless);

/* Looks at a finished job's record, and says what there is to say. */
void hopeless_note(struct hopeless *hopeless, uint64_t config, const void *record, struct progress *progress);

/* One line if there are configurations of which nothing has been accepted up to the end. */
void hopeless_sum_up(const struct hopeless *hopeless, FILE *stream);

#endif
