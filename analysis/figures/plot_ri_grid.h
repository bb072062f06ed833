/* Histograms of relative importance, as small multiples over two hyperparameters. */
#ifndef PICKY_PLOT_RI_GRID_H
#define PICKY_PLOT_RI_GRID_H

#include "layout.h"

/* Draws the figure over the hyperparameters `rows` and `columns` (grid_make). Errors as gnuplot_finish; ERROR_INPUT
 * also for what the file or the figure does not have room for. */
enum error_code plot_ri_grid(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, const char *rows, const char *columns,
                             struct error *error);

#endif
