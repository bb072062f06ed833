/* Test errors after silencing selective neurons, a panel for each configuration. */
#ifndef PICKY_PLOT_LESION_H
#define PICKY_PLOT_LESION_H

#include "layout.h"

/* Draws the figure, of at most n_models models of each configuration (0: 50). Errors as gnuplot_finish; ERROR_INPUT
 * also for what the file or the figure does not have room for. */
enum error_code plot_lesion(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, size_t n_models, struct error *error);

#endif
