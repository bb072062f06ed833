#include "coordinator.h"

#include "backoff.h"
#include "clock.h"
#include "forecast.h"
#include "ledger.h"
#include "memory_budget.h"
#include "past.h"
#include "stop.h"
#include "trainer.h"
#include "watchdog.h"
#include "wire.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Between looks at the network; alone there is none, and the own compute thread wakes the sleeper. */
static const double LONGEST_SLEEP_S = 1e-3, LONGEST_SLEEP_ALONE_S = 50e-3;

/* A pack is started if the longest so far would fit into the time left so many times. */
static const double PACK_MARGIN = 1.25;

/* While the time is over each rank hears so often that rank 0 lives. */
static const double REASSURE_S = 1;

/* A turn counts as overtime no longer than this: in a longer one this process has not looked at what came. */
static const double LONGEST_TURN_S = 0.25;

/* One so long is none: the process was stopped or the machine suspended. */
static const double PAUSE_S = 5;

enum { MESSAGES_A_TURN = 64, STUCK_NAMED_MAX = 8 };

/* What the coordinator knows of a rank. */
struct rank {
    struct wire_totals totals;
    bool has_finished;
    bool is_dead;
    bool is_waiting;       /* for an answer to its request: for what others hold might come back */
    uint64_t n_wanted;     /* that request's */
    bool is_recalled;      /* it has been told to hand jobs back, and has not yet */
    enum wire_order order; /* that it has been given */
    double heard_s;        /* when it was last heard of */
    bool is_silent;        /* and that is so long ago that it was said */
    MPI_Request request;   /* the last message to it */
    void *message;         /* [capacity], owned */
    size_t capacity;
};

struct coordinator {
    struct transport *transport;
    struct plan *plan;
    struct ledger *ledger;
    const struct record_sink *sink;
    const struct record_layout *layout;
    const struct coordinator_watch *watch;
    struct progress *progress;
    struct trainer *trainer;
    int n_ranks, n_finished, n_dead, n_waiting;
    struct rank *ranks; /* [n_ranks] */
    uint64_t counts[N_STATUSES];
    struct forecast_facts facts; /* of the records that have come, and of the ranks' totals */
    double idle_s;               /* in which some rank had nothing left to do, up to idle_since_s */
    double idle_since_s;         /* 0: none has */
    struct error failure;        /* code ERROR_NONE as long as all is well */
    enum wire_order order;       /* for all ranks */
    int signal, signal_rank;     /* the most pressing one that any rank has got, 0: none; and which rank */
    double end_s;                /* when training has to end, INFINITY: when all is done */
    double start_s;              /* of the run */
    double paused_s;             /* between turns, because this process was stopped or the machine suspended */
    bool is_time_over;           /* the first order was given for the time limit's sake */
    bool has_overstayed;         /* some rank's compute thread does not stop */
    double silence_look_s;       /* when ranks' silence is looked at next */
    double turn_s;               /* when the loop's last turn began */
    double overtime_s;           /* that the loop has been through since end_s */
    double reassured_s;          /* when the ranks were last told that this one lives */
    double longest_pack_s;
    uint64_t orders[WIRE_HALT + 1][WIRE_SMALL_MAX / 8], recall[WIRE_SMALL_MAX / 8];
    struct job jobs[WIRE_JOBS_MAX];
};

/* Training has to end by then, and soon after all else. */
static void end_by(struct coordinator *c, double end_s)
{
    c->end_s = fmin(c->end_s, end_s);
    watchdog_set_deadline(c->end_s);
}

/* The first failure counts; from then on nothing is handed out or stored. */
static void fail(struct coordinator *c, const struct error *error)
{
    if (!c->failure.code)
        c->failure = *error;
    c->order = WIRE_HALT;
    end_by(c, clock_s());
}

static void finish_rank(struct coordinator *c, int rank)
{
    if (c->ranks[rank].has_finished)
        return;
    c->ranks[rank].has_finished = true;
    c->n_finished++;
}

static void note_totals(struct coordinator *c, int rank, const struct wire_totals *totals)
{
    const struct wire_totals *before = &c->ranks[rank].totals;
    c->facts.attempts += totals->attempts - before->attempts;
    c->facts.rejected_at_start += totals->rejected_at_start - before->rejected_at_start;
    c->facts.trained += totals->lanes_used - before->lanes_used;
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
    end_by(c, clock_s() + stop_grace_s(signal));
}

/* ---- handing out -------------------------------------------------------------------------------------------- */

/* A rank's part of all that is not done. */
static uint64_t fair_share(const struct coordinator *c)
{
    uint64_t n_ranks = (uint64_t)(c->n_ranks - c->n_dead);
    uint64_t n_open = plan_jobs_left(c->plan) + ledger_returned(c->ledger) + ledger_out(c->ledger);
    return (n_open + n_ranks - 1) / n_ranks;
}

/* Jobs that a rank may be given: at most as many as it wants, and no more than its share, so that at the end all ranks
 * share what remains. A rank that holds nothing gets something as long as there is anything. */
static size_t share(const struct coordinator *c, int rank, uint64_t n_wanted)
{
    uint64_t fair = fair_share(c), held = ledger_held(c->ledger, rank);
    uint64_t n = fair > held ? fair - held : 0;
    n = n < n_wanted ? n : n_wanted;
    return n < WIRE_JOBS_MAX ? (size_t)n : WIRE_JOBS_MAX;
}

/* The job of the plan, to be gone on with. */
static struct job job_of(const struct coordinator *c, const struct ledger_job *job)
{
    struct job next = plan_job(c->plan, job->config, job->replicate);
    next.attempt = job->past ? job->past->n_attempts : 0;
    return next;
}

/* Fills c->jobs and *handout with jobs of one shape that others have handed back, up to n_max, if there are any. */
static enum error_code hand_on(struct coordinator *c, int rank, size_t n_max, struct wire_handout *handout,
                               struct error *error)
{
    struct ledger_job job;
    while (handout->n_jobs < n_max && ledger_take(c->ledger, handout->n_jobs > 0 ? &handout->shape : NULL, &job)) {
        c->jobs[handout->n_jobs++] = job_of(c, &job);
        handout->shape = job.shape;
        if (ledger_enter(c->ledger, rank, job, error)) {
            free(job.past);
            return error->code;
        }
    }
    return ERROR_NONE;
}

/* A suspect may kill whom it is lent to, so the coordinator takes one only when nobody else lives. */
static bool lend(struct coordinator *c, int rank, struct wire_handout *handout)
{
    struct ledger_job suspect;
    if ((rank == 0 && c->n_ranks - c->n_dead > 1) || !ledger_lend(c->ledger, rank, &suspect))
        return false;
    c->jobs[0] = job_of(c, &suspect);
    handout->shape = suspect.shape;
    handout->n_jobs = 1;
    return true;
}

/* Fills c->jobs and *handout in answer to a request. *is_answer is false if there is no answer yet: the rank holds
 * nothing, the plan is empty, and what others hold might come back. */
static enum error_code choose(struct coordinator *c, int rank, const struct wire_request *request,
                              struct wire_handout *handout, bool *is_answer, struct error *error)
{
    *is_answer = true;
    *handout = (struct wire_handout){.shape = 0};
    size_t n_max = share(c, rank, request->n_wanted);
    handout->n_jobs = plan_next(c->plan, request->shapes, request->n_shapes, n_max, c->jobs, &handout->shape);
    handout->is_last = plan_jobs_left(c->plan) == 0;
    for (size_t i = 0; i < handout->n_jobs; i++) {
        struct ledger_job job = {(uint32_t)c->jobs[i].config, (uint32_t)handout->shape, c->jobs[i].replicate, NULL};
        if (ledger_enter(c->ledger, rank, job, error))
            return error->code;
    }
    if (!handout->is_last || ledger_held(c->ledger, rank) > 0)
        return ERROR_NONE;
    if (hand_on(c, rank, n_max, handout, error))
        return error->code;
    if (handout->n_jobs > 0 || lend(c, rank, handout))
        return ERROR_NONE;
    handout->end = ledger_out(c->ledger) == 0 && ledger_suspects(c->ledger) == 0;
    *is_answer = handout->end;
    return ERROR_NONE;
}

/* Makes room for a message to a rank; no other one may be on its way. */
static enum error_code reserve_message(struct rank *r, size_t n_bytes, int n_ranks, struct error *error)
{
    if (r->capacity >= n_bytes)
        return ERROR_NONE;
    void *message = realloc(r->message, n_bytes);
    if (!message)
        return error_set(error, ERROR_FATAL, "out of memory for messages to %d ranks", n_ranks);
    r->message = message;
    r->capacity = n_bytes;
    return ERROR_NONE;
}

/* Sends c->jobs. */
static enum error_code send_handout(struct coordinator *c, int rank, const struct wire_handout *handout,
                                    struct error *error)
{
    struct rank *r = &c->ranks[rank];
    transport_wait_sent(c->transport,
                        &r->request); /* it asks because it has read the last answer: nearly nothing to wait for */
    size_t n_bytes = wire_handout_size(handout->n_jobs);
    if (reserve_message(r, n_bytes, c->n_ranks, error))
        return error->code;
    wire_handout_write(r->message, handout, c->jobs);
    transport_send(c->transport, rank, r->message, n_bytes, &r->request);
    return ERROR_NONE;
}

/* Whether some rank has nothing left to do, from now on. */
static void note_idleness(struct coordinator *c, bool is_any_idle)
{
    if (c->idle_since_s > 0 && !is_any_idle)
        c->idle_s += clock_s() - c->idle_since_s;
    if (c->idle_since_s == 0 || !is_any_idle)
        c->idle_since_s = is_any_idle ? clock_s() : 0;
}

static enum error_code answer(struct coordinator *c, int rank, const struct wire_request *request, struct error *error)
{
    for (uint64_t i = 0; i < request->n_shapes; i++)
        if (request->shapes[i] >= plan_n_shapes(c->plan))
            return error_set(error, ERROR_FATAL, "rank %d: a request for a shape that does not exist", rank);

    struct wire_handout handout;
    struct rank *r = &c->ranks[rank];
    bool is_answer;
    if (choose(c, rank, request, &handout, &is_answer, error))
        return error->code;
    c->n_waiting += (int)!is_answer - (int)r->is_waiting;
    r->is_waiting = !is_answer;
    r->n_wanted = request->n_wanted;
    r->is_recalled = r->is_recalled && handout.n_jobs == 0;
    note_idleness(c, c->n_waiting > 0 || handout.end);
    if (!is_answer)
        return ERROR_NONE;
    if (rank > 0)
        return send_handout(c, rank, &handout, error);
    trainer_give(c->trainer, &handout, c->jobs);
    return ERROR_NONE;
}

/* Answers those who wait, when there is something to say: jobs that others have handed back, suspects to lend, or that
 * all is done. */
static void answer_the_waiting(struct coordinator *c)
{
    bool is_news = ledger_returned(c->ledger) > 0 || ledger_suspects(c->ledger) > 0 || ledger_out(c->ledger) == 0;
    struct error error;
    for (int rank = 0; c->n_waiting > 0 && is_news && c->order == WIRE_GO_ON && rank < c->n_ranks; rank++) {
        const struct wire_request request = {.n_wanted = c->ranks[rank].n_wanted};
        if (c->ranks[rank].is_waiting && answer(c, rank, &request, &error))
            fail(c, &error);
    }
}

/* Has those who hold more than their share hand back some of what waits there, once there are ranks with nothing left
 * to do. From all who hold several jobs far more would come back than the waiting can take, and packs would empty. */
static void recall_jobs(struct coordinator *c)
{
    if (c->n_waiting == 0 || ledger_returned(c->ledger) > 0 || c->order > WIRE_GO_ON || c->layout->is_null)
        return;
    const uint64_t fair = fair_share(c);
    for (int rank = 0; rank < c->n_ranks; rank++) {
        struct rank *r = &c->ranks[rank];
        if (r->is_dead || r->is_recalled || ledger_held(c->ledger, rank) <= fair ||
            !transport_sent(c->transport, &r->request))
            continue;
        r->is_recalled = true;
        if (rank > 0)
            transport_send(c->transport, rank, c->recall, wire_handout_size(0), &r->request);
        else
            trainer_give(c->trainer, &(struct wire_handout){.is_recall = true}, NULL);
    }
}

/* ---- records ------------------------------------------------------------------------------------------------ */

/* Puts a job's record where it belongs. */
static enum error_code put(struct coordinator *c, uint64_t config, uint64_t replicate, const void *record,
                           struct error *error)
{
    if (c->sink->put(c->sink->context, config, replicate, record, error))
        return error->code;
    uint8_t status = *(const uint8_t *)record_field_const(c->layout, record, FIELD_STATUS);
    c->counts[status]++;
    c->facts.n_done++;
    c->facts.n_accepted += status == STATUS_ACCEPTED;
    c->facts.work_done += plan_work(c->plan, config);
    c->facts.attempts_of_done += *(const uint16_t *)record_field_const(c->layout, record, FIELD_ATTEMPTS);
    return ERROR_NONE;
}

static enum error_code sync_sink(const struct coordinator *c, bool now, struct error *error)
{
    watchdog_doing("syncing the results");
    enum error_code code = c->sink->sync(c->sink->context, now, error);
    watchdog_doing("training");
    return code;
}

/* Keeps a job that the rank has handed back. */
static enum error_code take_back(struct coordinator *c, int rank, struct ledger_job *job, const void *record,
                                 struct error *error)
{
    c->ranks[rank].is_recalled = false;
    if (!past_take(&job->past, c->layout, record, error) && !ledger_return(c->ledger, *job, error))
        return ERROR_NONE;
    free(job->past);
    return error_prefix(error, "rank %d", rank);
}

/* Puts the records of a report into the file. */
static enum error_code store(struct coordinator *c, int rank, void *report, struct error *error)
{
    size_t n = wire_report_n_records(report);
    enum error_code code = ERROR_NONE;
    watchdog_doing("writing the results");
    for (size_t i = 0; i < n && !code; i++) {
        uint64_t config, replicate;
        struct ledger_job job;
        void *record = wire_report_record(report, c->layout, i, &config, &replicate);
        uint8_t status = *(const uint8_t *)record_field_const(c->layout, record, FIELD_STATUS);
        if (status >= N_STATUSES || !ledger_settle(c->ledger, rank, config, replicate, &job))
            return error_set(error, ERROR_FATAL, "rank %d: a record of no job that it has", rank);
        if (status == STATUS_PENDING) {
            code = take_back(c, rank, &job, record, error);
            continue;
        }
        if (job.past)
            past_complete(job.past, c->layout, record);
        free(job.past);
        code = put(c, config, replicate, record, error);
    }
    return code;
}

/* ---- deaths ------------------------------------------------------------------------------------------------- */

static const char *host(const struct coordinator *c, int rank)
{
    return c->watch->hosts + (size_t)rank * HOST_MAX;
}

/* Records a job that two ranks have died of. */
static enum error_code give_up(struct coordinator *c, int rank, const struct ledger_job *lost, struct error *error)
{
    void *record = malloc(c->layout->n_bytes);
    if (!record)
        return error_set(error, ERROR_FATAL, "out of memory for a record of %" PRIu64 " bytes", c->layout->n_bytes);
    record_clear(c->layout, record);
    *(uint8_t *)record_field(c->layout, record, FIELD_STATUS) = STATUS_ERROR;
    *(int64_t *)record_field(c->layout, record, FIELD_SEED) = plan_job(c->plan, lost->config, lost->replicate).seed;
    *(int32_t *)record_field(c->layout, record, FIELD_RANK) = rank;
    snprintf(record_field(c->layout, record, FIELD_REASON), FIELD_TEXT_SIZE, "two ranks died in training it");
    if (lost->past) {
        *(uint16_t *)record_field(c->layout, record, FIELD_ATTEMPTS) = (uint16_t)lost->past->n_attempts;
        past_complete(lost->past, c->layout, record);
    }
    put(c, lost->config, lost->replicate, record, error);
    free(record);
    return error->code;
}

/* Takes back what a rank held that has died. */
static void bury(struct coordinator *c, int rank)
{
    struct rank *r = &c->ranks[rank];
    struct ledger_job lost;
    uint64_t n_held = ledger_held(c->ledger, rank);
    c->n_dead++;
    c->n_waiting -= r->is_waiting;
    r->is_waiting = false;
    r->is_dead = true;
    finish_rank(c, rank);
    if (!ledger_bury(c->ledger, rank, &lost)) {
        if (n_held == 0)
            progress_say(c->progress, "rank %d on %s died; it held no jobs", rank, host(c, rank));
        else
            progress_say(c->progress, "rank %d on %s died: its %" PRIu64 " jobs go to the others, singly, at the end",
                         rank, host(c, rank), n_held);
        return;
    }
    progress_say(c->progress,
                 "rank %d on %s died of configuration %" PRIu32 ", replicate %" PRIu64
                 ", as one before it: an error, not tried again",
                 rank, host(c, rank), lost.config, lost.replicate);
    struct error error = {.code = ERROR_NONE};
    if (!c->failure.code && give_up(c, rank, &lost, &error))
        fail(c, &error);
}

/* Notices those who have died, and what MPI can no longer do. */
static void mind_the_transport(struct coordinator *c)
{
    for (int rank = 0; c->n_dead < c->transport->n_dead && rank < c->n_ranks; rank++)
        if (c->transport->is_dead[rank] && !c->ranks[rank].is_dead)
            bury(c, rank);
    if (!c->transport->failure.code)
        return;
    struct error error = c->transport->failure;
    int rank = c->transport->failed_rank;
    if (rank >= 0)
        error_prefix(&error, "rank %d on %s", rank, host(c, rank));
    fail(c, &error);
}

/* ---- the stuck ---------------------------------------------------------------------------------------------- */

/* What a rank holds, for messages. */
static void held_text(const struct coordinator *c, int rank, char text[128])
{
    uint64_t n_held = ledger_held(c->ledger, rank);
    if (n_held == 0) {
        snprintf(text, 128, "it holds no jobs");
        return;
    }
    struct ledger_job oldest = ledger_oldest(c->ledger, rank);
    snprintf(text, 128, "it holds %" PRIu64 " job%s, the oldest configuration %" PRIu32 ", replicate %" PRIu64, n_held,
             n_held == 1 ? "" : "s", oldest.config, oldest.replicate);
}

static void name_overstayed(struct coordinator *c, int rank)
{
    char held[128];
    c->has_overstayed = true;
    held_text(c, rank, held);
    progress_say(c->progress, "rank %d on %s: its compute thread does not stop; %s", rank, host(c, rank), held);
}

/* Names the ranks that are not through, and what they hold. Ranks may be thousands. */
static void name_stuck(const struct coordinator *c)
{
    int n_named = 0;
    for (int rank = 0; rank < c->n_ranks && n_named < STUCK_NAMED_MAX; rank++) {
        const struct rank *r = &c->ranks[rank];
        if (r->has_finished)
            continue;
        char held[128];
        held_text(c, rank, held);
        progress_say(c->progress, "rank %d on %s is stuck: it has not been heard of for %.0f s; %s", rank,
                     host(c, rank), clock_s() - r->heard_s, held);
        n_named++;
    }
    if (c->n_ranks - c->n_finished > n_named)
        progress_say(c->progress, "and %d more ranks", c->n_ranks - c->n_finished - n_named);
}

/* Once the time is over: tells the ranks that this one lives, and gives up those that are not through by the end of the
 * grace. Only turns of the loop count, in which what has come has been looked at. */
static void mind_the_stuck(struct coordinator *c)
{
    double now_s = clock_s(), turn_s = fmin(now_s - c->turn_s, LONGEST_TURN_S);
    if (now_s - c->turn_s > PAUSE_S)
        c->paused_s += now_s - c->turn_s;
    c->turn_s = now_s;
    stop_note_life();
    if (now_s < c->end_s)
        return;
    c->overtime_s += turn_s;
    if (c->order > WIRE_GO_ON && now_s - c->reassured_s > REASSURE_S) {
        c->reassured_s = now_s;
        for (int rank = 1; rank < c->n_ranks; rank++) {
            struct rank *r = &c->ranks[rank];
            if ((r->order == c->order || r->has_finished) && transport_sent(c->transport, &r->request))
                transport_send(c->transport, rank, c->orders[c->order], wire_handout_size(0), &r->request);
        }
    }
    if (c->overtime_s < watchdog_grace_s())
        return;
    name_stuck(c);
    c->transport->is_stuck = true;
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

static enum error_code understand(struct coordinator *c, int rank, void *message, size_t n_bytes, struct error *error)
{
    enum wire_kind kind;
    if (wire_open(message, n_bytes, &kind, error)) {
        /* Another version of picky has not understood either, and this was its last message. */
        if (error->code == ERROR_INPUT)
            finish_rank(c, rank);
        return error_prefix(error, "rank %d", rank);
    }
    if (kind == WIRE_FAILURE) {
        finish_rank(c, rank);
        return wire_failure_read(message, error);
    }
    struct wire_report report;
    if (kind != WIRE_REPORT)
        return error_set(error, ERROR_FATAL, "rank %d: a message out of turn", rank);
    if (wire_report_read(message, c->layout, &report, error))
        return error_prefix(error, "rank %d", rank);

    note_totals(c, rank, &report.totals);
    note_signal(c, rank, report.signal);
    if (report.overstayed && !c->ranks[rank].has_finished)
        name_overstayed(c, rank);
    if (report.finished)
        finish_rank(c, rank);
    if (c->failure.code)
        return ERROR_NONE;
    if (store(c, rank, message, error) ||
        (report.request.n_wanted > 0 && c->order == WIRE_GO_ON && answer(c, rank, &report.request, error)))
        return error->code;
    return ERROR_NONE;
}

static void note_sign_of_life(struct coordinator *c, int rank)
{
    struct rank *r = &c->ranks[rank];
    double now_s = clock_s();
    if (r->is_silent)
        progress_say(c->progress, "rank %d on %s is heard of again, after %.0f s", rank, host(c, rank),
                     now_s - r->heard_s);
    r->is_silent = false;
    r->heard_s = now_s;
}

/* Returns true if anything came. */
static bool listen_to_workers(struct coordinator *c)
{
    if (c->n_ranks == 1)
        return false;
    int n = 0, rank;
    size_t n_bytes;
    for (void *message; n < MESSAGES_A_TURN && (message = transport_receive(c->transport, &rank, &n_bytes)); n++) {
        struct error error;
        if (c->transport->is_dead[rank])
            continue; /* it comes too late: the jobs are done again by others */
        note_sign_of_life(c, rank);
        if (understand(c, rank, message, n_bytes, &error))
            fail(c, &error);
    }
    return n > 0;
}

/* Null jobs measure messages too: this rank makes none up as long as others can. */
static bool is_spared(const struct coordinator *c)
{
    return c->layout->is_null && c->n_ranks - c->n_dead > 1 && plan_jobs_left(c->plan) > 0;
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
    if (c->order == WIRE_GO_ON && !is_spared(c) && trainer_wants(c->trainer, &request)) {
        if (answer(c, 0, &request, &error))
            fail(c, &error);
        is_moving = true;
    }
    if (!c->ranks[0].has_finished) {
        enum trainer_state state = trainer_state(c->trainer, &error);
        if (state == TRAINER_FAILED)
            fail(c, &error);
        if (state != TRAINER_WORKING) {
            if (state == TRAINER_FINISHED && !trainer_has_ended(c->trainer))
                name_overstayed(c, 0);
            finish_rank(c, 0);
            is_moving = true;
        }
    }
    return is_moving;
}

/* Tells each rank, once, what has been ordered. When it has obeyed it says that it has finished. */
static void give_orders(struct coordinator *c)
{
    if (c->order == WIRE_GO_ON)
        return; /* nothing yet; and ranks may be thousands */
    for (int rank = 0; rank < c->n_ranks; rank++) {
        struct rank *r = &c->ranks[rank];
        if (r->order == c->order || r->has_finished || !transport_sent(c->transport, &r->request))
            continue;
        r->order = c->order;
        if (rank == 0)
            trainer_order(c->trainer, c->order);
        else
            transport_send(c->transport, rank, c->orders[c->order], wire_handout_size(0), &r->request);
    }
}

/* ---- stopping ----------------------------------------------------------------------------------------------- */

/* True if the order to stop comes from the time limit: or from a batch system's warning, as long ahead of it as such
 * warnings are. */
static bool is_for_the_limit(const struct coordinator *c, double now_s)
{
    double left_s = c->watch->deadline_s - now_s, had_s = now_s - c->start_s;
    return !c->signal || (stop_is_warning(c->signal) && left_s <= fmax(60, had_s / 10));
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
    wire_handout_write(
        c->orders[WIRE_WIND_UP],
        &(struct wire_handout){.order = WIRE_WIND_UP, .is_last = true, .end = true, .left_s = fmax(0, left_s)}, NULL);

    c->is_time_over = is_for_the_limit(c, clock_s());
    /* What is finished is made safe before anything else: whoever sent the signal may not wait. */
    struct error error;
    if (sync_sink(c, true, &error))
        fail(c, &error);
    if (c->signal)
        /* mpirun ends all ranks by SIGTERM when one has died, and kills them soon after. */
        progress_say(c->progress, "stopping: %s on rank %d, %s; if that is cut short, --resume goes on",
                     stop_signal_name(c->signal), c->signal_rank, host(c, c->signal_rank));
    else
        progress_say(c->progress, "stopping: the time left is too short to go on");
}

/* Names each rank that has been silent for too long, and what it holds. It is not given up: that might still come.
 * Ranks may be thousands: it is not looked at each turn. */
static void mind_the_silent(struct coordinator *c)
{
    double now_s = clock_s();
    if (now_s < c->silence_look_s)
        return;
    c->silence_look_s = now_s + c->watch->silence_s / 10;
    for (int rank = 1; rank < c->n_ranks; rank++) {
        struct rank *r = &c->ranks[rank];
        if (r->is_silent || r->has_finished || now_s - r->heard_s < c->watch->silence_s)
            continue;
        r->is_silent = true;
        char held[128];
        held_text(c, rank, held);
        progress_say(c->progress, "rank %d on %s has not been heard of for %.0f s; %s", rank, host(c, rank),
                     now_s - r->heard_s, held);
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
        sum.cpu_s += totals->cpu_s;
        sum.full_s += totals->full_s;
        sum.longest_wait_s = fmax(sum.longest_wait_s, totals->longest_wait_s);
    }
    /* 0 / 0 is NaN: nothing known. */
    *receipt = (struct receipt){.n_ranks = c->n_ranks,
                                .wall_s = wall_s,
                                .busy = sum.busy_s / (wall_s * c->n_ranks),
                                .occupancy = (double)sum.lanes_used / (double)sum.lanes_total,
                                .rejected_at_start = (double)sum.rejected_at_start / (double)sum.attempts,
                                .cpu_s = sum.cpu_s,
                                .speed = sum.full_s / sum.cpu_s,
                                .longest_wait_s = sum.longest_wait_s,
                                .tail_s = tail_s};
    receipt->counts[STATUS_PENDING] = plan_jobs_total(c->plan);
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++) {
        receipt->counts[status] = c->counts[status];
        receipt->counts[STATUS_PENDING] -= c->counts[status];
    }
}

uint64_t coordinator_bytes(const struct record_layout *layout)
{
    return 3 * layout->n_bytes; /* gathered twice: whole, and by arrays */
}

static enum error_code set_up(struct coordinator *c, struct error *error)
{
    c->ranks = calloc((size_t)c->n_ranks, sizeof *c->ranks);
    if (ledger_create(&c->ledger, c->n_ranks, error))
        return error->code;
    if (!c->ranks)
        return error_set(error, ERROR_FATAL, "out of memory for %d ranks", c->n_ranks);
    for (int rank = 0; rank < c->n_ranks; rank++) {
        c->ranks[rank].request = MPI_REQUEST_NULL;
        c->ranks[rank].heard_s = clock_s();
    }
    for (enum wire_order order = WIRE_WIND_UP; order <= WIRE_HALT; order++)
        wire_handout_write(c->orders[order], &(struct wire_handout){.order = order, .is_last = true, .end = true},
                           NULL);
    wire_handout_write(c->recall, &(struct wire_handout){.is_recall = true}, NULL);
    const uint64_t *memory = c->watch->memory;
    uint64_t own = memory ? memory_less(memory[0], coordinator_bytes(c->layout)) : MEMORY_UNLIMITED;
    if (trainer_create(&c->trainer, c->layout, 0, own, error))
        return error->code;
    for (int rank = 1; rank < c->n_ranks; rank++) {
        if (reserve_message(&c->ranks[rank], wire_setup_size(), c->n_ranks, error))
            return error->code;
        wire_setup_write(c->ranks[rank].message, c->layout, memory ? memory[rank] : MEMORY_UNLIMITED);
    }
    for (int rank = 1; rank < c->n_ranks; rank++)
        transport_send(c->transport, rank, c->ranks[rank].message, wire_setup_size(), &c->ranks[rank].request);
    return ERROR_NONE;
}

static void show_progress(struct coordinator *c)
{
    const struct job_runner_pack pack = trainer_pack(c->trainer);
    const struct wire_totals totals = trainer_totals(c->trainer);
    note_totals(c, 0, &totals);
    double in_pack = (double)pack.n_models * pack.share;
    /* Only this rank can be looked at while it trains. At first, all are as far; later the others' reports tell. */
    c->facts.in_pack = c->facts.trained == 0 ? in_pack * (c->n_ranks - c->n_dead) : c->n_ranks == 1 ? in_pack : 0;
    c->facts.n_out = ledger_out(c->ledger) + ledger_returned(c->ledger);
    const struct forecast forecast = forecast_make(&c->facts);
    const struct progress_work work = {forecast.done, forecast.left, pack.share};
    progress_update(c->progress, c->counts, &work, clock_s());
}

/* Until every rank has said that it has nothing left to do (then no message is on its way) or has died, or MPI fails,
 * or a rank is stuck. */
static void run(struct coordinator *c)
{
    struct backoff backoff = {0};
    c->turn_s = clock_s();
    while (c->n_finished < c->n_ranks && !c->transport->failure.code && !c->transport->is_stuck) {
        bool is_moving = listen_to_workers(c);
        is_moving |= listen_to_own(c);
        mind_the_transport(c);
        answer_the_waiting(c);
        recall_jobs(c);
        struct error error;
        if (!c->failure.code && sync_sink(c, false, &error))
            fail(c, &error);
        mind_the_time(c);
        mind_the_silent(c);
        give_orders(c);
        mind_the_stuck(c);
        show_progress(c);
        if (is_moving)
            backoff = (struct backoff){0};
        trainer_wait(c->trainer, backoff_next(&backoff, c->n_ranks == 1 ? LONGEST_SLEEP_ALONE_S : LONGEST_SLEEP_S));
    }
}

static enum error_code put_result(void *results, uint64_t config, uint64_t replicate, const void *record,
                                  struct error *error)
{
    return results_put(results, config, replicate, record, error);
}

static enum error_code sync_results(void *results, bool now, struct error *error)
{
    return results_sync(results, now, error);
}

struct record_sink coordinator_results_sink(struct results *results)
{
    return (struct record_sink){results, put_result, sync_results};
}

enum error_code coordinator_run(struct transport *transport, struct plan *plan, const struct record_sink *sink,
                                const struct record_layout *layout, const struct coordinator_watch *watch,
                                struct progress *progress, struct receipt *receipt, struct error *error)
{
    double start_s = clock_s();
    struct coordinator c = {.transport = transport,
                            .plan = plan,
                            .sink = sink,
                            .layout = layout,
                            .watch = watch,
                            .progress = progress,
                            .n_ranks = transport->n_ranks,
                            .end_s = watch->deadline_s,
                            .start_s = start_s};
    *receipt = (struct receipt){.n_ranks = c.n_ranks};
    c.facts.n_jobs = plan_jobs_total(plan);
    c.facts.work_total = plan_work_total(plan);
    c.facts.max_attempts = (double)layout->size[DIMENSION_ATTEMPT];
    if (set_up(&c, error)) {
        c.failure = *error;
        goto done;
    }

    run(&c);
    note_idleness(&c, false);
    double end_s = clock_s();
    c.ranks[0].totals = trainer_totals(c.trainer);
    write_receipt(&c, end_s - start_s, c.idle_s, receipt);
    if (!c.failure.code) {
        receipt->is_stopped = receipt->counts[STATUS_PENDING] > 0;
        receipt->is_time_over = c.is_time_over && !c.has_overstayed && !transport->is_stuck;
        receipt->paused_s = c.paused_s;
        check(!receipt->is_stopped || c.order > WIRE_GO_ON);
        if (sync_sink(&c, true, error))
            fail(&c, error);
    }
    for (int rank = 1; rank < c.n_ranks && !transport->failure.code && !transport->is_stuck; rank++)
        transport_wait_sent(transport, &c.ranks[rank].request);

done:
    progress_end(progress, clock_s());
    trainer_destroy(c.trainer);
    ledger_destroy(c.ledger);
    for (int rank = 0; c.ranks && rank < c.n_ranks; rank++)
        if (!transport->is_stuck) /* else MPI may not be done with it */
            free(c.ranks[rank].message);
    free(c.ranks);
    *error = c.failure;
    return error->code;
}

void coordinator_release(struct transport *transport, int exit_code)
{
    uint64_t message[WIRE_SMALL_MAX / 8];
    watchdog_leave(exit_code);
    if (transport->is_stuck)
        transport_abort(transport, exit_code);
    wire_stop_write(message, exit_code);
    for (int rank = 1; rank < transport->n_ranks && !transport->failure.code; rank++) {
        MPI_Request request;
        transport_send(transport, rank, message, wire_stop_size(), &request);
        transport_wait_sent(transport, &request);
    }
    if (!transport->failure.code)
        transport_meet(transport);
    if (transport->failure.code)
        transport_abort(transport, exit_code ? exit_code : ERROR_FATAL);
}
