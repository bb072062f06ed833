/* Random numbers: Philox4x32-10 against the known answers of its authors, and the documented layout of key and counter
 * against a second Philox, written here from the paper. */
#include "rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

/* Philox4x32 with 10 rounds: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]};
    uint32_t k[2] = {key[0], key[1]};
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * c[0], p1 = UINT64_C(0xCD9E8D57) * c[2];
        const uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k[1],
                                  (uint32_t)p0};
        memcpy(c, next, sizeof c);
        k[0] += UINT32_C(0x9E3779B9);
        k[1] += UINT32_C(0xBB67AE85);
    }
    memcpy(out, c, sizeof c);
}

/* The three vectors of philox4x32, 10 rounds, in Random123's kat_vectors: zeros, ones, digits of pi. */
static const struct {
    uint32_t counter[4], key[2], answer[4];
} known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void test_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        philox(known_answers[i].counter, known_answers[i].key, out);
        assert_memory_equal(out, known_answers[i].answer, sizeof out);
    }
    /* The first is also a block of a stream: seed 0, attempt 0, purpose 0. */
    uint32_t words[4];
    rng_words(rng_key(0, 0), (enum rng_purpose)0, 0, 0, 4, words);
    assert_memory_equal(words, known_answers[0].answer, sizeof words);
}

/* key = seed + attempt * 2^53, low word first. */
static void test_key(void **state)
{
    (void)state;
    struct rng_key key = rng_key((INT64_C(1) << 53) - 1, 2047);
    assert_true(key.word[0] == 0xffffffff && key.word[1] == 0xffffffff);
    key = rng_key(1, 0);
    assert_true(key.word[0] == 1 && key.word[1] == 0);
    key = rng_key(INT64_C(1) << 32, 1);
    assert_true(key.word[0] == 0 && key.word[1] == (1 | UINT32_C(1) << 21));
    /* The known answers' third key as seed and attempt: 0x299f31d0a4093822. */
    key = rng_key(INT64_C(0x1f31d0a4093822), 0x299f31d0 >> 21);
    assert_true(key.word[0] == 0xa4093822 && key.word[1] == 0x299f31d0);
}

/* counter = { element / 4, a, b, purpose }, for keys and streams of all sizes and lengths that are no multiple of 4. */
static void test_layout(void **state)
{
    (void)state;
    const int64_t seeds[] = {0, 1, 12345, INT64_C(0x1f31d0a4093822), (INT64_C(1) << 53) - 1};
    const unsigned attempts[] = {0, 1, 9, 2047};
    const uint32_t streams[][2] = {{0, 0}, {1, 0}, {0, 1}, {4095, 33}, {4000000000, 7}, {0xffffffff, 0xffffffff}};
    for (size_t s = 0; s < 5; s++)
        for (size_t t = 0; t < 4; t++)
            for (size_t i = 0; i < 6; i++)
                for (enum rng_purpose purpose = RNG_INITIAL_WEIGHTS; purpose <= RNG_BATCHES; purpose++) {
                    enum { N = 23 };
                    const struct rng_key key = rng_key(seeds[s], attempts[t]);
                    const uint64_t key64 = (uint64_t)seeds[s] + ((uint64_t)attempts[t] << 53);
                    const uint32_t key_words[2] = {(uint32_t)key64, (uint32_t)(key64 >> 32)};
                    uint32_t words[N + 1];
                    float uniforms[N + 1];
                    words[N] = 77;
                    uniforms[N] = 77;
                    rng_words(key, purpose, streams[i][0], streams[i][1], N, words);
                    rng_uniforms(key, purpose, streams[i][0], streams[i][1], 0, N, uniforms);
                    for (uint32_t e = 0; e < N; e++) {
                        const uint32_t counter[4] = {e / 4, streams[i][0], streams[i][1], (uint32_t)purpose};
                        uint32_t out[4];
                        philox(counter, key_words, out);
                        assert_int_equal(words[e], out[e % 4]);
                        assert_true((double)uniforms[e] == (double)(out[e % 4] >> 8) / 16777216.0);
                    }
                    assert_true(words[N] == 77 && uniforms[N] == 77);
                }
}

/* A stream may be begun anywhere: the elements are the same. */
static void test_parts(void **state)
{
    (void)state;
    enum { N = 101 };
    float whole[N], part[N];
    const struct rng_key key = rng_key(99, 3);
    rng_uniforms(key, RNG_TEST_SET, 1, 0, 0, N, whole);
    for (size_t first = 0; first < N; first += 4)
        for (size_t n = 0; first + n <= N; n += 5) {
            rng_uniforms(key, RNG_TEST_SET, 1, 0, first, n, part);
            assert_memory_equal(part, whole + first, n * sizeof *part);
        }
}

/* Multiples of 2^-24 in [0, 1), uniform: Kolmogorov-Smirnov would need a sort; chi-square over 256 bins, below its
 * quantile 1 - 1e-6 at 255 degrees of freedom (372) and above the one at 1e-6 (164); mean and lag-1 correlation within
 * 5 standard errors. The seeds are fixed. */
static void test_uniforms(void **state)
{
    (void)state;
    enum { N = 1 << 18, BINS = 256 };
    static float u[N];
    for (int64_t seed = 0; seed < 4; seed++) {
        double bins[BINS] = {0}, mean = 0, lag = 0, chi2 = 0;
        rng_uniforms(rng_key(seed, 0), RNG_TRAIN_SET, 0, 0, 0, N, u);
        for (size_t i = 0; i < N; i++) {
            assert_true(u[i] >= 0 && u[i] < 1);
            assert_true(fmodf(u[i] * 0x1p24f, 1) == 0);
            bins[(int)(u[i] * BINS)]++;
            mean += (double)u[i] / N;
            lag += ((double)u[i] - 0.5) * ((double)u[(i + 1) % N] - 0.5) / N;
        }
        for (int b = 0; b < BINS; b++)
            chi2 += pow(bins[b] - (double)N / BINS, 2) / ((double)N / BINS);
        assert_true(chi2 < 372 && chi2 > 164);
        assert_true(fabs(mean - 0.5) < 5 / sqrt(12.0 * N));
        assert_true(fabs(lag) < 5 / (12 * sqrt(N)));
    }
}

/* Neighbouring seeds, attempts, purposes and streams share nothing: no correlation beyond 5 standard errors. */
static void test_streams_differ(void **state)
{
    (void)state;
    enum { N = 4096, N_STREAMS = 7 };
    static float u[N_STREAMS][N];
    rng_uniforms(rng_key(5, 0), RNG_TRAIN_SET, 0, 0, 0, N, u[0]);
    rng_uniforms(rng_key(6, 0), RNG_TRAIN_SET, 0, 0, 0, N, u[1]);
    rng_uniforms(rng_key(5, 1), RNG_TRAIN_SET, 0, 0, 0, N, u[2]);
    rng_uniforms(rng_key(5, 0), RNG_TEST_SET, 0, 0, 0, N, u[3]);
    rng_uniforms(rng_key(5, 0), RNG_TEST_SET, 1, 0, 0, N, u[4]);
    rng_uniforms(rng_key(5, 0), RNG_INITIAL_WEIGHTS, 0, 1, 0, N, u[5]);
    rng_uniforms(rng_key(5, 0), RNG_INITIAL_WEIGHTS, 1, 0, 0, N, u[6]);
    for (int a = 0; a < N_STREAMS; a++)
        for (int b = 0; b < a; b++) {
            double correlation = 0;
            for (size_t i = 0; i < N; i++)
                correlation += 12 * ((double)u[a][i] - 0.5) * ((double)u[b][i] - 0.5) / N;
            assert_true(fabs(correlation) < 5 / sqrt(N));
        }
}

/* floor(word * n / 2^32), and every index equally likely to within one word in 2^32. */
static void test_index(void **state)
{
    (void)state;
    assert_int_equal(rng_index(0, 10), 0);
    assert_int_equal(rng_index(0xffffffff, 10), 9);
    assert_int_equal(rng_index(0xffffffff, 1), 0);
    assert_int_equal(rng_index(0x80000000, 10000000), 5000000);
    assert_int_equal(rng_index(0x7fffffff, 10000000), 4999999);
    assert_int_equal(rng_index(0xffffffff, 0xffffffff), 0xfffffffe);
    /* The words of index i of n begin at ceil(i 2^32 / n). */
    for (uint64_t n = 1; n <= 1000; n += 37)
        for (uint64_t i = 1; i < n; i++) {
            const uint32_t first = (uint32_t)(((i << 32) + n - 1) / n);
            assert_int_equal(rng_index(first, (uint32_t)n), i);
            assert_int_equal(rng_index(first - 1, (uint32_t)n), i - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_key),      cmocka_unit_test(test_layout),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_uniforms), cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
