/* The sweeps that a file was to hold, /provenance/plans: a row for the first run and each extension. Written when a
 * file is made (schema.c), read here. */
#ifndef PICKY_RESULTS_PLANS_H
#define PICKY_RESULTS_PLANS_H

#include "description.h"

#include <hdf5.h>

/* Reads the rows of a file of schema `version` into *plans [*n_plans], which the caller frees; none (NULL, 0) if it has
 * none: those of schema 1 have not, whatever somebody has called so. ERROR_INPUT, saying that the file is damaged, if
 * they cannot be read; ERROR_FATAL for memory. */
enum error_code results_plans_read(hid_t file, const char *path, int64_t version, struct results_plan **plans,
                                   size_t *n_plans, struct error *error);

#endif
