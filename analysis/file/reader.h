/* The reader of results files: everything that the analysis commands know of a file comes through here.
 *
 * Works on a file that a sweep is still writing: `status` is read first and once; a slot that it shows as
 * done is complete on disk, whatever is read of it later. Every fault of a file is ERROR_INPUT with one
 * line "FILE: what is wrong", ERROR_FATAL if it cannot be read. Opening, header, names and arrays are src/results'. */
#ifndef PICKY_READER_H
#define PICKY_READER_H

#include "errors.h"
#include "hyperparameters.h"
#include "record.h"
#include "shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READER_CHUNK_BYTES (8u << 20) /* what one reader_read should fetch at most, if it can */

/* An open results file. Fields are for reading only. Owns all that it points to; ended by reader_close. */
struct reader {
    char *path;
    char *name; /* the sweep's name, "" if it has none */
    size_t n_configs, n_replicates;
    struct shard shard;              /* the part of the sweep that the file is for; 1/1: all of it */
    struct hyperparameters *configs; /* [n_configs], checked */
    uint8_t *status;                 /* [n_configs, n_replicates], enum job_status, as it was when opened */
    bool *swept;                     /* [n_hyperparameters]: differs between configurations */
    struct record_layout layout;     /* sizes of the file's dimensions; what is stored */
    struct reader_handles *handles;  /* open HDF5 objects */
    unsigned chosen;                 /* models_choose: statuses of the models that are counted; 0: accepted ones */
    uint8_t *is_dead;      /* [n_configs, n_replicates]: rejected models that learned nothing; NULL until asked for */
    struct ticker *ticker; /* told of models whose importances are read; set and unset by commands, may be NULL */
};

/* Opens `path`, checks that it is a results file of a known schema and loads status and configurations.
 * The caller owns *reader. ERROR_INPUT for any fault of the file, ERROR_FATAL if memory is short. */
enum error_code reader_open(struct reader **reader, const char *path, struct error *error);
void reader_close(struct reader *reader); /* NULL is allowed */

/* The newest schema that can be read. */
int reader_schema_version(void);

/* Part of a field's array: `start` and `count` elements along each of the field's own dimensions (those of
 * record_fields, config and replicate not included). */
struct reader_part {
    uint64_t start[FIELD_DIMENSIONS_MAX], count[FIELD_DIMENSIONS_MAX];
};

/* The whole array of a field. */
struct reader_part reader_whole(const struct reader *reader, enum field field);

/* Bytes that one replicate's `part` of `field` takes, and how many replicates (at least 1) are best read at
 * once: as many as READER_CHUNK_BYTES hold, at most all. */
size_t reader_part_bytes(enum field field, const struct reader_part *part);
size_t reader_chunk(const struct reader *reader, enum field field, const struct reader_part *part);

/* ERROR_INPUT if the file lacks one of the fields [n] or one is not as it should be: for commands that print as
 * they read. */
enum error_code reader_require(struct reader *reader, const enum field *fields, size_t n, struct error *error);

/* Reads `part` of `field` for replicates first .. first + n - 1 of one configuration into `buffer`
 * [n, count...], row-major, of the field's type (FIELD_TEXT: FIELD_TEXT_SIZE bytes each, NUL padded). Pending slots
 * read as zeros or worse: mask by status. ERROR_INPUT if the file lacks the field or cannot be read. */
enum error_code reader_read(struct reader *reader, enum field field, size_t config, size_t first, size_t n,
                            const struct reader_part *part, void *buffer, struct error *error);

/* How many measures the file has: the first ones of measure_table. A model that was taken over from an older file may
 * lack the last of them (NaN throughout): models_with_measure. */
int reader_n_measures(const struct reader *reader);

/* The seed of replicate 0. */
int64_t reader_first_seed(const struct reader *reader);

/* The arithmetic of its models (build.h). */
int64_t reader_arithmetic(const struct reader *reader);

/* Status of one slot. */
enum job_status reader_status(const struct reader *reader, size_t config, size_t replicate);

/* Adds up the slots of one configuration, those of the file's shard, by status: counts[enum job_status] (overwritten).
 */
void reader_count(const struct reader *reader, size_t config, uint64_t counts[N_STATUSES]);

#endif
