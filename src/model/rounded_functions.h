/* Correctly rounded functions of a float: the float nearest to the exact value (to even between two), as IEEE 754
 * recommends and no libm promises. So the bits depend on no libm.
 *
 * libm's function of double decides where its value, wrong by a relative error of 2^-44 at most, lies clear of every
 * midpoint between two floats; MPFR decides elsewhere, for about two arguments in a million. That the assumed error
 * holds is checked over all floats by tests/long/rounded_functions.sh. Needs round to nearest and gradual underflow;
 * NaN gives NaN. */
#ifndef PICKY_ROUNDED_FUNCTIONS_H
#define PICKY_ROUNDED_FUNCTIONS_H

float rounded_sin(float x);
float rounded_cos(float x);
float rounded_exp(float x);
float rounded_log(float x);
float rounded_tanh(float x);

#endif
