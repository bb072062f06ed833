/* A file that a command writes: whole under its name, or not there. */
#ifndef PICKY_OUTPUT_H
#define PICKY_OUTPUT_H

#include "error.h"

#include <stdio.h>

/* A file being written. */
struct output {
    FILE *file; /* write here; the first error of a write is found by output_finish */
    char *path, *part;
};

/* Starts to write `path`; NULL is standard output. The text goes into PATH.part; what is no plain file (a pipe, a
 * device) is written directly. `input`, the file that the text is made from, is refused as a path. ERROR_INPUT if
 * it cannot be written. Ended by output_finish or output_abandon. */
enum error_code output_begin(struct output *output, const char *path, const char *input, struct error *error);

/* Puts the complete file in its place, over an older one. ERROR_FATAL if anything could not be written; an older
 * file is then untouched. */
enum error_code output_finish(struct output *output, struct error *error);

/* Removes what has been written. An all-zero or finished output is allowed. */
void output_abandon(struct output *output);

#endif
