/* Results for other software: arrays as NumPy files. They stream: memory is bounded by the reader's chunks (or one
 * model's array, if that is more). */
#ifndef PICKY_EXPORT_ARRAY_H
#define PICKY_EXPORT_ARRAY_H

#include "selection.h"

#include <stdio.h>

/* Writes a variable to `out` as an array of NumPy's format 1.0 (numpy.lib.format), its axes those of the file: of a
 * record's array [selected configurations, replicates, the field's own], of a hyperparameter or
 * context_layer [selected configurations]. Slots whose status is not in `statuses` hold no result: NaN in arrays of
 * floats, 255 in train_task, -1 in rank, "" in reason, 0 elsewhere (status itself is never masked). Text is
 * Unicode. ERROR_INPUT, with the names there are, for a name the file does not have. */
enum error_code export_array(struct reader *reader, const struct selection *selection, const char *name,
                             unsigned statuses, FILE *out, struct error *error);

#endif
