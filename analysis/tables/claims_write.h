/* The claims, as a table for people, as CSV or as JSON. */
#ifndef PICKY_CLAIMS_WRITE_H
#define PICKY_CLAIMS_WRITE_H

#include "claims.h"
#include "table_head.h"

/* Writes them; errors of `out` are left to the caller. */
void claims_write(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                  enum table_format format, FILE *out);

#endif
