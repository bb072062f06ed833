/* Results for other software: tables as CSV. They stream: memory is bounded by the reader's chunks (or one model's
 * array, if that is more). */
#ifndef PICKY_EXPORT_H
#define PICKY_EXPORT_H

#include "models.h"
#include "selection.h"

#include <stdio.h>

/* What a row of the table is about. */
enum export_rows { EXPORT_MODELS, EXPORT_EPOCHS, EXPORT_NEURONS };

struct export_options {
    enum export_rows rows;
    bool all_hyperparameters; /* as columns, and context_layer; otherwise those that differ between configurations */
    unsigned measures;        /* bits 1 << enum measure: those of neurons */
    struct ri_options ri;     /* measure and tasks are not used: RI of each measure and pair */
    unsigned statuses;        /* bits 1 << enum job_status: the slots wanted */
};

/* Slots wanted if nobody says: of models all that are done; for epochs and neurons the accepted ones. */
unsigned export_default_statuses(enum export_rows rows);

/* Writes the table to `out`: a header line with the columns' names, then a row for each model, epoch of a model
 * or hidden unit of a model, by configuration and replicate. RFC 4180 with "\n" as line end. Floats have
 * nine digits, and so read back to the same bits; what is not a number is empty. config, replicate and unit count from
 * 0 as in the file's arrays; layer, task (in the columns' names) and epoch are the file's coordinates. ERROR_INPUT if
 * the file lacks an array or is damaged. A failing write ends the table; output_finish reports it. */
enum error_code export_table(struct reader *reader, const struct selection *selection,
                             const struct export_options *options, FILE *out, struct error *error);

#endif
