/* A sweep's cost: some of its steps are timed, a few of its jobs trained, on one core, and the rest is simulated. No
 * MPI, no files. */
#ifndef PICKY_PILOT_H
#define PICKY_PILOT_H

#include "sweep.h"

#include <stdint.h>

/* The job that takes longest, with all its attempts, as a rank does it: together with as many others as fill a pack. */
struct pilot_job {
    size_t config;
    int64_t max_attempts;
    double attempt_s; /* one attempt; only rejected ones are followed by another */
};

/* Finds it among n_jobs[c] jobs of each configuration c (not 0 of all), and times some optimiser steps of smaller
 * models like it. `memory` is what packs may use. With enough_s > 0 it times fewer of them, and none if a slow machine
 * would do all attempts in less: attempt_s is then an upper bound. */
enum error_code pilot_longest_job(struct pilot_job *job, const struct sweep *sweep, const uint64_t *n_jobs,
                                  uint64_t memory, double enough_s, struct error *error);

/* What a sweep takes, from simulations of it (simulation.h): the likeliest interval whose high end is at most twice its
 * low end. */
struct pilot_interval {
    double low_s, high_s;
};

enum { PILOT_RANKS = 6 };
extern const int pilot_ranks[PILOT_RANKS]; /* 1, 4, 16, ... */

struct pilot_estimate {
    struct pilot_interval cpu, run[PILOT_RANKS]; /* of a core, all packs together; until the last of so many is done */
    struct pilot_interval asked;                 /* the same of the number of ranks that was asked for */
    uint64_t n_trained;                          /* jobs that were trained to learn how attempts end */
};

/* Times some steps of the sweep's shapes, trains a few of its jobs, for some two seconds together, and simulates the
 * sweep, on n_ranks too if that is not 0. `memory` is what packs may use. */
enum error_code pilot_estimate(struct pilot_estimate *estimate, const struct sweep *sweep, uint64_t memory,
                               int64_t n_ranks, struct error *error);

#endif
