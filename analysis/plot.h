/* The figures of a results file. */
#ifndef PICKY_PLOT_H
#define PICKY_PLOT_H

#include "models.h"
#include "selection.h"

/* Draws mean absolute test error against epoch, a panel for each selected configuration: thin lines for up to 50
 * accepted models, the 5-95 % band and the mean of all. `output` ends in .svg, .png or .pdf and is replaced if
 * it exists. ERROR_INPUT for too many configurations, a wrong name or a damaged file, ERROR_FATAL if
 * the figure cannot be written. */
enum error_code plot_training(struct reader *reader, const struct selection *selection, const char *output,
                              bool keep_script, struct error *error);

/* Draws histograms of RI for tasks 1 and 2, a row for each selected configuration and a panel for each hidden
 * layer: shares of all units of the accepted models, the unimportant ones written in the corner. The options'
 * tasks choose the pair. Otherwise as plot_training. */
enum error_code plot_ri(struct reader *reader, const struct selection *selection, const struct ri_options *options,
                        const char *output, bool keep_script, struct error *error);

#endif
