/* Jobs that train nothing, for measuring all that is around training (picky run --null-jobs). */
#ifndef PICKY_NULL_JOB_H
#define PICKY_NULL_JOB_H

#include "job.h"

/* Fills a record of `layout` as if the job had been accepted at once, its arrays with numbers in [0, 1) from the random
 * streams (rng.h): a pure function of the job's seed, configuration and the layout. Costs about as much as a copy. */
void null_job_record(const struct record_layout *layout, const struct job *job, void *record);

#endif
