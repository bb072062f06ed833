#include "transport.h"

#include "backoff.h"
#include "error.h"

#include <limits.h>
#include <stdint.h>

static const double LONGEST_SLEEP_S = 1e-3;

/* MPI counts in int: words of 8 bytes reach further than bytes. */
static int n_words(size_t n_bytes)
{
    check(n_bytes % 8 == 0 && n_bytes / 8 <= INT_MAX);
    return (int)(n_bytes / 8);
}

void transport_send(MPI_Comm comm, int rank, const void *message, size_t n_bytes, MPI_Request *request)
{
    MPI_Isend(message, n_words(n_bytes), MPI_UINT64_T, rank, 0, comm, request);
}

bool transport_sent(MPI_Request *request)
{
    int flag;
    MPI_Test(request, &flag, MPI_STATUS_IGNORE);
    return flag;
}

void transport_wait_sent(MPI_Request *request)
{
    for (struct backoff backoff = {0}; !transport_sent(request);)
        backoff_sleep(backoff_next(&backoff, LONGEST_SLEEP_S));
}

void transport_listen(MPI_Comm comm, int rank, void *message, size_t capacity, MPI_Request *request)
{
    MPI_Irecv(message, n_words(capacity), MPI_UINT64_T, rank, 0, comm, request);
}

bool transport_arrived(MPI_Request *request, int *rank, size_t *n_bytes)
{
    int flag, count;
    MPI_Status status;
    MPI_Test(request, &flag, &status);
    if (!flag)
        return false;
    MPI_Get_count(&status, MPI_UINT64_T, &count);
    /* MPI_UNDEFINED: no whole number of words, so nothing of ours; a length of 0 is refused by whoever reads it. */
    *n_bytes = count == MPI_UNDEFINED ? 0 : 8 * (size_t)count;
    *rank = status.MPI_SOURCE;
    return true;
}

void transport_cancel(MPI_Request *request)
{
    if (*request == MPI_REQUEST_NULL)
        return;
    MPI_Cancel(request);
    MPI_Wait(request, MPI_STATUS_IGNORE); /* completes at once: cancelling a receive is local */
}

void transport_meet(MPI_Comm comm)
{
    MPI_Request request;
    MPI_Ibarrier(comm, &request);
    transport_wait_sent(&request);
}
