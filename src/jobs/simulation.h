/* A sweep as it would be run, without training: jobs handed out to ranks, attempts rejected and packed again, layouts
 * chosen, with times by the cost function (cost.h) and chance in place of learning. No MPI, no files. */
#ifndef PICKY_SIMULATION_H
#define PICKY_SIMULATION_H

#include "packing.h"

/* What is simulated. */
struct simulated_sweep {
    const struct hyperparameters *configs; /* [n_configs]; borrowed */
    size_t n_configs;
    int64_t replicates;
    const double *scale; /* [n_configs]: seconds here for a second of the cost function */
    uint64_t memory;     /* bytes that packs may use */
};

/* How attempts end. Jobs are of two kinds: some learn, each trained attempt with the same chance; of the others no
 * attempt is accepted. */
struct simulated_chance {
    double p_hopeless; /* that a job is of the second kind */
    double p_accepted; /* of a trained attempt of the first kind */
    double p_dead;     /* that an attempt ends untrained */
};

struct simulated_time {
    double cpu_s; /* of all ranks' cores */
    double run_s; /* until the last rank is done */
};

struct simulation;

/* Finds the shapes and how their packs are trained. ERROR_FATAL if memory is short. The caller owns *simulation. */
enum error_code simulation_create(struct simulation **simulation, const struct simulated_sweep *sweep,
                                  const struct kernels *widest, struct error *error);
void simulation_destroy(struct simulation *simulation); /* NULL is allowed */

/* Runs all jobs on n_ranks (>= 1) ranks; equal seeds give equal runs. Where there are many jobs, some replicates of
 * each configuration are run, and the rest is taken to go on as they do. */
enum error_code simulation_run(struct simulation *simulation, const struct simulated_chance *chance, int64_t n_ranks,
                               int64_t seed, struct simulated_time *time, struct error *error);

#endif
