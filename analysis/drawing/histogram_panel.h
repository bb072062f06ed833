/* The panels that show histograms of relative importance. */
#ifndef PICKY_HISTOGRAM_PANEL_H
#define PICKY_HISTOGRAM_PANEL_H

#include "histogram.h"
#include "layout.h"

/* Sets the axes that all panels of a figure share; `highest` is the largest histogram_top. */
void histogram_axes(const struct gnuplot *figure, double highest);

/* Draws a panel; `name` [A-Za-z0-9_] is its data's in the script. Numbers are written below and left of it if wanted.
 */
void histogram_panel(const struct gnuplot *figure, const struct box *box, const char *name,
                     const struct histogram *histogram, bool has_x_numbers, bool has_y_numbers);

/* Writes what lies to the left and to the right below the panels, centred at (x, y); about how wide that is. */
void histogram_x_name(const struct gnuplot *figure, double x, double y, const struct reader *reader,
                      const struct figure_request *request);
double histogram_x_name_width(const struct reader *reader, const struct figure_request *request);

#endif
