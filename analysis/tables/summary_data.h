/* summary for programs: CSV and JSON. */
#ifndef PICKY_SUMMARY_DATA_H
#define PICKY_SUMMARY_DATA_H

#include "summary_writer.h"

extern const struct summary_writer summary_csv, summary_json;

#endif
