#include "waiting.h"

#include "clock.h"
#include "progress.h"
#include "streams.h"

#include <math.h>
#include <string.h>

static const double FIRST_S = 1.5, REDRAW_S = 0.2, LONGEST_S = 60;

static void *speak(void *context)
{
    struct waiting_watch *watch = context;
    bool is_terminal = stream_redraws(watch->stream), has_spoken = false;
    double start_s = clock_s(), interval_s = FIRST_S, next_s = start_s + FIRST_S;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->is_over) {
        struct timespec until = clock_timespec(next_s);
        pthread_cond_timedwait(&watch->end, &watch->mutex, &until);
        double now_s = clock_s();
        if (watch->is_over || now_s < next_s)
            continue;
        char text[WAITING_TEXT_MAX + 16] = "picky: ";
        watch->text(watch->context, now_s - start_s, text + strlen(text));
        if (is_terminal)
            fprintf(watch->stream, "\r%.*s\033[K", stream_columns(watch->stream), text);
        else {
            char time[CLOCK_TEXT_MAX];
            clock_text(clock_calendar_s(), time);
            fprintf(watch->stream, "%s (%s)\n", text, time);
        }
        fflush(watch->stream);
        has_spoken = true;
        interval_s = is_terminal ? REDRAW_S : fmin(2 * interval_s, LONGEST_S);
        next_s = now_s + interval_s;
    }
    if (has_spoken && is_terminal)
        fprintf(watch->stream, "\r\033[K");
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

void waiting_start(struct waiting_watch *watch, FILE *stream, waiting_text text, void *context)
{
    *watch = (struct waiting_watch){.stream = stream, .text = text, .context = context};
    pthread_condattr_t attributes;
    check(pthread_mutex_init(&watch->mutex, NULL) == 0 && pthread_condattr_init(&attributes) == 0 &&
          pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
          pthread_cond_init(&watch->end, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    watch->has_thread = pthread_create(&watch->thread, NULL, speak, watch) == 0; /* else it is done in silence */
}

void waiting_end(struct waiting_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    watch->is_over = true;
    pthread_cond_signal(&watch->end);
    pthread_mutex_unlock(&watch->mutex);
    if (watch->has_thread)
        pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->end);
    pthread_mutex_destroy(&watch->mutex);
}

void waiting_text_elapsed(void *context, double elapsed_s, char text[WAITING_TEXT_MAX])
{
    char duration[PROGRESS_DURATION_MAX];
    progress_duration(elapsed_s, duration);
    snprintf(text, WAITING_TEXT_MAX, "%s so far: %s", duration, (const char *)context);
}
