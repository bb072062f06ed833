#include "fakes.h"

#include <stdlib.h>
#include <string.h>

struct results {
    struct record_layout layout;
    uint64_t n_configs, replicates;
    char *records;    /* [n_configs][replicates][layout.n_bytes] */
    unsigned *n_puts; /* [n_configs][replicates] */
    uint64_t n, fails_at_put;
    bool fails_at_sync;
};

struct results *fake_results_create(const struct record_layout *layout, uint64_t n_configs, uint64_t replicates)
{
    struct results *results = calloc(1, sizeof *results);
    check(results);
    results->layout = *layout;
    results->n_configs = n_configs;
    results->replicates = replicates;
    results->records = calloc(n_configs * replicates, layout->n_bytes);
    results->n_puts = calloc(n_configs * replicates, sizeof *results->n_puts);
    check(results->records && results->n_puts);
    return results;
}

void fake_results_destroy(struct results *results)
{
    free(results->records);
    free(results->n_puts);
    free(results);
}

void fake_results_fail(struct results *results, uint64_t at_put, bool at_sync)
{
    results->fails_at_put = at_put ? results->n + at_put : 0;
    results->fails_at_sync = at_sync;
}

static uint64_t slot_of(const struct results *results, uint64_t config, uint64_t replicate)
{
    check(config < results->n_configs && replicate < results->replicates);
    return config * results->replicates + replicate;
}

unsigned fake_results_n_puts(const struct results *results, uint64_t config, uint64_t replicate)
{
    return results->n_puts[slot_of(results, config, replicate)];
}

const void *fake_results_record(const struct results *results, uint64_t config, uint64_t replicate)
{
    return results->records + slot_of(results, config, replicate) * results->layout.n_bytes;
}

enum error_code results_put(struct results *results, uint64_t config, uint64_t replicate, const void *record,
                            struct error *error)
{
    results->n++;
    if (results->fails_at_put && results->n >= results->fails_at_put)
        return error_set(error, ERROR_FATAL, "results.h5: no space left on device");
    uint64_t slot = slot_of(results, config, replicate);
    results->n_puts[slot]++;
    memcpy(results->records + slot * results->layout.n_bytes, record, results->layout.n_bytes);
    return ERROR_NONE;
}

enum error_code results_sync(struct results *results, bool now, struct error *error)
{
    (void)now;
    return results->fails_at_sync ? error_set(error, ERROR_FATAL, "results.h5: cannot sync") : ERROR_NONE;
}
