#include "results.h"

#include "results_read.h"
#include "results_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SYNC_INTERVAL_S 0.5
#define STAGED_MAX      256                  /* records written at once, ... */
#define STAGED_BYTES    ((uint64_t)64 << 20) /* ... or fewer if they would take more memory */
#define UNSYNCED_MAX    ((size_t)1 << 16)    /* slots whose data is written and whose status waits for a sync */

enum { STATUSES_AT_ONCE = 1 << 16, CONFIGS_AT_ONCE = 1 << 12 }; /* read from the file */

/* One slot on its way into the file. */
struct slot {
    uint64_t config, replicate;
    uint32_t staged; /* index of its record in the staging area, while it is there */
    uint8_t status;
};

/* One per-job array, open for writing. */
struct array {
    hid_t dataset, space, type;   /* negative if the layout lacks the field; space's selection is scratch */
    hsize_t size[FIELD_AXES_MAX]; /* of each axis */
    size_t n_bytes;               /* of one slot */
};

struct results {
    char *path;
    int lock; /* descriptor that holds the locks and is synced */
    hid_t file;
    struct record_layout layout;
    uint64_t n_configs, replicates;
    struct array arrays[N_FIELDS];

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

double results_file_size(const struct record_layout *layout, size_t n_configs, int64_t replicates)
{
    double n_bytes = 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (layout->offset[f] != UINT64_MAX)
            n_bytes += (double)layout->n_elements[f] * (double)field_type_size(record_fields[f].type);
    return n_bytes * (double)n_configs * (double)replicates;
}

/* A number of bytes for people. */
struct size_text {
    char text[32];
};

static struct size_text size_text(double n_bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    while (n_bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        n_bytes /= 1000;
        unit++;
    }
    struct size_text size;
    snprintf(size.text, sizeof size.text, "%.3g %s", n_bytes, units[unit]);
    return size;
}

/* Creation: FILE.tmp, written whole, becomes FILE. */

enum lock_state { LOCK_HELD, LOCK_UNSUPPORTED, LOCK_TAKEN };

/* Makes this process the file's one writer. The OFD lock keeps other runs out; the shared flock keeps other HDF5
 * programs from writing and lets them read. Both belong to `descriptor` and end with it, unlike ordinary fcntl locks,
 * which HDF5 would drop by closing a descriptor of its own. */
static enum lock_state lock_file(int descriptor)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_SETLK, &whole) < 0)
        return errno == EAGAIN || errno == EACCES ? LOCK_TAKEN : LOCK_UNSUPPORTED;
    if (flock(descriptor, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? LOCK_TAKEN : LOCK_UNSUPPORTED;
    return LOCK_HELD;
}

static void warn_of_no_locks(const char *path)
{
    fprintf(stderr, "picky: warning: %s: no file locks here: take care that one run at a time writes it\n", path);
}

/* True if the file holds nothing but what a run that was killed while it created its file leaves: nothing, a hole or
 * HDF5. */
static bool is_leftover(int descriptor)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}, hole[8];
    unsigned char start[8] = {0};
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
           pread(descriptor, start, sizeof start, 0) >= 0 &&
           (memcmp(start, signature, sizeof start) == 0 || memcmp(start, hole, sizeof start) == 0);
}

/* Opens temporary, new or left over, empty and locked, for the file `path`. The caller closes *descriptor. */
static enum error_code open_temporary(int *descriptor, const char *temporary, const char *path, struct error *error)
{
    bool is_new = true;
    *descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*descriptor < 0 && errno == EEXIST) {
        is_new = false;
        *descriptor = open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    if (*descriptor < 0)
        return error_set(error, ERROR_INPUT, "%s: cannot be created: %s", temporary, strerror(errno));

    struct stat opened, named;
    enum lock_state lock = lock_file(*descriptor);
    if (lock == LOCK_TAKEN) {
        error_set(error, ERROR_INPUT, "%s: another run is creating it (%s is locked)", path, temporary);
    } else if (!is_new && (lock != LOCK_HELD || !is_leftover(*descriptor))) {
        error_set(error, ERROR_INPUT, "%s: cannot be created: %s is in the way; remove it if no other run uses it",
                  path, temporary);
    } else if (fstat(*descriptor, &opened) < 0 || stat(temporary, &named) < 0 || opened.st_dev != named.st_dev ||
               opened.st_ino != named.st_ino) {
        /* The run that had it has just finished with it. */
        error_set(error, ERROR_INPUT, "%s: another run is creating it", path);
    } else if (ftruncate(*descriptor, 0) < 0) {
        error_set(error, ERROR_FATAL, "%s: %s", temporary, strerror(errno));
        unlink(temporary);
    } else {
        if (lock == LOCK_UNSUPPORTED)
            warn_of_no_locks(path);
        return ERROR_NONE;
    }
    close(*descriptor);
    *descriptor = -1;
    return error->code;
}

/* Refuses a size that the place of the open file `descriptor` (a new one, empty) cannot hold. */
static enum error_code check_size(int descriptor, const char *path, const struct results_description *d,
                                  struct error *error)
{
    double n_bytes = results_file_size(d->layout, d->n_configs, d->replicates);
    struct statvfs place;
    struct rlimit limit;
    const char *what = NULL;
    double n_bytes_free = 0;

    if (fstatvfs(descriptor, &place) == 0 && place.f_blocks > 0) {
        n_bytes_free = (double)place.f_bavail * (double)place.f_frsize;
        if (n_bytes > n_bytes_free)
            what = "the free space there is";
    }
    if (!what && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        n_bytes_free = (double)limit.rlim_cur;
        if (n_bytes > n_bytes_free)
            what = "the limit on file size (ulimit -f) is";
    }
    /* Filesystems have a largest file, which only trying tells. */
    if (!what && ftruncate(descriptor, n_bytes < 9e18 ? (off_t)n_bytes : INT64_MAX) < 0 && errno == EFBIG) {
        return error_set(error, ERROR_INPUT, "%s: %zu configurations x %" PRId64 " replicates need %s: %s", path,
                         d->n_configs, d->replicates, size_text(n_bytes).text, strerror(EFBIG));
    }
    if (ftruncate(descriptor, 0) < 0)
        return error_set(error, ERROR_FATAL, "%s: %s", path, strerror(errno));
    if (what)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu configurations x %" PRId64 " replicates need %s; %s %s; allowed: fewer replicates or "
                         "configurations, or less in store",
                         path, d->n_configs, d->replicates, size_text(n_bytes).text, what,
                         size_text(n_bytes_free).text);
    return ERROR_NONE;
}

/* Syncs the directory that holds path, so that its entry is durable. */
static int sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int descriptor = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(name);
    if (descriptor < 0)
        return -1;
    /* Some filesystems cannot sync a directory and say so by EINVAL. */
    int result = fsync(descriptor) < 0 && errno != EINVAL ? -1 : 0;
    int error_number = errno;
    close(descriptor);
    errno = error_number;
    return result;
}

/* Gives the file its name if nothing has that name. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* Not every filesystem knows that call; a second link is as safe. */
    if (link(from, to) == 0)
        return unlink(from);
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return -1;
    if (access(to, F_OK) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

/* Closes a file that was being made; an error unless there is one already. */
static enum error_code close_new(hid_t file, enum error_code code, const char *temporary, struct error *error)
{
    if (H5Fclose(file) < 0 && !code)
        code = results_hdf5_error(error, "creating %s", temporary);
    return code;
}

/* Writes the whole of a new file, without results: `temporary` is empty and belongs to this process. */
static enum error_code write_new(const char *temporary, const struct results_description *description,
                                 struct error *error)
{
    enum error_code code = ERROR_NONE;
    hid_t file, creation = results_schema_creation(), access_list = results_schema_access();
    if (creation < 0 || access_list < 0 || (file = H5Fcreate(temporary, H5F_ACC_TRUNC, creation, access_list)) < 0) {
        code = results_hdf5_error(error, "creating %s", temporary);
    } else {
        if ((code = results_schema_write(file, description, error)))
            error_prefix(error, "creating %s", temporary);
        code = close_new(file, code, temporary, error);
    }
    if (!code) {
        if ((file = H5Fopen(temporary, H5F_ACC_RDWR, access_list)) < 0) {
            code = results_hdf5_error(error, "creating %s", temporary);
        } else {
            if ((code = results_schema_write_provenance(file, description, error)))
                error_prefix(error, "creating %s", temporary);
            code = close_new(file, code, temporary, error);
        }
    }
    if (access_list >= 0)
        H5Pclose(access_list);
    if (creation >= 0)
        H5Pclose(creation);
    return code;
}

/* Creates `path`; *descriptor holds its locks and belongs to the caller, also on error if it is not negative. */
static enum error_code create_file(int *descriptor, const char *path, const struct results_description *description,
                                   struct error *error)
{
    enum error_code code = ERROR_INPUT;
    bool is_ours = false; /* temporary is there and may be removed */
    struct stat status;
    char *temporary = NULL;

    const char *slash = strrchr(path, '/');
    if (*path == '\0' || (slash && slash[1] == '\0')) {
        error_set(error, ERROR_INPUT, "\"%s\" is not a file name", path);
        goto done;
    }
    if (asprintf(&temporary, "%s.tmp", path) < 0) {
        temporary = NULL;
        code = error_set(error, ERROR_FATAL, "not enough memory for a file name");
        goto done;
    }
    if (lstat(path, &status) == 0) {
        error_set(error, ERROR_INPUT, "%s: exists already; allowed: a new file, or --resume", path);
        goto done;
    }
    if ((code = open_temporary(descriptor, temporary, path, error)))
        goto done;
    is_ours = true;
    if ((code = check_size(*descriptor, path, description, error)) || (code = write_new(temporary, description, error)))
        goto done;

    if (fsync(*descriptor) < 0) {
        code = error_set(error, ERROR_FATAL, "%s: %s", temporary, strerror(errno));
    } else if (rename_new(temporary, path) < 0) {
        code = errno == EEXIST
                   ? error_set(error, ERROR_INPUT, "%s: exists already; allowed: a new file, or --resume", path)
                   : error_set(error, ERROR_FATAL, "renaming %s: %s", temporary, strerror(errno));
    } else {
        is_ours = false;
        if (sync_directory(path) < 0) {
            code = error_set(error, ERROR_FATAL, "the directory of %s: %s", path, strerror(errno));
            unlink(path);
        }
    }

done:
    if (is_ours)
        unlink(temporary);
    free(temporary);
    return code;
}

/* Opening: the datasets of a whole file, and room for staging. */

static enum error_code open_arrays(struct results *results, struct error *error)
{
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        struct array *array = &results->arrays[f];
        if (results->layout.offset[f] == UINT64_MAX)
            continue;
        char name[96];
        snprintf(name, sizeof name, "%s%s", field->is_provenance ? RESULTS_PROVENANCE "/" : "", field->name);
        int n_axes = 0;
        array->size[n_axes++] = results->n_configs;
        array->size[n_axes++] = results->replicates;
        for (int d = 0; d < field->n_dimensions; d++)
            array->size[n_axes++] = results->layout.size[field->dimensions[d]];
        if (field->type == FIELD_TEXT)
            array->size[n_axes++] = FIELD_TEXT_SIZE;
        array->n_bytes = results->layout.n_elements[f] * field_type_size(field->type);
        array->type = results_schema_memory_type(field->type);
        if (results_read_array(results->file, results->path, name, n_axes, array->size, field->type, &array->dataset,
                               NULL, error))
            return error->code;
        array->space = H5Dget_space(array->dataset);
        if (array->type < 0 || array->space < 0)
            return results_hdf5_error(error, "%s: opening %s", results->path, name);
    }
    return ERROR_NONE;
}

static enum error_code open_file(struct results *results, struct error *error)
{
    enum error_code code = results_read_open(&results->file, results->path, H5F_ACC_RDWR, error);
    return code ? code : open_arrays(results, error);
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
    for (int f = 0; f < N_FIELDS; f++) {
        struct array *array = &results->arrays[f];
        if (array->space >= 0)
            H5Sclose(array->space);
        if (array->dataset >= 0)
            H5Dclose(array->dataset);
        if (array->type >= 0)
            H5Tclose(array->type);
    }
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

/* Before any other call to HDF5. */
static void start_hdf5(void)
{
    /* HDF5 reads the variable once, when it starts; it would override results_schema_access, and HDF5's own lock would
     * shut readers out. */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    /* Every file is closed here. At exit, HDF5 1.10 would try again those that it failed to close, and crash. */
    H5dont_atexit();
    /* HDF5 would print its errors; ours say what they mean. */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* A struct results with nothing open; NULL if memory is short. */
static struct results *prepare(const char *path, const struct results_description *description, struct error *error)
{
    check(description->n_configs > 0 && description->replicates > 0);
    start_hdf5();
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
    for (int f = 0; f < N_FIELDS; f++)
        r->arrays[f] = (struct array){H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, {0}, 0};
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
    enum error_code code = create_file(&r->lock, path, description, error);
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

/* Opens path itself, and makes this process its one writer. *descriptor belongs to the caller, also on error if it is
 * not negative. */
static enum error_code open_locked(int *descriptor, const char *path, struct error *error)
{
    struct stat opened, named;
    *descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor < 0 || fstat(*descriptor, &opened) < 0)
        return error_set(error, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (!S_ISREG(opened.st_mode))
        return error_set(error, ERROR_INPUT, "%s: not a file", path);
    enum lock_state lock = lock_file(*descriptor);
    if (lock == LOCK_TAKEN)
        return error_set(error, ERROR_INPUT, "%s: another run is writing it", path);
    if (stat(path, &named) < 0 || opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return error_set(error, ERROR_INPUT, "%s: another run has just replaced it", path);
    if (lock == LOCK_UNSUPPORTED)
        warn_of_no_locks(path);
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
    if (open_locked(&r->lock, path, error) || compare_file(path, description, lines, &header, error) ||
        open_file(r, error) || prepare_staging(r, error) || load_status(r, &header, error)) {
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

static enum error_code fail(struct results *results, struct error *error)
{
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
    struct array *array = &results->arrays[field];
    hsize_t start[FIELD_AXES_MAX] = {first->config, first->replicate};
    hsize_t count[FIELD_AXES_MAX] = {n_rows, n_columns};
    memcpy(count + 2, array->size + 2, sizeof count - 2 * sizeof count[0]);
    hsize_t n_elements = n_rows * n_columns * array->n_bytes / H5Tget_size(array->type);

    hid_t memory = H5Screate_simple(1, &n_elements, NULL);
    bool failed = memory < 0 || H5Sselect_hyperslab(array->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
                  H5Dwrite(array->dataset, array->type, memory, array->space, H5P_DEFAULT, values) < 0;
    if (failed)
        results_hdf5_error(error, "%s: writing %s", results->path, record_fields[field].name);
    if (memory >= 0)
        H5Sclose(memory);
    results->dirty = true;
    return failed ? fail(results, error) : ERROR_NONE;
}

/* Cuts and pads. */
static void text_of_fixed_size(char text[FIELD_TEXT_SIZE + 1], const char *value)
{
    size_t length = strlen(value);
    memset(text, 0, FIELD_TEXT_SIZE + 1);
    memcpy(text, value, length < FIELD_TEXT_SIZE ? length : FIELD_TEXT_SIZE);
    results_schema_clean_text(text);
}

static double calendar_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads or writes one value of the log of runs. */
static bool transfer_run(hid_t file, int column, int run, void *value, bool is_write)
{
    char name[96];
    snprintf(name, sizeof name, RESULTS_RUNS "/%s", run_columns[column].name);
    hsize_t start[2] = {(hsize_t)run, 0}, count[2] = {1, FIELD_TEXT_SIZE};
    hsize_t n = run_columns[column].type == FIELD_TEXT ? FIELD_TEXT_SIZE : 1;
    hid_t type = results_schema_memory_type(run_columns[column].type), memory = H5Screate_simple(1, &n, NULL);
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    bool is_good = type >= 0 && memory >= 0 && space >= 0 &&
                   H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                   (is_write ? H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, value)
                             : H5Dread(dataset, type, memory, space, H5P_DEFAULT, value)) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (memory >= 0)
        H5Sclose(memory);
    if (type >= 0)
        H5Tclose(type);
    return is_good;
}

static enum error_code write_run(struct results *results, int column, void *value, struct error *error)
{
    if (transfer_run(results->file, column, results->run, value, true)) {
        results->dirty = true;
        return ERROR_NONE;
    }
    results_hdf5_error(error, "%s: writing " RESULTS_RUNS "/%s", results->path, run_columns[column].name);
    return fail(results, error);
}

/* Brings this run's row of the log up to date. */
static enum error_code update_run(struct results *results, struct error *error)
{
    double end_s = calendar_s();
    if (results->run < 0)
        return ERROR_NONE;
    enum error_code code = write_run(results, RUN_JOBS, &results->n_run_jobs, error);
    return code ? code : write_run(results, RUN_END, &end_s, error);
}

/* The number of rows of the log that are used; negative if it cannot be read. */
static int count_runs(hid_t file)
{
    for (int run = 0; run < RESULTS_RUNS_MAX; run++) {
        int32_t n_ranks;
        if (!transfer_run(file, RUN_RANKS, run, &n_ranks, false))
            return -1;
        if (n_ranks == 0)
            return run;
    }
    return RESULTS_RUNS_MAX;
}

enum error_code results_log_run(struct results *results, int n_ranks, const char *hosts, const char *version,
                                struct error *error)
{
    if (results->failure.code) {
        *error = results->failure;
        return error->code;
    }
    check(results->run < 0 && n_ranks > 0);
    int run = count_runs(results->file);
    if (run < 0)
        return error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: its log of runs cannot be read",
                         results->path);
    results->run = run < RESULTS_RUNS_MAX ? run : RESULTS_RUNS_MAX - 1;
    double start_s = calendar_s();
    int32_t ranks = n_ranks;
    char texts[2][FIELD_TEXT_SIZE + 1];
    text_of_fixed_size(texts[0], hosts);
    text_of_fixed_size(texts[1], version);
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

    enum error_code code = ERROR_NONE;
    if (results->n_staged > 0)
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
    hid_t dataset = H5Dopen2(results->file, full_name, H5P_DEFAULT);
    check(dataset >= 0); /* the name was reserved */
    if (H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
        results_hdf5_error(error, "%s: writing %s", results->path, full_name);
        code = fail(results, error);
    }
    results->dirty = true;
    H5Dclose(dataset);
    return code;
}

enum error_code results_set_provenance(struct results *results, const char *name, const char *value,
                                       struct error *error)
{
    char text[FIELD_TEXT_SIZE + 1];
    text_of_fixed_size(text, value);
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

/* Reading how far a file is. */

/* Whether a run is writing the file: its lock is looked at and not taken. */
static bool is_written(int descriptor)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

static enum error_code inspect_runs(hid_t file, const char *path, struct results_state *state, struct error *error)
{
    struct results_run *run = &state->last_run;
    int last = state->n_runs = count_runs(file);
    if (last-- == 0)
        return ERROR_NONE;
    if (last < 0 || !transfer_run(file, RUN_START, last, &run->start_s, false) ||
        !transfer_run(file, RUN_END, last, &run->end_s, false) ||
        !transfer_run(file, RUN_RANKS, last, &run->n_ranks, false) ||
        !transfer_run(file, RUN_JOBS, last, &run->n_jobs, false) ||
        !transfer_run(file, RUN_HOSTS, last, run->hosts, false) ||
        !transfer_run(file, RUN_VERSION, last, run->version, false))
        return error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: its log of runs cannot be read", path);
    return ERROR_NONE;
}

/* What inspecting works with; the arrays are too large for a stack. */
struct inspection {
    hid_t file;
    int descriptor;
    uint8_t status[STATUSES_AT_ONCE];
    struct hyperparameters configs[CONFIGS_AT_ONCE];
};

static enum error_code inspect_slots(struct inspection *in, const char *path, const struct results_header *header,
                                     struct results_state *state, const struct hyperparameter *row,
                                     void (*visit)(void *context, const struct hyperparameters *h,
                                                   const uint64_t counts[N_STATUSES]),
                                     void *context, struct error *error)
{
    uint64_t n_slots = header->n_configs * header->replicates, config = 0, replicate = 0, counts[N_STATUSES] = {0};
    for (uint64_t first = 0; first < n_slots; first += STATUSES_AT_ONCE) {
        size_t n = n_slots - first < STATUSES_AT_ONCE ? (size_t)(n_slots - first) : STATUSES_AT_ONCE;
        if (results_read_status(in->descriptor, path, header, first, n, in->status, error))
            return error->code;
        for (size_t i = 0; i < n; i++) {
            counts[in->status[i]]++;
            if (++replicate < header->replicates)
                continue;
            size_t place = config % CONFIGS_AT_ONCE;
            if (row && place == 0) {
                uint64_t n_left = header->n_configs - config;
                size_t n_read = n_left < CONFIGS_AT_ONCE ? (size_t)n_left : CONFIGS_AT_ONCE;
                if (results_read_row(in->file, path, row, config, n_read, in->configs, error))
                    return error->code;
            }
            if (row)
                visit(context, &in->configs[place], counts);
            for (int s = 0; s < N_STATUSES; s++)
                state->counts[s] += counts[s];
            memset(counts, 0, sizeof counts);
            replicate = 0;
            config++;
        }
    }
    return ERROR_NONE;
}

enum error_code results_inspect(const char *path, struct results_state *state, const struct hyperparameter *row,
                                void (*visit)(void *context, const struct hyperparameters *h,
                                              const uint64_t counts[N_STATUSES]),
                                void *context, struct error *error)
{
    start_hdf5();
    struct stat status;
    struct results_header header;
    memset(state, 0, sizeof *state);
    struct inspection *in = malloc(sizeof *in);
    if (!in)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    in->file = H5I_INVALID_HID;
    for (size_t i = 0; i < CONFIGS_AT_ONCE; i++)
        hyperparameters_default(&in->configs[i]);
    enum error_code code = ERROR_NONE;
    in->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (in->descriptor < 0 || fstat(in->descriptor, &status) < 0)
        code = error_set(error, ERROR_INPUT, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = error_set(error, ERROR_INPUT, "%s: not a file", path);
    else if (!(code = results_read_open(&in->file, path, H5F_ACC_RDONLY, error)) &&
             !(code = results_read_header(in->file, path, &header, error)) &&
             !(code = inspect_runs(in->file, path, state, error)))
        code = inspect_slots(in, path, &header, state, row, visit, context, error);
    if (!code) {
        state->seed = header.seed;
        state->replicates = (int64_t)header.replicates;
        state->n_configs = header.n_configs;
        state->is_null = header.is_null;
        state->is_written = is_written(in->descriptor);
    }
    if (in->file >= 0)
        H5Fclose(in->file);
    if (in->descriptor >= 0)
        close(in->descriptor);
    free(in);
    return code;
}

const char *results_hdf5_version(void)
{
    static char version[32];
    unsigned major, minor, release;
    start_hdf5();
    H5get_libversion(&major, &minor, &release);
    snprintf(version, sizeof version, "%u.%u.%u", major, minor, release);
    return version;
}
