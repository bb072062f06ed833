/* One model's units by tasks, a map for each layer. */
#ifndef PICKY_REPORT_TASK_MAP_H
#define PICKY_REPORT_TASK_MAP_H

#include "report_parts.h"

/* Draws the first accepted model of the i-th configuration that has the report's measure; nothing if there is none.
 * Errors as units_load's. */
enum error_code report_task_map(const struct report *report, size_t i, struct error *error);

#endif
