/* The notebook's conclusions, decided by this file. */
#ifndef PICKY_REPORT_CLAIMS_H
#define PICKY_REPORT_CLAIMS_H

#include "report_parts.h"

void report_claims(const struct report *report);

#endif
