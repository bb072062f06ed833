/* What training gives over many models, by distribution: no single model's numbers, but how often a model is accepted
 * and how good it is. Takes a few seconds. */
#include "job.h"
#include "kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

#ifndef TEST_SOURCE_DIR
#error "define TEST_SOURCE_DIR as the path of tests"
#endif

enum { N_JOBS_MAX = 200, FIRST_SEED = 1000 };

/* Models trained: N_JOBS_MAX, but 40 with the portable kernels. They are some 80 times slower and give the same bits
 * (test_job.c), so that nothing is lost by it. */
static int n_jobs;

struct outcome {
    int n_done, n_accepted;
    float error[N_JOBS_MAX][2]; /* by seed */
    bool is_accepted[N_JOBS_MAX];
};
static struct outcome relu, linear;

struct collecting {
    const struct record_layout *layout;
    struct outcome *outcome;
};

static enum error_code collect(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    struct collecting *c = context;
    const uint8_t *status = record_field_const(c->layout, record, FIELD_STATUS);
    const float *attempt_error = record_field_const(c->layout, record, FIELD_ATTEMPT_ERROR);
    const int64_t i = job->seed - FIRST_SEED;
    assert_true(*status == STATUS_ACCEPTED || *status == STATUS_REJECTED);
    memcpy(c->outcome->error[i], attempt_error, sizeof c->outcome->error[i]);
    c->outcome->is_accepted[i] = *status == STATUS_ACCEPTED;
    c->outcome->n_accepted += *status == STATUS_ACCEPTED;
    c->outcome->n_done++;
    return ERROR_NONE;
}

/* The standard condition, one attempt each. */
static void run(enum output_activation output_activation, struct outcome *outcome)
{
    struct error error;
    struct record_layout layout;
    struct job job = {0};
    hyperparameters_default(&job.h);
    job.h.max_attempts = 1;
    job.h.output_activation = output_activation;
    assert_int_equal(record_layout_make(&layout, &job.h, 1, STORE_ALWAYS, &error), ERROR_NONE);

    struct collecting collecting = {&layout, outcome};
    struct job_runner *runner;
    assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_NONE);
    for (int i = 0; i < n_jobs; i++) {
        job.seed = FIRST_SEED + i;
        assert_int_equal(job_runner_add(runner, &job, &error), ERROR_NONE);
    }
    while (job_runner_waiting(runner) > 0)
        assert_int_equal(job_runner_step(runner, collect, &collecting, &error), ERROR_NONE);
    assert_int_equal(job_runner_totals(runner).attempts, n_jobs);
    job_runner_destroy(runner);
    assert_int_equal(outcome->n_done, n_jobs);
}

static int run_all(void **state)
{
    (void)state;
    const struct kernels *kernels;
    struct error error;
    assert_int_equal(kernels_choose(&kernels, &error), ERROR_NONE);
    n_jobs = strcmp(kernels->name, "portable") == 0 ? 40 : N_JOBS_MAX;
    run(OUTPUT_RELU, &relu);
    run(OUTPUT_LINEAR, &linear);
    return 0;
}

/* With a ReLU output about a quarter of all models are dead at the start: the output is 0 for every sample, and so is
 * the gradient. The others learn both tasks. Within four standard errors: 126 to 174 of 200. */
static void test_relu_output(void **state)
{
    (void)state;
    const double p = 0.75;
    print_message("accepted %d of %d\n", relu.n_accepted, n_jobs);
    assert_true(fabs((double)relu.n_accepted / n_jobs - p) < 4 * sqrt(p * (1 - p) / n_jobs));
}

/* With a linear output nothing can die: at least 98 % are accepted. */
static void test_linear_output(void **state)
{
    (void)state;
    print_message("accepted %d of %d\n", linear.n_accepted, n_jobs);
    assert_true(linear.n_accepted >= 0.98 * n_jobs);
}

/* Against the NumPy reference in double precision, seed by seed (tests/reference/data/errors.txt). After 1000 steps
 * rounding has changed a model's error by some 2 %, at most 20 % in a hundred: so a factor of 1.5 for each, and 2 % for
 * the mean of the logarithms, whose standard error is below 0.3 %. Which models are accepted does not depend on
 * rounding, and the errors of dead ones hardly do. */
static void compare_with_reference(FILE *file, const char *name, const struct outcome *outcome)
{
    char word[64];
    size_t n, stride;
    assert_int_equal(fscanf(file, " array %63s %zu %zu", word, &n, &stride), 3);
    assert_string_equal(word, name);
    assert_true(stride == 1 && n % 2 == 0 && n > 0 && n / 2 <= N_JOBS_MAX);

    double sum = 0;
    int n_ratios = 0, n_compared = 0;
    for (size_t i = 0; i < n / 2; i++) {
        double want[2];
        assert_int_equal(fscanf(file, "%lf %lf", &want[0], &want[1]), 2);
        if (i >= (size_t)n_jobs)
            continue;
        n_compared++;
        assert_int_equal(outcome->is_accepted[i], want[0] < 0.05 && want[1] < 0.05);
        for (int task = 0; task < 2; task++) {
            const double got = (double)outcome->error[i][task];
            if (!outcome->is_accepted[i]) {
                assert_true(fabs(got - want[task]) < 1e-6);
                continue;
            }
            assert_true(fabs(log(got / want[task])) < log(1.5));
            sum += log(got / want[task]);
            n_ratios++;
        }
    }
    assert_true(n_ratios >= n_compared); /* two for each model accepted, of which there are more than half */
    assert_true(fabs(sum / n_ratios) < 0.02);
}

static void test_errors_against_numpy(void **state)
{
    (void)state;
    long seed;
    FILE *file = fopen(TEST_SOURCE_DIR "/reference/data/errors.txt", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "#%*[^\n] seed %ld", &seed), 1);
    assert_int_equal(seed, FIRST_SEED);
    compare_with_reference(file, "relu", &relu);
    compare_with_reference(file, "linear", &linear);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relu_output),
        cmocka_unit_test(test_linear_output),
        cmocka_unit_test(test_errors_against_numpy),
    };
    return cmocka_run_group_tests(tests, run_all, NULL);
}
