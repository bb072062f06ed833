/* Prints what the statistics make of numbers from standard input, for comparison with other software. Each line of
 * input is one call:
 *   wilson K N              -> low high
 *   summary V...            -> mean and the quantiles at 0, 0.05, 0.25, 0.5, 0.95, 1
 *   ri BELOW N A... B...    -> ri... selective_a selective_b mixed unimportant bins...
 *   normalised BELOW N A... B...   -> the same of normalised importances
 *   dip V...                -> dip of sorted values
 *   dip_critical N...       -> dip at p = 0.05
 *   student CONFIDENCE D    -> quantile of t with D degrees of freedom
 *   interval CONFIDENCE V...   -> value low high n of Student's interval
 *   family ROWS SEEDS V...  -> seeds used, then p of each row
 *   pooled ROWS SEEDS V...  -> rows used, then a value of each seed
 *   slopes ROWS SEEDS X... V...   -> rows used, then a value of each seed
 *   correlation N A... B... -> r low high n, then Spearman's
 *   density N X V...        -> width, density at X
 *   distance N A... B...    -> D
 *   verdict SMALLEST N LOW HIGH   -> number of the decision
 *   warnings V...           -> bits
 *   power EFFECT ABOVE SD N -> chance
 *   seeds EFFECT ABOVE SD   -> seeds
 *   means N COLUMNS V...    -> value low high n, of each column
 *   median V...             -> value low high n
 *   paired N A... B...      -> n mean_a mean_b difference low high cliff p
 *   holm P...               -> corrected p values
 *   coverage SEED N TIMES   -> share of TIMES samples of N shares whose interval holds the true mean; the same of
 * medians resamples N             -> the models that are drawn, resample by resample */
#include "bootstrap.h"
#include "correlation.h"
#include "density.h"
#include "dip.h"
#include "distance.h"
#include "max_t.h"
#include "paired.h"
#include "pooled.h"
#include "power.h"
#include "rng.h"
#include "statistics.h"
#include "student.h"
#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 16384

static size_t read_values(char *text, float *values)
{
    size_t n = 0;
    for (char *word = strtok(text, " \n"); word && n < VALUES_MAX; word = strtok(NULL, " \n"))
        values[n++] = strtof(word, NULL);
    return n;
}

static void print_ri(double below, bool is_normalised, const float *a, const float *b, size_t n)
{
    static double ri[VALUES_MAX];
    struct ri_counts counts = {0};
    relative_importance_in_double(a, b, n, below, is_normalised, ri);
    ri_counts_add(&counts, ri, n, RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    for (size_t i = 0; i < n; i++)
        printf("%.17g ", ri[i]);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, counts.selective_a, counts.selective_b, counts.mixed,
           counts.unimportant);
    for (int i = 0; i < RI_BINS; i++)
        printf(" %" PRIu64, counts.bins[i]);
    printf("\n");
}

static void print_estimate(struct estimate estimate)
{
    printf("%.17g %.17g %.17g %zu ", estimate.value, estimate.low, estimate.high, estimate.n);
}

static void print_dip(const float *values, size_t n)
{
    static double sorted[VALUES_MAX], scratch[DIP_SCRATCH * VALUES_MAX];
    static size_t indices[VALUES_MAX];
    for (size_t i = 0; i < n; i++)
        sorted[i] = (double)values[i];
    printf("%.17g\n", dip_statistic(sorted, n, scratch, indices));
}

/* Shares of 50 units of which each is one with a probability of u^2, u uniform: skewed, true mean 1/3; the median of
 * an exponential variable, true value ln 2. */
static int print_coverage(int64_t seed, size_t n, size_t times)
{
    enum { N_UNITS = 50 };
    static float uniforms[(N_UNITS + 2) * VALUES_MAX], shares[VALUES_MAX], exponentials[VALUES_MAX];
    size_t n_means = 0, n_medians = 0;
    struct error error;
    for (size_t t = 0; t < times; t++) {
        struct estimate mean;
        rng_uniforms(rng_key(seed, 0), RNG_TEST_SET, (uint32_t)t, 0, 0, (N_UNITS + 2) * n, uniforms);
        for (size_t i = 0; i < n; i++) {
            const float *u = uniforms + i * (N_UNITS + 2);
            shares[i] = 0;
            for (int j = 0; j < N_UNITS; j++)
                shares[i] += u[j] < u[N_UNITS] * u[N_UNITS] ? 1.0f / N_UNITS : 0;
            exponentials[i] = -log1pf(-u[N_UNITS + 1]);
        }
        if (bootstrap_means(shares, n, 1, &mean, &error))
            return 1;
        struct estimate median = median_estimate(exponentials, n);
        n_means += mean.low <= 1.0 / 3 && 1.0 / 3 <= mean.high;
        n_medians += median.low <= log(2) && log(2) <= median.high;
    }
    printf("%.17g %.17g\n", (double)n_means / (double)times, (double)n_medians / (double)times);
    return 0;
}

static int print_means(const float *values, size_t n, size_t n_columns)
{
    static struct estimate estimates[VALUES_MAX];
    struct error error;
    if (bootstrap_means(values, n, n_columns, estimates, &error))
        return 1;
    for (size_t c = 0; c < n_columns; c++)
        print_estimate(estimates[c]);
    printf("\n");
    return 0;
}

static int print_paired(const float *a, const float *b, size_t n)
{
    struct comparison c;
    struct error error;
    if (paired_compare(a, b, n, &c, &error))
        return 1;
    printf("%zu %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", c.n, c.mean_a, c.mean_b, c.difference.value,
           c.difference.low, c.difference.high, c.cliff, c.p);
    return 0;
}

static int print_holm(const float *p, size_t n)
{
    static struct comparison comparisons[VALUES_MAX];
    struct error error;
    for (size_t i = 0; i < n; i++)
        comparisons[i] = (struct comparison){.p = (double)p[i], .p_holm = (double)p[i]};
    if (paired_holm(comparisons, n, &error))
        return 1;
    for (size_t i = 0; i < n; i++)
        printf("%.17g ", comparisons[i].p_holm);
    printf("\n");
    return 0;
}

static int print_family(const float *differences, size_t n_rows, size_t n_seeds)
{
    static double p[VALUES_MAX];
    struct error error;
    size_t n_used;
    if (max_t_family(differences, n_rows, n_seeds, p, &n_used, &error))
        return 1;
    printf("%zu", n_used);
    for (size_t i = 0; i < n_rows; i++)
        printf(" %.17g", p[i]);
    printf("\n");
    return 0;
}

static void print_resamples(size_t n)
{
    static uint32_t words[BOOTSTRAP_RESAMPLES * VALUES_MAX];
    bootstrap_words(n, words);
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES * n; i++)
        printf("%" PRIu32 " ", rng_index(words[i], (uint32_t)n));
    printf("\n");
}

/* values: x [n_rows], then rows [n_rows, n_seeds]. */
static void print_slopes(const float *values, size_t n_rows, size_t n_seeds)
{
    static double x[VALUES_MAX];
    static float slopes[VALUES_MAX];
    for (size_t i = 0; i < n_rows; i++)
        x[i] = (double)values[i];
    printf("%zu", pooled_slopes(x, values + n_rows, n_rows, n_seeds, slopes));
    for (size_t i = 0; i < n_seeds; i++)
        printf(" %.17g", (double)slopes[i]);
    printf("\n");
}

static void print_correlation(const float *a, const float *b, size_t n)
{
    static double x[VALUES_MAX], y[VALUES_MAX], numbers[2 * VALUES_MAX];
    static struct ranked scratch[VALUES_MAX];
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)a[i];
        y[i] = (double)b[i];
    }
    print_estimate(correlation_of(a, b, n));
    printf("%.17g\n", rank_correlation(x, y, n, scratch, numbers));
}

int main(void)
{
    static char line[1 << 20];
    static float values[VALUES_MAX];
    setvbuf(stdout, NULL, _IOLBF, 0); /* whoever asks waits for an answer before the next question */
    while (fgets(line, sizeof line, stdin)) {
        uint64_t k, n_trials;
        double below, low, high, numbers[3];
        int used = 0;
        int64_t seed;
        size_t n, m;
        if (sscanf(line, "wilson %" SCNu64 " %" SCNu64, &k, &n_trials) == 2) {
            statistics_wilson(k, n_trials, &low, &high);
            printf("%.17g %.17g\n", low, high);
        } else if (sscanf(line, "ri %lf %zu %n", &below, &n, &used) == 2) {
            if (read_values(line + used, values) != 2 * n)
                return 1;
            print_ri(below, false, values, values + n, n);
        } else if (sscanf(line, "normalised %lf %zu %n", &below, &n, &used) == 2) {
            if (read_values(line + used, values) != 2 * n)
                return 1;
            print_ri(below, true, values, values + n, n);
        } else if (sscanf(line, "means %zu %zu %n", &n, &m, &used) == 2) {
            if (read_values(line + used, values) != n * m || print_means(values, n, m))
                return 1;
        } else if (sscanf(line, "coverage %" SCNd64 " %zu %zu", &seed, &n, &m) == 3) {
            if (print_coverage(seed, n, m))
                return 1;
        } else if (sscanf(line, "resamples %zu", &n) == 1) {
            print_resamples(n);
        } else if (sscanf(line, "paired %zu %n", &n, &used) == 1) {
            if (read_values(line + used, values) != 2 * n || print_paired(values, values + n, n))
                return 1;
        } else if (strncmp(line, "holm ", 5) == 0) {
            n = read_values(line + 5, values);
            if (print_holm(values, n))
                return 1;
        } else if (strncmp(line, "median ", 7) == 0) {
            n = read_values(line + 7, values);
            print_estimate(median_estimate(values, n));
            printf("\n");
        } else if (strncmp(line, "dip ", 4) == 0) {
            n = read_values(line + 4, values);
            print_dip(values, n);
        } else if (strncmp(line, "dip_critical ", 13) == 0) {
            n = read_values(line + 13, values);
            for (size_t i = 0; i < n; i++)
                printf("%.17g ", dip_critical((size_t)values[i]));
            printf("\n");
        } else if (sscanf(line, "student %lf %zu", &below, &n) == 2) {
            printf("%.17g\n", student_quantile(below, n));
        } else if (sscanf(line, "interval %lf %n", &below, &used) == 1) {
            n = read_values(line + used, values);
            print_estimate(student_interval(values, n, below));
            printf("\n");
        } else if (sscanf(line, "family %zu %zu %n", &n, &m, &used) == 2) {
            if (read_values(line + used, values) != n * m || print_family(values, n, m))
                return 1;
        } else if (sscanf(line, "pooled %zu %zu %n", &n, &m, &used) == 2) {
            static float pooled[VALUES_MAX];
            if (read_values(line + used, values) != n * m)
                return 1;
            printf("%zu", pooled_values(values, n, m, pooled));
            for (size_t i = 0; i < m; i++)
                printf(" %.17g", (double)pooled[i]);
            printf("\n");
        } else if (sscanf(line, "slopes %zu %zu %n", &n, &m, &used) == 2) {
            if (read_values(line + used, values) != n * (m + 1))
                return 1;
            print_slopes(values, n, m);
        } else if (sscanf(line, "correlation %zu %n", &n, &used) == 1) {
            if (read_values(line + used, values) != 2 * n)
                return 1;
            print_correlation(values, values + n, n);
        } else if (sscanf(line, "density %zu %lf %n", &n, &low, &used) == 2) {
            if (read_values(line + used, values) != n)
                return 1;
            statistics_sort(values, n);
            double width = density_width(values, n);
            printf("%.17g %.17g\n", width, density_at(values, n, width, low));
        } else if (sscanf(line, "distance %zu %n", &n, &used) == 1) {
            if (read_values(line + used, values) != 2 * n)
                return 1;
            printf("%.17g\n", distance_of(values, values + n, n));
        } else if (sscanf(line, "verdict %lf %zu %lf %lf", &below, &n, &low, &high) == 4) {
            struct estimate effect = {(low + high) / 2, low, high, n};
            printf("%d\n", (int)verdict_of(&effect, below));
        } else if (strncmp(line, "warnings ", 9) == 0) {
            n = read_values(line + 9, values);
            printf("%u\n", verdict_warnings(values, n));
        } else if (sscanf(line, "power %lf %lf %lf %zu", &numbers[0], &numbers[1], &numbers[2], &n) == 4) {
            printf("%.17g\n", power_of(numbers[0], numbers[1], numbers[2], n));
        } else if (sscanf(line, "seeds %lf %lf %lf", &numbers[0], &numbers[1], &numbers[2]) == 3) {
            printf("%zu\n", power_seeds(numbers[0], numbers[1], numbers[2]));
        } else if (strncmp(line, "summary ", 8) == 0) {
            n = read_values(line + 8, values);
            printf("%.17g", statistics_mean(values, n));
            statistics_sort(values, n);
            const double p[] = {0, 0.05, 0.25, 0.5, 0.95, 1};
            for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
                printf(" %.17g", statistics_quantile(values, n, p[i]));
            printf("\n");
        } else {
            return 1;
        }
    }
    return 0;
}
