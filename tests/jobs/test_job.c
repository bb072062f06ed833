/* Jobs through the public interface, against computations that share no code with picky: kept data of the NumPy and
 * PyTorch references (tests/reference), and the naive network in double precision for what a record must be
 * consistent with. Then what a job may not depend on: its neighbours, its place, the instruction set. */
#include "importance.h"
#include "job.h"
#include "job_fixture.h"
#include "job_record.h"
#include "kernels.h"
#include "memory_budget.h"
#include "reference/reference_network.h"
#include "tasks.h"
#include "train.h"

#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

#ifndef TEST_SOURCE_DIR
#error "define TEST_SOURCE_DIR as the path of tests"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#endif
#endif

/* ---- kept data of the references ---- */

/* One file of tests/reference/data; reference.py describes the format. */
struct kept {
    struct hyperparameters h;
    int64_t seed;
    size_t n_arrays;
    struct kept_array {
        char name[64];
        size_t n, stride;
        double *values; /* [n], owned */
    } arrays[N_FIELDS];
};

static struct kept kept_read(const char *name)
{
    char path[1024], word[64];
    snprintf(path, sizeof path, "%s/reference/data/%s.txt", TEST_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);

    struct kept kept = {0};
    struct error error = {0};
    hyperparameters_default(&kept.h);
    while (fscanf(file, "%63s", word) == 1) {
        if (strcmp(word, "#") == 0) {
            assert_int_not_equal(fscanf(file, "%*[^\n]"), EOF);
        } else if (strcmp(word, "hyperparameter") == 0) {
            char value[64];
            assert_int_equal(fscanf(file, "%63s %63s", word, value), 2);
            assert_non_null(hyperparameter_find(word));
            if (hyperparameter_set_text(&kept.h, hyperparameter_find(word), value, &error))
                fail_msg("%s: %s", path, error.message);
        } else if (strcmp(word, "seed") == 0) {
            assert_int_equal(fscanf(file, "%" SCNd64, &kept.seed), 1);
        } else {
            assert_string_equal(word, "array");
            assert_true(kept.n_arrays < N_FIELDS);
            struct kept_array *array = &kept.arrays[kept.n_arrays++];
            assert_int_equal(fscanf(file, "%63s %zu %zu", array->name, &array->n, &array->stride), 3);
            array->values = allocate(array->n + 1, sizeof *array->values);
            for (size_t i = 0; i < array->n; i++)
                assert_int_equal(fscanf(file, "%lf", &array->values[i]), 1);
        }
    }
    fclose(file);
    assert_int_equal(hyperparameters_check(&kept.h, &error), ERROR_NONE);
    return kept;
}

static void kept_free(struct kept *kept)
{
    for (size_t i = 0; i < kept->n_arrays; i++)
        free(kept->arrays[i].values);
}

static double element(enum field_type type, const void *values, size_t i)
{
    switch (type) {
    case FIELD_F32: return (double)((const float *)values)[i];
    case FIELD_U8: return ((const uint8_t *)values)[i];
    case FIELD_U16: return ((const uint16_t *)values)[i];
    case FIELD_I64: return (double)((const int64_t *)values)[i];
    default: fail_msg("no such field is kept");
    }
    return 0;
}

static enum field field_called(const char *name)
{
    for (int f = 0; f < N_FIELDS; f++)
        if (strcmp(record_fields[f].name, name) == 0)
            return (enum field)f;
    fail_msg("no field is called %s", name);
    return N_FIELDS;
}

/* What a comparison of one field's values needs: how far float32's may be from the reference's. The jobs train for
 * about 20 steps; weights near 0.5 have an ulp of 6e-8, and the largest differences seen are 2e-7 in weights and
 * 1e-7 in errors and losses. An importance is a square or a mean of squares of something that has such an absolute
 * error, so its root is compared (largest difference seen: 3e-7); relative importances are quotients of them (5e-6).
 * Data and initial weights are the same floats, which 9 digits tell apart. */
enum comparison { SAME, WITHIN, ROOTS_WITHIN };

static enum comparison comparison_of(enum field field, double *tolerance)
{
    *tolerance = 1e-6;
    switch (field) {
    case FIELD_ATTEMPT_ERROR:
    case FIELD_TRAIN_LOSS:
    case FIELD_TEST_ERROR:
    case FIELD_TEST_LOSS:
    case FIELD_LOSS_CHANGE:
    case FIELD_MEAN_ACTIVATION:
    case FIELD_INPUT_WEIGHTS:
    case FIELD_HIDDEN_WEIGHTS:
    case FIELD_CONTEXT_WEIGHTS:
    case FIELD_BIASES:
    case FIELD_OUTPUT_WEIGHTS:
    case FIELD_OUTPUT_BIAS: return WITHIN;
    case FIELD_IMPORTANCE: return ROOTS_WITHIN;
    case FIELD_RELATIVE_IMPORTANCE: *tolerance = 2e-5; return WITHIN;
    default: return SAME;
    }
}

static void compare_with_kept(const char *name)
{
    struct kept kept = kept_read(name);
    struct record_layout layout = layout_of(&kept.h, 1);
    struct job job = {.seed = kept.seed, .h = kept.h};
    struct records records = run(&layout, &job, 1);

    assert_true(kept.n_arrays > 0);
    for (size_t a = 0; a < kept.n_arrays; a++) {
        const struct kept_array *array = &kept.arrays[a];
        enum field field = field_called(array->name);
        assert_int_equal(array->n, (layout.n_elements[field] + array->stride - 1) / array->stride);
        const void *values = record_field_const(&layout, record_at(&records, 0), field);
        double tolerance;
        enum comparison comparison = comparison_of(field, &tolerance);
        for (size_t i = 0; i < array->n; i++) {
            double got = element(record_fields[field].type, values, i * array->stride), want = array->values[i];
            bool agrees = comparison == SAME     ? (float)got == (float)want
                          : comparison == WITHIN ? fabs(got - want) <= tolerance
                                                 : fabs(sqrt(got) - sqrt(want)) <= tolerance;
            if (!agrees && !(isnan(got) && isnan(want)))
                fail_msg("%s: %s, element %zu: %.9g, the reference has %.9g", name, array->name, i * array->stride, got,
                         want);
        }
    }
    kept_free(&kept);
    records_free(&records);
}

/* Every array of small jobs in all modes and options, against NumPy. */
static void test_against_numpy(void **state)
{
    (void)state;
    const char *const names[] = {
        "standard",      "context_end_linear",
        "one_layer_sgd", "context_middle_epochs",
        "replay",        "replay_default_linear_sgd",
        "sequential",    "wide_end_linear",
        "all_rejected",  "second_attempt",
        "dead_at_start", "smallest",
        "one_unit_deep",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        compare_with_kept(names[i]);
}

/* The references check both layouts. */
static int with_models(void **state)
{
    (void)state;
    return setenv("PICKY_LAYOUT", "models", 1);
}

static int with_units(void **state)
{
    (void)state;
    return setenv("PICKY_LAYOUT", "units", 1);
}

static int with_any_layout(void **state)
{
    (void)state;
    return unsetenv("PICKY_LAYOUT");
}

/* Twenty steps of Adam against torch.nn.Linear, torch.optim.Adam and autograd. */
static void test_against_pytorch(void **state)
{
    (void)state;
    compare_with_kept("torch_standard");
    compare_with_kept("torch_end_add");
}

/* ---- a record against the naive network ---- */

static void copy_weights(double *to, const struct record_layout *layout, const void *record, enum field field)
{
    const float *from = floats(layout, record, field);
    for (uint64_t i = 0; i < layout->n_elements[field]; i++)
        to[i] = (double)from[i];
}

/* The trained network of a record, or the untrained one (its biases are 0). The layout is the configuration's own. */
static struct reference_network *network_of(const struct record_layout *layout, const void *record,
                                            const struct hyperparameters *h, bool is_trained)
{
    struct reference_network *network =
        reference_network_create((size_t)h->hidden_size, (size_t)h->hidden_layers, 2,
                                 (size_t)hyperparameters_context_layer(h) - 1, h->output_activation == OUTPUT_RELU);
    assert_non_null(network);
    copy_weights(network->input_weights, layout, record,
                 is_trained ? FIELD_INPUT_WEIGHTS : FIELD_INITIAL_INPUT_WEIGHTS);
    if (h->hidden_layers > 1)
        copy_weights(network->hidden_weights, layout, record,
                     is_trained ? FIELD_HIDDEN_WEIGHTS : FIELD_INITIAL_HIDDEN_WEIGHTS);
    copy_weights(network->context_weights, layout, record,
                 is_trained ? FIELD_CONTEXT_WEIGHTS : FIELD_INITIAL_CONTEXT_WEIGHTS);
    copy_weights(network->output_weights, layout, record,
                 is_trained ? FIELD_OUTPUT_WEIGHTS : FIELD_INITIAL_OUTPUT_WEIGHTS);
    if (is_trained) {
        copy_weights(network->biases, layout, record, FIELD_BIASES);
        copy_weights(network->output_bias, layout, record, FIELD_OUTPUT_BIAS);
    }
    return network;
}

/* Task 0 is x0 + x1; task 1 is x0 x1 or x0 + K x1. */
static double target_of(const struct hyperparameters *h, size_t task, const double x[2])
{
    if (task == 0)
        return x[0] + x[1];
    return strcmp(h->second_task, "prod") == 0 ? x[0] * x[1] : x[0] + strtod(h->second_task + 3, NULL) * x[1];
}

/* Fails unless `got` is within tolerance of `want`; says which. */
static void assert_near(double got, double want, double tolerance, const char *what, size_t index)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s, element %zu: %.9g, should be %.9g", what, index, got, want);
}

/* Recomputes from the stored weights and data: the ends of the histories, the losses, every measure of every unit and
 * RI. Sums of a network of this size carry a few float32 roundings of numbers near 1. */
static void check_record(const struct record_layout *layout, const void *record, const struct hyperparameters *h)
{
    const size_t H = (size_t)h->hidden_size, L = (size_t)h->hidden_layers, N = (size_t)h->N_test;
    const size_t last = (size_t)hyperparameters_history(h) - 1, n_train = (size_t)h->N_train;
    struct reference_network *trained = network_of(layout, record, h, true);
    struct reference_network *untrained = network_of(layout, record, h, false);

    /* Entry 0 of the training loss. */
    const uint8_t *train_task = record_field_const(layout, record, FIELD_TRAIN_TASK);
    const float *train_inputs = floats(layout, record, FIELD_TRAIN_INPUTS);
    double train_loss = 0;
    for (size_t i = 0; i < n_train; i++) {
        const size_t task = (size_t)train_task[i] - 1;
        const double x[2] = {(double)train_inputs[2 * i], (double)train_inputs[2 * i + 1]};
        assert_int_equal(task, (int64_t)i >= hyperparameters_task1_samples(h));
        train_loss += pow(reference_forward(untrained, x, task, NULL, NULL) - target_of(h, task, x), 2);
    }
    assert_near((double)floats(layout, record, FIELD_TRAIN_LOSS)[0], train_loss / (double)n_train, 1e-6, "train_loss",
                0);

    double *x = allocate(2 * N, sizeof *x), *targets = allocate(N, sizeof *targets);
    for (size_t task = 0; task < 2; task++) {
        double error = 0, loss = 0, untrained_error = 0;
        for (size_t s = 0; s < N; s++) {
            for (size_t k = 0; k < 2; k++)
                x[2 * s + k] = (double)floats(layout, record, FIELD_TEST_INPUTS)[(task * N + s) * 2 + k];
            targets[s] = target_of(h, task, &x[2 * s]);
            const double residual = reference_forward(trained, &x[2 * s], task, NULL, NULL) - targets[s];
            error += fabs(residual) / (double)N;
            loss += residual * residual / (double)N;
            untrained_error += fabs(reference_forward(untrained, &x[2 * s], task, NULL, NULL) - targets[s]) / (double)N;
        }
        const float *test_error = floats(layout, record, FIELD_TEST_ERROR);
        assert_near((double)test_error[task], untrained_error, 1e-6, "untrained test_error", task);
        assert_near((double)test_error[last * 2 + task], error, 1e-6, "test_error", task);
        assert_near((double)floats(layout, record, FIELD_TEST_LOSS)[task], loss, 1e-6, "test_loss", task);

        for (size_t u = 0; u < L * H; u++) {
            /* The central difference of a piecewise quadratic function is exact unless a kink lies within the step: a
             * tiny step makes that rare, and 1e-9 leaves a rounding error near 1e-7. */
            const struct reference_importance want =
                reference_unit_importance(trained, N, x, targets, task, u / H, u % H, 1e-9);
            const double measures[N_MEASURES] = {
                [MEASURE_ABLATION_MEAN] = want.ablation_mean, [MEASURE_ABLATION_SAMPLE] = want.ablation_sample,
                [MEASURE_TAYLOR_MEAN] = want.taylor_mean,     [MEASURE_TAYLOR_SAMPLE] = want.taylor_sample,
                [MEASURE_CONTRIBUTION] = want.contribution,   [MEASURE_VARIANCE] = want.variance,
            };
            for (size_t m = 0; m < N_MEASURES; m++) {
                const double got = (double)floats(layout, record, FIELD_IMPORTANCE)[(m * 2 + task) * L * H + u];
                assert_near(sqrt(got), sqrt(measures[m]), 2e-6 * (1 + sqrt(measures[m])), measure_table[m].name,
                            task * L * H + u);
            }
            assert_near((double)floats(layout, record, FIELD_LOSS_CHANGE)[task * L * H + u], want.loss_change,
                        2e-6 * (1 + fabs(want.loss_change)), "loss_change", task * L * H + u);
            assert_near((double)floats(layout, record, FIELD_MEAN_ACTIVATION)[task * L * H + u], want.mean_activation,
                        2e-6 * (1 + want.mean_activation), "mean_activation", task * L * H + u);
        }
    }
    free(x);
    free(targets);
    reference_network_destroy(trained);
    reference_network_destroy(untrained);
}

/* RI from the record's own importances, which decides exactly which units count as unimportant. */
static void check_relative_importance(const struct record_layout *layout, const void *record,
                                      const struct hyperparameters *h)
{
    const size_t H = (size_t)h->hidden_size, L = (size_t)h->hidden_layers;
    const float *importance = floats(layout, record, FIELD_IMPORTANCE);
    double *a = allocate(H, sizeof *a), *b = allocate(H, sizeof *b), *ri = allocate(H, sizeof *ri);
    for (size_t m = 0; m < N_MEASURES; m++)
        for (size_t l = 0; l < L; l++) {
            for (size_t i = 0; i < H; i++) {
                a[i] = (double)importance[((m * 2 + 0) * L + l) * H + i];
                b[i] = (double)importance[((m * 2 + 1) * L + l) * H + i];
            }
            reference_relative_importance(H, a, b, 0.1, ri);
            for (size_t i = 0; i < H; i++) {
                const float got = floats(layout, record, FIELD_RELATIVE_IMPORTANCE)[(m * L + l) * H + i];
                if (isnan(ri[i]))
                    assert_true(isnan(got));
                else
                    assert_near((double)got, ri[i], 1e-6, measure_table[m].name, l * H + i);
            }
        }
    free(a);
    free(b);
    free(ri);
}

/* Trained models of odd and even sizes, one layer to the most that there may be, all places of the context. */
static void test_against_naive_network(void **state)
{
    (void)state;
    const struct hyperparameters configs[] = {
        hyperparameters_of("N_test", "21", NULL),
        hyperparameters_of("N_test", "11", "context_location", "end", "output_activation", "linear", "epochs", "2",
                           NULL),
        hyperparameters_of("hidden_size", "100", "hidden_layers", "2", "N_test", "10", "epochs", "1", "second_task",
                           "add1.5", NULL),
        hyperparameters_of("hidden_size", "5", "N_test", "33", "context_location", "3", NULL),
        hyperparameters_of("hidden_size", "33", "hidden_layers", "1", "N_test", "101", "second_task", "add-0.5", NULL),
        hyperparameters_of("hidden_size", "16", "N_test", "7", "train_mode", "replay", "epochs", "3", NULL),
        hyperparameters_of("hidden_size", "3", "hidden_layers", "32", "context_location", "17", "N_test", "9", "epochs",
                           "2", "output_activation", "linear", NULL),
        hyperparameters_of("hidden_size", "1", "hidden_layers", "2", "N_test", "1", "N_train", "3", "batch_size", "3",
                           "fraction", "0.34", NULL),
        hyperparameters_of("hidden_size", "20", "N_test", "12", "optimizer", "sgd", "lr", "0.05", "output_activation",
                           "linear", "batch_size", "64", NULL),
    };
    for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++) {
        struct record_layout layout = layout_of(&configs[c], 1);
        const struct job jobs[] = {{.seed = 1, .h = configs[c]}, {.seed = 1000000007, .h = configs[c]}};
        struct records records = run(&layout, jobs, 2);
        for (size_t i = 0; i < 2; i++) {
            check_record(&layout, record_at(&records, i), &configs[c]);
            check_relative_importance(&layout, record_at(&records, i), &configs[c]);
        }
        records_free(&records);
    }
}

/* RI through its own function, on the cases that decide. */
static void test_relative_importance_by_hand(void **state)
{
    (void)state;
    /* Means 2 and 4: importances below 0.2 and 0.4 count as 0. */
    const float a[] = {7, 0.1875f, 0.1875f, 2, 0, 2.625f};
    const float b[] = {5, 1, 0.375f, 0.375f, 8.625f, 8.625f};
    float ri[6];
    relative_importance(a, b, 6, 0.1, ri);
    assert_true(ri[0] == (7.0f - 5.0f) / (7.0f + 5.0f));
    assert_true(ri[1] == -1);
    const float nan_bits = quiet_nan();
    assert_memory_equal(&ri[2], &nan_bits, sizeof nan_bits);
    assert_true(ri[3] == 1 && ri[4] == -1);
    assert_true(fabsf(ri[5] - (2.625f - 8.625f) / (2.625f + 8.625f)) < 1e-7f);

    /* An importance at the threshold is not below it. Means 2 and 4. */
    const float even[] = {1, 3}, twice[] = {2, 6}, zero[] = {0, 0};
    relative_importance(even, twice, 2, 0.5, ri);
    assert_true(fabsf(ri[0] + 1.0f / 3) < 1e-7f && fabsf(ri[1] + 1.0f / 3) < 1e-7f);
    relative_importance(even, twice, 2, 0.500001, ri);
    assert_true(isnan(ri[0]) && fabsf(ri[1] + 1.0f / 3) < 1e-7f);

    relative_importance(zero, zero, 2, 0.1, ri);
    assert_memory_equal(&ri[0], &nan_bits, sizeof nan_bits);
    assert_memory_equal(&ri[1], &nan_bits, sizeof nan_bits);
    relative_importance(zero, even, 2, 0.1, ri);
    assert_true(ri[0] == -1 && ri[1] == -1);
    /* Without a threshold only exact zeros are unimportant. */
    relative_importance(a, b, 6, 0, ri);
    assert_true(fabsf(ri[2] + 1.0f / 3) < 1e-7f && ri[4] == -1);
    /* The scale does not matter, however small. */
    const float small_a[] = {3e-30f, 1e-30f}, small_b[] = {1e-30f, 3e-30f};
    relative_importance(small_a, small_b, 2, 0.1, ri);
    assert_true(fabsf(ri[0] - 0.5f) < 1e-6f && fabsf(ri[1] + 0.5f) < 1e-6f);
}

/* ---- initial weights ---- */

struct moments {
    double n, sum, sum2, largest, bins[16];
};

static void add_weights(struct moments *moments, const float *weights, size_t n, size_t fan_in)
{
    const double bound = 1 / sqrt((double)fan_in);
    for (size_t i = 0; i < n; i++) {
        const double w = (double)weights[i] / bound;
        moments->n++;
        moments->sum += w;
        moments->sum2 += w * w;
        moments->largest = fmax(moments->largest, fabs(w));
        moments->bins[(int)fmax(0, fmin(15, floor((w + 1) * 8)))]++;
    }
}

/* U(-1, 1): mean 0 (standard error 1/sqrt(3 n)), variance 1/3 (standard error of the mean square sqrt(4/45 / n)),
 * 16 equal bins. The bounds are 5 standard errors and chi-square's 1 - 1e-6 quantile at 15 degrees of freedom; the
 * seeds are fixed. */
static void assert_uniform(const struct moments *moments)
{
    const double n = moments->n;
    assert_true(moments->largest <= 1 + 1e-7 && moments->largest > 1 - 30 / n);
    assert_true(fabs(moments->sum / n) < 5 / sqrt(3 * n));
    assert_true(fabs(moments->sum2 / n - 1.0 / 3) < 5 * sqrt(4.0 / 45 / n));
    double chi2 = 0;
    for (int i = 0; i < 16; i++)
        chi2 += pow(moments->bins[i] - n / 16, 2) / (n / 16);
    assert_true(chi2 < 56.5);
}

/* U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for every fan-in: 2, 2 + T, H, H + T, with the context at both ends and in the
 * middle; no two rows or layers of weights are the same. */
static void test_initial_weights(void **state)
{
    (void)state;
    const char *const locations[] = {"start", "2", "end"};
    enum { N_JOBS = 24, H = 13, L = 4, T = 2 };
    for (size_t c = 0; c < 3; c++) {
        struct hyperparameters h = hyperparameters_of("hidden_size", "13", "N_train", "20", "N_test", "1", "epochs",
                                                      "1", "context_location", locations[c], "max_attempts", "1", NULL);
        struct record_layout layout = layout_of(&h, 1);
        struct job jobs[N_JOBS];
        for (int i = 0; i < N_JOBS; i++)
            jobs[i] = (struct job){.seed = 500 + i, .h = h};
        struct records records = run(&layout, jobs, N_JOBS);

        const int context_layer = hyperparameters_context_layer(&h);
        struct moments input = {0}, hidden[L - 1] = {{0}}, context = {0}, output = {0};
        for (size_t j = 0; j < N_JOBS; j++) {
            const void *record = record_at(&records, j);
            const float *hidden_weights = floats(&layout, record, FIELD_INITIAL_HIDDEN_WEIGHTS);
            add_weights(&input, floats(&layout, record, FIELD_INITIAL_INPUT_WEIGHTS), H * 2,
                        context_layer == 1 ? 2 + T : 2);
            for (int l = 0; l < L - 1; l++)
                add_weights(&hidden[l], hidden_weights + l * H * H, H * H, context_layer == l + 2 ? H + T : H);
            add_weights(&context, floats(&layout, record, FIELD_INITIAL_CONTEXT_WEIGHTS), H * T,
                        context_layer == 1 ? 2 + T : H + T);
            add_weights(&output, floats(&layout, record, FIELD_INITIAL_OUTPUT_WEIGHTS), H, H);
            for (int row = 1; row < (L - 1) * H; row++)
                assert_memory_not_equal(hidden_weights, hidden_weights + row * H, H * sizeof *hidden_weights);
            assert_memory_not_equal(hidden_weights, floats(&layout, record, FIELD_INITIAL_OUTPUT_WEIGHTS),
                                    H * sizeof *hidden_weights);
            if (j > 0)
                assert_memory_not_equal(hidden_weights,
                                        floats(&layout, record_at(&records, j - 1), FIELD_INITIAL_HIDDEN_WEIGHTS),
                                        (L - 1) * H * H * sizeof *hidden_weights);
        }
        assert_uniform(&input);
        for (int l = 0; l < L - 1; l++)
            assert_uniform(&hidden[l]);
        assert_uniform(&context);
        assert_uniform(&output);
        records_free(&records);
    }
}

/* ---- what a job may not depend on ---- */

enum { N_MIXED = 60 };

/* Jobs of three shapes whose models differ in all that may differ within a pack. Some take several attempts, some are
 * dead at the start, some never get below the threshold. */
static void mixed_jobs(struct job jobs[N_MIXED])
{
    static const char *const lr[] = {"0.001", "0.003", "0.0005", "0.01"};
    static const char *const fraction[] = {"0.5", "0.47", "0.31"};
    static const char *const second_task[] = {"prod", "add1.5", "add-0.5"};
    static const char *const threshold[] = {"0.3", "0.05", "0.2"};
    for (int i = 0; i < N_MIXED; i++) {
        const char *mode = i % 3 == 2 ? "sequential" : "random";
        struct hyperparameters h = hyperparameters_of(
            "hidden_size", i % 3 == 0 ? "9" : "16", "N_train", "200", "N_test", "17", "epochs", "4", "max_attempts",
            "5", "train_mode", mode, "lr", lr[i % 4], "fraction", i % 3 == 2 ? "0.5" : fraction[i / 3 % 3],
            "second_task", second_task[i / 2 % 3], "error_threshold", threshold[i / 5 % 3], NULL);
        jobs[i] = (struct job){.seed = 40 + i / 7, .h = h};
    }
}

/* The same bits from a job alone, in full packs, in packs of other company and in any order. */
static void test_independent_of_neighbours(void **state)
{
    (void)state;
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    struct records together = run(&layout, jobs, N_MIXED);

    int n_accepted = 0, n_later = 0, n_rejected = 0;
    for (size_t i = 0; i < N_MIXED; i++) {
        struct records alone = run(&layout, &jobs[i], 1);
        assert_same_bits(&layout, record_at(&together, i), record_at(&alone, 0));
        n_accepted += status_of(&layout, record_at(&alone, 0)) == STATUS_ACCEPTED;
        n_later += status_of(&layout, record_at(&alone, 0)) == STATUS_ACCEPTED &&
                   attempts_of(&layout, record_at(&alone, 0)) > 1;
        n_rejected += status_of(&layout, record_at(&alone, 0)) == STATUS_REJECTED;
        records_free(&alone);
    }
    /* The jobs are the mixture that they are meant to be. */
    assert_true(n_accepted >= 5 && n_later >= 3 && n_rejected >= 5);

    size_t order[N_MIXED];
    for (size_t i = 0; i < N_MIXED; i++)
        order[i] = N_MIXED - 1 - i;
    struct records backwards = run_in_order(&layout, jobs, order, N_MIXED);
    for (size_t i = 0; i < N_MIXED; i++)
        order[i] = i * 37 % N_MIXED;
    struct records shuffled = run_in_order(&layout, jobs, order, N_MIXED);
    for (size_t i = 0; i < N_MIXED; i++) {
        assert_same_bits(&layout, record_at(&together, i), record_at(&backwards, i));
        assert_same_bits(&layout, record_at(&together, i), record_at(&shuffled, i));
    }
    records_free(&together);
    records_free(&backwards);
    records_free(&shuffled);
}

/* Every instruction set that runs here gives the bits of the portable one. */
static void test_independent_of_instruction_set(void **state)
{
    (void)state;
    static const char *const names[] = {"portable", "avx2", "avx512", "neon"};
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    const char *variable = getenv("PICKY_SIMD");
    char *chosen = variable ? strdup(variable) : NULL;

    struct records portable = {0};
    int n_compared = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct kernels *kernels;
        struct error error;
        assert_int_equal(setenv("PICKY_SIMD", names[i], 1), 0);
        if (kernels_choose(&kernels, &error)) {
            assert_true(i > 0); /* portable always runs */
            continue;
        }
        assert_string_equal(kernels->name, names[i]);
        struct records records = run(&layout, jobs, N_MIXED);
        if (i == 0) {
            portable = records;
            continue;
        }
        for (size_t j = 0; j < N_MIXED; j++)
            assert_same_bits(&layout, record_at(&portable, j), record_at(&records, j));
        records_free(&records);
        n_compared++;
    }
    records_free(&portable);
    if (chosen)
        setenv("PICKY_SIMD", chosen, 1);
    else
        unsetenv("PICKY_SIMD");
    free(chosen);
    print_message("compared %d instruction sets with the portable one\n", n_compared);
}

/* The same bits from every compiler: a digest (FNV-1a) of the fields of the jobs above. A change of picky's arithmetic,
 * its random streams or its record changes it, and with it what sweeps of the version before would give: then, and only
 * then, the number is to be replaced. */
enum { N_DEEP = 16 };

/* As crtfastmath.o does when a program or a library is loaded. */
static void flush_denormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ, DAZ */
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | UINT64_C(1) << 24));
#endif
}

/* Another floating-point environment of the process, as a library that was linked with -Ofast leaves it: not minded.
 * The networks are deep, so that denormals occur in training. */
static void test_independent_of_float_environment(void **state)
{
    (void)state;
    const struct hyperparameters h = hyperparameters_of("hidden_layers", "32", "hidden_size", "4", "N_train", "100",
                                                        "epochs", "2", "max_attempts", "1", NULL);
    struct record_layout layout = layout_of(&h, 1);
    struct job jobs[N_DEEP];
    for (size_t i = 0; i < N_DEEP; i++)
        jobs[i] = (struct job){.seed = (int64_t)i, .h = h};
    struct records expected = run(&layout, jobs, N_DEEP);
    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0)
            assert_int_equal(fesetround(FE_UPWARD), 0);
        else
            flush_denormals();
        struct records found = run(&layout, jobs, N_DEEP);
        fesetenv(FE_DFL_ENV);
        for (size_t i = 0; i < N_DEEP; i++)
            assert_same_bits(&layout, record_at(&expected, i), record_at(&found, i));
        records_free(&found);
    }
    records_free(&expected);
}

static void test_digest(void **state)
{
    (void)state;
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    struct records records = run(&layout, jobs, N_MIXED);
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < N_MIXED; i++)
        for (int f = 0; f < N_FIELDS; f++) {
            const unsigned char *bytes = record_field_const(&layout, record_at(&records, i), (enum field)f);
            if (record_fields[f].is_provenance || !bytes)
                continue;
            for (uint64_t b = 0; b < layout.n_elements[f] * field_type_size(record_fields[f].type); b++)
                digest = (digest ^ bytes[b]) * UINT64_C(0x100000001b3);
        }
    records_free(&records);
    if (digest != UINT64_C(0x83894bbc1d39c8e3))
        fail_msg("digest %#" PRIx64, digest);
}

/* An unknown instruction set is refused, and so is a runner. */
static void test_unknown_instruction_set(void **state)
{
    (void)state;
    struct hyperparameters h = hyperparameters_of(NULL);
    struct record_layout layout = layout_of(&h, 1);
    const char *variable = getenv("PICKY_SIMD");
    char *chosen = variable ? strdup(variable) : NULL;
    struct error error = {0};
    struct job_runner *runner = NULL;
    setenv("PICKY_SIMD", "mmx", 1);
    assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "mmx"));
    assert_non_null(strstr(error.message, "portable"));
    assert_null(runner);
    if (chosen)
        setenv("PICKY_SIMD", chosen, 1);
    else
        unsetenv("PICKY_SIMD");
    free(chosen);
}

/* A job of a sweep with larger configurations: the same numbers in a wider record, padded with NaN (train_task: 255).
 */
static void test_padding(void **state)
{
    (void)state;
    const struct hyperparameters configs[] = {
        hyperparameters_of("hidden_size", "5", "hidden_layers", "2", "N_train", "40", "N_test", "7", "epochs", "2",
                           "max_attempts", "2", "context_location", "end", NULL),
        hyperparameters_of("hidden_size", "8", "hidden_layers", "3", "N_train", "60", "N_test", "9", "epochs", "2",
                           "max_attempts", "3", "train_mode", "sequential", NULL),
    };
    struct record_layout own = layout_of(configs, 1), wide = layout_of(configs, 2);
    struct job jobs[] = {{.seed = 3, .h = configs[0]}, {.seed = 3, .h = configs[1]}};
    struct records narrow_records = run(&own, jobs, 1), wide_records = run(&wide, jobs, 2);

    const float nan_bits = quiet_nan();
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        if (field->is_provenance)
            continue;
        const size_t size = field_type_size(field->type);
        const char *narrow = record_field_const(&own, record_at(&narrow_records, 0), (enum field)f);
        const char *padded = record_field_const(&wide, record_at(&wide_records, 0), (enum field)f);
        size_t n_kept = 0;
        for (uint64_t i = 0; i < wide.n_elements[f]; i++) {
            /* The element's place in the narrow array, if it has one. */
            uint64_t rest = i, place = 0, scale = 1;
            bool is_kept = true;
            for (int d = field->n_dimensions; d-- > 0;) {
                uint64_t index = rest % wide.size[field->dimensions[d]];
                rest /= wide.size[field->dimensions[d]];
                is_kept = is_kept && index < own.size[field->dimensions[d]];
                place += index * scale;
                scale *= own.size[field->dimensions[d]];
            }
            if (is_kept) {
                assert_memory_equal(padded + i * size, narrow + place * size, size);
                n_kept++;
            } else if (field->type == FIELD_F32) {
                assert_memory_equal(padded + i * size, &nan_bits, size);
            } else {
                assert_int_equal(f, FIELD_TRAIN_TASK);
                assert_int_equal((unsigned char)padded[i], 255);
            }
        }
        assert_int_equal(n_kept, own.n_elements[f]);
    }
    records_free(&narrow_records);
    records_free(&wide_records);
}

/* ---- attempts, failures ---- */

/* Attempts end with the first that every task's error accepts; the others' errors are all kept. */
static void test_attempts(void **state)
{
    (void)state;
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    struct records records = run(&layout, jobs, N_MIXED);
    for (size_t i = 0; i < N_MIXED; i++) {
        const struct hyperparameters *h = &jobs[i].h;
        const void *record = record_at(&records, i);
        const float *attempt_error = floats(&layout, record, FIELD_ATTEMPT_ERROR);
        const float *test_error = floats(&layout, record, FIELD_TEST_ERROR);
        const int attempts = attempts_of(&layout, record);
        int64_t seed;
        memcpy(&seed, record_field_const(&layout, record, FIELD_SEED), sizeof seed);
        assert_int_equal(seed, jobs[i].seed);
        assert_in_range(attempts, 1, h->max_attempts);
        assert_int_equal(layout.size[DIMENSION_ATTEMPT], h->max_attempts);
        for (int a = 0; a < h->max_attempts; a++) {
            const float *error = attempt_error + a * 2;
            const bool is_good = (double)error[0] < h->error_threshold && (double)error[1] < h->error_threshold;
            assert_true(isnan(error[0]) == (a >= attempts) && isnan(error[1]) == (a >= attempts));
            assert_int_equal(is_good, a == attempts - 1 && status_of(&layout, record) == STATUS_ACCEPTED);
        }
        if (status_of(&layout, record) == STATUS_REJECTED)
            assert_int_equal(attempts, h->max_attempts);
        else
            assert_int_equal(status_of(&layout, record), STATUS_ACCEPTED);
        const int64_t last = hyperparameters_history(h) - 1;
        assert_memory_equal(attempt_error + (attempts - 1) * 2, test_error + last * 2, 2 * sizeof *test_error);
    }
    records_free(&records);
}

/* One more allowed attempt changes nothing in a job that is accepted before it. */
static void test_more_attempts_allowed(void **state)
{
    (void)state;
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    struct records few = run(&layout, jobs, N_MIXED);
    struct job more[N_MIXED];
    memcpy(more, jobs, sizeof more);
    for (int i = 0; i < N_MIXED; i++)
        more[i].h.max_attempts = i % 2 ? 4 : 3; /* fewer, and the layout stays */
    struct records fewer = run(&layout, more, N_MIXED);
    int n_same = 0;
    for (size_t i = 0; i < N_MIXED; i++)
        if (status_of(&layout, record_at(&few, i)) == STATUS_ACCEPTED &&
            attempts_of(&layout, record_at(&few, i)) <= more[i].h.max_attempts) {
            assert_same_bits(&layout, record_at(&few, i), record_at(&fewer, i));
            n_same++;
        }
    assert_true(n_same >= 5);
    records_free(&few);
    records_free(&fewer);
}

/* An attempt that is rejected untrained, because its output is 0 on every training sample, leaves what it would have
 * left had it been trained: as the last attempt that a job may use it is trained. */
static void test_dead_at_start(void **state)
{
    (void)state;
    enum { N = 64 };
    struct job once[N], twice[N];
    for (int i = 0; i < N; i++) {
        once[i] = (struct job){.seed = i,
                               .h = hyperparameters_of("hidden_size", "11", "N_train", "200", "N_test", "17", "epochs",
                                                       "2", "max_attempts", "1", "context_location", "2", NULL)};
        twice[i] = once[i];
        twice[i].h.max_attempts = 2;
    }
    struct record_layout layout = layout_of_jobs(twice, N);
    struct records trained = run(&layout, once, N), screened = run(&layout, twice, N);
    int n_dead = 0;
    for (size_t i = 0; i < N; i++) {
        const float *loss = floats(&layout, record_at(&trained, i), FIELD_TRAIN_LOSS);
        const float *error = floats(&layout, record_at(&trained, i), FIELD_TEST_ERROR);
        const void *biases = floats(&layout, record_at(&trained, i), FIELD_BIASES);
        const float zeros[4 * 11] = {0};
        assert_true(isfinite(loss[0]) && isfinite(loss[2]));
        assert_memory_equal(floats(&layout, record_at(&trained, i), FIELD_ATTEMPT_ERROR),
                            floats(&layout, record_at(&screened, i), FIELD_ATTEMPT_ERROR), 2 * sizeof *error);
        /* Their bits. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (memcmp(biases, zeros, sizeof zeros) == 0) {
            assert_memory_equal(error, error + 4, 2 * sizeof *error);
            n_dead++;
        }
    }
    assert_true(n_dead >= 5 && n_dead <= N - 5);
    records_free(&trained);
    records_free(&screened);

    struct job_runner *runner;
    struct error error;
    struct records records = {.n = N, .n_bytes = layout.n_bytes};
    records.bytes = allocate(N, layout.n_bytes);
    records.is_done = allocate(N, sizeof *records.is_done);
    assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_NONE);
    for (size_t i = 0; i < N; i++) {
        twice[i].config = i;
        twice[i].replicate = 7 * i;
        assert_int_equal(job_runner_add(runner, &twice[i], &error), ERROR_NONE);
    }
    while (job_runner_waiting(runner) > 0)
        assert_int_equal(job_runner_step(runner, collect, &records, &error), ERROR_NONE);
    assert_int_equal(job_runner_totals(runner).rejected_at_start, n_dead);
    job_runner_destroy(runner);
    records_free(&records);
}

/* Targets that were computed (linked in place of targets_compute). */
static size_t n_computed;
size_t __real_targets_compute(const struct targets *targets, int task, size_t n, const float *x, float *target);
size_t __wrap_targets_compute(const struct targets *targets, int task, size_t n, const float *x, float *target);
size_t __wrap_targets_compute(const struct targets *targets, int task, size_t n, const float *x, float *target)
{
    n_computed += n;
    return __real_targets_compute(targets, task, n, x, target);
}

/* An attempt's targets are computed once, though it is looked at untrained and trained later. */
static void test_targets_once(void **state)
{
    (void)state;
    enum { N = 40 };
    const struct hyperparameters h = hyperparameters_of("hidden_size", "5", "N_train", "203", "N_test", "17", "epochs",
                                                        "1", "max_attempts", "2", NULL);
    struct job jobs[N];
    struct error error;
    struct job_runner *runner;
    for (size_t i = 0; i < N; i++)
        jobs[i] = (struct job){.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = h};
    struct record_layout layout = layout_of_jobs(jobs, N);
    struct records records = {.n = N, .n_bytes = layout.n_bytes};
    records.bytes = allocate(N, layout.n_bytes);
    records.is_done = allocate(N, sizeof *records.is_done);
    assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_NONE);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(job_runner_add(runner, &jobs[i], &error), ERROR_NONE);
    n_computed = 0;
    while (job_runner_waiting(runner) > 0)
        assert_int_equal(job_runner_step(runner, collect, &records, &error), ERROR_NONE);
    assert_int_equal(n_computed, job_runner_totals(runner).attempts * training_n_targets(&h));
    job_runner_destroy(runner);
    records_free(&records);
}

/* A learning rate at which every SGD model's numbers overflow. */
static struct hyperparameters diverging(void)
{
    return hyperparameters_of("optimizer", "sgd", "lr", "10", "output_activation", "linear", "hidden_size", "16",
                              "N_train", "200", "N_test", "7", "epochs", "2", "max_attempts", "3", NULL);
}

/* A diverging job says so, keeps no numbers, and does not touch its neighbours. */
static void test_diverged(void **state)
{
    (void)state;
    enum { N = 33 };
    struct job jobs[N];
    for (int i = 0; i < N; i++) {
        jobs[i] = (struct job){.seed = i, .h = diverging()};
        if (i % 3 == 1)
            jobs[i].h.lr = 0.02;
    }
    struct record_layout layout = layout_of_jobs(jobs, N);
    struct records together = run(&layout, jobs, N);

    void *cleared = allocate(1, layout.n_bytes);
    for (size_t i = 0; i < N; i++) {
        const void *record = record_at(&together, i);
        const char *reason = record_field_const(&layout, record, FIELD_REASON);
        struct records alone = run(&layout, &jobs[i], 1);
        assert_same_bits(&layout, record, record_at(&alone, 0));
        records_free(&alone);

        if (i % 3 == 1) {
            assert_true(status_of(&layout, record) == STATUS_ACCEPTED || status_of(&layout, record) == STATUS_REJECTED);
            assert_int_equal(reason[0], '\0');
            for (size_t e = 0; e < layout.n_elements[FIELD_TRAIN_LOSS]; e++)
                assert_true(isfinite(floats(&layout, record, FIELD_TRAIN_LOSS)[e]));
            continue;
        }
        assert_int_equal(status_of(&layout, record), STATUS_DIVERGED);
        assert_int_equal(attempts_of(&layout, record), 3);
        assert_true(reason[0] != '\0' && memchr(reason, '\0', FIELD_TEXT_SIZE) != NULL);
        record_clear(&layout, cleared);
        *(uint8_t *)record_field(&layout, cleared, FIELD_STATUS) = STATUS_DIVERGED;
        memcpy(record_field(&layout, cleared, FIELD_SEED), &jobs[i].seed, sizeof jobs[i].seed);
        memcpy(record_field(&layout, cleared, FIELD_ATTEMPTS), &(uint16_t){3}, sizeof(uint16_t));
        assert_same_bits(&layout, record, cleared);
    }
    free(cleared);
    records_free(&together);
}

/* On the edge of divergence some attempts overflow and others do not: whatever happens, a record's floats are finite or
 * the one NaN, on every instruction set the same. */
static void test_edge_of_divergence(void **state)
{
    (void)state;
    enum { N = 96 };
    static const char *const lr[] = {"1.15", "0.2", "1.2", "0.8", "1.6", "10"};
    struct job jobs[N];
    for (int i = 0; i < N; i++)
        jobs[i] = (struct job){.seed = i / 12,
                               .h = hyperparameters_of(
                                   "optimizer", i % 12 < 9 ? "sgd" : "adam", "lr", lr[i % 6], "output_activation",
                                   i % 2 ? "relu" : "linear", "hidden_size", "16", "N_train", "200", "N_test", "7",
                                   "epochs", "3", "hidden_layers", i % 12 < 9 ? "4" : "10", "max_attempts", "4", NULL)};
    struct record_layout layout = layout_of_jobs(jobs, N);
    struct records records = run(&layout, jobs, N);
    const float nan_bits = quiet_nan();
    int counts[N_STATUSES] = {0}, n_recovered = 0;
    for (size_t i = 0; i < N; i++) {
        const void *record = record_at(&records, i);
        const int status = status_of(&layout, record), attempts = attempts_of(&layout, record);
        counts[status]++;
        for (int f = 0; f < N_FIELDS; f++)
            for (uint64_t e = 0; record_fields[f].type == FIELD_F32 && e < layout.n_elements[f]; e++) {
                const float value = floats(&layout, record, (enum field)f)[e];
                /* The bits. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
                if (!isfinite(value) && memcmp(&value, &nan_bits, sizeof value) != 0)
                    fail_msg("job %zu, status %d: %s, element %zu: %g", i, status, record_fields[f].name, (size_t)e,
                             (double)value);
            }
        if (status == STATUS_DIVERGED)
            continue;
        /* The attempt that a record shows did not diverge: its histories are numbers. */
        for (int64_t e = 0; e < hyperparameters_history(&jobs[i].h); e++)
            assert_true(isfinite(floats(&layout, record, FIELD_TRAIN_LOSS)[e]));
        for (int a = 0; a < attempts; a++)
            n_recovered += isnan(floats(&layout, record, FIELD_ATTEMPT_ERROR)[a * 2]);
    }
    print_message("accepted %d, rejected %d, diverged %d; %d attempts diverged before another did not\n",
                  counts[STATUS_ACCEPTED], counts[STATUS_REJECTED], counts[STATUS_DIVERGED], n_recovered);
    assert_true(counts[STATUS_REJECTED] > 0 && counts[STATUS_DIVERGED] > 0 && n_recovered > 0);
    assert_int_equal(counts[STATUS_ERROR] + counts[STATUS_PENDING], 0);

    const char *variable = getenv("PICKY_SIMD");
    char *chosen = variable ? strdup(variable) : NULL;
    setenv("PICKY_SIMD", "portable", 1);
    struct records portable = run(&layout, jobs, N);
    for (size_t i = 0; i < N; i++)
        assert_same_bits(&layout, record_at(&records, i), record_at(&portable, i));
    if (chosen)
        setenv("PICKY_SIMD", chosen, 1);
    else
        unsetenv("PICKY_SIMD");
    free(chosen);
    records_free(&portable);
    records_free(&records);
}

/* A job that memory does not suffice for ends with an error in its record; the others go on. */
static void test_out_of_memory(void **state)
{
    (void)state;
#ifdef WITH_ADDRESS_SANITIZER
    skip(); /* it needs more address space than the limit leaves */
#else
    const struct hyperparameters configs[] = {
        hyperparameters_of("hidden_size", "4096", "hidden_layers", "32", "N_train", "10", "epochs", "1", "N_test", "1",
                           NULL),
        hyperparameters_of("hidden_size", "5", "hidden_layers", "1", "N_train", "10", "epochs", "1", "N_test", "1",
                           "max_attempts", "1", NULL),
    };
    struct record_layout layout;
    struct error error;
    assert_int_equal(record_layout_make(&layout, configs, 2, STORE_ALWAYS, &error), ERROR_NONE);
    const struct job jobs[] = {
        {.seed = 1, .h = configs[0]}, {.seed = 1, .h = configs[1]}, {.seed = 2, .h = configs[0]}};

    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    small = limit;
    small.rlim_cur = (rlim_t)1 << 30;
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
    struct records records = run(&layout, jobs, 3);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);

    for (size_t i = 0; i < 3; i++) {
        const char *reason = record_field_const(&layout, record_at(&records, i), FIELD_REASON);
        const int status = status_of(&layout, record_at(&records, i));
        if (i == 1) {
            assert_true(status == STATUS_ACCEPTED || status == STATUS_REJECTED);
            continue;
        }
        assert_int_equal(status, STATUS_ERROR);
        assert_true(reason[0] != '\0');
        for (uint64_t e = 0; e < layout.n_elements[FIELD_IMPORTANCE]; e++)
            assert_true(isnan(floats(&layout, record_at(&records, i), FIELD_IMPORTANCE)[e]));
    }
    records_free(&records);
#endif
}

/* Jobs of two shapes in turns, with several attempts, in whatever memory: down to one model at a time the bits are the
 * same. One byte less and they end as errors, the reason telling what is needed. */
static void test_independent_of_memory(void **state)
{
    (void)state;
    const struct hyperparameters configs[] = {
        hyperparameters_of("hidden_size", "20", "N_train", "60", "epochs", "2", "N_test", "7", "max_attempts", "3",
                           NULL),
        hyperparameters_of("hidden_size", "9", "N_train", "69", "epochs", "2", "N_test", "3", "max_attempts", "2",
                           NULL),
    };
    enum { N = 26 };
    struct job jobs[N];
    for (size_t i = 0; i < N; i++)
        jobs[i] = (struct job){.seed = (int64_t)i, .h = configs[i % 3 == 0]};
    const struct record_layout layout = layout_of(configs, 2);
    const struct records expected = run(&layout, jobs, N);

    const struct kernels *widest;
    struct error error;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    const uint64_t least = packing_choose(widest, &configs[0], 1, 0).n_bytes;
    const uint64_t both = packing_choose(widest, &configs[0], 16, MEMORY_UNLIMITED).n_bytes +
                          packing_choose(widest, &configs[1], 16, MEMORY_UNLIMITED).n_bytes;
    size_t last_models = 0, n_widths = 0;
    for (uint64_t memory = least - 1; memory < both + both / 20; memory = memory < least ? least : memory * 21 / 20) {
        const struct packing packing = packing_choose(widest, &configs[0], 16, memory);
        assert_true(packing.n_models >= last_models);
        assert_true(packing.n_models == 0 || packing.n_bytes <= memory);
        n_widths += packing.n_models > last_models;
        last_models = packing.n_models;
        const struct records records = run_in_memory(&layout, jobs, NULL, N, memory);
        for (size_t i = 0; i < N; i++) {
            if (packing.n_models > 0 || jobs[i].h.hidden_size == 9) {
                assert_same_bits(&layout, record_at(&records, i), record_at(&expected, i));
                continue;
            }
            const char *reason = record_field_const(&layout, record_at(&records, i), FIELD_REASON);
            assert_int_equal(status_of(&layout, record_at(&records, i)), STATUS_ERROR);
            assert_non_null(strstr(reason, "out of memory: a model needs "));
            assert_non_null(strstr(reason, " kB, there are "));
        }
        records_free((struct records *)&records);
    }
    assert_int_equal(last_models, widest->lanes);
    assert_true(n_widths > 1);
    struct records copy = expected;
    records_free(&copy);
}

/* ---- the runner ---- */

static enum error_code refuse(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)job;
    (void)record;
    (*(int *)context)++;
    return error_set(error, ERROR_FATAL, "disk full");
}

/* Waiting jobs are counted, the largest group goes first, an error from `done` stops the step and reaches its caller.
 */
/* A target that is not finite: the record's reason has task and point first, and cuts no number. */
static enum error_code keep_reason(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    const struct record_layout layout = layout_of(&job->h, 1);
    snprintf(context, FIELD_TEXT_SIZE + 1, "%s", (const char *)record_field_const(&layout, record, FIELD_REASON));
    return ERROR_NONE;
}

static void test_not_finite(void **state)
{
    (void)state;
    static const struct {
        const char *tasks, *n_inputs, *start, *end; /* of the reason */
    } cases[] = {
        {"x0; log(0 * x1)", "2", "task 2 is not finite at x1 = 0.", ": log(0 * x1)"},
        {"log(0)", "1", "task 1 is not finite: log(0)", ""},
        {"x0; x1 + 0 * sin(x0) + 0 * cos(x1 * 3) + 0 * exp(x1 * 3 + x0) + log(0 * x0)", "2",
         "task 2 is not finite at x0 = 0.", " ..."},
        {"log(0 * (x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13 + x14 + x15 + a))", "16",
         "task 1 is not finite at x0 = 0.", ", ..."},
        {"log(0 * max(x0,x1)) + max(max(max(max(x0,x1),max(x0,x1)),max(x0,x1)),max(max(x0,x1),max(x0,123456.7)))", "2",
         "task 1 is not finite at x0 = 0.", " ..."},
    };
    for (size_t n = 0, i = 0; n < 10 * sizeof cases / sizeof cases[0]; i = ++n / 10) {
        const struct job job = {.seed = (int64_t)n,
                                .h = hyperparameters_of("tasks", cases[i].tasks, "n_inputs", cases[i].n_inputs,
                                                        "hidden_size", "2", "N_train", "20", "epochs", "1", NULL)};
        const struct record_layout layout = layout_of(&job.h, 1);
        struct job_runner *runner;
        struct error error = {0};
        char reason[FIELD_TEXT_SIZE + 1] = "";
        assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_NONE);
        assert_int_equal(job_runner_add(runner, &job, &error), ERROR_NONE);
        while (job_runner_waiting(runner) > 0)
            assert_int_equal(job_runner_step(runner, keep_reason, reason, &error), ERROR_NONE);
        const char *whole = job_runner_reason(runner);
        size_t length = strlen(reason), n_end = strlen(cases[i].end);
        if (strncmp(reason, cases[i].start, strlen(cases[i].start)) != 0 || length >= FIELD_TEXT_SIZE ||
            length < n_end || strcmp(reason + length - n_end, cases[i].end) != 0)
            fail_msg("\"%s\" of \"%s\"", reason, whole);
        size_t n_kept = length - (strcmp(reason, whole) != 0 ? strlen(" ...") : 0);
        assert_memory_equal(reason, whole, n_kept);
        assert_true(whole[n_kept] == '\0' || whole[n_kept] == ' '); /* no number is cut */
        job_runner_destroy(runner);
    }
}

static void test_runner(void **state)
{
    (void)state;
    const struct hyperparameters configs[] = {
        hyperparameters_of("hidden_size", "3", "N_train", "20", "epochs", "1", "N_test", "2", "max_attempts", "1",
                           NULL),
        hyperparameters_of("hidden_size", "4", "N_train", "20", "epochs", "1", "N_test", "2", "max_attempts", "1",
                           NULL),
    };
    struct record_layout layout = layout_of(configs, 2);
    struct error error = {0};
    struct job_runner *runner;
    struct records records = {.n = 5, .n_bytes = layout.n_bytes};
    records.bytes = allocate(5, layout.n_bytes);
    records.is_done = allocate(5, sizeof *records.is_done);

    setenv("PICKY_LAYOUT", "models", 1); /* a pack of three */
    assert_int_equal(job_runner_create(&runner, &layout, &error), ERROR_NONE);
    const int lanes = job_runner_lanes(runner);
    assert_true(lanes == 4 || lanes == 8 || lanes == 16);
    assert_int_equal(job_runner_waiting(runner), 0);
    assert_int_equal(job_runner_largest_group(runner), 0);
    assert_int_equal(job_runner_step(runner, collect, &records, &error), ERROR_NONE);
    assert_int_equal(records.n_done, 0);

    for (uint64_t i = 0; i < 5; i++) {
        struct job job = {.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = configs[i < 2]};
        assert_int_equal(job_runner_add(runner, &job, &error), ERROR_NONE);
    }
    assert_int_equal(job_runner_waiting(runner), 5);
    assert_int_equal(job_runner_largest_group(runner), 3);
    assert_int_equal(job_runner_step(runner, collect, &records, &error), ERROR_NONE);
    assert_int_equal(records.n_done, 3);
    assert_false(records.is_done[0] || records.is_done[1]);
    assert_int_equal(job_runner_waiting(runner), 2);
    assert_int_equal(job_runner_largest_group(runner), 2);

    struct job_runner_totals totals = job_runner_totals(runner);
    assert_int_equal(totals.packs, 1);
    assert_int_equal(totals.attempts, 3);
    assert_true(totals.lanes_used <= 3 && totals.lanes_total >= 4 && totals.lanes_total <= (uint64_t)lanes);
    assert_true(totals.busy_s > 0 && totals.busy_s < 60);
    assert_true(totals.cpu_s > 0 && totals.cpu_s < 60);
    assert_true(totals.full_s > 0 && totals.expected_s > 0); /* estimates */

    int n_refused = 0;
    assert_int_equal(job_runner_step(runner, refuse, &n_refused, &error), ERROR_FATAL);
    assert_string_equal(error.message, "disk full");
    assert_int_equal(n_refused, 1);
    job_runner_destroy(runner);
    job_runner_destroy(NULL);
    unsetenv("PICKY_LAYOUT");
    records_free(&records);
}

/* ---- lengths, and measuring together ---- */

static int n_measurings;
void __real_importance_compute(struct importance *importance, struct training *training, atomic_size_t *n_done);
void __wrap_importance_compute(struct importance *importance, struct training *training, atomic_size_t *n_done);
void __wrap_importance_compute(struct importance *importance, struct training *training, atomic_size_t *n_done)
{
    n_measurings++;
    const size_t n_before = atomic_load(n_done);
    __real_importance_compute(importance, training, n_done);
    assert_int_equal(atomic_load(n_done) - n_before, importance_blocks(&training->network.shape));
}

/* Runs all of them in one runner, in packs. */
static struct job_runner_totals run_in_packs(const struct record_layout *layout, const struct job *jobs, size_t n,
                                             struct records *records)
{
    struct error error;
    struct job_runner *runner;
    *records = (struct records){.n = n, .n_bytes = layout->n_bytes};
    records->bytes = allocate(n, layout->n_bytes);
    records->is_done = allocate(n, sizeof *records->is_done);
    setenv("PICKY_LAYOUT", "models", 1);
    assert_int_equal(job_runner_create(&runner, layout, &error), ERROR_NONE);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(job_runner_add(runner, &jobs[i], &error), ERROR_NONE);
    n_measurings = 0;
    while (job_runner_waiting(runner) > 0)
        assert_int_equal(job_runner_step(runner, collect, records, &error), ERROR_NONE);
    const struct job_runner_totals totals = job_runner_totals(runner);
    job_runner_destroy(runner);
    unsetenv("PICKY_LAYOUT");
    return totals;
}

/* Models of 2 to 25 epochs, of sets of 20 and 30 samples, share packs that are as long as their longest. */
static void test_lengths(void **state)
{
    (void)state;
    enum { N = 48 };
    struct job jobs[N];
    const struct hyperparameters h =
        hyperparameters_of("hidden_size", "5", "N_test", "3", "max_attempts", "1", "output_activation", "linear", NULL);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = (struct job){.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = h};
        jobs[i].h.epochs = 2 + (int64_t)(i / 2);
        jobs[i].h.N_train = i % 2 ? 20 : 30;
    }
    const struct record_layout layout = layout_of_jobs(jobs, N);
    struct records together;
    const struct job_runner_totals totals = run_in_packs(&layout, jobs, N, &together);
    assert_int_equal(totals.lanes_used, N);
    assert_true((double)totals.lanes_used > 0.7 * (double)totals.lanes_total);
    for (size_t i = 0; i < N; i++) {
        struct records alone = run(&layout, &jobs[i], 1);
        assert_same_bits(&layout, record_at(&together, i), record_at(&alone, 0));
        records_free(&alone);
    }
    records_free(&together);
}

/* However many attempts of a pack are rejected, the others are measured in full packs. */
static void test_measured_together(void **state)
{
    (void)state;
    enum { N = 200 };
    struct job jobs[N];
    const struct hyperparameters h =
        hyperparameters_of("hidden_size", "5", "N_test", "3", "N_train", "40", "epochs", "3", "error_threshold", "0.3",
                           "max_attempts", "200", "output_activation", "linear", NULL);
    for (size_t i = 0; i < N; i++)
        jobs[i] = (struct job){.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = h};
    const struct record_layout layout = layout_of_jobs(jobs, N);
    struct records records;
    const struct job_runner_totals totals = run_in_packs(&layout, jobs, N, &records);
    const struct kernels *widest;
    struct error error;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    assert_true(totals.lanes_used > 2 * N); /* most attempts are rejected */
    assert_in_range(n_measurings, 1, (int)(N / widest->lanes) + 3);
    records_free(&records);
}

/* Where memory is short a job too large for it does not take smaller ones of its shape with it. */
static void test_large_among_small(void **state)
{
    (void)state;
    enum { N = 5 };
    struct job jobs[N];
    const struct hyperparameters h = hyperparameters_of("hidden_size", "5", "N_test", "3", "N_train", "20", "epochs",
                                                        "2", "max_attempts", "1", NULL);
    for (size_t i = 0; i < N; i++)
        jobs[i] = (struct job){.config = i, .replicate = 7 * i, .seed = (int64_t)i, .h = h};
    jobs[2].h.N_train = 100000;
    const struct record_layout layout = layout_of_jobs(jobs, N);
    const struct kernels *widest;
    struct error error;
    assert_int_equal(kernels_choose(&widest, &error), ERROR_NONE);
    const uint64_t memory = packing_choose(widest, &jobs[2].h, 1, 0).n_bytes - 1;
    struct records short_of = run_in_memory(&layout, jobs, NULL, N, memory), ample = run(&layout, jobs, N);
    for (size_t i = 0; i < N; i++) {
        uint8_t status = *(const uint8_t *)record_field_const(&layout, record_at(&short_of, i), FIELD_STATUS);
        if (i == 2)
            assert_int_equal(status, STATUS_ERROR);
        else
            assert_same_bits(&layout, record_at(&short_of, i), record_at(&ample, i));
    }
    records_free(&short_of);
    records_free(&ample);
}

/* Wall times are provenance that adds up: every job's is positive and all together are about the time spent. */
static void test_wall_time(void **state)
{
    (void)state;
    struct job jobs[N_MIXED];
    mixed_jobs(jobs);
    struct record_layout layout = layout_of_jobs(jobs, N_MIXED);
    struct records records = run(&layout, jobs, N_MIXED);
    double sum = 0;
    for (size_t i = 0; i < N_MIXED; i++) {
        double wall_time;
        memcpy(&wall_time, record_field_const(&layout, record_at(&records, i), FIELD_WALL_TIME), sizeof wall_time);
        assert_true(wall_time > 0 && wall_time < 60);
        sum += wall_time;
    }
    assert_true(sum < 60);
    records_free(&records);
}

/* Shares of units by RI, on a record written by hand. Only the configuration's own units count. */
static void test_unit_shares(void **state)
{
    (void)state;
    const struct hyperparameters configs[] = {
        hyperparameters_of("hidden_size", "8", "hidden_layers", "2", NULL),
        hyperparameters_of("hidden_size", "10", "hidden_layers", "3", NULL),
    };
    struct record_layout layout = layout_of(configs, 2);
    void *record = allocate(1, layout.n_bytes);
    record_clear(&layout, record);
    float *importance = record_field(&layout, record, FIELD_IMPORTANCE);
    /* RI is .95, -1, NaN, .25, -.4375, .75, .875, -.5: exactly 0.5 is not mixed. */
    const float a[] = {39, 0, 0, 20, 9, 28, 30, 8}, b[] = {1, 30, 0, 12, 23, 4, 2, 24};
    const size_t m = MEASURE_CONTRIBUTION, layer = 1;
    memcpy(importance + ((m * 2 + 0) * 3 + layer) * 10, a, sizeof a);
    memcpy(importance + ((m * 2 + 1) * 3 + layer) * 10, b, sizeof b);
    struct unit_shares shares = record_unit_shares(&layout, record, &configs[0], MEASURE_CONTRIBUTION, 0, 1, 1);
    assert_true(shares.unimportant == 1.0 / 8 && shares.selective == 2.0 / 8 && shares.mixed == 2.0 / 8);
    shares = record_unit_shares(&layout, record, &configs[0], MEASURE_CONTRIBUTION, 0, 1, 0);
    assert_true(shares.unimportant == 1 && shares.selective == 0 && shares.mixed == 0);
    memset(importance + ((m * 2 + 0) * 3 + layer) * 10 + 8, 0, 2 * sizeof(float));
    memset(importance + ((m * 2 + 1) * 3 + layer) * 10 + 8, 0, 2 * sizeof(float));
    shares = record_unit_shares(&layout, record, &configs[1], MEASURE_CONTRIBUTION, 0, 1, 1);
    assert_true(fabs(shares.unimportant - 3.0 / 10) < 1e-12 && fabs(shares.selective - 2.0 / 10) < 1e-12);
    free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_against_numpy, with_models, with_any_layout),
        cmocka_unit_test_setup_teardown(test_against_numpy, with_units, with_any_layout),
        cmocka_unit_test_setup_teardown(test_against_pytorch, with_models, with_any_layout),
        cmocka_unit_test_setup_teardown(test_against_pytorch, with_units, with_any_layout),
        cmocka_unit_test_setup_teardown(test_against_naive_network, with_models, with_any_layout),
        cmocka_unit_test_setup_teardown(test_against_naive_network, with_units, with_any_layout),
        cmocka_unit_test(test_relative_importance_by_hand),
        cmocka_unit_test(test_initial_weights),
        cmocka_unit_test(test_independent_of_neighbours),
        cmocka_unit_test(test_independent_of_instruction_set),
        cmocka_unit_test(test_independent_of_float_environment),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_unknown_instruction_set),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_more_attempts_allowed),
        cmocka_unit_test(test_dead_at_start),
        cmocka_unit_test(test_targets_once),
        cmocka_unit_test(test_diverged),
        cmocka_unit_test(test_edge_of_divergence),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_independent_of_memory),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_runner),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_measured_together),
        cmocka_unit_test(test_large_among_small),
        cmocka_unit_test(test_wall_time),
        cmocka_unit_test(test_unit_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
