/* Comparisons of configurations, as a table for people, as CSV or as JSON. */
#ifndef PICKY_COMPARISONS_WRITE_H
#define PICKY_COMPARISONS_WRITE_H

#include "comparisons.h"
#include "table_head.h"

/* Writes them; errors of `out` are left to the caller. `selection`: what they were chosen from. */
void comparisons_write(const struct comparisons *comparisons, const struct selection *selection,
                       enum table_format format, FILE *out);

#endif
