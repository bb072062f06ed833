#include "coordinator.h"

#include "backoff.h"
#include "stop.h"
#include "trainer.h"
#include "transport.h"
#include "wire.h"

#include <math.h>
#include <stdlib.h>

/* Between looks at the network; alone there is none, and the own compute thread wakes the sleeper. */
static const double LONGEST_SLEEP_S = 1e-3, LONGEST_SLEEP_ALONE_S = 50e-3;

/* A pack is started if the longest so far would fit into the time left so many times. */
static const double PACK_MARGIN = 1.25;

enum { MESSAGES_A_TURN = 64 };

/* What the coordinator knows of a rank. */
struct rank {
    uint64_t n_outstanding; /* jobs handed out whose records have not come */
    struct wire_totals totals;
    bool has_finished;
    enum wire_order order; /* that it has been given */
    double heard_s;        /* when it was last heard of */
    bool is_silent;        /* and that is so long ago that it was said */
    MPI_Request request;   /* the last message to it */
    void *message;         /* [capacity], owned */
    size_t capacity;
};

struct coordinator {
    MPI_Comm comm;
    struct plan *plan;
    struct results *results;
    const struct record_layout *layout;
    const struct coordinator_watch *watch;
    struct progress *progress;
    struct trainer *trainer;
    int n_ranks, n_finished;
    struct rank *ranks;     /* [n_ranks] */
    uint64_t n_outstanding; /* of all ranks */
    uint64_t counts[N_STATUSES];
    double work;             /* of the records that have come */
    double first_finished_s; /* when the first rank had nothing left to do */
    struct error failure;    /* code ERROR_NONE as long as all is well */
    enum wire_order order;   /* for all ranks */
    int signal, signal_rank; /* the most pressing one that any rank has got, 0: none; and which rank */
    double end_s;            /* when training has to end, INFINITY: when all is done */
    double longest_pack_s;
    MPI_Request incoming;
    void *incoming_message; /* [incoming_size] */
    size_t incoming_size;
    uint64_t setup[WIRE_SMALL_MAX / 8], orders[WIRE_HALT + 1][WIRE_SMALL_MAX / 8];
    struct job jobs[WIRE_JOBS_MAX];
};

/* The first failure counts; from then on nothing is handed out or stored. */
static void fail(struct coordinator *c, const struct error *error)
{
    if (!c->failure.code)
        c->failure = *error;
    c->order = WIRE_HALT;
}

static void finish_rank(struct coordinator *c, int rank)
{
    if (c->ranks[rank].has_finished)
        return;
    c->ranks[rank].has_finished = true;
    if (c->n_finished++ == 0)
        c->first_finished_s = clock_s();
}

static void note_totals(struct coordinator *c, int rank, const struct wire_totals *totals)
{
    c->ranks[rank].totals = *totals;
    c->longest_pack_s = fmax(c->longest_pack_s, totals->longest_pack_s);
}

/* From now on time is short. */
static void note_signal(struct coordinator *c, int rank, int signal)
{
    if (stop_more_pressing(c->signal, signal) == c->signal)
        return;
    c->signal = signal;
    c->signal_rank = rank;
    c->end_s = fmin(c->end_s, clock_s() + stop_grace_s(signal));
}

/* ---- handing out -------------------------------------------------------------------------------------------- */

/* Jobs that a rank may be given: at most as many as it wants, and no more than its share of all that is not done, so
 * that at the end all ranks share what remains. A rank that holds nothing gets something as long as there is
 * anything. */
static size_t share(const struct coordinator *c, int rank, uint64_t n_wanted)
{
    uint64_t n_ranks = (uint64_t)c->n_ranks, held = c->ranks[rank].n_outstanding;
    uint64_t fair = (plan_jobs_left(c->plan) + c->n_outstanding + n_ranks - 1) / n_ranks;
    uint64_t n = fair > held ? fair - held : 0;
    n = n < n_wanted ? n : n_wanted;
    return n < WIRE_JOBS_MAX ? (size_t)n : WIRE_JOBS_MAX;
}

/* Fills c->jobs and *handout in answer to a request. */
static void choose(struct coordinator *c, int rank, const struct wire_request *request, struct wire_handout *handout)
{
    *handout = (struct wire_handout){.shape = 0};
    size_t n_max = share(c, rank, request->n_wanted);
    handout->n_jobs = plan_next(c->plan, request->shapes, request->n_shapes, n_max, c->jobs, &handout->shape);
    handout->end = plan_jobs_left(c->plan) == 0;
    c->ranks[rank].n_outstanding += handout->n_jobs;
    c->n_outstanding += handout->n_jobs;
}

static enum error_code answer(struct coordinator *c, int rank, const struct wire_request *request, struct error *error)
{
    for (uint64_t i = 0; i < request->n_shapes; i++)
        if (request->shapes[i] >= plan_n_shapes(c->plan))
            return error_set(error, ERROR_FATAL, "rank %d: a request for a shape that does not exist", rank);

    struct wire_handout handout;
    choose(c, rank, request, &handout);
    struct rank *r = &c->ranks[rank];
    transport_wait_sent(&r->request); /* it asks because it has read the last answer: nothing to wait for */
    size_t n_bytes = wire_handout_size(handout.n_jobs);
    if (r->capacity < n_bytes) {
        void *message = realloc(r->message, n_bytes);
        if (!message)
            return error_set(error, ERROR_FATAL, "out of memory for messages to %d ranks", c->n_ranks);
        r->message = message;
        r->capacity = n_bytes;
    }
    wire_handout_write(r->message, &handout, c->jobs);
    transport_send(c->comm, rank, r->message, n_bytes, &r->request);
    return ERROR_NONE;
}

/* ---- records ------------------------------------------------------------------------------------------------ */

/* Puts the records of a report into the file. */
static enum error_code store(struct coordinator *c, int rank, const void *report, struct error *error)
{
    size_t n = wire_report_n_records(report);
    struct rank *r = &c->ranks[rank];
    for (size_t i = 0; i < n; i++) {
        uint64_t config, replicate;
        const void *record = wire_report_record(report, c->layout, i, &config, &replicate);
        uint8_t status = *(const uint8_t *)record_field_const(c->layout, record, FIELD_STATUS);
        if (config >= plan_n_configs(c->plan) || replicate >= (uint64_t)plan_replicates(c->plan) ||
            status == STATUS_PENDING || status >= N_STATUSES || r->n_outstanding == 0)
            return error_set(error, ERROR_FATAL, "rank %d: a record of no job that it has", rank);
        r->n_outstanding--;
        c->n_outstanding--;
        if (results_put(c->results, config, replicate, record, error))
            return error->code;
        c->counts[status]++;
        c->work += plan_work(c->plan, config);
    }
    return ERROR_NONE;
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

static enum error_code understand(struct coordinator *c, int rank, size_t n_bytes, struct error *error)
{
    enum wire_kind kind;
    if (wire_open(c->incoming_message, n_bytes, &kind, error)) {
        /* Another version of picky has not understood either, and this was its last message. */
        if (error->code == ERROR_INPUT)
            finish_rank(c, rank);
        return error_prefix(error, "rank %d", rank);
    }
    if (kind == WIRE_FAILURE) {
        finish_rank(c, rank);
        return wire_failure_read(c->incoming_message, error);
    }
    struct wire_report report;
    if (kind != WIRE_REPORT)
        return error_set(error, ERROR_FATAL, "rank %d: a message out of turn", rank);
    if (wire_report_read(c->incoming_message, c->layout, &report, error))
        return error_prefix(error, "rank %d", rank);

    note_totals(c, rank, &report.totals);
    note_signal(c, rank, report.signal);
    if (report.finished)
        finish_rank(c, rank);
    if (c->failure.code)
        return ERROR_NONE;
    if (store(c, rank, c->incoming_message, error) ||
        (report.request.n_wanted > 0 && c->order == WIRE_GO_ON && answer(c, rank, &report.request, error)))
        return error->code;
    return ERROR_NONE;
}

static void listen(struct coordinator *c)
{
    transport_listen(c->comm, MPI_ANY_SOURCE, c->incoming_message, c->incoming_size, &c->incoming);
}

/* Returns true if anything came. */
static bool listen_to_workers(struct coordinator *c)
{
    if (c->n_ranks == 1)
        return false;
    int n = 0, rank;
    for (size_t n_bytes; n < MESSAGES_A_TURN && transport_arrived(&c->incoming, &rank, &n_bytes); n++) {
        struct error error;
        c->ranks[rank].heard_s = clock_s();
        c->ranks[rank].is_silent = false;
        if (understand(c, rank, n_bytes, &error))
            fail(c, &error);
        listen(c);
    }
    return n > 0;
}

/* The same for this rank's own compute thread. */
static bool listen_to_own(struct coordinator *c)
{
    struct error error;
    bool is_moving = false;
    for (void *report; (report = trainer_take(c->trainer)); is_moving = true) {
        if (!c->failure.code && store(c, 0, report, &error))
            fail(c, &error);
        trainer_return(c->trainer, report);
    }
    struct wire_request request;
    if (c->order == WIRE_GO_ON && trainer_wants(c->trainer, &request)) {
        struct wire_handout handout;
        choose(c, 0, &request, &handout);
        trainer_give(c->trainer, &handout, c->jobs);
        is_moving = true;
    }
    if (!c->ranks[0].has_finished) {
        enum trainer_state state = trainer_state(c->trainer, &error);
        if (state == TRAINER_FAILED)
            fail(c, &error);
        if (state != TRAINER_WORKING) {
            finish_rank(c, 0);
            is_moving = true;
        }
    }
    return is_moving;
}

/* Tells each rank, once, what has been ordered. When it has obeyed it says that it has finished. */
static void give_orders(struct coordinator *c)
{
    for (int rank = 0; rank < c->n_ranks; rank++) {
        struct rank *r = &c->ranks[rank];
        if (r->order == c->order || r->has_finished || !transport_sent(&r->request))
            continue;
        r->order = c->order;
        if (rank == 0)
            trainer_order(c->trainer, c->order);
        else
            transport_send(c->comm, rank, c->orders[c->order], wire_handout_size(0), &r->request);
    }
}

/* ---- stopping ----------------------------------------------------------------------------------------------- */

static const char *host(const struct coordinator *c, int rank)
{
    return c->watch->hosts + (size_t)rank * HOST_MAX;
}

/* Winds up, or abandons what is in training, when it is time to. */
static void mind_the_time(struct coordinator *c)
{
    note_signal(c, 0, stop_signal());
    if (c->order >= WIRE_ABANDON || !isfinite(c->end_s))
        return;
    struct wire_totals totals = trainer_totals(c->trainer);
    note_totals(c, 0, &totals);
    double left_s = c->end_s - clock_s();
    bool is_first = c->order == WIRE_GO_ON;
    if (left_s <= 0)
        c->order = WIRE_ABANDON;
    else if (c->signal || left_s <= PACK_MARGIN * c->longest_pack_s)
        c->order = WIRE_WIND_UP;
    if (!is_first || c->order == WIRE_GO_ON)
        return;

    /* What is finished is made safe before anything else: whoever sent the signal may not wait. */
    struct error error;
    if (results_sync(c->results, true, &error))
        fail(c, &error);
    if (c->signal)
        progress_say(c->progress, "stopping: %s on rank %d, %s", stop_signal_name(c->signal), c->signal_rank,
                     host(c, c->signal_rank));
    else
        progress_say(c->progress, "stopping: the time left is too short to go on");
}

/* Names each rank that has been silent for too long. It is not given up: what it holds might still come. */
static void mind_the_silent(struct coordinator *c)
{
    double now_s = clock_s();
    for (int rank = 1; rank < c->n_ranks; rank++) {
        struct rank *r = &c->ranks[rank];
        if (r->is_silent || r->has_finished || now_s - r->heard_s < c->watch->silence_s)
            continue;
        r->is_silent = true;
        progress_say(c->progress, "rank %d on %s has not been heard of for %.0f s", rank, host(c, rank),
                     now_s - r->heard_s);
    }
}

/* ---- the run ------------------------------------------------------------------------------------------------ */

static void write_receipt(const struct coordinator *c, double wall_s, double tail_s, struct receipt *receipt)
{
    struct wire_totals sum = {0};
    for (int rank = 0; rank < c->n_ranks; rank++) {
        const struct wire_totals *totals = &c->ranks[rank].totals;
        sum.lanes_used += totals->lanes_used;
        sum.lanes_total += totals->lanes_total;
        sum.attempts += totals->attempts;
        sum.rejected_at_start += totals->rejected_at_start;
        sum.busy_s += totals->busy_s;
        sum.longest_wait_s = fmax(sum.longest_wait_s, totals->longest_wait_s);
    }
    /* 0 / 0 is NaN: nothing known. */
    *receipt = (struct receipt){.n_ranks = c->n_ranks,
                                .wall_s = wall_s,
                                .busy = sum.busy_s / (wall_s * c->n_ranks),
                                .occupancy = (double)sum.lanes_used / (double)sum.lanes_total,
                                .rejected_at_start = (double)sum.rejected_at_start / (double)sum.attempts,
                                .longest_wait_s = sum.longest_wait_s,
                                .tail_s = tail_s};
    receipt->counts[STATUS_PENDING] = plan_jobs_total(c->plan);
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++) {
        receipt->counts[status] = c->counts[status];
        receipt->counts[STATUS_PENDING] -= c->counts[status];
    }
}

static enum error_code set_up(struct coordinator *c, struct error *error)
{
    /* Nobody listens to more than a report at a time, so one buffer is enough. */
    size_t report_size = wire_report_size(c->layout, trainer_report_records(c->layout));
    c->incoming_size = report_size > WIRE_SMALL_MAX ? report_size : WIRE_SMALL_MAX;
    c->incoming_message = malloc(c->incoming_size);
    c->ranks = calloc((size_t)c->n_ranks, sizeof *c->ranks);
    if (!c->incoming_message || !c->ranks)
        return error_set(error, ERROR_FATAL, "out of memory for reports of %.3g MB", (double)c->incoming_size / 1e6);
    for (int rank = 0; rank < c->n_ranks; rank++) {
        c->ranks[rank].request = MPI_REQUEST_NULL;
        c->ranks[rank].heard_s = clock_s();
    }
    for (enum wire_order order = WIRE_WIND_UP; order <= WIRE_HALT; order++)
        wire_handout_write(c->orders[order], &(struct wire_handout){.order = order, .end = true}, NULL);
    if (trainer_create(&c->trainer, c->layout, 0, error))
        return error->code;

    wire_setup_write(c->setup, c->layout);
    for (int rank = 1; rank < c->n_ranks; rank++)
        transport_send(c->comm, rank, c->setup, wire_setup_size(), &c->ranks[rank].request);
    if (c->n_ranks > 1)
        listen(c);
    return ERROR_NONE;
}

/* Until every rank has said that it has nothing left to do: then no message is on its way. */
static void run(struct coordinator *c)
{
    struct backoff backoff = {0};
    double work_total = plan_work_total(c->plan);
    while (c->n_finished < c->n_ranks) {
        bool is_moving = listen_to_workers(c);
        is_moving |= listen_to_own(c);
        struct error error;
        if (!c->failure.code && results_sync(c->results, false, &error))
            fail(c, &error);
        mind_the_time(c);
        mind_the_silent(c);
        give_orders(c);
        progress_update(c->progress, c->counts, work_total > 0 ? fmin(c->work / work_total, 1) : 0, clock_s());
        if (is_moving)
            backoff = (struct backoff){0};
        trainer_wait(c->trainer, backoff_next(&backoff, c->n_ranks == 1 ? LONGEST_SLEEP_ALONE_S : LONGEST_SLEEP_S));
    }
}

enum error_code coordinator_run(MPI_Comm comm, struct plan *plan, struct results *results,
                                const struct record_layout *layout, const struct coordinator_watch *watch,
                                struct progress *progress, struct receipt *receipt, struct error *error)
{
    double start_s = clock_s();
    struct coordinator c = {.comm = comm,
                            .plan = plan,
                            .results = results,
                            .layout = layout,
                            .watch = watch,
                            .progress = progress,
                            .end_s = watch->deadline_s,
                            .incoming = MPI_REQUEST_NULL};
    MPI_Comm_size(comm, &c.n_ranks);
    *receipt = (struct receipt){.n_ranks = c.n_ranks};
    if (set_up(&c, error)) {
        c.failure = *error;
        goto done;
    }

    run(&c);
    double end_s = clock_s();
    c.ranks[0].totals = trainer_totals(c.trainer);
    write_receipt(&c, end_s - start_s, end_s - c.first_finished_s, receipt);
    if (!c.failure.code) {
        receipt->is_stopped = plan_jobs_left(plan) > 0 || c.n_outstanding > 0;
        check(!receipt->is_stopped || c.order > WIRE_GO_ON);
        if (results_sync(results, true, error))
            fail(&c, error);
    }
    for (int rank = 1; rank < c.n_ranks; rank++)
        transport_wait_sent(&c.ranks[rank].request);
    transport_cancel(&c.incoming);

done:
    progress_end(progress, clock_s());
    trainer_destroy(c.trainer);
    for (int rank = 0; c.ranks && rank < c.n_ranks; rank++)
        free(c.ranks[rank].message);
    free(c.ranks);
    free(c.incoming_message);
    *error = c.failure;
    return error->code;
}

void coordinator_release(MPI_Comm comm, int exit_code)
{
    int n_ranks;
    MPI_Comm_size(comm, &n_ranks);
    uint64_t message[WIRE_SMALL_MAX / 8];
    wire_stop_write(message, exit_code);
    for (int rank = 1; rank < n_ranks; rank++) {
        MPI_Request request;
        transport_send(comm, rank, message, wire_stop_size(), &request);
        transport_wait_sent(&request);
    }
    transport_meet(comm);
}
