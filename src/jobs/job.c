#include "job.h"

#include "clock.h"
#include "job_record.h"
#include "memory_budget.h"
#include "text.h"

#include <fenv.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of targets that a runner keeps from screening to training, at most: those of 30 jobs of 130,000 samples. More
 * are computed again. */
enum { KEPT_BYTES_MAX = 16 << 20 };

/* A job that is not done: its current attempt waits for a pack. */
struct waiting {
    struct job job;
    unsigned attempt;         /* 0-based */
    bool is_screened;         /* the attempt's untrained model is known, and worth training */
    struct kept_targets kept; /* the attempt's, owned; without values if they are not kept */
    double untrained_loss;    /* entry 0 of the histories, once screened */
    float untrained_error[TASKS_MAX];
    double wall_s;
    float attempt_error[]; /* [max_attempts][T]; NaN for attempts not made */
};

/* The waiting jobs of one shape, oldest first. */
struct job_group {
    struct shape shape;
    struct waiting **waiting; /* [n_waiting], owned */
    size_t n_waiting, capacity;
};

/* Memory for packs of one width, of the shape that it was used for last. */
struct pack {
    const struct kernels *kernels;
    uint64_t n_bytes; /* that it holds; 0: none */
    struct training training;
    struct importance importance;
};

struct job_runner {
    struct record_layout layout;
    struct pack packs[PACKINGS_MAX]; /* [n_packs], the widest first */
    int n_packs;
    enum layout layout_of_packs;
    uint64_t memory;          /* bytes that packs may hold together */
    size_t n_kept_bytes;      /* of waiting jobs' targets */
    bool was_refused;         /* and that is what could be allocated */
    struct job_group *groups; /* [n_groups], those with waiting jobs */
    size_t n_groups, groups_capacity;
    void *record;
    char reason[ERROR_MESSAGE_MAX]; /* of the job that ended last */
    struct job_runner_totals totals;
    atomic_bool is_interrupted;
    /* For job_runner_pack: of the pack in training. */
    atomic_size_t n_in_pack, n_done_in_pack; /* models; optimiser steps and then blocks of test samples */
    atomic_size_t n_steps, n_blocks;         /* there are */
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

static void pack_release(struct pack *pack)
{
    importance_destroy(&pack->importance);
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

/* Makes room for a job's targets, unless it would be too much or memory is short. */
static void keep_targets(struct job_runner *runner, struct waiting *w)
{
    size_t n_bytes = training_n_targets(&w->job.h) * sizeof(float);
    if (w->kept.values || n_bytes > KEPT_BYTES_MAX - runner->n_kept_bytes)
        return;
    w->kept.values = malloc(n_bytes);
    runner->n_kept_bytes += w->kept.values ? n_bytes : 0;
}

static void release_targets(struct job_runner *runner, struct waiting *w)
{
    runner->n_kept_bytes -= w->kept.values ? training_n_targets(&w->job.h) * sizeof(float) : 0;
    free(w->kept.values);
    w->kept = (struct kept_targets){0};
}

static void waiting_free(struct job_runner *runner, struct waiting *w)
{
    release_targets(runner, w);
    free(w);
}

void job_runner_destroy(struct job_runner *runner)
{
    if (!runner)
        return;
    for (int i = 0; i < runner->n_packs; i++)
        pack_release(&runner->packs[i]);
    for (size_t g = 0; g < runner->n_groups; g++) {
        for (size_t i = 0; i < runner->groups[g].n_waiting; i++)
            waiting_free(runner, runner->groups[g].waiting[i]);
        free(runner->groups[g].waiting);
    }
    free(runner->groups);
    free(runner->record);
    free(runner);
}

int job_runner_lanes(const struct job_runner *runner)
{
    return (int)runner->packs[0].kernels->lanes;
}

size_t job_runner_waiting(const struct job_runner *runner)
{
    size_t n = 0;
    for (size_t g = 0; g < runner->n_groups; g++)
        n += runner->groups[g].n_waiting;
    return n;
}

static struct job_group *largest_group(const struct job_runner *runner)
{
    struct job_group *largest = NULL;
    for (size_t g = 0; g < runner->n_groups; g++)
        if (!largest || runner->groups[g].n_waiting > largest->n_waiting)
            largest = &runner->groups[g];
    return largest;
}

size_t job_runner_largest_group(const struct job_runner *runner)
{
    const struct job_group *group = largest_group(runner);
    return group ? group->n_waiting : 0;
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
    double n_done = (double)atomic_load(&runner->n_done_in_pack), n_steps = (double)atomic_load(&runner->n_steps);
    double n_blocks = (double)atomic_load(&runner->n_blocks), share = atomic_load(&runner->steps_share);
    if (pack.n_models > 0 && n_steps > 0 && n_blocks > 0)
        pack.share = fmin(n_done / n_steps, 1) * share + fmin(fmax(n_done - n_steps, 0) / n_blocks, 1) * (1 - share);
    return pack;
}

/* A pack of n models begins. */
static void begin_pack(struct job_runner *runner, const struct shape *shape, size_t n)
{
    atomic_store(&runner->n_done_in_pack, 0);
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

/* The group of a shape, made if there is none; NULL if memory is short. */
static struct job_group *group_of(struct job_runner *runner, const struct shape *shape)
{
    for (size_t g = 0; g < runner->n_groups; g++)
        if (shape_equal(&runner->groups[g].shape, shape))
            return &runner->groups[g];
    if (runner->n_groups == runner->groups_capacity) {
        size_t capacity = runner->groups_capacity ? 2 * runner->groups_capacity : 4;
        struct job_group *groups = realloc(runner->groups, capacity * sizeof *groups);
        if (!groups)
            return NULL;
        runner->groups = groups;
        runner->groups_capacity = capacity;
    }
    struct job_group *group = &runner->groups[runner->n_groups++];
    *group = (struct job_group){.shape = *shape};
    return group;
}

enum error_code job_runner_add(struct job_runner *runner, const struct job *job, struct error *error)
{
    struct shape shape = shape_of(&job->h);
    size_t n_errors = (size_t)job->h.max_attempts * (size_t)shape.n_tasks;
    struct job_group *group = group_of(runner, &shape);
    if (!group)
        goto failed;
    if (group->n_waiting == group->capacity) {
        size_t capacity = group->capacity ? 2 * group->capacity : 16;
        struct waiting **waiting = realloc(group->waiting, capacity * sizeof(struct waiting *));
        if (!waiting)
            goto failed;
        group->waiting = waiting;
        group->capacity = capacity;
    }
    struct waiting *w = calloc(1, sizeof *w + n_errors * sizeof(float));
    if (!w)
        goto failed;
    w->job = *job;
    for (size_t i = 0; i < n_errors; i++)
        w->attempt_error[i] = quiet_nan();
    group->waiting[group->n_waiting++] = w;
    return ERROR_NONE;
failed:
    return error_set(error, ERROR_FATAL, "out of memory for waiting jobs");
}

/* Takes a job out of its group, keeping the order of the others. */
static void group_remove(struct job_group *group, const struct waiting *w)
{
    size_t i = 0;
    while (group->waiting[i] != w)
        i++;
    memmove(&group->waiting[i], &group->waiting[i + 1], (group->n_waiting - i - 1) * sizeof(struct waiting *));
    group->n_waiting--;
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
    group_remove(group, w);
    waiting_free(runner, w);
    return code;
}

/* Ends every job of a group that cannot be trained, with the reason in its record. */
static enum error_code fail_group(struct job_runner *runner, struct job_group *group, const char *reason, job_done done,
                                  void *context, struct error *error)
{
    while (group->n_waiting > 0) {
        put_end(runner, group->waiting[0], STATUS_ERROR, reason);
        if (is_interrupted(runner))
            return ERROR_NONE;
        enum error_code code = end_job(runner, group, group->waiting[0], done, context, error);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Makes a pack's memory fit n_bytes of the shape, and releases other packs' where all are too much. */
static enum error_code prepare_pack(struct job_runner *runner, struct pack *pack, const struct shape *shape,
                                    uint64_t n_bytes, struct error *error)
{
    bool has_shape = pack->n_bytes > 0 && shape_equal(&pack->training.network.shape, shape);
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
    if (!has_shape && (training_create(&pack->training, shape, pack->kernels, &runner->is_interrupted, error) ||
                       importance_create(&pack->importance, &pack->training, error)))
        return error->code;
    return ERROR_NONE;
}

/* Loads the attempts of members[0..n-1] into lanes 0..n-1 of a pack. */
static enum error_code load_members(struct pack *pack, struct waiting *const *members, size_t n, struct error *error)
{
    training_clear(&pack->training);
    for (size_t lane = 0; lane < n; lane++) {
        check(members[lane]);
        struct waiting *w = members[lane];
        struct kept_targets *kept = w->kept.values ? &w->kept : NULL;
        if (training_load_kept(&pack->training, lane, &w->job.h, w->job.seed, w->attempt, kept, error))
            return error->code;
    }
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

/* Finds a pack for the attempts of members[0..*n-1], or, if memory is short, of the first of them, and loads them into
 * lanes 0..*n-1. What cannot be allocated counts as not there from then on. */
static enum error_code load_pack(struct job_runner *runner, const struct shape *shape, struct waiting *const *members,
                                 size_t *n, struct pack **pack, struct error *error)
{
    check(*n > 0 && members[0]);
    const struct hyperparameters *largest = &members[0]->job.h;
    for (size_t i = 1; i < *n; i++)
        if (members[i]->job.h.N_train > largest->N_train)
            largest = &members[i]->job.h;
    for (;;) {
        const struct packing packing =
            packing_choose_of(runner->layout_of_packs, runner->packs[0].kernels, largest, *n, runner->memory);
        if (packing.n_models == 0)
            return does_not_fit(runner, &packing, error);
        struct pack *p = &runner->packs[0];
        while (p->kernels != packing.kernels)
            p++;
        struct error ignored;
        if (!prepare_pack(runner, p, shape, packing.n_bytes, &ignored) &&
            !load_members(p, members, packing.n_models, &ignored)) {
            *pack = p;
            *n = packing.n_models;
            return ERROR_NONE;
        }
        pack_release(p);
        if (!release_others(runner, p)) {
            runner->memory = packing.n_bytes - 1;
            runner->was_refused = true;
        }
    }
}

/* Up to a pack of the group's waiting jobs that are, or are not yet, screened; oldest first. */
static size_t choose(const struct job_runner *runner, const struct job_group *group, bool is_screened,
                     struct waiting **members)
{
    size_t n = 0;
    for (size_t i = 0; i < group->n_waiting && n < runner->packs[0].kernels->lanes; i++)
        if (group->waiting[i]->is_screened == is_screened)
            members[n++] = group->waiting[i];
    return n;
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
 * is trained all the same: its arrays are kept. *is_fatal: the error is the runner's, not the jobs'. */
static enum error_code screen(struct job_runner *runner, struct job_group *group, job_done done, void *context,
                              bool *is_fatal, struct error *error)
{
    struct waiting *members[KERNELS_LANES_MAX] = {NULL};
    struct pack *pack;
    size_t n, T = (size_t)group->shape.n_tasks, lanes = runner->packs[0].kernels->lanes;
    while (choose(runner, group, true, members) < lanes && (n = choose(runner, group, false, members)) > 0) {
        for (size_t i = 0; i < n; i++)
            keep_targets(runner, members[i]);
        if (load_pack(runner, &group->shape, members, &n, &pack, error))
            return error->code;
        training_untrained(&pack->training);
        if (is_interrupted(runner))
            return ERROR_NONE;
        runner->totals.attempts += n;
        runner->totals.expected_s += 1e-9 * cost_of_pack(pack->kernels, &group->shape).untrained_ns;
        if (end_faulty(runner, pack, group, members, n, done, context, error)) {
            *is_fatal = true;
            return error->code;
        }
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
            w->is_screened = true;
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
    size_t T = (size_t)training->network.shape.n_tasks, n_history = (size_t)shape_history(&training->network.shape);
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

/* Trains members[0..n-1], loaded into lanes 0..n-1 of the pack, ends the jobs that are done and sends the others' next
 * attempts back to wait. */
static enum error_code train_pack(struct job_runner *runner, struct pack *pack, struct job_group *group,
                                  struct waiting **members, size_t n, double start, job_done done, void *context,
                                  struct error *error)
{
    struct training *training = &pack->training;
    size_t T = (size_t)group->shape.n_tasks, n_history = (size_t)shape_history(&group->shape);
    enum job_status status[KERNELS_LANES_MAX];
    char reason[KERNELS_LANES_MAX][FIELD_TEXT_SIZE];
    bool ends[KERNELS_LANES_MAX], any_ends = false;

    for (size_t lane = 0; lane < n; lane++) {
        release_targets(runner, members[lane]);
        training->model[lane].train_loss[0] = members[lane]->untrained_loss;
        memcpy(training->model[lane].test_error, members[lane]->untrained_error, T * sizeof(float));
    }
    begin_pack(runner, &group->shape, n);
    training_run(training, &runner->n_done_in_pack);
    if (is_interrupted(runner))
        return ERROR_NONE;
    runner->totals.packs++;
    runner->totals.lanes_used += n;
    runner->totals.lanes_total += training->lanes;
    const struct pack_cost own = cost_of_pack(pack->kernels, &group->shape);
    const struct pack_cost full = packing_full_cost(runner->packs[0].kernels, &members[0]->job.h);
    runner->totals.full_s += 1e-9 * (double)n * full.training_ns;

    for (size_t lane = 0; lane < n; lane++) {
        struct waiting *w = members[lane];
        record_attempt(w, training->model[lane].test_error + (n_history - 1) * T, T);
        status[lane] = judge(training, lane, w->attempt, reason[lane]);
        ends[lane] = status[lane] == STATUS_ACCEPTED || w->attempt + 1 == (unsigned)w->job.h.max_attempts;
        any_ends |= ends[lane] && status[lane] != STATUS_DIVERGED;
    }
    runner->totals.expected_s += 1e-9 * (own.training_ns + (any_ends ? own.measures_ns : 0));
    if (any_ends)
        importance_compute(&pack->importance, training, &runner->n_done_in_pack);
    for (size_t lane = 0; lane < n; lane++)
        if (ends[lane] && status[lane] != STATUS_DIVERGED && !importance_is_finite(&pack->importance, training, lane)) {
            status[lane] = STATUS_DIVERGED;
            snprintf(reason[lane], FIELD_TEXT_SIZE, "attempt %u diverged: an importance is not finite",
                     members[lane]->attempt + 1);
        }

    if (is_interrupted(runner))
        return ERROR_NONE;
    double elapsed_s = clock_awake_s() - start;
    for (size_t lane = 0; lane < n; lane++)
        members[lane]->wall_s += elapsed_s / (double)n;
    for (size_t lane = 0; lane < n; lane++) {
        struct waiting *w = members[lane];
        if (!ends[lane]) {
            w->attempt++;
            w->is_screened = false;
            continue;
        }
        put_end(runner, w, status[lane], reason[lane]);
        if (status[lane] != STATUS_DIVERGED) {
            runner->totals.full_s += 1e-9 * full.measures_ns;
            job_record_put_model(&runner->layout, runner->record, training, &pack->importance, lane);
        }
        if (is_interrupted(runner))
            return ERROR_NONE;
        enum error_code code = end_job(runner, group, w, done, context, error);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

enum error_code job_runner_step(struct job_runner *runner, job_done done, void *context, struct error *error)
{
    struct job_group *group = largest_group(runner);
    if (!group || is_interrupted(runner))
        return ERROR_NONE;

    /* Whatever else is in the process may have set it: libraries that gcc linked with -Ofast flush denormals to zero in
     * the thread that loads them, and in the threads which that one starts. */
    fesetenv(FE_DFL_ENV);
    double start = clock_awake_s(), cpu_start = clock_cpu_s();
    struct waiting *members[KERNELS_LANES_MAX] = {NULL}; /* all of it: gcc 14 cannot see that only n are read */
    struct pack *pack = NULL;
    size_t n = 0;
    struct error reason; /* of the jobs, if it is no failure of the runner */
    bool is_fatal = false;
    enum error_code code = screen(runner, group, done, context, &is_fatal, &reason);
    if (!code && !is_interrupted(runner)) {
        n = choose(runner, group, true, members);
        code = n == 0 ? ERROR_NONE : load_pack(runner, &group->shape, members, &n, &pack, &reason);
    }
    if (is_fatal)
        *error = reason;
    else if (is_interrupted(runner))
        code = ERROR_NONE; /* whatever was refused: the jobs wait */
    else if (code)
        code = fail_group(runner, group, reason.message, done, context, error);
    else if (n > 0)
        code = train_pack(runner, pack, group, members, n, start, done, context, error);
    atomic_store(&runner->n_in_pack, 0);
    if (group->n_waiting == 0) {
        free(group->waiting);
        *group = runner->groups[--runner->n_groups];
    }
    runner->totals.busy_s += clock_awake_s() - start;
    runner->totals.cpu_s += clock_cpu_s() - cpu_start;
    return code;
}
