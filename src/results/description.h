/* What results files hold and what is said of them: the words that this folder's parts share with those who call them.
 * Nothing here opens a file. */
#ifndef PICKY_RESULTS_DESCRIPTION_H
#define PICKY_RESULTS_DESCRIPTION_H

#include "errors.h"
#include "hyperparameters.h"
#include "record.h"
#include "shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef PICKY_MADE_UP /* a test's build: tests/made_up */
#define RESULTS_SCHEMA_VERSION 3
#else
#define RESULTS_SCHEMA_VERSION 2 /* docs/format.md has their history */
#endif
#define RESULTS_RUNS_MAX 256 /* rows of the log of runs; later runs share the last row */

/* One piece of the group /provenance. A text that is known at creation becomes an attribute of the group; bytes that
 * are not UTF-8 become "?". What is known later is reserved as a dataset of the group, because attributes lie in
 * metadata, which has checksums and is never rewritten: an empty (or blank) value reserves a text of FIELD_TEXT_SIZE
 * bytes for results_set_provenance; with a unit (UDUNITS), a float64 for results_set_provenance_number. */
#define RESULTS_ORIGINAL "sweep_original" /* the sweep file's text, without overrides */
struct results_attribute {
    const char *name, *value;
    const char *unit;    /* NULL: a text */
    const char *meaning; /* long_name of a dataset; NULL: of an attribute, or none */
};

/* A sweep that somebody decided to run: the first run's, and each extension's. Where the first is not known (the file
 * was made before plans were kept), start_s is NaN and the sizes are 0. */
struct results_plan {
    double start_s; /* seconds since 1970 */
    int64_t replicates, n_configs;
    int64_t max_attempts; /* the largest; 0: unknown */
};

/* What a new file says of its sweep. Everything is borrowed for the call to results_create. */
struct results_description {
    const char *name;                           /* the sweep's name, "" if it has none */
    const char *sweep_text;                     /* the sweep file's, as it was run */
    int64_t seed, replicates;                   /* replicate r of every configuration has seed + r; replicates >= 1 */
    const struct hyperparameters *configs;      /* [n_configs], checked */
    size_t n_configs;                           /* >= 1 */
    const bool *swept;                          /* [n_hyperparameters] */
    const struct record_layout *layout;         /* holds every configuration */
    const struct results_attribute *provenance; /* ends with name NULL: versions, hosts, command line, ... */
    const struct results_plan *plans;           /* [n_plans], the first one first; 0: unknown */
    size_t n_plans;
    struct shard shard; /* the part of the sweep that the file is for; 0/0: see below */
};

/* Who else may have a file open that is there already. */
enum results_access {
    RESULTS_SHARED,  /* anybody: only to be read */
    RESULTS_READING, /* other readers: nobody writes it meanwhile */
    RESULTS_WRITING, /* nobody but plain readers */
};

/* One run that writes to a file, as the file's log of runs keeps it. */
struct results_run {
    double start_s, end_s; /* seconds since 1970; the end is when it last wrote */
    int32_t n_ranks;
    int64_t n_jobs; /* done by it */
    char hosts[FIELD_TEXT_SIZE + 1], version[FIELD_TEXT_SIZE + 1];
};

/* Whether a row tells what the tasks of two configurations are: second_task where both have one, else the tasks. True
 * of other rows. */
bool results_row_tells(const struct hyperparameter *row, const struct hyperparameters *a,
                       const struct hyperparameters *b);

/* A configuration for people: "configuration 3 (hidden_size = 20, fraction = 0.5)", with what is swept
 * [n_hyperparameters]. */
#define RESULTS_LABEL_MAX 400
void results_label(const struct hyperparameters *h, const bool *swept, uint64_t config, char text[RESULTS_LABEL_MAX]);

#endif
