/* What a new results file holds: dimensions, coordinates, hyperparameters, one empty array for each field of
 * the record and the attributes that describe them. Only this folder uses it. */
#ifndef PICKY_RESULTS_SCHEMA_H
#define PICKY_RESULTS_SCHEMA_H

#include "description.h"

#include <hdf5.h>

#define RESULTS_PROVENANCE "provenance" /* the group of what may differ between two runs of a sweep */

#define RESULTS_SHARD "shard" /* its attribute, "i/n"; not there: the file is for the whole sweep */
/* The attribute that marks a file of made-up records (record_layout.is_null); other files lack it. */
#define RESULTS_NULL_JOBS "null_jobs"

/* Most axes of a field's array: config and replicate, the field's own, and the characters of a text. */
#define FIELD_AXES_MAX (FIELD_DIMENSIONS_MAX + 3)

#define RESULTS_RUNS  RESULTS_PROVENANCE "/runs"  /* the group of the log of runs */
#define RESULTS_PLANS RESULTS_PROVENANCE "/plans" /* of the sweeps that the file was to hold, a row each; may lack */

/* The log of runs: arrays of that group, each [RESULTS_RUNS_MAX] (a text's with its characters). */
enum { RUN_START, RUN_END, RUN_RANKS, RUN_JOBS, RUN_HOSTS, RUN_VERSION, N_RUN_COLUMNS };
struct run_column {
    const char *name;
    enum field_type type;
    const char *unit, *meaning;
};
extern const struct run_column run_columns[N_RUN_COLUMNS];

/* Settings that the file (its root group) is created with, owned by the caller (H5Pclose); negative on failure. */
hid_t results_schema_creation(void);

/* The two fill a file just created with results_schema_creation: the first with all but the texts and the log of runs
 * of /provenance, the second with those. The file is closed in between: they differ in length and number between runs
 * of a sweep, and so stay behind all other bytes, which are the same at the same places. ERROR_FATAL on failing I/O or
 * memory. */
enum error_code results_schema_write(hid_t file, const struct results_description *description, struct error *error);
enum error_code results_schema_write_provenance(hid_t file, const struct results_description *description,
                                                struct error *error);

#endif
