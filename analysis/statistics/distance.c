#include "distance.h"

#include <math.h>
#include <stdbool.h>

double distance_of(const float *a, const float *b, size_t n)
{
    double sum_a = 0, sum_b = 0, distance = 0;
    bool is_valid = true;
    for (size_t i = 0; i < n; i++) {
        sum_a += (double)a[i];
        sum_b += (double)b[i];
        is_valid = is_valid && a[i] >= 0 && b[i] >= 0;
    }
    if (!is_valid)
        return (double)NAN;
    for (size_t i = 0; i < n; i++)
        distance += fabs((double)a[i] / sum_a - (double)b[i] / sum_b);
    return distance / 2; /* of sums that are 0 or infinite the NaN that is wanted */
}
