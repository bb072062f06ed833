/* The results file: one HDF5 file that holds a sweep. The only user of HDF5 in picky (the analysis
 * tools have their own reader; text_heaps.h serves both). Layer 5. Written by one process, readable by all at any
 * moment.
 *
 * Write order (why a killed run leaves a whole file): everything is created up front in FILE.picky-draft, which
 * is closed, synced and renamed; after that no metadata changes. A batch writes data, syncs (in a thread of its own),
 * then writes status: a slot whose status is not pending is complete on disk.
 *
 * Not for several threads: all calls come from one. The process must ignore SIGXFSZ (else a file size
 * limit kills it before its error is seen). */
#ifndef PICKY_RESULTS_H
#define PICKY_RESULTS_H

#include "errors.h"
#include "hyperparameters.h"
#include "record.h"
#include "shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RESULTS_SCHEMA_VERSION 1
#define RESULTS_RUNS_MAX       256 /* rows of the log of runs; later runs share the last row */

/* One piece of the group /provenance. A text that is known at creation becomes an attribute of the group; bytes that
 * are not UTF-8 become "?". What is known later is reserved as a dataset of the group, because attributes lie in
 * metadata, which has checksums and is never rewritten: an empty (or blank) value reserves a text of FIELD_TEXT_SIZE
 * bytes for results_set_provenance; with a unit (UDUNITS), a float64 for results_set_provenance_number. */
struct results_attribute {
    const char *name, *value;
    const char *unit; /* NULL: a text */
};

/* What a new file says of its sweep. Everything is borrowed for the call to results_create. */
struct results_description {
    const char *name;                           /* the sweep's name, "" if it has none */
    const char *sweep_text;                     /* the whole sweep file */
    int64_t seed, replicates;                   /* replicate r of every configuration has seed + r; replicates >= 1 */
    const struct hyperparameters *configs;      /* [n_configs], checked */
    size_t n_configs;                           /* >= 1 */
    const bool *swept;                          /* [n_hyperparameters] */
    const struct record_layout *layout;         /* holds every configuration */
    const struct results_attribute *provenance; /* ends with name NULL: versions, hosts, command line, ... */
    struct shard shard;                         /* the part of the sweep that the file is for; 0/0: see below */
};

/* Who else may have a file open that is there already. */
enum results_access {
    RESULTS_SHARED,  /* anybody: only to be read */
    RESULTS_READING, /* other readers: nobody writes it meanwhile */
    RESULTS_WRITING, /* nobody but plain readers */
};

struct results;

/* Creates the file, with every slot pending; it must not exist. It has the shape of the whole sweep also if it is for a
 * shard of it (0/0: it is not); what it says of jobs, done, pending or counted, is then of the shard's. Does nothing to
 * an existing file (ERROR_INPUT). ERROR_INPUT also for a path that cannot be written, for one that another run is about
 * to create and for a size that the filesystem cannot hold; ERROR_FATAL for failing I/O and memory. On error no file is
 * left behind. Warns on stderr if the filesystem has no locks. The caller owns *results (results_close). */
enum error_code results_create(struct results **results, const char *path,
                               const struct results_description *description, struct error *error);

/* Opens an existing file to go on with it: what is done in it stays, and only pending slots can be put. The file must
 * hold the description's sweep: hyperparameters of every configuration, replicates, seed, store (name, text, swept and
 * provenance may differ). ERROR_INPUT, the file untouched, for a file that cannot be opened, that another run is
 * writing, that is not picky's, is of a newer schema, is damaged or truncated, or holds another sweep; then each
 * difference is a line on `lines` (borrowed), "picky: FILE: KEY: OLD in the file, NEW in the sweep", at most 20 and how
 * many more there are. ERROR_INPUT also for another shard than the file's (0/0: the file's own, whichever).
 * ERROR_FATAL for memory and failing reads. Warns as results_create does. The caller owns *results. */
enum error_code results_open(struct results **results, const char *path, const struct results_description *description,
                             FILE *lines, struct error *error);

/* One run that writes to a file, as the file's log of runs keeps it. */
struct results_run {
    double start_s, end_s; /* seconds since 1970; the end is when it last wrote */
    int32_t n_ranks;
    int64_t n_jobs; /* done by it */
    char hosts[FIELD_TEXT_SIZE + 1], version[FIELD_TEXT_SIZE + 1];
};

/* Adds a row to the log, e.g. another file's. If it is full, the last row's end and number of jobs take it in. Durable
 * with the next sync. ERROR_FATAL as for results_put. */
enum error_code results_add_run(struct results *results, const struct results_run *run, struct error *error);

/* Enters this run into the log: it starts now. From then on its end and jobs are written with each batch, and only jobs
 * that are put from then on are its own. To be called at most once. Durable with the next sync. Texts are cut to
 * FIELD_TEXT_SIZE bytes. ERROR_FATAL as for results_put. */
enum error_code results_log_run(struct results *results, int n_ranks, const char *hosts, const char *version,
                                struct error *error);

/* Makes a file that is to be filled at once with what other files hold: as results_create, but its name, which another
 * file may have if `replaces`, is given to it by results_publish. Until then it is FILE.picky-draft, which
 * results_close removes and which, if it was left by a killed process, the next one takes over. */
enum error_code results_draft(struct results **results, const char *path, bool replaces,
                              const struct results_description *description, struct error *error);

/* Writes all that has been put and gives a draft its name, durably, in place of the file that has it if it replaces.
 * From then on it is as if results_create had made it. On error (ERROR_INPUT: the name has been taken; ERROR_FATAL) the
 * draft is gone, and a file that it was to replace is as it was (but for a failing sync of the directory after it was
 * replaced). */
enum error_code results_publish(struct results *results, struct error *error);

/* The part of the sweep that the file is for; 1/1: all of it. */
struct shard results_shard(const struct results *results);

/* Makes slots pending again that have one of the statuses in the set (bit 1 << enum job_status), durably. *n becomes
 * their number. Before anything is put. ERROR_FATAL as for results_put. */
enum error_code results_retry(struct results *results, unsigned statuses, uint64_t *n, struct error *error);

/* Of a draft: reads the record of a slot that has been put back from it. ERROR_FATAL as for results_put. */
enum error_code results_get(struct results *results, uint64_t config, uint64_t replicate, void *record,
                            struct error *error);

/* True if the slot is not pending, has been put, or does not belong to the file's shard. */
bool results_is_done(const struct results *results, uint64_t config, uint64_t replicate);

/* Takes a finished job's record (copied; layout of the description; status not pending). A job that failed
 * (STATUS_DIVERGED, STATUS_ERROR) loses its arrays: record_clear_results. Each slot is put once, and none that is
 * done already. Written with
 * its batch, at the latest when results_sync or results_close is called or the staging area is full.
 * ERROR_FATAL for failing I/O, and when the file has been moved, removed, replaced or truncated meanwhile (which
 * each sync looks for): from then on every call returns that error and writes nothing, and the file is valid as of
 * the last batch. */
enum error_code results_put(struct results *results, uint64_t config, uint64_t replicate, const void *record,
                            struct error *error);

/* Writes what has been put durably if `now`. Else, if the last sync began longer ago than the sync interval (0.5 s),
 * writes it and begins to sync, which goes on beside the caller; a later call writes the batch's status once the sync
 * has ended, and waits for one that takes longer than the interval. Status itself reaches the disk with the sync after
 * that. Cheap when there is nothing to do: meant to be called from an event loop. ERROR_FATAL as for results_put. */
enum error_code results_sync(struct results *results, bool now, struct error *error);

/* Counts over the whole file (its shard) of slots by status, staged ones included: counts[enum job_status]. */
void results_counts(const struct results *results, uint64_t counts[N_STATUSES]);

/* Sets a text of /provenance that was reserved at creation (struct results_attribute), e.g. the end time; cut
 * to FIELD_TEXT_SIZE bytes. Durable with the next sync. ERROR_FATAL as for results_put. */
enum error_code results_set_provenance(struct results *results, const char *name, const char *value,
                                       struct error *error);

/* Sets a number of /provenance that was reserved at creation. Durable with the next sync. ERROR_FATAL as above. */
enum error_code results_set_provenance_number(struct results *results, const char *name, double value,
                                              struct error *error);

/* Syncs and closes; releases *results even on error. NULL is allowed. */
enum error_code results_close(struct results *results, struct error *error);

/* A configuration for people: "configuration 3 (hidden_size = 20, fraction = 0.5)", with what is swept
 * [n_hyperparameters]. */
#define RESULTS_LABEL_MAX 400
void results_label(const struct hyperparameters *h, const bool *swept, uint64_t config, char text[RESULTS_LABEL_MAX]);

/* Why jobs ended with an error: one reason. */
struct results_reason {
    char text[FIELD_TEXT_SIZE + 1];
    uint64_t n_jobs, replicate;    /* jobs; the first one's replicate */
    char label[RESULTS_LABEL_MAX]; /* and configuration */
};
#define RESULTS_REASONS_MAX 8    /* that are told apart */
#define RESULTS_ERRORS_MAX  1000 /* jobs, the first ones, whose reasons are read */

/* How far a file is. */
struct results_state {
    int64_t seed, replicates;
    uint64_t n_configs;
    bool is_null;                                       /* its records are made up (record_layout.is_null) */
    struct shard shard;                                 /* the part of the sweep that the file is for; 1/1: all of it */
    uint64_t counts[N_STATUSES];                        /* of the shard's slots */
    struct results_reason reasons[RESULTS_REASONS_MAX]; /* [n_reasons] of n_errors jobs, in order of appearance */
    int n_reasons;
    uint64_t n_errors;
    bool is_written;             /* a run is writing it now (false also where the filesystem has no locks) */
    int n_runs;                  /* that wrote to it; at RESULTS_RUNS_MAX there may have been more */
    struct results_run last_run; /* if n_runs > 0 */
};

/* Reads how far a file is, without a lock: also while a run writes it. If `row` is not NULL, visit(context, h, counts)
 * is called for each configuration, with its value of that row in *h (the other rows have defaults) and its own counts.
 * Memory is bounded. ERROR_INPUT for a file that cannot be opened, is not picky's or is damaged; ERROR_FATAL for
 * failing reads and memory. */
enum error_code results_inspect(const char *path, struct results_state *state, const struct hyperparameter *row,
                                void (*visit)(void *context, const struct hyperparameters *h,
                                              const uint64_t counts[N_STATUSES]),
                                void *context, struct error *error);

/* The bytes that the per-job arrays of a full file take, for plans and checks. */
double results_file_size(const struct record_layout *layout, size_t n_configs, int64_t replicates);

/* The version of the HDF5 library in use, e.g. "1.10.8". Static. */
const char *results_hdf5_version(void);

#endif
