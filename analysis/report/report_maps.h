/* Statistics as numbers on coloured ground: over two swept hyperparameters if the sweep is a grid, else a row for each
 * configuration. */
#ifndef PICKY_REPORT_MAPS_H
#define PICKY_REPORT_MAPS_H

#include "report_parts.h"

enum error_code report_maps(const struct report *report, struct error *error);

#endif
