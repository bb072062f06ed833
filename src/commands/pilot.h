/* A sweep's cost, measured: a few of its jobs of each shape are trained, on one core. No MPI, no files. */
#ifndef PICKY_PILOT_H
#define PICKY_PILOT_H

#include "sweep.h"

#include <stdint.h>

/* What one shape of the sweep costs. */
struct pilot_shape {
    const struct hyperparameters *example; /* one of its configurations; borrowed from the sweep */
    size_t n_configs;
    double n_jobs, job_s; /* of the sweep; seconds of one core for one of them, rejected attempts included */
    double pack_s;        /* of one pack, the smallest thing that a rank does */
    uint64_t n_trained;   /* jobs that were trained for it; 0: job_s is extrapolated from a few optimiser steps */
    double trained_s;     /* of one core */
};

struct pilot {
    struct pilot_shape *shapes; /* [n_shapes], the costliest first; owned */
    size_t n_shapes;
    double total_s, pack_s;    /* all jobs, on one core; the longest pack */
    double memory, job_memory; /* bytes: of a process with the largest full pack, of one record */
};

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

/* Trains jobs of the sweep's shapes, two packs of each where that fits into budget_s seconds together, one or none
 * (then extrapolates) where it does not, or memory is too short for full packs. ERROR_FATAL if memory is short. The
 * caller frees by pilot_free, also on error. */
enum error_code pilot_run(struct pilot *pilot, const struct sweep *sweep, double budget_s, struct error *error);
void pilot_free(struct pilot *pilot);

/* What a sweep takes, from simulations of it (simulation.h): the likeliest interval whose high end is at most twice its
 * low end. */
struct pilot_interval {
    double low_s, high_s;
};

enum { PILOT_RANKS = 6 };
extern const int pilot_ranks[PILOT_RANKS]; /* 1, 4, 16, ... */

struct pilot_estimate {
    struct pilot_interval cpu, run[PILOT_RANKS]; /* of a core, all packs together; until the last of so many is done */
    uint64_t n_trained;                          /* jobs that were trained to learn how attempts end */
};

/* Times some steps of the sweep's shapes, trains a few of its jobs, for some three seconds together, and simulates the
 * sweep. `memory` is what packs may use. */
enum error_code pilot_estimate(struct pilot_estimate *estimate, const struct sweep *sweep, uint64_t memory,
                               struct error *error);

#endif
