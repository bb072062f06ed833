/* What is known of a job whose first attempts another rank has made (job_runner_hand_back): it is kept here and put
 * into the job's record when that comes. Plain data: no MPI, no files. */
#ifndef PICKY_PAST_H
#define PICKY_PAST_H

#include "record.h"

struct past {
    uint64_t n_attempts; /* made, and rejected */
    double wall_s;
    float error[]; /* [n_attempts][tasks of the layout] */
};

/* Takes note of a pending record of a job that is handed back: *past (NULL if nothing was known) is replaced. The
 * caller owns *past, and frees it. ERROR_FATAL if the record is of no such job, or memory is short. */
enum error_code past_take(struct past **past, const struct record_layout *layout, const void *record,
                          struct error *error);

/* Makes a finished record, which has only the attempts that followed, what it would be had one rank made all. */
void past_complete(const struct past *past, const struct record_layout *layout, void *record);

#endif
