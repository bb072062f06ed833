/* A results file read slot by slot: what verify, merge and extend see of it. Every error is one line "FILE: what is
 * wrong": ERROR_INPUT, or ERROR_FATAL for failing reads and memory. Reads only. As results.h: from one thread. */
#ifndef PICKY_RESULTS_SLOTS_H
#define PICKY_RESULTS_SLOTS_H

#include "description.h"

#include <stdio.h>

struct results_slots;

/* Opens a file of picky's and checks what it says of itself: schema, arithmetic, sizes, hyperparameters, and that each
 * array that its sweep asks for is there, of the right shape and type. `access` says who may write it meanwhile; what
 * may not, is refused. The caller owns *slots, which is NULL on error. Memory: that of the configurations. */
enum error_code results_slots_open(struct results_slots **slots, const char *path, enum results_access access,
                                   struct error *error);
void results_slots_close(struct results_slots *slots); /* NULL is allowed */

/* The sweep that the file holds, as results_create was given it, without provenance (NULL). Owned by `slots`. */
const struct results_description *results_slots_description(const struct results_slots *slots);

/* The text of the sweep file without overrides; of files that do not keep it, the sweep's. Owned by `slots`. */
const char *results_slots_original(const struct results_slots *slots);

/* Compares the sweep with another's, as results_open does. Each difference is a line "picky: FILE: KEY: OLD in the
 * file, NEW in OTHER" on `lines` (borrowed); *is_same tells if there is none. The shard is not compared. */
enum error_code results_slots_compare(const struct results_slots *slots, const struct results_description *description,
                                      const char *other, FILE *lines, bool *is_same, struct error *error);

/* Reads the statuses of n consecutive replicates of a configuration, from `replicate` on, and checks that each is one:
 * status [n] of enum job_status. */
enum error_code results_slots_status(struct results_slots *slots, uint64_t config, uint64_t replicate, size_t n,
                                     uint8_t *status, struct error *error);

/* Reads the records of n replicates of a configuration, from `replicate` on, `stride` (>= 1) apart: records [n] of
 * `layout`, each as results_put took it, provenance (wall_time, rank, reason) included. The sizes of `layout` may
 * differ from the file's: what lies beyond the file's is padding, as a job leaves it; it must hold the configuration.
 * Fields that the file has not are padding throughout. The record of a pending slot says so in its status; the rest of
 * it means nothing. Scratch of n times the largest field is kept until results_slots_close. */
enum error_code results_slots_read(struct results_slots *slots, uint64_t config, uint64_t replicate, uint64_t stride,
                                   size_t n, const struct record_layout *layout, void *records, struct error *error);

/* What a record's field is called that differs between two records of `layout`, provenance aside; NULL if none does. */
const char *results_slots_difference(const struct record_layout *layout, const void *a, const void *b);

/* Fills from another record of the same job what `record` (both of `layout`) lacks because it was taken over from an
 * older file: fields and measures that later schemas brought and that are padding throughout. True if that changed it.
 */
bool results_slots_fill(const struct record_layout *layout, void *record, const void *from);

/* results_label of one of a file's configurations. */
void results_slots_label(const struct results_description *description, uint64_t config, char text[RESULTS_LABEL_MAX]);
/* The rows of the log of runs, the first to be made first. */
int results_slots_n_runs(const struct results_slots *slots);
enum error_code results_slots_run(struct results_slots *slots, int row, struct results_run *run, struct error *error);

#endif
