/* The per-job arrays of a results file, open: one for each field of its records. This folder and analysis/file use it.
 */
#ifndef PICKY_RESULTS_ARRAYS_H
#define PICKY_RESULTS_ARRAYS_H

#include "record.h"
#include "schema.h"

#include <hdf5.h>

struct results_array {
    hid_t dataset, space, type;   /* negative if the layout lacks the field; space's selection is scratch */
    const char *name;             /* of the field; static */
    int n_axes;                   /* configuration, replicate, the field's own, a text's characters */
    hsize_t size[FIELD_AXES_MAX]; /* of each */
    size_t n_bytes;               /* of one slot */
};

/* None is open: to be called first. */
void results_arrays_clear(struct results_array arrays[N_FIELDS]);

/* Opens the array of a field and checks its shape and type, wherever it lies. To be followed by results_array_close,
 * also on error: as results_arrays_open. */
enum error_code results_array_open(struct results_array *array, enum field field, hid_t file, const char *path,
                                   const struct record_layout *layout, uint64_t n_configs, uint64_t replicates,
                                   struct error *error);
void results_array_close(struct results_array *array);

/* Opens the arrays of all fields of `layout` and checks their shapes and types, and that each lies in one piece. To be
 * followed by results_arrays_close, also on error: ERROR_INPUT for a file that lacks one of them or has it otherwise,
 * ERROR_FATAL for memory. */
enum error_code results_arrays_open(struct results_array arrays[N_FIELDS], hid_t file, const char *path,
                                    const struct record_layout *layout, uint64_t n_configs, uint64_t replicates,
                                    struct error *error);
void results_arrays_close(struct results_array arrays[N_FIELDS]);

/* Reads or writes the slots of a rectangle, in the order of (config, replicate): n_rows consecutive configurations from
 * `config` on, of each n_columns replicates from `replicate` on, `stride` apart. `values` [n_rows][n_columns] of
 * array->n_bytes; `path` is for messages. ERROR_FATAL if it fails. */
enum error_code results_array_read(struct results_array *array, const char *path, uint64_t config, uint64_t replicate,
                                   uint64_t stride, size_t n_rows, size_t n_columns, void *values, struct error *error);
enum error_code results_array_write(struct results_array *array, const char *path, uint64_t config, uint64_t replicate,
                                    size_t n_rows, size_t n_columns, const void *values, struct error *error);

#endif
