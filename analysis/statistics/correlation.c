#include "correlation.h"

#include <math.h>
#include <stdlib.h>

#define NORMAL_95 1.959963984540054

struct estimate correlation_of(const float *x, const float *y, size_t n_all)
{
    struct estimate r = {(double)NAN, (double)NAN, (double)NAN, 0};
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n_all; i++)
        if (!isnan(x[i]) && !isnan(y[i])) {
            mean_x += (double)x[i];
            mean_y += (double)y[i];
            r.n++;
        }
    mean_x /= (double)r.n;
    mean_y /= (double)r.n;
    for (size_t i = 0; i < n_all; i++)
        if (!isnan(x[i]) && !isnan(y[i])) {
            double dx = (double)x[i] - mean_x, dy = (double)y[i] - mean_y;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
    if (r.n < 3 || !(xx > 0 && yy > 0))
        return r;
    r.value = fmax(-1, fmin(1, xy / sqrt(xx * yy)));
    if (r.n > 3 && fabs(r.value) < 1) {
        double z = atanh(r.value), half = NORMAL_95 / sqrt((double)r.n - 3);
        r.low = tanh(z - half);
        r.high = tanh(z + half);
    }
    return r;
}

static int compare(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Puts ranks 1..n in place of values [n]; equal values get the mean of their ranks. */
static void rank(double *values, size_t n, struct ranked *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (struct ranked){values[i], i};
    qsort(scratch, n, sizeof *scratch, compare);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && scratch[end].value == scratch[i].value; end++)
            continue;
        for (size_t k = i; k < end; k++)
            values[scratch[k].index] = ((double)i + (double)end + 1) / 2;
    }
}

double rank_correlation(const double *x, const double *y, size_t n, struct ranked *scratch, double *numbers)
{
    double *kept_x = numbers, *kept_y = numbers + n;
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]) && !isnan(y[i])) {
            kept_x[n_kept] = x[i];
            kept_y[n_kept++] = y[i];
        }
    if (n_kept < 3)
        return (double)NAN;
    rank(kept_x, n_kept, scratch);
    rank(kept_y, n_kept, scratch);
    double xx = 0, yy = 0, xy = 0, middle = ((double)n_kept + 1) / 2;
    for (size_t i = 0; i < n_kept; i++) {
        double dx = kept_x[i] - middle, dy = kept_y[i] - middle;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xy / sqrt(xx * yy);
}
