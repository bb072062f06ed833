#include "open.h"

#include "build.h"
#include "clock.h"
#include "compare.h"
#include "file.h"
#include "hdf5_access.h"
#include "read.h"
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGED_MAX   512                  /* records written at once, ... */
#define STAGED_BYTES ((uint64_t)12 << 20) /* ... or fewer if they would take more memory */

enum { STATUSES_AT_ONCE = 1 << 16 }; /* read from the file */

static enum error_code open_file(struct results *results, struct error *error)
{
    const char *name = results->temporary ? results->temporary : results->path;
    if (fstat(results->lock, &results->opened) < 0)
        return error_set(error, ERROR_FATAL, "%s: %s", name, strerror(errno));
    enum error_code code = results_read_open(&results->file, name, H5F_ACC_RDWR, error);
    return code ? code
                : results_arrays_open(results->arrays, results->file, results->path, &results->layout,
                                      results->n_configs, results->replicates, error);
}

enum error_code results_reopen_begin(struct results *draft, hid_t *file, struct error *error)
{
    results_arrays_close(draft->arrays);
    hid_t closing = draft->file;
    draft->file = *file = H5I_INVALID_HID;
    return H5Fclose(closing) < 0 ? results_hdf5_error(error, "closing %s", draft->temporary)
                                 : results_read_open(file, draft->temporary, H5F_ACC_RDWR, error);
}

enum error_code results_reopen_end(struct results *draft, hid_t file, struct error *error)
{
    struct error own = {0};
    if (H5Fclose(file) < 0)
        results_hdf5_error(&own, "closing %s", draft->temporary);
    else
        open_file(draft, &own);
    draft->dirty = true;
    if (!error->code)
        *error = own;
    return error->code;
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
    results->syncing = malloc(UNSYNCED_MAX * sizeof *results->syncing);
    results->put = calloc(n_slots / 8 + 1, 1);
    results->last_sync_s = clock_s();
    if (!results->records || !results->staged || !results->gathered || !results->unsynced || !results->syncing ||
        !results->put)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to write it", results->path);
    return ERROR_NONE;
}

/* Releases everything and writes nothing; the result of closing the file. */
static enum error_code release(struct results *results, struct error *error)
{
    enum error_code code = ERROR_NONE;
    if (results->is_syncing)
        syncer_finish(&results->syncer);
    results_arrays_close(results->arrays);
    if (results->file >= 0 && H5Fclose(results->file) < 0)
        code = results_hdf5_error(error, "closing %s", results->path);
    if (results->temporary)
        unlink(results->temporary); /* before the lock is gone, and with it the right to */
    if (results->lock >= 0 && close(results->lock) < 0 && !code)
        code = error_set(error, ERROR_FATAL, "closing %s: %s", results->path, strerror(errno));
    free(results->temporary);
    free(results->path);
    free(results->records);
    free(results->staged);
    free(results->gathered);
    free(results->unsynced);
    free(results->syncing);
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
    r->shard = description->shard.n > 0 ? description->shard : (struct shard){1, 1};
    return r;
}

/* Nothing is done in the file's shard; what lies outside of it counts as done. */
static void start_counts(struct results *results)
{
    const struct shard *shard = &results->shard;
    results->counts[STATUS_PENDING] = shard_n_jobs(shard, results->n_configs, results->replicates);
    if (shard->n <= 1)
        return;
    for (uint64_t slot = 0; slot < results->n_configs * results->replicates; slot++)
        if (!shard_has(shard, slot / results->replicates, slot % results->replicates))
            results->put[slot / 8] |= (uint8_t)(1 << slot % 8);
}

enum error_code results_draft(struct results **results, const char *path, bool replaces,
                              const struct results_description *description, struct error *error)
{
    *results = NULL;
    struct results *r = prepare(path, description, error);
    if (!r) {
        check(error->code);
        return error->code;
    }
    r->replaces = replaces;
    if (results_file_make(&r->lock, &r->temporary, path, replaces, description, error) || open_file(r, error) ||
        prepare_staging(r, error)) {
        struct error ignored;
        release(r, &ignored);
        check(error->code);
        return error->code;
    }
    start_counts(r);
    *results = r;
    return ERROR_NONE;
}

enum error_code results_publish(struct results *results, struct error *error)
{
    check(results->temporary);
    if (results_sync(results, true, error))
        return error->code;
    char *temporary = results->temporary;
    results->temporary = NULL; /* gone, or renamed */
    if (results_file_publish(results->lock, temporary, results->path, results->replaces, error))
        results_fail(results, error);
    free(temporary);
    return results->failure.code;
}

enum error_code results_create(struct results **results, const char *path,
                               const struct results_description *description, struct error *error)
{
    enum error_code code = results_draft(results, path, false, description, error);
    if (code || !(code = results_publish(*results, error)))
        return code;
    struct error ignored;
    release(*results, &ignored);
    *results = NULL;
    return code;
}

static enum error_code refuse_shard(const char *path, const struct shard *held, const struct shard *asked,
                                    struct error *error)
{
    char old[SHARD_TEXT_MAX], new[SHARD_TEXT_MAX];
    shard_format(held, old);
    shard_format(asked, new);
    return error_set(error, ERROR_INPUT,
                     "%s: it is for shard %s of its sweep%s, not %s; allowed: --shard %s, no --shard, or another file",
                     path, old, held->n > 1 ? "" : ", all of it", new, old);
}

/* Refuses a file that does not hold the description's sweep. Nothing is written: not even by HDF5, which would mark a
 * file that it opens for writing. */
static enum error_code compare_file(const char *path, const struct results_description *description, FILE *lines,
                                    struct results_header *header, struct error *error)
{
    hid_t file;
    enum error_code code = results_read_open(&file, path, H5F_ACC_RDONLY, error);
    bool is_same;
    if (!code && !(code = results_read_header(file, path, header, error)) &&
        !(code = build_check_arithmetic(path, header->arithmetic, error)) &&
        !(code = results_compare(file, path, header, description, "the sweep", lines, &is_same, error)) && !is_same)
        code = error_set(error, ERROR_INPUT,
                         "%s: it holds another sweep; allowed: the sweep that it was made with, another file, or picky "
                         "extend to a larger sweep",
                         path);
    if (!code && description->shard.n > 0 && !shard_equal(&description->shard, &header->shard))
        code = refuse_shard(path, &header->shard, &description->shard, error);
    if (file >= 0)
        H5Fclose(file);
    return code;
}

static bool is_put(const struct results *results, uint64_t slot)
{
    return results->put[slot / 8] >> slot % 8 & 1;
}

/* Takes note of what is done in the file. */
static enum error_code load_status(struct results *results, const struct results_header *header, struct error *error)
{
    results->shard = header->shard;
    results->status_offset = header->status_offset;
    start_counts(results);
    uint8_t status[STATUSES_AT_ONCE];
    uint64_t n_slots = results->n_configs * results->replicates;
    for (uint64_t first = 0; first < n_slots; first += STATUSES_AT_ONCE) {
        size_t n = n_slots - first < STATUSES_AT_ONCE ? (size_t)(n_slots - first) : STATUSES_AT_ONCE;
        if (results_read_status(results->lock, results->path, header, first, n, status, error))
            return error->code;
        for (size_t i = 0; i < n; i++)
            if (status[i] != STATUS_PENDING && !is_put(results, first + i)) {
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
        compare_file(path, description, lines, &header, error) ||
        record_layout_keep(&r->layout, header.n_measures, header.lacking, error) || open_file(r, error) ||
        prepare_staging(r, error) || load_status(r, &header, error)) {
        struct error ignored;
        release(r, &ignored);
        return error->code;
    }
    *results = r;
    return ERROR_NONE;
}

const struct record_layout *results_layout(const struct results *results)
{
    return &results->layout;
}

struct shard results_shard(const struct results *results)
{
    return results->shard;
}

/* Writes statuses [n] in place, from slot `first` on. */
static enum error_code write_statuses(struct results *results, uint64_t first, size_t n, const uint8_t *status,
                                      struct error *error)
{
    results->dirty = true;
    for (size_t done = 0; done < n;) {
        ssize_t put = pwrite(results->lock, status + done, n - done, (off_t)(results->status_offset + first + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            error_set(error, ERROR_FATAL, "%s: writing %s: %s", results->path, record_fields[FIELD_STATUS].name,
                      strerror(put < 0 ? errno : ENOSPC));
            return results_fail(results, error);
        }
        done += (size_t)put;
    }
    return ERROR_NONE;
}

enum error_code results_retry(struct results *results, unsigned statuses, uint64_t *n, struct error *error)
{
    *n = 0;
    check(!(statuses & 1u << STATUS_PENDING) && results->n_staged + results->n_unsynced == 0);
    const struct results_header header = {.replicates = results->replicates, .status_offset = results->status_offset};
    uint8_t status[STATUSES_AT_ONCE];
    uint64_t n_slots = results->n_configs * results->replicates;
    for (uint64_t first = 0; first < n_slots; first += STATUSES_AT_ONCE) {
        size_t n_read = n_slots - first < STATUSES_AT_ONCE ? (size_t)(n_slots - first) : STATUSES_AT_ONCE;
        uint64_t n_before = *n;
        if (results_read_status(results->lock, results->path, &header, first, n_read, status, error))
            return error->code;
        for (size_t i = 0; i < n_read; i++) {
            uint64_t slot = first + i;
            if (!(statuses >> status[i] & 1) ||
                !shard_has(&results->shard, slot / results->replicates, slot % results->replicates))
                continue;
            results->counts[status[i]]--;
            results->counts[STATUS_PENDING]++;
            results->put[slot / 8] &= (uint8_t) ~(1 << slot % 8);
            status[i] = STATUS_PENDING;
            ++*n;
        }
        if (*n > n_before && write_statuses(results, first, n_read, status, error))
            return error->code;
    }
    return results_sync_data(results, error);
}

enum error_code results_close(struct results *results, struct error *error)
{
    if (!results)
        return ERROR_NONE;
    /* Of a draft nothing stays. */
    enum error_code code = results->temporary ? ERROR_NONE : results_sync(results, true, error);
    struct error ignored;
    enum error_code closed = release(results, code ? &ignored : error);
    return code ? code : closed;
}
