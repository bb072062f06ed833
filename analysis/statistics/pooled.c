#include "pooled.h"

#include <math.h>

/* Mean of a row's values, NaN being left out, and how many there are. */
static double row_mean(const float *row, size_t n_seeds, size_t *n)
{
    double sum = 0;
    *n = 0;
    for (size_t s = 0; s < n_seeds; s++)
        if (!isnan(row[s])) {
            sum += (double)row[s];
            ++*n;
        }
    return sum / (double)*n;
}

size_t pooled_values(const float *rows, size_t n_rows, size_t n_seeds, float *pooled)
{
    size_t n, n_used = 0, n_known = 0, least = 1;
    double mean = 0;
    for (size_t r = 0; r < n_rows; r++) {
        row_mean(rows + r * n_seeds, n_seeds, &n);
        if (n >= POOLED_SEEDS_MIN)
            least = POOLED_SEEDS_MIN;
    }
    for (size_t r = 0; r < n_rows; r++) {
        double value = row_mean(rows + r * n_seeds, n_seeds, &n);
        if (n >= least) {
            mean += value;
            n_used++;
        }
    }
    mean /= (double)n_used;

    for (size_t s = 0; s < n_seeds; s++)
        pooled[s] = NAN;
    for (size_t r = 0; r < n_rows; r++) {
        const float *row = rows + r * n_seeds;
        row_mean(row, n_seeds, &n);
        for (size_t s = 0; s < n_seeds && n >= least; s++)
            if (!isnan(row[s]) && isnan(pooled[s])) {
                pooled[s] = 0;
                n_known++;
            }
    }
    for (size_t r = 0; r < n_rows; r++) {
        const float *row = rows + r * n_seeds;
        double value = row_mean(row, n_seeds, &n), weight = (double)n_known / (double)n / (double)n_used;
        for (size_t s = 0; s < n_seeds && n >= least; s++)
            if (!isnan(row[s]))
                pooled[s] += (float)(weight * ((double)row[s] - value));
    }
    for (size_t s = 0; s < n_seeds; s++)
        pooled[s] += (float)mean;
    return n_used;
}
