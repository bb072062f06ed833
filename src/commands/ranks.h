/* The ranks of a command that trains: all of MPI_COMM_WORLD, one without mpirun. */
#ifndef PICKY_RANKS_H
#define PICKY_RANKS_H

#include "coordinator.h"
#include "diagnosis.h"

/* What rank 0 knows of all. */
struct ranks {
    struct transport *transport;
    const char *hosts;                  /* [transport->n_ranks][HOST_MAX]: "name (instruction set)" */
    const struct placement *placements; /* [transport->n_ranks] */
    const uint64_t *memory;             /* [transport->n_ranks]: bytes that each may use */
    double start_s;                     /* clock_s */
};

/* Starts MPI, calls rank0(context, ranks) on rank 0 while all others work for it (coordinator_run, at most once), and
 * ends MPI. Returns rank0's exit code, on every rank; ERROR_FATAL if MPI cannot be started. Catches signals (stop.h).
 */
int ranks_main(int argc, char **argv, int (*rank0)(void *context, const struct ranks *ranks), void *context);

/* That there is one job of several ranks, not several of one rank (unless such copies `may_be_apart`), and that every
 * rank can run the kernels asked for. ERROR_INPUT; message "" if another copy says it. */
enum error_code ranks_check(const struct ranks *ranks, bool may_be_apart, struct error *error);

#endif
