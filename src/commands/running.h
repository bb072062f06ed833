/* Running a sweep on all ranks of MPI_COMM_WORLD (one without mpirun), whoever opens its results file: what picky run
 * and picky extend have in common. */
#ifndef PICKY_RUNNING_H
#define PICKY_RUNNING_H

#include "cli.h"
#include "results.h"
#include "sweep.h"

/* What a command that runs a sweep has of its own. */
struct running {
    const char *options; /* that it takes, and the names of its operands: arguments_parse */
    const char *operands;
    int sweep_operand;  /* which of them is the sweep file */
    int output_operand; /* which is the results file; -1: -o says, or else it is named for the sweep */
    /* Checks the arguments further. ERROR_INPUT. May be NULL. */
    enum error_code (*check_arguments)(const struct arguments *arguments, struct error *error);
    /* Opens the results file at `path` to hold the sweep (described too, as the file wants it), on rank 0 only. It may
     * be done in part; what is pending is then run. *is_stopped (false) becomes true if a signal (stop.h) came before
     * that was done, or deadline_s (clock_s): *results is NULL then. Errors as results_open's. The caller owns
     * *results.
     */
    enum error_code (*open)(struct results **results, const char *path, const struct arguments *arguments,
                            const struct sweep *sweep, const struct results_description *description, double deadline_s,
                            bool *is_stopped, struct error *error);
};

/* The whole of such a command: parses the arguments, runs, reports. Returns its exit code. Collective over
 * MPI_COMM_WORLD, which it initialises. */
int running_main(const struct command *command, const struct running *running, int argc, char **argv);

#endif
