#include "student.h"

#include <math.h>
#include <stdbool.h>

double normal_probability(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

double student_probability(double t, size_t degrees)
{
    const double pi = 3.141592653589793;
    double angle = atan(t / sqrt((double)degrees)), cosine = cos(angle), term, sum = 0;
    bool is_odd = degrees % 2 == 1;
    term = is_odd ? cosine : 1;
    for (size_t k = is_odd ? 1 : 0; k + 2 <= degrees; k += 2) {
        sum += term;
        term *= (double)(k + 1) / (double)(k + 2) * cosine * cosine;
    }
    return is_odd ? 2 / pi * (angle + sin(angle) * sum) : sin(angle) * sum;
}

double student_quantile(double confidence, size_t degrees)
{
    double low = 0, high = 1e6;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (student_probability(middle, degrees) < confidence)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double student_half_width(double squares, size_t n, double confidence)
{
    double m = (double)n;
    return student_quantile(confidence, n - 1) * sqrt(squares / (m - 1) / m);
}

struct estimate student_interval(const float *values, size_t n, double confidence)
{
    struct estimate estimate = {(double)NAN, (double)NAN, (double)NAN, 0};
    double sum = 0, squares = 0, least = (double)INFINITY, most = -(double)INFINITY;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            sum += (double)values[i];
            least = fmin(least, (double)values[i]);
            most = fmax(most, (double)values[i]);
            estimate.n++;
        }
    if (estimate.n == 0)
        return estimate;
    estimate.value = least == most ? least : sum / (double)estimate.n;
    if (estimate.n < 2 || least == most)
        return estimate;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            squares += ((double)values[i] - estimate.value) * ((double)values[i] - estimate.value);
    double half = student_half_width(squares, estimate.n, confidence);
    estimate.low = estimate.value - half;
    estimate.high = estimate.value + half;
    return estimate;
}

double student_bonferroni(size_t n)
{
    return 1 - (1 - CONFIDENCE) / (double)n;
}
