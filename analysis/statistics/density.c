#include "density.h"

#include "statistics.h"

#include <math.h>

double density_width(const float *sorted, size_t n)
{
    double mean = statistics_mean(sorted, n), squares = 0;
    double quartiles = statistics_quantile(sorted, n, 0.75) - statistics_quantile(sorted, n, 0.25);
    for (size_t i = 0; i < n; i++)
        squares += ((double)sorted[i] - mean) * ((double)sorted[i] - mean);
    double deviation = sqrt(squares / ((double)n - 1)), robust = quartiles / 1.34;
    if (sorted[0] == sorted[n - 1])
        return 0;
    return 0.9 * (robust > 0 ? fmin(deviation, robust) : deviation) * pow((double)n, -0.2);
}

double density_at(const float *values, size_t n, double width, double x)
{
    const double root_two_pi = 2.5066282746310002;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double z = (x - (double)values[i]) / width;
        sum += exp(-z * z / 2);
    }
    return sum / ((double)n * width * root_two_pi);
}
