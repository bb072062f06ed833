/* Tasks and their data: targets, test and training inputs, and how batches are drawn. */
#include "tasks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

enum { N_MAX = 1000 };

static struct hyperparameters hyperparameters_of(int64_t N_train, int64_t batch_size, double fraction,
                                                 enum train_mode mode, int64_t replay_every)
{
    struct hyperparameters h;
    struct error error;
    hyperparameters_default(&h);
    h.N_train = N_train;
    h.batch_size = batch_size;
    h.fraction = fraction;
    h.train_mode = mode;
    h.replay_every = replay_every;
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
    return h;
}

static void set_tasks(struct hyperparameters *h, const char *tasks)
{
    struct error error;
    assert_int_equal(hyperparameters_set_list(h, tasks, &error), ERROR_NONE);
}

/* The target of task 2, if second_task is `name`, or of `task`. */
static float second_target(const char *name, int task, float x0, float x1)
{
    struct hyperparameters h;
    struct targets targets;
    struct error error;
    float target;
    hyperparameters_default(&h);
    assert_int_equal(hyperparameter_set_string(&h, hyperparameter_find("second_task"), name, &error), ERROR_NONE);
    assert_int_equal(hyperparameters_n_tasks(&h), 2);
    targets_make(&targets, &h, 1, NULL, 0);
    assert_int_equal(targets_compute(&targets, task, 1, (float[]){x0, x1}, &target), 1);
    return target;
}

static void fill_order(uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
}

static void test_targets(void **state)
{
    (void)state;
    assert_true(second_target("prod", 0, 0.3f, 0.7f) == 0.3f + 0.7f);
    assert_true(second_target("prod", 1, 0.3f, 0.7f) == 0.3f * 0.7f);
    assert_true(second_target("add1.5", 0, 0.3f, 0.7f) == 0.3f + 0.7f);
    assert_true(second_target("add1.5", 1, 0.3f, 0.7f) == 0.3f + 1.5f * 0.7f);
    assert_true(second_target("add-0.5", 1, 0.3f, 0.7f) == 0.3f - 0.5f * 0.7f);
    assert_true(second_target("add0", 1, 0.3f, 0.7f) == 0.3f);
    /* Rounded to float after the multiplication, too: here a fused multiply-add would give other bits. */
    const float rounded = (float)((double)0.1f * (double)0.72f);
    const float fused = (float)((double)0.14f + (double)0.1f * (double)0.72f);
    assert_true(0.14f + rounded != fused);
    assert_true(second_target("add0.1", 1, 0.14f, 0.72f) == 0.14f + rounded);
}

/* Dials, random constants, standardised targets, and the first sample that is not finite. */
static void test_formulas(void **state)
{
    (void)state;
    const float x[] = {0.25f, 0.5f, -0.5f, 1, 0, 2};
    float target[2], randoms[FORMULA_RANDOMS];
    struct hyperparameters h;
    struct targets targets;
    hyperparameters_default(&h);
    h.n_inputs = 3;
    h.a = 0.1;
    set_tasks(&h, "a * x1; r3 + x2; 1 / x1");
    task_list_randoms(7, randoms);
    targets_make(&targets, &h, 7, NULL, 0);
    assert_int_equal(targets_compute(&targets, 0, 2, x, target), 2);
    assert_true(target[0] == 0.1f * 0.5f && target[1] == 0);
    assert_int_equal(targets_compute(&targets, 1, 2, x, target), 2);
    assert_true(target[0] == randoms[3] - 0.5f && target[1] == randoms[3] + 2);
    assert_int_equal(targets_compute(&targets, 2, 2, x, target), 1);
    assert_true(target[0] == 2);

    h.standardise = STANDARDISE_VARIANCE;
    set_tasks(&h, "100 + x0");
    targets_make(&targets, &h, 7, NULL, 0);
    assert_int_equal(targets_compute(&targets, 0, 1, (float[]){1, 0, 0}, target), 1);
    assert_true(fabs((double)target[0] - sqrt(3)) < 1e-3); /* half the width of a uniform by its sd */
}

static void test_train_counts(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "", "x0", "x0; x1", "x0; x1; x0", "x0; x1; x0; x1", "x0; x1; x0; x1; x0", "x0; x1; x0; x1; x0; x1; x0; x1"};
    const struct {
        int64_t N_train;
        double fraction; /* 0: "equal" */
        int list;
        int64_t counts[TASKS_MAX];
    } cases[] = {{1000, 0.5, 2, {500, 500}},
                 {1000, 0.91, 2, {910, 90}},
                 {11, 0.5, 2, {6, 5}},
                 {10, 0.25, 2, {3, 7}},
                 {10, 0.24, 2, {2, 8}},
                 {7, 0.1, 2, {1, 6}},
                 {3, 0.34, 2, {1, 2}},
                 {11, 0, 2, {6, 5}},
                 {11, 0, 1, {11}},
                 {11, 0.3, 1, {11}},
                 {11, 0, 3, {4, 4, 3}},
                 {10, 0, 3, {4, 3, 3}},
                 {9, 0, 3, {3, 3, 3}},
                 {11, 0.5, 3, {6, 3, 2}},
                 {19, 0, 4, {5, 5, 5, 4}},
                 {19, 0.1, 4, {2, 6, 6, 5}},
                 {1003, 0, 6, {126, 126, 126, 125, 125, 125, 125, 125}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hyperparameters h;
        hyperparameters_default(&h);
        h.N_train = cases[i].N_train;
        h.fraction = cases[i].fraction;
        set_tasks(&h, lists[cases[i].list]);
        /* The number that "equal" comes to gives the same. */
        for (int resolved = 0; resolved < 2; resolved++) {
            int64_t counts[TASKS_MAX] = {0};
            hyperparameters_train_counts(&h, counts);
            assert_memory_equal(counts, cases[i].counts, sizeof counts);
            hyperparameters_resolve(&h);
            assert_true(h.fraction > 0);
        }
    }
    /* The same for all sizes. */
    for (int list = 1; list < 7; list++)
        for (int64_t N_train = 8; N_train < 3000; N_train++) {
            struct hyperparameters h;
            int64_t counts[TASKS_MAX] = {0}, again[TASKS_MAX] = {0};
            hyperparameters_default(&h);
            h.N_train = N_train;
            set_tasks(&h, lists[list]);
            hyperparameters_train_counts(&h, counts);
            hyperparameters_resolve(&h);
            hyperparameters_train_counts(&h, again);
            assert_memory_equal(counts, again, sizeof counts);
        }
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* U(0, 1) by the Kolmogorov-Smirnov statistic: sqrt(n) D stays below 2.69 with probability 1 - 1e-6. */
static void assert_uniform(float *u, size_t n)
{
    double d = 0;
    qsort(u, n, sizeof *u, compare_floats);
    assert_true(u[0] >= 0 && u[n - 1] < 1);
    for (size_t i = 0; i < n; i++) {
        d = fmax(d, fabs((double)(i + 1) / (double)n - (double)u[i]));
        d = fmax(d, fabs((double)u[i] - (double)i / (double)n));
    }
    assert_true(sqrt((double)n) * d < 2.69);
}

/* Inputs are uniform, x0 and x1 independent; training and test sets, tasks, seeds and attempts all have their own. */
static void test_inputs(void **state)
{
    (void)state;
    enum { N = 20000, N_SETS = 5 };
    static float sets[N_SETS][N][2], column[N];
    struct hyperparameters h;
    hyperparameters_default(&h);
    tasks_train_inputs(&h, rng_key(17, 0), 0, N, sets[0][0]);
    tasks_train_inputs(&h, rng_key(17, 1), 0, N, sets[1][0]);
    tasks_train_inputs(&h, rng_key(18, 0), 0, N, sets[2][0]);
    tasks_test_inputs(&h, rng_key(17, 0), 0, 0, N, sets[3][0]);
    tasks_test_inputs(&h, rng_key(17, 0), 1, 0, N, sets[4][0]);

    for (int a = 0; a < N_SETS; a++) {
        double correlation = 0;
        for (size_t i = 0; i < N; i++)
            correlation += 12 * ((double)sets[a][i][0] - 0.5) * ((double)sets[a][i][1] - 0.5) / N;
        assert_true(fabs(correlation) < 5 / sqrt(N));
        for (int b = 0; b < a; b++)
            for (int k = 0; k < 2; k++) {
                correlation = 0;
                for (size_t i = 0; i < N; i++)
                    correlation += 12 * ((double)sets[a][i][k] - 0.5) * ((double)sets[b][i][k] - 0.5) / N;
                assert_true(fabs(correlation) < 5 / sqrt(N));
            }
    }
    for (int a = 0; a < N_SETS; a++)
        for (int k = 0; k < 2; k++) {
            for (size_t i = 0; i < N; i++)
                column[i] = sets[a][i][k];
            assert_uniform(column, N);
        }
}

/* A training set begins as a smaller one does, and a test set in parts is the whole one. */
static void test_inputs_by_parts(void **state)
{
    (void)state;
    static float whole[N_MAX * INPUTS_MAX], part[N_MAX * INPUTS_MAX];
    const struct rng_key key = rng_key(4, 2);
    struct hyperparameters h;
    hyperparameters_default(&h);
    for (size_t n_inputs = 1; n_inputs <= INPUTS_MAX; n_inputs++) {
        h.n_inputs = (int64_t)n_inputs;
        tasks_train_inputs(&h, key, 0, N_MAX, whole);
        tasks_train_inputs(&h, key, 0, 77, part);
        assert_memory_equal(whole, part, 77 * n_inputs * sizeof *part);

        for (int task = 0; task < 2; task++) {
            tasks_test_inputs(&h, key, task, 0, 101, whole);
            for (size_t first = 0; first < 101; first += 12) {
                size_t n = first + 12 < 101 ? 12 : 101 - first;
                tasks_test_inputs(&h, key, task, first, n, part + first * n_inputs);
            }
            assert_memory_equal(whole, part, 101 * n_inputs * sizeof *part);
        }
    }
    /* Input k of sample i is element i n_inputs + k of the stream, scaled to the box. */
    float u[64], x[64];
    h.n_inputs = 5;
    h.input_low = -1;
    h.input_high = 2;
    rng_uniforms(key, RNG_TRAIN_SET, 0, 0, 20, 40, u);
    tasks_train_inputs(&h, key, 4, 8, x);
    for (int i = 0; i < 40; i++)
        assert_true(x[i] == -1 + 3 * u[i]);
}

/* Every batch of every mode: without replacement, from the samples it may use and no others; `order` is restored. */
static void test_batches_pool(void **state)
{
    (void)state;
    const struct {
        int64_t N_train, batch_size;
        double fraction;
        enum train_mode mode;
        int64_t replay_every;
        const char *tasks; /* NULL: two */
    } cases[] = {
        {100, 10, 0.5, TRAIN_RANDOM, 10, NULL},
        {100, 100, 0.5, TRAIN_RANDOM, 10, NULL},
        {2, 1, 0.5, TRAIN_RANDOM, 10, NULL},
        {101, 7, 0.37, TRAIN_REPLAY, 10, NULL},
        {101, 7, 0.37, TRAIN_REPLAY, 3, NULL},
        {101, 7, 0.37, TRAIN_REPLAY, 1, NULL},
        {101, 7, 0.37, TRAIN_SEQUENTIAL, 10, NULL},
        {90, 33, 0.6333, TRAIN_SEQUENTIAL, 2, NULL},
        {60, 30, 0.5, TRAIN_REPLAY, 2, NULL},
        {101, 7, 0.37, TRAIN_REPLAY, 3, "x0"},
        {101, 7, 0.37, TRAIN_REPLAY, 3, "x0; x1; x0"},
        {100, 9, 0.2, TRAIN_SEQUENTIAL, 3, "x0; x1; x0; x1; x1; x1; x1; x1"},
        {101, 9, 0.2, TRAIN_REPLAY, 2, "x0; x1; x0; x1; x1; x1; x1; x1"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct hyperparameters h = hyperparameters_of(cases[c].N_train, cases[c].batch_size, cases[c].fraction,
                                                      cases[c].mode, cases[c].replay_every);
        const uint32_t n = (uint32_t)h.N_train;
        uint32_t ends[TASKS_MAX] = {0};
        int64_t counts[TASKS_MAX];
        if (cases[c].tasks)
            set_tasks(&h, cases[c].tasks);
        hyperparameters_train_counts(&h, counts);
        for (int task = 0; task < hyperparameters_n_tasks(&h); task++)
            ends[task] = (task ? ends[task - 1] : 0) + (uint32_t)counts[task];
        uint32_t order[N_MAX], restored[N_MAX], indices[N_MAX];
        fill_order(order, n);
        fill_order(restored, n);
        uint32_t step = 0;
        for (int phase = 0; phase < hyperparameters_phases(&h); phase++)
            for (int epoch = 0; epoch < 3; epoch++)
                for (int64_t s = 0; s < hyperparameters_steps(&h, phase) + 25; s++, step++) {
                    uint32_t low = 0, high = n;
                    if (h.train_mode != TRAIN_RANDOM) {
                        bool is_replay = h.train_mode == TRAIN_REPLAY && s % h.replay_every == h.replay_every - 1;
                        low = phase > 0 && !is_replay ? ends[phase - 1] : 0;
                        high = ends[phase > 0 && is_replay ? phase - 1 : phase];
                    }
                    bool seen[N_MAX] = {false};
                    tasks_batch(&h, rng_key(3, 0), phase, s, step, order, indices);
                    for (int64_t i = 0; i < h.batch_size; i++) {
                        assert_true(indices[i] >= low && indices[i] < high);
                        assert_false(seen[indices[i]]);
                        seen[indices[i]] = true;
                    }
                    assert_memory_equal(order, restored, n * sizeof *order);
                }
    }
}

/* A step's batch is a function of (key, step) alone; steps, seeds and attempts differ. */
static void test_batches_pure(void **state)
{
    (void)state;
    struct hyperparameters h = hyperparameters_of(500, 20, 0.5, TRAIN_RANDOM, 10);
    uint32_t order[500], a[20], b[20];
    fill_order(order, 500);
    for (uint32_t step = 0; step < 100; step++) {
        tasks_batch(&h, rng_key(3, 0), 0, step, step, order, a);
        tasks_batch(&h, rng_key(3, 0), 0, step + 50, step + 1, order, b);
        assert_memory_not_equal(a, b, sizeof a);
        tasks_batch(&h, rng_key(4, 0), 0, step, step, order, b);
        assert_memory_not_equal(a, b, sizeof a);
        tasks_batch(&h, rng_key(3, 1), 0, step, step, order, b);
        assert_memory_not_equal(a, b, sizeof a);
        tasks_batch(&h, rng_key(3, 0), 0, step % 10, step, order, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

/* Chi-square of counts against an equal share each, for n - 1 degrees of freedom: below the quantile 1 - 1e-6 by Wilson
 * & Hilferty 1931. `variance_factor` shrinks the counts' variance to what drawing without replacement leaves. */
static void assert_equally_likely(const double *counts, size_t n, double variance_factor)
{
    double total = 0, chi2 = 0;
    for (size_t i = 0; i < n; i++)
        total += counts[i];
    const double share = total / (double)n, dof = (double)n - 1;
    for (size_t i = 0; i < n; i++)
        chi2 += pow(counts[i] - share, 2) / share / variance_factor;
    const double z = 4.7534, h = 2 / (9 * dof);
    assert_true(chi2 < dof * pow(1 - h + z * sqrt(h), 3));
    assert_true(chi2 > dof * pow(fmax(0, 1 - h - z * sqrt(h)), 3));
}

/* Over many steps every sample is as likely as any other, at each place of the batch and in the batch as a whole; so is
 * every ordered pair of samples at the first two places. */
static void test_batches_uniform(void **state)
{
    (void)state;
    enum { N = 40, BATCH = 10, STEPS = 100000 };
    struct hyperparameters h = hyperparameters_of(2 * N, BATCH, 0.5, TRAIN_SEQUENTIAL, 10);
    static double first[N], last[N], any[N], pairs[N * (N - 1)];
    uint32_t order[2 * N], indices[BATCH];
    fill_order(order, 2 * N);
    for (uint32_t step = 0; step < STEPS; step++) {
        tasks_batch(&h, rng_key(11, 0), 1, 0, step, order, indices);
        first[indices[0] - N]++;
        last[indices[BATCH - 1] - N]++;
        for (int i = 0; i < BATCH; i++)
            any[indices[i] - N]++;
        const uint32_t a = indices[0] - N, b = indices[1] - N;
        pairs[a * (N - 1) + b - (b > a)]++;
    }
    assert_equally_likely(first, N, 1);
    assert_equally_likely(last, N, 1);
    /* A sample is in a batch or not: variance p (1 - p) a step, and counts add up to a fixed sum: times N / (N - 1). */
    assert_equally_likely(any, N, (1 - (double)BATCH / N) * N / (N - 1));
    assert_equally_likely(pairs, N * (N - 1), 1);
}

/* Consecutive batches are independent: they share as many samples as chance gives (hypergeometric), and that a sample
 * was drawn says nothing of the next step. */
static void test_batches_independent(void **state)
{
    (void)state;
    enum { N = 40, BATCH = 10, STEPS = 50000 };
    struct hyperparameters h = hyperparameters_of(N, BATCH, 0.5, TRAIN_RANDOM, 10);
    uint32_t order[N], indices[BATCH];
    fill_order(order, N);
    bool was_drawn[N] = {false};
    double sum = 0, sum2 = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        bool is_drawn[N] = {false};
        double shared = 0;
        tasks_batch(&h, rng_key(12, 0), 0, step % 4, step, order, indices);
        for (int i = 0; i < BATCH; i++) {
            is_drawn[indices[i]] = true;
            shared += was_drawn[indices[i]];
        }
        memcpy(was_drawn, is_drawn, sizeof was_drawn);
        if (step > 0) {
            sum += shared;
            sum2 += shared * shared;
        }
    }
    /* Hypergeometric: mean B^2/N, variance B (B/N)(1 - B/N)(N - B)/(N - 1). An epoch's shuffle would share none. */
    const double n = STEPS - 1, p = (double)BATCH / N;
    const double mean = BATCH * p, variance = BATCH * p * (1 - p) * (N - BATCH) / (N - 1);
    assert_true(fabs(sum / n - mean) < 5 * sqrt(variance / n));
    assert_true(fabs(sum2 / n - pow(sum / n, 2) - variance) < 5 * variance * sqrt(2 / n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_train_counts),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_inputs_by_parts),
        cmocka_unit_test(test_batches_pool),
        cmocka_unit_test(test_batches_pure),
        cmocka_unit_test(test_batches_uniform),
        cmocka_unit_test(test_batches_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
