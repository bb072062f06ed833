/* The algorithm of section 3 of Hartigan & Hartigan 1985, which AS 217 (P. M. Hartigan 1985) implements.
 *
 * All in counts: distribution functions times n. At each distinct value x the empirical distribution function steps
 * from `below` (values < x) to `upto` (values <= x). In the current modal interval [low, high], G is its greatest
 * convex minorant, through lower corners (x, below), and L its least concave majorant, through upper corners (x, upto).
 * The interval shrinks to where L - G is largest; left of it the fit is G, right of it L, and the larger misfit of
 * the two is the dip so far. It ends when L - G is nowhere larger than that. */
#include "dip.h"

#include <math.h>

/* The distinct values of a sample [n_distinct], and G and L at those of the modal interval. */
struct corners {
    double *x, *below, *upto, *minorant, *majorant;
};

/* Fills value [low..high] with the hull of the corners (x, y) there: convex and from below (sign 1), or concave and
 * from above (sign -1). */
static void make_hull(const double *x, const double *y, double sign, size_t low, size_t high, double *value,
                      size_t *hull)
{
    size_t n = 0;
    for (size_t i = low; i <= high; i++) {
        for (; n >= 2; n--) { /* a corner that is not below the line from the one before it to i is none */
            size_t a = hull[n - 2], b = hull[n - 1];
            if (sign * (y[b] - y[a]) * (x[i] - x[a]) < sign * (y[i] - y[a]) * (x[b] - x[a]))
                break;
        }
        hull[n++] = i;
    }
    value[low] = y[low];
    for (size_t k = 1; k < n; k++) {
        size_t a = hull[k - 1], b = hull[k];
        for (size_t i = a + 1; i < b; i++)
            value[i] = y[a] + (y[b] - y[a]) * ((x[i] - x[a]) / (x[b] - x[a]));
        value[b] = y[b];
    }
}

double dip_statistic(const double *sorted, size_t n, double *scratch, size_t *indices)
{
    struct corners c = {scratch, scratch + n, scratch + 2 * n, scratch + 3 * n, scratch + 4 * n};
    size_t n_distinct = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || sorted[i] > sorted[i - 1]) {
            c.x[n_distinct] = sorted[i];
            c.below[n_distinct++] = (double)i;
        }
        c.upto[n_distinct - 1] = (double)(i + 1);
    }

    double dip = 0;
    size_t low = 0, high = n_distinct - 1;
    while (low < high) { /* a single value may be the mode's atom */
        make_hull(c.x, c.below, 1, low, high, c.minorant, indices);
        make_hull(c.x, c.upto, -1, low, high, c.majorant, indices);
        size_t widest = low;
        for (size_t i = low; i <= high; i++)
            if (c.majorant[i] - c.minorant[i] > c.majorant[widest] - c.minorant[widest])
                widest = i;
        if (c.majorant[widest] - c.minorant[widest] <= dip)
            break;
        /* From G's last corner up to there to L's first from there on. */
        size_t new_low = widest, new_high = widest;
        while (c.minorant[new_low] < c.below[new_low])
            new_low--;
        while (c.majorant[new_high] > c.upto[new_high])
            new_high++;
        for (size_t i = low; i < new_low; i++)
            dip = fmax(dip, c.upto[i] - c.minorant[i]);
        for (size_t i = new_high + 1; i <= high; i++)
            dip = fmax(dip, c.majorant[i] - c.below[i]);
        if (new_low == low && new_high == high)
            break; /* only rounding comes here: the widest gap is at a corner of G or of L */
        low = new_low;
        high = new_high;
    }
    return dip / (2 * (double)n);
}

double dip_critical(size_t n)
{
    static const struct {
        double n, dip;
    } table[] = {
        {10, 0.139611395137099},    {15, 0.118760769203664},    {20, 0.105130218270636},    {30, 0.0881689143126666},
        {50, 0.0702737877191269},   {100, 0.0511279442868827},  {200, 0.0368418413878307},  {500, 0.0237294742633411},
        {1000, 0.0169343970067564}, {2000, 0.0120380990328341}, {5000, 0.0076506368153935},
    };
    enum { N_SIZES = sizeof table / sizeof table[0] };
    double m = (double)n;
    size_t i = 1;
    while (i < N_SIZES - 1 && table[i].n < m)
        i++;
    double low = sqrt(table[i - 1].n) * table[i - 1].dip, high = sqrt(table[i].n) * table[i].dip;
    double share = fmin((m - table[i - 1].n) / (table[i].n - table[i - 1].n), 1); /* beyond the last as there */
    return (low + share * (high - low)) / sqrt(m);
}
