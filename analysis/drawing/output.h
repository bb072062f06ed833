/* A file that a command writes: whole under its name, or not there; and in the place of nothing that would be missed.
 */
#ifndef PICKY_OUTPUT_H
#define PICKY_OUTPUT_H

#include "contents.h"
#include "errors.h"

#include <stdbool.h>
#include <stdio.h>

/* Where an output goes. Strings are borrowed. */
struct output_place {
    const char *path; /* NULL and "-" are standard output */
    enum output_format format;
    const char *input; /* the file that it is made from */
    bool is_forced;    /* --force */
};

/* A file being written. */
struct output {
    FILE *file; /* write here; the first error of a write is found by output_finish */
    struct output_place place;
    char *target; /* the path, its symbolic links followed; NULL if it is written directly */
    char *part;   /* the file's name until it is whole; NULL if it is written directly */
};

/* ERROR_INPUT if the place is taken: by a folder, by the input itself or by a file that somebody is writing (picky, or
 * any program that locks HDF5 files as HDF5 does); unless forced, by what does not give way to the format
 * (contents.h). Touches nothing. */
enum error_code output_check(const struct output_place *place, struct error *error);

/* Starts to write, if output_check finds nothing. The text goes into PATH.N.part, beside the file that symbolic links
 * lead to; what is no plain file (a pipe, a device, /dev/stdout, /dev/fd/N) is written directly. ERROR_INPUT if it
 * cannot be written. Ended by output_finish or output_abandon. */
enum error_code output_begin(struct output *output, const struct output_place *place, struct error *error);

/* The same for a program that takes a name: it finds the empty file output->part. Checks nothing. */
enum error_code output_begin_named(struct output *output, const struct output_place *place, struct error *error);

/* Puts the complete file in its place, over an older one, whose permissions it takes. ERROR_INPUT if the place has been
 * taken meanwhile (output_check), ERROR_FATAL if anything could not be written; an older file is then untouched. */
enum error_code output_finish(struct output *output, struct error *error);

/* Removes what has been written. An all-zero or finished output is allowed. */
void output_abandon(struct output *output);

#endif
