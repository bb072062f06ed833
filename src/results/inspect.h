/* How far a results file is. */
#ifndef PICKY_RESULTS_INSPECT_H
#define PICKY_RESULTS_INSPECT_H

#include "description.h"

/* Why jobs ended with an error: one reason. */
struct results_reason {
    char text[FIELD_TEXT_SIZE + 1];
    uint64_t n_jobs, replicate;    /* jobs; the first one's replicate */
    char label[RESULTS_LABEL_MAX]; /* and configuration */
};
#define RESULTS_REASONS_MAX 8    /* that are told apart */
#define RESULTS_ERRORS_MAX  1000 /* jobs, the first ones, whose reasons are read */

#define RESULTS_COMMAND_MAX 4096

/* How far a file is. */
struct results_state {
    int64_t seed, replicates;
    uint64_t n_configs;
    char command[RESULTS_COMMAND_MAX]; /* that made the file, as far as it fits; "" if it is not told */
    bool is_null;                      /* its records are made up (record_layout.is_null) */
    struct shard shard;                /* the part of the sweep that the file is for; 1/1: all of it */
    uint64_t counts[N_STATUSES];       /* of the shard's slots */
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

#endif
