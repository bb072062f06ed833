/* The order in which a sweep's jobs go out. Plain data, no MPI, no files.
 *
 * Replicate by replicate, so that a sweep cut short is a complete, thinner sweep; costly shapes first within
 * a round. A hand-out is a run of jobs of one shape, in order of (replicate, config), so that it can fill a
 * pack; where there are few jobs of each length, the lengths are mixed, the longest of a replicate first. State is a
 * few bytes a configuration and nothing per job.
 *
 * Where the longest jobs may not fit into the time that there is, they would keep all others from being done, in this
 * run and each one after it: then the cheapest go first, with all their replicates (plan_cheapest_first). */
#ifndef PICKY_PLAN_H
#define PICKY_PLAN_H

#include "job.h"

struct plan;

/* Plans n_configs x replicates jobs with seeds seed + replicate. `configs` is borrowed until plan_destroy.
 * ERROR_INPUT if there are more jobs than 64 bits count, ERROR_FATAL if memory is short. The caller owns *plan. */
enum error_code plan_create(struct plan **plan, const struct hyperparameters *configs, size_t n_configs,
                            int64_t replicates, int64_t seed, struct error *error);
void plan_destroy(struct plan *plan); /* NULL is allowed */

/* Leaves out the jobs that are done: is_done(context, config, replicate). To be called at most once, before the first
 * plan_next; `context` is borrowed until plan_destroy, and what is done must not be pending again. O(jobs) calls. */
void plan_skip(struct plan *plan, bool (*is_done)(const void *context, uint64_t config, uint64_t replicate),
               const void *context);

/* From now on the cheapest shapes go first: all their jobs, before those of any shape that costs more. Shapes within a
 * quarter of each other's cost go replicate by replicate, as ever, and lengths are not mixed: the shapes get other
 * numbers. To be called before the first plan_next. ERROR_FATAL if memory is short. */
enum error_code plan_cheapest_first(struct plan *plan, struct error *error);

/* The next jobs to do: fills jobs[0..n-1] and *shape, the number of the shape that they share, and returns n:
 * 0 at the end (then *shape is left alone), at most n_max. With plan_cheapest_first also 0 for a rank that holds jobs
 * of cheaper shapes (prefer) than those whose turn it is: it is to finish them first, without their company.
 *
 * A rank that holds unfinished jobs of some shapes gives their numbers in prefer[n_prefer], the dearest first:
 * it gets more of the first of them that has jobs and is at most a round and a hand-out ahead of the sweep
 * (a round: one replicate of every configuration). Otherwise, and with n_prefer = 0, the order decides. Fewer
 * than n_max are returned only if the shape has no more. Amortised O(1) a job, plus O(n_prefer). */
size_t plan_next(struct plan *plan, const uint64_t *prefer, size_t n_prefer, size_t n_max, struct job *jobs,
                 uint64_t *shape);

/* The job of one slot, whatever has become of it. */
struct job plan_job(const struct plan *plan, uint64_t config, uint64_t replicate);

uint64_t plan_jobs_total(const struct plan *plan); /* without those left out */
uint64_t plan_jobs_left(const struct plan *plan);  /* not yet handed out */
size_t plan_n_configs(const struct plan *plan);
int64_t plan_replicates(const struct plan *plan);
size_t plan_n_shapes(const struct plan *plan);

/* Expected work, in shape_cost's unit: of all jobs that are not left out, and of one job of configuration `config`.
 * Attempts that will be rejected are not foreseen. */
double plan_work_total(const struct plan *plan);
double plan_work(const struct plan *plan, uint64_t config);

#endif
