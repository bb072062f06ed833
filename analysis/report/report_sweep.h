/* What was asked for, and how much of it there is. */
#ifndef PICKY_REPORT_SWEEP_H
#define PICKY_REPORT_SWEEP_H

#include "report_parts.h"

void report_overview(const struct report *report);
void report_sweep(const struct report *report);
void report_acceptance(const struct report *report);

#endif
