#include "multiverse.h"

#include "statistics.h"

#include <math.h>

const char *const choice_names[N_CHOICES] = {"D or shares", "normalise", "of which units", "cut-off"};

bool multiverse_has(enum claim_id claim, int number)
{
    return number < N_SPECIFICATIONS && (number >= NUMBER_FIRST_SHARE || !claim_table[claim].is_leaning);
}

/* Whether two specifications differ in a choice alone. */
static bool is_only_choice(enum choice choice, int x, int y)
{
    if (x == NUMBER_JUDGED || y == NUMBER_JUDGED)
        return choice == CHOICE_NUMBER;
    struct specification a = claim_specification(x), b = claim_specification(y);
    bool differs[N_CHOICES] = {[CHOICE_NORMALISE] = a.normalise != b.normalise,
                               [CHOICE_UNITS] = a.is_of_important != b.is_of_important,
                               [CHOICE_CUTOFF] = a.cutoff != b.cutoff};
    for (int c = 0; c < N_CHOICES; c++)
        if (differs[c] != (c == (int)choice))
            return false;
    return true;
}

/* How often a choice changes the verdict: share of the pairs that differ in nothing else. */
static double flips_of(enum claim_id claim, enum choice choice, const struct estimate *estimates, double smallest)
{
    double n = 0, n_flips = 0;
    for (int y = 1; y < N_SPECIFICATIONS; y++)
        for (int x = 0; x < y; x++) {
            if (!multiverse_has(claim, x) || estimates[x].n == 0 || estimates[y].n == 0 ||
                !is_only_choice(choice, x, y))
                continue;
            n++;
            n_flips += verdict_of(&estimates[x], smallest) != verdict_of(&estimates[y], smallest) ? 1 : 0;
        }
    return n > 0 ? n_flips / n : 0;
}

struct multiverse_row multiverse_sum_up(enum claim_id claim, const struct estimate *estimates, double smallest)
{
    struct multiverse_row row = {
        .least = (double)NAN, .median = (double)NAN, .largest = (double)NAN, .choice = N_CHOICES};
    float effects[N_SPECIFICATIONS];
    size_t n = 0;
    for (int s = 0; s < N_SPECIFICATIONS; s++) {
        if (!multiverse_has(claim, s) || estimates[s].n == 0)
            continue;
        enum decision decision = verdict_of(&estimates[s], smallest);
        effects[n++] = (float)estimates[s].value;
        row.n_larger += decision == DECISION_LARGER ? 1 : 0;
        row.n_reversed += decision == DECISION_REVERSED ? 1 : 0;
    }
    row.n = (int)n;
    if (n == 0)
        return row;
    statistics_sort(effects, n);
    row.least = (double)effects[0];
    row.median = statistics_quantile(effects, n, 0.5);
    row.largest = (double)effects[n - 1];
    for (int c = 0; c < N_CHOICES; c++) {
        double flips = flips_of(claim, (enum choice)c, estimates, smallest);
        if (flips > row.flips) {
            row.flips = flips;
            row.choice = (enum choice)c;
        }
    }
    return row;
}

void multiverse_average(enum claim_id claim, const float *columns, int n_measures, unsigned measures, size_t n_seeds,
                        float *mean)
{
    for (size_t seed = 0; seed < n_seeds; seed++) {
        double sum = 0, n = 0;
        for (int m = 0; m < n_measures; m++) {
            double sum_here = 0, n_here = 0;
            for (int s = 0; s < N_SPECIFICATIONS && (measures >> m & 1); s++) {
                float value = columns[((size_t)m * N_NUMBERS + (size_t)s) * n_seeds + seed];
                if (multiverse_has(claim, s) && !isnan(value)) {
                    sum_here += (double)value;
                    n_here++;
                }
            }
            if (n_here > 0) {
                sum += sum_here / n_here;
                n++;
            }
        }
        mean[seed] = (float)(sum / n); /* 0/0 is the NaN that is wanted */
    }
}
