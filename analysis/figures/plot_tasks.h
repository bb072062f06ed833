/* How important each hidden unit of one model is to each task. */
#ifndef PICKY_PLOT_TASKS_H
#define PICKY_PLOT_TASKS_H

#include "layout.h"

/* Draws the model `replicate` of the one selected configuration. Errors as gnuplot_finish; ERROR_INPUT also if the
 * selection holds several configurations, or the slot no accepted model. */
enum error_code plot_tasks(struct reader *reader, const struct selection *selection,
                           const struct figure_request *request, size_t replicate, struct error *error);

#endif
