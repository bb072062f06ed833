/* A statistic along the values of a hyperparameter: lines with bands, and their slopes. */
#ifndef PICKY_PLOT_TREND_H
#define PICKY_PLOT_TREND_H

#include "layout.h"
#include "sample.h"

/* What is drawn. Strings are borrowed. */
struct trend_options {
    enum statistic statistic;
    const char *along; /* the hyperparameter; NULL: the one with the most values */
    const char *by;    /* a line for each value of this one, or "measure", "layer"; NULL: another one with several
                          values, else layers if the statistic has them */
    unsigned measures; /* bits 1 << enum measure: the lines of "measure" */
};

/* Draws the figure. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room
 * for. */
enum error_code plot_trend(struct reader *reader, const struct selection *selection,
                           const struct figure_request *request, const struct trend_options *options,
                           struct error *error);

#endif
