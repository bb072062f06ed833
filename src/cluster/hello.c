#include "hello.h"

#include "backoff.h"
#include "build.h"
#include "clock.h"
#include "kernels.h"
#include "watchdog.h"
#include "wire.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LONGEST_SLEEP_S = 1e-3;
static const double LAST_WORDS_S = 5; /* of ranks that are told to stop in a language that they do not know */

_Static_assert(HELLO_TEXT_BYTES == HOST_MAX, "the first gather is of texts like those of hosts");

/* What this rank says of itself. */
static struct wire_hello introduce(void)
{
    struct wire_hello hello = {.arithmetic = build_arithmetic()};
    char name[MPI_MAX_PROCESSOR_NAME] = "?";
    int length;
    struct error error;
    const struct kernels *kernels;
    bool can_run = !kernels_choose(&kernels, &error); /* ranks_check says that it cannot */
    MPI_Get_processor_name(name, &length);
    snprintf(hello.host, sizeof hello.host, "%.70s (%s)", name, can_run ? kernels->name : "?");
    snprintf(hello.build, sizeof hello.build, "%s", build_identity());
    snprintf(hello.version, sizeof hello.version, "%s", build_version());
    if (can_run && build_self_test(&error)) {
        hello.failure = error.code;
        snprintf(hello.reason, sizeof hello.reason, "%.*s", (int)sizeof hello.reason - 1, error.message);
    }
    return hello;
}

/* The gathers that every version begins with: texts, [n_ranks][HELLO_TEXT_BYTES], on rank 0. */
static void gather_as_ever(MPI_Comm comm, const struct wire_hello *own, int n_ranks, int rank, char *texts)
{
    char text[HELLO_TEXT_BYTES] = "", second[HELLO_SECOND_BYTES] = "", *seconds = NULL;
    int host = (int)strcspn(own->host, " "), number = (int)strcspn(own->version, " ");
    snprintf(text, sizeof text - strlen(HELLO_MARK), "%.*s, picky %.*s, unlike rank 0 (?)", host < 32 ? host : 32,
             own->host, number < 12 ? number : 12, own->version);
    /* The text is full and ends by its length. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(text + sizeof text - strlen(HELLO_MARK), HELLO_MARK, strlen(HELLO_MARK));
    if (rank == 0) {
        seconds = malloc((size_t)n_ranks * sizeof second);
        check(seconds);
    }
    MPI_Gather(text, HELLO_TEXT_BYTES, MPI_CHAR, texts, HELLO_TEXT_BYTES, MPI_CHAR, 0, comm);
    MPI_Gather(second, HELLO_SECOND_BYTES, MPI_BYTE, seconds, HELLO_SECOND_BYTES, MPI_BYTE, 0, comm);
    free(seconds);
}

static bool is_older(const char *text)
{
    return memcmp(text + HELLO_TEXT_BYTES - strlen(HELLO_MARK), HELLO_MARK, strlen(HELLO_MARK)) != 0;
}

/* Waits for a message, at most until end_s; NULL if there is none by then, or if there will be none. */
static const void *await(struct transport *transport, double end_s, int *rank, size_t *n_bytes)
{
    struct backoff backoff = {0};
    while (!transport->failure.code && transport->n_dead == 0 && clock_s() < end_s) {
        const void *message = transport_receive(transport, rank, n_bytes);
        if (message)
            return message;
        backoff_sleep(backoff_next(&backoff, LONGEST_SLEEP_S));
    }
    return NULL;
}

static void send(struct transport *transport, int rank, const void *message, size_t n_bytes)
{
    MPI_Request request;
    transport_send(transport, rank, message, n_bytes, &request);
    transport_wait_sent(transport, &request);
}

/* ---- rank 0 ------------------------------------------------------------------------------------------------- */

/* What rank 0 knows of a rank. */
struct acquaintance {
    struct wire_hello hello;
    bool is_older; /* than HELLO; then only hello.host is known */
};

/* Receives HELLO from each rank that sends it. */
static enum error_code hear_all(struct transport *transport, struct acquaintance *ranks, struct error *error)
{
    int n_left = 0;
    for (int rank = 1; rank < transport->n_ranks; rank++)
        n_left += !ranks[rank].is_older;
    while (n_left > 0) {
        int rank;
        size_t n_bytes;
        enum wire_kind kind;
        const void *message = await(transport, INFINITY, &rank, &n_bytes);
        if (!message && transport->failure.code) {
            *error = transport->failure;
            return error->code;
        }
        if (!message)
            return error_set(error, ERROR_FATAL, "a rank died at the start");
        if (wire_open(message, n_bytes, &kind, error))
            return error_prefix(error, "rank %d", rank);
        if (kind != WIRE_HELLO)
            return error_set(error, ERROR_FATAL, "rank %d: a message out of turn", rank);
        wire_hello_read(message, &ranks[rank].hello);
        n_left--;
    }
    return ERROR_NONE;
}

static enum error_code refuse_build(const struct acquaintance *ranks, int rank, int n_others, struct error *error)
{
    const struct wire_hello *own = &ranks[0].hello, *other = &ranks[rank].hello;
    char arithmetic[2][48] = {"", ""}, others[48] = "";
    if (ranks[rank].is_older)
        return error_set(error, ERROR_INPUT,
                         "rank %d on %s is a picky from before 0.9.0, rank 0 on %s is picky %s; allowed: the same "
                         "build on every rank",
                         rank, other->host, own->host, own->version);
    if (other->arithmetic != own->arithmetic)
        for (int i = 0; i < 2; i++)
            snprintf(arithmetic[i], sizeof arithmetic[i], " with arithmetic %" PRId64, (i ? own : other)->arithmetic);
    if (n_others > 0)
        snprintf(others, sizeof others, "; %d more rank%s", n_others, n_others == 1 ? " differs" : "s differ");
    return error_set(error, ERROR_INPUT,
                     "rank %d on %s is picky %s%s, rank 0 on %s is picky %s%s%s; allowed: the same build on every rank",
                     rank, other->host, other->version, arithmetic[0], own->host, own->version, arithmetic[1], others);
}

/* That all are of one build and pass its self-test. */
static enum error_code compare(const struct acquaintance *ranks, int n_ranks, struct error *error)
{
    int n_different = 0, first = 0;
    for (int rank = n_ranks - 1; rank > 0; rank--)
        if (ranks[rank].is_older || strcmp(ranks[rank].hello.build, ranks[0].hello.build) != 0) {
            n_different++;
            first = rank;
        }
    if (n_different > 0)
        return refuse_build(ranks, first, n_different - 1, error);
    for (int rank = 0; rank < n_ranks; rank++)
        if (ranks[rank].hello.failure) {
            error_set(error, ERROR_FATAL, "%s", ranks[rank].hello.reason);
            return error_prefix(error, "rank %d on %s", rank, ranks[rank].hello.host);
        }
    return ERROR_NONE;
}

/* Older ranks do not know our STOP. Two messages that they cannot read end them: they answer the first one. */
static void stop_all(struct transport *transport, const struct acquaintance *ranks, int exit_code)
{
    uint64_t message[WIRE_SMALL_MAX / 8];
    int n_older = 0, rank;
    size_t n_bytes;
    wire_stop_write(message, exit_code);
    for (rank = 1; rank < transport->n_ranks && !transport->failure.code; rank++) {
        send(transport, rank, message, wire_stop_size());
        if (ranks[rank].is_older) {
            send(transport, rank, message, wire_stop_size());
            n_older++;
        }
    }
    for (double end_s = clock_s() + LAST_WORDS_S; n_older > 0 && await(transport, end_s, &rank, &n_bytes);)
        n_older -= ranks[rank].is_older;
}

static bool receive_all(struct transport *transport, const struct wire_hello *own, char *texts, char *hosts,
                        int *exit_code, struct error *error)
{
    struct acquaintance *ranks = calloc((size_t)transport->n_ranks, sizeof *ranks);
    check(ranks);
    ranks[0].hello = *own;
    for (int rank = 1; rank < transport->n_ranks; rank++) {
        char *text = texts + (size_t)rank * HELLO_TEXT_BYTES;
        ranks[rank].is_older = is_older(text);
        text[HELLO_TEXT_BYTES - 1] = '\0';
        memcpy(ranks[rank].hello.host, text, HELLO_TEXT_BYTES);
    }
    bool may_go_on = !hear_all(transport, ranks, error) && !compare(ranks, transport->n_ranks, error);
    if (!may_go_on) {
        *exit_code = (int)error->code;
        stop_all(transport, ranks, *exit_code);
    } else {
        uint64_t message[WIRE_HELLO_BYTES / 8];
        wire_hello_write(message, own);
        for (int rank = 1; rank < transport->n_ranks && !transport->failure.code; rank++)
            send(transport, rank, message, sizeof message);
        for (int rank = 0; rank < transport->n_ranks; rank++)
            memcpy(hosts + (size_t)rank * HOST_MAX, ranks[rank].hello.host, HOST_MAX);
    }
    free(ranks);
    return may_go_on;
}

/* ---- the others --------------------------------------------------------------------------------------------- */

/* Says HELLO and waits for what rank 0 makes of it. An older rank 0 says STOP, unless it has not looked at our text;
 * then it is told by FAILURE, and what it says next is taken for the end. */
static bool ask(struct transport *transport, const struct wire_hello *own, int *exit_code, struct error *error)
{
    uint64_t message[WIRE_SMALL_MAX / 8];
    bool has_failed = false;
    wire_hello_write(message, own);
    send(transport, 0, message, WIRE_HELLO_BYTES);
    for (;;) {
        int rank;
        size_t n_bytes;
        enum wire_kind kind;
        const void *answer = await(transport, INFINITY, &rank, &n_bytes);
        *exit_code = ERROR_FATAL;
        error_set(error, ERROR_FATAL, "%s", transport->is_dead[0] ? "rank 0 has died before it began" : "");
        if (!answer)
            return false;
        enum error_code code = wire_open(answer, n_bytes, &kind, error);
        if (!code && kind == WIRE_HELLO)
            return true;
        if (!code && kind == WIRE_STOP) {
            *exit_code = wire_stop_read(answer);
            return false;
        }
        *exit_code = code ? (int)code : ERROR_FATAL;
        error_set(error, (enum error_code) * exit_code, "%s", "");
        if (has_failed)
            return false;
        struct error failure;
        error_set(&failure, ERROR_INPUT, "rank %d on %s is another picky than rank 0", transport->rank, own->host);
        wire_failure_write(message, &failure);
        send(transport, 0, message, wire_failure_size());
        has_failed = true;
    }
}

bool hello_meet(struct transport *transport, MPI_Comm gathering, char *hosts, int *exit_code, struct error *error)
{
    const struct wire_hello own = introduce();
    watchdog_doing("meeting the other ranks");
    char *texts = calloc((size_t)transport->n_ranks, HELLO_TEXT_BYTES);
    check(texts);
    gather_as_ever(gathering, &own, transport->n_ranks, transport->rank, texts);
    bool may_go_on = transport->rank == 0 ? receive_all(transport, &own, texts, hosts, exit_code, error)
                                          : ask(transport, &own, exit_code, error);
    free(texts);
    if (!may_go_on)
        watchdog_leave(*exit_code);
    if (!may_go_on && !transport->failure.code)
        transport_meet(transport);
    return may_go_on;
}
