/* The limits, compiled once for each instruction set, as kernels_isa.c is. */
#include "machine_limits.h"
#include "simd.h"

#ifndef REGISTER
#undef KEEP_IN_REGISTER
#define KEEP_IN_REGISTER(x) __asm__("" : "+m"(x))
#endif

enum { CHAINS = 12 };

static float multiply_add(size_t n)
{
    vec sum[CHAINS];
    const vec x = vec_splat(0.999f), y = vec_splat(0.001f);
    UNROLL
    for (int i = 0; i < CHAINS; i++)
        sum[i] = vec_splat((float)i);
    for (size_t k = 0; k < n; k += CHAINS) {
        UNROLL
        for (int i = 0; i < CHAINS; i++) {
            sum[i] = vec_fma(sum[i], x, y);
            KEEP_IN_REGISTER(sum[i]);
        }
    }
    UNROLL
    for (int i = 1; i < CHAINS; i++)
        sum[0] += sum[i];
    return sum[0][0];
}

static float sqrt_div(size_t n)
{
    vec value[4];
    const vec x = vec_splat(0.999f);
    UNROLL
    for (int i = 0; i < 4; i++)
        value[i] = vec_splat(1.5f + (float)i);
    for (size_t k = 0; k < n; k += 4) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            value[i] = x / vec_sqrt(value[i]);
            KEEP_IN_REGISTER(value[i]);
        }
    }
    return value[0][0] + value[1][0] + value[2][0] + value[3][0];
}

static float read(float *memory, size_t n_vectors, size_t n)
{
    const vec *v = (const vec *)memory;
    vec sum[8] = {{0}};
    for (size_t done = 0; done < n; done += n_vectors)
        for (size_t i = 0; i + 8 <= n_vectors; i += 8) {
            UNROLL
            for (size_t j = 0; j < 8; j++)
                sum[j] += v[i + j];
        }
    for (int j = 1; j < 8; j++)
        sum[0] += sum[j];
    return sum[0][0];
}

static float rewrite(float *memory, size_t n_vectors, size_t n)
{
    vec *v = (vec *)memory;
    for (size_t done = 0; done < n; done += n_vectors)
        for (size_t i = 0; i + 8 <= n_vectors; i += 8) {
            UNROLL
            for (size_t j = 0; j < 8; j++)
                v[i + j] = -v[i + j];
        }
    return memory[0];
}

extern const struct limits CONCATENATE(limits_, KERNELS_NAME);
const struct limits CONCATENATE(limits_, KERNELS_NAME) = {
    .name = STRING(KERNELS_NAME),
    .lanes = LANES,
    .multiply_add = multiply_add,
    .sqrt_div = sqrt_div,
    .read = read,
    .rewrite = rewrite,
};
