#include "quads.h"

#include <math.h>
#include <stdlib.h>

enum error_code quads_make(struct quads *quads, size_t n_max, struct error *error)
{
    *quads = (struct quads){0};
    if (match_make(&quads->low, n_max, error) || match_make(&quads->high, n_max, error))
        quads_free(quads);
    return error->code;
}

void quads_free(struct quads *quads)
{
    match_free(&quads->low);
    match_free(&quads->high);
}

void quads_add(struct quads *quads, const size_t configs[4])
{
    match_add(&quads->low, configs[0], configs[1]);
    match_add(&quads->high, configs[2], configs[3]);
}

/* Columns of the four samples by configuration and replicate [4, configurations, replicates]; the caller frees them.
 * NULL if memory is short. */
static float *by_replicate(const struct quads *quads, const struct sample samples[4], const float *const columns[4],
                           size_t n_replicates)
{
    const struct selection *configs[4] = {&quads->low.a, &quads->low.b, &quads->high.a, &quads->high.b};
    size_t n = quads->low.a.n * n_replicates;
    float *values = malloc((4 * n + 1) * sizeof *values);
    for (size_t k = 0; k < 4 && values; k++)
        sample_by_replicate(&samples[k], configs[k], columns[k], n_replicates, values + k * n);
    return values;
}

enum error_code quads_align(const struct quads *quads, const struct sample samples[4], const float *const columns[4],
                            struct aligned *aligned, struct error *error)
{
    size_t n_values = quads->low.a.n * aligned->n;
    float *values = by_replicate(quads, samples, columns, aligned->n);
    if (!values)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t r = 0; r < aligned->n; r++) {
        double low = 0, high = 0, n = 0;
        for (size_t i = r; i < n_values; i += aligned->n) {
            double of_low = (double)values[n_values + i] - (double)values[i];
            double of_high = (double)values[3 * n_values + i] - (double)values[2 * n_values + i];
            if (isnan(of_low) || isnan(of_high))
                continue;
            low += of_low;
            high += of_high;
            n++;
        }
        aligned->a[r] = (float)(low / n); /* 0/0 is the NaN that is wanted */
        aligned->b[r] = (float)(high / n);
        aligned->n_pairs[r] = (float)n;
    }
    free(values);
    return ERROR_NONE;
}

enum error_code quads_count(const struct quads *quads, const struct sample samples[4], size_t n_replicates,
                            size_t *n_quads, size_t *n_same, struct error *error)
{
    size_t n = quads->low.a.n * n_replicates;
    float *attempts[4] = {NULL}, *values = NULL;
    bool is_short = false;
    *n_quads = *n_same = 0;
    for (size_t k = 0; k < 4; k++) {
        attempts[k] = malloc((samples[k].n_models + 1) * sizeof(float));
        is_short |= !attempts[k];
        for (size_t m = 0; attempts[k] && m < samples[k].n_models; m++)
            attempts[k][m] = (float)samples[k].models[m].attempt;
    }
    if (!is_short)
        values = by_replicate(quads, samples, (const float *const *)attempts, n_replicates);
    for (size_t i = 0; values && i < n; i++) {
        const float four[4] = {values[i], values[n + i], values[2 * n + i], values[3 * n + i]};
        *n_quads += isnan(four[0] + four[1] + four[2] + four[3]) ? 0 : 1;
        *n_same += four[0] == four[1] && four[0] == four[2] && four[0] == four[3];
    }
    for (size_t k = 0; k < 4; k++)
        free(attempts[k]);
    if (!values)
        return error_set(error, ERROR_FATAL, "not enough memory");
    free(values);
    return ERROR_NONE;
}
