#include "syncer.h"

#include "stop.h"

#include <errno.h>
#include <unistd.h>

static void *sync_now(void *argument)
{
    struct syncer *syncer = argument;
    syncer->error_number = fdatasync(syncer->descriptor) < 0 ? errno : 0;
    stop_note_life();
    atomic_store(&syncer->is_done, true);
    return NULL;
}

void syncer_start(struct syncer *syncer, int descriptor)
{
    syncer->descriptor = descriptor;
    atomic_store(&syncer->is_done, false);
    syncer->has_thread = pthread_create(&syncer->thread, NULL, sync_now, syncer) == 0;
    if (!syncer->has_thread)
        sync_now(syncer);
}

bool syncer_is_done(const struct syncer *syncer)
{
    return atomic_load(&syncer->is_done);
}

int syncer_finish(struct syncer *syncer)
{
    if (syncer->has_thread)
        pthread_join(syncer->thread, NULL);
    return syncer->error_number;
}
