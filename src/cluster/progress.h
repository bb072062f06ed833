/* What a run says of itself while it lasts, and its receipt at the end.
 *
 * On a terminal a bar, redrawn a few times a second in the width there is; anywhere else a line now and then. The
 * functions that make text take the time as an argument (clock_s, backoff.h) and look at nothing else. */
#ifndef PICKY_PROGRESS_H
#define PICKY_PROGRESS_H

#include "record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How far a run is, and how fast. Plain data; made by progress_start. */
struct progress {
    FILE *stream; /* borrowed */
    bool is_terminal;
    bool is_quiet; /* only progress_say speaks */
    bool is_open;  /* something was said, and the end not yet */
    uint64_t n_jobs;
    uint64_t counts[N_STATUSES]; /* done so far; pending unused */
    struct progress_work {
        double done, left; /* in one unit, whatever it is; what is in training counts in part */
        double in_pack;    /* share of the models in training that is done: shown until there are jobs to show */
    } work;
    double start_s, shown_s;
    double seen_s;     /* the last update; without one for long the process was stopped, and that time does not count */
    double interval_s; /* of lines: grows */
    uint64_t shown_done;
    /* Jobs come in bursts, a pack at a time: rates are taken from burst to burst. */
    double burst_s, longest_gap_s;
    struct progress_mark {
        double at_s, work;
        uint64_t done;
    } marks[2]; /* the rate is taken since marks[0]: at least the later half of a long run */
};

/* Takes a bar off a terminal, for what is said on another stream; the next update draws it again. */
void progress_hide(FILE *stream);

/* Starts the display of a run of n_jobs on `stream`; if it is to be quiet, nothing but progress_say shows. */
void progress_start(struct progress *progress, FILE *stream, uint64_t n_jobs, bool is_quiet);

/* Takes note of the jobs done by now, by status, and of the work, and shows it if it is time to. Cheap: meant to be
 * called from an event loop. */
void progress_update(struct progress *progress, const uint64_t counts[N_STATUSES], const struct progress_work *work,
                     double now_s);

/* Says something else meanwhile (printf style, one line, without newline). */
void progress_say(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Shows the last state, if it is not what was shown last, and ends the bar's line. Once: no effect after that. */
void progress_end(struct progress *progress, double now_s);

/* The same as progress_update without showing anything. */
void progress_note(struct progress *progress, const uint64_t counts[N_STATUSES], const struct progress_work *work,
                   double now_s);

/* Jobs a second of late (0: none are done), and seconds left. False if nothing can be said yet (the two are 0 then). */
bool progress_estimate(const struct progress *progress, double now_s, double *rate, double *left_s);

/* The bar, fitted to `width` columns (what does not fit is left out), and the line: no newline. */
void progress_bar(const struct progress *progress, double now_s, int width, char *text, size_t size);
void progress_line(const struct progress *progress, double now_s, char *text, size_t size);

/* A duration for people: "3 ms", "0.4 s", "42 s", "5 min 20 s", "2 h 05 min", "3 d 04 h". */
#define PROGRESS_DURATION_MAX 32
void progress_duration(double seconds, char text[PROGRESS_DURATION_MAX]);

/* What a run came to. Filled by coordinator_run. */
struct receipt {
    uint64_t counts[N_STATUSES]; /* jobs of this run; pending: those left undone */
    int n_ranks;
    bool is_stopped;   /* by a signal or the time limit, with jobs left undone */
    bool is_time_over; /* that was by the time limit, or by a warning shortly before it, and no rank was stuck */
    double paused_s;   /* that rank 0 was stopped or suspended */
    double wall_s;
    double busy;      /* share of the ranks' wall time that their compute threads spent training, 0 to 1 */
    double cpu_s;     /* of a core, that they trained for */
    double speed;     /* that full packs would take for it, by the estimate that picky bench shows, over cpu_s */
    double occupancy; /* share of the packs' lanes that held a model */
    double rejected_at_start; /* share of the attempts that were rejected untrained */
    double longest_wait_s;    /* of a compute thread, for jobs or to be rid of its records */
    double tail_s;            /* in which some rank had nothing left to do, until the last result */
};

/* Prints the receipt, a few lines. Shares that nothing is known of (no packs, no attempts) are left out. */
void progress_receipt(FILE *stream, const struct receipt *receipt);

#endif
