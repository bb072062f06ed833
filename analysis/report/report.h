/* The page of a results file: one HTML document that needs nothing else, neither network nor scripts. */
#ifndef PICKY_REPORT_H
#define PICKY_REPORT_H

#include "models.h"
#include "selection.h"

#include <stdio.h>

struct report_options {
    struct ri_options ri;
    const char *const *conditions; /* [n_conditions]: what the selection was made with; borrowed */
    size_t n_conditions;
};

/* Writes the page about the selected configurations to `out`. It depends on the file and the options alone, not on time
 * or place. Figures are of a bounded number of configurations; the page says what it leaves out. ERROR_INPUT for a
 * damaged file. A failing write ends the page early; output_finish reports it. */
enum error_code report_write(struct reader *reader, const struct selection *selection,
                             const struct report_options *options, FILE *out, struct error *error);

#endif
