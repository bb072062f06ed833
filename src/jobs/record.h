/* A job's record: everything that is kept of it, described once.
 *
 * record_fields is the single source for the wire format (a record is sent as its bytes), the datasets
 * of the results file with their attributes, and whoever reads them. A record is one block of bytes:
 * the arrays of the fields one after another, each at an offset that record_layout computes from the
 * sweep's sizes. All records of a sweep have the same layout; its sizes are the sweep's maxima, and
 * what a smaller configuration lacks is padding (NaN, or the field's own padding value). */
#ifndef PICKY_RECORD_H
#define PICKY_RECORD_H

#include "hyperparameters.h"
#include "interrupt.h"
#include "measures.h"

#include <stddef.h>
#include <stdint.h>

/* Dimensions of arrays. The values index record_layout.size and are never renumbered. */
enum dimension {
    DIMENSION_EPOCH = 0, /* training history, 0 = untrained */
    DIMENSION_TASK = 1,
    DIMENSION_LAYER = 2,        /* hidden layers, 1..L */
    DIMENSION_UNIT = 3,         /* units of a hidden layer */
    DIMENSION_UNIT_IN = 4,      /* units of the hidden layer before */
    DIMENSION_HIDDEN_LAYER = 5, /* hidden layers fed by a hidden layer, 2..L */
    DIMENSION_INPUT = 6,        /* x0, x1, ... */
    DIMENSION_MEASURE = 7,      /* measure_table */
    DIMENSION_PAIR = 8,         /* pairs of tasks A < B: (1,2), (1,3), (2,3), (1,4), ... (measures.h) */
    DIMENSION_ATTEMPT = 9,
    DIMENSION_SAMPLE = 10,       /* test samples of one task */
    DIMENSION_TRAIN_SAMPLE = 11, /* training samples */
    DIMENSION_CONSTANT = 12,     /* r0..r9, if a formula has any of them */
    N_DIMENSIONS = 13,
};
extern const char *const dimension_names[N_DIMENSIONS]; /* names in the results file */

/* Values of the status field. */
enum job_status {
    STATUS_PENDING = 0,
    STATUS_ACCEPTED = 1,
    STATUS_REJECTED = 2, /* all attempts missed the error threshold; arrays are the last attempt's */
    STATUS_DIVERGED = 3, /* the last attempt met a number that is not finite */
    STATUS_ERROR = 4,    /* the job could not run */
    N_STATUSES = 5,
};
extern const char *const status_names[N_STATUSES];

enum field_type { FIELD_F32, FIELD_F64, FIELD_U8, FIELD_U16, FIELD_I32, FIELD_I64, FIELD_TEXT };
#define FIELD_TEXT_SIZE 96 /* bytes of a FIELD_TEXT value, NUL padded */

/* What the sweep's `store` chooses: bits. STORE_ALWAYS fields are in every file. */
enum store {
    STORE_ALWAYS = 0,
    STORE_WEIGHTS = 1,
    STORE_INITIAL_WEIGHTS = 2,
    STORE_TEST_SET = 4,
    STORE_TRAIN_SET = 8,
    /* Neither of the two: relative importance is stored if the sweep's largest number of tasks is 2. */
    STORE_RELATIVE_IMPORTANCE = 16,
    STORE_NO_RELATIVE_IMPORTANCE = 32,
};
struct store_name {
    const char *name; /* as in a sweep's store = [...] */
    unsigned bit;
};
extern const struct store_name store_names[]; /* ends with name NULL */

/* Fields in record order. They index record_fields and record_layout.offset. */
enum field {
    FIELD_STATUS,
    FIELD_SEED,
    FIELD_ATTEMPTS,
    FIELD_ATTEMPT_ERROR,
    FIELD_TRAIN_LOSS,
    FIELD_TEST_ERROR,
    FIELD_TEST_LOSS,
    FIELD_IMPORTANCE,
    FIELD_RELATIVE_IMPORTANCE,
    FIELD_LOSS_CHANGE,
    FIELD_MEAN_ACTIVATION,
    FIELD_INPUT_WEIGHTS,
    FIELD_HIDDEN_WEIGHTS,
    FIELD_CONTEXT_WEIGHTS,
    FIELD_BIASES,
    FIELD_OUTPUT_WEIGHTS,
    FIELD_OUTPUT_BIAS,
    FIELD_INITIAL_INPUT_WEIGHTS,
    FIELD_INITIAL_HIDDEN_WEIGHTS,
    FIELD_INITIAL_CONTEXT_WEIGHTS,
    FIELD_INITIAL_OUTPUT_WEIGHTS,
    FIELD_TEST_INPUTS,
    FIELD_TRAIN_INPUTS,
    FIELD_TRAIN_TASK,
    FIELD_RANDOM_CONSTANTS,
    FIELD_WALL_TIME,
    FIELD_RANK,
    FIELD_REASON,
    N_FIELDS,
};

#define FIELD_DIMENSIONS_MAX 4

/* One row of the field table. All strings are static. */
struct field_description {
    const char *name;
    enum field_type type;
    int n_dimensions;
    enum dimension
        dimensions[FIELD_DIMENSIONS_MAX]; /* slowest first; config and replicate come before them in the file */
    const char *unit;                     /* UDUNITS string, "1" if dimensionless, "" if it has none */
    const char *meaning;                  /* becomes long_name */
    unsigned store;                       /* enum store bit, or STORE_ALWAYS */
    bool is_provenance;                   /* may differ between two runs of one job; kept in /provenance */
    int since;                            /* the file's schema that has it first; an older file lacks it */
};
extern const struct field_description record_fields[N_FIELDS];

size_t field_type_size(enum field_type type); /* bytes of one element */

/* Where each array of a record lies. Plain data: may be copied and sent. */
struct record_layout {
    uint64_t size[N_DIMENSIONS]; /* the sweep's maxima */
    uint64_t store;              /* enum store bits */
    uint64_t offset[N_FIELDS];   /* bytes from the record's start, a multiple of 8; UINT64_MAX if not stored */
    uint64_t n_elements[N_FIELDS];
    uint64_t n_bytes; /* of a whole record */
    uint64_t
        is_null; /* 1: the records are made up, nothing is trained (null_job.h); else 0, as record_layout_make says */
};

/* Computes the layout that holds every configuration of `configs` [n_configs] (checked
 * hyperparameters). A field is absent if `store` does not choose it or if one of its dimensions is 0
 * (hidden_weights with one hidden layer). ERROR_INPUT if a record would be larger than 2 GiB. */
enum error_code record_layout_make(struct record_layout *layout, const struct hyperparameters *configs,
                                   size_t n_configs, unsigned store, struct error *error);

/* Makes the layout that of an older file: with its first n_measures measures only, and without the fields in the set
 * `lacking` (bits 1 << enum field). Other fields keep their contents, not their places. ERROR_INPUT as above. */
enum error_code record_layout_keep(struct record_layout *layout, uint64_t n_measures, uint64_t lacking,
                                   struct error *error);

/* Pointer to a field's array inside a record (borrowed), or NULL if the layout lacks the field. The
 * type is the field's; elements are in row-major order over the layout's sizes. */
void *record_field(const struct record_layout *layout, void *record, enum field field);
const void *record_field_const(const struct record_layout *layout, const void *record, enum field field);

/* An empty record: floats NaN (one fixed bit pattern), train_task 255, the rest 0. */
void record_clear(const struct record_layout *layout, void *record);

/* The same, and ends early once `interrupt` is set (interrupt.h): a record may have 2 GiB. */
void record_clear_unless(const atomic_bool *interrupt, const struct record_layout *layout, void *record);

/* Makes a failed job's record canonical: all but status, seed, attempts and provenance is cleared. */
void record_clear_results(const struct record_layout *layout, void *record);

#endif
