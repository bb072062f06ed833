/* Where the numbers come from, and how to get them again. */
#ifndef PICKY_REPORT_ORIGIN_H
#define PICKY_REPORT_ORIGIN_H

#include "report_parts.h"

void report_origin(const struct report *report);
void report_reproduce(const struct report *report);

#endif
