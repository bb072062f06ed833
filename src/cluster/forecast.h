/* How much of a run's work is done, and how much is left: attempts that were rejected, and those that will be, count,
 * and so does what is in training. Plain arithmetic. */
#ifndef PICKY_FORECAST_H
#define PICKY_FORECAST_H

#include <stdint.h>

/* What is known. Work is in shape_cost's unit, one attempt a job. */
struct forecast_facts {
    uint64_t n_jobs, n_done, n_accepted;           /* of this run */
    uint64_t n_out;                                /* jobs handed out and not done */
    double work_total, work_done;                  /* of all jobs, of those done */
    uint64_t attempts_of_done;                     /* as their records have it */
    uint64_t attempts, rejected_at_start, trained; /* of all ranks: begun; ended untrained; trained to the end */
    double in_pack;                                /* attempts in training, each by the share of it that is done */
    double max_attempts;
};

struct forecast {
    double done, left;
};
struct forecast forecast_make(const struct forecast_facts *facts);

#endif
