#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double statistics_mean(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return sum / (double)n;
}

void ri_counts_add(struct ri_counts *counts, const double *ri, size_t n, double selective_above, double mixed_below)
{
    counts->n_units += n;
    for (size_t i = 0; i < n; i++) {
        if (isnan(ri[i])) {
            counts->unimportant++;
            continue;
        }
        counts->selective_a += ri[i] > selective_above;
        counts->selective_b += ri[i] < -selective_above;
        counts->mixed += fabs(ri[i]) < mixed_below;
        int bin = (int)((ri[i] + 1) / 2 * RI_BINS);
        counts->bins[bin < RI_BINS ? bin : RI_BINS - 1]++;
    }
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void statistics_sort(float *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
}

double statistics_quantile(const float *sorted, size_t n, double p)
{
    double position = p * (double)(n - 1);
    size_t below = (size_t)position;
    if (below >= n - 1)
        return (double)sorted[n - 1];
    double low = (double)sorted[below], high = (double)sorted[below + 1];
    return low + (position - (double)below) * (high - low);
}

void statistics_wilson(uint64_t k, uint64_t n, double *low, double *high)
{
    const double z = 1.959963984540054; /* normal quantile of 0.975 */
    *low = 0;
    *high = 1;
    if (n == 0)
        return;
    double p = (double)k / (double)n, z2_n = z * z / (double)n;
    double centre = (p + z2_n / 2) / (1 + z2_n);
    double half = z / (1 + z2_n) * sqrt(p * (1 - p) / (double)n + z2_n / 4 / (double)n);
    /* At the ends the bound is the end itself, which rounding would miss. */
    if (k > 0)
        *low = centre - half;
    if (k < n)
        *high = centre + half;
}
