/* plot multiverse: a claim's effect under every specification, sorted, with the choices below (a specification curve).
 */
#ifndef PICKY_PLOT_MULTIVERSE_H
#define PICKY_PLOT_MULTIVERSE_H

#include "claims.h"
#include "layout.h"

/* Draws `chosen` claims (bits, 1 << enum claim_id; 0: all that are in the file), which have been decided. ERROR_INPUT
 * if none of them has an effect; errors as gnuplot_begin and gnuplot_finish. */
enum error_code plot_multiverse(const struct claims *claims, const struct reader *reader, unsigned chosen,
                                const struct figure_request *request, struct error *error);

#endif
