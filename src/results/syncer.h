/* fdatasync in a thread of its own, so that the caller can go on while the disk works. One sync at a time. */
#ifndef PICKY_SYNCER_H
#define PICKY_SYNCER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct syncer {
    int descriptor, error_number;
    bool has_thread;
    pthread_t thread;
    atomic_bool is_done;
};

/* Starts to sync an open file: what has been written to it before this call. To be followed by syncer_finish; until
 * then *syncer must stay where it is and the descriptor open. Without a thread to be had it is done at once. */
void syncer_start(struct syncer *syncer, int descriptor);

/* True if syncer_finish would not wait. */
bool syncer_is_done(const struct syncer *syncer);

/* Waits for the end. Returns 0, or the error number of what failed. */
int syncer_finish(struct syncer *syncer);

#endif
