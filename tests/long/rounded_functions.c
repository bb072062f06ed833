/* src/model/rounded_functions.c at all floats, or at every STRIDEth; run by rounded_functions.sh.
 *
 * At each argument libm's function of long double, which is other code than its function of double and has an error
 * below 2^-60, says what to expect; MPFR, in float's own precision and range, where that lies near a midpoint of two
 * floats. A line for each function: arguments; results that are wrong; the largest relative error of libm's function of
 * double (below 2^-44 is what rounded_functions.c assumes) and how many results it alone would have wrong; how often
 * MPFR was asked by rounded_functions.c and by this.
 *
 * Usage: rounded_functions STRIDE FIRST     floats with the bits FIRST, FIRST + STRIDE, ...
 *        rounded_functions random N SEED    N random ones, against MPFR alone */
#include "rounded_functions.h"

#include <gnu/libc-version.h>
#include <inttypes.h>
#include <math.h>
#include <mpfr.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __LDBL_MANT_DIG__ < 64
#error "needs a long double that is wider than double"
#endif

static const struct function {
    const char *name;
    float (*rounded)(float x);
    double (*libm)(double x);
    long double (*wide)(long double x);
    int (*exact)(mpfr_t value, const mpfr_t x, mpfr_rnd_t rounding);
} functions[] = {
    {"sin", rounded_sin, sin, sinl, mpfr_sin},      {"cos", rounded_cos, cos, cosl, mpfr_cos},
    {"exp", rounded_exp, exp, expl, mpfr_exp},      {"log", rounded_log, log, logl, mpfr_log},
    {"tanh", rounded_tanh, tanh, tanhl, mpfr_tanh},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

struct counts {
    uint64_t arguments, wrong, alone, asked, unsure;
    double largest_error;
};

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static float exact(const struct function *f, float x)
{
    static mpfr_t value;
    static bool is_ready;
    if (!is_ready) {
        mpfr_init2(value, 24);
        is_ready = true;
    }
    mpfr_set_emin(-148);
    mpfr_set_emax(128);
    mpfr_set_flt(value, x, MPFR_RNDN);
    int inexact = f->exact(value, value, MPFR_RNDN);
    mpfr_subnormalize(value, mpfr_check_range(value, inexact, MPFR_RNDN), MPFR_RNDN);
    float rounded = mpfr_get_flt(value, MPFR_RNDN);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    return rounded;
}

static void check_result(const struct function *f, float x, float expected, struct counts *counts)
{
    float result = f->rounded(x);
    counts->arguments++;
    if (!same(result, expected) && counts->wrong++ < 10)
        printf("wrong: %s(%a) = %a, not %a\n", f->name, (double)x, (double)result, (double)expected);
}

static void check_argument(const struct function *f, float x, struct counts *counts)
{
    double value = f->libm((double)x);
    long double wide = f->wide((long double)x);
    if (!isfinite(wide) || wide == 0) {
        check_result(f, x, exact(f, x), counts);
        return;
    }
    /* What overflows or vanishes in double does so in float. */
    if (isfinite(value) && fabs(value) > 0x1p-1000) {
        double error = (double)fabsl(((long double)value - wide) / wide);
        counts->largest_error = fmax(counts->largest_error, error);
        counts->asked += (float)(value - fabs(value) * 0x1p-44) != (float)(value + fabs(value) * 0x1p-44);
    }
    float low = (float)(wide - fabsl(wide) * 0x1p-58L), high = (float)(wide + fabsl(wide) * 0x1p-58L);
    bool is_sure = low == high;
    counts->unsure += !is_sure;
    float expected = is_sure ? (float)wide : exact(f, x);
    counts->alone += !same((float)value, expected);
    check_result(f, x, expected, counts);
}

/* splitmix64 */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0') {
        fprintf(stderr, "rounded_functions: %s is not a number\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    bool is_random = argc == 4 && strcmp(argv[1], "random") == 0;
    if (argc != 3 && !is_random) {
        fprintf(stderr, "usage: rounded_functions STRIDE FIRST | random N SEED\n");
        return 2;
    }
    uint64_t wrong = 0;
    printf("glibc %s, MPFR %s, gcc-compatible %s\n", gnu_get_libc_version(), mpfr_get_version(), __VERSION__);
    for (int i = 0; i < N_FUNCTIONS; i++) {
        const struct function *f = &functions[i];
        struct counts counts = {0};
        uint64_t first = number(argv[2]), stride = is_random ? 0 : number(argv[1]),
                 state = is_random ? number(argv[3]) : 0;
        if (is_random)
            for (uint64_t n = 0; n < first; n++) {
                float x = float_of((uint32_t)random_bits(&state));
                check_result(f, x, exact(f, x), &counts);
            }
        else
            for (uint64_t bits = first; bits <= UINT32_MAX && stride > 0; bits += stride)
                check_argument(f, float_of((uint32_t)bits), &counts);
        printf("%-4s %" PRIu64 " arguments, %" PRIu64 " wrong", f->name, counts.arguments, counts.wrong);
        if (!is_random)
            printf(", libm's error at most 2^%.1f, %" PRIu64 " wrong by it alone, MPFR asked %" PRIu64
                   " times, here %" PRIu64,
                   log2(counts.largest_error), counts.alone, counts.asked, counts.unsure);
        printf("\n");
        fflush(stdout);
        wrong += counts.wrong + (counts.largest_error >= 0x1p-45);
    }
    return wrong > 0;
}
