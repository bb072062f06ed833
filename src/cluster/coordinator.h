/* The coordinator: rank 0. Hands the plan's jobs out to all ranks, its own included, and puts their records where they
 * belong: into the results file. */
#ifndef PICKY_COORDINATOR_H
#define PICKY_COORDINATOR_H

#include "plan.h"
#include "progress.h"
#include "results.h"
#include "transport.h"

#define HOST_MAX 96 /* bytes of a rank's host name, with its instruction set */

/* What a run has to mind beside its work. */
struct coordinator_watch {
    double deadline_s; /* clock_s at which training has to end; INFINITY: never */
    double silence_s;  /* a rank that has not been heard of for so long is named, once */
    const char *hosts; /* [n_ranks][HOST_MAX], for messages; borrowed */
    /* [n_ranks]: bytes of memory that each rank may use, of which rank 0 needs coordinator_bytes itself; NULL: what
     * they can get. Borrowed. */
    const uint64_t *memory;
};

/* Bytes for records that rank 0 holds beside its trainer: a message, and what the results file gathers. */
uint64_t coordinator_bytes(const struct record_layout *layout);

/* Where finished records go. */
struct record_sink {
    void *context;
    /* Takes the record of a job of the plan (borrowed), each once; and is called many times a second with now = false,
     * and with now = true when all that was put must be safe. An error ends the run. */
    enum error_code (*put)(void *context, uint64_t config, uint64_t replicate, const void *record, struct error *error);
    enum error_code (*sync)(void *context, bool now, struct error *error);
};

/* Into a results file: results_put and results_sync. */
struct record_sink coordinator_results_sink(struct results *results);

/* Does all jobs of `plan` on all ranks of `transport`, whose others are in worker_run. Records are of `layout`. Returns
 * when every record is in the sink and synced and no rank has anything left to do. *receipt is always filled.
 *
 * Stops early at the deadline or when any rank has got a signal (stop.h): what is finished is synced at once, no more
 * packs are started, those in training are finished if there is time and abandoned if not, and all finished records are
 * written. That is no error: receipt->is_stopped tells, unless nothing was left undone. Packs are not started either
 * when the time left is not enough for the longest pack so far.
 *
 * On error (ERROR_FATAL: I/O, memory, a message that cannot be; ERROR_INPUT: ranks run different pickies, or cannot run
 * the instruction set asked for) all ranks have stopped training: records put so far are in the file, the rest are
 * dropped. All arguments are borrowed for the call. In both cases coordinator_release must follow. */
enum error_code coordinator_run(struct transport *transport, struct plan *plan, const struct record_sink *sink,
                                const struct record_layout *layout, const struct coordinator_watch *watch,
                                struct progress *progress, struct receipt *receipt, struct error *error);

/* Ends all other ranks: their worker_run returns exit_code. To be called on rank 0 exactly once, however its work went:
 * after coordinator_run and whatever follows it, or instead of it. Returns when all ranks are there. Collective with
 * worker_run. */
void coordinator_release(struct transport *transport, int exit_code);

#endif
