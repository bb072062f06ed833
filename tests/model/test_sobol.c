/* Sobol' points against SciPy's (tests/reference/formulas.py). */
#include "sobol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

static void test_reference(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/reference/data/sobol.txt", "r");
    assert_non_null(file);
    char line[1000];
    int n = 0;
    for (; fgets(line, sizeof line, file); n++) {
        char *at = line;
        uint32_t index = (uint32_t)strtoul(at, &at, 10);
        float all[SOBOL_DIMENSIONS_MAX], few[3];
        sobol_points(index, 1, SOBOL_DIMENSIONS_MAX, all);
        sobol_points(index, 1, 3, few);
        assert_memory_equal(all, few, sizeof few);
        for (int d = 0; d < SOBOL_DIMENSIONS_MAX; d++)
            assert_true(all[d] == (float)strtoul(at, &at, 10) * 0x1p-24f);
    }
    fclose(file);
    assert_true(n > 40);
}

/* Whichever points are made at a time, they are the same. */
static void test_parts(void **state)
{
    (void)state;
    enum { N = 1000, DIMENSIONS = 5 };
    float all[N * DIMENSIONS], part[N * DIMENSIONS];
    sobol_points(0, N, DIMENSIONS, all);
    for (uint32_t first = 0, n = 1; first < N; first += n, n += 17) {
        n = n < N - first ? n : N - first;
        sobol_points(first, n, DIMENSIONS, part);
        assert_memory_equal(part, all + first * DIMENSIONS, n * DIMENSIONS * sizeof *part);
    }
    sobol_points((1u << 24) - 1, 1, DIMENSIONS, part); /* the last one */
    for (int d = 0; d < DIMENSIONS; d++)
        assert_true(part[d] < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
