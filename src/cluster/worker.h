/* A worker: a rank other than 0. It is told everything by messages (wire.h) and opens no file. */
#ifndef PICKY_WORKER_H
#define PICKY_WORKER_H

#include "transport.h"

#define WORKER_HEARTBEAT_S 5 /* what picky runs with */

/* Waits for the coordinator, trains what it hands out, and returns, together with all other ranks, when the coordinator
 * calls coordinator_release: with the exit code given there. The coordinator hears of it at least every heartbeat_s
 * seconds. Prints nothing, for what fails here is reported by the coordinator; unless the coordinator has died
 * (ERROR_FATAL, see transport.h) or MPI fails, which ends all ranks. MPI_THREAD_FUNNELED is enough. Collective, with
 * coordinator_run (if any) and coordinator_release on rank 0. */
int worker_run(struct transport *transport, double heartbeat_s);

#endif
