#include "progress.h"

#include "clock.h"
#include "streams.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double REDRAW_S = 0.2;          /* bar */
static const double LINES_APART_S = 1;       /* lines: never closer */
static const double FIRST_INTERVAL_S = 2;    /* lines: twice as long each time ... */
static const double LONGEST_INTERVAL_S = 60; /* ... up to this */
static const double PAUSE_S = 10;            /* without an update: the process was stopped, the machine suspended */
static const double FIRST_MARK_S = 60;       /* shorter runs take their rate over all of it */

/* Appends to text (printf style), cutting what does not fit. */
static void append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

void progress_duration(double seconds, char text[PROGRESS_DURATION_MAX])
{
    if (!(seconds < 1e9)) { /* also NaN */
        snprintf(text, PROGRESS_DURATION_MAX, "decades");
        return;
    }
    if (seconds < 9.95) {
        bool is_short = seconds < 0.0995;
        snprintf(text, PROGRESS_DURATION_MAX, is_short ? "%.0f ms" : "%.1f s",
                 seconds <= 0 ? 0
                 : is_short   ? 1e3 * seconds
                              : seconds);
        return;
    }
    long s = lround(seconds), min = lround(seconds / 60), h = lround(seconds / 3600);
    if (s < 60)
        snprintf(text, PROGRESS_DURATION_MAX, "%ld s", s);
    else if (s < 600)
        snprintf(text, PROGRESS_DURATION_MAX, "%ld min %02ld s", s / 60, s % 60);
    else if (min < 60)
        snprintf(text, PROGRESS_DURATION_MAX, "%ld min", min);
    else if (min < 48 * 60)
        snprintf(text, PROGRESS_DURATION_MAX, "%ld h %02ld min", min / 60, min % 60);
    else
        snprintf(text, PROGRESS_DURATION_MAX, "%ld d %02ld h", h / 24, h % 24);
}

static uint64_t n_done(const struct progress *progress)
{
    uint64_t done = 0;
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++)
        done += progress->counts[status];
    return done;
}

/* Whole percent, rounded down: 100 only when all is done. */
static int percent(const struct progress *progress)
{
    return progress->n_jobs ? (int)(100 * (double)n_done(progress) / (double)progress->n_jobs) : 100;
}

void progress_hide(FILE *stream)
{
    if (!stream_redraws(stream))
        return;
    fputs("\r\033[K", stream);
    fflush(stream);
}

void progress_start(struct progress *progress, FILE *stream, uint64_t n_jobs, bool is_quiet)
{
    double now = clock_s();
    *progress = (struct progress){.stream = stream,
                                  .is_terminal = !is_quiet && stream_redraws(stream),
                                  .is_quiet = is_quiet,
                                  .is_open = true,
                                  .n_jobs = n_jobs,
                                  .start_s = now,
                                  .shown_s = now,
                                  .seen_s = now,
                                  .interval_s = FIRST_INTERVAL_S,
                                  .burst_s = now,
                                  .marks = {{.at_s = now}, {.at_s = now}}};
    if (!progress->is_terminal && !is_quiet) {
        fprintf(stream, "picky: %" PRIu64 " job%s to do\n", n_jobs, n_jobs == 1 ? "" : "s");
        fflush(stream);
    }
}

void progress_note(struct progress *progress, const uint64_t counts[N_STATUSES], const struct progress_work *work,
                   double now_s)
{
    uint64_t n_before = n_done(progress);
    double work_before = progress->work.done;
    memcpy(progress->counts, counts, sizeof progress->counts);
    progress->work = *work;
    if (n_done(progress) == n_before && work->done <= work_before)
        return;

    double gap = now_s - progress->burst_s;
    if (gap > progress->longest_gap_s)
        progress->longest_gap_s = gap;
    progress->burst_s = now_s;
    double age = now_s - progress->start_s;
    if (age >= FIRST_MARK_S && age >= 2 * (progress->marks[1].at_s - progress->start_s)) {
        progress->marks[0] = progress->marks[1];
        progress->marks[1] = (struct progress_mark){.at_s = now_s, .work = work->done, .done = n_done(progress)};
    }
}

bool progress_estimate(const struct progress *progress, double now_s, double *rate, double *left_s)
{
    *rate = *left_s = 0;
    const struct progress_mark *mark = &progress->marks[0];
    /* Between bursts the clock stands still, unless this one is late. */
    double since_burst = now_s - progress->burst_s;
    double until = since_burst > progress->longest_gap_s ? now_s : progress->burst_s;
    double span = until - mark->at_s, work = progress->work.done - mark->work;
    if (span <= 0 || work <= 0)
        return false;
    *rate = (double)(n_done(progress) - mark->done) / span;
    *left_s = progress->work.left * span / work - (now_s - until);
    if (*left_s < 0)
        *left_s = 0;
    return true;
}

/* "138/s", "2.4/s", "0.31/s", "4.2/min", "1.5/h" */
static void append_rate(char *text, size_t size, double rate)
{
    const char *unit = "s";
    if (rate < 0.1) {
        rate *= 60;
        unit = "min";
    }
    if (rate < 0.1) {
        rate *= 60;
        unit = "h";
    }
    append(text, size, "%.*f/%s", rate >= 10 ? 0 : rate >= 1 ? 1 : 2, rate, unit);
}

/* "5 min 20 s left"; the last second is not counted down. */
static void append_left(char *text, size_t size, double left_s)
{
    char left[PROGRESS_DURATION_MAX] = "< 1 s";
    if (left_s >= 1)
        progress_duration(left_s, left);
    append(text, size, "%s left", left);
}

static void append_accepted(char *text, size_t size, const struct progress *progress)
{
    append(text, size, "%.0f %% accepted",
           floor(100 * (double)progress->counts[STATUS_ACCEPTED] / (double)n_done(progress)));
}

void progress_line(const struct progress *progress, double now_s, char *text, size_t size)
{
    uint64_t done = n_done(progress);
    snprintf(text, size, "picky: %" PRIu64 " of %" PRIu64 " jobs (%d %%)", done, progress->n_jobs, percent(progress));
    if (done > 0) {
        append(text, size, ", ");
        append_accepted(text, size, progress);
    }
    double rate, left_s;
    if (done == 0 && progress->work.in_pack > 0)
        append(text, size, ", the first models are %.0f %% trained", floor(100 * progress->work.in_pack));
    if (!progress_estimate(progress, now_s, &rate, &left_s))
        return;
    if (rate > 0) {
        append(text, size, ", ");
        append_rate(text, size, rate);
    }
    if (done < progress->n_jobs) {
        append(text, size, ", ");
        append_left(text, size, left_s);
    }
}

void progress_bar(const struct progress *progress, double now_s, int width, char *text, size_t size)
{
    enum { PARTS = 4, PART_MAX = 64, BAR_LEAST = 10, BAR_MOST = 40 };
    char parts[PARTS][PART_MAX] = {"", "", "", ""};
    uint64_t done = n_done(progress);
    double rate, left_s;
    bool known = progress_estimate(progress, now_s, &rate, &left_s);

    /* In the order of what is missed most. */
    snprintf(parts[0], PART_MAX, " %" PRIu64 "/%" PRIu64, done, progress->n_jobs);
    if (known && done < progress->n_jobs) {
        append(parts[1], PART_MAX, "  ");
        append_left(parts[1], PART_MAX, left_s);
    }
    if (done > 0) {
        append(parts[2], PART_MAX, "  ");
        append_accepted(parts[2], PART_MAX, progress);
    }
    if (known && rate > 0) {
        append(parts[3], PART_MAX, "  ");
        append_rate(parts[3], PART_MAX, rate);
    } else if (done == 0 && progress->work.in_pack > 0) {
        append(parts[3], PART_MAX, "  first models %.0f %%", floor(100 * progress->work.in_pack));
    }

    snprintf(text, size, "%3d %%", percent(progress));
    int used = (int)strlen(text);
    int n_parts = 0;
    for (; n_parts < PARTS && used + (int)strlen(parts[n_parts]) <= width; n_parts++)
        used += (int)strlen(parts[n_parts]);
    int cells = width - used - (int)strlen(" []");
    if (cells > BAR_MOST)
        cells = BAR_MOST;
    if (cells >= BAR_LEAST) {
        double share = progress->n_jobs ? (double)done / (double)progress->n_jobs : 1;
        int filled = (int)(share * cells);
        append(text, size, " [");
        for (int i = 0; i < cells; i++)
            append(text, size, "%c", i < filled ? '#' : '.');
        append(text, size, "]");
    }
    for (int i = 0; i < n_parts; i++)
        append(text, size, "%s", parts[i]);
}

static void show(struct progress *progress, double now_s, bool is_last)
{
    char text[512];
    progress->shown_s = now_s;
    progress->shown_done = n_done(progress);
    if (progress->is_quiet)
        return;
    if (progress->is_terminal) {
        int width = stream_columns(progress->stream), most = (int)sizeof text / 2;
        progress_bar(progress, now_s, width < most ? width : most, text, sizeof text);
        fprintf(progress->stream, "\r%s\033[K%s", text, is_last ? "\n" : "");
    } else {
        progress_line(progress, now_s, text, sizeof text);
        char time[CLOCK_TEXT_MAX];
        clock_text(clock_calendar_s(), time);
        fprintf(progress->stream, "%s (%s)\n", text, time);
    }
    fflush(progress->stream);
}

/* Leaves out the time in which nothing could be done. */
static void skip_pause(struct progress *progress, double now_s)
{
    double pause_s = now_s - progress->seen_s;
    progress->seen_s = now_s;
    if (pause_s < PAUSE_S)
        return;
    progress->start_s += pause_s;
    progress->shown_s += pause_s;
    progress->burst_s += pause_s;
    for (int i = 0; i < 2; i++)
        progress->marks[i].at_s += pause_s;
}

void progress_update(struct progress *progress, const uint64_t counts[N_STATUSES], const struct progress_work *work,
                     double now_s)
{
    skip_pause(progress, now_s);
    progress_note(progress, counts, work, now_s);
    double since = now_s - progress->shown_s;
    if (progress->is_terminal) {
        if (since >= REDRAW_S)
            show(progress, now_s, false);
        return;
    }
    uint64_t done = n_done(progress);
    bool tenth = done < progress->n_jobs && 10 * done / progress->n_jobs > 10 * progress->shown_done / progress->n_jobs;
    if (since < progress->interval_s && !(tenth && since >= LINES_APART_S))
        return;
    show(progress, now_s, false);
    if (since >= progress->interval_s)
        progress->interval_s = fmin(2 * progress->interval_s, LONGEST_INTERVAL_S);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(progress->stream, "%spicky: ", progress->is_terminal ? "\r\033[K" : "");
    vfprintf(progress->stream, format, args);
    fprintf(progress->stream, "\n");
    va_end(args);
    fflush(progress->stream);
}

void progress_end(struct progress *progress, double now_s)
{
    if (!progress->is_open)
        return;
    progress->is_open = false;
    if (progress->is_terminal || n_done(progress) != progress->shown_done)
        show(progress, now_s, true);
}

/* Appends an item of a list, on a new line where 80 columns are full: mpirun's terminal is not seen from here. */
static void append_item(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append_item(char *text, size_t size, const char *format, ...)
{
    enum { COLUMNS_MOST = 80 };
    char item[128];
    va_list args;
    va_start(args, format);
    vsnprintf(item, sizeof item, format, args);
    va_end(args);
    const char *newline = strrchr(text, '\n'), *line = newline ? newline + 1 : text;
    bool fits = strlen(line) + strlen(", ") + strlen(item) + strlen(",") <= COLUMNS_MOST;
    append(text, size, "%s%s", !*text ? "picky: " : fits ? ", " : ",\npicky: ", item);
}

void progress_receipt(FILE *stream, const struct receipt *receipt)
{
    uint64_t done = 0;
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++)
        done += receipt->counts[status];
    char duration[PROGRESS_DURATION_MAX], text[512] = "";
    progress_duration(receipt->wall_s, duration);
    append(text, sizeof text, "%" PRIu64 " job%s in %s", done, done == 1 ? "" : "s", duration);
    if (receipt->wall_s > 0) {
        append(text, sizeof text, " (");
        append_rate(text, sizeof text, (double)done / receipt->wall_s);
        append(text, sizeof text, ")");
    }
    append(text, sizeof text, " on %d rank%s:", receipt->n_ranks, receipt->n_ranks == 1 ? "" : "s");
    const char *comma = "";
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++) {
        /* Accepted and rejected are always told: 0 is news too. */
        if (receipt->counts[status] == 0 && status != STATUS_ACCEPTED && status != STATUS_REJECTED)
            continue;
        append(text, sizeof text, "%s %" PRIu64 " %s", comma, receipt->counts[status], status_names[status]);
        comma = ",";
    }
    if (receipt->counts[STATUS_PENDING] > 0)
        append(text, sizeof text, "; %" PRIu64 " not done", receipt->counts[STATUS_PENDING]);
    fprintf(stream, "picky: %s\n", text);

    text[0] = '\0';
    append_item(text, sizeof text, "busy %.0f %%", 100 * receipt->busy);
    if (!isnan(receipt->occupancy))
        append_item(text, sizeof text, "lanes filled %.0f %%", 100 * receipt->occupancy);
    if (receipt->cpu_s > 0 && receipt->speed > 0) {
        progress_duration(receipt->cpu_s, duration);
        append_item(text, sizeof text, "CPU time %s", duration);
        append_item(text, sizeof text, "%.0f %% of the speed of full packs", 100 * receipt->speed);
    }
    if (!isnan(receipt->rejected_at_start))
        append_item(text, sizeof text, "attempts rejected at the start %.0f %%", 100 * receipt->rejected_at_start);
    progress_duration(receipt->longest_wait_s, duration);
    append_item(text, sizeof text, "longest wait %s", duration);
    progress_duration(receipt->tail_s, duration);
    append_item(text, sizeof text, "tail %s", duration);
    fprintf(stream, "%s\n", text);
}
