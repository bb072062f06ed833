#include "ticker.h"

#include "clock.h"
#include "streams.h"

#include <inttypes.h>
#include <stdio.h>

#define SILENT_S   2.0
#define TERMINAL_S 0.25
#define LOG_S      10.0

void ticker_begin(struct ticker *ticker, const char *what, uint64_t n_total)
{
    *ticker = (struct ticker){.what = what, .n_total = n_total, .is_terminal = stream_redraws(stderr)};
    ticker->start_s = clock_s();
    ticker->next_s = ticker->start_s + SILENT_S;
}

void ticker_add(struct ticker *ticker, uint64_t n)
{
    if (!ticker)
        return;
    ticker->n_done += n;
    double now = clock_s();
    if (now < ticker->next_s)
        return;
    double done = (double)ticker->n_done / (double)(ticker->n_total > 0 ? ticker->n_total : 1);
    double left = done > 0 ? (now - ticker->start_s) * (1 - done) / done : 0;
    char text[160];
    snprintf(text, sizeof text, "picky-analyse: %.0f %%, about %.0f s left: %" PRIu64 " of %" PRIu64 " %s", 100 * done,
             left, ticker->n_done, ticker->n_total, ticker->what); /* what is missed most first */
    if (ticker->is_terminal)
        fprintf(stderr, "\r%.*s\033[K", stream_columns(stderr), text);
    else {
        char time[CLOCK_TEXT_MAX];
        clock_text(clock_calendar_s(), time);
        fprintf(stderr, "%s (%s)\n", text, time);
    }
    fflush(stderr);
    ticker->is_shown = true;
    ticker->next_s = now + (ticker->is_terminal ? TERMINAL_S : LOG_S);
}

void ticker_end(struct ticker *ticker)
{
    if (ticker->is_shown && ticker->is_terminal)
        fprintf(stderr, "\r\033[K");
    ticker->is_shown = false;
}
