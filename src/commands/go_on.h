/* The command that goes on with a sweep. */
#ifndef PICKY_GO_ON_H
#define PICKY_GO_ON_H

#include "cli.h"
#include "description.h"

/* The launcher's words, each with a blank behind it: mpirun as it was given; of another launcher `mpirun -n n_ranks`;
 * nothing for one rank, and in a Slurm job. */
void print_launcher(FILE *stream, int n_ranks);

/* Prints "go on with:" and, on a line of its own that can be copied, the command that ends a stopped one's work:
 * print_launcher, picky run SWEEP [-o OUTPUT] with the arguments that matter to it, and --resume; quoted for a shell
 * where need be. */
void go_on_print(FILE *stream, const char *sweep, const char *output, const struct arguments *arguments, int n_ranks);

/* The same of a file whose sweep file is not known, or may have changed: the sweep that the file holds is exported
 * first, under a name that is free. */
void go_on_print_exported(FILE *stream, const char *path, const struct arguments *arguments, int n_ranks);

/* Ranks to go on with: those of an earlier run, if they were all on this host and can run beside each other; else 1. */
int go_on_ranks(const struct results_run *run);

#endif
