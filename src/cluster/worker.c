#include "worker.h"

#include "backoff.h"
#include "clock.h"
#include "stop.h"
#include "trainer.h"
#include "watchdog.h"
#include "wire.h"

#include <stdio.h>

static const double LONGEST_SLEEP_S = 1e-3;

/* A message on its way; `request` is MPI_REQUEST_NULL if there is none. */
struct outgoing {
    MPI_Request request;
    void *report; /* of the trainer */
};

struct worker {
    struct transport *transport;
    double heartbeat_s;
    struct record_layout layout;
    struct trainer *trainer; /* NULL before SETUP */
    struct outgoing reports[TRAINER_REPORTS];
    MPI_Request small; /* of small_message */
    bool has_said_finished;
    int said_signal;      /* that the coordinator knows of */
    double last_spoke_s;  /* to the coordinator */
    struct error failure; /* code ERROR_NONE as long as all is well */
    bool has_said_failed;
    /* Aligned as messages have to be. */
    uint64_t small_message[WIRE_SMALL_MAX / 8];
    struct job jobs[WIRE_JOBS_MAX];
};

static void name_rank(const struct worker *worker, struct error *error)
{
    char host[MPI_MAX_PROCESSOR_NAME] = "?";
    int length;
    MPI_Get_processor_name(host, &length);
    error_prefix(error, "rank %d on %s", worker->transport->rank, host);
}

/* Notes what went wrong, for the coordinator. */
static void fail(struct worker *worker, const struct error *error)
{
    worker->failure = *error;
    name_rank(worker, &worker->failure);
    if (worker->trainer)
        trainer_order(worker->trainer, WIRE_HALT);
}

static enum error_code follow(struct worker *worker, enum wire_kind kind, const void *message, struct error *error)
{
    struct wire_handout handout;
    uint64_t memory_bytes;
    switch (kind) {
    case WIRE_SETUP:
        if (worker->trainer)
            break;
        if (wire_setup_read(message, &worker->layout, &memory_bytes, error))
            return error->code;
        return trainer_create(&worker->trainer, &worker->layout, worker->transport->rank, memory_bytes, error);
    case WIRE_HANDOUT:
        if (!worker->trainer)
            break;
        if (wire_handout_read(message, &handout, worker->jobs, error))
            return error->code;
        if (handout.order > WIRE_GO_ON)
            watchdog_set_deadline(clock_s() + handout.left_s);
        trainer_give(worker->trainer, &handout, worker->jobs);
        return ERROR_NONE;
    case WIRE_HELLO:
    case WIRE_STOP:
    case WIRE_REPORT:
    case WIRE_FAILURE: break;
    }
    return error_set(error, ERROR_FATAL, "a message out of turn");
}

/* Does what a message of n_bytes says. True if it is the last one: then *exit_code is set. */
static bool obey(struct worker *worker, const void *message, size_t n_bytes, int *exit_code)
{
    struct error error;
    enum wire_kind kind;
    enum error_code code = wire_open(message, n_bytes, &kind, &error);
    if (!code && kind == WIRE_STOP) {
        *exit_code = wire_stop_read(message);
        return true;
    }
    if (worker->failure.code) {
        /* Only the end is still of interest. What cannot be read comes from another picky and is taken for it: it knows
         * of the failure and sends nothing else. */
        *exit_code = (int)worker->failure.code;
        return code != ERROR_NONE && worker->has_said_failed;
    }
    if (!code)
        code = follow(worker, kind, message, &error);
    if (code)
        fail(worker, &error);
    return false;
}

/* Sends what there is to say. Returns true if there was anything. */
static bool speak(struct worker *worker)
{
    bool spoke = false;
    for (int i = 0; i < TRAINER_REPORTS; i++) {
        struct outgoing *out = &worker->reports[i];
        if (out->report && transport_sent(worker->transport, &out->request)) {
            trainer_return(worker->trainer, out->report);
            out->report = NULL;
            spoke = true;
        }
    }
    if (worker->failure.code) {
        if (worker->has_said_failed || !transport_sent(worker->transport, &worker->small))
            return spoke;
        wire_failure_write(worker->small_message, &worker->failure);
        transport_send(worker->transport, 0, worker->small_message, wire_failure_size(), &worker->small);
        return worker->has_said_failed = true;
    }
    if (!worker->trainer)
        return spoke;

    struct wire_report report = {.totals = trainer_totals(worker->trainer), .signal = stop_signal()};
    for (int i = 0; i < TRAINER_REPORTS; i++) {
        struct outgoing *out = &worker->reports[i];
        if (out->report || !(out->report = trainer_take(worker->trainer)))
            continue;
        size_t n_bytes = wire_report_seal(out->report, &worker->layout, &report);
        transport_send(worker->transport, 0, out->report, n_bytes, &out->request);
        worker->last_spoke_s = clock_s();
        spoke = true;
    }

    struct error error;
    if (worker->has_said_finished || !transport_sent(worker->transport, &worker->small))
        return spoke;
    enum trainer_state state = trainer_state(worker->trainer, &error);
    if (state == TRAINER_FAILED) {
        fail(worker, &error);
        return true;
    }
    report.finished = worker->has_said_finished = state == TRAINER_FINISHED;
    if (report.finished) {
        report.totals = trainer_totals(worker->trainer);
        report.overstayed = !trainer_has_ended(worker->trainer);
    }
    bool has_news = report.finished || report.signal != worker->said_signal;
    if (trainer_wants(worker->trainer, &report.request) || has_news ||
        clock_s() - worker->last_spoke_s > worker->heartbeat_s) {
        worker->said_signal = report.signal;
        worker->last_spoke_s = clock_s();
        wire_report_begin(worker->small_message);
        size_t n_bytes = wire_report_seal(worker->small_message, &worker->layout, &report);
        transport_send(worker->transport, 0, worker->small_message, n_bytes, &worker->small);
        spoke = true;
    }
    return spoke;
}

/* Nobody is left to listen: the first rank that lives says it for all. Returns the exit code. */
static int mourn(const struct worker *worker)
{
    bool is_first = true;
    for (int rank = 1; rank < worker->transport->rank; rank++)
        is_first &= worker->transport->is_dead[rank];
    if (is_first)
        fprintf(stderr, "picky: rank 0, which writes the results, has died: the file is whole; go on with --resume\n");
    return ERROR_FATAL;
}

/* The end, when all is well: the coordinator listens until everything has been received. */
static void take_leave(struct worker *worker)
{
    transport_wait_sent(worker->transport, &worker->small);
    for (int i = 0; i < TRAINER_REPORTS; i++)
        transport_wait_sent(worker->transport, &worker->reports[i].request);
    transport_meet(worker->transport);
}

int worker_run(struct transport *transport, double heartbeat_s)
{
    struct worker worker = {.transport = transport, .heartbeat_s = heartbeat_s, .small = MPI_REQUEST_NULL};
    for (int i = 0; i < TRAINER_REPORTS; i++)
        worker.reports[i].request = MPI_REQUEST_NULL;

    int exit_code = ERROR_FATAL;
    bool has_ended = false;
    struct backoff backoff = {0};
    while (!transport->is_dead[0] && !transport->failure.code) {
        int source;
        size_t n_bytes;
        const void *message = transport_receive(transport, &source, &n_bytes);
        if (message)
            stop_note_life();
        if (message && (has_ended = obey(&worker, message, n_bytes, &exit_code)))
            break;
        bool is_moving = message;
        is_moving |= speak(&worker);
        if (is_moving)
            backoff = (struct backoff){0};
        double sleep_s = backoff_next(&backoff, LONGEST_SLEEP_S);
        if (worker.trainer)
            trainer_wait(worker.trainer, sleep_s);
        else
            backoff_sleep(sleep_s);
    }

    if (has_ended) {
        watchdog_leave(exit_code);
        take_leave(&worker);
    } else if (transport->is_dead[0])
        exit_code = mourn(&worker);
    for (int i = 0; i < TRAINER_REPORTS; i++)
        if (worker.reports[i].report)
            trainer_return(worker.trainer, worker.reports[i].report);
    trainer_destroy(worker.trainer);
    if (transport->failure.code) {
        name_rank(&worker, &transport->failure);
        fprintf(stderr, "picky: %s; go on with --resume\n", transport->failure.message);
        transport_abort(transport, ERROR_FATAL);
    }
    return exit_code;
}
