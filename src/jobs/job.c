#include "job.h"

#include "clock.h"
#include "job_queue.h"
#include "job_record.h"
#include "memory_budget.h"
#include "text.h"

#include <fenv.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A trained model waits at most about so long for others to be measured with: what has been trained should soon be
 * safe. */
static const double KEEP_S = 1;

/* Memory for packs of one width, of the shape that it was used for last. */
struct pack {
    const struct kernels *kernels;
    uint64_t n_bytes;     /* that it holds; 0: none */
    size_t n_models;      /* that there is room for, in training and kept; */
    uint64_t model_bytes; /* for so much data of each */
    struct training training;
    struct importance importance;
    struct waiting *member[KERNELS_LANES_MAX]; /* by lane, NULL if none: models in training */
    double since_s[KERNELS_LANES_MAX];         /* when they went in */
    /* Trained ones that are to be measured, in lanes 0..n_kept-1; with one lane they never wait. */
    struct training kept;
    struct waiting *kept_member[KERNELS_LANES_MAX];
    size_t n_kept;
    double kept_since_s; /* the first one */
    double training_s;   /* how long it trained last */
};

struct job_runner {
    struct record_layout layout;
    struct pack packs[PACKINGS_MAX]; /* [n_packs], the widest first */
    int n_packs;
    enum layout layout_of_packs;
    uint64_t memory;  /* bytes that packs may hold together */
    bool was_refused; /* and that is what could be allocated */
    struct job_queue queue;
    void *record;
    char reason[ERROR_MESSAGE_MAX]; /* of the job that ended last */
    struct job_runner_totals totals;
    atomic_bool is_interrupted;
    /* For job_runner_pack: of the pack in training. */
    atomic_size_t n_in_pack;               /* models */
    atomic_size_t n_steps_done, n_steps;   /* optimiser steps; and how many there are */
    atomic_size_t n_blocks_done, n_blocks; /* the same of blocks of test samples, for the measures */
    atomic_size_t n_packs_before;
    _Atomic double steps_share; /* of the work */
};

/* ---- memory ------------------------------------------------------------------------------------------------- */

void job_runner_set_layout(struct job_runner *runner, enum layout layout)
{
    runner->layout_of_packs = layout;
}

void job_runner_set_memory(struct job_runner *runner, uint64_t n_bytes)
{
    runner->memory = n_bytes;
    runner->was_refused = false;
}

/* Models that wait in it to be measured are to be trained again, to the same bits. */
static void pack_release(struct pack *pack)
{
    for (; pack->n_kept > 0; pack->n_kept--)
        pack->kept_member[pack->n_kept - 1]->stage = STAGE_NEW;
    importance_destroy(&pack->importance);
    training_destroy(&pack->kept);
    training_destroy(&pack->training);
    pack->n_bytes = 0;
}

/* True if there was another pack to release. */
static bool release_others(struct job_runner *runner, const struct pack *pack)
{
    bool was_any = false;
    for (int i = 0; i < runner->n_packs; i++) {
        if (&runner->packs[i] == pack || runner->packs[i].n_bytes == 0)
            continue;
        pack_release(&runner->packs[i]);
        was_any = true;
    }
    return was_any;
}

enum error_code job_runner_create(struct job_runner **runner, const struct record_layout *layout, struct error *error)
{
    *runner = NULL;
    const struct kernels *kernels;
    enum layout units_or_models;
    if (kernels_choose(&kernels, error) || layout_choose(&units_or_models, error))
        return error->code;
    struct job_runner *r = calloc(1, sizeof *r);
    void *record = malloc(layout->n_bytes);
    if (!r || !record) {
        free(r);
        free(record);
        return error_set(error, ERROR_FATAL, "out of memory for a record of %.3g MB", (double)layout->n_bytes / 1e6);
    }
    r->layout = *layout;
    r->memory = MEMORY_UNLIMITED;
    job_runner_set_layout(r, units_or_models);
    const struct kernels *all[PACKINGS_MAX];
    r->n_packs = packings(kernels, all);
    for (int i = 0; i < r->n_packs; i++)
        r->packs[i].kernels = all[i];
    r->record = record;
    *runner = r;
    return ERROR_NONE;
}

void job_runner_destroy(struct job_runner *runner)
{
    if (!runner)
        return;
    for (int i = 0; i < runner->n_packs; i++)
        pack_release(&runner->packs[i]);
    job_queue_destroy(&runner->queue);
    free(runner->record);
    free(runner);
}

int job_runner_lanes(const struct job_runner *runner)
{
    return (int)runner->packs[0].kernels->lanes;
}

enum error_code job_runner_add(struct job_runner *runner, const struct job *job, struct error *error)
{
    return job_queue_add(&runner->queue, job, error);
}

size_t job_runner_waiting(const struct job_runner *runner)
{
    return job_queue_waiting(&runner->queue);
}

size_t job_runner_largest_group(const struct job_runner *runner)
{
    size_t n_lanes;
    job_queue_largest(&runner->queue, &n_lanes);
    return n_lanes;
}

void job_runner_interrupt(struct job_runner *runner)
{
    atomic_store(&runner->is_interrupted, true);
}

static bool is_interrupted(const struct job_runner *runner)
{
    return interrupt_look(&runner->is_interrupted);
}

struct job_runner_pack job_runner_pack(const struct job_runner *runner)
{
    struct job_runner_pack pack = {.n_models = atomic_load(&runner->n_in_pack),
                                   .n_before = atomic_load(&runner->n_packs_before)};
    double steps_done = (double)atomic_load(&runner->n_steps_done), n_steps = (double)atomic_load(&runner->n_steps);
    double blocks_done = (double)atomic_load(&runner->n_blocks_done), n_blocks = (double)atomic_load(&runner->n_blocks);
    double share = atomic_load(&runner->steps_share);
    if (pack.n_models > 0 && n_steps > 0 && n_blocks > 0)
        pack.share = fmin(steps_done / n_steps, 1) * share + fmin(blocks_done / n_blocks, 1) * (1 - share);
    return pack;
}

/* A pack of n models begins, the longest of this shape. */
static void begin_pack(struct job_runner *runner, const struct shape *shape, size_t n)
{
    atomic_store(&runner->n_steps_done, 0);
    atomic_store(&runner->n_blocks_done, 0);
    atomic_store(&runner->n_steps, (size_t)shape_steps(shape));
    atomic_store(&runner->n_blocks, importance_blocks(shape));
    atomic_store(&runner->steps_share, 1 - shape_cost_of_measures(shape) / shape_cost(shape));
    atomic_store(&runner->n_packs_before, runner->totals.packs);
    atomic_store(&runner->n_in_pack, n);
}

struct job_runner_totals job_runner_totals(const struct job_runner *runner)
{
    return runner->totals;
}

/* ---- packs -------------------------------------------------------------------------------------------------- */

const char *job_runner_reason(const struct job_runner *runner)
{
    return runner->reason;
}

/* The reason as a record takes it: what is least of it stands at its end, and what is cut ends with a whole number or
 * word. */
static void shorten_reason(const char *whole, char reason[FIELD_TEXT_SIZE])
{
    static const char dots[] = " ...";
    int used = snprintf(reason, FIELD_TEXT_SIZE, "%s", whole);
    if (used < FIELD_TEXT_SIZE)
        return;
    size_t end = FIELD_TEXT_SIZE - sizeof dots;
    const char *colon = strchr(reason, ':');
    bool in_values = strchr(reason, '=') && (!colon || colon >= reason + end); /* "x0 = 1, x1 = 2" */
    while (end > 0 && !(reason[end] == ' ' && (!in_values || reason[end - 1] == ',')))
        end--;
    if (end == 0) /* one word */
        end = FIELD_TEXT_SIZE - sizeof dots;
    memcpy(reason + end, dots, sizeof dots);
    text_make_utf8(reason);
}

static void put_end(struct job_runner *runner, const struct waiting *w, enum job_status status, const char *whole)
{
    char reason[FIELD_TEXT_SIZE];
    snprintf(runner->reason, sizeof runner->reason, "%s", whole);
    shorten_reason(whole, reason);
    const struct job_end end = {
        &w->job, status, reason, w->attempt, w->attempt_error, w->wall_s, &runner->is_interrupted};
    job_record_put_end(&runner->layout, runner->record, &end);
}

/* Hands a job's record to `done` and forgets the job. */
static enum error_code end_job(struct job_runner *runner, struct job_group *group, struct waiting *w, job_done done,
                               void *context, struct error *error)
{
    enum error_code code = done(context, &w->job, runner->record, error);
    job_queue_remove(&runner->queue, group, w);
    return code;
}

/* Makes a pack's memory fit n_bytes of the shape, and releases other packs' where all are too much. */
static enum error_code prepare_pack(struct job_runner *runner, struct pack *pack, const struct shape *shape,
                                    uint64_t n_bytes, struct error *error)
{
    bool has_shape = pack->n_bytes > 0 && shape_packs_with(&pack->training.network.shape, shape);
    if (!has_shape)
        pack_release(pack);
    if (n_bytes > pack->n_bytes) {
        uint64_t n_held = n_bytes;
        for (int i = 0; i < runner->n_packs; i++)
            n_held += &runner->packs[i] == pack ? 0 : runner->packs[i].n_bytes;
        if (n_held > runner->memory)
            release_others(runner, pack);
        pack->n_bytes = n_bytes;
    }
    const struct shape kept = training_kept_shape(shape);
    const atomic_bool *interrupt = &runner->is_interrupted;
    if (!has_shape && (training_create(&pack->training, shape, pack->kernels, interrupt, error) ||
                       importance_create(&pack->importance, &pack->training, error)))
        return error->code;
    if (!has_shape && pack->kernels->lanes > 1 && training_create(&pack->kept, &kept, pack->kernels, interrupt, error))
        return error->code;
    return ERROR_NONE;
}

/* Puts an attempt into a lane. */
static enum error_code load_lane(struct job_runner *runner, struct pack *pack, size_t lane, struct waiting *w,
                                 struct error *error)
{
    const struct job *job = &w->job;
    struct kept_targets *kept = w->kept.values ? &w->kept : NULL;
    if (training_load_kept(&pack->training, lane, &job->h, job->seed, w->attempt, kept, error))
        return error->code;
    if (w->stage != STAGE_NEW) {
        job_queue_release_targets(&runner->queue, w);
        struct model *model = &pack->training.model[lane];
        model->train_loss[0] = w->untrained_loss;
        memcpy(model->test_error, w->untrained_error, (size_t)model->shape.n_tasks * sizeof(float));
    }
    pack->member[lane] = w;
    pack->since_s[lane] = clock_awake_s();
    return ERROR_NONE;
}

/* Puts the attempts of members[0..n-1] into lanes 0..n-1 of a pack. */
static enum error_code load_members(struct job_runner *runner, struct pack *pack, struct waiting *const *members,
                                    size_t n, struct error *error)
{
    training_clear(&pack->training);
    memset(pack->member, 0, sizeof pack->member);
    for (size_t lane = 0; lane < n; lane++)
        if (load_lane(runner, pack, lane, members[lane], error))
            return error->code;
    return ERROR_NONE;
}

/* What a job's slot says if not one model of it fits. */
static enum error_code does_not_fit(const struct job_runner *runner, const struct packing *packing, struct error *error)
{
    const struct text_words needed = text_size((double)packing->n_bytes);
    if (runner->was_refused)
        return error_set(error, ERROR_FATAL, "out of memory: a model needs %s, more than there is", needed.words);
    return error_set(error, ERROR_FATAL, "out of memory: a model needs %s, there are %s", needed.words,
                     text_size((double)runner->memory).words);
}

/* The one whose data need most memory. */
static struct waiting *largest_of(struct waiting *const *members, size_t n)
{
    struct waiting *largest = members[0];
    for (size_t i = 1; i < n; i++)
        if (members[i]->n_bytes > largest->n_bytes)
            largest = members[i];
    return largest;
}

/* Finds a pack for the attempts of members[0..*n-1], which fill n_lanes lanes (at most *n), or, if memory is short, of
 * the first of them, and loads them into lanes 0..*n-1. What cannot be allocated counts as not there from then on. If
 * the largest of them does not fit alone it is *unfit. */
static enum error_code load_pack(struct job_runner *runner, const struct shape *shape, struct waiting *const *members,
                                 size_t *n, size_t n_lanes, struct pack **pack, struct waiting **unfit,
                                 struct error *error)
{
    check(*n > 0 && members[0]);
    struct waiting *largest = largest_of(members, *n);
    for (;;) {
        const struct packing packing = packing_choose_of(runner->layout_of_packs, runner->packs[0].kernels,
                                                         &largest->job.h, n_lanes, runner->memory);
        if (packing.n_models == 0) {
            *unfit = largest;
            return does_not_fit(runner, &packing, error);
        }
        struct pack *p = &runner->packs[0];
        while (p->kernels != packing.kernels)
            p++;
        /* The other lanes are for shorter models, or kept ones. */
        const struct shape longest = shape_of(&largest->job.h);
        size_t n_models = packing.n_models;
        uint64_t n_bytes = packing.n_bytes, more;
        for (; n_models < p->kernels->lanes; n_models++, n_bytes = more)
            if ((more = packing_bytes(p->kernels, &longest, largest->job.h.N_train, n_models + 1)) > runner->memory)
                break;
        if (n_models < p->kernels->lanes)
            pack_release(p); /* memory is short: no data of earlier models may lie about in it */
        struct error ignored;
        size_t n_loaded = *n < n_models ? *n : n_models;
        if (!prepare_pack(runner, p, shape, n_bytes, &ignored) &&
            !load_members(runner, p, members, n_loaded, &ignored)) {
            p->n_models = n_models;
            p->model_bytes = largest->n_bytes;
            *pack = p;
            *n = n_loaded;
            return ERROR_NONE;
        }
        pack_release(p);
        if (!release_others(runner, p)) {
            runner->memory = n_bytes - 1;
            runner->was_refused = true;
        }
    }
}

static void record_attempt(struct waiting *w, const float *errors, size_t n_tasks)
{
    for (size_t task = 0; task < n_tasks; task++)
        w->attempt_error[w->attempt * n_tasks + task] = job_record_value(errors[task]);
}

/* Ends the jobs of members[0..n-1] whose targets are not finite somewhere, with an error; they become NULL. */
static enum error_code end_faulty(struct job_runner *runner, const struct pack *pack, struct job_group *group,
                                  struct waiting **members, size_t n, job_done done, void *context, struct error *error)
{
    for (size_t lane = 0; lane < n; lane++) {
        if (!*pack->training.model[lane].fault)
            continue;
        put_end(runner, members[lane], STATUS_ERROR, pack->training.model[lane].fault);
        enum error_code code = end_job(runner, group, members[lane], done, context, error);
        members[lane] = NULL;
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Looks at untrained models until there is a pack of those worth training, or nothing is left to look at. A model whose
 * output is 0 for ever fails its attempt here, with the error that it would have after training. A job's last attempt
 * is trained all the same: its arrays are kept. If *unfit is set, the error is that job's, not the runner's. */
static enum error_code screen(struct job_runner *runner, struct job_group *group, job_done done, void *context,
                              struct waiting **unfit, struct error *error)
{
    struct waiting *members[KERNELS_LANES_MAX] = {NULL};
    struct pack *pack;
    size_t n, T = (size_t)group->shape.n_tasks, lanes = runner->packs[0].kernels->lanes;
    while (job_group_lanes(group, STAGE_SCREENED, STAGE_SCREENED) < lanes &&
           (n = job_group_choose_new(group, lanes, members)) > 0) {
        for (size_t i = 0; i < n; i++)
            job_queue_keep_targets(&runner->queue, members[i]);
        if (load_pack(runner, &group->shape, members, &n, n, &pack, unfit, error))
            return error->code;
        training_untrained(&pack->training);
        if (is_interrupted(runner))
            return ERROR_NONE;
        runner->totals.attempts += n;
        runner->totals.expected_s += 1e-9 * cost_of_pack(pack->kernels, &group->shape).untrained_ns;
        if (end_faulty(runner, pack, group, members, n, done, context, error))
            return error->code;
        for (size_t lane = 0; lane < n; lane++) {
            struct waiting *w = members[lane];
            if (!w)
                continue;
            const struct model *model = &pack->training.model[lane];
            if (model->is_dead && w->attempt + 1 < (unsigned)w->job.h.max_attempts) {
                record_attempt(w, model->test_error, T);
                w->attempt++;
                w->kept.are_known = false;
                runner->totals.rejected_at_start++;
                continue;
            }
            w->stage = STAGE_SCREENED;
            w->untrained_loss = model->train_loss[0];
            memcpy(w->untrained_error, model->test_error, T * sizeof(float));
        }
    }
    return ERROR_NONE;
}

/* What a trained attempt came to. reason [FIELD_TEXT_SIZE] is filled if it diverged. */
static enum job_status judge(const struct training *training, size_t lane, unsigned attempt, char *reason)
{
    const struct model *model = &training->model[lane];
    size_t T = (size_t)model->shape.n_tasks, n_history = (size_t)shape_history(&model->shape);
    reason[0] = '\0';
    for (size_t epoch = 0; epoch < n_history; epoch++) {
        bool finite = isfinite((float)model->train_loss[epoch]);
        for (size_t task = 0; task < T; task++)
            finite = finite && isfinite(model->test_error[epoch * T + task]);
        if (!finite) {
            snprintf(reason, FIELD_TEXT_SIZE, "attempt %u diverged: the loss is not finite after epoch %zu",
                     attempt + 1, epoch);
            return STATUS_DIVERGED;
        }
    }
    bool accepted = true, finite = network_is_finite(&training->network, lane);
    for (size_t task = 0; task < T; task++) {
        finite = finite && isfinite(model->test_loss[task]);
        accepted = accepted && (double)model->test_error[(n_history - 1) * T + task] < model->h.error_threshold;
    }
    if (!finite) {
        snprintf(reason, FIELD_TEXT_SIZE, "attempt %u diverged: a weight is not finite after training", attempt + 1);
        return STATUS_DIVERGED;
    }
    return accepted ? STATUS_ACCEPTED : STATUS_REJECTED;
}

/* ---- measuring ---------------------------------------------------------------------------------------------- */

/* Measures the models of members [lanes of training] that are not NULL, and ends their jobs, which become NULL. */
static enum error_code measure(struct job_runner *runner, struct pack *pack, struct training *training,
                               struct waiting **members, job_done done, void *context, struct error *error)
{
    struct job_group *group = job_queue_group(&runner->queue, &pack->training.network.shape);
    double start = clock_awake_s(), n = 0;
    for (size_t lane = 0; lane < training->lanes; lane++)
        n += members[lane] != NULL;
    importance_compute(&pack->importance, training, &runner->n_blocks_done);
    runner->totals.expected_s += 1e-9 * cost_of_pack(pack->kernels, &group->shape).measures_ns;
    double elapsed_s = clock_awake_s() - start;
    for (size_t lane = 0; lane < training->lanes; lane++) {
        struct waiting *w = members[lane];
        char reason[FIELD_TEXT_SIZE] = "";
        if (!w)
            continue;
        if (!importance_is_finite(&pack->importance, training, lane)) {
            w->status = STATUS_DIVERGED;
            snprintf(reason, sizeof reason, "attempt %u diverged: an importance is not finite", w->attempt + 1);
        }
        w->wall_s += elapsed_s / n;
        put_end(runner, w, w->status, reason);
        if (w->status != STATUS_DIVERGED) {
            runner->totals.full_s += 1e-9 * packing_full_cost(runner->packs[0].kernels, &w->job.h).measures_ns;
            job_record_put_model(&runner->layout, runner->record, training, &pack->importance, lane);
        }
        if (is_interrupted(runner))
            return ERROR_NONE;
        members[lane] = NULL;
        enum error_code code = end_job(runner, group, w, done, context, error);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

static enum error_code measure_kept(struct job_runner *runner, struct pack *pack, job_done done, void *context,
                                    struct error *error)
{
    enum error_code code = measure(runner, pack, &pack->kept, pack->kept_member, done, context, error);
    for (size_t lane = 0; lane < pack->n_kept; lane++) /* what is left after a failure */
        if (pack->kept_member[lane])
            pack->kept_member[lane]->stage = STAGE_NEW;
    pack->n_kept = 0;
    return code;
}

/* True if trained models should not wait any longer: no company is in sight, or they have waited long enough, or their
 * memory may be needed. */
static bool is_due(struct job_runner *runner, const struct pack *pack)
{
    if (pack->n_kept == 0)
        return false;
    const struct job_group *group = job_queue_group(&runner->queue, &pack->training.network.shape);
    return job_group_lanes(group, STAGE_NEW, STAGE_SCREENED) == 0 ||
           clock_awake_s() - pack->kept_since_s + pack->training_s > KEEP_S ||
           (uint64_t)runner->n_packs * pack->n_bytes > runner->memory;
}

/* ---- training ----------------------------------------------------------------------------------------------- */

/* The attempt in a lane has ended: its job has diverged and is over, or the next attempt waits, or it is to be measured
 * (STAGE_TRAINED). */
static enum error_code end_attempt(struct job_runner *runner, struct pack *pack, struct job_group *group, size_t lane,
                                   job_done done, void *context, struct error *error)
{
    struct waiting *w = pack->member[lane];
    const struct model *model = &pack->training.model[lane];
    size_t T = (size_t)model->shape.n_tasks, last = (size_t)shape_history(&model->shape) - 1;
    char reason[FIELD_TEXT_SIZE];
    record_attempt(w, model->test_error + last * T, T);
    w->status = judge(&pack->training, lane, w->attempt, reason);
    runner->totals.full_s += 1e-9 * packing_full_cost(runner->packs[0].kernels, &w->job.h).training_ns;
    w->wall_s += (clock_awake_s() - pack->since_s[lane]) / (double)atomic_load(&runner->n_in_pack);
    w->stage = STAGE_TRAINED;
    bool is_over = w->status == STATUS_ACCEPTED || w->attempt + 1 == (unsigned)w->job.h.max_attempts;
    if (is_over && w->status != STATUS_DIVERGED)
        return ERROR_NONE;
    pack->member[lane] = NULL;
    training_empty(&pack->training, lane);
    if (!is_over) {
        w->attempt++;
        w->stage = STAGE_NEW;
        return ERROR_NONE;
    }
    put_end(runner, w, w->status, reason);
    return is_interrupted(runner) ? ERROR_NONE : end_job(runner, group, w, done, context, error);
}

/* Empties the lanes of models that are to be measured: measures them where they are, if they are a whole pack, else
 * keeps them until there is one. */
static enum error_code keep_trained(struct job_runner *runner, struct pack *pack, job_done done, void *context,
                                    struct error *error)
{
    struct waiting *members[KERNELS_LANES_MAX] = {NULL};
    size_t n = 0, lanes = pack->training.lanes;
    for (size_t lane = 0; lane < lanes; lane++)
        if (pack->member[lane] && pack->member[lane]->stage == STAGE_TRAINED) {
            members[lane] = pack->member[lane];
            n++;
        }
    bool is_whole = pack->n_kept == 0 && n == pack->n_models;
    enum error_code code =
        is_whole ? measure(runner, pack, &pack->training, members, done, context, error) : ERROR_NONE;
    for (size_t lane = 0; lane < lanes && !code && !is_interrupted(runner); lane++) {
        struct waiting *w = pack->member[lane];
        if (is_whole || !members[lane])
            continue;
        if (pack->n_kept == 0)
            pack->kept_since_s = clock_awake_s();
        training_move(&pack->kept, pack->n_kept, &pack->training, lane);
        pack->kept_member[pack->n_kept++] = w;
        pack->member[lane] = NULL;
        if (pack->n_kept == pack->n_models)
            code = measure_kept(runner, pack, done, context, error);
    }
    for (size_t lane = 0; lane < lanes && is_whole; lane++) {
        pack->member[lane] = members[lane]; /* NULL, but after a failure */
        training_empty(&pack->training, lane);
    }
    return code;
}

/* Steps of the model that will end last. */
static uint64_t steps_left(const struct pack *pack)
{
    uint64_t most = 0;
    for (size_t lane = 0; lane < pack->training.lanes; lane++) {
        uint64_t left = pack->member[lane] ? pack->member[lane]->n_steps - pack->training.model[lane].step : 0;
        most = left > most ? left : most;
    }
    return most;
}

/* Fills empty lanes with attempts that will have ended before the pack does. */
static void refill(struct job_runner *runner, struct pack *pack, const struct job_group *group)
{
    uint64_t n_left = steps_left(pack);
    struct waiting *w;
    struct error ignored;
    for (size_t lane = 0; lane < pack->n_models; lane++) {
        if (pack->member[lane])
            continue;
        if (!(w = job_group_take_longest(group, n_left, pack->model_bytes)))
            return;
        if (load_lane(runner, pack, lane, w, &ignored)) {
            w->stage = STAGE_SCREENED; /* waits for a pack that has the memory */
            return;
        }
    }
}

/* Trains the members of a pack, whose attempts are in lanes 0..n-1, and what follows them there, ends the jobs that are
 * done and sends the others' next attempts back to wait. */
static enum error_code train_pack(struct job_runner *runner, struct pack *pack, struct job_group *group, size_t n,
                                  job_done done, void *context, struct error *error)
{
    uint64_t n_steps = steps_left(pack), n_steps_used = 0, n_trained = 0;
    enum error_code code = ERROR_NONE;
    size_t longest = 0;
    while (pack->member[longest]->n_steps < n_steps)
        longest++;
    const double start = clock_awake_s();
    begin_pack(runner, &pack->training.model[longest].shape, n);
    const double expected_ns = cost_of_pack(pack->kernels, &pack->training.model[longest].shape).training_ns;
    while (!code && steps_left(pack) > 0) {
        training_run(&pack->training, &runner->n_steps_done);
        for (size_t lane = 0; lane < pack->training.lanes && !code && !is_interrupted(runner); lane++) {
            if (!pack->member[lane] || !pack->training.model[lane].has_ended)
                continue;
            n_steps_used += pack->member[lane]->n_steps;
            n_trained++;
            code = end_attempt(runner, pack, group, lane, done, context, error);
        }
        if (!code && !is_interrupted(runner))
            code = keep_trained(runner, pack, done, context, error);
        if (is_interrupted(runner))
            return ERROR_NONE;
        if (!code)
            refill(runner, pack, group);
    }
    for (size_t lane = 0; lane < pack->training.lanes; lane++) /* what is left after a failure */
        if (pack->member[lane]) {
            pack->member[lane]->stage = STAGE_NEW;
            pack->member[lane] = NULL;
        }
    check(n_steps_used > 0); /* training_run() comes back when a model has ended */
    pack->training_s = clock_awake_s() - start;
    runner->totals.packs++;
    runner->totals.expected_s += 1e-9 * expected_ns;
    runner->totals.lanes_used += n_trained;
    runner->totals.lanes_total += (n_trained * n_steps * pack->training.lanes + n_steps_used / 2) / n_steps_used;
    return code;
}

/* Loads a pack of the group's screened attempts, the longest, and trains it. */
static enum error_code train_longest(struct job_runner *runner, struct job_group *group, job_done done, void *context,
                                     struct waiting **unfit, struct error *error)
{
    struct waiting *members[KERNELS_LANES_MAX] = {NULL}; /* all of it: gcc 14 cannot see that only n are read */
    struct pack *pack = NULL;
    size_t n_chosen = 0, n_lanes = job_group_lanes(group, STAGE_SCREENED, STAGE_SCREENED);
    while (n_chosen < runner->packs[0].kernels->lanes &&
           (members[n_chosen] = job_group_take_longest(group, UINT64_MAX, UINT64_MAX)))
        n_chosen++;
    size_t n = n_chosen;
    n_lanes = n_lanes < n ? n_lanes : n;
    enum error_code code =
        n > 0 ? load_pack(runner, &group->shape, members, &n, n_lanes, &pack, unfit, error) : ERROR_NONE;
    for (size_t i = pack ? n : 0; i < n_chosen; i++)
        members[i]->stage = STAGE_SCREENED;
    return pack && !is_interrupted(runner) ? train_pack(runner, pack, group, n, done, context, error) : code;
}

/* ---- steps -------------------------------------------------------------------------------------------------- */

enum error_code job_runner_hand_back(struct job_runner *runner, job_done done, void *context, size_t *n,
                                     struct error *error)
{
    enum error_code code = ERROR_NONE;
    bool stays = false;
    *n = 0;
    for (size_t g = 0; g < runner->queue.n_groups; g++) {
        struct job_group *group = &runner->queue.groups[g];
        for (size_t i = 0; i < group->n_waiting && !code;) {
            struct waiting *w = group->waiting[i];
            bool is_open = w->stage == STAGE_NEW || w->stage == STAGE_SCREENED;
            stays = stays != is_open;
            if (!is_open || stays) {
                i++;
                continue;
            }
            put_end(runner, w, STATUS_PENDING, "");
            if (is_interrupted(runner))
                return ERROR_NONE;
            runner->totals.attempts -= w->stage == STAGE_SCREENED; /* whoever gets it screens it again */
            code = end_job(runner, group, w, done, context, error);
            ++*n;
        }
    }
    job_queue_drop_empty(&runner->queue);
    return code;
}

enum error_code job_runner_flush(struct job_runner *runner, job_done done, void *context, struct error *error)
{
    enum error_code code = ERROR_NONE;
    double start = clock_awake_s(), cpu_start = clock_cpu_s();
    for (int i = 0; i < runner->n_packs && !code && !is_interrupted(runner); i++)
        if (runner->packs[i].n_kept > 0)
            code = measure_kept(runner, &runner->packs[i], done, context, error);
    job_queue_drop_empty(&runner->queue);
    runner->totals.busy_s += clock_awake_s() - start;
    runner->totals.cpu_s += clock_cpu_s() - cpu_start;
    return code;
}

enum error_code job_runner_step(struct job_runner *runner, job_done done, void *context, struct error *error)
{
    size_t n_lanes;
    struct job_group *group = job_queue_largest(&runner->queue, &n_lanes);
    if (!group || is_interrupted(runner))
        return ERROR_NONE;

    /* Whatever else is in the process may have set it: libraries that gcc linked with -Ofast flush denormals to zero in
     * the thread that loads them, and in the threads which that one starts. */
    fesetenv(FE_DFL_ENV);
    double start = clock_awake_s(), cpu_start = clock_cpu_s();
    struct waiting *unfit = NULL;
    struct error reason = {.code = ERROR_NONE}; /* of a job, if it is no failure of the runner */
    enum error_code code = ERROR_NONE;
    for (int i = 0; i < runner->n_packs && !code; i++) /* its memory will be another shape's */
        if (runner->packs[i].n_kept > 0 && !shape_packs_with(&runner->packs[i].training.network.shape, &group->shape))
            code = measure_kept(runner, &runner->packs[i], done, context, &reason);
    if (!code && !is_interrupted(runner))
        code = screen(runner, group, done, context, &unfit, &reason);
    if (!code && !is_interrupted(runner))
        code = train_longest(runner, group, done, context, &unfit, &reason);
    if (is_interrupted(runner)) {
        code = ERROR_NONE; /* whatever was refused: the jobs wait */
    } else if (unfit) {
        put_end(runner, unfit, STATUS_ERROR, reason.message);
        code = end_job(runner, group, unfit, done, context, error);
    } else if (code) {
        *error = reason;
    }
    for (int i = 0; i < runner->n_packs && !code && !is_interrupted(runner); i++)
        if (is_due(runner, &runner->packs[i]))
            code = measure_kept(runner, &runner->packs[i], done, context, error);
    atomic_store(&runner->n_in_pack, 0);
    job_queue_drop_empty(&runner->queue);
    runner->totals.busy_s += clock_awake_s() - start;
    runner->totals.cpu_s += clock_cpu_s() - cpu_start;
    return code;
}
