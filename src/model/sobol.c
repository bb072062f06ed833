#include "sobol.h"

#include "errors.h"

#define BITS 24 /* of a coordinate: a float has as many */

/* Joe and Kuo's new-joe-kuo-6 for dimensions 2..16 (the first one is van der Corput's): a primitive polynomial's degree
 * s and inner coefficients a, and the first s numbers m. */
static const struct {
    uint32_t s, a, m[6];
} joe_kuo[SOBOL_DIMENSIONS_MAX - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
};

/* The direction numbers of a dimension, in units of 2^-BITS: v [BITS] (Joe & Kuo 2003, equations 2 and 3). */
static void directions(int dimension, uint32_t v[BITS])
{
    if (dimension == 0) {
        for (uint32_t k = 0; k < BITS; k++)
            v[k] = 1u << (BITS - 1 - k);
        return;
    }
    uint32_t s = joe_kuo[dimension - 1].s, a = joe_kuo[dimension - 1].a;
    for (uint32_t k = 0; k < s; k++)
        v[k] = joe_kuo[dimension - 1].m[k] << (BITS - 1 - k);
    for (uint32_t k = s; k < BITS; k++) {
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (uint32_t j = 1; j < s; j++)
            if (a >> (s - 1 - j) & 1)
                v[k] ^= v[k - j];
    }
}

void sobol_points(uint32_t first, size_t n, int n_dimensions, float *u)
{
    check(n_dimensions >= 1 && n_dimensions <= SOBOL_DIMENSIONS_MAX && first + n <= 1u << BITS);
    for (int d = 0; d < n_dimensions; d++) {
        uint32_t v[BITS], point = 0;
        directions(d, v);
        uint32_t gray = first ^ first >> 1;
        for (uint32_t k = 0; k < BITS; k++)
            if (gray >> k & 1)
                point ^= v[k];
        for (size_t i = 0; i < n; i++) {
            u[i * (size_t)n_dimensions + (size_t)d] = (float)point * 0x1p-24f;
            /* From a number's Gray code to the next's, the bit of the lowest 0 changes. */
            uint32_t zero = (uint32_t)__builtin_ctz(~(first + (uint32_t)i));
            point ^= zero < BITS ? v[zero] : 0;
        }
    }
}
