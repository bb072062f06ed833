/* Work done and left: rejections count, and so does what is in training. */
#include "forecast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9 * fabs(expected) + 1e-12))
        fail_msg("%.12g, not %.12g", value, expected);
}

static double share(const struct forecast_facts *facts)
{
    const struct forecast forecast = forecast_make(facts);
    return forecast.done / (forecast.done + forecast.left);
}

/* All accepted at once: work is that of the jobs. */
static void test_accepted(void **state)
{
    (void)state;
    struct forecast_facts facts = {.n_jobs = 100, .work_total = 500, .max_attempts = 10};
    assert_near(share(&facts), 0);
    assert_near(forecast_make(&facts).left, 500);
    facts.n_out = 32;
    facts.in_pack = 4; /* a quarter of 16 models: 4 jobs' work */
    assert_near(share(&facts), 0.04);
    facts = (struct forecast_facts){.n_jobs = 100,
                                    .n_done = 50,
                                    .n_accepted = 50,
                                    .n_out = 10,
                                    .work_total = 500,
                                    .work_done = 400,
                                    .attempts_of_done = 50,
                                    .attempts = 50,
                                    .trained = 50,
                                    .max_attempts = 10};
    assert_near(share(&facts), 0.8);
    facts.in_pack = 5;
    assert_near(forecast_make(&facts).left, 90);
    /* Null jobs: nothing is trained. */
    facts = (struct forecast_facts){.n_jobs = 10,
                                    .n_done = 5,
                                    .n_accepted = 5,
                                    .work_total = 10,
                                    .work_done = 5,
                                    .attempts_of_done = 5,
                                    .max_attempts = 10};
    assert_near(share(&facts), 0.5);
}

/* Half of the configurations is accepted at once, the other half never: what was trained in vain is known to be, and
 * what is left grows to what it will be. */
static void test_rejected(void **state)
{
    (void)state;
    struct forecast_facts facts = {.n_jobs = 16,
                                   .n_done = 8,
                                   .n_accepted = 8,
                                   .n_out = 8,
                                   .work_total = 16,
                                   .work_done = 8,
                                   .attempts_of_done = 8,
                                   .max_attempts = 10};
    double before = 0;
    for (uint64_t made = 1; made < 10; made++) { /* attempts of each of the eight */
        facts.attempts = facts.trained = 8 + 8 * made;
        const struct forecast forecast = forecast_make(&facts);
        assert_near(forecast.done, (double)facts.trained);
        assert_true(forecast.left > 7.9 &&
                    forecast.left <= 8 * (10 - (double)made) + 1e-9); /* never more than there can be */
        assert_true(made < 4 || forecast.left > 0.7 * 8 * (10 - (double)made));
        assert_true(forecast.done > before);
        before = forecast.done;
    }
    /* A hundred more of the kind are waiting. */
    facts.n_jobs = 108;
    facts.work_total = 108;
    assert_true(forecast_make(&facts).left > 300);
    /* Attempts that end untrained cost next to nothing. */
    facts = (struct forecast_facts){.n_jobs = 100,
                                    .n_done = 20,
                                    .n_accepted = 20,
                                    .work_total = 100,
                                    .work_done = 20,
                                    .attempts_of_done = 40,
                                    .attempts = 40,
                                    .rejected_at_start = 20,
                                    .trained = 20,
                                    .max_attempts = 10};
    assert_near(share(&facts), 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
