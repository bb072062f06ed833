#include "bootstrap.h"

#include "rng.h"
#include "statistics.h"
#include "student.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 8                 /* columns that are resampled together */
#define Z95   1.959963984540054 /* normal quantile of 0.975 */
#define TAIL  1.2               /* standard errors from the mean, beyond which interval ends are looked for first */

static const struct estimate none = {(double)NAN, (double)NAN, (double)NAN, 0};

static double normal_quantile(double p)
{
    double low = -40, high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (normal_probability(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* How far a 95 % interval of n models' mean goes, in standard deviations of resampled means: resamples are too narrow
 * by sqrt((n - 1)/n) and know no Student's t (Hesterberg 2015, "What teachers should know about the
 * bootstrap", section 5.3). */
static double reach(size_t n)
{
    return student_quantile(CONFIDENCE, n - 1) * sqrt((double)n / (double)(n - 1));
}

/* Puts the k-th smallest (from 0) of values [n] into its place, no larger one before it and no smaller one behind it
 * (Hoare 1961, "Algorithm 65: Find"). */
static void select_kth(double *values, size_t n, size_t k)
{
    size_t left = 0, right = n - 1;
    while (left < right) {
        double pivot = values[left + (right - left) / 2];
        size_t i = left, j = right;
        for (;;) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double value = values[i];
            values[i++] = values[j];
            values[j--] = value;
        }
        /* Up to j none is above the pivot, from j + 1 on none below it. */
        if (k <= j)
            right = j;
        else
            left = j + 1;
    }
}

/* Copies those of values [n] that are below `limit` into tail [n]; returns their number. Without a branch, which would
 * be guessed wrongly. */
static size_t copy_below(const double *values, size_t n, double limit, double *tail)
{
    size_t n_tail = 0;
    for (size_t i = 0; i < n; i++) {
        tail[n_tail] = values[i];
        n_tail += values[i] < limit ? 1 : 0;
    }
    return n_tail;
}

static size_t copy_above(const double *values, size_t n, double limit, double *tail)
{
    size_t n_tail = 0;
    for (size_t i = 0; i < n; i++) {
        tail[n_tail] = values[i];
        n_tail += values[i] > limit ? 1 : 0;
    }
    return n_tail;
}

/* The q-quantile of values [n], type 7. tail [n]: scratch. Few values lie further out than `limit`, which is a guess:
 * where it holds what is looked for, the others need no sorting. */
static double quantile(const double *values, size_t n, double q, double limit, double *tail)
{
    double position = q * (double)(n - 1);
    size_t below = (size_t)position, rank, n_tail;
    if (below >= n - 1)
        below = n - 1;
    if (q < 0.5) {
        n_tail = copy_below(values, n, limit, tail);
        rank = below;
    } else {
        n_tail = copy_above(values, n, limit, tail);
        rank = below + n_tail - n; /* wraps around if it is not in the tail */
    }
    if (rank >= n_tail || (below < n - 1 && rank + 1 >= n_tail)) {
        memcpy(tail, values, n * sizeof *tail);
        n_tail = n;
        rank = below;
    }
    select_kth(tail, n_tail, rank);
    if (below == n - 1)
        return tail[rank];
    double low = tail[rank], high = tail[rank + 1];
    for (size_t i = rank + 2; i < n_tail; i++)
        high = tail[i] < high ? tail[i] : high;
    return low + (position - (double)below) * (high - low);
}

/* What the interval of a column's mean needs. */
struct moments {
    double square, cube; /* sums of powers of the deviations from the mean */
    bool is_constant;
};

/* Value and n of the estimate of a column [n]; its interval is still NaN. */
static struct estimate mean_of(const float *values, size_t n, struct moments *moments)
{
    struct estimate estimate = none;
    double sum = 0, first = 0;
    *moments = (struct moments){.is_constant = true};
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            if (estimate.n++ == 0)
                first = (double)values[i];
            moments->is_constant = moments->is_constant && (double)values[i] == first;
            sum += (double)values[i];
        }
    if (estimate.n == 0)
        return estimate;
    estimate.value = moments->is_constant ? first : sum / (double)estimate.n;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            double deviation = (double)values[i] - estimate.value;
            moments->square += deviation * deviation;
            moments->cube += deviation * deviation * deviation;
        }
    return estimate;
}

/* Efron's BCa at the levels of a `reach`, from resampled means [n_means]. tail [n_means]: scratch. */
static void take_bca(struct estimate *estimate, const struct moments *moments, double z, const double *means,
                     size_t n_means, double *tail)
{
    /* The values are floats: means that would be equal differ in the places beyond. */
    double sd = sqrt(moments->square / (double)estimate->n), tolerance = 1e-7 * (fabs(estimate->value) + sd);
    double lower = estimate->value - tolerance, upper = estimate->value + tolerance;
    size_t n_below = 0, n_equal_too = 0;
    for (size_t i = 0; i < n_means; i++) {
        n_below += means[i] < lower ? 1 : 0;
        n_equal_too += means[i] <= upper ? 1 : 0;
    }
    double share = (double)(n_below + n_equal_too) / 2 / (double)n_means; /* equal ones count half */
    double bias = share > 0 && share < 1 ? normal_quantile(share) : 0;
    /* The jackknife's means are linear in the values. */
    double acceleration = moments->cube / (6 * pow(moments->square, 1.5));
    double low = bias - z, high = bias + z;
    double room = TAIL * sd / sqrt((double)estimate->n); /* standard errors */
    estimate->low = quantile(means, n_means, normal_probability(bias + low / (1 - acceleration * low)),
                             estimate->value - room, tail);
    estimate->high = quantile(means, n_means, normal_probability(bias + high / (1 - acceleration * high)),
                              estimate->value + room, tail);
}

/* Sums of `width` columns over resamples of rows [n, width]: sums [BOOTSTRAP_RESAMPLES, width]. words
 * [BOOTSTRAP_RESAMPLES, n] are the random numbers. Inlined, so that the width is a constant. */
static inline void add_up(const double *rows, const uint32_t *words, size_t n, size_t width, double *sums)
{
    for (size_t r = 0; r < BOOTSTRAP_RESAMPLES; r++) {
        double sum[2 * BLOCK] = {0};
        for (size_t i = 0; i < n; i++) {
            const double *row = rows + (size_t)rng_index(words[r * n + i], (uint32_t)n) * width;
            for (size_t c = 0; c < width; c++)
                sum[c] += row[c];
        }
        memcpy(sums + r * width, sum, width * sizeof *sums);
    }
}

/* Work space of one call. */
struct block {
    double *rows;    /* [n, 2 * BLOCK]: each model's values, 0 for NaN, then whether they are there */
    double *sums;    /* [BOOTSTRAP_RESAMPLES, 2 * BLOCK] */
    double *means;   /* [BOOTSTRAP_RESAMPLES], of one column */
    double *tail;    /* [BOOTSTRAP_RESAMPLES] */
    uint32_t *words; /* [BOOTSTRAP_RESAMPLES, n] */
};

/* Fills the block's sums for columns values [n_here, n]; returns the number of sums of a resample, 2 * BLOCK if any
 * value is NaN and else BLOCK. */
static size_t resample(const struct block *block, const float *values, size_t n, size_t n_here)
{
    size_t width = BLOCK;
    for (size_t i = 0; i < n_here * n; i++)
        if (isnan(values[i]))
            width = 2 * BLOCK;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < BLOCK; c++) {
            float value = c < n_here ? values[c * n + i] : 0;
            block->rows[i * width + c] = isnan(value) ? 0 : (double)value;
            if (width > BLOCK)
                block->rows[i * width + BLOCK + c] = isnan(value) ? 0 : 1;
        }
    if (width > BLOCK)
        add_up(block->rows, block->words, n, 2 * BLOCK, block->sums);
    else
        add_up(block->rows, block->words, n, BLOCK, block->sums);
    return width;
}

/* The resampled means of a column of the block that have a value, into block->means; returns their number. */
static size_t take_means(const struct block *block, size_t column, size_t width, size_t n)
{
    size_t n_means = 0;
    for (size_t r = 0; r < BOOTSTRAP_RESAMPLES; r++) {
        const double *sums = block->sums + r * width;
        double n_values = width > BLOCK ? sums[BLOCK + column] : (double)n;
        if (n_values > 0)
            block->means[n_means++] = sums[column] / n_values;
    }
    return n_means;
}

void bootstrap_words(size_t n, uint32_t *words)
{
    for (size_t r = 0; r < BOOTSTRAP_RESAMPLES; r++)
        rng_words(rng_key(0, 0), RNG_BOOTSTRAP, (uint32_t)r, 0, n, words + r * n);
}

enum error_code bootstrap_means(const float *values, size_t n, size_t n_columns, struct estimate *estimates,
                                struct error *error)
{
    struct block block = {0};
    struct moments *moments = malloc((n_columns > 0 ? n_columns : 1) * sizeof *moments);
    bool is_resampled = n >= BOOTSTRAP_MODELS_MIN && n <= BOOTSTRAP_MODELS_MAX;
    size_t n_of_z = 0; /* models that z is the reach of */
    double z = 0;

    error->code = ERROR_NONE;
    if (is_resampled) {
        block.rows = malloc(n * 2 * BLOCK * sizeof *block.rows);
        block.sums = malloc(2 * BLOCK * BOOTSTRAP_RESAMPLES * sizeof *block.sums);
        block.means = malloc(BOOTSTRAP_RESAMPLES * sizeof *block.means);
        block.tail = malloc(BOOTSTRAP_RESAMPLES * sizeof *block.tail);
        block.words = malloc(BOOTSTRAP_RESAMPLES * n * sizeof *block.words);
    }
    if (!moments || (is_resampled && (!block.rows || !block.sums || !block.means || !block.tail || !block.words))) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    for (size_t c = 0; c < n_columns; c++) {
        struct estimate *estimate = &estimates[c];
        *estimate = mean_of(values + c * n, n, &moments[c]);
        if (estimate->n < 2 || moments[c].is_constant)
            continue;
        double m = (double)estimate->n;
        bool is_students = estimate->n < BOOTSTRAP_MODELS_MIN || (!is_resampled && estimate->n <= BOOTSTRAP_MODELS_MAX);
        double half = is_students ? student_half_width(moments[c].square, estimate->n, CONFIDENCE)
                                  : Z95 * sqrt(moments[c].square / (m - 1) / m);
        estimate->low = estimate->value - half;
        estimate->high = estimate->value + half;
    }
    if (!is_resampled)
        goto done;
    bootstrap_words(n, block.words);
    for (size_t first = 0; first < n_columns; first += BLOCK) {
        size_t n_here = n_columns - first < BLOCK ? n_columns - first : BLOCK;
        size_t width = resample(&block, values + first * n, n, n_here);
        for (size_t c = 0; c < n_here; c++)
            if (estimates[first + c].n >= BOOTSTRAP_MODELS_MIN && !moments[first + c].is_constant) {
                if (estimates[first + c].n != n_of_z) {
                    n_of_z = estimates[first + c].n;
                    z = reach(n_of_z);
                }
                size_t n_means = take_means(&block, c, width, n);
                take_bca(&estimates[first + c], &moments[first + c], z, block.means, n_means, block.tail);
            }
    }
done:
    free(block.words);
    free(block.tail);
    free(block.means);
    free(block.sums);
    free(block.rows);
    free(moments);
    return error->code;
}

/* The largest k at which P(X < k) <= 2.5 % for a binomial X of n trials of probability 1/2; 0 if there is none. */
static size_t median_rank(size_t n)
{
    double m = (double)n, sum = 0;
    size_t k = 0;
    for (;; k++) {
        double j = (double)k;
        sum += exp(lgamma(m + 1) - lgamma(j + 1) - lgamma(m - j + 1) - m * log(2));
        if (sum > (1 - CONFIDENCE) / 2)
            return k;
    }
}

struct estimate median_estimate(float *values, size_t n)
{
    struct estimate estimate = none;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            float value = values[i];
            values[i] = values[estimate.n];
            values[estimate.n++] = value;
        }
    n = estimate.n;
    if (n == 0)
        return estimate;
    statistics_sort(values, n);
    estimate.value = statistics_quantile(values, n, 0.5);
    size_t rank = median_rank(n);
    if (rank > 0 && values[0] < values[n - 1]) {
        estimate.low = (double)values[rank - 1];
        estimate.high = (double)values[n - rank];
    }
    return estimate;
}

void estimate_clip(struct estimate *estimate, double least, double most)
{
    if (isnan(estimate->low))
        return;
    estimate->low = fmax(estimate->low, least);
    estimate->high = fmin(estimate->high, most);
}
