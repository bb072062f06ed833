/* The ranks of a command that trains: all of MPI_COMM_WORLD, one without mpirun. */
#ifndef PICKY_RANKS_H
#define PICKY_RANKS_H

#include "cli.h"
#include "coordinator.h"
#include "diagnosis.h"

/* What rank 0 knows of all. */
struct ranks {
    struct transport *transport;
    const char *hosts;                  /* [transport->n_ranks][HOST_MAX]: "name (instruction set)" */
    const struct placement *placements; /* [transport->n_ranks] */
    const uint64_t *memory;             /* [transport->n_ranks]: bytes that each may use */
};

/* arguments_parse before MPI starts, on every rank that has been launched. True if the command is to go on; else
 * *exit_code is what to end with. Catches signals (stop.h) and starts the watchdog, as yet without a deadline. The
 * caller frees *arguments. */
bool ranks_parse(struct arguments *arguments, const struct command *command, const char *allowed,
                 const char *operand_names, int argc, char **argv, int *exit_code);

/* report_error for what is wrong before MPI starts, and on every rank: the first one speaks for all. */
int ranks_refuse(const struct error *error);

/* Starts MPI, calls rank0(context, ranks) on rank 0 while all others work for it (coordinator_run, at most once), and
 * ends MPI. Returns rank0's exit code, on every rank; ERROR_FATAL if MPI cannot be started. When deadline_s (clock_s;
 * INFINITY: never) is over, that of rank 0 or one's own, and the grace, all are ended with EXIT_STOPPED: watchdog.h. */
int ranks_main(int argc, char **argv, double deadline_s, int (*rank0)(void *context, const struct ranks *ranks),
               void *context);

/* That there is one job of several ranks, not several of one rank (unless such copies `may_be_apart`), and that every
 * rank can run the kernels asked for. ERROR_INPUT; message "" if another copy says it. */
enum error_code ranks_check(const struct ranks *ranks, bool may_be_apart, struct error *error);

#endif
