/* Lists of tasks: names, limits, what second_task stands for, random constants. */
#include "task_list.h"
#include "task_registry.h"

#include "random_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

static void expect_text(const struct task_list *list, const char *expected)
{
    char text[TASK_LIST_TEXT_MAX];
    task_list_text(list, text);
    assert_string_equal(text, expected);
    const struct task_list again = parsed(text);
    assert_true(task_list_equal(&again, list));
}

static void test_lists(void **state)
{
    (void)state;
    struct task_list list = parsed(" x0+x1;x0 *x1 "), named = parsed("sum: x0 + x1;\n1_st :x0 * x1");
    assert_int_equal(list.n_tasks, 2);
    expect_text(&list, "x0 + x1; x0 * x1");
    expect_text(&named, "x0 + x1; x0 * x1");
    assert_true(task_list_equal(&list, &named));
    assert_string_equal(list.names[0], "");
    assert_string_equal(named.names[0], "sum");
    assert_string_equal(named.names[1], "1_st");
    struct task_list other = parsed("x0 * x1; x0 + x1");
    assert_false(task_list_equal(&list, &other));
    other = parsed("x0 + x1");
    assert_false(task_list_equal(&list, &other));
    other = parsed("a: b; x0; x0; x0; x0; x0; x0; c");
    assert_int_equal(other.n_tasks, 8);
    assert_string_equal(other.names[0], "a");

    struct task_list array = {0};
    struct error error;
    int column;
    assert_int_equal(task_list_add(&array, "sum: x0+x1", 10, &column, &error), ERROR_NONE);
    assert_int_equal(task_list_add(&array, "x0*x1", 5, &column, &error), ERROR_NONE);
    assert_true(task_list_equal(&array, &list));
    assert_string_equal(array.names[0], "sum");
    assert_int_equal(task_list_add(&array, "x0; x1", 6, &column, &error), ERROR_INPUT);
    assert_int_equal(column, 3);
    assert_int_equal(array.n_tasks, 2);

    list = parsed("x0 + a; x3 * r2; b");
    struct task_list_uses uses = task_list_uses(&list);
    assert_int_equal(uses.n_inputs, 4);
    assert_int_equal(uses.inputs, 9);
    assert_int_equal(uses.dials, 3);
    assert_int_equal(uses.randoms, 4);
    int task;
    assert_int_equal(task_list_check_inputs(&list, 4, &task, &error), ERROR_NONE);
    assert_int_equal(task_list_check_inputs(&list, 3, &task, &error), ERROR_INPUT);
    assert_int_equal(task, 1);
    assert_string_equal(error.message, "x3 * r2 uses x3 (column 1), but n_inputs = 3; allowed: inputs below x3");
    list = parsed("(x15 + (x10)) * x1"); /* columns are those of the canonical text */
    assert_int_equal(task_list_check_inputs(&list, 15, &task, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "(x15 + x10) * x1 uses x15 (column 2), but"));
    list = parsed("0.50*x12 + (x1)");
    assert_int_equal(task_list_check_inputs(&list, 3, &task, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "0.5 * x12 + x1 uses x12 (column 7), but"));
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int column;
        const char *part;
    } cases[] = {
        {"", 1, "empty"},
        {";", 1, "empty"},
        {"x0;", 4, "empty"},
        {"x0; ;x1", 4, "empty"},
        {"sum:", 5, "empty"},
        {"x0; sum: ; x1", 9, "empty"},
        {"x0;x0;x0;x0;x0;x0;x0;x0;x1", 25, "more than 8 tasks"},
        {"x0 + x1; x0 * y", 15, "unknown name y"},
        {"sum: x0 ** 2", 9, "**"},
        {": x0", 1, "letters, digits and _"},
        {"x0; 2 : x1", 5, "a task is called 2, a number;"},
        {"my task: x0", 1, "letters, digits and _"},
        {"x0;  a-b: x0", 6, "letters, digits and _"},
        {"größe: x0", 1, "letters, digits and _"},
        {"%s: x0", 1, "letters, digits and _"},
        {"a: b: x0", 5, "has no :"},
        {"a: x0; b: x1; a: x2", 15, "two tasks are called a"},
        {"abcdefghijklmnopqrstuvwxyz_12345: x0", 1, "32 characters; allowed: 31"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct task_list list;
        struct error error = {0};
        int column = 0;
        enum error_code code = task_list_parse(cases[i].text, strlen(cases[i].text), &list, &column, &error);
        if (code != ERROR_INPUT || column != cases[i].column || !strstr(error.message, cases[i].part))
            fail_msg("%s: code %d, column %d (not %d), \"%s\"", cases[i].text, code, column, cases[i].column,
                     error.message);
    }
}

/* A list has the names that it was given first, and never one of them twice. */
static void test_names_of_a_known_list(void **state)
{
    (void)state;
    const char *spellings[] = {"u: x0 - a; x1; x1", "x0 - a; u: x1; x1", "x0 - a; v: x1; u: x1",
                               "w: x0 - a; x1; t: x1"};
    int64_t number = -1, first = -1;
    struct error error;
    for (int i = 0; i < 4; i++) {
        struct task_list list = parsed(spellings[i]);
        assert_int_equal(task_registry_add(&list, &number, &error), ERROR_NONE);
        first = i == 0 ? number : first;
        assert_int_equal(number, first);
    }
    char text[TASK_LIST_NAMED_MAX];
    task_registry_named_text(number, text);
    assert_string_equal(text, "u: x0 - a; v: x1; t: x1");

    struct task_list list = parsed("x0; x1");
    assert_int_equal(task_list_name(&list, 0, "sum", 3, &error), ERROR_NONE);
    assert_int_equal(task_list_name(&list, 1, "sum", 3, &error), ERROR_INPUT);
    assert_int_equal(task_list_name(&list, 1, "a b", 3, &error), ERROR_INPUT);
    assert_int_equal(task_list_name(&list, 1, "", 0, &error), ERROR_NONE);
    assert_string_equal(list.names[0], "sum");
    assert_string_equal(list.names[1], "");
}

/* Eight formulas of 255 bytes. */
static void test_longest(void **state)
{
    (void)state;
    char text[TASK_LIST_TEXT_MAX];
    size_t used = 0;
    for (int task = 0; task < TASKS_MAX; task++) {
        for (int i = 0; i < 50; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%sx0 + ", task > 0 && i == 0 ? "; " : "");
        used += (size_t)snprintf(text + used, sizeof text - used, "12345");
    }
    assert_int_equal(used, TASKS_MAX * (FORMULA_TEXT_MAX - 1) + (TASKS_MAX - 1) * 2);
    struct task_list list = parsed(text);
    expect_text(&list, text);
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Targets as they were computed before there were formulas. */
static float target_of(int task, bool is_product, float factor, const float x[2])
{
    if (task == 1 && is_product)
        return x[0] * x[1];
    float scaled = (task == 0 ? 1 : factor) * x[1];
    return x[0] + scaled;
}

/* second_task's list has the bits of second_task. */
static void check_second_task(const char *second_task, const char *text, const char *back)
{
    struct task_list list;
    bool is_product;
    double factor;
    assert_true(hyperparameters_parse_second_task(second_task, &is_product, &factor));
    task_list_of_second_task(second_task, &list);
    if (text)
        expect_text(&list, text);
    char found[HYPERPARAMETER_TEXT_MAX];
    task_list_second_task(&list, found);
    if (back)
        assert_string_equal(found, back);
    struct task_list again;
    task_list_of_second_task(found, &again);
    assert_true(task_list_equal(&list, &again));

    enum { N = 1000 };
    float x[2 * N], target[N];
    const struct formula_values values = {.dials = {1, 1, 1}};
    rng_uniforms(rng_key((int64_t)random_below(1000), 0), RNG_TRAIN_SET, 0, 0, 0, (size_t)2 * N, x);
    x[0] = 0, x[1] = 0, x[2] = 0, x[5] = 0;
    for (int task = 0; task < 2; task++) {
        assert_int_equal(formula_evaluate(&list.formulas[task], &values, N, 2, x, target), N);
        for (int i = 0; i < N; i++) {
            float expected = target_of(task, is_product, (float)factor, x + (ptrdiff_t)2 * i);
            if (bits_of(target[i]) != bits_of(expected))
                fail_msg("%s: task %d at %a, %a: %a, not %a", second_task, task, (double)x[2 * i], (double)x[2 * i + 1],
                         (double)target[i], (double)expected);
        }
    }
}

static void test_second_task(void **state)
{
    (void)state;
    check_second_task("prod", "x0 + x1; x0 * x1", "prod");
    check_second_task("add1.5", "x0 + x1; x0 + 1.5 * x1", "add1.5");
    check_second_task("add1.50", "x0 + x1; x0 + 1.5 * x1", "add1.5");
    check_second_task("add+2", "x0 + x1; x0 + 2 * x1", "add2");
    check_second_task("add1", "x0 + x1; x0 + x1", "add1");
    check_second_task("add1.000000000001", "x0 + x1; x0 + x1", "add1");
    check_second_task("add-1", "x0 + x1; x0 - 1 * x1", "add-1");
    check_second_task("add-.3", "x0 + x1; x0 - 0.3 * x1", "add-0.3");
    check_second_task("add0", "x0 + x1; x0 + 0 * x1", "add0");
    check_second_task("add-0", "x0 + x1; x0 + 0 * x1", "add0");
    check_second_task("add1e-60", "x0 + x1; x0 + 0 * x1", "add0");
    check_second_task("add1e6", "x0 + x1; x0 + 1000000 * x1", "add1000000");
    check_second_task("add-1e-7", "x0 + x1; x0 - 1e-7 * x1", "add-1e-7");
    check_second_task("add1e-45", "x0 + x1; x0 + 1e-45 * x1", "add1e-45");
    check_second_task("add0x1.8p1", "x0 + x1; x0 + 3 * x1", "add3");
    for (int i = 0; i < 200; i++) {
        char second_task[HYPERPARAMETER_TEXT_MAX];
        snprintf(second_task, sizeof second_task, "add%.*g", (int)random_between(1, 17),
                 (random_unit() - .5) * pow(10, (double)random_between(-10, 6)));
        check_second_task(second_task, NULL, NULL);
    }

    static const char *const none[] = {"x0 + x1",           "x0 * x1; x0 + x1",     "x0 + x1; x1 * x0",
                                       "x0 + x1; x0",       "x0 + x1; 1.5 * x0",    "x0 + x1; x0 + x1 * 1.5",
                                       "x0; x0 + 1.5 * x1", "x0 + x1; x0 + 1 * x1", "x0 + x1; x0 + 1e7 * x1",
                                       "x0 + x1; x0 - x1",  "x0 + x1; x0 - 0 * x1", "x0 + x1; x0 * x1; x0"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char second_task[HYPERPARAMETER_TEXT_MAX];
        struct task_list list = parsed(none[i]);
        task_list_second_task(&list, second_task);
        assert_string_equal(second_task, "");
    }
}

static void test_randoms(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/reference/data/randoms.txt", "r");
    assert_non_null(file);
    char line[1000];
    int n = 0;
    for (; fgets(line, sizeof line, file); n++) {
        char *at = line;
        float randoms[FORMULA_RANDOMS];
        task_list_randoms(strtoll(at, &at, 10), randoms);
        for (int k = 0; k < FORMULA_RANDOMS; k++) {
            assert_true(randoms[k] == strtof(at, &at));
            assert_true(randoms[k] >= -1 && randoms[k] < 1);
        }
    }
    fclose(file);
    assert_int_equal(n, 6);
}

int main(void)
{
    random_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_names_of_a_known_list),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_second_task),
        cmocka_unit_test(test_randoms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
