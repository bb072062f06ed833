#include "results.h"

#include "results_arrays.h"
#include "results_file.h"
#include "results_hdf5.h"
#include "results_read.h"
#include "results_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYNC_INTERVAL_S 0.5
#define STAGED_MAX      256                  /* records written at once, ... */
#define STAGED_BYTES    ((uint64_t)64 << 20) /* ... or fewer if they would take more memory */
#define UNSYNCED_MAX    ((size_t)1 << 16)    /* slots whose data is written and whose status waits for a sync */

enum { STATUSES_AT_ONCE = 1 << 16 }; /* read from the file */

/* One slot on its way into the file. */
struct slot {
    uint64_t config, replicate;
    uint32_t staged; /* index of its record in the staging area, while it is there */
    uint8_t status;
};

struct results {
    char *path;
    int lock;           /* descriptor that holds the locks and is synced */
    struct stat opened; /* the file as it was opened */
    hid_t file;
    struct record_layout layout;
    uint64_t n_configs, replicates;
    struct results_array arrays[N_FIELDS];

    size_t n_staged, n_staged_max;
    char *records;       /* [n_staged_max] records, as they came */
    struct slot *staged; /* [n_staged_max] */
    char *gathered;      /* what one write takes, for the largest array */
    size_t n_unsynced;
    struct slot *unsynced; /* [UNSYNCED_MAX] */
    uint8_t *put;          /* one bit a slot: it is done in the file, or results_put has seen it */
    int run;               /* this run's row in the log; -1: none */
    int64_t n_run_jobs;

    uint64_t counts[N_STATUSES];
    bool dirty; /* something has been written since the last sync */
    double last_sync_s;
    struct error failure; /* the first failing write: later calls return it */
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum error_code open_file(struct results *results, struct error *error)
{
    if (fstat(results->lock, &results->opened) < 0)
        return error_set(error, ERROR_FATAL, "%s: %s", results->path, strerror(errno));
    enum error_code code = results_read_open(&results->file, results->path, H5F_ACC_RDWR, error);
    return code ? code
                : results_arrays_open(results->arrays, results->file, results->path, &results->layout,
                                      results->n_configs, results->replicates, error);
}

static enum error_code prepare_staging(struct results *results, struct error *error)
{
    uint64_t n_slots = results->n_configs * results->replicates; /* cannot overflow: a file has room for them */
    uint64_t n_staged_max = STAGED_BYTES / results->layout.n_bytes;
    results->n_staged_max = n_staged_max < 1 ? 1 : n_staged_max > STAGED_MAX ? STAGED_MAX : (size_t)n_staged_max;

    size_t largest = 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (results->arrays[f].n_bytes > largest)
            largest = results->arrays[f].n_bytes;
    results->records = malloc(results->n_staged_max * results->layout.n_bytes);
    results->staged = malloc(results->n_staged_max * sizeof *results->staged);
    /* Statuses are gathered too, a byte each. */
    size_t n_gathered = results->n_staged_max * largest;
    results->gathered = malloc(n_gathered > UNSYNCED_MAX ? n_gathered : UNSYNCED_MAX);
    results->unsynced = malloc(UNSYNCED_MAX * sizeof *results->unsynced);
    results->put = calloc(n_slots / 8 + 1, 1);
    results->counts[STATUS_PENDING] = n_slots;
    results->last_sync_s = now_s();
    if (!results->records || !results->staged || !results->gathered || !results->unsynced || !results->put)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to write it", results->path);
    return ERROR_NONE;
}

/* Releases everything and writes nothing; the result of closing the file. */
static enum error_code release(struct results *results, struct error *error)
{
    enum error_code code = ERROR_NONE;
    results_arrays_close(results->arrays);
    if (results->file >= 0 && H5Fclose(results->file) < 0)
        code = results_hdf5_error(error, "closing %s", results->path);
    if (results->lock >= 0 && close(results->lock) < 0 && !code)
        code = error_set(error, ERROR_FATAL, "closing %s: %s", results->path, strerror(errno));
    free(results->path);
    free(results->records);
    free(results->staged);
    free(results->gathered);
    free(results->unsynced);
    free(results->put);
    free(results);
    return code;
}

/* A struct results with nothing open; NULL if memory is short. */
static struct results *prepare(const char *path, const struct results_description *description, struct error *error)
{
    check(description->n_configs > 0 && description->replicates > 0);
    results_hdf5_start();
    struct results *r = calloc(1, sizeof *r);
    char *copy = strdup(path);
    if (!r || !copy) {
        free(r);
        free(copy);
        error_set(error, ERROR_FATAL, "not enough memory to open %s", path);
        return NULL;
    }
    r->path = copy;
    r->lock = -1;
    r->file = H5I_INVALID_HID;
    results_arrays_clear(r->arrays);
    r->run = -1;
    r->layout = *description->layout;
    r->n_configs = description->n_configs;
    r->replicates = (uint64_t)description->replicates;
    return r;
}

enum error_code results_create(struct results **results, const char *path,
                               const struct results_description *description, struct error *error)
{
    *results = NULL;
    struct results *r = prepare(path, description, error);
    if (!r)
        return error->code;
    char *temporary;
    enum error_code code = results_file_make(&r->lock, &temporary, path, false, description, error);
    if (!code)
        code = results_file_publish(r->lock, temporary, path, false, error);
    free(temporary);
    if (!code) {
        if (!(code = open_file(r, error)))
            code = prepare_staging(r, error);
        if (code)
            unlink(path);
    }
    if (code) {
        struct error ignored;
        release(r, &ignored);
        return code;
    }
    *results = r;
    return ERROR_NONE;
}

/* Refuses a file that does not hold the description's sweep. Nothing is written: not even by HDF5, which would mark a
 * file that it opens for writing. */
static enum error_code compare_file(const char *path, const struct results_description *description, FILE *lines,
                                    struct results_header *header, struct error *error)
{
    hid_t file;
    enum error_code code = results_read_open(&file, path, H5F_ACC_RDONLY, error);
    if (!code && !(code = results_read_header(file, path, header, error)))
        code = results_compare(file, path, header, description, lines, error);
    if (file >= 0)
        H5Fclose(file);
    return code;
}

/* Takes note of what is done in the file. */
static enum error_code load_status(struct results *results, const struct results_header *header, struct error *error)
{
    uint8_t status[STATUSES_AT_ONCE];
    uint64_t n_slots = results->n_configs * results->replicates;
    for (uint64_t first = 0; first < n_slots; first += STATUSES_AT_ONCE) {
        size_t n = n_slots - first < STATUSES_AT_ONCE ? (size_t)(n_slots - first) : STATUSES_AT_ONCE;
        if (results_read_status(results->lock, results->path, header, first, n, status, error))
            return error->code;
        for (size_t i = 0; i < n; i++)
            if (status[i] != STATUS_PENDING) {
                results->put[(first + i) / 8] |= (uint8_t)(1 << (first + i) % 8);
                results->counts[STATUS_PENDING]--;
                results->counts[status[i]]++;
            }
    }
    return ERROR_NONE;
}

enum error_code results_open(struct results **results, const char *path, const struct results_description *description,
                             FILE *lines, struct error *error)
{
    *results = NULL;
    struct results_header header;
    struct results *r = prepare(path, description, error);
    if (!r)
        return error->code;
    if (results_file_open(&r->lock, path, RESULTS_WRITING, error) ||
        compare_file(path, description, lines, &header, error) || open_file(r, error) || prepare_staging(r, error) ||
        load_status(r, &header, error)) {
        struct error ignored;
        release(r, &ignored);
        return error->code;
    }
    *results = r;
    return ERROR_NONE;
}

bool results_is_done(const struct results *results, uint64_t config, uint64_t replicate)
{
    uint64_t slot = config * results->replicates + replicate;
    return results->put[slot / 8] >> slot % 8 & 1;
}

/* Writing. */

/* A write that failed: the first counts. */
static enum error_code fail(struct results *results, struct error *error)
{
    static const int full[] = {ENOSPC, EDQUOT};
    const char *advice = "what is done is safe: go on with --resume";
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++)
        if (strstr(error->message, strerror(full[i])))
            advice = "what is done is safe: make room and go on with --resume";
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, "; %s", advice);
    results->failure = *error;
    return error->code;
}

/* Whether the file is still what its name stands for, and as long as it was: else somebody has taken it away, and the
 * run would go on for nothing. */
static enum error_code check_place(struct results *results, struct error *error)
{
    const struct stat *opened = &results->opened;
    struct stat now, named = {0};
    if (fstat(results->lock, &now) < 0)
        error_set(error, ERROR_FATAL, "%s: %s", results->path, strerror(errno));
    else if (now.st_size < opened->st_size)
        error_set(error, ERROR_FATAL, "%s: was truncated while this run was writing it, from %jd to %jd bytes",
                  results->path, (intmax_t)opened->st_size, (intmax_t)now.st_size);
    else if (stat(results->path, &named) < 0 && errno != ENOENT && errno != ENOTDIR)
        error_set(error, ERROR_FATAL, "%s: %s", results->path, strerror(errno));
    else if (now.st_nlink == 0 || named.st_dev != opened->st_dev || named.st_ino != opened->st_ino)
        error_set(error, ERROR_FATAL, "%s: was moved, removed or replaced while this run was writing it",
                  results->path);
    else
        return ERROR_NONE;
    results->failure = *error;
    return error->code;
}

static enum error_code sync_data(struct results *results, struct error *error)
{
    if (results->dirty && fdatasync(results->lock) < 0) {
        error_set(error, ERROR_FATAL, "%s: syncing: %s", results->path, strerror(errno));
        return fail(results, error);
    }
    results->dirty = false;
    return ERROR_NONE;
}

static int compare_slots(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    if (x->config != y->config)
        return x->config < y->config ? -1 : 1;
    return x->replicate < y->replicate ? -1 : x->replicate > y->replicate;
}

/* The largest rectangle of slots at the front of sorted slots [n]: n_rows consecutive configurations, each with the
 * same n_columns consecutive replicates. Returns the number of slots in it. */
static size_t front_rectangle(const struct slot *slots, size_t n, size_t *n_rows, size_t *n_columns)
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
static enum error_code write_rectangle(struct results *results, enum field field, const struct slot *first,
                                       size_t n_rows, size_t n_columns, const void *values, struct error *error)
{
    results->dirty = true;
    return results_array_write(&results->arrays[field], results->path, first->config, first->replicate, n_rows,
                               n_columns, values, error)
               ? fail(results, error)
               : ERROR_NONE;
}

static enum error_code write_run(struct results *results, int column, void *value, struct error *error)
{
    results->dirty = true;
    return results_runs_write(results->file, results->path, column, results->run, value, error) ? fail(results, error)
                                                                                                : ERROR_NONE;
}

/* Brings this run's row of the log up to date. */
static enum error_code update_run(struct results *results, struct error *error)
{
    double end_s = results_calendar_s();
    if (results->run < 0)
        return ERROR_NONE;
    enum error_code code = write_run(results, RUN_JOBS, &results->n_run_jobs, error);
    return code ? code : write_run(results, RUN_END, &end_s, error);
}

enum error_code results_log_run(struct results *results, int n_ranks, const char *hosts, const char *version,
                                struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    check(results->run < 0 && n_ranks > 0);
    int run;
    if (results_runs_count(results->file, results->path, &run, error))
        return error->code;
    results->run = run < RESULTS_RUNS_MAX ? run : RESULTS_RUNS_MAX - 1;
    double start_s = results_calendar_s();
    int32_t ranks = n_ranks;
    char texts[2][FIELD_TEXT_SIZE + 1];
    results_fixed_text(texts[0], hosts);
    results_fixed_text(texts[1], version);
    if (write_run(results, RUN_START, &start_s, error) || write_run(results, RUN_HOSTS, texts[0], error) ||
        write_run(results, RUN_VERSION, texts[1], error) || update_run(results, error) ||
        write_run(results, RUN_RANKS, &ranks, error))
        return error->code;
    return ERROR_NONE;
}

/* Makes a batch count: the data written since the last time is synced, then its status is written. */
static enum error_code write_status(struct results *results, struct error *error)
{
    enum error_code code = sync_data(results, error);
    if (code)
        return code;
    qsort(results->unsynced, results->n_unsynced, sizeof *results->unsynced, compare_slots);
    for (size_t i = 0, n_rows, n_columns; i < results->n_unsynced; i += n_rows * n_columns) {
        size_t n = front_rectangle(results->unsynced + i, results->n_unsynced - i, &n_rows, &n_columns);
        for (size_t k = 0; k < n; k++)
            results->gathered[k] = (char)results->unsynced[i + k].status;
        if ((code = write_rectangle(results, FIELD_STATUS, &results->unsynced[i], n_rows, n_columns, results->gathered,
                                    error)))
            return code;
    }
    results->n_unsynced = 0;
    return update_run(results, error);
}

/* Writes what is staged, but for status, and empties the staging area. */
static enum error_code write_staged(struct results *results, struct error *error)
{
    if (results->n_unsynced + results->n_staged > UNSYNCED_MAX) {
        enum error_code code = write_status(results, error);
        if (code)
            return code;
    }
    qsort(results->staged, results->n_staged, sizeof *results->staged, compare_slots);
    for (size_t i = 0, n_rows, n_columns; i < results->n_staged; i += n_rows * n_columns) {
        size_t n = front_rectangle(results->staged + i, results->n_staged - i, &n_rows, &n_columns);
        for (int f = 0; f < N_FIELDS; f++) {
            size_t n_bytes = results->arrays[f].n_bytes;
            if (f == FIELD_STATUS || results->layout.offset[f] == UINT64_MAX)
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
    memcpy(results->unsynced + results->n_unsynced, results->staged, results->n_staged * sizeof *results->staged);
    results->n_unsynced += results->n_staged;
    results->n_staged = 0;
    return ERROR_NONE;
}

enum error_code results_sync(struct results *results, bool now, struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    double time_s = now_s();
    if (!now && time_s - results->last_sync_s < SYNC_INTERVAL_S)
        return ERROR_NONE;
    results->last_sync_s = time_s;

    /* Before writing: a file that was truncated must not become long again by it, with holes in what is done. */
    enum error_code code = check_place(results, error);
    if (!code && results->n_staged > 0)
        code = write_staged(results, error);
    if (!code && results->n_unsynced > 0)
        code = write_status(results, error);
    else if (!code)
        code = sync_data(results, error);
    return code || !now ? code : sync_data(results, error);
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
    results->staged[results->n_staged] = (struct slot){config, replicate, (uint32_t)results->n_staged, *status};
    results->n_staged++;
    results->put[slot / 8] = (uint8_t)(results->put[slot / 8] | 1 << slot % 8);
    results->counts[STATUS_PENDING]--;
    results->counts[*status]++;
    results->n_run_jobs++;
    return ERROR_NONE;
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

    enum error_code code = ERROR_NONE;
    results->dirty = true;
    hid_t dataset = H5Dopen2(results->file, full_name, H5P_DEFAULT);
    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
        results_hdf5_error(error, "%s: writing %s", results->path, full_name);
        code = fail(results, error);
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

enum error_code results_close(struct results *results, struct error *error)
{
    if (!results)
        return ERROR_NONE;
    enum error_code code = results_sync(results, true, error);
    struct error ignored;
    enum error_code closed = release(results, code ? &ignored : error);
    return code ? code : closed;
}
