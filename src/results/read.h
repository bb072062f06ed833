/* What a results file says of its own sweep, read with suspicion: it may be damaged, or another program's. This folder
 * and analysis/file use it. Every error is ERROR_INPUT, one line "FILE: what is wrong", or ERROR_FATAL for memory. */
#ifndef PICKY_RESULTS_READ_H
#define PICKY_RESULTS_READ_H

#include "description.h"

#include <hdf5.h>

/* The sweep's sizes, as the file has them, and what the file lacks because it is older than this picky. */
struct results_header {
    int64_t version;    /* of its schema */
    int64_t arithmetic; /* of the models in it (build.h) */
    uint64_t n_measures;
    uint64_t lacking; /* fields that came with later schemas, bits 1 << enum field */
    int64_t seed;
    uint64_t n_configs, replicates; /* both >= 1; their product is the number of slots */
    unsigned store;                 /* enum store bits */
    struct shard shard;             /* 1/1: the whole sweep */
    bool is_null;                   /* its records are made up: no results */
    /* Bytes from the file's start: one byte a slot, config by config; HADDR_UNDEF: it does not lie in one piece. */
    haddr_t status_offset;
};

/* Opens a file with H5F_ACC_RDONLY or H5F_ACC_RDWR. The caller closes *file, which is negative on error. */
enum error_code results_read_open(hid_t *file, const char *path, unsigned flags, struct error *error);

/* The same for one who reads much, in small pieces, of the slots that were done before: HDF5 keeps what lies around a
 * piece, so that what has been read once may be read again as it was. */
enum error_code results_read_open_sieved(hid_t *file, const char *path, struct error *error);

/* Reads the header: that it is picky's, of a schema that this picky knows, and complete as far as that shows. */
enum error_code results_read_header(hid_t file, const char *path, struct results_header *header, struct error *error);

/* Makes `layout` that of the file's records: for its configurations [header->n_configs], without what it lacks. Errors
 * as record_layout_make's. */
enum error_code results_read_layout(const struct results_header *header, const struct hyperparameters *configs,
                                    struct record_layout *layout, struct error *error);

/* Reads a text attribute of an object of the file ("." is the file itself). The caller frees *text with H5free_memory.
 */
enum error_code results_read_text(hid_t file, const char *path, const char *object, const char *name, char **text,
                                  struct error *error);

/* Reads which hyperparameters are swept: swept [n_hyperparameters]. */
enum error_code results_read_swept(hid_t file, const char *path, bool *swept, struct error *error);

/* Reads one hyperparameter of configurations first .. first + n - 1 (n >= 1) into configs [n], whose other values are
 * left alone; so is this one if the file is older than the hyperparameter: configs must hold the defaults. second_task
 * and the tasks are one thing: the row of the tasks reads both, and that of second_task alone is not yet all. */
enum error_code results_read_row(hid_t file, const char *path, const struct hyperparameter *row, uint64_t first,
                                 size_t n, struct hyperparameters *configs, struct error *error);

/* Reads all configurations [header->n_configs], which the caller frees, and checks that they are such as a sweep may
 * hold. */
enum error_code results_read_configs(hid_t file, const char *path, const struct results_header *header,
                                     struct hyperparameters **configs, struct error *error);

/* Reads the statuses of slots first .. first + n - 1 from an open descriptor of the file, and checks that each is one.
 */
enum error_code results_read_status(int descriptor, const char *path, const struct results_header *header,
                                    uint64_t first, size_t n, uint8_t *status, struct error *error);

/* Checks statuses of slots first .. first + n - 1 that have been read. */
enum error_code results_check_status(const char *path, const struct results_header *header, uint64_t first, size_t n,
                                     const uint8_t *status, struct error *error);

/* Opens dataset `name` and checks its shape, size [n_axes], and its type. The caller closes *dataset, which is negative
 * on error. */
enum error_code results_read_array(hid_t file, const char *path, const char *name, int n_axes, const hsize_t *size,
                                   enum field_type type, hid_t *dataset, struct error *error);

/* Checks that dataset `name` lies in one piece, as picky makes it, and where: *offset. */
enum error_code results_read_offset(hid_t dataset, const char *path, const char *name, haddr_t *offset,
                                    struct error *error);

#endif
