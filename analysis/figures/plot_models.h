/* Every model's value of a statistic, by configuration: whether models differ, and how. */
#ifndef PICKY_PLOT_MODELS_H
#define PICKY_PLOT_MODELS_H

#include "layout.h"
#include "sample.h"

#define MODELS_DOTS_MAX 100 /* models of a configuration: more are drawn as the outline of their density (a violin) */

/* Draws the figure of a statistic of models, from STATISTIC_FIRST_OF_MODEL on: a row for each of the selected
 * configurations. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for. */
enum error_code plot_models(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, enum statistic statistic, struct error *error);

#endif
