#include "paired.h"

#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 50 /* differences whose ranks' signs are counted out */

static int compare_sizes(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* P(|W - mean| >= |w - mean|) for the sum W of ranks with fair signs; twice_ranks [n] are integers, w twice the sum of
 * the positive ones. */
static double exact_probability(const unsigned *twice_ranks, size_t n, unsigned w)
{
    enum { SUM_MAX = EXACT_MAX * (EXACT_MAX + 1) };
    double probability[SUM_MAX + 1] = {1}, tail = 0; /* of each sum */
    unsigned total = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned rank = twice_ranks[i];
        total += rank;
        for (unsigned s = total + 1; s-- > 0;)
            probability[s] = (probability[s] + (s >= rank ? probability[s - rank] : 0)) / 2;
    }
    unsigned far = 2 * w > total ? 2 * w - total : total - 2 * w;
    for (unsigned s = 0; s <= total; s++)
        if ((2 * s > total ? 2 * s - total : total - 2 * s) >= far)
            tail += probability[s];
    return fmin(tail, 1);
}

double paired_wilcoxon(const double *differences, size_t n_all, double tolerance)
{
    double *d = malloc((n_all > 0 ? n_all : 1) * sizeof *d);
    unsigned twice_ranks[EXACT_MAX];
    size_t n = 0;
    if (!d)
        return -1;
    for (size_t i = 0; i < n_all; i++)
        if (fabs(differences[i]) > tolerance)
            d[n++] = differences[i];
    qsort(d, n, sizeof *d, compare_sizes);

    double positive = 0, tied = 0; /* twice the sum of positive ranks; sum of t^3 - t over groups of t ties */
    for (size_t first = 0, last; first < n; first = last) {
        for (last = first; last < n && fabs(d[last]) - fabs(d[first]) <= tolerance; last++)
            ;
        double twice_rank = (double)(first + last + 1), ties = (double)(last - first);
        tied += ties * ties * ties - ties;
        for (size_t i = first; i < last; i++) {
            positive += d[i] > 0 ? twice_rank : 0;
            if (n <= EXACT_MAX)
                twice_ranks[i] = (unsigned)twice_rank;
        }
    }
    free(d);
    if (n == 0)
        return 1;
    if (n <= EXACT_MAX)
        return exact_probability(twice_ranks, n, (unsigned)positive);
    double m = (double)n, deviation = positive / 2 - m * (m + 1) / 4;
    double variance = m * (m + 1) * (2 * m + 1) / 24 - tied / 48;
    return erfc(fabs(deviation) / sqrt(2 * variance));
}

/* What may be rounding among values [n], NaN being left out. */
static double tolerance_of(const float *a, const float *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fmax(fabs((double)a[i]), fabs((double)b[i])));
    return PAIRED_TOLERANCE * largest;
}

void paired_differences(const float *a, const float *b, size_t n, float *differences)
{
    double tolerance = tolerance_of(a, b, n);
    for (size_t i = 0; i < n; i++) {
        double difference = (double)b[i] - (double)a[i];
        differences[i] = fabs(difference) <= tolerance ? 0 : (float)difference;
    }
}

/* Cliff's delta of sorted values [n]. */
static double cliff(const float *a, const float *b, size_t n, double tolerance)
{
    double sum = 0;
    size_t below = 0, upto = 0; /* values of a below b[i], and not above it */
    for (size_t i = 0; i < n; i++) {
        while (below < n && (double)b[i] - (double)a[below] > tolerance)
            below++;
        while (upto < n && (double)a[upto] - (double)b[i] <= tolerance)
            upto++;
        sum += (double)below - (double)(n - upto);
    }
    return sum / ((double)n * (double)n);
}

enum error_code paired_compare(const float *a_all, const float *b_all, size_t n_all, struct comparison *comparison,
                               struct error *error)
{
    size_t n_bytes = (n_all > 0 ? n_all : 1) * sizeof(float), n = 0;
    float *a = calloc(n_bytes, 1), *b = calloc(n_bytes, 1), *differences = calloc(n_bytes, 1);
    double *exact = malloc(2 * n_bytes);

    *comparison = (struct comparison){.mean_a = (double)NAN,
                                      .mean_b = (double)NAN,
                                      .cliff = (double)NAN,
                                      .p = (double)NAN,
                                      .p_holm = (double)NAN,
                                      .p_family = (double)NAN};
    if (!a || !b || !differences || !exact) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    for (size_t i = 0; i < n_all; i++)
        if (!isnan(a_all[i]) && !isnan(b_all[i])) {
            a[n] = a_all[i];
            b[n++] = b_all[i];
        }
    paired_differences(a, b, n, differences);
    for (size_t i = 0; i < n; i++)
        exact[i] = (double)differences[i];
    if (bootstrap_means(differences, n, 1, &comparison->difference, error))
        goto done;
    comparison->n = n;
    if (n == 0)
        goto done;
    comparison->mean_a = statistics_mean(a, n);
    comparison->mean_b = statistics_mean(b, n);
    double tolerance = tolerance_of(a, b, n);
    comparison->p = comparison->p_holm = paired_wilcoxon(exact, n, tolerance);
    if (comparison->p < 0)
        error_set(error, ERROR_FATAL, "not enough memory");
    statistics_sort(a, n);
    statistics_sort(b, n);
    comparison->cliff = cliff(a, b, n, tolerance);
done:
    free(exact);
    free(differences);
    free(b);
    free(a);
    return error->code;
}

static int compare_p(const void *a, const void *b)
{
    double x = (*(struct comparison *const *)a)->p, y = (*(struct comparison *const *)b)->p;
    return (x > y) - (x < y);
}

enum error_code paired_holm(struct comparison *comparisons, size_t n, struct error *error)
{
    struct comparison **order = malloc((n > 0 ? n : 1) * sizeof(struct comparison *));
    size_t n_tests = 0;
    double highest = 0;
    if (!order)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t i = 0; i < n; i++)
        if (!isnan(comparisons[i].p))
            order[n_tests++] = &comparisons[i];
    qsort(order, n_tests, sizeof(struct comparison *), compare_p);
    for (size_t i = 0; i < n_tests; i++) {
        highest = fmax(highest, fmin(1, (double)(n_tests - i) * order[i]->p));
        order[i]->p_holm = highest;
    }
    free(order);
    return ERROR_NONE;
}
