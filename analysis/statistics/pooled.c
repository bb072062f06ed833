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

/* A number that is a sum of the rows' means, each times a weight. */
struct sum {
    const float *rows; /* [n_rows, n_seeds] */
    size_t n_rows, n_seeds;
    const double *x; /* [n_rows]: the weights are those of a slope; NULL: of a mean */
    size_t least;    /* values of a row, else it is left out */
    size_t n_used;
    double x_mean, x_squares; /* of the rows in it */
};

static double weight_of(const struct sum *sum, size_t row)
{
    return sum->x ? (sum->x[row] - sum->x_mean) / sum->x_squares : 1 / (double)sum->n_used;
}

size_t pooled_least(const float *rows, size_t n_rows, size_t n_seeds)
{
    size_t n, least = 1;
    for (size_t r = 0; r < n_rows; r++) {
        row_mean(rows + r * n_seeds, n_seeds, &n);
        least = n >= POOLED_SEEDS_MIN ? POOLED_SEEDS_MIN : least;
    }
    return least;
}

static void prepare(struct sum *sum)
{
    size_t n;
    sum->least = pooled_least(sum->rows, sum->n_rows, sum->n_seeds);
    for (size_t r = 0; r < sum->n_rows; r++) {
        row_mean(sum->rows + r * sum->n_seeds, sum->n_seeds, &n);
        if (n < sum->least)
            continue;
        double from_mean = sum->x ? sum->x[r] - sum->x_mean : 0;
        sum->n_used++;
        sum->x_mean += from_mean / (double)sum->n_used;
        sum->x_squares += sum->x ? from_mean * (sum->x[r] - sum->x_mean) : 0;
    }
}

/* One value a seed: the sum and what the seed adds to it. */
static size_t values_of(struct sum *sum, float *values)
{
    const size_t n_seeds = sum->n_seeds;
    size_t n, n_known = 0;
    double total = 0;
    prepare(sum);
    for (size_t s = 0; s < n_seeds; s++)
        values[s] = NAN;
    for (size_t r = 0; r < sum->n_rows; r++) {
        const float *row = sum->rows + r * n_seeds;
        double mean = row_mean(row, n_seeds, &n);
        total += n >= sum->least ? weight_of(sum, r) * mean : 0;
        for (size_t s = 0; s < n_seeds && n >= sum->least; s++)
            if (!isnan(row[s]) && isnan(values[s])) {
                values[s] = 0;
                n_known++;
            }
    }
    for (size_t r = 0; r < sum->n_rows; r++) {
        const float *row = sum->rows + r * n_seeds;
        double mean = row_mean(row, n_seeds, &n), factor = weight_of(sum, r) * (double)n_known / (double)n;
        for (size_t s = 0; s < n_seeds && n >= sum->least; s++)
            if (!isnan(row[s]))
                values[s] += (float)(factor * ((double)row[s] - mean));
    }
    for (size_t s = 0; s < n_seeds; s++)
        values[s] += (float)total;
    return sum->n_used;
}

size_t pooled_values(const float *rows, size_t n_rows, size_t n_seeds, float *pooled)
{
    struct sum sum = {.rows = rows, .n_rows = n_rows, .n_seeds = n_seeds};
    return values_of(&sum, pooled);
}

size_t pooled_slopes(const double *x, const float *rows, size_t n_rows, size_t n_seeds, float *slopes)
{
    struct sum sum = {.rows = rows, .n_rows = n_rows, .n_seeds = n_seeds, .x = x};
    return values_of(&sum, slopes);
}
