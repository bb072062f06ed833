/* The table of measures, relative importance, and what is said of progress, on cases worked out by hand. */
#include "importance.h"
#include "measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 4 };
static const float untouched = 777;

/* RI of both precisions, which must say the same; ri [n + 1], of which the last is no unit's. */
static void both(const float *a, const float *b, size_t n, double unimportant_below, double *ri)
{
    float single[N + 1];
    assert_true(n <= N);
    single[n] = untouched;
    ri[n] = (double)untouched;
    relative_importance(a, b, n, unimportant_below, single);
    relative_importance_in_double(a, b, n, unimportant_below, false, ri);
    assert_true(single[n] == untouched && ri[n] == (double)untouched);
    for (size_t i = 0; i < n; i++)
        assert_true(single[i] == (float)ri[i] || (isnan(single[i]) && isnan(ri[i])));
}

static void test_thresholds(void **state)
{
    (void)state;
    /* Means 2 and 4: below 0.5 times the mean is below 1 and below 2. */
    const float a[N] = {0.5f, 1, 5.5f, 1}, b[N] = {2, 1.5f, 1.5f, 11};
    double ri[N + 1];
    both(a, b, N, 0.5, ri);
    assert_true(ri[0] == -1); /* a counts as 0, b is at its threshold and stays */
    assert_true(ri[1] == 1);  /* a is at its threshold and stays, b counts as 0 */
    assert_true(ri[2] == 1 && fabs(ri[3] + 10.0 / 12) < 1e-15);
    both(a, b, N, 0, ri);
    assert_true(ri[0] == -0.6 && fabs(ri[1] + 0.2) < 1e-15 && fabs(ri[2] - 4.0 / 7) < 1e-15);
    both(a, b, 0, 0.5, ri);
}

/* Neither task's, or no importance: importances are squares. */
static void test_no_value(void **state)
{
    (void)state;
    const float nothing[] = {0}, one[] = {1}, damaged[] = {-1, NAN, INFINITY};
    double ri[2];
    both(nothing, nothing, 1, 0.1, ri);
    assert_true(isnan(ri[0]));
    both(nothing, one, 1, 0.1, ri);
    assert_true(ri[0] == -1);
    for (size_t i = 0; i < 3; i++) {
        both(&damaged[i], one, 1, 0, ri);
        assert_true(isnan(ri[0]));
        both(one, &damaged[i], 1, 0, ri);
        assert_true(isnan(ri[0]));
    }
    const float bits = quiet_nan();
    const uint32_t expected = 0x7fc00000;
    float single;
    assert_memory_equal(&bits, &expected, sizeof bits);
    relative_importance(nothing, nothing, 1, 0.1, &single);
    assert_memory_equal(&single, &expected, sizeof single);
}

/* Each task's importances as shares of the layer's: (3/8 - 1/16)/(3/8 + 1/16) and so on. */
static void test_normalised(void **state)
{
    (void)state;
    const float a[N] = {3, 1, 2, 2}, b[N] = {1, 3, 0, 12}, nothing[N] = {0};
    double ri[N];
    relative_importance_in_double(a, b, N, 0, true, ri);
    assert_true(fabs(ri[0] - (6.0 - 1) / (6 + 1)) < 1e-15);
    assert_true(fabs(ri[1] - (2.0 - 3) / (2 + 3)) < 1e-15);
    assert_true(ri[2] == 1);
    assert_true(fabs(ri[3] - (4.0 - 12) / (4 + 12)) < 1e-15);
    /* Thresholds are of importances as they are: means 2 and 4. */
    relative_importance_in_double(a, b, N, 0.6, true, ri);
    assert_true(ri[0] == 1 && ri[1] == -1 && ri[2] == 1 && fabs(ri[3] + 0.5) < 1e-15);
    /* The scale does not matter: means 1/64 and 4. */
    const float small[N] = {3.0f / 128, 1.0f / 128, 2.0f / 128, 2.0f / 128};
    relative_importance_in_double(small, b, N, 0, true, ri);
    assert_true(fabs(ri[0] - (6.0 - 1) / (6 + 1)) < 1e-15 && fabs(ri[3] - (4.0 - 12) / (4 + 12)) < 1e-15);
    /* A layer that does nothing for a task has no shares. */
    relative_importance_in_double(nothing, b, N, 0.1, true, ri);
    assert_true(ri[0] == -1 && ri[1] == -1 && isnan(ri[2]) && ri[3] == -1);
    relative_importance_in_double(b, nothing, N, 0, true, ri);
    assert_true(ri[0] == 1 && ri[1] == 1 && isnan(ri[2]) && ri[3] == 1);
}

/* What files are told apart by: these six came with the first schema, in this order. */
static void test_table(void **state)
{
    (void)state;
    static const char *const names[] = {"ablation_mean", "ablation_sample", "taylor_mean",
                                        "taylor_sample", "contribution",    "variance"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(measure_table[i].name, names[i]);
        assert_int_equal(measure_table[i].since, 1);
    }
}

/* Ten test samples of a task at a time. */
static void test_blocks(void **state)
{
    (void)state;
    static const int64_t cases[][3] = {{1, 1, 1}, {10, 1, 1}, {11, 1, 2}, {100, 3, 30}, {101, 3, 33}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct shape shape = {.N_test = cases[i][0], .n_tasks = cases[i][1]};
        assert_int_equal(importance_blocks(&shape), cases[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thresholds), cmocka_unit_test(test_no_value), cmocka_unit_test(test_normalised),
        cmocka_unit_test(test_table),      cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
