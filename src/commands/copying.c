#include "copying.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COPIED_BYTES ((size_t)4 << 20)
enum { STATUSES_AT_ONCE = 1 << 16 };

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "not enough memory to copy results");
}

static enum error_code prepare(struct copying *copying, struct error *error)
{
    if (copying->records)
        return ERROR_NONE;
    size_t n = COPIED_BYTES / copying->layout->n_bytes;
    copying->n_records = n < 1 ? 1 : n;
    copying->records = malloc(copying->n_records * copying->layout->n_bytes);
    copying->status = malloc(STATUSES_AT_ONCE);
    return copying->records && copying->status ? ERROR_NONE : out_of_memory(error);
}

/* Puts a record that has just been read. */
static enum error_code put(struct copying *copying, uint64_t config, uint64_t replicate, uint64_t to_config,
                           uint64_t to_replicate, const void *record, copying_overlap overlap, void *context,
                           struct error *error)
{
    const struct results_description *from = results_slots_description(copying->from);
    const int64_t *seed = record_field_const(copying->layout, record, FIELD_SEED);
    copying->n_found++;
    if (*seed != from->seed + (int64_t)replicate) {
        char label[RESULTS_LABEL_MAX];
        results_slots_label(from, config, label);
        return error_set(error, ERROR_INPUT,
                         "%s: damaged or incomplete file: %s, replicate %" PRIu64 " has seed %" PRId64 ", not %" PRId64,
                         copying->from_path, label, replicate, *seed, from->seed + (int64_t)replicate);
    }
    if (copying->stays_behind && copying->stays_behind(copying, record)) {
        copying->n_behind++;
        return ERROR_NONE;
    }
    if (results_is_done(copying->to, to_config, to_replicate))
        return overlap(context, to_config, to_replicate, record, error);
    copying->n_put++;
    return results_put(copying->to, to_config, to_replicate, record, error);
}

enum error_code copying_config(struct copying *copying, uint64_t config, uint64_t to_config, int64_t shift,
                               int64_t replicates, copying_overlap overlap, void *context, struct error *error)
{
    const struct results_description *from = results_slots_description(copying->from);
    const uint64_t stride = shard_stride(&from->shard);
    if (prepare(copying, error))
        return error->code;

    /* Replicates first, first + stride, ...: those of the shard that have a place. */
    uint64_t first = shard_first(&from->shard, config), end = (uint64_t)from->replicates;
    if (shift < 0 && first < (uint64_t)-shift)
        first += ((uint64_t)-shift - first + stride - 1) / stride * stride;
    if (replicates - shift < (int64_t)end)
        end = replicates - shift > 0 ? (uint64_t)(replicates - shift) : 0;

    size_t n_most = STATUSES_AT_ONCE / stride > 1 ? (size_t)(STATUSES_AT_ONCE / stride) : 1;
    n_most = n_most < copying->n_records ? n_most : copying->n_records;
    const uint64_t begin_of_all = first;
    while (first < end && !copying->is_stopped) {
        uint64_t n_left = (end - 1 - first) / stride + 1;
        size_t n = n_left < n_most ? (size_t)n_left : n_most, n_span = (n - 1) * stride + 1;
        if (results_slots_status(copying->from, config, first, n_span, copying->status, error))
            return error->code;
        size_t begin = 0;
        while (begin < n && copying->status[begin * stride] == STATUS_PENDING)
            begin++;
        while (n > begin && copying->status[(n - 1) * stride] == STATUS_PENDING)
            n--;
        if (begin < n && results_slots_read(copying->from, config, first + begin * stride, stride, n - begin,
                                            copying->layout, copying->records, error))
            return error->code;
        for (size_t i = begin; i < n; i++) {
            uint64_t replicate = first + i * stride;
            const char *record = (const char *)copying->records + (i - begin) * copying->layout->n_bytes;
            if (copying->status[i * stride] != STATUS_PENDING &&
                put(copying, config, replicate, to_config, (uint64_t)((int64_t)replicate + shift), record, overlap,
                    context, error))
                return error->code;
        }
        first += n_span - 1 + stride;
        double share = fmin((double)(first - begin_of_all) / (double)(end - begin_of_all), 1);
        copying->is_stopped = copying->has_to_stop && copying->has_to_stop(copying->stop_context, share);
    }
    return ERROR_NONE;
}

void copying_free(struct copying *copying)
{
    free(copying->records);
    free(copying->status);
    memset(copying, 0, sizeof *copying);
}

static bool is_same_run(const struct results_run *a, const struct results_run *b)
{
    return a->start_s == b->start_s && a->n_ranks == b->n_ranks && strcmp(a->hosts, b->hosts) == 0 &&
           strcmp(a->version, b->version) == 0;
}

enum error_code run_log_add(struct run_log *log, struct results_slots *from, struct error *error)
{
    for (int row = 0; row < results_slots_n_runs(from); row++) {
        struct results_run run;
        if (results_slots_run(from, row, &run, error))
            return error->code;
        size_t i = 0;
        while (i < log->n && !is_same_run(&log->runs[i], &run))
            i++;
        if (i < log->n) {
            if (run.end_s > log->runs[i].end_s)
                log->runs[i] = run;
            continue;
        }
        if (log->n == log->capacity) {
            size_t capacity = log->capacity > 0 ? 2 * log->capacity : 16;
            struct results_run *grown = realloc(log->runs, capacity * sizeof *grown);
            if (!grown)
                return out_of_memory(error);
            log->runs = grown;
            log->capacity = capacity;
        }
        log->runs[log->n++] = run;
    }
    return ERROR_NONE;
}

static int earlier_first(const void *a, const void *b)
{
    const struct results_run *x = a, *y = b;
    return (x->start_s > y->start_s) - (x->start_s < y->start_s);
}

enum error_code run_log_write(struct run_log *log, struct results *to, struct error *error)
{
    if (log->n > 1)
        qsort(log->runs, log->n, sizeof *log->runs, earlier_first);
    for (size_t i = 0; i < log->n; i++)
        if (results_add_run(to, &log->runs[i], error))
            return error->code;
    return ERROR_NONE;
}

static void add_plan(struct results_plan *plans, size_t *n, const struct results_plan *plan)
{
    size_t at = 0;
    while (at < *n && !(plans[at].replicates == plan->replicates && plans[at].n_configs == plan->n_configs &&
                        plans[at].max_attempts == plan->max_attempts))
        at++;
    if (at < *n && !(plan->start_s < plans[at].start_s))
        return;
    if (at < *n) /* the same sweep, begun earlier: moves to its place */
        memmove(&plans[at], &plans[at + 1], (--*n - at) * sizeof *plans);
    at = 0;
    while (at < *n && !(plan->start_s < plans[at].start_s) && !isnan(plan->start_s))
        at++;
    memmove(&plans[at + 1], &plans[at], ((*n)++ - at) * sizeof *plans);
    plans[at] = *plan;
}

struct results_plan *plans_join(const struct results_plan *a, size_t n_a, const struct results_plan *b, size_t n_b,
                                size_t *n_joined)
{
    const struct results_plan unknown = {(double)NAN, 0, 0, 0};
    struct results_plan *joined = calloc(n_a + n_b + 2, sizeof *joined);
    *n_joined = 0;
    if (!joined)
        return NULL;
    for (size_t i = 0; i < n_a; i++)
        add_plan(joined, n_joined, &a[i]);
    for (size_t i = 0; i < n_b; i++)
        add_plan(joined, n_joined, &b[i]);
    if (n_a == 0 || n_b == 0)
        add_plan(joined, n_joined, &unknown);
    return joined;
}

void run_log_free(struct run_log *log)
{
    free(log->runs);
    memset(log, 0, sizeof *log);
}
