/* A job: (hyperparameters, seed) -> record. No MPI, no HDF5, no files.
 *
 * Jobs are trained in packs: up to one model per SIMD lane, all of one shape (shape.h), or alone (packing.h). A job's
 * record depends on its hyperparameters and seed alone, bit for bit: not on its neighbours in a pack,
 * the width of a vector, the order of jobs or anything else. A runner holds jobs until their packs are
 * full, repacks rejected attempts with other waiting ones and emits a record as each job ends.
 *
 * A pack lasts as long as its longest model; in lanes whose models end earlier others follow that fit into the rest.
 * Trained models wait for company too, a second at most: they are measured when there is a pack of them. */
#ifndef PICKY_JOB_H
#define PICKY_JOB_H

#include "hyperparameters.h"
#include "packing.h"
#include "record.h"

/* One (configuration, replicate) slot to fill. Plain data: may be copied and sent. */
struct job {
    uint64_t config;          /* index of the configuration, 0-based; carried through, not interpreted */
    uint64_t replicate;       /* 0-based; carried through, not interpreted */
    uint64_t shape;           /* the number of its shape in a plan; carried through, not interpreted */
    int64_t seed;             /* 0 <= seed <= SEED_MAX */
    uint64_t attempt;         /* the one to begin with, 0-based: those before it were rejected by another runner */
    struct hyperparameters h; /* checked */
};

/* Called for each finished job with its record (layout of the runner; borrowed, valid during the call).
 * A return other than ERROR_NONE stops the runner's step, which returns it. */
typedef enum error_code (*job_done)(void *context, const struct job *job, const void *record, struct error *error);

struct job_runner;

/* Creates a runner that fills records of `layout` (copied), with the kernels chosen by
 * kernels_choose (kernels/kernels.h). The caller owns *runner and ends it by job_runner_destroy.
 * ERROR_FATAL if memory is short. */
enum error_code job_runner_create(struct job_runner **runner, const struct record_layout *layout, struct error *error);
void job_runner_destroy(struct job_runner *runner); /* NULL is allowed */

/* Packs may hold so many bytes together from now on (before: as many as can be allocated). Where that is too little for
 * a full pack, models are trained fewer at a time, to the same bits. */
void job_runner_set_memory(struct job_runner *runner, uint64_t n_bytes);

/* Packs have this layout from now on (before: what PICKY_LAYOUT says). */
void job_runner_set_layout(struct job_runner *runner, enum layout layout);

/* Models in a full pack: the lanes of the chosen instruction set (4, 8 or 16). */
int job_runner_lanes(const struct job_runner *runner);

/* Hands a job over (copied). ERROR_FATAL if memory is short. */
enum error_code job_runner_add(struct job_runner *runner, const struct job *job, struct error *error);

/* Jobs added and not yet done; and how many lanes those of one shape that are not trained can fill, at most: as many as
 * there are of them, or, if their lengths differ, as many times as all their steps hold those of the longest. */
size_t job_runner_waiting(const struct job_runner *runner);
size_t job_runner_largest_group(const struct job_runner *runner);

/* Trains one pack of the shape whose waiting attempts fill most lanes, full or not, and calls `done` for each
 * job that it ends: accepted, or out of attempts. Rejected attempts go back to wait. A job of which not
 * one model fits into memory ends with STATUS_ERROR and a reason. Does nothing if no job waits. Leaves the calling
 * thread with the default floating-point environment, in which it computes. */
enum error_code job_runner_step(struct job_runner *runner, job_done done, void *context, struct error *error);

/* Measures the trained models that wait for company, and ends their jobs: before there are no more steps, though jobs
 * wait. */
enum error_code job_runner_flush(struct job_runner *runner, job_done done, void *context, struct error *error);

/* Gives up every second of the jobs that wait for an attempt, never the only one, for another runner to go on with:
 * calls `done` with a pending record for each, whose `attempts` counts the attempt that is to come, and whose
 * attempt_error and wall time are those of the attempts that this runner has made. *n is how many. */
enum error_code job_runner_hand_back(struct job_runner *runner, job_done done, void *context, size_t *n,
                                     struct error *error);

/* Why the job that ended last diverged or failed, "" if it did not: whole, where its record may have it shortened.
 * Valid until the next one ends. */
const char *job_runner_reason(const struct job_runner *runner);

/* From any thread: the step in progress, and every one after it, returns soon without having trained its pack. Its jobs
 * wait as before. Nothing else about the runner changes. */
void job_runner_interrupt(struct job_runner *runner);

/* The pack in training, from any thread: how many models it has (0: none), the share of their training and measures
 * that is done, and how many packs were begun before it. */
struct job_runner_pack {
    size_t n_models;
    double share;
    size_t n_before;
};
struct job_runner_pack job_runner_pack(const struct job_runner *runner);

/* What a runner has done, for receipts. */
struct job_runner_totals {
    uint64_t packs;                       /* trained to the end */
    uint64_t lanes_used, lanes_total;     /* attempts trained to the end; and what there was room for in their packs */
    uint64_t attempts, rejected_at_start; /* attempts begun; ended untrained (output 0 everywhere) */
    double busy_s;                        /* seconds inside job_runner_step */
    double cpu_s;                         /* the same of a core */
    double full_s;     /* that its training and measures would take in full packs, by the estimate (cost.h) */
    double expected_s; /* the same in the packs as they were, screening included */
};
struct job_runner_totals job_runner_totals(const struct job_runner *runner);

#endif
