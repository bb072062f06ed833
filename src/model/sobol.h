/* Sobol' points: evenly spread over the unit cube (Sobol' 1967), with the direction numbers of Joe and Kuo (2008,
 * "Constructing Sobol sequences with better two-dimensional projections", new-joe-kuo-6), in Gray code order (Antonov
 * and Saleev 1979), not scrambled: as scipy.stats.qmc.Sobol(scramble=False) has them. */
#ifndef PICKY_SOBOL_H
#define PICKY_SOBOL_H

#include <stddef.h>
#include <stdint.h>

enum { SOBOL_DIMENSIONS_MAX = 16 };

/* Points first..first+n-1 (0-based; below 2^24, so that floats hold them) of n_dimensions coordinates in [0, 1): u
 * [n][n_dimensions]. */
void sobol_points(uint32_t first, size_t n, int n_dimensions, float *u);

#endif
