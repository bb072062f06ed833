/* When a time limit is too short for one job, and what is said of it. */
#include "limit.h"

#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A limit of which training had 95 of 100 s, and a run that its end stopped before any job was finished. */
static const struct limit whole = {.start_s = 1001, .deadline_s = 1100, .training_s = 1005, .whole_s = 100};
static const struct receipt none_done = {.counts = {[STATUS_PENDING] = 3}, .is_stopped = true, .is_time_over = true};

static void too_short(void **unused)
{
    (void)unused;
    struct limit limit = whole;
    struct receipt receipt = none_done;
    assert_true(limit_is_too_short(&limit, &receipt));
    receipt.counts[STATUS_ERROR] = 1; /* going on is of use */
    assert_false(limit_is_too_short(&limit, &receipt));
    receipt = none_done;
    receipt.is_time_over = false; /* a signal, a rank that is stuck */
    assert_false(limit_is_too_short(&limit, &receipt));
    receipt = none_done;
    receipt.is_stopped = false;
    assert_false(limit_is_too_short(&limit, &receipt));
    receipt = none_done;
    receipt.paused_s = 30;
    assert_false(limit_is_too_short(&limit, &receipt));
}

static void begun_late(void **unused)
{
    (void)unused;
    struct limit limit = whole;
    limit.training_s = 1050; /* half of the time was gone with starting MPI */
    assert_false(limit_is_too_short(&limit, &none_done));
    limit.attempt_s = 150; /* thought to be longer than the whole, but that is a guess */
    assert_false(limit_is_too_short(&limit, &none_done));
    limit.attempt_s = 200;
    assert_true(limit_is_too_short(&limit, &none_done));
    limit.start_s = 1050; /* half of Slurm's job was over: the next run has more */
    assert_false(limit_is_too_short(&limit, &none_done));
}

/* Copying an old file, before training, had the whole of it. */
static void never_begun(void **unused)
{
    (void)unused;
    const double now_s = clock_s();
    struct limit limit = {.start_s = now_s - 100, .deadline_s = now_s - 1, .whole_s = 100};
    const struct receipt receipt = {0};
    assert_true(limit_is_too_short(&limit, &receipt));
    limit.start_s = now_s - 50; /* half of Slurm's job was over */
    assert_false(limit_is_too_short(&limit, &receipt));
    limit.start_s = now_s - 100;
    limit.deadline_s = now_s + 10; /* a signal */
    assert_false(limit_is_too_short(&limit, &receipt));
}

static void expect_line(int64_t max_attempts, double attempt_s, double left_s, const char *wanted)
{
    static struct hyperparameters h;
    bool swept[64] = {false};
    assert_true(n_hyperparameters <= 64);
    const struct sweep sweep = {.configs = &h, .n_configs = 1, .swept = swept};
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    const struct pilot_job job = {.max_attempts = max_attempts, .attempt_s = attempt_s};
    limit_print_job(stream, &job, &sweep, left_s);
    fclose(stream);
    if (!strstr(text, wanted))
        fail_msg("not \"%s\" but %s", wanted, text);
    free(text);
}

static void lines(void **unused)
{
    (void)unused;
    expect_line(1, 60, INFINITY, "one job (configuration 0) needs about 1 min 00 s\n");
    expect_line(10, 60, INFINITY, "needs about 1 min 00 s, with up to 10 attempts 10 min\n");
    expect_line(10, 60, 59, "; the limit leaves 59 s: too little for one attempt\n");
    expect_line(10, 60, -5, "; the limit leaves 0 ms: too little for one attempt\n");
    expect_line(10, 60, 61, ": enough for 1 attempt\n");
    expect_line(10, 60, 599, ": enough for 9 attempts\n");
    expect_line(10, 60, 601, ": hardly enough\n");
    expect_line(10, 60, 800, ": enough\n");
}

static void read_from_the_command_line(void **unused)
{
    (void)unused;
    double own_s = 0;
    struct error error;
    assert_int_equal(limit_read(NULL, &own_s, &error), ERROR_NONE);
    assert_true(isinf(own_s));
    assert_int_equal(limit_read("1:30", &own_s, &error), ERROR_NONE);
    assert_true(own_s == 90);
    assert_int_equal(limit_read("0:90", &own_s, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "--time-limit: 0:90: allowed: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_short),
        cmocka_unit_test(begun_late),
        cmocka_unit_test(never_begun),
        cmocka_unit_test(lines),
        cmocka_unit_test(read_from_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
