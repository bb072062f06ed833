/* Training curves and histograms: a small figure each, so that they wrap on a narrow screen. */
#ifndef PICKY_REPORT_FIGURES_H
#define PICKY_REPORT_FIGURES_H

#include "report_parts.h"

enum error_code report_training(const struct report *report, struct error *error);
void report_importance(const struct report *report);

#endif
