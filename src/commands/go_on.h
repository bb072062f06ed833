/* The command that goes on with a sweep. */
#ifndef PICKY_GO_ON_H
#define PICKY_GO_ON_H

#include "cli.h"

/* Prints "go on with:" and, on a line of its own that can be copied, the command that ends a stopped one's work: mpirun
 * as it was given (of another launcher `mpirun -n n_ranks`; nothing for one rank, and in a Slurm job, where the script
 * goes on), picky run SWEEP [-o OUTPUT] with the arguments that matter to it, and --resume; quoted for a shell where
 * need be. `more` comes last. */
void go_on_print(FILE *stream, const char *sweep, const char *output, const struct arguments *arguments, int n_ranks,
                 const char *more);

#endif
