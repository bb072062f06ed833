#include "rounded_functions.h"

#include "errors.h"

#include <math.h>
#include <mpfr.h>

enum function { SIN, COS, EXP, LOG, TANH };

/* A float's midpoints have 25 bits, and none of these functions has a value nearer to one than 2^-150 of it where it is
 * not the midpoint itself: rounding to 200 bits first changes nothing. */
enum { PRECISION = 200 };

/* Rounded from MPFR's value: mpfr_get_flt knows what floats there are below 2^-126 and above the largest. */
static __attribute__((noinline, cold)) float rounded_slowly(enum function function, float x)
{
    mpfr_t value;
    mpfr_init2(value, PRECISION);
    mpfr_set_flt(value, x, MPFR_RNDN);
    switch (function) {
    case SIN: mpfr_sin(value, value, MPFR_RNDN); break;
    case COS: mpfr_cos(value, value, MPFR_RNDN); break;
    case EXP: mpfr_exp(value, value, MPFR_RNDN); break;
    case LOG: mpfr_log(value, value, MPFR_RNDN); break;
    case TANH: mpfr_tanh(value, value, MPFR_RNDN); break;
    }
    float rounded = mpfr_get_flt(value, MPFR_RNDN);
    mpfr_clear(value);
    mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE); /* of this thread, which may end: pi and log 2 */
    return rounded;
}

/* `value` is libm's: whatever the exact one is within 2^-44 of it, if that rounds to one float, it is the one. Infinite
 * and NaN values are exact. */
static inline float rounded(enum function function, float x, double value)
{
    double error = fabs(value) * 0x1p-44;
    float low = (float)(value - error), high = (float)(value + error);
    if (__builtin_expect(low == high || !isfinite(value), 1))
        return (float)value;
    return rounded_slowly(function, x);
}

float rounded_sin(float x)
{
    return rounded(SIN, x, sin((double)x));
}

float rounded_cos(float x)
{
    return rounded(COS, x, cos((double)x));
}

float rounded_exp(float x)
{
    return rounded(EXP, x, exp((double)x));
}

float rounded_log(float x)
{
    return rounded(LOG, x, log((double)x));
}

float rounded_tanh(float x)
{
    return rounded(TANH, x, tanh((double)x));
}
