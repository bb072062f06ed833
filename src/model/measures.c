#include "measures.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

const struct measure_description measure_table[N_MEASURES] = {
    [MEASURE_ABLATION_MEAN] = {"ablation_mean", "(E[d])^2",
                               "George 2020, \"What makes neurons picky?\": the definition", 1},
    [MEASURE_ABLATION_SAMPLE] = {"ablation_sample", "E[d^2]", "George 2020, final text", 1},
    [MEASURE_TAYLOR_MEAN] = {"taylor_mean", "(E[h de/dh])^2", "George 2020, first-order form", 1},
    [MEASURE_TAYLOR_SAMPLE] = {"taylor_sample", "E[(h de/dh)^2]", "George 2020, final code", 1},
    [MEASURE_CONTRIBUTION] = {"contribution", "E[(h dy/dh)^2]", "taylor_sample without the residual y - target", 1},
    [MEASURE_VARIANCE] = {"variance", "Var[h] = E[h^2] - E[h]^2",
                          "Yang et al. 2019, Nature Neuroscience 22, 297-306: task variance", 1},
#ifdef PICKY_MADE_UP
    [MEASURE_MADE_UP] = {"made_up_mean", "E[h]^2", "nobody", 3},
#endif
};

/* An importance that counts, and its scale; what is below the threshold is 0. */
struct scaled {
    double threshold, scale;
};

static struct scaled scaled_of(const float *importance, size_t n_units, double unimportant_below, bool is_normalised)
{
    double sum = 0;
    for (size_t i = 0; i < n_units; i++)
        sum += (double)importance[i];
    double mean = sum / (double)n_units; /* in place of the sum: the number of units cancels */
    return (struct scaled){unimportant_below * mean, is_normalised && mean > 0 ? 1 / mean : 1};
}

static double ri_of(double a, double b, const struct scaled *of_a, const struct scaled *of_b)
{
    bool is_valid = a >= 0 && b >= 0; /* importances are squares: others are damage */
    a = a < of_a->threshold ? 0 : a * of_a->scale;
    b = b < of_b->threshold ? 0 : b * of_b->scale;
    return is_valid ? (a - b) / (a + b) : (double)NAN; /* 0/0 is the NaN that is wanted */
}

void relative_importance(const float *a, const float *b, size_t n_units, double unimportant_below, float *ri)
{
    struct scaled of_a = scaled_of(a, n_units, unimportant_below, false);
    struct scaled of_b = scaled_of(b, n_units, unimportant_below, false);
    for (size_t i = 0; i < n_units; i++) {
        double value = ri_of((double)a[i], (double)b[i], &of_a, &of_b);
        ri[i] = isnan(value) ? quiet_nan() : (float)value;
    }
}

void relative_importance_in_double(const float *a, const float *b, size_t n_units, double unimportant_below,
                                   bool is_normalised, double *ri)
{
    struct scaled of_a = scaled_of(a, n_units, unimportant_below, is_normalised);
    struct scaled of_b = scaled_of(b, n_units, unimportant_below, is_normalised);
    for (size_t i = 0; i < n_units; i++)
        ri[i] = ri_of((double)a[i], (double)b[i], &of_a, &of_b);
}

float quiet_nan(void)
{
    const uint32_t bits = 0x7fc00000;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}
