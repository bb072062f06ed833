#include "twins.h"

#include <stdlib.h>
#include <string.h>

/* A configuration by what it asks for. */
struct item {
    uint64_t hash;
    uint32_t config;
};

/* FNV-1a over all bytes, which are the value: there is no padding, and texts end in zeros. */
static uint64_t hash(const struct hyperparameters *h)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof *h; i++)
        hash = (hash ^ ((const unsigned char *)h)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int compare_hashes(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->config > y->config) - (x->config < y->config);
}

enum error_code twins_find(const struct hyperparameters *configs, size_t n,
                           void (*canonical)(const struct hyperparameters *h, struct hyperparameters *form),
                           bool (*counts)(const void *context, uint32_t first, uint32_t second), const void *context,
                           struct twins *twins, struct error *error)
{
    struct hyperparameters a, b;
    struct item *items = malloc(n * sizeof *items);
    *twins = (struct twins){.n = 0, .first = 0, .second = UINT32_MAX};
    if (!items)
        return error_set(error, ERROR_FATAL, "out of memory");
    for (size_t c = 0; c < n; c++) {
        canonical(&configs[c], &a);
        items[c] = (struct item){hash(&a), (uint32_t)c};
    }
    qsort(items, n, sizeof *items, compare_hashes);
    for (size_t i = 1; i < n; i++) {
        canonical(&configs[items[i - 1].config], &a);
        canonical(&configs[items[i].config], &b);
        /* Canonical ones have zeros between their members. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (items[i].hash != items[i - 1].hash || memcmp(&a, &b, sizeof a) != 0 ||
            (counts && !counts(context, items[i - 1].config, items[i].config)))
            continue;
        twins->n++;
        if (items[i].config < twins->second) {
            twins->first = items[i - 1].config;
            twins->second = items[i].config;
        }
    }
    free(items);
    return ERROR_NONE;
}

void twins_respell(const struct hyperparameters *h, struct hyperparameters *form)
{
    char text[HYPERPARAMETER_FORMAT_MAX];
    *form = *h;
    for (int i = 0; i < n_hyperparameters; i++)
        if (hyperparameter_table[i].type == HYPERPARAMETER_TEXT) {
            hyperparameter_canonical(h, &hyperparameter_table[i], text);
            memcpy((char *)form + hyperparameter_table[i].offset, text, HYPERPARAMETER_TEXT_MAX);
        }
}
