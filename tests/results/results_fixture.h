/* Made-up sweeps and records, for tests of the results file. */
#ifndef PICKY_RESULTS_FIXTURE_H
#define PICKY_RESULTS_FIXTURE_H

#include "file.h"
#include "inspect.h"
#include "open.h"
#include "scales.h"

enum { SEED = 7 };
enum { ALL_STORED = STORE_WEIGHTS | STORE_INITIAL_WEIGHTS | STORE_TEST_SET | STORE_TRAIN_SET };

/* A sweep of made-up configurations. */
struct sample {
    struct hyperparameters configs[64];
    struct record_layout layout;
    bool swept[64];
    struct results_attribute provenance[5];
    struct results_description d;
};

/* Sets rows of `text` ("name=value name=value ...") on a configuration. */
void sample_set(struct hyperparameters *h, const char *text);

void sample_make(struct sample *s, unsigned store, int64_t replicates, size_t n_configs, const char *const *configs);

/* Configurations for sample_make: of several sizes; with one hidden layer. */
extern const char *const mixed[4], *const shallow[1];

/* splitmix64: a hash of x. */
uint64_t scramble(uint64_t x);

/* A record whose every byte depends on its slot; status runs through all but pending. */
void fill_record(const struct record_layout *layout, uint64_t config, uint64_t replicate, void *record);

/* The record as the file should have it. */
void expect_record(const struct record_layout *layout, uint64_t config, uint64_t replicate, void *record);

#endif
