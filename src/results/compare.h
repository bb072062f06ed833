/* Two sweeps, one in a results file: what differs in them that can alter results. Only this folder uses this. */
#ifndef PICKY_RESULTS_COMPARE_H
#define PICKY_RESULTS_COMPARE_H

#include "read.h"

#include <stdio.h>

/* Compares the file's sweep with the description's in all that can alter results. Each difference is a line
 * "picky: FILE: KEY: OLD in the file, NEW in OTHER" on `lines` (borrowed), at most 20 and then how many more. *is_same
 * tells if there is none. */
enum error_code results_compare(hid_t file, const char *path, const struct results_header *header,
                                const struct results_description *description, const char *other, FILE *lines,
                                bool *is_same, struct error *error);

#endif
