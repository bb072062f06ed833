/* Test error against epoch, a panel for each configuration. */
#ifndef PICKY_PLOT_TRAINING_H
#define PICKY_PLOT_TRAINING_H

#include "layout.h"

/* Draws the figure. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for.
 */
enum error_code plot_training(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error);

#endif
