/* The sweeps that a file was to hold, /provenance/plans: a row for the first run and each extension. Written when a
 * file is made (schema.c), read here. */
#ifndef PICKY_RESULTS_PLANS_H
#define PICKY_RESULTS_PLANS_H

#include "description.h"

#include <hdf5.h>

/* Reads the rows into *plans [*n_plans], which the caller frees; none (NULL, 0) if the file has none. ERROR_INPUT,
 * saying that the file is damaged, if they cannot be read; ERROR_FATAL for memory. */
enum error_code results_plans_read(hid_t file, const char *path, struct results_plan **plans, size_t *n_plans,
                                   struct error *error);

#endif
