#include "trainer.h"

#include "backoff.h"
#include "clock.h"
#include "memory_budget.h"
#include "null_job.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A report holds up to so many bytes, or one record. */
enum { REPORT_BYTES = 1 << 20, REPORT_RECORDS_MAX = 64 };

/* Jobs are asked for to last at least so long, within what one hand-out carries: packs of tiny models are short. */
static const double AHEAD_S = 5e-3;

/* So many packs' worth of jobs may wait for company of their shape; then they go without. */
enum { COMPANY_PACKS = 16 };

/* Wall time beyond so many times a pack's CPU time, and this, is that of a process that was stopped. */
static const double PAUSED_TIMES = 10, PAUSED_S = 0.2;

static const double GRACE_S = 2; /* for a pack in training that is to be abandoned */

/* A shape of which jobs are held. */
struct open_shape {
    uint64_t number;
    size_t n_jobs;
};

struct trainer {
    struct record_layout layout;
    int rank;
    size_t lanes, report_records;
    struct job_runner *runner; /* the thread's alone */
    void *filling;             /* the thread's alone: the report that takes its records, or NULL */
    void *null_record;         /* the thread's alone: scratch; NULL unless jobs are null jobs */

    pthread_t thread;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t work;   /* for the thread: jobs, free reports, halt */
    pthread_cond_t news;   /* for the main thread */
    bool has_news;

    struct job inbox[2 * WIRE_JOBS_MAX]; /* [n_inbox], oldest first: given and not yet in the runner */
    size_t n_inbox;
    struct open_shape open[WIRE_SHAPES_MAX]; /* [n_open], the latest first. Only a hint for requests: shapes beyond
                                                the last are forgotten */
    size_t n_open;
    size_t n_wanted;  /* jobs to ask for, and to hold ahead */
    uint64_t n_steps; /* packs trained */
    bool is_pending;  /* a request has no answer yet; what it asked, and when: */
    size_t n_asked;
    uint64_t asked_at_step;
    /* Of the last answer, if no pack has ended since it was asked for (that may entitle this rank to more): */
    bool is_short;        /* it was less than asked: the next pack need not be full */
    bool is_held_off;     /* it was nothing: no request before a pack has ended */
    bool is_last, is_end; /* as the last answer said */
    bool is_idle;         /* the thread holds nothing */
    unsigned n_recalls;   /* since jobs came, or were handed back: others are to be */
    bool has_ended;
    enum wire_order order;
    double abandoned_s;
    struct error error;     /* once has_ended */
    double waiting_since_s; /* 0 if the thread is not waiting */

    void *ready[TRAINER_REPORTS], *free[TRAINER_REPORTS]; /* [n_ready], oldest first; [n_free] */
    size_t n_ready, n_free, n_taken;
    struct wire_totals totals;
};

static void tell(struct trainer *trainer)
{
    trainer->has_news = true;
    pthread_cond_signal(&trainer->news);
}

/* Waits for a signal; end_wait after the last one. The mutex is held. */
static void wait_for_work(struct trainer *trainer)
{
    if (trainer->waiting_since_s == 0)
        trainer->waiting_since_s = clock_awake_s();
    tell(trainer);
    pthread_cond_wait(&trainer->work, &trainer->mutex);
}

static void end_wait(struct trainer *trainer)
{
    if (trainer->waiting_since_s == 0)
        return;
    double waited = clock_awake_s() - trainer->waiting_since_s;
    trainer->totals.waited_s += waited;
    trainer->totals.longest_wait_s = fmax(trainer->totals.longest_wait_s, waited);
    trainer->waiting_since_s = 0;
}

/* ---- the compute thread ------------------------------------------------------------------------------------- */

static void forget_job(struct trainer *trainer, const struct job *job)
{
    for (size_t i = 0; i < trainer->n_open; i++)
        if (trainer->open[i].number == job->shape) {
            if (--trainer->open[i].n_jobs == 0) {
                trainer->n_open--;
                memmove(&trainer->open[i], &trainer->open[i + 1], (trainer->n_open - i) * sizeof trainer->open[0]);
            }
            return;
        }
}

/* Puts filling where the main thread finds it. The mutex is held. */
static void deliver(struct trainer *trainer)
{
    if (!trainer->filling)
        return;
    trainer->ready[trainer->n_ready++] = trainer->filling;
    trainer->filling = NULL;
    tell(trainer);
}

/* A report with room: the last one, if the main thread has not come for it, or a free one. The mutex is held. */
static void find_report(struct trainer *trainer)
{
    while (!trainer->filling && trainer->order < WIRE_HALT) {
        size_t last = trainer->n_ready - 1;
        if (trainer->n_ready > 0 && wire_report_n_records(trainer->ready[last]) < trainer->report_records) {
            trainer->filling = trainer->ready[--trainer->n_ready];
        } else if (trainer->n_free > 0) {
            trainer->filling = trainer->free[--trainer->n_free];
            wire_report_begin(trainer->filling);
        } else {
            wait_for_work(trainer);
        }
    }
    end_wait(trainer);
}

static enum error_code keep_record(void *context, const struct job *job, const void *record, struct error *error)
{
    struct trainer *trainer = context;
    pthread_mutex_lock(&trainer->mutex);
    forget_job(trainer, job);
    find_report(trainer);
    bool is_halted = trainer->order == WIRE_HALT;
    pthread_mutex_unlock(&trainer->mutex);
    if (is_halted)
        return error_set(error, ERROR_FATAL, "halted");

    void *copy = wire_report_add(trainer->filling, &trainer->layout, job->config, job->replicate, record);
    int32_t *rank = record_field(&trainer->layout, copy, FIELD_RANK);
    if (rank)
        *rank = trainer->rank;

    if (wire_report_n_records(trainer->filling) == trainer->report_records) {
        pthread_mutex_lock(&trainer->mutex);
        deliver(trainer);
        pthread_mutex_unlock(&trainer->mutex);
    }
    return ERROR_NONE;
}

/* Trains a pack. The mutex is held, but not while training. */
static enum error_code train(struct trainer *trainer, struct error *error)
{
    end_wait(trainer);
    pthread_mutex_unlock(&trainer->mutex);
    double start = clock_awake_s(), cpu_start = clock_cpu_s();
    enum error_code code = job_runner_step(trainer->runner, keep_record, trainer, error);
    /* What took far longer than it computed was stopped meanwhile, and the next will not be. */
    double pack_s = fmin(clock_awake_s() - start, PAUSED_TIMES * (clock_cpu_s() - cpu_start) + PAUSED_S);
    struct job_runner_totals totals = job_runner_totals(trainer->runner);
    pthread_mutex_lock(&trainer->mutex);

    /* A pack of fewer lanes, down to one model alone, is so much less than a full one. */
    double full_s =
        pack_s * (double)trainer->lanes / fmax(1, (double)(totals.lanes_total - trainer->totals.lanes_total));
    trainer->totals.packs = totals.packs;
    trainer->totals.lanes_used = totals.lanes_used;
    trainer->totals.lanes_total = totals.lanes_total;
    trainer->totals.attempts = totals.attempts;
    trainer->totals.rejected_at_start = totals.rejected_at_start;
    trainer->totals.busy_s = totals.busy_s;
    trainer->totals.cpu_s = totals.cpu_s;
    trainer->totals.full_s = totals.full_s;
    trainer->totals.longest_pack_s = fmax(trainer->totals.longest_pack_s, pack_s);
    deliver(trainer);

    double packs = ceil(AHEAD_S / fmax(full_s, 1e-9)), packs_max = WIRE_JOBS_MAX / (double)trainer->lanes;
    trainer->n_wanted = trainer->lanes * (size_t)fmin(packs, packs_max);
    trainer->n_steps++;
    trainer->is_short = trainer->is_held_off = false;
    tell(trainer);
    return code;
}

/* Moves jobs from the inbox into the runner until it has a full pack. The mutex is held. */
static enum error_code load(struct trainer *trainer, struct error *error)
{
    size_t n = 0;
    enum error_code code = ERROR_NONE;
    while (!code && n < trainer->n_inbox && job_runner_largest_group(trainer->runner) < trainer->lanes)
        code = job_runner_add(trainer->runner, &trainer->inbox[n++], error);
    trainer->n_inbox -= n;
    memmove(trainer->inbox, trainer->inbox + n, trainer->n_inbox * sizeof trainer->inbox[0]);
    if (n > 0)
        tell(trainer); /* there is room for a request */
    return code;
}

/* Ends the jobs whose models are trained and wait for company. The mutex is held, but not while measuring. */
static void flush(struct trainer *trainer, struct error *error)
{
    pthread_mutex_unlock(&trainer->mutex);
    job_runner_flush(trainer->runner, keep_record, trainer, error);
    pthread_mutex_lock(&trainer->mutex);
    deliver(trainer);
}

/* Hands back half of what waits. The mutex is held, but not while records are made. */
static enum error_code hand_back(struct trainer *trainer, struct error *error)
{
    size_t n = 0;
    const unsigned n_recalls = trainer->n_recalls;
    for (; trainer->n_inbox > 0; trainer->n_inbox--)
        if (job_runner_add(trainer->runner, &trainer->inbox[n++], error))
            return error->code;
    pthread_mutex_unlock(&trainer->mutex);
    enum error_code code = job_runner_hand_back(trainer->runner, keep_record, trainer, &n, error);
    struct job_runner_totals totals = job_runner_totals(trainer->runner);
    pthread_mutex_lock(&trainer->mutex);
    trainer->totals.attempts = totals.attempts;
    if (n > 0 && trainer->n_recalls == n_recalls) /* one that has come meanwhile is for others */
        trainer->n_recalls = 0;
    deliver(trainer);
    return code;
}

/* Trains jobs until there are no more. The mutex is held. */
static void train_jobs(struct trainer *trainer, struct error *error)
{
    while (trainer->order == WIRE_GO_ON) {
        if ((trainer->n_recalls > 0 && hand_back(trainer, error)) || load(trainer, error))
            break;
        size_t n_waiting = job_runner_waiting(trainer->runner);
        bool may_be_partial = trainer->is_last || trainer->is_short || n_waiting >= COMPANY_PACKS * trainer->lanes;
        if (job_runner_largest_group(trainer->runner) >= trainer->lanes || (n_waiting > 0 && may_be_partial)) {
            if (train(trainer, error))
                break;
        } else if (trainer->is_end && n_waiting == 0) {
            trainer->waiting_since_s = 0; /* for the end, and not for jobs */
            break;
        } else {
            trainer->is_idle = n_waiting == 0;
            wait_for_work(trainer);
        }
    }
    if (!error->code)
        flush(trainer, error);
}

/* The same for null jobs: records are made up as jobs come. */
static void make_up_jobs(struct trainer *trainer, struct error *error)
{
    struct job jobs[WIRE_JOBS_MAX];
    enum error_code code = ERROR_NONE;
    while (trainer->order == WIRE_GO_ON && !code) {
        size_t n = trainer->n_inbox < WIRE_JOBS_MAX ? trainer->n_inbox : WIRE_JOBS_MAX;
        if (n == 0 && trainer->is_end) {
            trainer->waiting_since_s = 0; /* for the end, and not for jobs */
            break;
        }
        if (n == 0) {
            trainer->is_idle = true;
            wait_for_work(trainer);
            continue;
        }
        memcpy(jobs, trainer->inbox, n * sizeof jobs[0]);
        trainer->n_inbox -= n;
        memmove(trainer->inbox, trainer->inbox + n, trainer->n_inbox * sizeof trainer->inbox[0]);
        tell(trainer); /* there is room for a request */
        end_wait(trainer);
        pthread_mutex_unlock(&trainer->mutex);
        for (size_t i = 0; i < n && !code; i++) {
            null_job_record(&trainer->layout, &jobs[i], trainer->null_record);
            code = keep_record(trainer, &jobs[i], trainer->null_record, error);
        }
        pthread_mutex_lock(&trainer->mutex);
        deliver(trainer);
        trainer->n_steps++;
        trainer->is_held_off = false;
    }
}

static void *compute(void *argument)
{
    struct trainer *trainer = argument;
    struct error error = {.code = ERROR_NONE};
    pthread_mutex_lock(&trainer->mutex);
    if (trainer->layout.is_null)
        make_up_jobs(trainer, &error);
    else
        train_jobs(trainer, &error);
    end_wait(trainer);
    trainer->error = error;
    trainer->has_ended = true;
    tell(trainer);
    pthread_mutex_unlock(&trainer->mutex);
    return NULL;
}

/* ---- the main thread ---------------------------------------------------------------------------------------- */

size_t trainer_report_records(const struct record_layout *layout)
{
    size_t n = REPORT_BYTES / (wire_report_size(layout, 1) - wire_report_size(layout, 0));
    return n < 1 ? 1 : n > REPORT_RECORDS_MAX ? REPORT_RECORDS_MAX : n;
}

static void release(struct trainer *trainer)
{
    for (size_t i = 0; i < trainer->n_free; i++)
        free(trainer->free[i]);
    for (size_t i = 0; i < trainer->n_ready; i++)
        free(trainer->ready[i]);
    free(trainer->filling);
    free(trainer->null_record);
    job_runner_destroy(trainer->runner);
    free(trainer);
}

uint64_t trainer_bytes(const struct record_layout *layout)
{
    return TRAINER_REPORTS * wire_report_size(layout, trainer_report_records(layout)) + layout->n_bytes;
}

enum error_code trainer_create(struct trainer **trainer, const struct record_layout *layout, int rank,
                               uint64_t memory_bytes, struct error *error)
{
    *trainer = NULL;
    struct trainer *t = calloc(1, sizeof *t);
    if (!t)
        return error_set(error, ERROR_FATAL, "out of memory for a compute thread");
    t->layout = *layout;
    t->rank = rank;
    t->report_records = trainer_report_records(layout);
    enum error_code code = job_runner_create(&t->runner, layout, error);
    if (!code)
        job_runner_set_memory(t->runner, memory_less(memory_bytes, trainer_bytes(layout)));
    size_t report_size = wire_report_size(layout, t->report_records);
    for (; !code && t->n_free < TRAINER_REPORTS; t->n_free++) {
        t->free[t->n_free] = malloc(report_size);
        if (!t->free[t->n_free])
            code = error_set(error, ERROR_FATAL, "out of memory for reports of %.3g MB", (double)report_size / 1e6);
    }
    if (!code && layout->is_null && !(t->null_record = malloc(layout->n_bytes)))
        code = error_set(error, ERROR_FATAL, "out of memory for records of %.3g MB", (double)layout->n_bytes / 1e6);
    if (code) {
        release(t);
        return code;
    }
    t->lanes = (size_t)job_runner_lanes(t->runner);
    t->n_wanted = layout->is_null ? WIRE_JOBS_MAX : t->lanes;
    check(t->lanes <= WIRE_JOBS_MAX);

    pthread_condattr_t attributes;
    check(pthread_mutex_init(&t->mutex, NULL) == 0 && pthread_condattr_init(&attributes) == 0 &&
          pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&t->work, NULL) == 0 &&
          pthread_cond_init(&t->news, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    int error_number = pthread_create(&t->thread, NULL, compute, t);
    if (error_number != 0) {
        release(t);
        return error_set(error, ERROR_FATAL, "cannot start a compute thread: %s", strerror(error_number));
    }
    *trainer = t;
    return ERROR_NONE;
}

void trainer_order(struct trainer *trainer, enum wire_order order)
{
    pthread_mutex_lock(&trainer->mutex);
    if (trainer->order < WIRE_ABANDON && order >= WIRE_ABANDON) {
        trainer->abandoned_s = clock_awake_s();
        job_runner_interrupt(trainer->runner);
    }
    if (trainer->order < order)
        trainer->order = order;
    pthread_cond_signal(&trainer->work);
    pthread_mutex_unlock(&trainer->mutex);
}

/* The mutex is held. */
static bool has_ended_or_overstayed(const struct trainer *trainer)
{
    return trainer->has_ended || (trainer->order >= WIRE_ABANDON && clock_awake_s() - trainer->abandoned_s > GRACE_S);
}

void trainer_destroy(struct trainer *trainer)
{
    if (!trainer)
        return;
    trainer_order(trainer, WIRE_HALT);
    pthread_mutex_lock(&trainer->mutex);
    while (!has_ended_or_overstayed(trainer)) {
        pthread_mutex_unlock(&trainer->mutex);
        trainer_wait(trainer, 0.01);
        pthread_mutex_lock(&trainer->mutex);
    }
    bool has_ended = trainer->has_ended;
    pthread_mutex_unlock(&trainer->mutex);
    if (!has_ended) {
        pthread_detach(trainer->thread);
        return;
    }
    pthread_join(trainer->thread, NULL);
    check(trainer->n_taken == 0);
    pthread_mutex_destroy(&trainer->mutex);
    pthread_cond_destroy(&trainer->work);
    pthread_cond_destroy(&trainer->news);
    release(trainer);
}

bool trainer_wants(struct trainer *trainer, struct wire_request *request)
{
    pthread_mutex_lock(&trainer->mutex);
    bool wants = !trainer->is_pending && !trainer->is_end && trainer->order == WIRE_GO_ON && !trainer->is_held_off &&
                 !trainer->has_ended && trainer->n_inbox < trainer->n_wanted;
    /* Records go first: the coordinator must know what has become of the jobs before it gives more. */
    wants = wants && trainer->n_ready == 0 && (!trainer->is_last || trainer->is_idle);
    if (wants) {
        trainer->is_pending = true;
        trainer->n_asked = trainer->n_wanted;
        trainer->asked_at_step = trainer->n_steps;
        *request = (struct wire_request){.n_wanted = trainer->n_wanted, .n_shapes = trainer->n_open};
        for (size_t i = 0; i < trainer->n_open; i++)
            request->shapes[i] = trainer->open[i].number;
    }
    pthread_mutex_unlock(&trainer->mutex);
    return wants;
}

/* Jobs of a shape have come: it is the latest now. The mutex is held. */
static void remember_jobs(struct trainer *trainer, uint64_t number, size_t n_jobs)
{
    size_t i = 0;
    while (i < trainer->n_open && trainer->open[i].number != number)
        i++;
    if (i < trainer->n_open)
        n_jobs += trainer->open[i].n_jobs;
    else if (trainer->n_open < WIRE_SHAPES_MAX)
        trainer->n_open++;
    else
        i--;
    memmove(&trainer->open[1], &trainer->open[0], i * sizeof trainer->open[0]);
    trainer->open[0] = (struct open_shape){.number = number, .n_jobs = n_jobs};
}

void trainer_give(struct trainer *trainer, const struct wire_handout *handout, const struct job *jobs)
{
    if (handout->order > WIRE_GO_ON) {
        trainer_order(trainer, handout->order);
        return;
    }
    size_t n = handout->n_jobs;
    pthread_mutex_lock(&trainer->mutex);
    if (handout->is_recall) {
        trainer->n_recalls++;
        pthread_cond_signal(&trainer->work);
        pthread_mutex_unlock(&trainer->mutex);
        return;
    }
    check(trainer->is_pending && n <= trainer->n_asked);
    check(trainer->n_inbox + n <= sizeof trainer->inbox / sizeof trainer->inbox[0]);
    trainer->is_pending = false;
    if (trainer->is_last)
        trainer->waiting_since_s = 0; /* for what others cannot do in time, and not for an answer */
    trainer->is_last = handout->is_last || handout->end;
    trainer->is_end = handout->end;
    bool is_current = trainer->asked_at_step == trainer->n_steps;
    trainer->is_short = is_current && n < trainer->n_asked;
    trainer->is_held_off = is_current && n == 0;
    if (n > 0) {
        trainer->is_idle = false;
        trainer->n_recalls = 0;
        for (size_t i = 0; i < n; i++) {
            trainer->inbox[trainer->n_inbox] = jobs[i];
            trainer->inbox[trainer->n_inbox++].shape = handout->shape;
        }
        remember_jobs(trainer, handout->shape, n);
    }
    pthread_cond_signal(&trainer->work);
    pthread_mutex_unlock(&trainer->mutex);
}

void *trainer_take(struct trainer *trainer)
{
    void *report = NULL;
    pthread_mutex_lock(&trainer->mutex);
    if (trainer->n_ready > 0 && trainer->order < WIRE_HALT) {
        report = trainer->ready[0];
        trainer->n_ready--;
        memmove(&trainer->ready[0], &trainer->ready[1], trainer->n_ready * sizeof trainer->ready[0]);
        trainer->n_taken++;
    }
    pthread_mutex_unlock(&trainer->mutex);
    return report;
}

void trainer_return(struct trainer *trainer, void *report)
{
    pthread_mutex_lock(&trainer->mutex);
    trainer->free[trainer->n_free++] = report;
    trainer->n_taken--;
    pthread_cond_signal(&trainer->work);
    pthread_mutex_unlock(&trainer->mutex);
}

enum trainer_state trainer_state(struct trainer *trainer, struct error *error)
{
    enum trainer_state state = TRAINER_WORKING;
    pthread_mutex_lock(&trainer->mutex);
    bool is_empty = trainer->n_ready == 0 || trainer->order == WIRE_HALT;
    if (trainer->has_ended && trainer->error.code && trainer->order < WIRE_HALT) {
        state = TRAINER_FAILED;
        *error = trainer->error;
    } else if (has_ended_or_overstayed(trainer) && is_empty) {
        state = TRAINER_FINISHED;
        if (!trainer->has_ended)
            trainer->order = WIRE_HALT; /* whoever has heard that it is over listens no more */
    }
    pthread_mutex_unlock(&trainer->mutex);
    return state;
}

bool trainer_has_ended(struct trainer *trainer)
{
    pthread_mutex_lock(&trainer->mutex);
    bool has_ended = trainer->has_ended;
    pthread_mutex_unlock(&trainer->mutex);
    return has_ended;
}

struct wire_totals trainer_totals(struct trainer *trainer)
{
    pthread_mutex_lock(&trainer->mutex);
    struct wire_totals totals = trainer->totals;
    pthread_mutex_unlock(&trainer->mutex);
    return totals;
}

struct job_runner_pack trainer_pack(const struct trainer *trainer)
{
    return job_runner_pack(trainer->runner);
}

void trainer_wait(struct trainer *trainer, double seconds)
{
    if (seconds <= 0) {
        backoff_sleep(0);
        return;
    }
    struct timespec until = clock_timespec(clock_awake_s() + seconds);
    pthread_mutex_lock(&trainer->mutex);
    int result = 0;
    while (!trainer->has_news && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&trainer->news, &trainer->mutex, &until);
    trainer->has_news = false;
    pthread_mutex_unlock(&trainer->mutex);
}
