/* Which build this is, and that it computes what it should. */
#include "build.h"
#include "hash.h"
#include "record.h"
#include "sources_hash.h"

#include <inttypes.h>
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

/* Its parts once more: an identity without one of them is another number. */
static void its_identity_is_of_all_that_makes_a_build(void **unused)
{
    (void)unused;
    const uint64_t self_test = UINT64_C(0xdd4d0d2407a02ac0);
    char expected[BUILD_IDENTITY_MAX];
    uint64_t hash = hash_text(HASH_START, SOURCES_HASH);
    for (const struct hyperparameter *row = hyperparameter_table; row < hyperparameter_table + n_hyperparameters;
         row++) {
        hash = hash_integer(hash_text(hash, row->name), row->type);
        if (row->type == HYPERPARAMETER_CHOICE)
            for (const char *const *choice = row->choices; *choice; choice++)
                hash = hash_text(hash, *choice);
    }
    for (size_t m = 0; m < N_MEASURES; m++)
        hash = hash_text(hash, measure_table[m].name);
    for (const struct field_description *field = record_fields; field < record_fields + N_FIELDS; field++) {
        hash = hash_integer(hash_text(hash, field->name), field->type);
        for (int d = 0; d < field->n_dimensions; d++)
            hash = hash_text(hash, dimension_names[field->dimensions[d]]);
    }
    hash = hash_integer(hash_integer(hash, (uint64_t)build_arithmetic()), self_test);
    snprintf(expected, sizeof expected, "%016" PRIx64, hash);
    assert_string_equal(build_identity(), expected);
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
        cmocka_unit_test(its_identity_is_of_all_that_makes_a_build),
        cmocka_unit_test(it_trains_what_it_should_on_every_instruction_set),
        cmocka_unit_test(files_of_another_arithmetic_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
