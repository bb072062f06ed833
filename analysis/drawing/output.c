#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* symbolic links that lead to a file; Linux's own limit */

/* Where a path leads. */
struct destination {
    char *name;     /* what its symbolic links lead to, there or not, in a folder's real name */
    int descriptor; /* the open file of this process that it stands for (/dev/stdout), else -1 */
    bool exists;
    struct stat status; /* if it exists */
};

/* ---- Where ---- */

/* The path with its folder's real name, in a new string; NULL (errno) if the folder is not there. */
static char *with_real_folder(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    char *real = folder ? realpath(folder, NULL) : NULL, *result = NULL;
    if (real && asprintf(&result, "%s/%s", strcmp(real, "/") == 0 ? "" : real, base) < 0)
        result = NULL;
    free(real);
    free(folder);
    return result;
}

/* The descriptor that /proc/PID/fd/N is one of this process, -1 if it is something else. */
static int descriptor_of(const char *name)
{
    char folder[64], *end;
    int length = snprintf(folder, sizeof folder, "/proc/%ld/fd/", (long)getpid());
    if (strncmp(name, folder, (size_t)length) != 0)
        return -1;
    long n = strtol(name + length, &end, 10);
    return end == name + length || *end || n < 0 || fcntl((int)n, F_GETFD) < 0 ? -1 : (int)n;
}

/* What a symbolic link says, as a path; NULL (errno) if it cannot be read. */
static char *read_link(const char *name)
{
    char text[4096], *result = NULL;
    ssize_t length = readlink(name, text, sizeof text - 1);
    if (length < 0)
        return NULL;
    text[length] = '\0';
    int folder = (int)(strrchr(name, '/') - name) + 1;
    if (asprintf(&result, "%.*s%s", *text == '/' ? 0 : folder, name, text) < 0)
        return NULL;
    return result;
}

/* Follows a path link by link, so that it may lead to what is not there. On success the caller frees d->name. */
static enum error_code follow(const char *path, struct destination *d, struct error *error)
{
    char *name = strdup(path);
    for (int n_links = 0; name; n_links++) {
        char *next = with_real_folder(name);
        free(name);
        name = next;
        if (!name)
            break;
        *d = (struct destination){.name = name, .descriptor = descriptor_of(name)};
        d->exists = (d->descriptor >= 0 ? fstat(d->descriptor, &d->status) : lstat(name, &d->status)) == 0;
        bool is_link = d->exists && S_ISLNK(d->status.st_mode);
        if (!is_link && (d->exists || errno == ENOENT))
            return ERROR_NONE;
        next = is_link && n_links < LINKS_MAX ? read_link(name) : NULL;
        int reason = is_link && n_links >= LINKS_MAX ? ELOOP : errno;
        free(name);
        name = next;
        errno = reason;
    }
    return error_set(error, ERROR_INPUT, "cannot write %s: %s", path, strerror(errno));
}

/* ---- What is there ---- */

/* Whether picky writes the file (an OFD lock), or another HDF5 program (flock, which can only be looked at by taking it
 * for a moment, beside readers). */
static bool is_written(int descriptor)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
        return true;
    return contents_are_hdf5(descriptor) && flock(descriptor, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Whether all that is written through the descriptor comes behind what the file holds, as after ">>". */
static bool is_at_end(const struct destination *d)
{
    int flags = fcntl(d->descriptor, F_GETFL);
    return (flags >= 0 && (flags & O_APPEND)) || lseek(d->descriptor, 0, SEEK_CUR) >= d->status.st_size;
}

static enum error_code check_file(const struct output_place *place, const struct destination *d, struct error *error)
{
    char name[64];
    const char *what = "an HDF5 file";
    snprintf(name, sizeof name, "/proc/self/fd/%d", d->descriptor);
    int descriptor = open(d->descriptor < 0 ? d->name : name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return error_set(error, ERROR_INPUT, "-o %s: cannot see what is there: %s; allowed: another name", place->path,
                         strerror(errno));
    bool gives_way =
        place->is_forced || (d->descriptor >= 0 && is_at_end(d) ? !contents_are_hdf5(descriptor)
                                                                : contents_give_way(descriptor, place->format, &what));
    if (is_written(descriptor))
        error_set(error, ERROR_INPUT, "-o %s: somebody is writing this file; allowed: another name", place->path);
    else if (!gives_way)
        error_set(error, ERROR_INPUT, "-o %s: what is there is %s; allowed: another name, or --force", place->path,
                  what);
    close(descriptor);
    return error->code;
}

static enum error_code check_destination(const struct output_place *place, const struct destination *d,
                                         struct error *error)
{
    struct stat source;
    error->code = ERROR_NONE;
    if (!d->exists)
        return ERROR_NONE;
    if (S_ISDIR(d->status.st_mode))
        return error_set(error, ERROR_INPUT, "-o %s: a folder; allowed: a file's name", place->path);
    if (stat(place->input, &source) == 0 && d->status.st_dev == source.st_dev && d->status.st_ino == source.st_ino)
        return error_set(error, ERROR_INPUT, "-o %s: this is the results file itself; allowed: another name",
                         place->path);
    return S_ISREG(d->status.st_mode) ? check_file(place, d, error) : ERROR_NONE;
}

static enum error_code check_place(const struct output_place *place, const struct destination *d, struct error *error)
{
    if (!check_destination(place, d, error) && !place->is_forced && !contents_fit_name(place->path, place->format))
        error_set(error, ERROR_INPUT, "-o %s: what is written is %s; allowed: another ending, or --force", place->path,
                  contents_format_name(place->format));
    return error->code;
}

static bool is_stdout(const struct output_place *place)
{
    return !place->path || strcmp(place->path, "-") == 0;
}

enum error_code output_check(const struct output_place *place, struct error *error)
{
    struct destination d;
    error->code = ERROR_NONE;
    if (is_stdout(place))
        return ERROR_NONE;
    if (!follow(place->path, &d, error)) {
        check_place(place, &d, error);
        free(d.name);
    }
    return error->code;
}

/* ---- Writing ---- */

static void release(struct output *output)
{
    free(output->target);
    free(output->part);
    memset(output, 0, sizeof *output);
}

/* A new file called `name`.N.part, empty and open. */
static int create_part(const char *name, char **part)
{
    int descriptor = -1;
    for (long n = (long)getpid(); descriptor < 0; n++) {
        free(*part);
        if (asprintf(part, "%s.%ld.part", name, n) < 0) {
            *part = NULL;
            return -1;
        }
        descriptor = open(*part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST) {
            free(*part);
            *part = NULL;
            return -1;
        }
    }
    return descriptor;
}

static int open_destination(struct output *output, const struct destination *d, bool is_named)
{
    bool is_file = d->descriptor < 0 && (!d->exists || S_ISREG(d->status.st_mode));
    if (!is_file && !is_named)
        return d->descriptor >= 0 ? dup(d->descriptor) : open(d->name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (!is_file) {
        const char *folder = getenv("TMPDIR");
        char name[4096];
        snprintf(name, sizeof name, "%s/picky-analyse", folder && *folder ? folder : "/tmp");
        return create_part(name, &output->part);
    }
    int descriptor = create_part(d->name, &output->part);
    if (descriptor >= 0 && !(output->target = strdup(d->name))) {
        close(descriptor);
        return -1;
    }
    /* Whoever might read the older file may read this one. Not every filesystem has permissions. */
    if (descriptor >= 0 && d->exists && fchmod(descriptor, d->status.st_mode & 0777) < 0)
        errno = 0;
    return descriptor;
}

static enum error_code begin(struct output *output, const struct output_place *place, bool is_named, bool is_checked,
                             struct error *error)
{
    struct destination d;
    error->code = ERROR_NONE;
    *output = (struct output){.place = *place};
    if (is_stdout(place)) {
        output->place.path = NULL;
        output->file = stdout;
        return ERROR_NONE;
    }
    if (follow(place->path, &d, error))
        return error->code;
    if (!is_checked || !check_place(place, &d, error)) {
        int descriptor = open_destination(output, &d, is_named);
        output->file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
        if (!output->file) {
            error_set(error, ERROR_INPUT, "cannot write %s: %s", place->path, strerror(errno));
            if (descriptor >= 0)
                close(descriptor);
            if (output->part)
                unlink(output->part);
            release(output);
        }
    }
    free(d.name);
    return error->code;
}

enum error_code output_begin(struct output *output, const struct output_place *place, struct error *error)
{
    return begin(output, place, false, true, error);
}

enum error_code output_begin_named(struct output *output, const struct output_place *place, struct error *error)
{
    return begin(output, place, true, false, error);
}

/* ---- Into its place ---- */

static enum error_code cannot_write(const struct output *output, int reason, struct error *error)
{
    return error_set(error, ERROR_FATAL, "cannot write %s: %s",
                     output->place.path ? output->place.path : "to standard output",
                     reason ? strerror(reason) : "a write failed");
}

/* Gives the whole file its name, if what has that name may still be replaced. */
static enum error_code put_in_place(const struct output *output, struct error *error)
{
    check(output->place.path); /* standard output has no part to be put anywhere */
    for (;;) {
        struct destination d;
        if (follow(output->place.path, &d, error))
            return error->code;
        if (d.descriptor >= 0 || strcmp(d.name, output->target) != 0 || (d.exists && !S_ISREG(d.status.st_mode)))
            error_set(error, ERROR_INPUT, "-o %s: something else has come there meanwhile; allowed: another name",
                      output->place.path);
        else
            check_destination(&output->place, &d, error);
        free(d.name);
        if (error->code)
            return error->code;
        if (!d.exists && renameat2(AT_FDCWD, output->part, AT_FDCWD, output->target, RENAME_NOREPLACE) == 0)
            return ERROR_NONE;
        if (!d.exists && errno == EEXIST)
            continue;
        if (!d.exists && errno != EINVAL && errno != ENOSYS) /* not every filesystem knows that call */
            return cannot_write(output, errno, error);
        if (rename(output->part, output->target) == 0)
            return ERROR_NONE;
        return cannot_write(output, errno, error);
    }
}

/* Writes the part to what is no plain file. */
static enum error_code pour(const struct output *output, struct error *error)
{
    struct output direct;
    char chunk[1 << 14];
    size_t n;
    FILE *part = fopen(output->part, "r");
    if (!part)
        return cannot_write(output, errno, error);
    if (!output_begin(&direct, &output->place, error)) {
        while ((n = fread(chunk, 1, sizeof chunk, part)) > 0 && fwrite(chunk, 1, n, direct.file) == n)
            ;
        output_finish(&direct, error);
    }
    output_abandon(&direct);
    fclose(part);
    return error->code;
}

enum error_code output_finish(struct output *output, struct error *error)
{
    error->code = ERROR_NONE;
    /* The error of a write long ago has no errno any more; a full disk shows again here. */
    errno = 0;
    bool failed = fflush(output->file) != 0 || ferror(output->file);
    int reason = errno;
    if (output->place.path) {
        if (output->target && !failed && fsync(fileno(output->file)) != 0) {
            failed = true;
            reason = errno;
        }
        if (fclose(output->file) != 0 && !failed) {
            failed = true;
            reason = errno;
        }
        output->file = NULL;
    }
    if (failed)
        cannot_write(output, reason, error);
    else if (output->target)
        put_in_place(output, error);
    else if (output->part)
        pour(output, error);
    if (output->part && (error->code || !output->target))
        unlink(output->part);
    release(output);
    return error->code;
}

void output_abandon(struct output *output)
{
    if (output->place.path && output->file) {
        fclose(output->file);
        if (output->part)
            unlink(output->part);
    }
    release(output);
}
