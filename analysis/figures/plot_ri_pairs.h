/* Histograms of relative importance of every pair of a configuration's tasks, as a matrix. */
#ifndef PICKY_PLOT_RI_PAIRS_H
#define PICKY_PLOT_RI_PAIRS_H

#include "layout.h"

/* Draws the figure of one configuration, of request->layers together. Errors as gnuplot_finish; ERROR_INPUT also if the
 * selection holds several configurations, or one with a single task. */
enum error_code plot_ri_pairs(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error);

#endif
