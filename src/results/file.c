#include "file.h"

#include "hdf5_access.h"
#include "ownership.h"
#include "schema.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What is behind the name of a file in the making. Nobody else's files end so: one that is there, is not locked and
 * looks like a draft is what a killed run has left, and is written over. */
#define DRAFT_SUFFIX ".picky-draft"

static bool is_draft_name(const char *path)
{
    size_t n = strlen(path), n_suffix = strlen(DRAFT_SUFFIX);
    return n >= n_suffix && strcmp(path + n - n_suffix, DRAFT_SUFFIX) == 0;
}

double results_file_size(const struct record_layout *layout, size_t n_configs, int64_t replicates)
{
    double n_bytes = 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (layout->offset[f] != UINT64_MAX)
            n_bytes += (double)layout->n_elements[f] * (double)field_type_size(record_fields[f].type);
    return n_bytes * (double)n_configs * (double)replicates;
}

enum lock_state { LOCK_HELD, LOCK_UNSUPPORTED, LOCK_TAKEN };

/* Keeps others from an open file. The OFD lock keeps other runs out; the shared flock keeps other HDF5 programs from
 * writing and lets them read. Both belong to `descriptor` and end with it, unlike ordinary fcntl locks, which HDF5
 * would drop by closing a descriptor of its own. */
static enum lock_state lock_file(int descriptor, enum results_access access)
{
    struct flock whole = {.l_type = access == RESULTS_WRITING ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    if (access == RESULTS_SHARED)
        return LOCK_HELD;
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
static enum error_code open_temporary(int *descriptor, const char *temporary, const char *path, mode_t mode,
                                      struct error *error)
{
    bool is_new = true;
    *descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (*descriptor < 0 && errno == EEXIST) {
        is_new = false;
        *descriptor = open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    if (*descriptor < 0) {
        const char *slash = strrchr(path, '/'), *reason = strerror(errno);
        if (errno == ENOENT && slash)
            return error_set(error, ERROR_INPUT, "%s: cannot be created: the folder %.*s is not there", path,
                             (int)(slash - path), path);
        return error_set(error, ERROR_INPUT, "%s: cannot be created: %s", path, reason);
    }

    struct stat opened, named;
    enum lock_state lock = lock_file(*descriptor, RESULTS_WRITING);
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

/* The bytes that the file takes on a disk when all jobs of its shard are done: the whole arrays, or, if those are
 * fewer, the blocks that its slots touch, each by itself. A piece of n bytes anywhere touches 1 + (n - 1)/BLOCK of them
 * on average. */
static double shard_size(const struct results_description *d)
{
    const double block = 4096;
    double n_slots = (double)d->n_configs * (double)d->replicates, n_bytes = 0;
    double n_jobs = (double)shard_n_jobs(&d->shard, d->n_configs, (uint64_t)d->replicates);
    for (int f = 0; f < N_FIELDS; f++) {
        double n = (double)d->layout->n_elements[f] * (double)field_type_size(record_fields[f].type);
        if (d->layout->offset[f] != UINT64_MAX)
            n_bytes += fmin(n_slots * n, n_jobs * (n - 1 + block));
    }
    return n_bytes;
}

/* Refuses a size that the place of the open file `descriptor` (a new one, empty) cannot hold. */
static enum error_code check_size(int descriptor, const char *path, const struct results_description *d,
                                  struct error *error)
{
    double n_bytes = results_file_size(d->layout, d->n_configs, d->replicates), n_bytes_filled = shard_size(d);
    struct statvfs place;
    struct rlimit limit;
    const char *what = NULL;
    double n_bytes_free = 0;

    if (fstatvfs(descriptor, &place) == 0 && place.f_blocks > 0) {
        n_bytes_free = (double)place.f_bavail * (double)place.f_frsize;
        if (n_bytes_filled > n_bytes_free) {
            n_bytes = n_bytes_filled;
            what = "the free space there is";
        }
    }
    if (!what && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        n_bytes_free = (double)limit.rlim_cur;
        if (n_bytes > n_bytes_free)
            what = "the limit on file size (ulimit -f) is";
    }
    /* Filesystems have a largest file, which only trying tells. */
    if (!what && ftruncate(descriptor, n_bytes < 9e18 ? (off_t)n_bytes : INT64_MAX) < 0 && errno == EFBIG) {
        return error_set(error, ERROR_INPUT, "%s: %zu configurations x %" PRId64 " replicates need %s: %s", path,
                         d->n_configs, d->replicates, text_size(n_bytes).words, strerror(EFBIG));
    }
    if (ftruncate(descriptor, 0) < 0)
        return error_set(error, ERROR_FATAL, "%s: %s", path, strerror(errno));
    if (what)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu configurations x %" PRId64 " replicates need %s; %s %s; allowed: fewer replicates or "
                         "configurations, or less in store",
                         path, d->n_configs, d->replicates, text_size(n_bytes).words, what,
                         text_size(n_bytes_free).words);
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
    hid_t file, creation = results_schema_creation(), access_list = results_hdf5_access();
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

static enum error_code exists_already(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && stat(path, &status) < 0)
        return error_set(error, ERROR_INPUT, "%s: a symbolic link to what is not there; allowed: a new file", path);
    return error_set(error, ERROR_INPUT, "%s: exists already; allowed: a new file, or --resume", path);
}

enum error_code results_file_make(int *descriptor, char **temporary, const char *path, bool replaces,
                                  const struct results_description *description, struct error *error)
{
    *descriptor = -1;
    *temporary = NULL;
    struct stat status;
    const char *slash = strrchr(path, '/');
    if (*path == '\0' || (slash && slash[1] == '\0'))
        return error_set(error, ERROR_INPUT, "\"%s\" is not a file name", path);
    if (is_draft_name(path))
        return error_set(error, ERROR_INPUT,
                         "%s: names that end in " DRAFT_SUFFIX
                         " are for files in the making, which the next run clears; "
                         "allowed: any other name",
                         path);
    if (!replaces && lstat(path, &status) == 0)
        return exists_already(path, error);
    char *name;
    if (asprintf(&name, "%s" DRAFT_SUFFIX, path) < 0)
        return error_set(error, ERROR_FATAL, "not enough memory for a file name");
    /* One that replaces another is nobody else's until it is known whose. */
    enum error_code code = open_temporary(descriptor, name, path, replaces ? 0600 : 0666, error);
    if (!code &&
        ((replaces && (code = results_ownership_keep(*descriptor, path, error))) ||
         (code = check_size(*descriptor, path, description, error)) || (code = write_new(name, description, error))))
        unlink(name);
    if (code)
        free(name);
    else
        *temporary = name;
    return code;
}

enum error_code results_file_publish(int descriptor, const char *temporary, const char *path, bool replaces,
                                     struct error *error)
{
    if (fsync(descriptor) < 0) {
        error_set(error, ERROR_FATAL, "%s: %s", temporary, strerror(errno));
    } else if ((replaces ? rename(temporary, path) : rename_new(temporary, path)) < 0) {
        if (errno == EEXIST)
            exists_already(path, error);
        else
            error_set(error, ERROR_FATAL, "renaming %s: %s", temporary, strerror(errno));
    } else {
        if (sync_directory(path) == 0)
            return ERROR_NONE;
        error_set(error, ERROR_FATAL, "the directory of %s: %s", path, strerror(errno));
        if (!replaces)
            unlink(path);
        return error->code;
    }
    unlink(temporary);
    return error->code;
}

bool results_file_is_written(int descriptor)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

enum error_code results_file_open(int *descriptor, const char *path, enum results_access access, struct error *error)
{
    struct stat opened, named;
    *descriptor = open(path, (access == RESULTS_WRITING ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor < 0 || fstat(*descriptor, &opened) < 0)
        return error_set(error, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (!S_ISREG(opened.st_mode))
        return error_set(error, ERROR_INPUT, "%s: not a file", path);
    enum lock_state lock = lock_file(*descriptor, access);
    if (lock == LOCK_TAKEN)
        return error_set(error, ERROR_INPUT, "%s: %s", path,
                         results_file_is_written(*descriptor) ? "another run is writing it"
                                                              : "picky reads it so that no run may write it meanwhile");
    if (stat(path, &named) < 0 || opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return error_set(error, ERROR_INPUT, "%s: another run has just replaced it", path);
    if (lock == LOCK_UNSUPPORTED)
        warn_of_no_locks(path);
    return ERROR_NONE;
}

const char *results_hdf5_version(void)
{
    static char version[32];
    unsigned major, minor, release;
    results_hdf5_start();
    H5get_libversion(&major, &minor, &release);
    snprintf(version, sizeof version, "%u.%u.%u", major, minor, release);
    return version;
}
