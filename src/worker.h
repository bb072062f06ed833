/* A worker: a rank other than 0. It is told everything by messages (wire.h) and opens no file. */
#ifndef PICKY_WORKER_H
#define PICKY_WORKER_H

#include <mpi.h>

/* Waits for the coordinator, trains what it hands out, and returns, together with all other ranks, when the coordinator
 * calls coordinator_release: with the exit code given there. Prints nothing: what fails here is reported by the
 * coordinator. MPI_THREAD_FUNNELED is enough. Collective, with coordinator_run (if any) and coordinator_release on
 * rank 0. */
int worker_run(MPI_Comm comm);

#endif
