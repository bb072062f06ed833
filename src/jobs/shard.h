/* A shard: one of n parts of a sweep that are run by themselves and share nothing.
 *
 * Job (config, replicate) belongs to shard 1 + (config + replicate) mod n: each job to exactly one, and each shard is a
 * thinner sweep, with jobs of every configuration if there are n replicates. */
#ifndef PICKY_SHARD_H
#define PICKY_SHARD_H

#include "errors.h"

#include <stdbool.h>
#include <stdint.h>

struct shard {
    uint64_t index, n; /* 1 <= index <= n; 1/1 is the whole sweep; 0/0: none is named */
};

#define SHARDS_MAX     1000000000
#define SHARD_TEXT_MAX 24 /* bytes of "index/n", the final NUL included */

/* Reads "i/n". Returns false, *shard unchanged, if it is not one. */
bool shard_parse(const char *text, struct shard *shard);
void shard_format(const struct shard *shard, char text[SHARD_TEXT_MAX]);

bool shard_equal(const struct shard *a, const struct shard *b);

/* Whether a job belongs to the shard (1/1 and 0/0: always). */
bool shard_has(const struct shard *shard, uint64_t config, uint64_t replicate);

/* The first replicate of a configuration that belongs to the shard, which may be beyond the sweep's last; the next ones
 * are shard_stride apart. */
uint64_t shard_first(const struct shard *shard, uint64_t config);
uint64_t shard_stride(const struct shard *shard);

/* The number of jobs in the shard. */
uint64_t shard_n_jobs(const struct shard *shard, uint64_t n_configs, uint64_t replicates);

#endif
