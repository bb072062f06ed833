/* Lanes do not know of each other: a job alone has the bits that it has in a pack with any others, on each instruction
 * set, for every optimiser, output, place of the context and train mode; then for random hyperparameters. */
#include "job_fixture.h"
#include "kernels.h"
#include "memory_budget.h"
#include "numbers.h"
#include "random_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- instruction sets ---- */

static const char *const kernel_names[] = {"", "portable", "avx2", "avx512", "neon"}; /* "": as picky chooses */
enum { N_KERNELS = sizeof kernel_names / sizeof kernel_names[0] };
static char *simd_before; /* PICKY_SIMD, or NULL */

static int keep_simd(void **state)
{
    (void)state;
    const char *text = getenv("PICKY_SIMD");
    simd_before = text ? strdup(text) : NULL;
    return 0;
}

static int restore_simd(void **state)
{
    (void)state;
    int failed = simd_before ? setenv("PICKY_SIMD", simd_before, 1) : unsetenv("PICKY_SIMD");
    free(simd_before);
    return failed;
}

/* False if they cannot run here. */
static bool choose_kernels(const char *name)
{
    const struct kernels *kernels;
    struct error error;
    assert_int_equal(*name ? setenv("PICKY_SIMD", name, 1) : unsetenv("PICKY_SIMD"), 0);
    if (kernels_choose(&kernels, &error) == ERROR_NONE)
        return true;
    assert_string_not_equal(name, "");
    assert_string_not_equal(name, "portable");
    return false;
}

/* ---- the same alone and together ---- */

/* Runs the jobs together, in the given order and memory, and each alone. `alone` [n]: the records of each alone if it
 * holds any, else it receives them. */
static void compare_alone(const struct record_layout *layout, const struct job *jobs, const size_t *order, size_t n,
                          uint64_t memory, const char *what, struct records *alone)
{
    struct records together = run_in_memory(layout, jobs, order, n, memory);
    for (size_t i = 0; i < n; i++) {
        struct records one = run(layout, &jobs[i], 1);
        const char *name = field_that_differs(layout, record_at(&together, i), record_at(&one, 0));
        if (name)
            fail_msg("%s: job %zu: %s is another one alone", what, i, name);
        if (alone[i].n > 0)
            name = field_that_differs(layout, record_at(&one, 0), record_at(&alone[i], 0));
        if (name)
            fail_msg("%s: job %zu: %s is another one than on the first instruction set", what, i, name);
        if (alone[i].n == 0)
            alone[i] = one;
        else
            records_free(&one);
    }
    records_free(&together);
}

/* ---- all kinds of models ---- */

enum { LAYERS = 3, LANES = 17, KINDS = 2 * 2 * 2 * LAYERS, JOBS = KINDS * LANES };

/* A lane's own part: all that may differ in a pack. With batches of 4, task 1's 12 to 14 samples and task 2's 12 to 15
 * make 3 steps of each in an epoch, and 6 together. */
static struct job lane_job(struct hyperparameters h, int lane)
{
    static const char *const second_tasks[] = {"prod", "add1.5", "add-0.5"};
    static const double sgd_lr[] = {0.05, 10, 0.3, 0.01}, adam_lr[] = {0.003, 0.03, 0.0005, 10};
    static const double thresholds[] = {0.4, 0.9, 0.01, 0.5, 0.6};
    const int task1 = 12 + lane % 3;
    h.N_train = task1 + 12 + lane / 3 % (task1 == 14 ? 2 : 4); /* at most 27: 6 steps */
    if (h.N_train > 27)
        h.N_train = 27;
    h.fraction = (double)task1 / (double)h.N_train;
    h.lr = h.optimizer == OPTIMIZER_SGD ? sgd_lr[lane % 4] : adam_lr[lane % 4];
    h.error_threshold = thresholds[lane % 5];
    h.max_attempts = 1 + lane % 3;
    if (h.train_mode != TRAIN_RANDOM) {
        h.train_mode = lane % 2 ? TRAIN_SEQUENTIAL : TRAIN_REPLAY;
        h.replay_every = 1 + lane / 2 % 3;
    }
    struct error error;
    assert_int_equal(
        hyperparameter_set_string(&h, hyperparameter_find("second_task"), second_tasks[lane / 2 % 3], &error),
        ERROR_NONE);
    return (struct job){.seed = 1000 + 77 * lane, .h = h};
}

static void make_jobs(struct job jobs[JOBS])
{
    for (int kind = 0, n = 0; kind < KINDS; kind++) {
        struct hyperparameters h = hyperparameters_of("hidden_size", "5", "hidden_layers", "3", "N_test", "4", "epochs",
                                                      "2", "batch_size", "4", "N_train", "24", NULL);
        h.optimizer = kind % 2;
        h.output_activation = kind / 2 % 2;
        h.train_mode = kind / 4 % 2 ? TRAIN_REPLAY : TRAIN_RANDOM;
        snprintf(h.context_location, sizeof h.context_location, "%d", 1 + kind / 8);
        for (int lane = 0; lane < LANES; lane++, n++) {
            struct error error;
            jobs[n] = lane_job(h, lane);
            assert_int_equal(hyperparameters_check(&jobs[n].h, &error), ERROR_NONE);
            /* They do go into one pack, and no two are the same. */
            struct shape shape = shape_of(&jobs[n].h), first = shape_of(&jobs[n - lane].h);
            assert_true(shape_equal(&shape, &first));
            for (int other = n - lane; other < n; other++)
                assert_memory_not_equal(&jobs[other], &jobs[n], sizeof jobs[n]);
        }
    }
}

static void test_all_kinds(void **state)
{
    (void)state;
    static struct job jobs[JOBS];
    static struct records alone[JOBS];
    size_t order[JOBS];
    make_jobs(jobs);
    for (size_t i = 0; i < JOBS; i++)
        order[i] = i * 53 % JOBS; /* 53 does not divide JOBS = 24 * 17 */
    struct record_layout layout = layout_of_jobs(jobs, JOBS);
    int n_sets = 0;
    for (size_t k = 0; k < N_KERNELS; k++)
        if (choose_kernels(kernel_names[k])) {
            setenv("PICKY_LAYOUT", k == 0 ? "units" : "models", 1);
            compare_alone(&layout, jobs, order, JOBS, MEMORY_UNLIMITED, kernel_names[k], alone);
            n_sets++;
        }
    unsetenv("PICKY_LAYOUT");
    assert_true(n_sets >= 2);

    /* The neighbours are as unlike as they are meant to be. */
    int n_with[N_STATUSES] = {0}, n_later = 0;
    for (size_t i = 0; i < JOBS; i++) {
        const void *record = record_at(&alone[i], 0);
        n_with[status_of(&layout, record)]++;
        n_later += status_of(&layout, record) == STATUS_ACCEPTED && attempts_of(&layout, record) > 1;
        records_free(&alone[i]);
    }
    print_message("%d instruction sets: %d jobs accepted, %d of them after a rejection; %d rejected, %d diverged\n",
                  n_sets, n_with[STATUS_ACCEPTED], n_later, n_with[STATUS_REJECTED], n_with[STATUS_DIVERGED]);
    assert_true(n_with[STATUS_ACCEPTED] > JOBS / 10 && n_with[STATUS_REJECTED] > JOBS / 10);
    assert_true(n_with[STATUS_DIVERGED] > 5 && n_later > 5);
}

/* ---- random ones ---- */

static void random_lane(struct hyperparameters *h)
{
    h->N_train = random_between(2, 50);
    h->epochs = random_between(1, 4);
    h->lr = pow(10, -4 + 5 * random_unit());
    h->fraction = 0.02 + 0.96 * random_unit();
    h->train_mode = random_between(TRAIN_RANDOM, TRAIN_SEQUENTIAL);
    h->replay_every = random_between(1, 6);
    h->error_threshold = pow(10, -2 + 3 * random_unit());
    h->max_attempts = random_between(1, 3);
    char second_task[HYPERPARAMETER_TEXT_MAX] = "prod";
    struct error error;
    if (!random_below(2))
        snprintf(second_task, sizeof second_task, "add%.3g", 6 * random_unit() - 3);
    assert_int_equal(hyperparameter_set_string(h, hyperparameter_find("second_task"), second_task, &error), ERROR_NONE);
}

static struct hyperparameters random_hyperparameters(void)
{
    struct hyperparameters h;
    struct error error;
    do {
        hyperparameters_default(&h);
        random_lane(&h);
        h.hidden_size = random_between(1, 20);
        h.hidden_layers = random_between(1, 6);
        h.N_test = random_between(1, 12);
        h.batch_size = random_between(1, 12);
        h.output_activation = random_between(OUTPUT_RELU, OUTPUT_LINEAR);
        h.optimizer = random_between(OPTIMIZER_ADAM, OPTIMIZER_SGD);
        memset(h.context_location, 0, sizeof h.context_location);
        snprintf(h.context_location, sizeof h.context_location, "%d", (int)random_between(1, h.hidden_layers));
    } while (hyperparameters_check(&h, &error));
    return h;
}

/* Other hyperparameters of a shape: any that may be in one pack with *h, or *h itself if there are none soon. */
static struct hyperparameters random_neighbour(const struct hyperparameters *h)
{
    struct error error;
    const struct shape shape = shape_of(h);
    for (int i = 0; i < 500; i++) {
        struct hyperparameters other = *h;
        random_lane(&other);
        if (hyperparameters_check(&other, &error))
            continue;
        struct shape others = shape_of(&other);
        if (shape_packs_with(&shape, &others))
            return other;
    }
    return *h;
}

static void test_random(void **state)
{
    (void)state;
    enum { N_MAX = 24, ROUNDS_MAX = 400 };
    const clock_t end = clock() + CLOCKS_PER_SEC * 3 / 2;
    int n_rounds = 0, n_mixed = 0;
    while (n_rounds < ROUNDS_MAX && (clock() < end || n_rounds < 3)) {
        if (!choose_kernels(kernel_names[random_below(N_KERNELS)]))
            continue;
        static const char *const layouts[] = {"", "models", "units"};
        setenv("PICKY_LAYOUT", layouts[random_below(3)], 1);
        struct job jobs[N_MAX];
        struct records alone[N_MAX] = {{0}};
        size_t order[N_MAX], n = 2 + random_below(N_MAX - 1);
        struct hyperparameters h = random_hyperparameters();
        for (size_t i = 0; i < n; i++) {
            if (random_below(8) == 0)
                h = random_hyperparameters();
            jobs[i] = (struct job){.seed = random_between(0, SEED_MAX), .h = random_neighbour(&h)};
            struct shape shape = shape_of(&jobs[i].h), first = shape_of(&jobs[0].h);
            n_mixed += i > 0 && shape_packs_with(&shape, &first) && !shape_equal(&shape, &first);
            order[i] = i;
        }
        for (size_t i = n; i-- > 1;) {
            size_t other = random_below(i + 1), place = order[i];
            order[i] = order[other];
            order[other] = place;
        }
        struct record_layout layout = layout_of_jobs(jobs, n);
        char what[64];
        snprintf(what, sizeof what, "round %d", n_rounds);
        compare_alone(&layout, jobs, order, n, MEMORY_UNLIMITED, what, alone);
        for (size_t i = 0; i < n; i++)
            records_free(&alone[i]);
        n_rounds++;
    }
    unsetenv("PICKY_LAYOUT");
    print_message("%d random packs, %d times two lengths in one\n", n_rounds, n_mixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_random),
    };
    random_begin();
    return cmocka_run_group_tests(tests, keep_simd, restore_simd);
}
