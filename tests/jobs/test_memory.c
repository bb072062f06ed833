/* What memory there is, by made-up /proc and /sys; and that packs need just the bytes that are said of them. */
#include "importance.h"
#include "job.h"
#include "memory_budget.h"
#include "train.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- allocations are counted ---- */

static uint64_t n_allocated;
static bool is_counting;
static int n_until_failure; /* allocations; 0: none fails */

/* The linker's names (--wrap). NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

/* False if this one is to fail. */
static bool count(size_t size)
{
    if (is_counting)
        n_allocated += size;
    return n_until_failure == 0 || --n_until_failure > 0;
}

void *__wrap_malloc(size_t size)
{
    return count(size) ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return count(n * size) ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size)
{
    return count(size) ? __real_realloc(memory, size) : NULL; /* training's are of nothing yet */
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return count(size) ? __real_aligned_alloc(alignment, size) : NULL;
}

static void set(struct hyperparameters *h, const char *name, const char *value)
{
    struct error error;
    assert_int_equal(hyperparameter_set_text(h, hyperparameter_find(name), value, &error), ERROR_NONE);
}

static void packs_take_what_is_said(void **state)
{
    (void)state;
    static const char *const shapes[][8] = {
        {"hidden_size", "1", "hidden_layers", "1", "batch_size", "1"},
        {"hidden_size", "50", "N_test", "1", "optimizer", "sgd"},
        {"hidden_size", "33", "hidden_layers", "32", "context_location", "end"},
        {"hidden_size", "7", "batch_size", "300", "train_mode", "replay", "epochs", "3"},
        {"hidden_size", "300", "N_train", "7000", "N_test", "1234", "output_activation", "linear"},
    };
    const struct kernels *widest, *all[PACKINGS_MAX];
    struct error error;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    const int n_packings = packings(widest, all);
    assert_true(n_packings > 1);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int which = 0; which < n_packings; which++) {
            const struct kernels *kernels = all[which];
            for (size_t n_models = 1; n_models <= kernels->lanes;
                 n_models += kernels->lanes > 1 ? kernels->lanes - 1 : 1) {
                struct hyperparameters h;
                hyperparameters_default(&h);
                for (size_t k = 0; k < 8 && shapes[i][k]; k += 2)
                    set(&h, shapes[i][k], shapes[i][k + 1]);
                assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
                const struct shape shape = shape_of(&h);
                const struct shape kept_shape = training_kept_shape(&shape);
                struct training training, kept = {.lanes = 0};
                struct importance importance;
                n_allocated = 0;
                is_counting = true;
                assert_int_equal(training_create(&training, &shape, kernels, NULL, &error), ERROR_NONE);
                assert_int_equal(importance_create(&importance, &training, &error), ERROR_NONE);
                for (size_t lane = 0; lane < n_models; lane++)
                    assert_int_equal(training_load(&training, lane, &h, 1, 0, &error), ERROR_NONE);
                if (kernels->lanes > 1) /* as many models again that are trained; the order of samples is not kept */
                    assert_int_equal(training_create(&kept, &kept_shape, kernels, NULL, &error), ERROR_NONE);
                is_counting = false;
                uint64_t one = training_data_bytes(&shape, h.N_train, 1) - training_data_bytes(&shape, h.N_train, 0);
                n_allocated += kernels->lanes > 1 ? n_models * one : 0;
                assert_int_equal(n_allocated, packing_bytes(kernels, &shape, h.N_train, n_models));
                const enum layout layout = kernels->lanes == 1 ? LAYOUT_UNITS : LAYOUT_MODELS;
                const struct packing packing = packing_choose_of(layout, kernels, &h, kernels->lanes, MEMORY_UNLIMITED);
                if (packing.kernels == kernels && n_models == kernels->lanes)
                    assert_int_equal(packing.n_bytes, n_allocated);
                importance_destroy(&importance);
                training_destroy(&training);
                training_destroy(&kept);
            }
        }
}

/* Each allocation of the measures fails in turn: an error, and nothing is left. */
static void measures_without_memory(void **state)
{
    (void)state;
    struct error error;
    const struct kernels *kernels;
    struct hyperparameters h;
    hyperparameters_default(&h);
    assert_int_equal(kernels_choose(&kernels, &error), ERROR_NONE);
    const struct shape shape = shape_of(&h);
    struct training training;
    assert_int_equal(training_create(&training, &shape, kernels, NULL, &error), ERROR_NONE);
    int n_failed = 0;
    for (struct importance importance;; n_failed++) {
        memset(&importance, 1, sizeof importance);
        n_until_failure = n_failed + 1;
        enum error_code code = importance_create(&importance, &training, &error);
        bool has_failed = n_until_failure == 0;
        n_until_failure = 0;
        if (!has_failed) {
            assert_int_equal(code, ERROR_NONE);
            importance_destroy(&importance);
            break;
        }
        assert_int_equal(code, ERROR_FATAL);
        assert_non_null(strstr(error.message, "memory"));
    }
    assert_true(n_failed >= 6);
    training_destroy(&training);
}

/* ---- packing ---- */

static void packs_narrow(void **state)
{
    (void)state;
    struct hyperparameters h;
    struct error error;
    const struct kernels *widest;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    hyperparameters_default(&h);
    set(&h, "hidden_size", "4096");
    const struct packing full = packing_choose(widest, &h, widest->lanes, MEMORY_UNLIMITED);
    assert_ptr_equal(full.kernels, widest->units); /* wide models one by one: faster, and need less memory */
    assert_int_equal(full.n_models, 1);
    assert_true((double)full.n_bytes > 600e6 && (double)full.n_bytes < 630e6);
    const struct packing none = packing_choose(widest, &h, widest->lanes, 0);
    assert_int_equal(none.n_models, 0);
    assert_int_equal(none.n_bytes, full.n_bytes);
    assert_int_equal(packing_choose(widest, &h, widest->lanes, none.n_bytes - 1).n_models, 0);
    assert_int_equal(packing_choose(widest, &h, widest->lanes, none.n_bytes).n_models, 1);

    /* Small ones together, as many as there is room for. */
    set(&h, "hidden_size", "20");
    const struct packing pack = packing_choose(widest, &h, widest->lanes, MEMORY_UNLIMITED);
    assert_int_equal(pack.n_models, widest->lanes);
    const uint64_t least = packing_choose(widest, &h, 1, 0).n_bytes;
    assert_int_equal(packing_choose(widest, &h, widest->lanes, least - 1).n_models, 0);
    for (uint64_t memory = least, last = 1; memory < pack.n_bytes; memory += pack.n_bytes / 50) {
        const struct packing packing = packing_choose(widest, &h, widest->lanes, memory);
        assert_true(packing.n_models >= last && packing.n_bytes <= memory);
        last = packing.n_models;
    }
}

/* The layout that takes less time, by what is waiting; it can be named. */
static void layouts(void **state)
{
    (void)state;
    struct hyperparameters h;
    struct error error;
    const struct kernels *widest;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    hyperparameters_default(&h);
    for (int size = 1; size <= 4096; size *= 4) {
        char text[16];
        snprintf(text, sizeof text, "%d", size);
        set(&h, "hidden_size", text);
        /* A lane in a pack is as good for a single unit. */
        assert_true(size == 1 || packing_choose(widest, &h, 1, MEMORY_UNLIMITED).kernels == widest->units);
        size_t n_models = packing_choose(widest, &h, widest->lanes, MEMORY_UNLIMITED).n_models;
        assert_true(size == 64 || n_models == (size < 64 ? widest->lanes : 1));
        assert_int_equal(packing_choose_of(LAYOUT_UNITS, widest, &h, widest->lanes, MEMORY_UNLIMITED).n_models, 1);
        assert_true(packing_choose_of(LAYOUT_MODELS, widest, &h, 1, MEMORY_UNLIMITED).kernels->lanes > 1);
    }
    static const char *const texts[] = {"", "models", "units", "unit"};
    for (int i = 0; i < 4; i++) {
        enum layout layout;
        setenv("PICKY_LAYOUT", texts[i], 1);
        assert_int_equal(layout_choose(&layout, &error), i < 3 ? ERROR_NONE : ERROR_INPUT);
        if (i < 3)
            assert_int_equal(layout, LAYOUT_ANY + i);
    }
    assert_string_equal(error.message, "PICKY_LAYOUT = \"unit\": allowed: models, units");
    unsetenv("PICKY_LAYOUT");
}

/* ---- made-up machines ---- */

static char root[] = "/tmp/picky_memory_XXXXXX";

static void put(const char *path, const char *text)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(name, 0777);
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int start(void **state)
{
    (void)state;
    strcpy(root, "/tmp/picky_memory_XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void expect_shared(uint64_t expected)
{
    assert_int_equal(memory_find(root).shared, expected);
}

static void machines(void **state)
{
    (void)state;
    expect_shared(MEMORY_UNLIMITED);
    put("/proc/meminfo", "MemTotal: 10000 kB\nMemFree: 1 kB\nMemAvailable:   5000 kB\n");
    expect_shared(5000 * 1024);
    put("/proc/meminfo", "MemAvailable: much\n");
    expect_shared(MEMORY_UNLIMITED);
}

static void groups_2(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemAvailable: 9000000 kB\n");
    put("/proc/self/cgroup", "0::/slurm/job_1/step_0\n");
    expect_shared(UINT64_C(9000000) * 1024);
    put("/sys/fs/cgroup/slurm/job_1/step_0/memory.max", "max\n");
    put("/sys/fs/cgroup/slurm/job_1/step_0/memory.current", "1000\n");
    expect_shared(UINT64_C(9000000) * 1024);
    put("/sys/fs/cgroup/slurm/job_1/memory.max", "8000000\n");
    put("/sys/fs/cgroup/slurm/job_1/memory.current", "6000000\n");
    expect_shared(2000000);
    put("/sys/fs/cgroup/slurm/job_1/memory.stat", "anon 1\nactive_file 7\ninactive_file 500000\n");
    expect_shared(2500000); /* the kernel gives those pages up */
    put("/sys/fs/cgroup/slurm/job_1/memory.high", "7000000\n");
    expect_shared(1500000);
    put("/sys/fs/cgroup/slurm/job_1/step_0/memory.max", "5000\n");
    expect_shared(4000);
    put("/sys/fs/cgroup/slurm/job_1/step_0/memory.max", "900\n");
    expect_shared(0);
    /* A container's root: the group's own name means nothing there. */
    put("/proc/self/cgroup", "0::/docker/0123\n");
    put("/sys/fs/cgroup/memory.max", "70000\n");
    put("/sys/fs/cgroup/memory.current", "30000\n");
    expect_shared(40000);
    /* A group in the hierarchy of version 2 beside one of version 1. */
    put("/sys/fs/cgroup/unified/docker/memory.max", "50000\n");
    put("/sys/fs/cgroup/unified/docker/memory.current", "20000\n");
    expect_shared(30000);
}

static void groups_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "9:name=systemd:/x\n5:cpu,memoryless:/a\n4:blkio,memory:/a/b\n0::/\n");
    put("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "5\n");
    expect_shared(MEMORY_UNLIMITED);
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n");
    put("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "400000\n");
    put("/sys/fs/cgroup/memory/a/memory.stat", "inactive_file 7\ntotal_inactive_file 100000\n");
    expect_shared(700000);
    put("/proc/self/cgroup", "5:memory:/\n");
    expect_shared(MEMORY_UNLIMITED);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "400\n");
    expect_shared(600);
}

static void own_limits(void **state)
{
    (void)state;
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    limit = old;
    limit.rlim_cur = (rlim_t)1 << 46;
    if (old.rlim_cur != RLIM_INFINITY || setrlimit(RLIMIT_AS, &limit) != 0)
        skip();
    assert_int_equal(memory_find(root).own, (uint64_t)1 << 46);
    put("/proc/self/status", "Name: x\nVmPeak: 99 kB\nVmSize:\t 2000 kB\nVmData:\t 300 kB\n");
    assert_int_equal(memory_find(root).own, ((uint64_t)1 << 46) - 2000 * 1024);
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_int_equal(getrlimit(RLIMIT_DATA, &old), 0);
    limit = old;
    limit.rlim_cur = (rlim_t)1 << 45;
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
    assert_int_equal(memory_find(root).own, ((uint64_t)1 << 45) - 300 * 1024);
    assert_int_equal(setrlimit(RLIMIT_DATA, &old), 0);
    assert_int_equal(memory_find(root).own, MEMORY_UNLIMITED);
}

static void budgets(void **state)
{
    (void)state;
    const uint64_t gigabyte = 1000000000;
    struct memory memory = {MEMORY_UNLIMITED, MEMORY_UNLIMITED};
    assert_int_equal(memory_budget(&memory, 3), MEMORY_UNLIMITED);
    assert_int_equal(memory_less(MEMORY_UNLIMITED, 5), MEMORY_UNLIMITED);
    assert_int_equal(memory_less(7, 5), 2);
    assert_int_equal(memory_less(5, 7), 0);
    memory.shared = 8 * gigabyte;
    assert_int_equal(memory_budget(&memory, 1), 7136000000);
    assert_int_equal(memory_budget(&memory, 8), 836000000);
    memory.own = 2 * gigabyte; /* of each */
    assert_int_equal(memory_budget(&memory, 1), 1736000000);
    assert_int_equal(memory_budget(&memory, 8), 836000000);
    memory.own = 100;
    assert_int_equal(memory_budget(&memory, 8), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_take_what_is_said),
        cmocka_unit_test(measures_without_memory),
        cmocka_unit_test(packs_narrow),
        cmocka_unit_test(layouts),
        cmocka_unit_test_setup_teardown(machines, start, end),
        cmocka_unit_test_setup_teardown(groups_2, start, end),
        cmocka_unit_test_setup_teardown(groups_1, start, end),
        cmocka_unit_test_setup_teardown(own_limits, start, end),
        cmocka_unit_test(budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
