/* A statistic over two hyperparameters, with numbers in the cells. */
#ifndef PICKY_PLOT_HEATMAP_H
#define PICKY_PLOT_HEATMAP_H

#include "layout.h"
#include "sample.h"

/* Draws the figure of a statistic over the hyperparameters `rows` and `columns` (grid_make). Errors as gnuplot_finish;
 * ERROR_INPUT also for what the file or the figure does not have room for. */
enum error_code plot_heatmap(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, enum statistic statistic, const char *rows,
                             const char *columns, struct error *error);

#endif
