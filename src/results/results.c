#include "results.h"

#include "clock.h"
#include "hdf5_access.h"
#include "runs.h"
#include "state.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYNC_INTERVAL_S 0.5

bool results_is_done(const struct results *results, uint64_t config, uint64_t replicate)
{
    uint64_t slot = config * results->replicates + replicate;
    return results->put[slot / 8] >> slot % 8 & 1;
}

enum error_code results_fail(struct results *results, struct error *error)
{
    static const int full[] = {ENOSPC, EDQUOT};
    bool is_full = false;
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++)
        is_full = is_full || strstr(error->message, strerror(full[i]));
    const char *advice = results->temporary ? is_full ? "; make room and try again" : ""
                         : is_full          ? "; what is done is safe: make room and go on with --resume"
                                            : "; what is done is safe: go on with --resume";
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, "%s", advice);
    results->failure = *error;
    return error->code;
}

/* Whether the file is still what its name stands for, and as long as it was: else somebody has taken it away, and the
 * run would go on for nothing. */
static enum error_code check_place(struct results *results, struct error *error)
{
    const struct stat *opened = &results->opened;
    const char *name = results->temporary ? results->temporary : results->path;
    struct stat now, named = {0};
    if (fstat(results->lock, &now) < 0)
        error_set(error, ERROR_FATAL, "%s: %s", results->path, strerror(errno));
    else if (now.st_size < opened->st_size)
        error_set(error, ERROR_FATAL, "%s: was truncated while this run was writing it, from %jd to %jd bytes", name,
                  (intmax_t)opened->st_size, (intmax_t)now.st_size);
    else if (stat(name, &named) < 0 && errno != ENOENT && errno != ENOTDIR)
        error_set(error, ERROR_FATAL, "%s: %s", name, strerror(errno));
    else if (now.st_nlink == 0 || named.st_dev != opened->st_dev || named.st_ino != opened->st_ino)
        error_set(error, ERROR_FATAL, "%s: was moved, removed or replaced while this run was writing it", name);
    else
        return ERROR_NONE;
    results->failure = *error;
    return error->code;
}

enum error_code results_sync_data(struct results *results, struct error *error)
{
    if (results->dirty && fdatasync(results->lock) < 0) {
        error_set(error, ERROR_FATAL, "%s: syncing: %s", results->path, strerror(errno));
        return results_fail(results, error);
    }
    stop_note_life();
    results->dirty = false;
    return ERROR_NONE;
}

static int compare_slots(const void *a, const void *b)
{
    const struct put_slot *x = a, *y = b;
    if (x->config != y->config)
        return x->config < y->config ? -1 : 1;
    return x->replicate < y->replicate ? -1 : x->replicate > y->replicate;
}

/* The largest rectangle of slots at the front of sorted slots [n]: n_rows consecutive configurations, each with the
 * same n_columns consecutive replicates. Returns the number of slots in it. */
static size_t front_rectangle(const struct put_slot *slots, size_t n, size_t *n_rows, size_t *n_columns)
{
    *n_rows = 0;
    for (size_t start = 0; start < n; (*n_rows)++) {
        size_t end = start + 1;
        while (end < n && slots[end].config == slots[start].config &&
               slots[end].replicate == slots[end - 1].replicate + 1)
            end++;
        if (*n_rows == 0)
            *n_columns = end;
        else if (end - start != *n_columns || slots[start].config != slots[0].config + *n_rows ||
                 slots[start].replicate != slots[0].replicate)
            break;
        start = end;
    }
    return *n_rows * *n_columns;
}

/* Writes values, in the order of a rectangle's slots, into an array of the file. */
static enum error_code write_rectangle(struct results *results, enum field field, const struct put_slot *first,
                                       size_t n_rows, size_t n_columns, const void *values, struct error *error)
{
    results->dirty = true;
    stop_note_life();
    return results_array_write(&results->arrays[field], results->path, first->config, first->replicate, n_rows,
                               n_columns, values, error)
               ? results_fail(results, error)
               : ERROR_NONE;
}

static enum error_code write_run(struct results *results, int column, void *value, struct error *error)
{
    results->dirty = true;
    return results_runs_write(results->file, results->path, column, results->run, value, error)
               ? results_fail(results, error)
               : ERROR_NONE;
}

/* Brings this run's row of the log up to date. */
static enum error_code update_run(struct results *results, struct error *error)
{
    double end_s = clock_calendar_s();
    if (results->run < 0)
        return ERROR_NONE;
    enum error_code code = write_run(results, RUN_JOBS, &results->n_logged_jobs, error);
    return code ? code : write_run(results, RUN_END, &end_s, error);
}

static int64_t add_jobs(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

enum error_code results_add_run(struct results *results, const struct results_run *run, struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    check(results->run < 0);
    struct results_run row = *run;
    int n_rows;
    if (results_runs_count(results->file, results->path, &n_rows, error))
        return error->code;
    if (n_rows == RESULTS_RUNS_MAX) {
        n_rows--;
        if (results_runs_read(results->file, results->path, n_rows, &row, error))
            return error->code;
        row.n_jobs = add_jobs(row.n_jobs, run->n_jobs);
        row.end_s = run->end_s > row.end_s ? run->end_s : row.end_s;
    }
    results->dirty = true;
    if (results_runs_write_row(results->file, results->path, n_rows, &row, error))
        return results_fail(results, error);
    return ERROR_NONE;
}

enum error_code results_log_run(struct results *results, int n_ranks, const char *hosts, const char *version,
                                struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    check(results->run < 0 && n_ranks > 0);
    results->n_run_jobs = results->n_logged_jobs = 0;
    int run;
    if (results_runs_count(results->file, results->path, &run, error))
        return error->code;
    results->run = run < RESULTS_RUNS_MAX ? run : RESULTS_RUNS_MAX - 1;
    struct results_run row = {.start_s = clock_calendar_s(), .n_ranks = n_ranks};
    row.end_s = row.start_s;
    results_fixed_text(row.hosts, hosts);
    results_fixed_text(row.version, version);
    results->dirty = true;
    if (results_runs_write_row(results->file, results->path, results->run, &row, error))
        return results_fail(results, error);
    return ERROR_NONE;
}

/* Starts to sync what has been written; statuses of the slots in it are written by finish_sync. */
static void start_sync(struct results *results)
{
    struct put_slot *slots = results->syncing;
    results->syncing = results->unsynced;
    results->n_syncing = results->n_unsynced;
    results->unsynced = slots;
    results->n_unsynced = 0;
    int64_t n_staged = (int64_t)results->n_staged; /* some may have been put before this run was logged */
    results->n_logged_jobs = results->n_run_jobs > n_staged ? results->n_run_jobs - n_staged : 0;
    results->dirty = false;
    results->is_syncing = true;
    results->last_sync_s = clock_s();
    syncer_start(&results->syncer, results->lock);
}

/* Waits for the sync that is running, if any, and makes its batch count. */
static enum error_code finish_sync(struct results *results, struct error *error)
{
    if (!results->is_syncing)
        return ERROR_NONE;
    results->is_syncing = false;
    int error_number = syncer_finish(&results->syncer);
    if (error_number != 0) {
        error_set(error, ERROR_FATAL, "%s: syncing: %s", results->path, strerror(error_number));
        return results_fail(results, error);
    }
    if (results->n_syncing == 0)
        return ERROR_NONE;
    qsort(results->syncing, results->n_syncing, sizeof *results->syncing, compare_slots);
    for (size_t i = 0, n_rows, n_columns; i < results->n_syncing; i += n_rows * n_columns) {
        size_t n = front_rectangle(results->syncing + i, results->n_syncing - i, &n_rows, &n_columns);
        for (size_t k = 0; k < n; k++)
            results->gathered[k] = (char)results->syncing[i + k].status;
        enum error_code code =
            write_rectangle(results, FIELD_STATUS, &results->syncing[i], n_rows, n_columns, results->gathered, error);
        if (code)
            return code;
    }
    results->n_syncing = 0;
    return update_run(results, error);
}

/* Writes what is staged, but for status, and empties the staging area. */
static enum error_code write_staged(struct results *results, struct error *error)
{
    if (results->n_unsynced + results->n_staged > UNSYNCED_MAX) {
        enum error_code code = finish_sync(results, error);
        if (code)
            return code;
        start_sync(results);
    }
    qsort(results->staged, results->n_staged, sizeof *results->staged, compare_slots);
    for (size_t i = 0, n_rows, n_columns; i < results->n_staged; i += n_rows * n_columns) {
        size_t n = front_rectangle(results->staged + i, results->n_staged - i, &n_rows, &n_columns);
        for (int f = 0; f < N_FIELDS; f++) {
            size_t n_bytes = results->arrays[f].n_bytes;
            if ((f == FIELD_STATUS && !results->temporary) || results->layout.offset[f] == UINT64_MAX)
                continue;
            for (size_t k = 0; k < n; k++) {
                const char *record = results->records + results->staged[i + k].staged * results->layout.n_bytes;
                memcpy(results->gathered + k * n_bytes, record + results->layout.offset[f], n_bytes);
            }
            enum error_code code = write_rectangle(results, (enum field)f, &results->staged[i], n_rows, n_columns,
                                                   results->gathered, error);
            if (code)
                return code;
        }
    }
    /* A draft counts when it is published: its statuses wait for nothing. */
    if (!results->temporary) {
        memcpy(results->unsynced + results->n_unsynced, results->staged, results->n_staged * sizeof *results->staged);
        results->n_unsynced += results->n_staged;
    }
    results->n_staged = 0;
    return ERROR_NONE;
}

enum error_code results_sync(struct results *results, bool now, struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    /* A sync that takes longer than the interval is waited for: no more than two intervals' work is without status. */
    bool is_due = now || clock_s() - results->last_sync_s >= SYNC_INTERVAL_S;
    if (!is_due && !(results->is_syncing && syncer_is_done(&results->syncer)))
        return ERROR_NONE;
    enum error_code code = finish_sync(results, error);
    if (code || !is_due)
        return code;

    /* Before writing: a file that was truncated must not become long again by it, with holes in what is done. */
    results->last_sync_s = clock_s();
    if ((code = check_place(results, error)) || (results->n_staged > 0 && (code = write_staged(results, error))))
        return code;
    if (!now) {
        if (results->dirty)
            start_sync(results);
        return ERROR_NONE;
    }
    if (results->n_unsynced > 0)
        start_sync(results);
    code = finish_sync(results, error);
    return code ? code : results_sync_data(results, error);
}

enum error_code results_put(struct results *results, uint64_t config, uint64_t replicate, const void *record,
                            struct error *error)
{
    const uint8_t *status = record_field_const(&results->layout, record, FIELD_STATUS);
    check(config < results->n_configs && replicate < results->replicates);
    check(*status > STATUS_PENDING && *status < N_STATUSES);
    uint64_t slot = config * results->replicates + replicate;
    check(!results_is_done(results, config, replicate)); /* a slot is put once */

    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    if (results->n_staged == results->n_staged_max) {
        enum error_code code = write_staged(results, error);
        if (code)
            return code;
    }

    char *copy = results->records + results->n_staged * results->layout.n_bytes;
    memcpy(copy, record, results->layout.n_bytes);
    if (*status == STATUS_DIVERGED || *status == STATUS_ERROR)
        record_clear_results(&results->layout, copy);
    results->staged[results->n_staged] = (struct put_slot){config, replicate, (uint32_t)results->n_staged, *status};
    results->n_staged++;
    results->put[slot / 8] = (uint8_t)(results->put[slot / 8] | 1 << slot % 8);
    results->counts[STATUS_PENDING]--;
    results->counts[*status]++;
    results->n_run_jobs++;
    return ERROR_NONE;
}

enum error_code results_get(struct results *results, uint64_t config, uint64_t replicate, void *record,
                            struct error *error)
{
    check(results->temporary && results_is_done(results, config, replicate));
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    if (results->n_staged > 0 && write_staged(results, error))
        return error->code;
    memset(record, 0, results->layout.n_bytes);
    for (int f = 0; f < N_FIELDS; f++)
        if (results->layout.offset[f] != UINT64_MAX &&
            results_array_read(&results->arrays[f], results->path, config, replicate, 1, 1, 1,
                               record_field(&results->layout, record, (enum field)f), error))
            return results_fail(results, error);
    return ERROR_NONE;
}

enum error_code results_replace(struct results *results, uint64_t config, uint64_t replicate, const void *record,
                                struct error *error)
{
    uint64_t slot = config * results->replicates + replicate;
    const uint8_t *status = record_field_const(&results->layout, record, FIELD_STATUS);
    check(results->temporary && results_is_done(results, config, replicate));
    if (results->n_staged > 0 && write_staged(results, error)) /* it may be among them, with its old record */
        return error->code;
    results->put[slot / 8] = (uint8_t)(results->put[slot / 8] & ~(1 << slot % 8));
    results->counts[STATUS_PENDING]++;
    results->counts[*status]--; /* the same: it is part of a record's bits */
    results->n_run_jobs--;
    return results_put(results, config, replicate, record, error);
}

void results_counts(const struct results *results, uint64_t counts[N_STATUSES])
{
    memcpy(counts, results->counts, sizeof results->counts);
}

/* Writes all of a reserved dataset of /provenance. */
static enum error_code set_provenance(struct results *results, const char *name, hid_t type, const void *value,
                                      struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    char full_name[96];
    snprintf(full_name, sizeof full_name, RESULTS_PROVENANCE "/%s", name);

    if (H5Lexists(results->file, full_name, H5P_DEFAULT) == 0)
        return ERROR_NONE; /* a file of before there was such a number */
    enum error_code code = ERROR_NONE;
    results->dirty = true;
    hid_t dataset = H5Dopen2(results->file, full_name, H5P_DEFAULT);
    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
        results_hdf5_error(error, "%s: writing %s", results->path, full_name);
        code = results_fail(results, error);
    }
    if (dataset >= 0)
        H5Dclose(dataset);
    return code;
}

enum error_code results_set_provenance(struct results *results, const char *name, const char *value,
                                       struct error *error)
{
    char text[FIELD_TEXT_SIZE + 1];
    results_fixed_text(text, value);
    return set_provenance(results, name, H5T_C_S1, text, error);
}

enum error_code results_set_provenance_number(struct results *results, const char *name, double value,
                                              struct error *error)
{
    return set_provenance(results, name, H5T_NATIVE_DOUBLE, &value, error);
}
