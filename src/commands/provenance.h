/* What a new results file says of the program and the run that made it: its /provenance. Layer 7. */
#ifndef PICKY_PROVENANCE_H
#define PICKY_PROVENANCE_H

#include "description.h"

#include <mpi.h>

#define PROVENANCE_TIME_MAX 32
#define PROVENANCE_VERSION  PICKY_VERSION " (" PICKY_GIT_REVISION ")" /* in the log of runs */

struct provenance {
    char start[PROVENANCE_TIME_MAX], mpi_version[MPI_MAX_LIBRARY_VERSION_STRING], ranks[16];
    struct results_attribute attributes[24];
};

/* Fills *provenance for a run that starts now; it points into itself and borrows the texts. */
void provenance_make(struct provenance *provenance, const char *command_line, const char *hosts, int n_ranks);

/* The moment as ISO 8601, UTC. */
void provenance_time(char text[PROVENANCE_TIME_MAX]);

/* The command line, with blanks between: "picky" and argv [argc]. Cut to `size`. */
void provenance_command(int argc, char **argv, char *text, size_t size);

#endif
