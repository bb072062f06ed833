/* A batch script for one sweep: jobscripts/sweep.sbatch with its resources filled in from a pilot. */
#ifndef PICKY_JOB_SCRIPT_H
#define PICKY_JOB_SCRIPT_H

#include "pilot.h"

#include <stdio.h>

/* What the script is for. All borrowed. */
struct job_script {
    const struct sweep *sweep;
    const struct pilot *pilot;
    const struct pilot_job *job;            /* its longest */
    double limit_s;                         /* the time to ask for; INFINITY: what the pilot says it needs */
    const struct sweep_override *overrides; /* [n_overrides], --set of the sweep */
    size_t n_overrides;
    const char *output;              /* where the results go */
    int64_t n_nodes, ranks_per_node; /* n_nodes 0: ranks_per_node ranks, on any nodes */
    bool is_assumed;                 /* ranks_per_node is this machine's number of CPUs */
    double file_size;                /* bytes */
};

/* Seconds that a sweep takes on n_ranks: its work shared out, and at the end some rank's last pack, alone. */
double job_script_time(const struct pilot *pilot, double n_ranks);

/* Prints the script. ERROR_FATAL if memory is short or a path cannot be made absolute. */
enum error_code job_script_print(FILE *stream, const struct job_script *script, struct error *error);

#endif
