#include "output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(struct output *output)
{
    free(output->path);
    free(output->part);
    memset(output, 0, sizeof *output);
}

enum error_code output_begin(struct output *output, const char *path, const char *input, struct error *error)
{
    struct stat old, source;

    memset(output, 0, sizeof *output);
    if (!path) {
        output->file = stdout;
        return ERROR_NONE;
    }
    bool exists = stat(path, &old) == 0;
    if (exists && stat(input, &source) == 0 && old.st_dev == source.st_dev && old.st_ino == source.st_ino)
        return error_set(error, ERROR_INPUT, "-o %s: this is the results file itself; allowed: another name", path);
    if (exists && S_ISDIR(old.st_mode))
        return error_set(error, ERROR_INPUT, "-o %s: a folder; allowed: a file's name", path);
    output->path = strdup(path);
    if (!output->path || (!(exists && !S_ISREG(old.st_mode)) && asprintf(&output->part, "%s.part", path) < 0)) {
        output->part = NULL;
        release(output);
        return error_set(error, ERROR_FATAL, "not enough memory");
    }
    output->file = fopen(output->part ? output->part : path, "w");
    if (!output->file) {
        error_set(error, ERROR_INPUT, "cannot write %s: %s", output->part ? output->part : path, strerror(errno));
        release(output);
        return error->code;
    }
    return ERROR_NONE;
}

enum error_code output_finish(struct output *output, struct error *error)
{
    const char *name = output->path ? output->path : "to standard output";

    /* The error of a write long ago has no errno any more; a full disk shows again here. */
    errno = 0;
    bool failed = fflush(output->file) != 0 || ferror(output->file);
    int reason = errno;
    if (output->path) {
        if (output->part && !failed && fsync(fileno(output->file)) != 0) {
            failed = true;
            reason = errno;
        }
        if (fclose(output->file) != 0 && !failed) {
            failed = true;
            reason = errno;
        }
        output->file = NULL;
        if (!failed && output->part && rename(output->part, output->path) != 0) {
            failed = true;
            reason = errno;
        }
        if (failed && output->part)
            unlink(output->part);
    }
    error->code = ERROR_NONE;
    if (failed)
        error_set(error, ERROR_FATAL, "cannot write %s: %s", name, reason ? strerror(reason) : "a write failed");
    release(output);
    return error->code;
}

void output_abandon(struct output *output)
{
    if (output->path && output->file) {
        fclose(output->file);
        if (output->part)
            unlink(output->part);
    }
    release(output);
}
