/* Messages over MPI without blocking: the few calls that coordinator and workers share. A call that waits sleeps
 * between looks (backoff.h). Errors of MPI go to the communicator's error handler. To be called from one thread
 * (MPI_THREAD_FUNNELED). A message is a block of bytes, a multiple of 8 long and at most 16 GiB. */
#ifndef PICKY_TRANSPORT_H
#define PICKY_TRANSPORT_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts sending; the message must stay as it is until transport_sent says so. Not collective. */
void transport_send(MPI_Comm comm, int rank, const void *message, size_t n_bytes, MPI_Request *request);

/* True once what was sent has left its buffer, and for MPI_REQUEST_NULL. */
bool transport_sent(MPI_Request *request);
void transport_wait_sent(MPI_Request *request);

/* Starts listening for one message of up to `capacity` bytes from `rank`, or MPI_ANY_SOURCE. Not collective. */
void transport_listen(MPI_Comm comm, int rank, void *message, size_t capacity, MPI_Request *request);

/* True once it has come: then *rank and *n_bytes are filled. */
bool transport_arrived(MPI_Request *request, int *rank, size_t *n_bytes);

/* Ends a transport_listen for which nothing will come. */
void transport_cancel(MPI_Request *request);

/* Returns when every rank has called it. Collective. */
void transport_meet(MPI_Comm comm);

#endif
