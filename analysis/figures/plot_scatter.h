/* Two numbers of each model against each other, a model a dot. */
#ifndef PICKY_PLOT_SCATTER_H
#define PICKY_PLOT_SCATTER_H

#include "layout.h"

/* Draws mean RI against the logarithm of the ratio of both losses: a row for each selected configuration, a panel for
 * each layer. Errors as gnuplot_finish; ERROR_INPUT also for what the file or the figure does not have room for. */
enum error_code plot_ri_loss(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, struct error *error);

/* Draws how much a task suffers when all units that are selective for it are silenced, more than when as many random
 * ones are (lesion.h), against the share of such units: a panel for each selected configuration, a dot for each task of
 * up to n_models_max models (0: 50). Errors as above, and those of lesion_measure. */
enum error_code plot_damage(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, size_t n_models_max, struct error *error);

#endif
