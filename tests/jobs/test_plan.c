/* The order of jobs: complete, thin when cut, costly first, quick. */
#include "plan.h"
#include "shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* n configurations with n_shapes hidden sizes, interleaved: every shape has a share of them. */
static struct hyperparameters *make_configs(size_t n, size_t n_shapes)
{
    struct hyperparameters *configs = malloc(n * sizeof *configs);
    assert_non_null(configs);
    struct hyperparameters h;
    hyperparameters_default(&h);
    for (size_t i = 0; i < n; i++) {
        configs[i] = h;
        configs[i].hidden_size = 1 + (int64_t)(i % n_shapes) % 1000;
        configs[i].epochs = 1 + (int64_t)(i % n_shapes) / 1000;
        configs[i].lr = 1e-3 + 1e-9 * (double)i;
    }
    return configs;
}

/* A small generator for choices in tests: the same every time. */
static uint64_t state = 1;
static uint64_t choose(uint64_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % n;
}

/* Hands out a whole plan with hand-outs of various sizes and preferences, and checks each as it comes. */
static void check_whole_plan(size_t n_configs, size_t n_shapes, int64_t replicates, size_t n_max, bool with_preferences)
{
    enum { SEED = 1000, JOBS_MAX = 64, PREFER_MAX = 5 };
    struct hyperparameters *configs = make_configs(n_configs, n_shapes);
    struct plan *plan;
    struct error error;
    assert_int_equal(plan_create(&plan, configs, n_configs, replicates, SEED, &error), ERROR_NONE);
    uint64_t total = (uint64_t)n_configs * (uint64_t)replicates;
    assert_int_equal(plan_jobs_total(plan), total);
    assert_int_equal(plan_n_shapes(plan), n_shapes < n_configs ? n_shapes : n_configs);
    assert_int_equal(plan_n_configs(plan), n_configs);
    assert_int_equal(plan_replicates(plan), replicates);

    /* done[config] replicates have been handed out; a shape's configurations are numbered config % n_shapes. */
    int64_t *done = calloc(n_configs, sizeof *done);
    assert_non_null(done);
    struct job jobs[JOBS_MAX];
    uint64_t n_done = 0, shape = 0, last_shape = 0;
    for (;;) {
        uint64_t prefer[PREFER_MAX];
        size_t n_prefer = with_preferences ? choose(PREFER_MAX + 1) : 0;
        for (size_t i = 0; i < n_prefer; i++)
            prefer[i] = i == 0 ? last_shape : choose(plan_n_shapes(plan));
        size_t n_asked = 1 + choose(n_max);
        size_t n = plan_next(plan, prefer, n_prefer, n_asked, jobs, &shape);
        if (n == 0)
            break;
        assert_in_range(n, 1, n_asked);
        assert_true(shape < plan_n_shapes(plan));
        last_shape = shape;
        struct shape first = shape_of(&jobs[0].h);
        for (size_t i = 0; i < n; i++) {
            const struct job *job = &jobs[i];
            assert_in_range(job->config, 0, n_configs - 1);
            struct shape this = shape_of(&job->h);
            assert_true(shape_equal(&this, &first));
            assert_true(job->h.lr == configs[job->config].lr);
            /* Each configuration's replicates come in order, so each slot comes once. */
            assert_int_equal(job->replicate, done[job->config]);
            assert_int_equal(job->seed, SEED + done[job->config]);
            done[job->config]++;
        }
        n_done += n;
        assert_int_equal(plan_jobs_left(plan), total - n_done);
        if (n < n_asked) { /* only because the shape has no more */
            for (size_t c = jobs[0].config % n_shapes; c < n_configs; c += n_shapes)
                assert_int_equal(done[c], replicates);
        }

        /* Cut here, the sweep is thinner, but complete: no configuration is ahead of another by more than a round, or
         * what fills a hand-out of its shape alone; twice that where ranks go on with the shape that they hold. */
        if (n_done % 7 == 0 || total < 5000) {
            int64_t least = replicates, most_ahead = 0;
            for (size_t c = 0; c < n_configs; c++)
                least = done[c] < least ? done[c] : least;
            for (size_t c = 0; c < n_configs; c++) {
                size_t in_shape = (n_configs - c % n_shapes + n_shapes - 1) / n_shapes;
                int64_t allowed = 1 + (int64_t)((n_max + in_shape - 1) / in_shape);
                if (with_preferences)
                    allowed = 2 * allowed;
                int64_t ahead = done[c] - least - allowed;
                most_ahead = ahead > most_ahead ? ahead : most_ahead;
            }
            assert_int_equal(most_ahead, 0);
        }
    }
    assert_int_equal(n_done, total);
    for (size_t c = 0; c < n_configs; c++)
        assert_int_equal(done[c], replicates);
    assert_int_equal(plan_next(plan, NULL, 0, 1, jobs, &shape), 0);
    free(done);
    plan_destroy(plan);
    free(configs);
}

static void every_job_once_and_thin_when_cut(void **unused)
{
    (void)unused;
    const struct {
        size_t n_configs, n_shapes;
        int64_t replicates;
        size_t n_max;
    } cases[] = {{1, 1, 1, 1},     {1, 1, 50, 8},    {4, 2, 10, 8},   {7, 3, 11, 16}, {38, 4, 50, 8},
                 {100, 100, 5, 8}, {100, 99, 3, 16}, {500, 7, 4, 64}, {64, 1, 9, 64}, {1000, 1000, 1, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int with = 0; with < 2; with++)
            check_whole_plan(cases[i].n_configs, cases[i].n_shapes, cases[i].replicates, cases[i].n_max, with);
}

static void costly_shapes_first_in_a_round(void **unused)
{
    (void)unused;
    enum { N = 30, SHAPES = 6, REPLICATES = 4 };
    struct hyperparameters *configs = make_configs(N, SHAPES);
    struct plan *plan;
    struct error error;
    assert_int_equal(plan_create(&plan, configs, N, REPLICATES, 0, &error), ERROR_NONE);
    struct job jobs[N / SHAPES];
    uint64_t shape;
    double sum = 0;
    for (int64_t round = 0; round < REPLICATES; round++) {
        double last = INFINITY;
        for (int s = 0; s < SHAPES; s++) {
            assert_int_equal(plan_next(plan, NULL, 0, N / SHAPES, jobs, &shape), N / SHAPES);
            assert_int_equal(shape, s);
            assert_int_equal(jobs[0].replicate, round);
            struct shape this = shape_of(&jobs[0].h);
            assert_true(shape_cost(&this) < last);
            last = shape_cost(&this);
            assert_true(plan_work(plan, jobs[0].config) == last);
            sum += last * N / SHAPES;
        }
    }
    assert_true(fabs(plan_work_total(plan) / sum - 1) < 1e-12);
    plan_destroy(plan);
    free(configs);
}

/* Few jobs of each length are one shape, the longest of a replicate first; many are not mixed. */
static void lengths_are_mixed_where_jobs_are_few(void **unused)
{
    (void)unused;
    enum { N = 6 };
    const int64_t epochs[N] = {3, 5, 3, 9, 7, 5};
    const uint64_t wanted[N] = {3, 4, 1, 5, 0, 2};
    struct hyperparameters *configs = make_configs(N, 1);
    struct plan *plan;
    struct error error;
    struct job jobs[2 * N];
    uint64_t shape = 9;
    double work = 0;
    for (int i = 0; i < N; i++)
        configs[i].epochs = epochs[i];
    assert_int_equal(plan_create(&plan, configs, N, 2, 0, &error), ERROR_NONE);
    assert_int_equal(plan_n_shapes(plan), 1);
    assert_int_equal(plan_next(plan, NULL, 0, 2 * N, jobs, &shape), 2 * N);
    assert_int_equal(shape, 0);
    for (uint64_t i = 0; i < 2 * N; i++) {
        assert_true(jobs[i].config == wanted[i % N] && jobs[i].replicate == i / N);
        work += plan_work(plan, jobs[i].config);
    }
    assert_true(fabs(plan_work_total(plan) / work - 1) < 1e-12);
    plan_destroy(plan);
    assert_int_equal(plan_create(&plan, configs, N, 100, 0, &error), ERROR_NONE);
    assert_int_equal(plan_n_shapes(plan), 3); /* of 5 and of 3 epochs there are two configurations, 200 jobs */
    plan_destroy(plan);
    assert_int_equal(plan_create(&plan, configs, N, 1000, 0, &error), ERROR_NONE);
    assert_int_equal(plan_n_shapes(plan), 4);
    plan_destroy(plan);
    free(configs);
}

static void a_rank_gets_more_of_what_it_holds(void **unused)
{
    (void)unused;
    struct hyperparameters *configs = make_configs(20, 2); /* two shapes of 10 */
    struct plan *plan;
    struct error error;
    assert_int_equal(plan_create(&plan, configs, 20, 100, 0, &error), ERROR_NONE);
    struct job jobs[4];
    uint64_t shape, one = 1;
    assert_int_equal(plan_next(plan, NULL, 0, 4, jobs, &shape), 4);
    assert_int_equal(shape, 0);
    /* Shape 1 on request: two rounds of it at most while shape 0 stays in the first. */
    for (int n = 0; n < 5; n++) {
        assert_int_equal(plan_next(plan, &one, 1, 4, jobs, &shape), 4);
        assert_int_equal(shape, 1);
    }
    assert_int_equal(plan_next(plan, &one, 1, 4, jobs, &shape), 4);
    assert_int_equal(shape, 0);
    plan_destroy(plan);
    free(configs);
}

/* Of every 64 jobs in a row, those whose bits are set are done. */
struct skipped {
    uint64_t replicates, pattern;
    bool is_all_of_config_3;
};

static bool is_skipped(const void *context, uint64_t config, uint64_t replicate)
{
    const struct skipped *s = context;
    return (s->is_all_of_config_3 && config == 3) || (s->pattern >> (config * s->replicates + replicate) % 64 & 1);
}

/* Where long jobs may not fit: every job of a shape before any of one that costs more, once each, also if some are
 * done; and a rank that holds cheaper ones has to finish them first. */
static void cheapest_first(void **unused)
{
    (void)unused;
    enum { N = 12, SHAPES = 4, REPLICATES = 9, LANES = 5 };
    struct hyperparameters *configs = make_configs(N, SHAPES); /* of 1 to 4 units: none alike */
    for (int n_left_out = 0; n_left_out < 3; n_left_out++) {
        struct skipped skipped = {REPLICATES, n_left_out ? UINT64_C(0x00ff00ffff00f0f0) : 0, n_left_out == 2};
        struct plan *plan;
        struct error error;
        struct job jobs[LANES];
        uint64_t shape, last = SHAPES - 1, n_done = 0;
        bool seen[N][REPLICATES] = {{false}};
        assert_int_equal(plan_create(&plan, configs, N, REPLICATES, 9, &error), ERROR_NONE);
        plan_skip(plan, is_skipped, &skipped);
        assert_int_equal(plan_cheapest_first(plan, &error), ERROR_NONE);
        for (size_t n; plan_jobs_left(plan) > 0; n_done += n) {
            n = plan_next(plan, &last, 1, LANES, jobs, &shape);
            if (n == 0) { /* the next shape's turn, but not for who holds this one's */
                assert_int_equal(plan_next(plan, &last, 1, LANES, jobs, &shape), 0);
                n = plan_next(plan, NULL, 0, LANES, jobs, &shape);
                assert_true(n > 0 && shape + 1 == last);
            }
            assert_true(shape == last || shape + 1 == last);
            last = shape;
            for (size_t i = 0; i < n; i++) {
                bool *slot = &seen[jobs[i].config][jobs[i].replicate];
                assert_false(*slot || is_skipped(&skipped, jobs[i].config, jobs[i].replicate));
                *slot = true;
            }
        }
        assert_int_equal(last, 0);
        assert_int_equal(n_done, plan_jobs_total(plan));
        plan_destroy(plan);
    }
    free(configs);
}

/* Shapes that cost nearly the same go replicate by replicate. */
static void cheapest_first_among_alike(void **unused)
{
    (void)unused;
    const int64_t epochs[] = {100, 105, 1000, 1050}; /* shapes 3, 2, 1, 0 */
    const uint64_t wanted[] = {3, 2, 3, 2, 1, 0, 1, 0};
    struct hyperparameters *configs = make_configs(4, 1);
    struct plan *plan;
    struct error error;
    struct job job;
    uint64_t shape;
    for (int i = 0; i < 4; i++)
        configs[i].epochs = epochs[i];
    assert_int_equal(plan_create(&plan, configs, 4, 2, 0, &error), ERROR_NONE);
    assert_int_equal(plan_cheapest_first(plan, &error), ERROR_NONE);
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(plan_next(plan, NULL, 0, 1, &job, &shape), 1);
        assert_true(shape == wanted[i] && job.config == 3 - shape && job.replicate == i / 2 % 2);
    }
    assert_int_equal(plan_next(plan, NULL, 0, 1, &job, &shape), 0);
    plan_destroy(plan);
    free(configs);
}

/* What is done is left out, wherever it lies, and the rest comes once and in the same order as without. */
static void what_is_done_is_left_out(void **unused)
{
    (void)unused;
    enum { N = 12, SHAPES = 4, REPLICATES = 17 };
    const uint64_t patterns[] = {0, UINT64_MAX, 1, UINT64_MAX >> 1, UINT64_C(0x00ff00ffff00f0f0), UINT64_C(0xffff)};
    struct hyperparameters *configs = make_configs(N, SHAPES);
    for (int variant = 0; variant < 24; variant++) {
        struct skipped skipped = {REPLICATES, patterns[variant % 6], variant % 2 == 1};
        size_t n_max = variant < 12 ? 1 : 5;
        struct plan *plan, *whole;
        struct error error;
        struct job job, jobs[5];
        uint64_t shape, n_left = 0, n_done = 0, prefer = 2;
        double work = 0;
        assert_int_equal(plan_create(&plan, configs, N, REPLICATES, 9, &error), ERROR_NONE);
        assert_int_equal(plan_create(&whole, configs, N, REPLICATES, 9, &error), ERROR_NONE);
        for (uint64_t config = 0; config < N; config++)
            for (uint64_t replicate = 0; replicate < REPLICATES; replicate++)
                if (!is_skipped(&skipped, config, replicate)) {
                    n_left++;
                    work += plan_work(plan, config);
                }
        plan_skip(plan, is_skipped, &skipped);
        assert_int_equal(plan_jobs_total(plan), n_left);
        assert_int_equal(plan_jobs_left(plan), n_left);
        assert_true(fabs(plan_work_total(plan) - work) <= 1e-9 * plan_work_total(whole));

        bool seen[N][REPLICATES] = {{false}};
        for (size_t n; (n = plan_next(plan, &prefer, n_max == 5, n_max, jobs, &shape)) > 0; n_done += n)
            for (size_t i = 0; i < n; i++) {
                bool *slot = &seen[jobs[i].config][jobs[i].replicate];
                assert_false(*slot || is_skipped(&skipped, jobs[i].config, jobs[i].replicate));
                assert_int_equal(jobs[i].seed, 9 + (int64_t)jobs[i].replicate);
                *slot = true;
                if (n_max > 1)
                    continue;
                do
                    assert_int_equal(plan_next(whole, NULL, 0, 1, &job, &shape), 1);
                while (is_skipped(&skipped, job.config, job.replicate));
                assert_true(job.config == jobs[i].config && job.replicate == jobs[i].replicate);
            }
        assert_int_equal(n_done, n_left);
        assert_int_equal(plan_jobs_left(plan), 0);
        plan_destroy(plan);
        plan_destroy(whole);
    }
    free(configs);
}

static bool is_elsewhere(const void *shard, uint64_t config, uint64_t replicate)
{
    return !shard_has(shard, config, replicate);
}

/* However many shards: every job goes out in exactly one of them, and shards are balanced. */
static void each_job_is_in_one_shard(void **unused)
{
    (void)unused;
    enum { N = 7, REPLICATES = 5 };
    struct hyperparameters *configs = make_configs(N, 3);
    for (uint64_t n_shards = 1; n_shards <= N + REPLICATES - 1; n_shards++) {
        bool seen[N][REPLICATES] = {{false}};
        uint64_t n_all = 0, fewest = N * REPLICATES, most = 0;
        for (struct shard shard = {1, n_shards}; shard.index <= n_shards; shard.index++) {
            struct plan *plan;
            struct error error;
            struct job jobs[4];
            uint64_t shape, n_done = 0, n_jobs = shard_n_jobs(&shard, N, REPLICATES);
            assert_int_equal(plan_create(&plan, configs, N, REPLICATES, 9, &error), ERROR_NONE);
            plan_skip(plan, is_elsewhere, &shard);
            assert_int_equal(plan_jobs_total(plan), n_jobs);
            for (size_t n; (n = plan_next(plan, NULL, 0, 4, jobs, &shape)) > 0; n_done += n)
                for (size_t i = 0; i < n; i++) {
                    assert_int_equal((jobs[i].config + jobs[i].replicate) % n_shards, shard.index - 1);
                    assert_int_equal(jobs[i].seed, 9 + (int64_t)jobs[i].replicate);
                    assert_false(seen[jobs[i].config][jobs[i].replicate]);
                    seen[jobs[i].config][jobs[i].replicate] = true;
                }
            assert_int_equal(n_done, n_jobs);
            assert_true(n_jobs > 0);
            n_all += n_jobs;
            fewest = n_jobs < fewest ? n_jobs : fewest;
            most = n_jobs > most ? n_jobs : most;
            for (uint64_t config = 0; config < N; config++) {
                uint64_t first = 0;
                while ((config + first) % n_shards != shard.index - 1)
                    first++;
                assert_int_equal(shard_first(&shard, config), first);
            }
            plan_destroy(plan);
        }
        assert_int_equal(n_all, N * REPLICATES);
        assert_true(n_shards > REPLICATES || most - fewest <= N);
    }
    assert_int_equal(shard_n_jobs(&(struct shard){0}, N, REPLICATES), N * REPLICATES);
    assert_int_equal(shard_n_jobs(&(struct shard){12, 12}, N, REPLICATES), 0);
    free(configs);
}

static void shards_are_read(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"",     "1",    "0/1", "2/1", "1/0",   "1/",    "/2",           "1/2 ",
                                        " 1/2", "-1/2", "1/x", "x/2", "1/2/3", "1.0/2", "1/99999999999"};
    struct shard shard = {4, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(shard_parse(wrong[i], &shard));
    assert_true(shard.index == 4 && shard.n == 7);
    char text[SHARD_TEXT_MAX];
    assert_true(shard_parse("999999999/1000000000", &shard));
    shard_format(&shard, text);
    assert_string_equal(text, "999999999/1000000000");
    assert_true(shard_equal(&(struct shard){0}, &(struct shard){1, 1}));
    assert_false(shard_equal(&(struct shard){1, 2}, &(struct shard){2, 2}));
    assert_false(shard_equal(&(struct shard){1, 2}, &(struct shard){1, 3}));
}

static bool all_but_the_last(const void *context, uint64_t config, uint64_t replicate)
{
    const uint64_t *last = context;
    return config != last[0] || replicate != last[1];
}

static void ten_million_jobs_are_left_out_in_seconds(void **unused)
{
    (void)unused;
    const struct {
        size_t n_configs;
        int64_t replicates;
    } cases[] = {{1000000, 10}, {10, 1000000}};
    for (int i = 0; i < 2; i++) {
        struct hyperparameters *configs = make_configs(cases[i].n_configs, 5);
        struct plan *plan;
        struct error error;
        struct job jobs[8];
        uint64_t shape, last[2] = {cases[i].n_configs - 1, (uint64_t)cases[i].replicates - 1};
        clock_t start = clock();
        assert_int_equal(plan_create(&plan, configs, cases[i].n_configs, cases[i].replicates, 0, &error), ERROR_NONE);
        plan_skip(plan, all_but_the_last, last);
        assert_int_equal(plan_next(plan, NULL, 0, 8, jobs, &shape), 1);
        assert_true(jobs[0].config == last[0] && jobs[0].replicate == last[1]);
        assert_int_equal(plan_next(plan, NULL, 0, 8, jobs, &shape), 0);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        print_message("%zu x %d: %.2f s\n", cases[i].n_configs, (int)cases[i].replicates, seconds);
        assert_true(seconds < 5);
        plan_destroy(plan);
        free(configs);
    }
}

static double time_plan(size_t n_configs, size_t n_shapes, int64_t replicates)
{
    struct hyperparameters *configs = make_configs(n_configs, n_shapes);
    struct plan *plan;
    struct error error;
    clock_t start = clock();
    assert_int_equal(plan_create(&plan, configs, n_configs, replicates, 0, &error), ERROR_NONE);
    struct job jobs[8];
    uint64_t shape, n_done = 0;
    for (size_t n; (n = plan_next(plan, NULL, 0, 8, jobs, &shape)) > 0; n_done += n)
        ;
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(n_done, n_configs * (size_t)replicates);
    plan_destroy(plan);
    free(configs);
    return seconds;
}

static void a_million_configurations_in_seconds(void **unused)
{
    (void)unused;
    double few = time_plan(1000000, 3, 2), many = time_plan(1000000, 200000, 2);
    print_message("1e6 configurations x 2: %.2f s with 3 shapes, %.2f s with 200000\n", few, many);
    assert_true(few < 5 && many < 10);
}

static void too_many_jobs_are_refused(void **unused)
{
    (void)unused;
    struct hyperparameters *configs = make_configs(4, 1);
    struct plan *plan;
    struct error error;
    assert_int_equal(plan_create(&plan, configs, 4, INT64_MAX, 0, &error), ERROR_INPUT);
    assert_null(plan);
    assert_null(strchr(error.message, '\n'));
    free(configs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_once_and_thin_when_cut),
        cmocka_unit_test(costly_shapes_first_in_a_round),
        cmocka_unit_test(lengths_are_mixed_where_jobs_are_few),
        cmocka_unit_test(a_rank_gets_more_of_what_it_holds),
        cmocka_unit_test(a_million_configurations_in_seconds),
        cmocka_unit_test(too_many_jobs_are_refused),
        cmocka_unit_test(what_is_done_is_left_out),
        cmocka_unit_test(cheapest_first),
        cmocka_unit_test(cheapest_first_among_alike),
        cmocka_unit_test(each_job_is_in_one_shard),
        cmocka_unit_test(shards_are_read),
        cmocka_unit_test(ten_million_jobs_are_left_out_in_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
