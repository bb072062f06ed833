/* Slots on their way from one results file into another, and the log of runs with them: what picky merge and picky
 * extend have in common. Memory: a few MB of records at a time. */
#ifndef PICKY_COPYING_H
#define PICKY_COPYING_H

#include "results.h"
#include "slots.h"

/* From where to where. */
struct copying {
    struct results_slots *from;
    const char *from_path;
    struct results *to;                 /* a draft */
    const struct record_layout *layout; /* of `to` */
    /* Whether a done slot is to stay behind, given its record (of `layout`); NULL: none is. */
    bool (*stays_behind)(const struct copying *copying, const void *record);
    /* Whether to stop, asked after each few MB; `share` of the configuration's slots have been looked at. NULL: never.
     */
    bool (*has_to_stop)(void *context, double share);
    void *stop_context;
    bool is_stopped; /* it said so: what is copied is not whole */
    void *records;   /* scratch; all zero at first, freed by copying_free */
    uint8_t *status;
    size_t n_records;
    uint64_t n_found, n_put, n_behind; /* slots that are done in `from`; put into `to`; that stayed behind */
};

/* Called for a slot of `to` that is there already, with another record for it. An error ends the copying. */
typedef enum error_code (*copying_overlap)(void *context, uint64_t config, uint64_t replicate, const void *record,
                                           struct error *error);

/* Copies all done slots of configuration `config` (of the file's shard) into configuration `to_config`, replicate r
 * into r + shift; slots that would get a replicate outside 0 .. replicates - 1 stay behind. ERROR_INPUT for a file that
 * cannot be read or whose seeds are wrong, ERROR_FATAL for memory and failing writes. */
enum error_code copying_config(struct copying *copying, uint64_t config, uint64_t to_config, int64_t shift,
                               int64_t replicates, copying_overlap overlap, void *context, struct error *error);
void copying_free(struct copying *copying);

/* The logs of runs of several files, as one. All zero at first. */
struct run_log {
    struct results_run *runs; /* [n] */
    size_t n, capacity;
};
/* Adds a file's rows; a run that is there already stays once, in its later state. */
enum error_code run_log_add(struct run_log *log, struct results_slots *from, struct error *error);
/* Writes them in the order in which the runs began. */
enum error_code run_log_write(struct run_log *log, struct results *to, struct error *error);
/* The plans of two files joined, earliest first; the same sweep (sizes) stands there once, by its earliest start. A
 * file that has none [n = 0] was made by a sweep that is not known: a row that says so. The caller frees *joined; NULL
 * if memory is short. */
struct results_plan *plans_join(const struct results_plan *a, size_t n_a, const struct results_plan *b, size_t n_b,
                                size_t *n_joined);

void run_log_free(struct run_log *log);

#endif
