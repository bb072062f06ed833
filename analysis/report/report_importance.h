/* Histograms of relative importance, a small figure for each layer, and their numbers. */
#ifndef PICKY_REPORT_IMPORTANCE_H
#define PICKY_REPORT_IMPORTANCE_H

#include "report_parts.h"

void report_importance(const struct report *report);

#endif
