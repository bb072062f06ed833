/* What Slurm knows of the job that this process is part of. No MPI. */
#ifndef PICKY_SLURM_H
#define PICKY_SLURM_H

/* When the job began and when it will be ended, in seconds since 1970; 0: not known, or no limit. */
struct slurm_job {
    double start_s, end_s;
};

/* SLURM_JOB_START_TIME and SLURM_JOB_END_TIME where the latter is set, else what `scontrol show job` says of
 * SLURM_JOB_ID, waited for at most wait_s seconds. Nothing is known outside a job and without an answer. */
struct slurm_job slurm_job_find(double wait_s);

#endif
