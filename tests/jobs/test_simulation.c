/* Simulated sweeps: what can be said of their times by hand. */
#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static const struct simulated_chance sure = {0, 1, 0};

/* CPU and run time of a sweep of these configurations. */
static struct simulated_time run(const struct hyperparameters *configs, size_t n_configs, int64_t replicates,
                                 const struct simulated_chance *chance, int64_t n_ranks)
{
    static const double scale[] = {1, 1, 1, 1};
    struct error error;
    const struct kernels *widest;
    struct simulation *simulation;
    struct simulated_time time;
    const struct simulated_sweep sweep = {configs, n_configs, replicates, scale, UINT64_MAX};
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    assert_int_equal(simulation_create(&simulation, &sweep, widest, &error), ERROR_NONE);
    assert_int_equal(simulation_run(simulation, chance, n_ranks, 1, &time, &error), ERROR_NONE);
    simulation_destroy(simulation);
    return time;
}

static void assert_about(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * expected))
        fail_msg("%.9g, not %.9g", value, expected);
}

/* Seconds of n models that are trained together, by the cost function. */
static double pack_s(const struct hyperparameters *h, size_t n)
{
    struct error error;
    const struct kernels *widest;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    const struct packing packing = packing_choose(widest, h, n, UINT64_MAX);
    const struct shape shape = shape_of(h);
    const struct pack_cost cost = cost_of_pack(packing.kernels, &shape);
    return 1e-9 * ceil((double)n / (double)packing.n_models) *
           (cost.untrained_ns + cost.training_ns + cost.measures_ns);
}

static void test_packs(void **state)
{
    (void)state;
    struct hyperparameters h;
    hyperparameters_default(&h);
    h.hidden_size = 8;
    for (int n = 1; n <= 4; n++) {
        const struct simulated_time time = run(&h, 1, n, &sure, 1);
        assert_about(time.cpu_s, pack_s(&h, (size_t)n), 1e-9);
        assert_about(time.run_s, time.cpu_s, 1e-9);
    }
}

/* Jobs that are never accepted have all their attempts, and measures once. */
static void test_attempts(void **state)
{
    (void)state;
    const struct simulated_chance never = {1, 1, 0};
    struct hyperparameters h;
    hyperparameters_default(&h);
    h.hidden_size = 8;
    h.max_attempts = 5;
    h.N_test = 1;
    assert_about(run(&h, 1, 3, &never, 1).cpu_s, 5 * pack_s(&h, 3), 0.02);
    h.max_attempts = 1;
    assert_about(run(&h, 1, 3, &never, 1).cpu_s, pack_s(&h, 3), 1e-9);
    /* With an even chance a job of many attempts needs two. */
    const struct simulated_chance even = {0, 0.5, 0};
    h.max_attempts = 100;
    assert_about(run(&h, 1, 2000, &even, 1).cpu_s / run(&h, 1, 2000, &sure, 1).cpu_s, 2, 0.1);
}

/* Two ranks: as much work or more (packs are less full), in less time. */
static void test_ranks(void **state)
{
    (void)state;
    struct hyperparameters configs[4];
    for (int i = 0; i < 4; i++) {
        hyperparameters_default(&configs[i]);
        configs[i].hidden_size = 5 + 10 * i;
    }
    const struct simulated_time one = run(configs, 4, 10, &sure, 1), two = run(configs, 4, 10, &sure, 2);
    assert_true(two.cpu_s >= 0.999 * one.cpu_s);
    assert_true(two.run_s < 0.95 * one.run_s && two.run_s >= 0.499 * one.run_s);
    /* Eight of a size that is trained alone go to one rank, small ones to the other, which gets half of what waits. */
    hyperparameters_default(&configs[0]);
    configs[0].hidden_size = 200;
    configs[1] = configs[0];
    configs[1].hidden_size = 5;
    assert_true(run(configs, 2, 8, &sure, 2).run_s < 5.2 * run(configs, 1, 1, &sure, 1).run_s);
    /* Of one job the second rank has nothing. */
    assert_about(run(configs, 1, 1, &sure, 2).run_s, run(configs, 1, 1, &sure, 1).run_s, 1e-9);
}

/* Many jobs are not run one by one. */
static void test_many(void **state)
{
    (void)state;
    struct hyperparameters h;
    hyperparameters_default(&h);
    const double n = 1e6, full = pack_s(&h, 16) / 16;
    assert_about(run(&h, 1, (int64_t)n, &sure, 1).cpu_s, n * full, 0.02);
    assert_about(run(&h, 1, (int64_t)n, &sure, 4).run_s, n * full / 4, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
