#include "trend.h"

#include "identical.h"
#include "matching.h"
#include "pooled.h"

#include <math.h>
#include <stdlib.h>

/* What each seed has of a statistic: values [n_layers, n, n_replicates]. */
struct seeds {
    struct reader *reader;
    enum statistic statistic;
    size_t n;
    float *values;
};

/* Whether jobs were accepted, 1 or 0; NaN where that is not known. */
static void take_acceptance(const struct seeds *seeds, size_t config, float *values)
{
    for (size_t r = 0; r < seeds->reader->n_replicates; r++) {
        enum job_status status = reader_status(seeds->reader, config, r);
        values[r] = status == STATUS_ACCEPTED ? 1 : status == STATUS_REJECTED || status == STATUS_DIVERGED ? 0 : NAN;
    }
}

/* Reads the i-th configuration. */
static enum error_code read_point(struct trend *trend, const struct seeds *seeds, size_t config, size_t i,
                                  const struct ri_options *options, struct sample_estimates *estimates,
                                  struct error *error)
{
    const struct selection one = {.configs = &config, .n = 1};
    const size_t n_replicates = seeds->reader->n_replicates;
    struct sample sample;
    if (sample_read(&sample, seeds->reader, &one, options, false, error))
        return error->code;
    if (!sample_estimate(&sample, estimates, error) && seeds->statistic == STATISTIC_TWO_PEAKS_IDENTICAL)
        identical_two_peaks(seeds->reader, &one, options, estimates, error);
    for (size_t l = 0; l < sample.n_layers && !error->code; l++) {
        float *values = seeds->values + (l * seeds->n + i) * n_replicates;
        trend->points[l * trend->n + i] = estimates->layers[l].statistics[seeds->statistic];
        if (seeds->statistic == STATISTIC_ACCEPTANCE)
            take_acceptance(seeds, config, values);
        else if (seeds->statistic >= STATISTIC_FIRST_OF_MODEL)
            sample_by_replicate(&sample, &one, sample_column(&sample, seeds->statistic, l), n_replicates, values);
    }
    sample_free(&sample);
    return error->code;
}

static size_t most_layers(const struct reader *reader, const size_t *configs, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_layers = configs[i] == SIZE_MAX ? 0 : (size_t)reader->configs[configs[i]].hidden_layers;
        most = n_layers > most ? n_layers : most;
    }
    return most;
}

enum error_code trend_read(struct trend *trend, struct reader *reader, const size_t *configs, const double *x, size_t n,
                           enum statistic statistic, const struct ri_options *options, struct error *error)
{
    const struct estimate nothing = {(double)NAN, (double)NAN, (double)NAN, 0};
    const size_t n_layers = most_layers(reader, configs, n), n_points = n_layers * n;
    struct seeds seeds = {.reader = reader, .statistic = statistic, .n = n};
    struct sample_estimates *estimates = malloc(sizeof *estimates);
    float *slopes = malloc(reader->n_replicates * sizeof *slopes);

    *trend = (struct trend){.n = n, .n_layers = n_layers, .points = malloc((n_points + 1) * sizeof *trend->points)};
    seeds.values = malloc((n_points * reader->n_replicates + 1) * sizeof *seeds.values);
    error->code = ERROR_NONE;
    if (!estimates || !slopes || !trend->points || !seeds.values)
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    for (size_t i = 0; i < n_points && !error->code; i++)
        trend->points[i] = nothing;
    for (size_t i = 0; i < n_points * reader->n_replicates && !error->code; i++)
        seeds.values[i] = NAN;
    for (size_t i = 0; i < n && !error->code; i++)
        if (configs[i] != SIZE_MAX)
            read_point(trend, &seeds, configs[i], i, options, estimates, error);
    for (size_t l = 0; l < n_layers && !error->code; l++) {
        trend->slopes[l] = nothing;
        if (!x)
            continue;
        pooled_slopes(x, seeds.values + l * n * reader->n_replicates, n, reader->n_replicates, slopes);
        bootstrap_means(slopes, reader->n_replicates, 1, &trend->slopes[l], error);
    }
    free(seeds.values);
    free(slopes);
    free(estimates);
    if (error->code)
        trend_free(trend);
    return error->code;
}

bool trend_is_logarithmic(const double *x, size_t n)
{
    double widest[2] = {0, 0}, narrowest[2] = {INFINITY, INFINITY};
    if (n < 3 || !(x[0] > 0))
        return false;
    for (size_t i = 1; i < n; i++) {
        const double gaps[2] = {x[i] - x[i - 1], log2(x[i]) - log2(x[i - 1])};
        for (int k = 0; k < 2; k++) {
            widest[k] = fmax(widest[k], gaps[k]);
            narrowest[k] = fmin(narrowest[k], gaps[k]);
        }
    }
    return 1.9 * widest[1] / narrowest[1] < widest[0] / narrowest[0];
}

void trend_free(struct trend *trend)
{
    free(trend->points);
    *trend = (struct trend){0};
}
