/* Histograms of relative importance, and the panels that show them. */
#ifndef PICKY_HISTOGRAM_H
#define PICKY_HISTOGRAM_H

#include "layout.h"
#include "sample.h"

/* Shares of all units, means over models with 95 % intervals; all NaN without models. */
struct histogram {
    struct estimate bins[RI_BINS]; /* as in struct ri_counts */
    struct estimate unimportant;
};

/* The histogram of a sample's units in the hidden layers `layers` (bits 1 << (layer - 1), 0: all) together. The sample
 * is of one configuration, with bins. ERROR_FATAL if memory is short. */
enum error_code histogram_of(const struct sample *sample, uint64_t layers, struct histogram *histogram,
                             struct error *error);

/* The upper end of the histogram's highest bar or interval. */
double histogram_top(const struct histogram *histogram);

/* Sets the axes that all panels of a figure share; `highest` is the largest histogram_top. */
void histogram_axes(const struct gnuplot *figure, double highest);

/* Draws a panel; `name` [A-Za-z0-9_] is its data's in the script. Numbers are written below and left of it if wanted.
 */
void histogram_panel(const struct gnuplot *figure, const struct box *box, const char *name,
                     const struct histogram *histogram, bool has_x_numbers, bool has_y_numbers);

/* Writes what lies to the left and to the right below the panels, centred at (x, y). */
void histogram_x_name(const struct gnuplot *figure, double x, double y, const struct ri_options *options);

#endif
