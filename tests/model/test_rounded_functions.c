/* Correctly rounded functions: against mpmath's (tests/reference/formulas.py), and against MPFR at more arguments. All
 * floats: tests/long/rounded_functions.sh. */
#include "rounded_functions.h"

#include "random_fixture.h"

#include <math.h>
#include <mpfr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

static const struct {
    const char *name;
    float (*rounded)(float x);
    int (*exact)(mpfr_t value, const mpfr_t x, mpfr_rnd_t rounding);
} functions[] = {
    {"sin", rounded_sin, mpfr_sin}, {"cos", rounded_cos, mpfr_cos},    {"exp", rounded_exp, mpfr_exp},
    {"log", rounded_log, mpfr_log}, {"tanh", rounded_tanh, mpfr_tanh},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void check_value(int function, float x, float expected)
{
    float value = functions[function].rounded(x);
    if (bits_of(value) != bits_of(expected) && !(isnan(value) && isnan(expected)))
        fail_msg("%s(%a) = %a, not %a", functions[function].name, (double)x, (double)value, (double)expected);
}

static void test_reference(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/reference/data/rounded_functions.txt", "r");
    assert_non_null(file);
    char line[100];
    int n = 0;
    for (; fgets(line, sizeof line, file); n++) {
        char *end = strchr(line, ' ');
        assert_non_null(end);
        float x = strtof(end, &end), expected = strtof(end, NULL);
        int function = 0;
        while (function < N_FUNCTIONS && strncmp(line, functions[function].name, strlen(functions[function].name)) != 0)
            function++;
        assert_in_range(function, 0, N_FUNCTIONS - 1);
        check_value(function, x, expected);
    }
    fclose(file);
    assert_true(n > 1500);
}

/* In float's own range and precision, which is how MPFR has it rounded once. */
static float exact(int function, float x)
{
    mpfr_t value;
    mpfr_init2(value, 24);
    mpfr_set_flt(value, x, MPFR_RNDN);
    int inexact = functions[function].exact(value, value, MPFR_RNDN);
    mpfr_subnormalize(value, mpfr_check_range(value, inexact, MPFR_RNDN), MPFR_RNDN);
    float rounded = mpfr_get_flt(value, MPFR_RNDN);
    mpfr_clear(value);
    return rounded;
}

static void test_random(void **state)
{
    (void)state;
    mpfr_set_emin(-148);
    mpfr_set_emax(128);
    for (int i = 0; i < 30000; i++) {
        uint32_t bits = (uint32_t)random_bits();
        float x;
        memcpy(&x, &bits, sizeof x);
        if (i % 3 != 0 || fabsf(x) > 1e6f) /* where most formulas have their arguments; MPFR needs long for huge ones */
            x = (float)(random_unit() * 20 - 10);
        for (int function = 0; function < N_FUNCTIONS; function++)
            check_value(function, x, exact(function, x));
    }
    mpfr_free_cache();
}

int main(void)
{
    random_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
