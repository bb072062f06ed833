/* What is said of tasks before anything runs, and standardised targets. */
#include "task_check.h"

#include "numbers.h"
#include "sobol.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

static struct task_list parsed(const char *text)
{
    struct task_list list;
    struct error error = {0};
    int column = 0;
    if (task_list_parse(text, strlen(text), &list, &column, &error))
        fail_msg("%s: column %d: %s", text, column, error.message);
    return list;
}

static const struct task_setting unit_square = {.n_inputs = 2, .input_high = 1, .dials = {1, 1, 1}};

static void expect_error(const char *text, const struct task_setting *setting, const char *message)
{
    struct task_list list = parsed(text);
    struct task_findings findings;
    struct error error = {0};
    assert_int_equal(task_check(&list, setting, &findings, &error), ERROR_INPUT);
    if (!strstr(error.message, message))
        fail_msg("%s: \"%s\", not \"%s\"", text, error.message, message);
}

static void test_not_finite(void **state)
{
    (void)state;
    struct task_setting setting = unit_square;
    expect_error("log(x0)", &setting, "task 1: log(x0) is infinite at x0 = 0;");
    expect_error("x0; 1 / x1", &setting, "task 2: 1 / x1 is infinite at x1 = 0;");
    expect_error("1 / (x0 + x1 - 2)", &setting, "is infinite at x0 = 1, x1 = 1;"); /* a corner */
    expect_error("1 / (x0 - 0.5)", &setting, "is infinite at x0 = 0.5;");          /* the centre */
    expect_error("sqrt(0.001 - x0)", &setting, "is not a number at x0 = 1;");
    expect_error("log(abs(x0 - 0.375))", &setting, "infinite at x0 = 0.375;"); /* a Sobol' point */
    expect_error("log(-1)", &setting, "log(-1) is not a number;");
    expect_error("exp(100 * x0 * a)", &setting, "is infinite at x0 = 1, a = 1;");
    expect_error("sqrt(r0 + 0.9)", &setting, "is not a number at r0 = -0."); /* some draw of 16 */
    setting.dials[0] = 2;
    expect_error("log(a - x0 - x1)", &setting, "is infinite at x0 = 1, x1 = 1, a = 2;");
    setting.input_low = -3, setting.input_high = 5;
    expect_error("sqrt(x0 + 2)", &setting, "is not a number at x0 = -3;");
    expect_error("1 / (x1 - 1)", &setting, "is infinite at x1 = 1;");
    setting.n_inputs = 16; /* no corners: 65,536 of them */
    expect_error("1 / (x15 - 1)", &setting, "is infinite at x15 = 1;");
    expect_error("log(x15 + 3)", &setting, "is infinite at x15 = -3;"); /* Sobol' point 0 */
    expect_error("1 / (x0 + x15 - 10)", &setting, "is infinite at x0 = 5, x15 = 5;");
    setting.seed = SEED_MAX;
    expect_error("sqrt(r0)", &setting, "is not a number at r0 = -0.");
    setting.standardise = true;
    expect_error("1 / (x0 + 2.875)", &setting, "is infinite at x0 = -2.875;"); /* not: its deviation is NaN */
    expect_error("a", &setting, "cannot be standardised");
    expect_error("x0 * 0 + r0", &setting, "cannot be standardised");

    struct task_list list = parsed("if(x0 > 0, x0 / x0, 1) + if(x0, 1, log(-1)) + log(x0 + 0.1) + r3");
    struct task_findings findings;
    struct error error = {0};
    assert_int_equal(task_check(&list, &unit_square, &findings, &error), ERROR_INPUT); /* at x0 = 0 */
    list = parsed("if(x0 > 0, x0 / x0, 1) + log(x0 + 0.1) + r3");
    assert_int_equal(task_check(&list, &unit_square, &findings, &error), ERROR_NONE);
}

/* What few points find, and what not. */
static void test_brief(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message; /* NULL: no error */
    } cases[] = {
        {"x0; log(x1)", "task 2: log(x1) is infinite at x1 = 0;"},
        {"1 / (x0 + x1 + x2 - 3)", "infinite at x0 = 1, x1 = 1, x2 = 1;"}, /* corners */
        {"1 / (x0 - x1 - 1)", "infinite at x0 = 1, x1 = 0;"},
        {"1 / (x0 - x1 + x2 - 2)", "infinite at x0 = 1, x1 = 0, x2 = 1;"},
        {"1 / (x0 - 0.5)", "infinite at x0 = 0.5;"}, /* the centre */
        {"1 / (x4 - 0.875)", "infinite at x4 = 0.875;"},
        {"1 / (a - 1)", "infinite at a = 1;"},
        {"x1 + sqrt(x0 + 0.9 * r0)", "not a number at x0 = 0, x1 = 0, r0 = -0."},
        {"2", "constant and cannot be standardised"},
        {"x0 > 0.3; x0 + x1", NULL},
        {"log(abs(x0 - 0.0009765625))", NULL}, /* one of the many points */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct task_setting setting = {
            .n_inputs = 5, .input_high = 1, .dials = {1, 1, 1}, .standardise = true, .seed = 1};
        struct task_list list = parsed(cases[i].text);
        struct error error = {0};
        enum error_code code = task_check_briefly(&list, &setting, &error);
        if (cases[i].message ? code != ERROR_INPUT || !strstr(error.message, cases[i].message) : code != ERROR_NONE)
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_true(100 * task_check_work(&list, &setting, true) < task_check_work(&list, &setting, false));
    }
}

static double correlation(const char *text, float low, float high)
{
    struct task_list list = parsed(text);
    struct formula_values values = {.dials = {1, 1, 1}};
    return task_correlation(&list.formulas[0], &list.formulas[1], &values, 2, low, high);
}

/* Against integrals over the box. */
static void test_correlation(void **state)
{
    (void)state;
    assert_true(fabs(correlation("x0 + x1; 3 - 2 * (x0 + x1)", 0, 1) + 1) < 1e-6);
    assert_true(fabs(correlation("x0; x1", 0, 1)) < 1e-3);
    assert_true(fabs(correlation("x0 + x1; x0 * x1", 0, 1) - sqrt(6. / 7)) < 1e-3); /* 1/12 / sqrt(1/6 * 7/144) */
    assert_true(fabs(correlation("x0 + x1; x0 * x1", -1, 1)) < 1e-3);
    assert_true(isnan(correlation("x0; 3", 0, 1)));
}

/* All warnings of a list, joined by "|". */
static const char *warnings(const char *text, const struct task_setting *setting, bool is_relu)
{
    static char joined[10 * ERROR_MESSAGE_MAX];
    size_t used = 0;
    struct task_list list = parsed(text);
    struct task_findings findings;
    struct error error = {0};
    if (task_check(&list, setting, &findings, &error))
        fail_msg("%s: %s", text, error.message);
    char line[ERROR_MESSAGE_MAX];
    *joined = '\0';
    for (int i = 0; i < TASK_WARNINGS; i++) {
        if (!task_warning(&list, setting, &findings, is_relu, .05, i, line))
            continue;
        assert_null(strchr(line, '\n'));
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s|", line);
    }
    return joined;
}

static void test_warnings(void **state)
{
    (void)state;
    const struct task_setting *square = &unit_square;
    assert_string_equal(warnings("x0 + x1; x0 * x1", square, true), "");
    assert_string_equal(warnings("x0; x1; x1", square, true), ""); /* the same task twice is a sweep's null */
    assert_string_equal(warnings("x0 + x1; x0 - 0.3 * x1", square, false), "");
    assert_non_null(
        strstr(warnings("x0 + x1; x0 - 0.3 * x1", square, true), "task 2, x0 - 0.3 * x1, goes down to -0.3"));
    assert_null(strstr(warnings("x0 + x1; x0 - 0.3 * x1", square, true), "rejected"));
    assert_non_null(strstr(warnings("x0 - x1", square, true), "rejected"));
    const char *silent = "0 has a mean absolute error of at most 0.04, below error_threshold = 0.05;";
    assert_non_null(strstr(warnings("0.08 * x0; 0.01 * x1 - 0.01", square, true), silent));
    assert_null(strstr(warnings("0.08 * x0; 0.01 * x1", square, false), "learn nothing"));
    assert_null(strstr(warnings("0.08 * x0; x1", square, true), "learn nothing"));
    assert_null(strstr(warnings("0.2 * x0 - 0.1", square, true), "learn nothing")); /* a mean of 0, but not of |t| */
    assert_non_null(strstr(warnings("x0 + x1; 3", square, true), "task 2, 3, is constant: there"));
    assert_non_null(strstr(warnings("x0; x0^2", square, true), "no task uses x1, of n_inputs = 2"));
    assert_non_null(
        strstr(warnings("x1; 1e6 * x0", square, true), "task 2, 1000000 * x0, has a root mean square of 5.8e+05"));
    assert_non_null(strstr(warnings("x1; 0.01 * x0", square, true), "far from 1"));
    assert_non_null(strstr(warnings("x0 + x1; r0", square, false), "task 2, r0, is constant in each model"));
    assert_string_equal(warnings("x0 + x1; r0 + x1", square, false), "");

    struct task_setting setting = unit_square;
    setting.standardise = true;
    assert_string_equal(warnings("x1; 1e6 * x0", &setting, false), "");
    assert_non_null(strstr(warnings("x0 + x1", &setting, true), "rejected")); /* half of it is below 0 */
    setting = unit_square;
    setting.n_inputs = 16;
    setting.input_low = -1;
    const char *found = warnings("x0 + x14", &setting, false);
    assert_non_null(strstr(found, "no task uses x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x15, of"));
}

static void test_findings(void **state)
{
    (void)state;
    struct task_list list = parsed("x0 - x1; 2 * x0");
    struct task_findings findings;
    struct error error;
    assert_int_equal(task_check(&list, &unit_square, &findings, &error), ERROR_NONE);
    const struct task_range *difference = &findings.tasks[0], *twice = &findings.tasks[1];
    assert_true(difference->lowest == -1 && difference->highest == 1 && !difference->is_constant);
    assert_true(fabs(difference->mean) < 1e-3 && fabs(difference->mean_below - 1.0 / 6) < 1e-3);
    assert_true(fabs(difference->rms - sqrt(1.0 / 6)) < 1e-3);
    assert_true(twice->lowest == 0 && twice->highest == 2 && twice->mean_below == 0);
    assert_true(fabs(twice->mean - 1) < 1e-3 && fabs(twice->rms - sqrt(4.0 / 3)) < 1e-3);
}

/* Mean and standard deviation in double, in index order, over the first 4,096 points of the box. */
static void test_moments(void **state)
{
    (void)state;
    enum { N = 4096 };
    static float x[3 * N], target[N];
    struct task_list list = parsed("x0 * x2 + a");
    const struct formula_values values = {.dials = {0.25f, 1, 1}};
    struct task_moments moments = task_moments(&list.formulas[0], &values, 3, -1, 3);
    sobol_points(0, N, 3, x);
    for (int i = 0; i < 3 * N; i++) {
        float scaled = 4.0f * x[i];
        x[i] = -1.0f + scaled;
    }
    formula_evaluate(&list.formulas[0], &values, N, 3, x, target);
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++)
        sum += (double)target[i];
    for (int i = 0; i < N; i++)
        squares += ((double)target[i] - sum / N) * ((double)target[i] - sum / N);
    assert_true(moments.mean == sum / N && moments.sd == sqrt(squares / N));
    assert_true(fabs(moments.mean - 1.25) < 1e-2);

    task_standardise(moments, N, target);
    sum = squares = 0;
    for (int i = 0; i < N; i++) {
        sum += (double)target[i];
        squares += (double)target[i] * (double)target[i];
    }
    assert_true(fabs(sum / N) < 1e-6 && fabs(squares / N - 1) < 1e-6);
}

/* The default box leaves inputs as they are. */
static void test_scale(void **state)
{
    (void)state;
    float x[] = {0, 0x1p-24f, 0.3f, 1 - 0x1p-24f}, y[4], expected = 0.2f * 0.3f;
    memcpy(y, x, sizeof x);
    task_scale_inputs(0, 1, 4, y);
    assert_memory_equal(x, y, sizeof x);
    task_scale_inputs(0.1f, 0.3f, 4, y);
    expected = (0.3f - 0.1f) * 0.3f;
    expected = 0.1f + expected;
    assert_true(y[2] == expected && y[0] == 0.1f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_finite),  cmocka_unit_test(test_brief),    cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_correlation), cmocka_unit_test(test_findings), cmocka_unit_test(test_moments),
        cmocka_unit_test(test_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
