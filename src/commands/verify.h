/* Results verified: jobs of a file done again, from what the file says of them alone, and compared bit by bit with what
 * it holds. This part chooses the slots and compares; who trains is the caller's business. */
#ifndef PICKY_VERIFY_H
#define PICKY_VERIFY_H

#include "job.h"
#include "slots.h"

struct verify;

/* What has come of it so far. */
struct verify_counts {
    uint64_t n_slots, n_done; /* of the file (its shard) */
    uint64_t n_errors;        /* of these: status error. That a job could not run is not to be had again */
    uint64_t n_chosen;        /* to be done again */
    uint64_t n_compared;      /* done again */
    uint64_t n_failed;        /* not done again: an error (memory) */
    uint64_t n_different;     /* slots that differ */
    uint64_t n_implausible;   /* slots that no run can have written, of all that are done */
};

/* Opens the file, which a run may be writing, and checks its structure: schema, sizes, dimensions, hyperparameters,
 * statuses (the first mistake is an error: ERROR_INPUT); then seed, attempts and test_loss of every done slot. Chooses
 * n_sample of these at random, by `seed`; all if there are no more. What is wrong with slots is a line each on `lines`
 * (borrowed until verify_close), at most 20. ERROR_FATAL for memory and failing reads. The caller owns *verify. */
enum error_code verify_open(struct verify **verify, const char *path, uint64_t n_sample, int64_t seed, FILE *lines,
                            struct error *error);
/* Reads the texts of --config and --replicate (NULL: not given) into those two of *slot. ERROR_INPUT. */
enum error_code verify_parse_slot(const char *config, const char *replicate, struct job *slot, struct error *error);

/* Opens the file for that slot, and checks the file's structure and the slot. ERROR_INPUT also for numbers that the
 * file has not, and for a slot with which nothing can be compared: pending, of another shard, ended with an error, made
 * up.
 */
enum error_code verify_open_slot(struct verify **verify, const char *path, const struct job *slot, FILE *lines,
                                 struct error *error);
void verify_close(struct verify *verify); /* NULL is allowed */

/* Of verify_open_slot: the slot's job; owned by `verify`. */
const struct job *verify_job(const struct verify *verify);

/* The sweep that the file holds; owned by `verify`. */
const struct results_description *verify_description(const struct verify *verify);

/* False for the slots that have been chosen: for plan_skip. `verify` is a struct verify. */
bool verify_leaves_out(const void *verify, uint64_t config, uint64_t replicate);

/* Compares a chosen job's record (layout of the description) with the file's. Of verify_open_slot: prints both first,
 * by epoch, on `lines`. Each array that differs is a line: label
 * of the configuration, replicate, place of the first element, both values. For a record_sink (coordinator.h).
 * ERROR_FATAL for memory and failing reads. */
enum error_code verify_put(void *verify, uint64_t config, uint64_t replicate, const void *record, struct error *error);

struct verify_counts verify_counts(const struct verify *verify);

/* Says how many lines did not fit. Of verify_open_slot: and what has come of it, whose exit code it returns: 0, or
 * EXIT_FINDING if bits differ or it cannot be done again. */
int verify_end(struct verify *verify);

#endif
