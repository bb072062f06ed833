/* Fills the record of a finished job (record.h), and reads from one what tables for people show. */
#ifndef PICKY_JOB_RECORD_H
#define PICKY_JOB_RECORD_H

#include "importance.h"
#include "job.h"
#include "train.h"

/* How a job ended; all borrowed. */
struct job_end {
    const struct job *job;
    enum job_status status;
    const char *reason;         /* "" if it has a result */
    unsigned attempt;           /* the last one, 0-based */
    const float *attempt_error; /* [attempt + 1][T] */
    double wall_s;
    const atomic_bool *interrupt; /* NULL, or: interrupt.h */
};

/* Writes the whole record of a job that has no result, and of the others what job_record_put_model leaves out. This and
 * the next end early once interrupted; the record is of no use then. */
void job_record_put_end(const struct record_layout *layout, void *record, const struct job_end *end);

/* Adds a trained model: its histories, the measures of its units, and what `layout` stores of its data and weights.
 * With initial weights, the lane has those again afterwards. */
void job_record_put_model(const struct record_layout *layout, void *record, struct training *training,
                          const struct importance *importance, size_t lane);

/* A finite value as it is, anything else as the one NaN of records. */
float job_record_value(float value);

/* Hidden units by what they serve, for tables printed to people: fills shares of the H units of `layer`
 * (0-based) of a record made with `h`: unimportant (RI NaN), selective (|RI| > 0.9), mixed (|RI| < 0.5),
 * under `measure`, for the tasks a and b (0-based). Each in [0, 1]. */
struct unit_shares {
    double unimportant, selective, mixed;
};
struct unit_shares record_unit_shares(const struct record_layout *layout, const void *record,
                                      const struct hyperparameters *h, enum measure measure, size_t a, size_t b,
                                      int layer);

#endif
