/* Training curves: a small figure for each configuration, and their numbers. */
#ifndef PICKY_REPORT_TRAINING_H
#define PICKY_REPORT_TRAINING_H

#include "report_parts.h"

enum error_code report_training(const struct report *report, struct error *error);

#endif
