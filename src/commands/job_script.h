/* A batch script for one sweep: jobscripts/sweep.sbatch with its resources filled in from an estimate. */
#ifndef PICKY_JOB_SCRIPT_H
#define PICKY_JOB_SCRIPT_H

#include "pilot.h"

#include <stdio.h>

/* What the script is for. All borrowed. */
struct job_script {
    const struct sweep *sweep;
    const struct pilot_estimate *estimate;  /* with the script's ranks */
    const struct pilot_job *job;            /* its longest */
    double limit_s;                         /* the time to ask for; INFINITY: what the estimate says it needs */
    const struct sweep_override *overrides; /* [n_overrides], --set of the sweep */
    size_t n_overrides;
    const char *output;              /* where the results go */
    int64_t n_nodes, ranks_per_node; /* n_nodes 0: ranks_per_node ranks, on any nodes */
    bool is_assumed;                 /* ranks_per_node is this machine's number of CPUs */
    double memory, record_memory;    /* bytes: of a process with the largest pack, of one record */
    double file_size;                /* bytes */
};

/* The script's ranks. */
int64_t job_script_ranks(const struct job_script *script);

/* Prints the script. ERROR_FATAL if memory is short or a path cannot be made absolute. */
enum error_code job_script_print(FILE *stream, const struct job_script *script, struct error *error);

#endif
