/* Importance under one measure against importance under others, unit by unit. */
#ifndef PICKY_PLOT_UNIT_MEASURES_H
#define PICKY_PLOT_UNIT_MEASURES_H

#include "layout.h"

/* Draws the figure: a row for each selected configuration, a column for each measure of `measures` (bits 1 << enum
 * measure; those of the file) but request->ri.measure, which is what they are drawn against; with one such measure a
 * panel for each configuration. Errors as gnuplot_finish;
 * ERROR_INPUT also for what the file or the figure does not have room for. */
enum error_code plot_unit_measures(struct reader *reader, const struct selection *selection,
                                   const struct figure_request *request, unsigned measures, struct error *error);

#endif
