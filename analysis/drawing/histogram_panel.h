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
                     const struct palette *palette, const struct reader *reader, const struct histogram *histogram,
                     bool has_x_numbers, bool has_y_numbers);

/* Writes the horizontal axes' name, centred at (x, y) and at most about `width` wide, with the tasks that lie to the
 * left and to the right; in two lines, the lower at y, if need be. */
void histogram_x_name(const struct gnuplot *figure, double x, double y, double width, const struct reader *reader,
                      const struct figure_request *request);

/* Writes the rows of --data, for each bin and, without limits, for unimportant units. RI 1 is the first of the pair's
 * tasks alone; `layers` says of which layers the units are. */
#define HISTOGRAM_COLUMNS "tasks,layers,bin_low,bin_high,proportion,low,high,n_models"
void histogram_data(const struct gnuplot *figure, const struct reader *reader, size_t config, struct task_pair pair,
                    const char *layers, const struct histogram *histogram);

#endif
