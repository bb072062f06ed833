#include "histogram.h"

#include "layer_mask.h"

#include <math.h>
#include <stdlib.h>

#define N_SHARES (RI_BINS + 1) /* the bins and the unimportant */

enum error_code histogram_of(const struct sample *sample, uint64_t layers, struct histogram *histogram,
                             struct error *error)
{
    size_t n_models = sample->n_models, n_layers = 0;
    struct estimate estimates[N_SHARES];
    float *shares = calloc(N_SHARES * n_models + 1, sizeof *shares); /* [N_SHARES, n_models] */
    if (!shares)
        return error_set(error, ERROR_FATAL, "not enough memory");

    /* All layers have the same number of units: the share of all is the mean of the layers' shares. */
    for (size_t l = 0; l < sample->n_layers; l++) {
        if (!layer_mask_has(layers, l))
            continue;
        n_layers++;
        for (size_t b = 0; b < N_SHARES; b++) {
            const float *own = b < RI_BINS ? sample_bin(sample, l, b) : sample_column(sample, STATISTIC_UNIMPORTANT, l);
            for (size_t m = 0; m < n_models; m++)
                shares[b * n_models + m] += own[m];
        }
    }
    for (size_t i = 0; n_layers > 1 && i < N_SHARES * n_models; i++)
        shares[i] /= (float)n_layers;
    if (!bootstrap_means(shares, n_models, N_SHARES, estimates, error)) {
        for (size_t b = 0; b < N_SHARES; b++)
            estimate_clip(&estimates[b], 0, 1);
        for (size_t b = 0; b < RI_BINS; b++)
            histogram->bins[b] = estimates[b];
        histogram->unimportant = estimates[RI_BINS];
    }
    free(shares);
    return error->code;
}

double histogram_top(const struct histogram *histogram)
{
    double top = 0;
    for (int b = 0; b < RI_BINS; b++)
        top = fmax(top, fmax(histogram->bins[b].value, histogram->bins[b].high)); /* a NaN does not count */
    return top;
}
