/* The time that a run has, and what one job needs of it. A job that is not finished is begun again by the next run,
 * from its first attempt: so one that is longer than the limit would be begun for ever. */
#ifndef PICKY_LIMIT_H
#define PICKY_LIMIT_H

#include "pilot.h"
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>

/* Seconds that Slurm warns picky's scripts ahead of the end: ten for the models in training, ten in which Slurm may be
 * late, and to write and requeue. */
enum { LIMIT_WARNING_S = 40 };

/* All times are clock_s. */
struct limit {
    double start_s;    /* when the run began */
    double deadline_s; /* when training has to end; INFINITY: never */
    double training_s; /* when it began, 0: it has not; to be filled in by the caller, as */
    double attempt_s;  /* what one attempt of the longest job is thought to need; 0: not known */
    double whole_s;    /* from the beginning of what the limit is of (the run, or Slurm's job) to the deadline */
    bool is_slurms;
    char source[64]; /* what set it, for people */
};

/* Reads --time-limit (NULL: not given): seconds into *own_s, INFINITY without. ERROR_INPUT. */
enum error_code limit_read(const char *text, double *own_s, struct error *error);

/* The limit of a run that began at start_s: by --time-limit, own_s seconds (INFINITY: none), or by Slurm's, if that is
 * to be asked, whatever ends first. */
struct limit limit_find(double start_s, double own_s, bool asks_slurm);

/* Says how the text of --time-limit (NULL: not given), which limit_read has read as own_s seconds, was understood, if
 * it may have been meant otherwise. */
void limit_print_understood(FILE *stream, const char *text, double own_s);

/* True if a run of the receipt shows that the limit is too short for one job: it was stopped because its time was over,
 * without having finished any job, although training had nearly the whole of it, or a job needs far more than the
 * whole. And if a run that had nearly the whole is at its end without having begun to train. */
bool limit_is_too_short(const struct limit *limit, const struct receipt *receipt);

/* What a limit of limit_s seconds (INFINITY: none) leaves for training: of Slurm's, when a script of picky's is warned.
 */
double limit_left(double limit_s, bool is_slurms);

/* "one job (LABEL) needs about 3 h, with up to 10 attempts 30 h; the limit leaves 2 h: too little for one attempt";
 * without a limit (left_s INFINITY) only what it needs. Ends the line. */
void limit_print_job(FILE *stream, const struct pilot_job *job, const struct sweep *sweep, double left_s);

/* True if what is left is not, or hardly, enough for all attempts of the job. */
bool limit_is_close(const struct pilot_job *job, double left_s);

#endif
