/* A results file open for writing, from within. Only results_open.c, which makes and opens it, and results.c, which
 * writes into it, use this. */
#ifndef PICKY_RESULTS_STATE_H
#define PICKY_RESULTS_STATE_H

#include "arrays.h"
#include "results.h"
#include "syncer.h"

#include <sys/stat.h>

#define UNSYNCED_MAX ((size_t)1 << 16) /* slots whose data is written and whose status waits for a sync to begin */

/* One slot on its way into the file. */
struct put_slot {
    uint64_t config, replicate;
    uint32_t staged; /* index of its record in the staging area, while it is there */
    uint8_t status;
};

struct results {
    char *path;
    int lock;           /* descriptor that holds the locks and is synced */
    struct stat opened; /* the file as it was opened */
    hid_t file;
    char *temporary; /* name of a draft; NULL once it has its own */
    bool replaces;   /* a draft: the file that has its name */
    struct record_layout layout;
    uint64_t n_configs, replicates;
    struct shard shard;
    uint64_t status_offset; /* of status in the file */
    struct results_array arrays[N_FIELDS];

    size_t n_staged, n_staged_max;
    char *records;           /* [n_staged_max] records, as they came */
    struct put_slot *staged; /* [n_staged_max] */
    char *gathered;          /* what one write takes, for the largest array */
    size_t n_unsynced;
    struct put_slot *unsynced; /* [UNSYNCED_MAX] */
    struct syncer syncer;      /* its sync is running if is_syncing; it covers the data of: */
    bool is_syncing;
    size_t n_syncing;
    struct put_slot *syncing; /* [UNSYNCED_MAX] */
    uint8_t *put;             /* one bit a slot: it is done in the file, or results_put has seen it */
    int run;                  /* this run's row in the log; -1: none */
    int64_t n_run_jobs;       /* put by this run */
    int64_t n_logged_jobs;    /* of them, those that the sync that is running covers, and all before */

    uint64_t counts[N_STATUSES];
    bool dirty;           /* something has been written since the last sync began */
    double last_sync_s;   /* when it began */
    struct error failure; /* the first failing write: later calls return it */
};

/* Keeps the first failing write, for all calls to come, adds what to do to its message, and returns its code. */
enum error_code results_fail(struct results *results, struct error *error);

/* Syncs what has been written since the last sync began. ERROR_FATAL, kept by results_fail. */
enum error_code results_sync_data(struct results *results, struct error *error);

/* For additions to a draft: its file as one that is open for nothing else, *file; and open as before, with all that was
 * added in it and no more metadata to be written, also after an error of the caller's, which stays. */
enum error_code results_reopen_begin(struct results *draft, hid_t *file, struct error *error);
enum error_code results_reopen_end(struct results *draft, hid_t file, struct error *error);

#endif
