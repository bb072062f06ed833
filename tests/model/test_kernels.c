/* Every instruction set's kernels against naive loops over one model at a time: equal bits. */
#include "kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"portable", "avx2", "avx512", "neon"};
enum { N_NAMES = sizeof names / sizeof names[0] };

static uint32_t random_state = 12345;

static uint32_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Mostly ordinary numbers of many magnitudes; some zeros. */
static float random_float(void)
{
    uint32_t word = random_word();
    if (word % 11 == 0)
        return 0;
    float magnitude = ldexpf(1 + (float)(word >> 9) * 0x1p-23f, (int)(random_word() % 24) - 16);
    return word & 1 ? magnitude : -magnitude;
}

static float *random_array(size_t n)
{
    float *array = aligned_alloc(KERNELS_ALIGNMENT, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(array);
    for (size_t i = 0; i < n; i++)
        array[i] = random_float();
    return array;
}

static float *copy_array(const float *from, size_t n)
{
    float *array = aligned_alloc(KERNELS_ALIGNMENT, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(array);
    memcpy(array, from, n * sizeof(float));
    return array;
}

/* The kernels of one name, or NULL if they cannot run here (they are then not tested, and said so). */
static const struct kernels *kernels_named(const char *name)
{
    const struct kernels *kernels;
    struct error error;
    setenv("PICKY_SIMD", name, 1);
    enum error_code code = kernels_choose(&kernels, &error);
    unsetenv("PICKY_SIMD");
    if (code)
        return NULL;
    assert_string_equal(kernels->name, name);
    return kernels;
}

static float gate(float x, float by)
{
    return by <= 0 ? 0 : x;
}

static void test_product(void **state)
{
    const struct kernels *kernels = *state;
    size_t lanes = kernels->lanes;
    static const size_t rows[] = {1, 2, 4, 5, 9, 10, 11, 23}, units[] = {1, 2, 7, 8}, inputs[] = {1, 2, 7, 52};
    for (size_t i = 0; i < 8 * 4 * 4 * 4; i++) {
        size_t n_rows = rows[i % 8], n_units = units[i / 8 % 4], n_inputs = inputs[i / 32 % 4];
        enum epilogue epilogue = i / 128 % 2 ? EPILOGUE_RELU : EPILOGUE_NONE;
        bool has_bias = i / 256;
        size_t n_columns = n_inputs + has_bias, in_stride = n_inputs + 3, out_stride = n_units + 1;
        float *weights = random_array(n_units * n_columns * lanes), *in = random_array(n_rows * in_stride * lanes);
        float *out = random_array(n_rows * out_stride * lanes),
              *expected = copy_array(out, n_rows * out_stride * lanes);
        for (size_t r = 0; r < n_rows; r++)
            for (size_t u = 0; u < n_units; u++)
                for (size_t lane = 0; lane < lanes; lane++) {
                    float sum = 0;
                    if (has_bias)
                        sum = weights[kernels_weight(kernels, n_units, n_columns, u, n_inputs) * lanes + lane];
                    for (size_t k = 0; k < n_inputs; k++)
                        sum = fmaf(in[(r * in_stride + k) * lanes + lane],
                                   weights[kernels_weight(kernels, n_units, n_columns, u, k) * lanes + lane], sum);
                    if (epilogue == EPILOGUE_RELU)
                        sum = gate(sum, sum);
                    expected[(r * out_stride + u) * lanes + lane] = sum;
                }
        kernels->product(&(struct product){.n_rows = n_rows,
                                           .n_units = n_units,
                                           .n_inputs = n_inputs,
                                           .has_bias = has_bias,
                                           .weights = weights,
                                           .in = in,
                                           .in_stride = in_stride,
                                           .out = out,
                                           .out_stride = out_stride,
                                           .epilogue = epilogue});
        assert_memory_equal(out, expected, n_rows * out_stride * lanes * sizeof(float));
        free(weights), free(in), free(out), free(expected);
    }
}

static void test_back_product(void **state)
{
    const struct kernels *kernels = *state;
    size_t lanes = kernels->lanes;
    static const size_t rows[] = {1, 3, 5, 10, 12}, units[] = {1, 2, 3, 8, 9}, inputs[] = {1, 2, 7, 8};
    for (size_t i = 0; i < 5 * 5 * 4; i++) {
        size_t n_rows = rows[i % 5], n_units = units[i / 5 % 5], n_inputs = inputs[i / 25];
        size_t n_columns = n_inputs + i % 4, delta_stride = n_units + 1, gate_stride = n_inputs + 2,
               out_stride = n_inputs + 1;
        float *weights = random_array(n_units * n_columns * lanes),
              *delta = random_array(n_rows * delta_stride * lanes);
        float *gates = random_array(n_rows * gate_stride * lanes), *out = random_array(n_rows * out_stride * lanes);
        float *expected = copy_array(out, n_rows * out_stride * lanes);
        for (size_t r = 0; r < n_rows; r++)
            for (size_t k = 0; k < n_inputs; k++)
                for (size_t lane = 0; lane < lanes; lane++) {
                    float sum = 0;
                    for (size_t u = 0; u < n_units; u++)
                        sum = fmaf(delta[(r * delta_stride + u) * lanes + lane],
                                   weights[kernels_weight(kernels, n_units, n_columns, u, k) * lanes + lane], sum);
                    expected[(r * out_stride + k) * lanes + lane] =
                        gate(sum, gates[(r * gate_stride + k) * lanes + lane]);
                }
        kernels->back_product(&(struct back_product){.n_rows = n_rows,
                                                     .n_units = n_units,
                                                     .n_inputs = n_inputs,
                                                     .n_columns = n_columns,
                                                     .weights = weights,
                                                     .delta = delta,
                                                     .delta_stride = delta_stride,
                                                     .gate = gates,
                                                     .gate_stride = gate_stride,
                                                     .out = out,
                                                     .out_stride = out_stride});
        assert_memory_equal(out, expected, n_rows * out_stride * lanes * sizeof(float));
        free(weights), free(delta), free(gates), free(out), free(expected);
    }
}

static float flush(float x)
{
    return fabsf(x) < 1e-30f ? 0 : x;
}

static void check_update(const struct kernels *kernels, bool is_adam, size_t n_rows, size_t n_units, size_t n_columns)
{
    size_t lanes = kernels->lanes, n = n_units * n_columns * lanes;
    size_t delta_stride = n_units + 1, in_stride = n_columns + 2;
    float *delta = random_array(n_rows * delta_stride * lanes), *in = random_array(n_rows * in_stride * lanes);
    float *w = random_array(n), *m = random_array(n), *v = random_array(n);
    float *rate = random_array(lanes), *epsilon = random_array(lanes);
    for (size_t i = 0; i < n; i++)
        v[i] = fabsf(v[i]);
    for (size_t lane = 0; lane < lanes; lane++)
        epsilon[lane] = fabsf(1e-3f * epsilon[lane]);
    float *w2 = copy_array(w, n), *m2 = copy_array(m, n), *v2 = copy_array(v, n);
    const float beta1 = 0.9f, beta2 = 0.999f;

    for (size_t u = 0; u < n_units; u++)
        for (size_t c = 0; c < n_columns; c++)
            for (size_t lane = 0; lane < lanes; lane++) {
                float g = 0;
                for (size_t r = 0; r < n_rows; r++)
                    g = fmaf(in[(r * in_stride + c) * lanes + lane], delta[(r * delta_stride + u) * lanes + lane], g);
                size_t at = kernels_weight(kernels, n_units, n_columns, u, c) * lanes + lane;
                if (is_adam) {
                    float square = g * g;
                    m2[at] = flush(fmaf(beta1, m2[at], g));
                    v2[at] = flush(fmaf(beta2, v2[at], square));
                    w2[at] = fmaf(-rate[lane], m2[at] / (sqrtf(v2[at]) + epsilon[lane]), w2[at]);
                } else {
                    w2[at] = fmaf(-rate[lane], g, w2[at]);
                }
            }
    struct update update = {.n_rows = n_rows,
                            .end_column = n_columns,
                            .n_units = n_units,
                            .n_columns = n_columns,
                            .delta = delta,
                            .delta_stride = delta_stride,
                            .in = in,
                            .in_stride = in_stride,
                            .weights = w,
                            .moment1 = m,
                            .moment2 = v,
                            .rate = rate,
                            .epsilon = epsilon,
                            .beta1 = beta1,
                            .beta2 = beta2};
    if (is_adam)
        kernels->update_adam(&update);
    else
        kernels->update_sgd(&update);
    assert_memory_equal(w, w2, n * sizeof(float));
    assert_memory_equal(m, m2, n * sizeof(float));
    assert_memory_equal(v, v2, n * sizeof(float));
    free(delta), free(in), free(w), free(m), free(v), free(rate), free(epsilon), free(w2), free(m2), free(v2);
}

static void test_update(void **state)
{
    for (int is_adam = 0; is_adam < 2; is_adam++)
        for (size_t n_units = 1; n_units <= 7; n_units++)
            for (size_t n_columns = 1; n_columns <= 9; n_columns++)
                check_update(*state, is_adam, 1 + (n_units * 7 + n_columns) % 12, n_units, n_columns);
}

static void test_silence(void **state)
{
    const struct kernels *kernels = *state;
    size_t lanes = kernels->lanes;
    enum { N_SILENCED = 5, N_ROWS = 7 };
    for (size_t i = 0; i < 7 * 2 * 4; i++) {
        size_t n_units = 1 + i % 7, n_slots = 1 + i % 10, n_columns = N_SILENCED + i % 3;
        bool is_shared = i / 28;
        size_t activation_stride = N_SILENCED + 2, out_stride = n_units + 2;
        float *w = random_array(n_units * n_columns * lanes), *sum = random_array(N_ROWS * n_units * lanes);
        float *h = random_array(N_ROWS * activation_stride * lanes), *out = random_array(n_slots * out_stride * lanes);
        float *expected = copy_array(out, n_slots * out_stride * lanes);
        uint32_t row[10 * KERNELS_LANES_MAX], unit[10 * KERNELS_LANES_MAX];
        for (size_t at = 0; at < n_slots * lanes; at++) {
            bool repeats = is_shared && at % lanes > 0;
            row[at] = repeats ? row[at - 1] : random_word() % N_ROWS;
            unit[at] = repeats ? unit[at - 1] : random_word() % N_SILENCED;
        }
        for (size_t s = 0; s < n_slots; s++)
            for (size_t u = 0; u < n_units; u++)
                for (size_t lane = 0; lane < lanes; lane++) {
                    size_t r = row[s * lanes + lane], k = unit[s * lanes + lane];
                    float rest = fmaf(-h[(r * activation_stride + k) * lanes + lane],
                                      w[kernels_weight(kernels, n_units, n_columns, u, k) * lanes + lane],
                                      sum[(r * n_units + u) * lanes + lane]);
                    expected[(s * out_stride + u) * lanes + lane] = gate(rest, rest);
                }
        kernels->silence(&(struct silence){.n_slots = n_slots,
                                           .n_units = n_units,
                                           .n_columns = n_columns,
                                           .weights = w,
                                           .sum = sum,
                                           .activation = h,
                                           .activation_stride = activation_stride,
                                           .row = row,
                                           .unit = unit,
                                           .is_shared = is_shared,
                                           .out = out,
                                           .out_stride = out_stride});
        assert_memory_equal(out, expected, n_slots * out_stride * lanes * sizeof(float));
        free(w), free(sum), free(h), free(out), free(expected);
    }
}

/* Multiply-adds of any bits, through a product of one input and a bias: the numbers where emulations go wrong. */
static void test_multiply_add(void **state)
{
    const struct kernels *kernels = *state;
    size_t lanes = kernels->lanes, n_rows = 10;
    float *w = random_array(2 * lanes), *in = random_array(n_rows * lanes), *out = random_array(n_rows * lanes);
    for (int round = 0; round < 200000; round++) {
        for (size_t i = 0; i < (2 + n_rows) * lanes; i++) {
            uint32_t bits = random_word();
            if (round % 4 == 1) /* near 1: sums that cancel */
                bits = (bits & 0x80ffffff) | 0x3f000000;
            if (round % 4 == 2) /* few significant bits: ties */
                bits &= 0xfffff000;
            if (round % 4 == 3 && i % 3 == 0) /* tiny beside ordinary */
                bits = (bits & 0x81ffffff) | 0x00400000;
            float *at = i < 2 * lanes ? &w[i] : &in[i - 2 * lanes];
            memcpy(at, &bits, sizeof bits);
        }
        kernels->product(&(struct product){.n_rows = n_rows,
                                           .n_units = 1,
                                           .n_inputs = 1,
                                           .has_bias = true,
                                           .weights = w,
                                           .in = in,
                                           .in_stride = 1,
                                           .out = out,
                                           .out_stride = 1,
                                           .epilogue = EPILOGUE_NONE});
        for (size_t i = 0; i < n_rows * lanes; i++) {
            float expected = fmaf(in[i], w[i % lanes], w[lanes + i % lanes]);
            if (isnan(expected))
                assert_true(isnan(out[i]));
            else
                assert_memory_equal(&out[i], &expected, sizeof expected);
        }
    }
    free(w), free(in), free(out);
}

/* NaN must come through a ReLU: a model that diverges shows it. */
static void test_nan_passes(void **state)
{
    const struct kernels *kernels = *state;
    size_t lanes = kernels->lanes;
    float *w = random_array(2 * lanes), *in = random_array(lanes), *out = random_array(lanes);
    for (size_t i = 0; i < lanes; i++) {
        in[i] = NAN;
        w[i] = w[lanes + i] = 1;
    }
    kernels->product(&(struct product){.n_rows = 1,
                                       .n_units = 1,
                                       .n_inputs = 1,
                                       .has_bias = true,
                                       .weights = w,
                                       .in = in,
                                       .in_stride = 1,
                                       .out = out,
                                       .out_stride = 1,
                                       .epilogue = EPILOGUE_RELU});
    for (size_t i = 0; i < lanes; i++)
        assert_true(isnan(out[i]));
    free(w), free(in), free(out);
}

/* Philox4x32-10 (Salmon et al. 2011, section 3.3), word by word. */
static void philox(const uint32_t key[2], uint32_t word[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++, k0 += UINT32_C(0x9E3779B9), k1 += UINT32_C(0xBB67AE85)) {
        uint64_t p0 = UINT64_C(0xD2511F53) * word[0], p1 = UINT64_C(0xCD9E8D57) * word[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ word[1] ^ k0, (uint32_t)p1, (uint32_t)(p0 >> 32) ^ word[3] ^ k1,
                            (uint32_t)p0};
        memcpy(word, next, sizeof next);
    }
}

static void test_words(void **state)
{
    const struct kernels *kernels = *state;
    enum { N = 12, FIRST = 4 };
    _Alignas(KERNELS_ALIGNMENT) uint32_t key[2][KERNELS_LANES_MAX], step[KERNELS_LANES_MAX], out[N * KERNELS_LANES_MAX];
    size_t lanes = kernels->lanes;
    for (size_t lane = 0; lane < lanes; lane++) {
        key[0][lane] = random_word();
        key[1][lane] = random_word();
        step[lane] = random_word();
    }
    kernels->words(
        &(struct words){.first = FIRST, .end = N, .purpose = 4, .key = {key[0], key[1]}, .step = step, .out = out});
    for (uint32_t i = FIRST; i < N; i += 4)
        for (size_t lane = 0; lane < lanes; lane++) {
            uint32_t word[4] = {i / 4, step[lane], 0, 4};
            philox((const uint32_t[]){key[0][lane], key[1][lane]}, word);
            for (size_t k = 0; k < 4; k++)
                assert_int_equal(out[(i + k) * lanes + lane], word[k]);
        }
}

static void check_load(const struct kernels *kernels, size_t n_inputs, size_t n_tasks)
{
    enum { N_ROWS = 5, N_SAMPLES = 7 };
    size_t lanes = kernels->lanes, size = (n_inputs + 2 + 3) / 4 * 4, stride = n_inputs + n_tasks + 1;
    float *samples = random_array(lanes * N_SAMPLES * size), *in = random_array(N_ROWS * stride * lanes);
    float *target = random_array(N_ROWS * lanes);
    const float *from[KERNELS_LANES_MAX];
    uint32_t index[N_ROWS * KERNELS_LANES_MAX];
    for (size_t lane = 0; lane < lanes; lane++)
        from[lane] = samples + lane * N_SAMPLES * size;
    for (size_t i = 0; i < lanes * N_SAMPLES; i++)
        samples[i * size + n_inputs + 1] = (float)(random_word() % n_tasks);
    for (size_t i = 0; i < N_ROWS * lanes; i++)
        index[i] = random_word() % N_SAMPLES;
    kernels->load(&(struct samples){.n_rows = N_ROWS,
                                    .n_inputs = n_inputs,
                                    .n_tasks = n_tasks,
                                    .size = size,
                                    .from = from,
                                    .index = index,
                                    .in = in,
                                    .context = in + n_inputs * lanes,
                                    .in_stride = stride,
                                    .context_stride = stride,
                                    .target = target});
    for (size_t row = 0; row < N_ROWS; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            const float *sample = from[lane] + index[row * lanes + lane] * size;
            for (size_t k = 0; k < n_inputs; k++)
                assert_true(in[(row * stride + k) * lanes + lane] == sample[k]);
            for (size_t t = 0; t < n_tasks; t++)
                assert_true(in[(row * stride + n_inputs + t) * lanes + lane] == (sample[n_inputs + 1] == (float)t));
            assert_true(target[row * lanes + lane] == sample[n_inputs]);
        }
    free(samples), free(in), free(target);
}

static void test_load(void **state)
{
    const struct kernels *kernels = *state;
    for (size_t n_inputs = 1; n_inputs <= 6; n_inputs++)
        for (size_t n_tasks = 1; n_tasks <= 3; n_tasks++) {
            check_load(kernels, n_inputs, n_tasks);
            check_load(kernels->units, n_inputs, n_tasks);
        }
}

static void check_loss(const struct kernels *kernels, bool is_relu)
{
    enum { N_ROWS = 6, STRIDE = 3 };
    size_t lanes = kernels->lanes;
    float *y = random_array(N_ROWS * lanes), *target = random_array(N_ROWS * lanes);
    float *delta = random_array(N_ROWS * STRIDE * lanes);
    double squared[KERNELS_LANES_MAX];
    y[0] = NAN;
    kernels->loss(&(struct loss){.n_rows = N_ROWS,
                                 .y = y,
                                 .target = target,
                                 .scale = 0.3f,
                                 .is_relu = is_relu,
                                 .delta = delta,
                                 .delta_stride = STRIDE,
                                 .squared = squared});
    for (size_t lane = 0; lane < lanes; lane++) {
        double sum = 0;
        for (size_t row = 0; row < N_ROWS; row++) {
            size_t at = row * lanes + lane;
            float error = y[at] - target[at], wanted = is_relu && y[at] <= 0 ? 0 : 0.3f * error;
            sum += (double)error * (double)error;
            assert_true(delta[row * STRIDE * lanes + lane] == wanted || (isnan(y[at]) && isnan(wanted)));
        }
        assert_true(squared[lane] == sum || (lane == 0 && isnan(squared[lane])));
    }
    free(y), free(target), free(delta);
}

static void test_loss(void **state)
{
    const struct kernels *kernels = *state;
    for (int is_relu = 0; is_relu < 2; is_relu++) {
        check_loss(kernels, is_relu);
        check_loss(kernels->units, is_relu);
    }
}

static void test_choice(void **state)
{
    (void)state;
    const struct kernels *kernels;
    struct error error;
    setenv("PICKY_SIMD", "mmx", 1);
    assert_int_equal(kernels_choose(&kernels, &error), ERROR_INPUT);
    assert_non_null(
        strstr(error.message, "PICKY_SIMD = \"mmx\": not an instruction set of this machine and build; allowed: "));
    assert_non_null(strstr(error.message, "portable"));
    unsetenv("PICKY_SIMD");
    assert_int_equal(kernels_choose(&kernels, &error), ERROR_NONE);
    assert_true(kernels->lanes <= KERNELS_LANES_MAX);
}

int main(void)
{
    static struct CMUnitTest tests[N_NAMES * 9 + 1];
    size_t n = 0;
    tests[n++] = (struct CMUnitTest){"choice", test_choice, NULL, NULL, NULL};
    for (int i = 0; i < N_NAMES; i++) {
        void *kernels = (void *)(uintptr_t)kernels_named(names[i]);
        if (!kernels) {
            printf("skipped: %s cannot run here\n", names[i]);
            continue;
        }
        printf("testing: %s\n", names[i]);
        tests[n++] = (struct CMUnitTest){"product", test_product, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"back product", test_back_product, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"update", test_update, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"silence", test_silence, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"words", test_words, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"load", test_load, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"loss", test_loss, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"multiply-add", test_multiply_add, NULL, NULL, kernels};
        tests[n++] = (struct CMUnitTest){"NaN", test_nan_passes, NULL, NULL, kernels};
    }
    return _cmocka_run_group_tests("kernels", tests, n, NULL, NULL);
}
