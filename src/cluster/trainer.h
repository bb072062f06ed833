/* The compute thread of a rank, and the mailbox between it and the rank's main thread, which does all MPI and HDF5.
 * Every rank has one, the coordinator's too. No MPI here.
 *
 * Jobs go in by trainer_give, in answer to trainer_wants; finished records come out by trainer_take, in reports
 * (wire.h) that only need sealing. While a pack trains, the next one is asked for. The thread starts a pack that is
 * not full only if the coordinator had no more to give, so that rejected attempts find company.
 *
 * All functions are for the main thread. None waits longer than it says. */
#ifndef PICKY_TRAINER_H
#define PICKY_TRAINER_H

#include "wire.h"

#define TRAINER_REPORTS 4 /* reports that can be out (taken and not returned, or waiting to be taken) */

struct trainer;

/* Starts the thread. Records are of `layout` (copied; made up if it says so: null_job.h) and get `rank` as theirs. It
 * may use memory_bytes (MEMORY_UNLIMITED: what it can get), of which trainer_bytes are not for packs. ERROR_INPUT if
 * the instruction set asked for cannot run here (kernels.h), ERROR_FATAL if memory or threads are short. The caller
 * owns *trainer. */
enum error_code trainer_create(struct trainer **trainer, const struct record_layout *layout, int rank,
                               uint64_t memory_bytes, struct error *error);

/* Bytes for records that a trainer holds beside its packs. */
uint64_t trainer_bytes(const struct record_layout *layout);

/* Halts and ends the thread and releases everything. A pack in training is interrupted: if that takes
 * longer than two seconds the thread and its memory are left to the end of the process. NULL is allowed. */
void trainer_destroy(struct trainer *trainer);

/* Records that a report holds at most. */
size_t trainer_report_records(const struct record_layout *layout);

/* True if more jobs are wanted: then *request must reach the coordinator, whose answer is due to trainer_give. No
 * further request is made before the answer. */
bool trainer_wants(struct trainer *trainer, struct wire_request *request);

/* The answer to a request: handout->n_jobs jobs (copied), at most as many as were wanted. Or what is no answer: an
 * order, which acts as trainer_order; or a recall. Then, between packs, as soon as several jobs wait, every second one
 * is handed back by a pending record (job_runner_hand_back), once, unless new jobs come before. */
void trainer_give(struct trainer *trainer, const struct wire_handout *handout, const struct job *jobs);

/* Ends the work early (wire.h says what is still done); an order that goes less far than an earlier one does nothing.
 */
void trainer_order(struct trainer *trainer, enum wire_order order);

/* A report with finished records, or NULL if there is none now. Borrowed until trainer_return. */
void *trainer_take(struct trainer *trainer);
void trainer_return(struct trainer *trainer, void *report);

enum trainer_state {
    TRAINER_WORKING,
    TRAINER_FINISHED, /* nothing is left to do, take or expect; or abandoned two seconds ago, and then halted */
    TRAINER_FAILED,   /* it cannot go on: *error says why */
};
enum trainer_state trainer_state(struct trainer *trainer, struct error *error);

/* Of a trainer that has finished: false if its thread has not, but was abandoned. */
bool trainer_has_ended(struct trainer *trainer);

/* What has been done so far; and what is in training. */
struct wire_totals trainer_totals(struct trainer *trainer);
struct job_runner_pack trainer_pack(const struct trainer *trainer);

/* Sleeps until the thread has something to say, at most so many seconds. */
void trainer_wait(struct trainer *trainer, double seconds);

#endif
