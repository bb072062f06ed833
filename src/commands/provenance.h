/* What a new results file says of the program and the run that made it: its /provenance. */
#ifndef PICKY_PROVENANCE_H
#define PICKY_PROVENANCE_H

#include "clock.h"
#include "description.h"

#include <mpi.h>

struct provenance {
    char start[CLOCK_TEXT_MAX], mpi_version[MPI_MAX_LIBRARY_VERSION_STRING], ranks[16];
    struct results_attribute attributes[24];
};

/* Fills *provenance for a run that starts now; it points into itself and borrows the texts. `sweep_original` is the
 * text of the sweep file without overrides. */
void provenance_make(struct provenance *provenance, const char *command_line, const char *hosts, int n_ranks,
                     const char *sweep_original);

/* The command line, as it can be given to a shell: the launcher's words, this program and argv [argc]. Cut to `size`;
 * empty on other ranks than the first. */
void provenance_command(int argc, char **argv, char *text, size_t size);

#endif
