/* The importance of each neuron for one task against that for another, a row for each configuration. */
#ifndef PICKY_PLOT_IMPORTANCE_H
#define PICKY_PLOT_IMPORTANCE_H

#include "layout.h"

/* Draws the figure. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for.
 */
enum error_code plot_importance(struct reader *reader, const struct selection *selection,
                                const struct figure_request *request, struct error *error);

#endif
