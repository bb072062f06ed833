/* One vector of floats, one lane per model, for whichever instruction set this file is compiled for
 * (KERNELS_AVX512, KERNELS_AVX2, KERNELS_NEON, else portable). Included by kernels_isa.c only.
 *
 * Every operation gives the same bits in a lane on every instruction set: correctly rounded IEEE 754
 * operations, comparisons that are false for NaN, and nothing across lanes. */
#ifndef PICKY_SIMD_H
#define PICKY_SIMD_H

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
#define KERNELS_PORTABLE
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t vec_bits __attribute__((vector_size(4 * LANES)));

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

#ifdef KERNELS_PORTABLE
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

/* Keeps a loaded vector in a register: without it gcc loads it once for every multiply-add that uses it. */
#ifdef REGISTER
#define KEEP_IN_REGISTER(x) __asm__("" : "+" REGISTER(x))
#else
#define KEEP_IN_REGISTER(x) ((void)0)
#endif

#endif
