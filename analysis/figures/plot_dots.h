/* A statistic of configurations that are no grid: a row for each, a panel for each layer. */
#ifndef PICKY_PLOT_DOTS_H
#define PICKY_PLOT_DOTS_H

#include "layout.h"
#include "sample.h"

/* Draws it, with the remarks of `legend` [n_legend] above. `request` is that of plot_heatmap. ERROR_INPUT for more
 * configurations than fit, ERROR_FATAL if memory is short or the figure is not complete. */
enum error_code plot_dots(struct reader *reader, const struct selection *selection,
                          const struct figure_request *request, enum statistic statistic,
                          const struct legend_item *legend, size_t n_legend, struct error *error);

#endif
