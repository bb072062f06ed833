/* The log of runs in /provenance/runs: a row for each run that wrote to the file. This folder and analysis/file use it.
 */
#ifndef PICKY_RESULTS_RUNS_H
#define PICKY_RESULTS_RUNS_H

#include "schema.h"

/* Cuts and pads to FIELD_TEXT_SIZE. */
void results_fixed_text(char text[FIELD_TEXT_SIZE + 1], const char *value);

/* Writes one value of the log: `value` is of the column's type (a text: FIELD_TEXT_SIZE bytes). `path` is for messages.
 * ERROR_FATAL if that fails. */
enum error_code results_runs_write(hid_t file, const char *path, int column, int row, const void *value,
                                   struct error *error);

/* The number of rows that are used. ERROR_INPUT, saying that the file is damaged, if it cannot be read. */
enum error_code results_runs_count(hid_t file, const char *path, int *n_runs, struct error *error);

/* Writes a row. ERROR_FATAL if that fails. */
enum error_code results_runs_write_row(hid_t file, const char *path, int row, const struct results_run *run,
                                       struct error *error);

/* Reads a row. ERROR_INPUT, saying that the file is damaged, if that fails. */
enum error_code results_runs_read(hid_t file, const char *path, int row, struct results_run *run, struct error *error);

#endif
