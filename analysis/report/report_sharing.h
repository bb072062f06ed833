/* How more than two tasks share neurons. */
#ifndef PICKY_REPORT_SHARING_H
#define PICKY_REPORT_SHARING_H

#include "report_parts.h"

/* Whether any configuration has more than two tasks. */
bool report_has_sharing(const struct report *report);

/* Reads the pairs of tasks of some configurations, and writes the section. Errors as sample_read's. */
enum error_code report_sharing(const struct report *report, struct error *error);

#endif
