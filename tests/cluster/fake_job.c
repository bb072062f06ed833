#include "clock.h"
#include "fakes.h"

#include "backoff.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fake_job fake_job = {.lanes = 8, .accepted = 0.75};

struct waiting {
    struct job job;
    uint64_t attempt;
};

enum { N_SIZES = 256 };

struct job_runner {
    struct record_layout layout;
    size_t n_of_size[N_SIZES]; /* waiting jobs by hidden_size */
    struct waiting *waiting;   /* [n], oldest first */
    size_t n, capacity;
    void *record;
    struct job_runner_totals totals;
    atomic_bool is_interrupted;
};

enum error_code job_runner_create(struct job_runner **runner, const struct record_layout *layout, struct error *error)
{
    *runner = NULL;
    if (fake_job.fails_to_create)
        return error_set(error, ERROR_FATAL, "out of memory for a runner");
    struct job_runner *r = calloc(1, sizeof *r);
    check(r);
    r->layout = *layout;
    r->record = malloc(layout->n_bytes);
    check(r->record);
    *runner = r;
    return ERROR_NONE;
}

void job_runner_destroy(struct job_runner *runner)
{
    if (!runner)
        return;
    free(runner->waiting);
    free(runner->record);
    free(runner);
}

void job_runner_set_memory(struct job_runner *runner, uint64_t n_bytes)
{
    (void)runner;
    (void)n_bytes;
}

void job_runner_set_layout(struct job_runner *runner, enum layout layout)
{
    (void)runner;
    (void)layout;
}

int job_runner_lanes(const struct job_runner *runner)
{
    (void)runner;
    return fake_job.lanes;
}

enum error_code job_runner_add(struct job_runner *runner, const struct job *job, struct error *error)
{
    (void)error;
    if (runner->n == runner->capacity) {
        runner->capacity = 2 * runner->capacity + 16;
        runner->waiting = realloc(runner->waiting, runner->capacity * sizeof *runner->waiting);
        check(runner->waiting);
    }
    check(job->h.hidden_size < N_SIZES);
    runner->n_of_size[job->h.hidden_size]++;
    runner->waiting[runner->n++] = (struct waiting){.job = *job, .attempt = job->attempt};
    return ERROR_NONE;
}

size_t job_runner_waiting(const struct job_runner *runner)
{
    return runner->n;
}

/* Shapes differ by hidden_size alone here. Returns the one that most jobs wait for. */
static int64_t largest(const struct job_runner *runner)
{
    int64_t best = 0;
    for (int64_t size = 1; size < N_SIZES; size++)
        if (runner->n_of_size[size] > runner->n_of_size[best])
            best = size;
    return best;
}

size_t job_runner_largest_group(const struct job_runner *runner)
{
    return runner->n_of_size[largest(runner)];
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ b;
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* A record made of the job's hyperparameters and seed alone; one seed in sixteen cannot run. */
static void make_up(struct job_runner *runner, const struct waiting *w, bool is_accepted)
{
    const struct record_layout *layout = &runner->layout;
    uint64_t bits = mix((uint64_t)w->job.seed, (uint64_t)w->job.h.hidden_size);
    double lr = w->job.h.lr;
    uint64_t lr_bits;
    memcpy(&lr_bits, &lr, sizeof lr_bits);
    record_clear(layout, runner->record);
    enum job_status status = w->job.seed % 16 == 5 ? STATUS_ERROR : is_accepted ? STATUS_ACCEPTED : STATUS_REJECTED;
    *(uint8_t *)record_field(layout, runner->record, FIELD_STATUS) = (uint8_t)status;
    *(int64_t *)record_field(layout, runner->record, FIELD_SEED) = w->job.seed;
    *(uint16_t *)record_field(layout, runner->record, FIELD_ATTEMPTS) = (uint16_t)(w->attempt + 1);
    float *importance = record_field(layout, runner->record, FIELD_IMPORTANCE);
    for (uint64_t i = 0; i < layout->n_elements[FIELD_IMPORTANCE]; i++)
        importance[i] = (float)(mix(bits ^ lr_bits, i) >> 40);
}

void job_runner_interrupt(struct job_runner *runner)
{
    atomic_store(&runner->is_interrupted, true);
}

struct job_runner_pack job_runner_pack(const struct job_runner *runner)
{
    (void)runner;
    return (struct job_runner_pack){0};
}

/* True if it could take as long as it wanted. */
static bool sleep_for_a_pack(struct job_runner *runner)
{
    if (fake_job.is_deaf) {
        backoff_sleep(fake_job.pack_s);
        return true;
    }
    double end_s = clock_s() + fake_job.pack_s;
    for (double left_s; (left_s = end_s - clock_s()) > 0; backoff_sleep(fmin(left_s, 0.01)))
        if (atomic_load(&runner->is_interrupted))
            return false;
    return true;
}

enum error_code job_runner_step(struct job_runner *runner, job_done done, void *context, struct error *error)
{
    if (runner->n == 0)
        return ERROR_NONE;
    int64_t size = largest(runner);
    double start = clock_s();
    runner->totals.packs++;
    runner->totals.lanes_total += (uint64_t)fake_job.lanes;
    if (runner->totals.packs == fake_job.fails_at_pack)
        return error_set(error, ERROR_FATAL, "the pack fails");
    if (!sleep_for_a_pack(runner))
        return ERROR_NONE;

    int lanes = fake_job.lanes;
    size_t kept = 0;
    enum error_code code = ERROR_NONE;
    for (size_t i = 0; i < runner->n; i++) {
        struct waiting *w = &runner->waiting[i];
        bool stays = code || lanes == 0 || w->job.h.hidden_size != size;
        if (!stays) {
            if (fake_job.kills && fake_job.kills(&w->job))
                raise(SIGKILL);
            lanes--;
            runner->totals.lanes_used++;
            runner->totals.attempts++;
            double chance = (double)(mix((uint64_t)w->job.seed, 1000 + w->attempt) >> 11) * 0x1p-53;
            bool is_accepted = chance < fake_job.accepted;
            stays = !is_accepted && w->attempt + 1 < (uint64_t)w->job.h.max_attempts;
            if (stays) {
                w->attempt++;
            } else {
                runner->n_of_size[size]--;
                make_up(runner, w, is_accepted);
                code = done(context, &w->job, runner->record, error);
            }
        }
        if (stays)
            runner->waiting[kept++] = *w;
    }
    runner->n = kept;
    runner->totals.busy_s += clock_s() - start;
    return code;
}

enum error_code job_runner_hand_back(struct job_runner *runner, job_done done, void *context, size_t *n,
                                     struct error *error)
{
    size_t kept = 0;
    enum error_code code = ERROR_NONE;
    for (size_t i = 0; i < runner->n; i++) {
        struct waiting *w = &runner->waiting[i];
        if (code || i % 2 == 0) {
            runner->waiting[kept++] = *w;
            continue;
        }
        make_up(runner, w, false);
        *(uint8_t *)record_field(&runner->layout, runner->record, FIELD_STATUS) = STATUS_PENDING;
        runner->n_of_size[w->job.h.hidden_size]--;
        code = done(context, &w->job, runner->record, error);
    }
    *n = runner->n - kept;
    runner->n = kept;
    return code;
}

enum error_code job_runner_flush(struct job_runner *runner, job_done done, void *context, struct error *error)
{
    (void)runner, (void)done, (void)context, (void)error;
    return ERROR_NONE;
}

struct job_runner_totals job_runner_totals(const struct job_runner *runner)
{
    return runner->totals;
}
