/* Jobs that are run by the public interface, and their records. */
#ifndef PICKY_JOB_FIXTURE_H
#define PICKY_JOB_FIXTURE_H

#include "job.h"
#include "job_record.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { STORE_ALL = STORE_WEIGHTS | STORE_INITIAL_WEIGHTS | STORE_TEST_SET | STORE_TRAIN_SET };

/* Of records with all arrays, of configurations [n] or of jobs [n]. */
struct record_layout layout_of(const struct hyperparameters *configs, size_t n);
struct record_layout layout_of_jobs(const struct job *jobs, size_t n);

/* calloc that does not fail. */
void *allocate(size_t n, size_t size);

/* Hyperparameters from text: name, value, name, value, ..., NULL; the rest are defaults. Checked. */
struct hyperparameters hyperparameters_of(const char *name, ...);

/* Records by the place of their job in a list. */
struct records {
    size_t n_bytes, n, n_done;
    unsigned char *bytes; /* [n][n_bytes], owned */
    bool *is_done;        /* [n], owned */
};
void records_free(struct records *records);
const void *record_at(const struct records *records, size_t i);

/* A job_done that puts the record into `context`, a struct records. */
enum error_code collect(void *context, const struct job *job, const void *record, struct error *error);

/* Runs jobs [n] (config is set to their places), added in the order of `order` [n] (NULL: as they are), with packs of
 * so many bytes. */
struct records run_in_memory(const struct record_layout *layout, const struct job *jobs, const size_t *order, size_t n,
                             uint64_t memory);
struct records run_in_order(const struct record_layout *layout, const struct job *jobs, const size_t *order, size_t n);
struct records run(const struct record_layout *layout, const struct job *jobs, size_t n);

/* Values of a record. */
const float *floats(const struct record_layout *layout, const void *record, enum field field);
int status_of(const struct record_layout *layout, const void *record);
int attempts_of(const struct record_layout *layout, const void *record);

/* The name of a field in which two records of one layout differ, provenance aside; NULL if there is none. */
const char *field_that_differs(const struct record_layout *layout, const void *a, const void *b);

/* Fails if there is one. */
void assert_same_bits(const struct record_layout *layout, const void *a, const void *b);

#endif
