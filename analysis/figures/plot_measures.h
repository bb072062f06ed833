/* How far each two importance measures agree, a panel for each configuration. */
#ifndef PICKY_PLOT_MEASURES_H
#define PICKY_PLOT_MEASURES_H

#include "layout.h"

/* Draws the figure. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for.
 */
enum error_code plot_measures(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error);

#endif
