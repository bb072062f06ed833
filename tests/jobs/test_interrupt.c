/* Interruption, at every size: between two looks at the flag lies a bounded amount of work, counted in multiply-adds,
 * random numbers, bytes and weights, and, more loosely, measured as CPU time; and whenever the flag comes, the runner
 * returns soon, with whole records only. */
#include "job_fixture.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- what is counted (the linker puts these in place of the functions that they are named for) ---- */

enum {
    WORK_MAX = 2 * INTERRUPT_SLICE, /* between two looks; the portable kernels take some 10 ns for each */
    NUMBER_WORK = 2,                /* of a random number */
    WEIGHT_WORK = 4,                /* of a weight on its way into a record */
    VECTOR_BYTES = 32,              /* cleared in the time of a multiply-add */
};
static const double CPU_MAX_S = 0.1;

static struct {
    uint64_t work, most_work; /* since the last look; the most between two */
    double looked_s, most_s;  /* CPU time of the last look; the longest between two */
    uint64_t n_looks;
    uint64_t interrupt_at; /* the look that finds the flag up, from 1; 0: none */
    struct job_runner *runner;
} counted;

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void count(uint64_t work)
{
    counted.work += work;
    if (counted.work > counted.most_work)
        counted.most_work = counted.work;
}

bool __real_interrupt_look(const atomic_bool *interrupt);
bool __wrap_interrupt_look(const atomic_bool *interrupt);
bool __wrap_interrupt_look(const atomic_bool *interrupt)
{
    double now_s = cpu_s(), since_s = now_s - counted.looked_s;
    counted.most_s = since_s > counted.most_s ? since_s : counted.most_s;
    counted.looked_s = now_s;
    counted.work = 0;
    if (++counted.n_looks == counted.interrupt_at)
        job_runner_interrupt(counted.runner);
    return __real_interrupt_look(interrupt);
}

void __real_rng_uniforms(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t first, size_t n,
                         float *out);
void __wrap_rng_uniforms(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t first, size_t n,
                         float *out);
void __wrap_rng_uniforms(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t first, size_t n,
                         float *out)
{
    count(n * NUMBER_WORK);
    __real_rng_uniforms(key, purpose, a, b, first, n, out);
}

void __real_rng_words(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t n, uint32_t *out);
void __wrap_rng_words(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t n, uint32_t *out);
void __wrap_rng_words(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t n, uint32_t *out)
{
    count(n * NUMBER_WORK);
    __real_rng_words(key, purpose, a, b, n, out);
}

float __real_network_weight(const struct network *network, size_t lane, int layer, size_t unit, size_t column);
float __wrap_network_weight(const struct network *network, size_t lane, int layer, size_t unit, size_t column);
float __wrap_network_weight(const struct network *network, size_t lane, int layer, size_t unit, size_t column)
{
    count(WEIGHT_WORK);
    return __real_network_weight(network, lane, layer, unit, column);
}

void *__real_memset(void *memory, int value, size_t n);
void *__wrap_memset(void *memory, int value, size_t n);
void *__wrap_memset(void *memory, int value, size_t n)
{
    count(n / VECTOR_BYTES);
    return __real_memset(memory, value, n);
}

/* ---- kernels that count, and compute only if they are to ---- */

static const struct kernels *real;
static bool has_units; /* units in the lanes */
static bool is_hollow; /* every unit's output is 1, and nothing is learned */

/* Of n weights. */
static size_t vectors(size_t n)
{
    return real->lanes > 1 ? n : (n + real->panel_units - 1) / real->panel_units;
}

static void product(const struct product *p)
{
    count(p->n_rows * p->n_units * vectors(p->n_inputs + p->has_bias));
    if (!is_hollow)
        real->product(p);
    for (size_t row = 0; is_hollow && row < p->n_rows; row++)
        for (size_t i = 0; i < p->n_units * real->lanes; i++)
            p->out[row * p->out_stride * real->lanes + i] = 1;
}

static void back_product(const struct back_product *p)
{
    count(p->n_rows * p->n_units * vectors(p->n_inputs - p->first_input));
    if (!is_hollow)
        real->back_product(p);
}

static void count_update(const struct update *p)
{
    size_t n_units = real->lanes > 1 ? p->n_units : p->end_unit - p->first_unit;
    size_t n_backs = p->back ? p->back->n_inputs - p->back->first_input : 0;
    count(n_units * vectors(p->end_column - p->first_column) * (p->n_rows + 20) +
          n_units * vectors(n_backs) * p->n_rows);
}

static void update_adam(const struct update *p)
{
    count_update(p);
    if (!is_hollow)
        real->update_adam(p);
}

static void update_sgd(const struct update *p)
{
    count_update(p);
    if (!is_hollow)
        real->update_sgd(p);
}

static void silence(const struct silence *p)
{
    count(p->n_slots * p->n_units * (real->lanes > 1 ? real->lanes : 1));
    if (!is_hollow)
        real->silence(p);
}

static void words(const struct words *p)
{
    count((p->end - p->first) * real->lanes * NUMBER_WORK);
    real->words(p);
}

static void load(const struct samples *p)
{
    count(p->n_rows * real->lanes * NUMBER_WORK);
    real->load(p);
}

static void loss(const struct loss *p)
{
    count(p->n_rows * 4);
    real->loss(p);
}

static struct kernels counting = {.name = "counting",
                                  .product = product,
                                  .back_product = back_product,
                                  .update_adam = update_adam,
                                  .update_sgd = update_sgd,
                                  .silence = silence,
                                  .words = words,
                                  .load = load,
                                  .loss = loss};

enum error_code __real_kernels_choose(const struct kernels **kernels, struct error *error);
enum error_code __wrap_kernels_choose(const struct kernels **kernels, struct error *error);
enum error_code __wrap_kernels_choose(const struct kernels **kernels, struct error *error)
{
    if (__real_kernels_choose(&real, error))
        return error->code;
    if (has_units)
        real = real->units;
    counting.lanes = real->lanes;
    counting.panel_units = real->panel_units;
    *kernels = &counting;
    return ERROR_NONE;
}

const struct kernels *__wrap_kernels_narrower(const struct kernels *kernels);
const struct kernels *__wrap_kernels_narrower(const struct kernels *kernels)
{
    (void)kernels;
    return NULL;
}

/* ---- the bound ---- */

/* Keeps the status. */
static enum error_code note_status(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)job, (void)error;
    *(uint8_t *)context = *(const uint8_t *)record; /* the first field */
    return ERROR_NONE;
}

/* Trains one model. */
static void check_bound(const char *what, const struct hyperparameters *h)
{
    const struct record_layout layout = layout_of(h, 1);
    assert_int_equal(layout.offset[FIELD_STATUS], 0);
    uint8_t status = STATUS_PENDING;
    struct error error;
    memset(&counted, 0, sizeof counted);
    counted.looked_s = cpu_s();
    assert_int_equal(job_runner_create(&counted.runner, &layout, &error), ERROR_NONE);
    assert_int_equal(job_runner_add(counted.runner, &(struct job){.seed = 1, .h = *h}, &error), ERROR_NONE);
    while (job_runner_waiting(counted.runner) > 0)
        assert_int_equal(job_runner_step(counted.runner, note_status, &status, &error), ERROR_NONE);
    printf("%s: %lu looks, at most %.2f slices and %.1f ms between two, status %d\n", what,
           (unsigned long)counted.n_looks, (double)counted.most_work / INTERRUPT_SLICE, 1e3 * counted.most_s, status);
    assert_in_range(counted.most_work, 1, has_units ? 2 * WORK_MAX : WORK_MAX); /* tiles are larger */
    assert_true(counted.most_s < CPU_MAX_S);
    assert_true(status == STATUS_ACCEPTED || status == STATUS_REJECTED); /* all of it was done */
    job_runner_destroy(counted.runner);
}

/* The extremes of each size, the others small; models that learn nothing and are never silent. */
static void test_bound(void **state)
{
    has_units = *state != NULL;
    is_hollow = true;
    const char *name = NULL;
#define SHAPE(text, ...)                                                                                               \
    do {                                                                                                               \
        const struct hyperparameters h =                                                                               \
            hyperparameters_of("output_activation", "linear", "epochs", "1", "max_attempts", "1", __VA_ARGS__, name);  \
        check_bound(text, &h);                                                                                         \
    } while (0)
    SHAPE("wide", "hidden_size", "4096", "hidden_layers", "2", "N_train", "10", "N_test", "1", "optimizer", "sgd");
    SHAPE("deep", "hidden_size", "40", "hidden_layers", "32", "N_train", "20", "N_test", "10");
    SHAPE("training samples", "hidden_size", "1", "hidden_layers", "1", "N_train", "1000000", "batch_size", "1000",
          "N_test", "1");
    SHAPE("test samples", "hidden_size", "1", "hidden_layers", "1", "N_train", "10", "N_test", "300000");
    SHAPE("batch", "hidden_size", "50", "hidden_layers", "2", "N_train", "100000", "batch_size", "100000", "N_test",
          "10");
#undef SHAPE
    is_hollow = has_units = false;
}

/* ---- interruption ---- */

enum { N_JOBS = 6 };

static enum error_code collect_whole(void *context, const struct job *job, const void *record, struct error *error)
{
    struct records *records = context;
    assert_true(records->n == N_JOBS);
    return collect(context, job, record, error);
}

/* Runs jobs until the flag is found up, at look `interrupt_at` (0: to the end). */
static struct records run_until(const struct record_layout *layout, const struct job *jobs, uint64_t interrupt_at)
{
    struct records records = {.n_bytes = layout->n_bytes, .n = N_JOBS};
    records.bytes = allocate(N_JOBS, layout->n_bytes);
    records.is_done = allocate(N_JOBS, sizeof *records.is_done);
    struct error error;
    memset(&counted, 0, sizeof counted);
    counted.interrupt_at = interrupt_at;
    assert_int_equal(job_runner_create(&counted.runner, layout, &error), ERROR_NONE);
    for (size_t i = 0; i < N_JOBS; i++)
        assert_int_equal(job_runner_add(counted.runner, &jobs[i], &error), ERROR_NONE);
    while (job_runner_waiting(counted.runner) > 0 && (interrupt_at == 0 || counted.n_looks < interrupt_at))
        assert_int_equal(job_runner_step(counted.runner, collect_whole, &records, &error), ERROR_NONE);
    assert_int_equal(job_runner_waiting(counted.runner), N_JOBS - records.n_done);
    return records;
}

/* Wherever it comes, little is done after it, what has ended is whole, the rest waits, and nothing more is begun. */
static void test_interrupted(void **state)
{
    (void)state;
    struct job jobs[N_JOBS];
    const struct hyperparameters h =
        hyperparameters_of("hidden_size", "7", "hidden_layers", "3", "N_train", "40", "epochs", "1", "N_test", "23",
                           "max_attempts", "3", "error_threshold", "0.3", NULL);
    for (size_t i = 0; i < N_JOBS; i++)
        jobs[i] = (struct job){.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = h};
    const struct record_layout layout = layout_of_jobs(jobs, N_JOBS);
    struct records all = run_until(&layout, jobs, 0);
    const uint64_t n_looks = counted.n_looks;
    job_runner_destroy(counted.runner);
    assert_int_equal(all.n_done, N_JOBS);

    size_t n_in_parts = 0;
    for (uint64_t at = 1; at < n_looks; at++) {
        struct records some = run_until(&layout, jobs, at);
        assert_true(counted.n_looks - at < 50); /* each place that looks goes home at once */
        n_in_parts += some.n_done > 0 && some.n_done < N_JOBS;
        for (size_t i = 0; i < N_JOBS; i++)
            if (some.is_done[i])
                assert_same_bits(&layout, record_at(&some, i), record_at(&all, i));
        const size_t n_done = some.n_done;
        const uint64_t n_before = counted.n_looks;
        struct error error;
        assert_int_equal(job_runner_step(counted.runner, collect_whole, &some, &error), ERROR_NONE);
        assert_int_equal(some.n_done, n_done);
        assert_true(counted.n_looks <= n_before + 1);
        job_runner_destroy(counted.runner);
        records_free(&some);
    }
    assert_true(n_in_parts > 0); /* some packs ended before the flag came */
    records_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        {"test_bound, units in the lanes", test_bound, NULL, NULL, &has_units},
        cmocka_unit_test(test_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
