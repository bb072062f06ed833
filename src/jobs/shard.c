#include "shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads digits and returns what follows them; NULL if there is no number of 1 to SHARDS_MAX. */
static const char *parse_number(const char *text, uint64_t *number)
{
    const char *end = text + strspn(text, "0123456789");
    if (end == text || end - text > 10)
        return NULL;
    *number = strtoull(text, NULL, 10);
    return *number >= 1 && *number <= SHARDS_MAX ? end : NULL;
}

bool shard_parse(const char *text, struct shard *shard)
{
    struct shard s;
    const char *rest = parse_number(text, &s.index);
    if (!rest || *rest != '/' || !(rest = parse_number(rest + 1, &s.n)) || *rest || s.index > s.n)
        return false;
    *shard = s;
    return true;
}

void shard_format(const struct shard *shard, char text[SHARD_TEXT_MAX])
{
    snprintf(text, SHARD_TEXT_MAX, "%" PRIu64 "/%" PRIu64, shard->index, shard->n);
}

uint64_t shard_stride(const struct shard *shard)
{
    return shard->n > 1 ? shard->n : 1;
}

bool shard_equal(const struct shard *a, const struct shard *b)
{
    return shard_stride(a) == shard_stride(b) && (a->n <= 1 || a->index == b->index);
}

uint64_t shard_first(const struct shard *shard, uint64_t config)
{
    if (shard->n <= 1)
        return 0;
    /* Of config + replicate = index - 1 mod n. */
    return (shard->index - 1 + shard->n - config % shard->n) % shard->n;
}

bool shard_has(const struct shard *shard, uint64_t config, uint64_t replicate)
{
    return shard->n <= 1 || replicate % shard->n == shard_first(shard, config);
}

uint64_t shard_n_jobs(const struct shard *shard, uint64_t n_configs, uint64_t replicates)
{
    uint64_t n = 0;
    if (shard->n <= 1)
        return n_configs * replicates;
    for (uint64_t config = 0; config < n_configs; config++) {
        uint64_t first = shard_first(shard, config);
        n += first < replicates ? (replicates - 1 - first) / shard->n + 1 : 0;
    }
    return n;
}
