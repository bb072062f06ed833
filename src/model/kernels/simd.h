/* One vector of floats, one lane per model or per unit, for whichever instruction set this file is compiled for
 * (KERNELS_AVX512, KERNELS_AVX2, KERNELS_NEON, else portable). Included by the files that are compiled for each.
 *
 * Every operation gives the same bits in a lane on every instruction set: correctly rounded IEEE 754
 * operations, comparisons that are false for NaN, and nothing across lanes (vec_transpose moves, it does not
 * compute). */
#ifndef PICKY_SIMD_H
#define PICKY_SIMD_H

#include <stddef.h>
#include <stdint.h>

#if defined(KERNELS_AVX512)
#include <immintrin.h>
#define LANES    16
#define REGISTER "v"
#elif defined(KERNELS_AVX2)
#include <immintrin.h>
#define LANES    8
#define REGISTER "x"
#elif defined(KERNELS_NEON)
#include <arm_neon.h>
#define LANES    4
#define REGISTER "w"
#else
#define LANES 4
#ifndef __FP_FAST_FMAF /* the machine that this is compiled for has no multiply-add that rounds once */
#define EMULATED_FMA
#endif
#endif

typedef float vec __attribute__((vector_size(4 * LANES), may_alias));
typedef float vec_anywhere __attribute__((vector_size(4 * LANES), may_alias, aligned(4)));
typedef int32_t vec_bits __attribute__((vector_size(4 * LANES)));
typedef uint32_t vec_words __attribute__((vector_size(4 * LANES), may_alias));
typedef double vec_double __attribute__((vector_size(4 * LANES)));

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over the parts of a tile: their number is a constant once the function is inlined. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE vec vec_splat(float x)
{
    return x - (vec){0};
}

#ifdef EMULATED_FMA
typedef double wide __attribute__((vector_size(16)));
typedef uint64_t wide_bits __attribute__((vector_size(16)));

/* a * b + c of floats held in doubles, rounded to odd: rounding the result to float gives what one rounding would have
 * given (Boldo & Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
 * odd"). The product is exact in double; TwoSum (Knuth, TAOCP vol. 2, 4.2.2) finds the error of the sum; an inexact sum
 * whose last bit is even moves one step towards the true value: up in magnitude if sum and error agree in sign, else
 * down. */
INLINE wide wide_fma_to_odd(wide a, wide b, wide c)
{
    wide product = a * b;
    wide sum = product + c;
    wide rest = sum - product;
    wide error = (product - (sum - rest)) + (c - rest);
    wide_bits bits = (wide_bits)sum;
    wide_bits inexact =
        (wide_bits)(error < 0) | (wide_bits)(error > 0); /* an infinite sum's error is NaN: not inexact */
    wide_bits even = (bits & 1) - 1;
    wide_bits opposed = ((wide_bits)error ^ bits) >> 63;
    return (wide)(bits + ((1 - 2 * opposed) & inexact & even));
}
#endif

/* a * b + c, rounded once. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
#if defined(KERNELS_AVX512)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(KERNELS_AVX2)
    return _mm256_fmadd_ps(a, b, c);
#elif defined(KERNELS_NEON)
    return vfmaq_f32(c, a, b);
#elif !defined(EMULATED_FMA)
    vec result;
    for (int lane = 0; lane < LANES; lane++)
        result[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
    return result;
#else
    vec result;
    for (int half = 0; half < LANES; half += 2) {
        wide x = {(double)a[half], (double)a[half + 1]}, y = {(double)b[half], (double)b[half + 1]};
        wide z = {(double)c[half], (double)c[half + 1]};
        wide odd = wide_fma_to_odd(x, y, z);
        result[half] = (float)odd[0];
        result[half + 1] = (float)odd[1];
    }
    return result;
#endif
}

INLINE vec vec_sqrt(vec a)
{
#if defined(KERNELS_AVX512)
    return _mm512_sqrt_ps(a);
#elif defined(KERNELS_AVX2)
    return _mm256_sqrt_ps(a);
#elif defined(KERNELS_NEON)
    return vsqrtq_f32(a);
#else
    vec root;
    for (int i = 0; i < LANES; i++)
        root[i] = __builtin_sqrtf(a[i]);
    return root;
#endif
}

/* x where gate > 0 or is NaN, else +0: ReLU with gate = x, its derivative times x with gate = the output. NaN passes,
 * so that a model that diverges shows it. */
INLINE vec vec_gate(vec x, vec gate)
{
#if defined(KERNELS_AVX512)
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(gate, _mm512_setzero_ps(), _CMP_NLE_UQ), x);
#else
    return (vec)((vec_bits)x & ~(vec_bits)(gate <= 0));
#endif
}

/* x, or +0 where |x| < limit: keeps decaying moments out of the slow denormal range. */
INLINE vec vec_flush(vec x, float limit)
{
#if defined(KERNELS_AVX512)
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_abs_ps(x), _mm512_set1_ps(limit), _CMP_NLT_UQ), x);
#else
    vec magnitude = (vec)((vec_bits)x & 0x7fffffff);
    return (vec)((vec_bits)x & ~(vec_bits)(magnitude < limit));
#endif
}

/* Element at[lane] of `from` in each lane. */
INLINE vec vec_gather(const float *from, vec_bits at)
{
#if defined(KERNELS_AVX512)
    return _mm512_i32gather_ps((__m512i)at, from, 4);
#elif defined(KERNELS_AVX2)
    return _mm256_i32gather_ps(from, (__m256i)at, 4);
#else
    vec elements;
    for (int lane = 0; lane < LANES; lane++)
        elements[lane] = from[at[lane]];
    return elements;
#endif
}

/* LANES floats from or to any address; and the first n of a vector only. */
INLINE vec vec_load(const float *from)
{
    return *(const vec_anywhere *)from;
}

INLINE void vec_store(float *to, vec x)
{
    *(vec_anywhere *)to = x;
}

INLINE void vec_store_first(float *to, vec x, size_t n)
{
    for (size_t lane = 0; lane < n; lane++)
        to[lane] = x[lane];
}

/* The products of 32-bit words with one: their upper and lower halves. */
INLINE void vec_multiply_words(vec_words a, uint32_t b, vec_words *high, vec_words *low)
{
#if defined(KERNELS_AVX512)
    __m512i factor = _mm512_set1_epi32((int32_t)b), even = _mm512_mul_epu32((__m512i)a, factor);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
    *high = (vec_words)_mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
    *low = (vec_words)_mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
#elif defined(KERNELS_AVX2)
    __m256i factor = _mm256_set1_epi32((int32_t)b), even = _mm256_mul_epu32((__m256i)a, factor);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
    *high = (vec_words)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    *low = (vec_words)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
#else
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t product = (uint64_t)a[lane] * b;
        (*high)[lane] = (uint32_t)(product >> 32);
        (*low)[lane] = (uint32_t)product;
    }
#endif
}

/* a * b + c, rounded once, of single floats. */
INLINE float scalar_fma(float a, float b, float c)
{
#ifdef EMULATED_FMA
    return (float)wide_fma_to_odd((wide){(double)a}, (wide){(double)b}, (wide){(double)c})[0];
#else
    return __builtin_fmaf(a, b, c);
#endif
}

/* Interleaves the blocks of four floats of a and b: by one float and by two, the lower and the upper halves. */
#if LANES == 16
#define INTERLEAVE_LOW(a, b)  __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define PAIRS_LOW(a, b)       __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define PAIRS_HIGH(a, b)      __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define BLOCKS_EVEN(a, b)     __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define BLOCKS_ODD(a, b)      __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#elif LANES == 8
#define INTERLEAVE_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define PAIRS_LOW(a, b)       __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define PAIRS_HIGH(a, b)      __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define BLOCKS_EVEN(a, b)     __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define BLOCKS_ODD(a, b)      __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define INTERLEAVE_LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define PAIRS_LOW(a, b)       __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define PAIRS_HIGH(a, b)      __builtin_shufflevector(a, b, 2, 3, 6, 7)
#endif

#if LANES == 16
#define LOWER_HALF(a) __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7)
#define UPPER_HALF(a) __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15)
#elif LANES == 8
#define LOWER_HALF(a) __builtin_shufflevector(a, a, 0, 1, 2, 3)
#define UPPER_HALF(a) __builtin_shufflevector(a, a, 4, 5, 6, 7)
#else
#define LOWER_HALF(a) __builtin_shufflevector(a, a, 0, 1)
#define UPPER_HALF(a) __builtin_shufflevector(a, a, 2, 3)
#endif

/* Four floats from[lane][0..3] for each lane: quad[k] has from[lane][k]. */
INLINE void vec_load_quads(const float *const from[LANES], vec quad[4])
{
    vec block[4]; /* block[j] has lanes j, 4 + j, 8 + j, ... */
    UNROLL
    for (int j = 0; j < 4; j++) {
#if defined(KERNELS_AVX512)
        block[j] = _mm512_castps128_ps512(_mm_loadu_ps(from[j]));
        block[j] = _mm512_insertf32x4(block[j], _mm_loadu_ps(from[4 + j]), 1);
        block[j] = _mm512_insertf32x4(block[j], _mm_loadu_ps(from[8 + j]), 2);
        block[j] = _mm512_insertf32x4(block[j], _mm_loadu_ps(from[12 + j]), 3);
#elif defined(KERNELS_AVX2)
        block[j] = _mm256_castps128_ps256(_mm_loadu_ps(from[j]));
        block[j] = _mm256_insertf128_ps(block[j], _mm_loadu_ps(from[4 + j]), 1);
#else
        block[j] = vec_load(from[j]);
#endif
    }
    vec low = INTERLEAVE_LOW(block[0], block[1]), low2 = INTERLEAVE_LOW(block[2], block[3]);
    vec high = INTERLEAVE_HIGH(block[0], block[1]), high2 = INTERLEAVE_HIGH(block[2], block[3]);
    quad[0] = PAIRS_LOW(low, low2);
    quad[1] = PAIRS_HIGH(low, low2);
    quad[2] = PAIRS_LOW(high, high2);
    quad[3] = PAIRS_HIGH(high, high2);
}

/* Turns a square of LANES vectors: lane j of vector i goes to lane i of vector j. First within
 * squares of 4 x 4 floats, then the squares change places. */
INLINE void vec_transpose(vec square[LANES])
{
    vec step[LANES];
    UNROLL
    for (int i = 0; i < LANES; i += 4) {
        vec low = INTERLEAVE_LOW(square[i], square[i + 1]), low2 = INTERLEAVE_LOW(square[i + 2], square[i + 3]);
        vec high = INTERLEAVE_HIGH(square[i], square[i + 1]), high2 = INTERLEAVE_HIGH(square[i + 2], square[i + 3]);
        step[i] = PAIRS_LOW(low, low2);
        step[i + 1] = PAIRS_HIGH(low, low2);
        step[i + 2] = PAIRS_LOW(high, high2);
        step[i + 3] = PAIRS_HIGH(high, high2);
    }
#if LANES == 16
    UNROLL
    for (int i = 0; i < 4; i++) { /* step[4 g + i] has the squares of rows g: their columns i, 4 + i, 8 + i, 12 + i */
        vec even = BLOCKS_EVEN(step[i], step[4 + i]), even2 = BLOCKS_EVEN(step[8 + i], step[12 + i]);
        vec odd = BLOCKS_ODD(step[i], step[4 + i]), odd2 = BLOCKS_ODD(step[8 + i], step[12 + i]);
        square[i] = BLOCKS_EVEN(even, even2);
        square[4 + i] = BLOCKS_EVEN(odd, odd2);
        square[8 + i] = BLOCKS_ODD(even, even2);
        square[12 + i] = BLOCKS_ODD(odd, odd2);
    }
#elif LANES == 8
    UNROLL
    for (int i = 0; i < 4; i++) {
        square[i] = BLOCKS_EVEN(step[i], step[4 + i]);
        square[4 + i] = BLOCKS_ODD(step[i], step[4 + i]);
    }
#else
    UNROLL
    for (int i = 0; i < 4; i++)
        square[i] = step[i];
#endif
}

/* Keeps a loaded vector in a register: without it gcc loads it once for every multiply-add that uses it. */
#ifdef REGISTER
#define KEEP_IN_REGISTER(x) __asm__("" : "+" REGISTER(x))
#else
#define KEEP_IN_REGISTER(x) ((void)0)
#endif

/* KERNELS_NAME in names and texts. */
#define CONCATENATE_(a, b) a##b
#define CONCATENATE(a, b)  CONCATENATE_(a, b)
#define STRING_(a)         #a
#define STRING(a)          STRING_(a)

#endif
