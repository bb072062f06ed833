#include "transport.h"

#include "backoff.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double LONGEST_SLEEP_S = 1e-3;

enum { TAG_OF_MESSAGES = 0, TAG_OF_NOTHING = 1 };

enum { LEAST_CAPACITY = 4096 };

static int error_class(int code)
{
    int class;
    return MPI_Error_class(code, &class) == MPI_SUCCESS ? class : MPI_ERR_UNKNOWN;
}

/* Keeps the first failure. */
static void note_failure(struct transport *transport, int code, int rank, const char *doing)
{
    if (transport->failure.code)
        return;
    char text[MPI_MAX_ERROR_STRING] = "?";
    int length;
    MPI_Error_string(code, text, &length);
    transport->failed_rank = rank;
    error_set(&transport->failure, ERROR_FATAL, "MPI fails %s: %s", doing, text);
}

/* ---- deaths ------------------------------------------------------------------------------------------------- */

#ifdef PICKY_ULFM
#include <mpi-ext.h>

static void prepare_for_deaths(void)
{
    /* MPI_Finalize of Open MPI 5.0.7 waits for ever when two ranks have died. There is no need for its barrier:
     * transport_meet is one. */
    const char *is_enabled = getenv("OMPI_MCA_mpi_ft_enable"); /* by mpirun --with-ft ulfm */
    if (is_enabled && strcmp(is_enabled, "0") != 0)
        setenv("OMPI_MCA_async_mpi_finalize", "1", 0);
}

static bool is_death(int code)
{
    int class = error_class(code);
    return class == MPIX_ERR_PROC_FAILED || class == MPIX_ERR_PROC_FAILED_PENDING;
}

/* Takes note of all ranks that have died so far; each is reported once. */
static void note_deaths(struct transport *transport)
{
    MPI_Group dead, all;
    int n_dead = 0;
    if (MPIX_Comm_failure_ack(transport->comm) || MPIX_Comm_failure_get_acked(transport->comm, &dead))
        return; /* it is reported again */
    MPI_Comm_group(transport->comm, &all);
    MPI_Group_size(dead, &n_dead);
    for (int i = 0; i < n_dead; i++) {
        int rank;
        MPI_Group_translate_ranks(dead, 1, &i, all, &rank);
        if (rank >= 0 && rank < transport->n_ranks && !transport->is_dead[rank]) {
            transport->is_dead[rank] = true;
            transport->n_dead++;
        }
    }
    MPI_Group_free(&all);
    MPI_Group_free(&dead);
}

/* Receiving from any rank is what reports a death, even if it never gets a message; probing does not. */
static int start_watch(struct transport *transport)
{
    return MPI_Irecv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG_OF_NOTHING, transport->comm, &transport->watch);
}

/* An agreement, which the living come to whoever else has died. */
static int start_meeting(struct transport *transport, int *flag, MPI_Request *request)
{
    return MPIX_Comm_iagree(transport->comm, flag, request);
}
#else
static void prepare_for_deaths(void)
{
}

static bool is_death(int code)
{
    (void)code;
    return false;
}

static void note_deaths(struct transport *transport)
{
    (void)transport;
}

static int start_watch(struct transport *transport)
{
    (void)transport;
    return MPI_SUCCESS;
}

static int start_meeting(struct transport *transport, int *flag, MPI_Request *request)
{
    (void)flag;
    return MPI_Ibarrier(transport->comm, request);
}
#endif

/* ---- all else ----------------------------------------------------------------------------------------------- */

/* Open MPI 4 starts a daemon beside a lone rank, for ranks that it might spawn. Without the daemon all lone ranks have
 * one name, and would share a session folder: so there is none. */
static void prepare_to_be_alone(void)
{
    static const char *const settings[][2] = {
        {"OMPI_MCA_ess_singleton_isolated", "1"},
        {"OMPI_MCA_orte_create_session_dirs", "0"},
        {"OMPI_MCA_pml", "ob1"},
        {"OMPI_MCA_btl", "self"},
        {"OMPI_MCA_if", "^posix_ipv4"}, /* that there is no network is no news */
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        setenv(settings[i][0], settings[i][1], 0);
}

void transport_prepare(bool is_alone)
{
    prepare_for_deaths();
    if (is_alone)
        prepare_to_be_alone();
}

enum error_code transport_open(struct transport *transport, MPI_Comm comm, struct error *error)
{
    *transport = (struct transport){
        .comm = MPI_COMM_NULL, .failed_rank = -1, .incoming = MPI_REQUEST_NULL, .watch = MPI_REQUEST_NULL};
    if (MPI_Comm_dup(comm, &transport->comm) || MPI_Comm_set_errhandler(transport->comm, MPI_ERRORS_RETURN) ||
        MPI_Comm_rank(transport->comm, &transport->rank) || MPI_Comm_size(transport->comm, &transport->n_ranks))
        return error_set(error, ERROR_FATAL, "MPI cannot make a communicator");
    transport->is_dead = calloc((size_t)transport->n_ranks, sizeof *transport->is_dead);
    if (!transport->is_dead)
        return error_set(error, ERROR_FATAL, "out of memory for %d ranks", transport->n_ranks);
    if (start_watch(transport))
        return error_set(error, ERROR_FATAL, "MPI cannot receive");
    return ERROR_NONE;
}

void transport_close(struct transport *transport)
{
    if (transport->watch != MPI_REQUEST_NULL) {
        MPI_Cancel(&transport->watch);
        MPI_Wait(&transport->watch, MPI_STATUS_IGNORE); /* completes at once: cancelling a receive is local */
    }
    free(transport->message);
    transport->message = NULL;
    /* The communicator is left to MPI_Finalize: freeing it is collective, and ranks may have died. */
    free(transport->is_dead);
    transport->is_dead = NULL;
}

void transport_abort(struct transport *transport, int exit_code)
{
    MPI_Abort(transport->comm, exit_code);
}

/* MPI counts in int: words of 8 bytes reach further than bytes. */
static int n_words(size_t n_bytes)
{
    check(n_bytes % 8 == 0 && n_bytes / 8 <= INT_MAX);
    return (int)(n_bytes / 8);
}

void transport_send(struct transport *transport, int rank, const void *message, size_t n_bytes, MPI_Request *request)
{
    *request = MPI_REQUEST_NULL;
    if (transport->is_dead[rank])
        return;
    int code = MPI_Isend(message, n_words(n_bytes), MPI_UINT64_T, rank, TAG_OF_MESSAGES, transport->comm, request);
    if (code == MPI_SUCCESS)
        return;
    *request = MPI_REQUEST_NULL;
    if (!is_death(code))
        note_failure(transport, code, rank, "sending");
}

bool transport_sent(struct transport *transport, MPI_Request *request)
{
    int is_sent;
    int code = MPI_Test(request, &is_sent, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS)
        return is_sent;
    *request = MPI_REQUEST_NULL;
    if (!is_death(code))
        note_failure(transport, code, -1, "sending");
    return true;
}

void transport_wait_sent(struct transport *transport, MPI_Request *request)
{
    for (struct backoff backoff = {0}; !transport_sent(transport, request);)
        backoff_sleep(backoff_next(&backoff, LONGEST_SLEEP_S));
}

static void look_for_deaths(struct transport *transport)
{
    int flag;
    if (transport->watch == MPI_REQUEST_NULL)
        return;
    int code = MPI_Test(&transport->watch, &flag, MPI_STATUS_IGNORE);
    if (is_death(code))
        note_deaths(transport);
    else if (code != MPI_SUCCESS)
        note_failure(transport, code, -1, "receiving");
}

/* Starts to receive the next message, if there is one. From its sender, and not from any rank: else Open MPI 5.0.7 does
 * not notice when the sender dies in the middle of it. */
static void receive_next(struct transport *transport)
{
    int is_there, count;
    MPI_Status status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, TAG_OF_MESSAGES, transport->comm, &is_there, &status);
    if (is_death(code)) {
        note_deaths(transport);
        return;
    }
    if (code != MPI_SUCCESS) {
        note_failure(transport, code, -1, "looking for messages");
        return;
    }
    if (!is_there)
        return;
    /* MPI_UNDEFINED: no whole number of words, so nothing of ours; it is received as cut off. */
    MPI_Get_count(&status, MPI_UINT64_T, &count);
    size_t n_bytes = count == MPI_UNDEFINED ? 0 : 8 * (size_t)count;
    if (!transport->message || transport->capacity < n_bytes) {
        free(transport->message);
        transport->capacity = n_bytes > LEAST_CAPACITY ? n_bytes : LEAST_CAPACITY;
        transport->message = malloc(transport->capacity);
        if (!transport->message) {
            error_set(&transport->failure, ERROR_FATAL, "out of memory for a message of %.3g MB",
                      (double)n_bytes / 1e6);
            return;
        }
    }
    transport->sender = status.MPI_SOURCE;
    code = MPI_Irecv(transport->message, n_words(n_bytes), MPI_UINT64_T, transport->sender, TAG_OF_MESSAGES,
                     transport->comm, &transport->incoming);
    if (code == MPI_SUCCESS)
        return;
    transport->incoming = MPI_REQUEST_NULL;
    if (is_death(code))
        note_deaths(transport);
    else
        note_failure(transport, code, transport->sender, "receiving");
}

/* Gives up the message of a sender that has died. Its memory is left to MPI, which may not be done with it. */
static void drop_incoming(struct transport *transport)
{
    transport->incoming = MPI_REQUEST_NULL;
    transport->message = NULL;
}

void *transport_receive(struct transport *transport, int *rank, size_t *n_bytes)
{
    look_for_deaths(transport);
    if (transport->incoming == MPI_REQUEST_NULL)
        receive_next(transport);
    if (transport->incoming == MPI_REQUEST_NULL)
        return NULL;

    int has_come, count;
    MPI_Status status;
    int code = MPI_Test(&transport->incoming, &has_come, &status);
    *rank = transport->sender;
    if (code == MPI_SUCCESS && has_come) {
        MPI_Get_count(&status, MPI_UINT64_T, &count);
        *n_bytes = 8 * (size_t)count;
        return transport->message;
    }
    if (code == MPI_SUCCESS) {
        if (transport->is_dead[transport->sender])
            drop_incoming(transport);
        return NULL;
    }
    if (is_death(code)) {
        note_deaths(transport);
        drop_incoming(transport);
        return NULL;
    }
    transport->incoming = MPI_REQUEST_NULL;
    if (error_class(code) == MPI_ERR_TRUNCATE) {
        *n_bytes = 0;
        return transport->message;
    }
    note_failure(transport, code, transport->sender, "receiving");
    return NULL;
}

void transport_meet(struct transport *transport)
{
    int flag = 0;
    MPI_Request request;
    int code = start_meeting(transport, &flag, &request);
    if (code == MPI_SUCCESS)
        transport_wait_sent(transport, &request);
    else if (!is_death(code))
        note_failure(transport, code, -1, "meeting");
}
