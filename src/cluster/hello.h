/* The ranks get to know each other before anything else: that all are the same build of picky (build.h), and pass its
 * self-test. Ranks of different builds, those of any version included, end with one line and never wait for each other.
 *
 * What every version does first, on MPI_COMM_WORLD: two MPI_Gathers to rank 0, of HELLO_TEXT_BYTES and of
 * HELLO_SECOND_BYTES. Version 0.1.0 sends "host (instruction set)" and where it runs. Its rank 0 refuses, before it
 * makes a file, a text with "(?)": so that is what newer ranks send, with HELLO_MARK at the end, by which a newer
 * rank 0 tells older ranks. Then each worker sends HELLO (wire.h) to rank 0, which answers HELLO if all is well, else
 * STOP. No collective call that 0.1.0 does not know comes before that. */
#ifndef PICKY_HELLO_H
#define PICKY_HELLO_H

#include "coordinator.h"

#define HELLO_TEXT_BYTES   96
#define HELLO_SECOND_BYTES 136
#define HELLO_MARK         "PICKYHEL" /* the text's last 8 bytes */

/* True on every rank if the ranks may work together; then hosts, [n_ranks][HOST_MAX] on rank 0, holds "host
 * (instruction set)" of each ("?" if the one asked for cannot run there). Else false: *exit_code is what to end with,
 * *error has the line on rank 0 ("" on the others), and all that is left to do with `transport` is to close it.
 * `gathering` (MPI_COMM_WORLD) is for the two gathers. Collective. */
bool hello_meet(struct transport *transport, MPI_Comm gathering, char *hosts, int *exit_code, struct error *error);

#endif
