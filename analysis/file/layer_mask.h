/* Which hidden layers are wanted: bits 1 << (layer - 1), 0 being all (--layer). */
#ifndef PICKY_LAYER_MASK_H
#define PICKY_LAYER_MASK_H

#include "selection.h"

/* Whether a layer, 0-based, is among them. */
bool layer_mask_has(uint64_t layers, size_t layer);

/* ERROR_INPUT if no configuration of the file has one of the layers. */
enum error_code layer_mask_check(uint64_t layers, const struct reader *reader, struct error *error);

/* ERROR_INPUT if a selected configuration lacks one of the layers. */
enum error_code layer_mask_check_each(uint64_t layers, const struct reader *reader, const struct selection *selection,
                                      struct error *error);

#endif
