#include "sweep_warnings.h"

#include "description.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_idle(FILE *out, const struct sweep *sweep, const struct hyperparameter *row)
{
    const char *where = NULL;
    for (size_t c = 0; c < sweep->n_configs; c++)
        if (!(where = hyperparameter_idle(&sweep->configs[c], row)))
            return;
    fprintf(out, "picky: warning: %s is given, but has no effect in this sweep: it matters %s\n", row->name, where);
}

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

static int compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->config > y->config) - (x->config < y->config);
}

static bool is_one(const struct sweep *sweep, uint32_t a, uint32_t b)
{
    struct hyperparameters x, y;
    hyperparameters_canonical(&sweep->configs[a], &x);
    hyperparameters_canonical(&sweep->configs[b], &y);
    return memcmp(&x, &y, sizeof x) == 0;
}

static void print_coinciding(FILE *out, const struct sweep *sweep)
{
    uint64_t n = 0;
    uint32_t first = 0, second = UINT32_MAX;
    struct item *items = malloc(sweep->n_configs * sizeof *items);
    for (size_t c = 0; items && c < sweep->n_configs; c++) {
        struct hyperparameters canonical;
        hyperparameters_canonical(&sweep->configs[c], &canonical);
        items[c] = (struct item){hash(&canonical), (uint32_t)c};
    }
    if (items)
        qsort(items, sweep->n_configs, sizeof *items, compare);
    for (size_t i = 1; items && i < sweep->n_configs; i++) {
        if (items[i].hash != items[i - 1].hash || !is_one(sweep, items[i - 1].config, items[i].config))
            continue;
        n++;
        if (items[i].config < second) {
            first = items[i - 1].config;
            second = items[i].config;
        }
    }
    free(items);
    if (n == 0)
        return;
    char label[RESULTS_LABEL_MAX], other[RESULTS_LABEL_MAX];
    results_label(&sweep->configs[first], sweep->swept, first, label);
    results_label(&sweep->configs[second], sweep->swept, second, other);
    fprintf(out, "picky: warning: %s and %s ask for the same models", label, other);
    if (n > 1)
        fprintf(out, "; %" PRIu64 " configurations repeat others so", n);
    fputc('\n', out);
}

void sweep_warnings_print(FILE *out, const struct sweep *sweep)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (sweep->given[i])
            print_idle(out, sweep, &hyperparameter_table[i]);
    if (!sweep->repeated) /* that has a line of its own */
        print_coinciding(out, sweep);
}
