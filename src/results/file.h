/* A results file as a name in a directory: made beside as FILE.picky-draft, given its name when it is whole, locked by
 * its one writer. This folder and analysis/file use it. */
#ifndef PICKY_RESULTS_FILE_H
#define PICKY_RESULTS_FILE_H

#include "description.h"

/* Makes the whole of a new file, without results, as *temporary, beside `path` and named for it. *descriptor holds its
 * locks, which keep every other run away from *temporary and, later, from the file. The caller owns both (*descriptor
 * also on error, if it is not negative) and ends with results_file_publish, or by unlinking and freeing *temporary,
 * which on error is NULL. ERROR_INPUT for a path that exists unless `replaces`, that cannot be written or that another
 * run is about to create, and for a size that the filesystem cannot hold; ERROR_FATAL for failing I/O and memory. */
enum error_code results_file_make(int *descriptor, char **temporary, const char *path, bool replaces,
                                  const struct results_description *description, struct error *error);

/* Makes the file durable and gives it its name, in place of the file that has it if `replaces`. On error
 * (ERROR_INPUT: the name has been taken meanwhile; ERROR_FATAL) *temporary is gone, and so is `path` unless it was
 * there before. */
enum error_code results_file_publish(int descriptor, const char *temporary, const char *path, bool replaces,
                                     struct error *error);

/* Opens the file and locks it as asked. ERROR_INPUT if it is not there, not a file, or if another run writes it (or,
 * RESULTS_WRITING, reads it so that nobody may). *descriptor belongs to the caller, also on error if it is not
 * negative. Warns on stderr if the filesystem has no locks. */
enum error_code results_file_open(int *descriptor, const char *path, enum results_access access, struct error *error);

/* Whether a run is writing the file: its lock is looked at and not taken. */
bool results_file_is_written(int descriptor);

/* The bytes that the per-job arrays of a full file take, for plans and checks. */
double results_file_size(const struct record_layout *layout, size_t n_configs, int64_t replicates);

/* The version of the HDF5 library in use, e.g. "1.10.8". Static. */
const char *results_hdf5_version(void);

#endif
