/* plot claims: effects with their intervals as a forest plot. */
#ifndef PICKY_PLOT_CLAIMS_H
#define PICKY_PLOT_CLAIMS_H

#include "claims.h"
#include "layout.h"

/* Draws `chosen` claims (bits, 1 << enum claim_id; 0: all that are in the file), which have been decided. ERROR_INPUT
 * if none of them is in the file; errors as gnuplot_begin and gnuplot_finish. */
enum error_code plot_claims(const struct claims *claims, const struct reader *reader, unsigned chosen,
                            const struct figure_request *request, struct error *error);

#endif
