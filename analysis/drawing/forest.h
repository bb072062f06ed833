/* Claims as a forest plot: what both drawings of it share (plot claims by gnuplot, the report's as panels in the page).
 */
#ifndef PICKY_FOREST_H
#define PICKY_FOREST_H

#include "claims.h"

#define FOREST_ROW_HEIGHT  15.0
#define FOREST_HEAD_HEIGHT 19.0 /* of a claim's name above its rows */
#define FOREST_CLAIM_GAP   7.0

/* A claim under one measure. */
struct forest_row {
    int claim, measure;
    double y; /* of its middle, in pixels below the top of the first claim */
};

/* All rows. Borrows the claims. */
struct forest {
    const struct claims *claims;
    struct forest_row rows[N_CLAIMS * N_MEASURES]; /* [n_rows], claim by claim */
    size_t n_rows;
    double height;    /* of them all, in pixels */
    double low, high; /* ends of an axis that holds all their marks, 0 and the smallest effects of interest */
};

/* Lists the claims that are in the file and among `chosen` (bits, 1 << enum claim_id; 0: all), by each measure that was
 * asked for. */
void forest_make(struct forest *forest, const struct claims *claims, unsigned chosen);

/* Whether row i is the first one of its claim; where its claim's rows begin and end. */
bool forest_is_first(const struct forest *forest, size_t i);
double forest_claim_top(const struct forest *forest, size_t i);
double forest_claim_bottom(const struct forest *forest, size_t i);

/* What chance alone gives (noise.h) on the axis of effects: the number itself, or the difference of the two conditions.
 * NaN if it was not measured. */
double forest_noise(const struct claims *claims, int claim, int measure);

#endif
