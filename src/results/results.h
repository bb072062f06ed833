/* The results file: one HDF5 file that holds a sweep. The only user of HDF5 in picky, beside
 * analysis/file, which reads by its parts (read.h, arrays.h). Written by one process, readable by all at any
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

#include "description.h"

struct results;

/* Adds a row to the log, e.g. another file's. If it is full, the last row's end and number of jobs take it in. Durable
 * with the next sync. ERROR_FATAL as for results_put. */
enum error_code results_add_run(struct results *results, const struct results_run *run, struct error *error);

/* Enters this run into the log: it starts now. From then on its end and jobs are written with each batch, and only jobs
 * that are put from then on are its own. To be called at most once. Durable with the next sync. Texts are cut to
 * FIELD_TEXT_SIZE bytes. ERROR_FATAL as for results_put. */
enum error_code results_log_run(struct results *results, int n_ranks, const char *hosts, const char *version,
                                struct error *error);

/* Of a draft: reads the record of a slot that has been put back from it. ERROR_FATAL as for results_put. */
enum error_code results_get(struct results *results, uint64_t config, uint64_t replicate, void *record,
                            struct error *error);

/* Of a draft: puts another record into a slot that has been put. Errors as results_put's. */
enum error_code results_replace(struct results *results, uint64_t config, uint64_t replicate, const void *record,
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

#endif
