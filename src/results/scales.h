/* The dimensions of a results file's arrays. */
#ifndef PICKY_RESULTS_SCALES_H
#define PICKY_RESULTS_SCALES_H

#include "description.h"

/* Checks that each axis of a file's arrays has its dimension, by which other programs know what it is, and that the
 * coordinates and context_layer have their values. `description` is the file's. ERROR_INPUT if not; ERROR_FATAL for
 * memory and failing reads. */
enum error_code results_check_scales(const char *path, const struct results_description *description,
                                     struct error *error);

#endif
