/* Histograms of relative importance, a row for each configuration and a panel for each layer. */
#ifndef PICKY_PLOT_RI_H
#define PICKY_PLOT_RI_H

#include "layout.h"

/* Draws the figure. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for.
 */
enum error_code plot_ri(struct reader *reader, const struct selection *selection, const struct figure_request *request,
                        struct error *error);

#endif
