/* Messages over MPI without blocking: the few calls that coordinator and workers share. A call that waits sleeps
 * between looks (backoff.h). To be called from one thread (MPI_THREAD_FUNNELED). A message is a block of bytes, a
 * multiple of 8 long and at most 16 GiB.
 *
 * What goes wrong is kept in struct transport, so that callers look at it once a turn and nowhere else. Where the MPI
 * library has User-Level Failure Mitigation (ULFM: Open MPI 5, started with `mpirun --with-ft ulfm`), the death of a
 * rank is no error: is_dead tells, messages to it are dropped, and the other ranks go on. Elsewhere MPI ends all ranks
 * when one dies. */
#ifndef PICKY_TRANSPORT_H
#define PICKY_TRANSPORT_H

#include "errors.h"

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

struct transport {
    MPI_Comm comm;
    int rank, n_ranks;
    bool *is_dead;        /* [n_ranks] the ranks that are known to have died, owned */
    int n_dead;           /* of them */
    struct error failure; /* the first thing that MPI could not do, ERROR_NONE if there was none: messages are lost */
    int failed_rank;      /* the other end then, -1 if it is not known */
    bool is_stuck;        /* a rank that is needed for an end in good order does not answer (set by the caller) */
    /* The message that is being received, and a receive that nothing is sent to: deaths are reported by it. */
    MPI_Request incoming, watch;
    void *message; /* [capacity], owned */
    size_t capacity;
    int sender;
};

/* To be called before MPI_Init. is_alone: no launcher has started this process. Then it needs nothing but itself: no
 * daemon, network, session folder, HOME or temporary folder. What the environment says of MPI already is left. */
void transport_prepare(bool is_alone);

/* Starts with a duplicate of `comm`, whose error handler is left alone. Collective. ERROR_FATAL if MPI or memory fails.
 * The caller ends it by transport_close. */
enum error_code transport_open(struct transport *transport, MPI_Comm comm, struct error *error);

/* Releases what it holds. Not collective; no message may be on its way. */
void transport_close(struct transport *transport);

/* Ends all ranks at once, this one included, when MPI has failed: they can be told nothing. */
void transport_abort(struct transport *transport, int exit_code);

/* Starts sending; the message must stay as it is until transport_sent says so. Not collective. */
void transport_send(struct transport *transport, int rank, const void *message, size_t n_bytes, MPI_Request *request);

/* True once what was sent has left its buffer or has been dropped, and for MPI_REQUEST_NULL. */
bool transport_sent(struct transport *transport, MPI_Request *request);
void transport_wait_sent(struct transport *transport, MPI_Request *request);

/* Looks for a message, and for deaths. If a whole one has come it is returned with its sender and length: borrowed
 * until the next call, and may be changed; aligned for any type; 0 bytes if it is no message of ours. Else NULL. */
void *transport_receive(struct transport *transport, int *rank, size_t *n_bytes);

/* Returns when every rank that lives has called it. Collective. */
void transport_meet(struct transport *transport);

#endif
