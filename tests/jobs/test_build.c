/* Which build this is, and that it computes what it should. */
#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void it_has_an_identity(void **unused)
{
    (void)unused;
    char identity[BUILD_IDENTITY_MAX];
    snprintf(identity, sizeof identity, "%s", build_identity());
    assert_int_equal(strspn(identity, "0123456789abcdef"), BUILD_IDENTITY_MAX - 1);
    assert_string_equal(build_identity(), identity);
}

static void it_trains_what_it_should_on_every_instruction_set(void **unused)
{
    (void)unused;
    static const char *const sets[] = {NULL, "portable", "avx2", "avx512", "neon"};
    struct error error = {.code = ERROR_NONE};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (sets[i])
            setenv("PICKY_SIMD", sets[i], 1);
        enum error_code code = build_self_test(&error);
        if (code == ERROR_INPUT && i > 1)
            print_message("skipped: %s cannot run here\n", sets[i]);
        else if (code)
            fail_msg("%s", error.message);
    }
    setenv("PICKY_SIMD", "sse9", 1);
    assert_int_equal(build_self_test(&error), ERROR_INPUT);
    unsetenv("PICKY_SIMD");
}

static void files_of_another_arithmetic_are_refused(void **unused)
{
    (void)unused;
    struct error error = {.code = ERROR_NONE};
    assert_int_equal(build_arithmetic(), 1);
    assert_int_equal(build_check_arithmetic("a.h5", 1, &error), ERROR_NONE);
    assert_int_equal(build_check_arithmetic("a.h5", 2, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "a.h5: its models were trained with arithmetic 2, this picky has 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_an_identity),
        cmocka_unit_test(it_trains_what_it_should_on_every_instruction_set),
        cmocka_unit_test(files_of_another_arithmetic_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
