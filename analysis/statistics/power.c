#include "power.h"

#include "student.h"
#include "verdict.h"

#include <math.h>

enum { N_STEPS = 400, NORMAL_FROM = 20000 }; /* of Simpson's rule; values of which t is normal to five digits */

/* ln of the density of the sample's standard deviation over the true one, at s > 0: a chi over the root of its degrees
 * of freedom. */
static double log_density(double s, double degrees)
{
    return log(2) + degrees / 2 * log(degrees / 2) - lgamma(degrees / 2) + (degrees - 1) * log(s) - degrees * s * s / 2;
}

double power_of(double effect, double above, double sd, size_t n)
{
    double shift = (effect - above) * sqrt((double)n) / sd, degrees = (double)n - 1;
    if (n > NORMAL_FROM)
        return normal_probability(shift - 1.959963984540054);
    /* Given s, the interval lies above if a normal variable exceeds t s - shift. */
    double t = student_quantile(CONFIDENCE, n - 1), reach = 12 / sqrt(2 * degrees), low = fmax(1e-9, 1 - reach);
    double step = (1 + reach - low) / N_STEPS, sum = 0;
    for (int i = 0; i <= N_STEPS; i++) {
        double s = low + i * step, weight = i == 0 || i == N_STEPS ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * exp(log_density(s, degrees)) * normal_probability(shift - t * s);
    }
    return sum * step / 3;
}

size_t power_seeds(double effect, double above, double sd)
{
    size_t too_few = VERDICT_SEEDS - 1, enough = VERDICT_SEEDS;
    while (power_of(effect, above, sd, enough) < POWER_WANTED) {
        if (enough == POWER_SEEDS_MAX || effect <= above)
            return 0;
        too_few = enough;
        enough = 2 * enough < POWER_SEEDS_MAX ? 2 * enough : POWER_SEEDS_MAX;
    }
    while (enough - too_few > 1) {
        size_t middle = (enough + too_few) / 2;
        if (power_of(effect, above, sd, middle) < POWER_WANTED)
            too_few = middle;
        else
            enough = middle;
    }
    return enough;
}
