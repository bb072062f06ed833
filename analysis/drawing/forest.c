#include "forest.h"

#include <math.h>
#include <string.h>

static bool is_shown(const struct claims *claims, unsigned chosen, int claim)
{
    return claims->results[claim].pairs.n > 0 && (!chosen || chosen >> claim & 1);
}

double forest_noise(const struct claims *claims, int claim, int measure)
{
    const struct claim_result *result = &claims->results[claim];
    return claim_table[claim].key ? result->noise_b[measure] - result->noise_a[measure] : result->noise_a[measure];
}

/* Makes room for a value and its interval; a NaN does not count. */
static void widen(struct forest *forest, double value, double low, double high)
{
    forest->low = fmin(forest->low, fmin(value, low));
    forest->high = fmax(forest->high, fmax(value, high));
}

static void widen_for(struct forest *forest, int c, int m)
{
    const struct claims *claims = forest->claims;
    const struct claim_result *result = &claims->results[c];
    const struct claim_row *row = &result->rows[ROW_JUDGED][m];
    double noise = forest_noise(claims, c, m);
    widen(forest, 0, -2 * result->smallest, 2 * result->smallest);
    widen(forest, noise, noise, noise);
    if (row->effect.n > 0)
        widen(forest, row->effect.value, row->effect.low, row->effect.high);
    if (row->null.n > 0)
        widen(forest, row->null.value, row->null.low, row->null.high);
    for (size_t p = 0; p < result->pairs.n; p++) {
        double value = result->pair_effects[p * (size_t)claims->n_measures + (size_t)m].value;
        if (claims_pair_counts(claims, c, p, m))
            widen(forest, value, value, value);
    }
}

void forest_make(struct forest *forest, const struct claims *claims, unsigned chosen)
{
    *forest = (struct forest){.claims = claims};
    for (int c = 0; c < N_CLAIMS; c++) {
        if (!is_shown(claims, chosen, c))
            continue;
        forest->height += (forest->n_rows > 0 ? FOREST_CLAIM_GAP : 0) + FOREST_HEAD_HEIGHT;
        for (int m = 0; m < claims->n_measures; m++) {
            if (!(claims->measures >> m & 1))
                continue;
            forest->rows[forest->n_rows++] = (struct forest_row){c, m, forest->height + FOREST_ROW_HEIGHT / 2};
            forest->height += FOREST_ROW_HEIGHT;
            widen_for(forest, c, m);
        }
    }
    double room = 0.03 * (forest->high - forest->low);
    forest->low -= room;
    forest->high += room;
}

bool forest_is_first(const struct forest *forest, size_t i)
{
    return i == 0 || forest->rows[i - 1].claim != forest->rows[i].claim;
}

double forest_claim_top(const struct forest *forest, size_t i)
{
    while (!forest_is_first(forest, i))
        i--;
    return forest->rows[i].y - FOREST_ROW_HEIGHT / 2;
}

double forest_claim_bottom(const struct forest *forest, size_t i)
{
    while (i + 1 < forest->n_rows && !forest_is_first(forest, i + 1))
        i++;
    return forest->rows[i].y + FOREST_ROW_HEIGHT / 2;
}
