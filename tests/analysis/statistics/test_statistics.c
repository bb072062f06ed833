/* Statistics on cases worked out by hand, and without memory. check_statistics.py compares them with NumPy and SciPy.
 * Linked with -Wl,--wrap=malloc,--wrap=calloc. */
#include "bootstrap.h"
#include "correlation.h"
#include "density.h"
#include "dip.h"
#include "max_t.h"
#include "paired.h"
#include "pooled.h"
#include "power.h"
#include "sharing.h"
#include "statistics.h"
#include "student.h"
#include "verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int failing_allocation, n_allocations; /* counted from 1; 0: none fails */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return ++n_allocations == failing_allocation ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return ++n_allocations == failing_allocation ? NULL : __real_calloc(n, size);
}

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * (1 + fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

static void ri_of_plain_importances(void **state)
{
    (void)state;
    const float a[] = {3, 1, 2, 2}, b[] = {1, 3, 2, 6};
    double ri[4];
    relative_importance_in_double(a, b, 4, 0, false, ri);
    assert_near(ri[0], 0.5);
    assert_near(ri[1], -0.5);
    assert_near(ri[2], 0);
    assert_near(ri[3], -0.5);
}

static void ri_below_threshold_counts_as_zero(void **state)
{
    (void)state;
    /* Means 2 and 4: below 0.5 times the mean is below 1 and below 2. */
    const float a[] = {0.5f, 1, 5.5f, 1}, b[] = {2, 1.5f, 1.5f, 11};
    double ri[4];
    relative_importance_in_double(a, b, 4, 0.5, false, ri);
    assert_near(ri[0], -1); /* a counts as 0 */
    assert_near(ri[1], 1);  /* a is exactly at its threshold and stays; b counts as 0 */
    assert_near(ri[2], 1);
    assert_near(ri[3], -10.0 / 12);
}

static void ri_of_unimportant_units_is_nan(void **state)
{
    (void)state;
    const float a[] = {0, 0.01f, 10, 10}, b[] = {0, 0.02f, 10, 30};
    const float dead[] = {0, 0, 0, 0};
    double ri[4];
    relative_importance_in_double(a, b, 4, 0.1, false, ri);
    assert_true(isnan(ri[0])); /* 0 of both, without any threshold */
    assert_true(isnan(ri[1]));
    assert_near(ri[2], 0);
    assert_near(ri[3], -0.5);
    relative_importance_in_double(dead, dead, 4, 0.1, false, ri);
    for (int i = 0; i < 4; i++)
        assert_true(isnan(ri[i]));
    relative_importance_in_double(dead, b, 4, 0.1, false, ri);
    assert_true(isnan(ri[0]));
    assert_near(ri[3], -1);
}

static void ri_of_damaged_importances_is_nan(void **state)
{
    (void)state;
    const float a[] = {-1, NAN, INFINITY, 1}, b[] = {1, 1, 1, 1};
    double ri[4];
    for (size_t i = 0; i < 3; i++) {
        relative_importance_in_double(a + i, b + i, 1, 0, false, ri);
        assert_true(isnan(ri[0]));
    }
}

static void kinds_and_bins(void **state)
{
    (void)state;
    const double ri[] = {-1, -0.95, -0.9, -0.85, -0.5, -0.4999, 0, 0.19, 0.21, 0.4999, 0.51, 0.9, 0.91, 1, NAN, NAN};
    struct ri_counts counts;
    memset(&counts, 0, sizeof counts);
    ri_counts_add(&counts, ri, 10, RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    ri_counts_add(&counts, ri + 10, 6, RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    assert_int_equal(counts.n_units, 16);
    assert_int_equal(counts.selective_a, 2); /* 0.91, 1; not 0.9 itself */
    assert_int_equal(counts.selective_b, 2); /* -1, -0.95 */
    assert_int_equal(counts.mixed, 5);       /* -0.4999 to 0.4999; not -0.5 itself */
    assert_int_equal(counts.unimportant, 2);
    const uint64_t bins[RI_BINS] = {4, 0, 2, 0, 0, 2, 1, 2, 0, 3};
    for (int b = 0; b < RI_BINS; b++)
        assert_int_equal(counts.bins[b], bins[b]);
}

static void quantiles(void **state)
{
    (void)state;
    float values[] = {4, 1, 3, 2}, one[] = {7};
    statistics_sort(values, 4);
    for (int i = 0; i < 4; i++)
        assert_near((double)values[i], i + 1);
    assert_near(statistics_quantile(values, 4, 0), 1);
    assert_near(statistics_quantile(values, 4, 1), 4);
    assert_near(statistics_quantile(values, 4, 0.5), 2.5);
    assert_near(statistics_quantile(values, 4, 0.05), 1.15);
    assert_near(statistics_quantile(values, 4, 1.0 / 3), 2);
    assert_near(statistics_quantile(one, 1, 0.3), 7);
    const float followed[] = {1, 2, NAN}; /* by what is none of it */
    assert_near(statistics_quantile(followed, 2, 1), 2);
    assert_near(statistics_mean(values, 4), 2.5);
}

static void wilson(void **state)
{
    (void)state;
    double low, high;
    statistics_wilson(0, 0, &low, &high);
    assert_near(low, 0);
    assert_near(high, 1);
    statistics_wilson(0, 10, &low, &high); /* z^2/(n + z^2) */
    assert_true(low == 0);
    assert_near(high, 3.841458820694124 / 13.841458820694124);
    statistics_wilson(1, 1, &low, &high); /* n/(n + z^2) to 1 */
    assert_near(low, 1 / 4.841458820694124);
    assert_true(high == 1);
    statistics_wilson(0, 25, &low, &high); /* which rounding would miss */
    assert_true(low == 0);
    statistics_wilson(10, 10, &low, &high);
    assert_near(low, 10 / 13.841458820694124);
    assert_true(high == 1);
    statistics_wilson(81, 263, &low, &high); /* Newcombe (1998), table I: 0.2553 to 0.3662 */
    assert_true(fabs(low - 0.2553) < 5e-5 && fabs(high - 0.3662) < 5e-5);
    statistics_wilson(15, 148, &low, &high); /* 0.0624 to 0.1605 */
    assert_true(fabs(low - 0.0624) < 5e-5 && fabs(high - 0.1605) < 5e-5);
    statistics_wilson(1, 29, &low, &high); /* 0.0061 to 0.1718 */
    assert_true(fabs(low - 0.0061) < 5e-5 && fabs(high - 0.1718) < 5e-5);
}

static void assert_overlap(struct overlap overlap, double jaccard, double jaccard_chance, double coefficient,
                           double coefficient_chance)
{
    assert_near(overlap.jaccard, jaccard);
    assert_near(overlap.jaccard_chance, jaccard_chance);
    assert_near(overlap.coefficient, coefficient);
    assert_near(overlap.coefficient_chance, coefficient_chance);
}

static void overlaps(void **state)
{
    (void)state;
    /* Of 4 units two sets of 2 share 0, 1 or 2 with chances 1/6, 4/6, 1/6; sets of 3 and 2 share 1 or 2, evenly. */
    assert_overlap(overlap_of(4, 2, 2, 1), 1.0 / 3, 4.0 / 6 / 3 + 1.0 / 6, 1.0 / 2, 1.0 / 2);
    assert_overlap(overlap_of(4, 3, 2, 2), 2.0 / 3, 1.0 / 8 + 1.0 / 3, 1, 3.0 / 4);
    assert_overlap(overlap_of(4, 2, 3, 2), 2.0 / 3, 1.0 / 8 + 1.0 / 3, 1, 3.0 / 4);
    assert_overlap(overlap_of(1, 1, 1, 1), 1, 1, 1, 1);
    assert_overlap(overlap_of(5, 1, 2, 1), 1.0 / 2, 2.0 / 5 / 2, 1,
                   2.0 / 5); /* sets of 1 and 2 share 1 in 2 of 5 cases */
    struct overlap one = overlap_of(5, 0, 3, 0), none = overlap_of(5, 0, 0, 0);
    assert_true(one.jaccard == 0 && one.jaccard_chance == 0 && isnan(one.coefficient) && isnan(one.coefficient_chance));
    assert_true(isnan(none.jaccard) && isnan(none.jaccard_chance));
    assert_true(isnan(none.coefficient) && isnan(none.coefficient_chance));
}

static void assert_counted(const float importance[4], double unimportant_below, bool is_normalised,
                           const double expected[4])
{
    double counted[5] = {777, 777, 777, 777, 777};
    sharing_counted(importance, 4, unimportant_below, is_normalised, counted);
    for (size_t i = 0; i < 4; i++)
        assert_near(counted[i], expected[i]);
    assert_true(counted[4] == 777);
}

static void counted_importances(void **state)
{
    (void)state;
    /* Mean 4: what is below 2 does not count. What follows them is none of them. */
    const float importance[] = {2, 1, 5, 8, 100}, nothing[5] = {0, 0, 0, 0, 1};
    assert_counted(importance, 0.5, false, (double[]){2, 0, 5, 8});
    assert_counted(importance, 0.5, true, (double[]){0.5, 0, 1.25, 2});
    assert_counted(importance, 0, false, (double[]){2, 1, 5, 8});
    assert_counted((float[]){0.25f, 0.125f, 0.625f, 1}, 0.5, true, (double[]){0.5, 0, 1.25, 2});
    assert_counted(nothing, 0.5, true, (double[]){0, 0, 0, 0});
}

/* Of a unit that `importances` [n_tasks] say; each is followed by another unit's. */
static struct unit_sharing unit_of(const double *importances, int n_tasks)
{
    double counted[8];
    for (int t = 0; t < 4; t++) {
        counted[2 * t] = t < n_tasks ? importances[t] : 50;
        counted[2 * t + 1] = 100;
    }
    return unit_sharing_of(counted, 2, n_tasks);
}

static void unit_sharing(void **state)
{
    (void)state;
    struct unit_sharing unit = unit_of((double[]){3, 1, 2}, 3);
    assert_int_equal(unit.preferred, 0);
    assert_near(unit.selectivity, (3 - 1.5) / (3 + 1.5));
    assert_near(unit.n_eff, 36.0 / 14);
    unit = unit_of((double[]){1, 3}, 2);
    assert_int_equal(unit.preferred, 1);
    assert_near(unit.selectivity, 1.0 / 2);
    assert_near(unit.n_eff, 16.0 / 10);
    unit = unit_of((double[]){3, 0}, 2);
    assert_true(unit.preferred == 0 && unit.selectivity == 1 && unit.n_eff == 1);
    unit = unit_of((double[]){1e-200, 1e-200}, 2);
    assert_int_equal(unit.preferred, 0); /* the first of equal ones */
    assert_near(unit.selectivity, 0);
    assert_near(unit.n_eff, 2);
    unit = unit_of((double[]){4}, 1);
    assert_true(unit.preferred == 0 && isnan(unit.selectivity) && unit.n_eff == 1);
    static const double without[][2] = {{0, 0}, {3, -1}, {-1, 3}, {3, NAN}, {NAN, 3}};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        unit = unit_of(without[i], 2);
        assert_true(unit.preferred == -1 && isnan(unit.selectivity) && isnan(unit.n_eff));
    }
}

static void assert_correlation(const float *x, const float *y, size_t n, double r)
{
    struct estimate found = correlation_of(x, y, n);
    assert_near(found.value, r);
    assert_true(fabs(found.value) <= 1 && isnan(found.low) && isnan(found.high));
    assert_int_equal(found.n, n);
}

static void correlations(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3}, y[] = {1, 3, 2}, down[] = {2, 3, 1}, small[] = {1 / 16.0f, 2 / 16.0f, 3 / 16.0f};
    assert_correlation(x, y, 3, 0.5); /* of three there is no interval */
    assert_correlation(x, down, 3, -0.5);
    assert_correlation(small, y, 3, 0.5);
    assert_correlation(y, small, 3, 0.5);
    /* All on one line, of which rounding makes a little more than 1 and -1. */
    const float on[] = {1, 2, 4, 6, 11}, up[] = {3, 6, 12, 18, 33}, falling[] = {-3, -6, -12, -18, -33};
    assert_correlation(on, up, 5, 1);
    assert_correlation(on, falling, 5, -1);
}

static double rank_correlation_of(const double *x, const double *y, size_t n)
{
    enum { MOST = 8 };
    struct ranked scratch[MOST + 1];
    double numbers[2 * MOST + 1];
    scratch[n] = (struct ranked){777, 777};
    numbers[2 * n] = 777;
    double r = rank_correlation(x, y, n, scratch, numbers);
    assert_true(numbers[2 * n] == 777 && scratch[n].value == 777 && scratch[n].index == 777);
    return r;
}

static void rank_correlations(void **state)
{
    (void)state;
    const double x[] = {1, 2, 30, NAN}, y[] = {-1, 3, 2, 1}, up[] = {0, 1, 2, 3}, ties[] = {7, 7, 8, 9};
    assert_near(rank_correlation_of(x, y, 3), 0.5);
    assert_near(rank_correlation_of(x, y, 4), 0.5);
    assert_near(rank_correlation_of(y, x, 4), 0.5);
    assert_true(isnan(rank_correlation_of(x, y, 2)));
    /* Ranks 1.5, 1.5, 3 and 4: 4.5 of the roots of 4.5 and 5. */
    assert_near(rank_correlation_of(ties, up, 4), sqrt(4.5 / 5));
}

static void density_widths(void **state)
{
    (void)state;
    /* 0.9 n^-0.2 times the standard deviation, where the quartiles are equal; far from 0 it is not lost in rounding.
     * What follows the values is none of them. */
    const float one_of_seven[] = {0, 0, 0, 0, 0, 0, 1, 0, 0}, far[] = {1e6f, 1e6f, 1e6f, 1e6f, 1e6f, 1e6f, 1e6f + 1};
    assert_near(density_width(one_of_seven, 7), 0.9 * sqrt(1.0 / 7) * pow(7, -0.2));
    assert_near(density_width(far, 7), 0.9 * sqrt(1.0 / 7) * pow(7, -0.2));
}

static void powers(void **state)
{
    (void)state;
    assert_int_equal(power_seeds(0.83, 0, 1), 14); /* SciPy's nct: 0.784 of 13, 0.819 of 14 */
    /* Of many seeds the normal's: the probability below 2 - 1.959963984540054. */
    assert_near(power_of(2, 0, sqrt(25000), 25000), 0.5159677934423318);
}

static void students_intervals(void **state)
{
    (void)state;
    const float one[] = {0.3f}, near[] = {0, 1, 3}, far[] = {1e6f, 1e6f + 1, 1e6f + 3};
    assert_near(student_interval(one, 1, 0.95).value, (double)0.3f);
    struct estimate a = student_interval(near, 3, 0.95), b = student_interval(far, 3, 0.95);
    assert_true(fabs(b.low - 1e6 - a.low) < 1e-9 && fabs(b.high - 1e6 - a.high) < 1e-9); /* not lost in rounding */
    assert_near(student_bonferroni(1), 0.95);
    assert_near(student_bonferroni(5), 0.99);
}

static void warnings(void **state)
{
    (void)state;
    /* What is as near to another as the tolerance says, or to 0, is equal to it. */
    const float values[] = {VERDICT_TOLERANCE, -VERDICT_TOLERANCE, 0, 1, 2, 3},
                equal[] = {0, VERDICT_TOLERANCE, 0, 0, 0, 0};
    assert_int_equal(verdict_warnings(values, 6), WARNING_ZEROS | WARNING_MINORITY);
    assert_int_equal(verdict_warnings(equal, 6), WARNING_ALL_EQUAL | WARNING_ZEROS | WARNING_MINORITY);
}

static void pooled_rows(void **state)
{
    (void)state;
    /* Six values are enough of a row, if any row has as many, be it the first or the last, not one that is none of
     * them. */
    const float rows[][6] = {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, NAN}, {NAN, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}};
    assert_int_equal(pooled_least(rows[0], 2, 6), 6);
    assert_int_equal(pooled_least(rows[1], 2, 6), 1);
    assert_int_equal(pooled_least(rows[1], 3, 6), 6);
    /* A row without any value counts nowhere; nothing is read or written behind the seeds. */
    const float some[][3] = {{1, 2, 6}, {NAN, NAN, NAN}, {7, 7, 7}}, behind[] = {777, NAN};
    for (size_t i = 0; i < 2; i++) {
        float values[4] = {0, 0, 0, behind[i]};
        assert_int_equal(pooled_values(some[0], 2, 3, values), 1);
        assert_true(values[0] == 1 && values[1] == 2 && values[2] == 6);
        assert_memory_equal(&values[3], &behind[i], sizeof values[3]);
        values[0] = values[1] = values[2] = 0;
        assert_int_equal(pooled_values(some[1], 2, 3, values), 1);
        assert_true(values[0] == 7 && values[1] == 7 && values[2] == 7);
        assert_memory_equal(&values[3], &behind[i], sizeof values[3]);
    }
    float values[6];
    assert_int_equal(pooled_values(rows[0], 2, 6, values), 1); /* just as many as are needed */
    for (size_t s = 0; s < 6; s++)
        assert_near((double)values[s], (double)rows[0][s]);
}

/* What counts as equal depends on the largest of all values. */
static void differences_of_pairs(void **state)
{
    (void)state;
    const float a[] = {0, 1000}, b[] = {0.0005f, 1001};
    float differences[3] = {7, 7, 7};
    paired_differences(a, b, 2, differences);
    assert_true(differences[0] == 0 && differences[1] == 1 && differences[2] == 7);
}

/* p by trying all 256 patterns of signs elsewhere; the first row has no value, those of the others are of 8 and 6. */
static void family_of_rows_of_two_lengths(void **state)
{
    (void)state;
    const float rows[][8] = {{0}, {5, 7, 7, -2, 2, 2, -1, 8}, {4, 2, 3, 7, -3, 3, NAN, NAN}};
    double p[4] = {777, 777, 777, 777};
    size_t n_used;
    struct error error;
    assert_int_equal(max_t_family(rows[0], 3, 8, p, &n_used, &error), ERROR_NONE);
    assert_int_equal(n_used, 8);
    assert_true(isnan(p[0]) && p[1] == 24.0 / 256 && p[2] == 56.0 / 256 && p[3] == 777);
    assert_int_equal(max_t_family(rows[0], 1, 8, p, &n_used, &error), ERROR_NONE);
    assert_true(n_used == 0 && isnan(p[0]));
}

/* Of differences that are all 1 only two patterns are as large, of 2^13, or one of those that are drawn. */
static void family_of_equal_differences(void **state)
{
    (void)state;
    float ones[30];
    double p;
    size_t n_used;
    struct error error;
    for (size_t s = 0; s < 30; s++)
        ones[s] = 1;
    assert_int_equal(max_t_family(ones, 1, MAX_T_EXHAUSTIVE_MAX, &p, &n_used, &error), ERROR_NONE);
    assert_true(p == 2.0 / (1 << MAX_T_EXHAUSTIVE_MAX));
    assert_int_equal(max_t_family(ones, 1, 30, &p, &n_used, &error), ERROR_NONE);
    assert_true(p == 1.0 / MAX_T_PATTERNS);
}

static double dip_of(const double *sorted, size_t n)
{
    enum { MOST = 16, AROUND = 64 }; /* numbers before and behind what it may use */
    double scratch[AROUND + DIP_SCRATCH * MOST + AROUND];
    size_t indices[AROUND + MOST + AROUND];
    assert_true(n <= MOST);
    for (size_t i = 0; i < sizeof scratch / sizeof scratch[0]; i++)
        scratch[i] = 777;
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++)
        indices[i] = 777;
    double dip = dip_statistic(sorted, n, scratch + AROUND, indices + AROUND);
    for (size_t i = 0; i < AROUND; i++) {
        assert_true(scratch[i] == 777 && scratch[AROUND + DIP_SCRATCH * n + i] == 777);
        assert_true(indices[i] == 777 && indices[AROUND + n + i] == 777);
    }
    return dip;
}

static void dip_by_hand(void **state)
{
    (void)state;
    const double even[] = {1, 2, 3, 4}, two[] = {0, 0, 0, 1, 1, 1}, lone[] = {0, 0, 0, 0, 0, 1}, same[] = {2, 2, 2};
    assert_near(dip_of(even, 4), 1.0 / 8);  /* a step of 1/4 is missed by half of it */
    assert_near(dip_of(two, 6), 1.0 / 4);   /* one atom may be the mode, of the other half its 1/2 is missed */
    assert_near(dip_of(lone, 6), 1.0 / 12); /* the same with an atom of 1/6 */
    assert_near(dip_of(same, 3), 0);
}

/* A model without a value is none, wherever it is. */
static void missing_values(void **state)
{
    (void)state;
    for (size_t missing = 0; missing < 4; missing++) {
        float values[] = {5, 6, 7, 8};
        struct estimate estimate;
        struct error error;
        values[missing] = NAN;
        assert_int_equal(bootstrap_means(values, 4, 1, &estimate, &error), ERROR_NONE);
        assert_int_equal(estimate.n, 3);
        assert_near(estimate.value, (26.0 - 5 - (double)missing) / 3);
        assert_true(estimate.low < estimate.value && estimate.high > estimate.value);
    }
}

/* Of more models than are resampled, a column with few values has Student's interval: 1 to 10, t of 9 is 2.262157. */
static void few_values_of_many_models(void **state)
{
    (void)state;
    static float values[2 * (BOOTSTRAP_MODELS_MAX + 1)];
    const size_t n = BOOTSTRAP_MODELS_MAX + 1;
    struct estimate estimates[2];
    struct error error;
    for (size_t i = 0; i < n; i++) {
        values[i] = i % 200 == 7 && i < 2000 ? (float)(i / 200 + 1) : NAN;
        values[n + i] = i % 2 ? 1.0f : -1.0f;
    }
    assert_int_equal(bootstrap_means(values, n, 2, estimates, &error), ERROR_NONE);
    assert_int_equal(estimates[0].n, 10);
    assert_near(estimates[0].value, 5.5);
    assert_true(fabs(estimates[0].high - 5.5 - 2.262157 * sqrt(82.5 / 9 / 10)) < 1e-5);
    assert_true(fabs(estimates[0].low - 5.5 + 2.262157 * sqrt(82.5 / 9 / 10)) < 1e-5);
    double mean = -1.0 / (double)n, deviation = sqrt(((double)n - 1 / (double)n) / (double)(n - 1) / (double)n);
    assert_true(fabs(estimates[1].high - mean - 1.959964 * deviation) < 1e-7);
}

/* Each allocation fails in turn. */
static void memory_is_short(void **state)
{
    (void)state;
    const float a[] = {1, 2, 3, 4, 1, 2, 3, 4, 1, 2}, b[] = {2, 3, 5, 4, 2, 3, 5, 4, 2, 3};
    const double differences[] = {1, 2, -3};
    struct comparison comparison;
    struct error error;
    int n_failures = 0;
    for (failing_allocation = 1;; failing_allocation++) {
        n_allocations = 0;
        memset(&error, 0, sizeof error);
        if (paired_compare(a, b, 10, &comparison, &error) == ERROR_NONE)
            break;
        assert_int_equal(error.code, ERROR_FATAL);
        assert_string_equal(error.message, "not enough memory");
        n_failures++;
    }
    assert_true(n_failures >= 10); /* its own four, the bootstrap's five, the test's one */
    failing_allocation = 1;
    n_allocations = 0;
    assert_true(paired_wilcoxon(differences, 3, 0) < 0);
    n_allocations = 0;
    assert_int_equal(paired_holm(&comparison, 1, &error), ERROR_FATAL);
    const float differences_of_seeds[] = {1, 2, 3, 4, 5, 6};
    double p;
    size_t n_used;
    for (failing_allocation = 1;; failing_allocation++) {
        n_allocations = 0;
        if (max_t_family(differences_of_seeds, 1, 6, &p, &n_used, &error) == ERROR_NONE)
            break;
        assert_int_equal(error.code, ERROR_FATAL);
    }
    assert_int_equal(failing_allocation, 10); /* after nine that it needs */
    assert_near(p, 2.0 / 64);
    failing_allocation = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ri_of_plain_importances),
        cmocka_unit_test(ri_below_threshold_counts_as_zero),
        cmocka_unit_test(ri_of_unimportant_units_is_nan),
        cmocka_unit_test(ri_of_damaged_importances_is_nan),
        cmocka_unit_test(kinds_and_bins),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(wilson),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(counted_importances),
        cmocka_unit_test(unit_sharing),
        cmocka_unit_test(correlations),
        cmocka_unit_test(rank_correlations),
        cmocka_unit_test(density_widths),
        cmocka_unit_test(powers),
        cmocka_unit_test(students_intervals),
        cmocka_unit_test(warnings),
        cmocka_unit_test(pooled_rows),
        cmocka_unit_test(family_of_rows_of_two_lengths),
        cmocka_unit_test(differences_of_pairs),
        cmocka_unit_test(family_of_equal_differences),
        cmocka_unit_test(dip_by_hand),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(few_values_of_many_models),
        cmocka_unit_test(memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
