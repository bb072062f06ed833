/* Stand-ins for the job runner and the results file, for tests of what lies between them: a runner whose packs take as
 * long as they are told and whose models are made up (fake_job.c: implements job.h), and a results file in memory
 * (fake_results.c: implements results_put and results_sync). Both can be made to fail. */
#ifndef PICKY_TESTS_FAKES_H
#define PICKY_TESTS_FAKES_H

#include "job.h"
#include "results.h"

/* What the fake runner does; set before trainers are created. */
extern struct fake_job {
    int lanes;
    double pack_s;   /* a pack takes so long, asleep */
    bool is_deaf;    /* and cannot be interrupted */
    double accepted; /* share of attempts that are accepted */
    bool fails_to_create;
    bool (*kills)(const struct job *job); /* asked of each job of a pack when it has been trained; NULL: none does */
    uint64_t fails_at_pack;               /* job_runner_step returns an error at this pack, counted from 1; 0: never */
} fake_job;

/* A results file in memory that holds n_configs x replicates records. */
struct results *fake_results_create(const struct record_layout *layout, uint64_t n_configs, uint64_t replicates);
void fake_results_destroy(struct results *results);

/* Makes the n-th results_put from now fail, and every one after it (0: none); and every results_sync. */
void fake_results_fail(struct results *results, uint64_t at_put, bool at_sync);

/* How often a slot was put, and the record that was put last. */
unsigned fake_results_n_puts(const struct results *results, uint64_t config, uint64_t replicate);
const void *fake_results_record(const struct results *results, uint64_t config, uint64_t replicate);

#endif
