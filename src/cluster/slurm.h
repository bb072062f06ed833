/* What Slurm knows of the job that this process is part of. No MPI. */
#ifndef PICKY_SLURM_H
#define PICKY_SLURM_H

#include <stdbool.h>

#define SLURM_TIME_MAX 32

/* When the job will be ended, in seconds since 1970, as text: SLURM_JOB_END_TIME where it is set, else what `scontrol
 * show job` says of SLURM_JOB_ID, waited for at most wait_s seconds. False, and "" in text, outside a job, without a
 * limit and without an answer. */
bool slurm_job_end(double wait_s, char text[SLURM_TIME_MAX]);

#endif
