/* The claims' effects as a forest: a panel for each claim, a row for each measure. */
#ifndef PICKY_REPORT_FOREST_H
#define PICKY_REPORT_FOREST_H

#include "report_parts.h"

void report_forest(const struct report *report);

#endif
