/* The claims, as a table for people, as CSV or as JSON. */
#ifndef PICKY_CLAIMS_WRITE_H
#define PICKY_CLAIMS_WRITE_H

#include "claims.h"
#include "groups.h"
#include "table_head.h"

/* One of several groups of configurations that are decided apart (--by). */
struct claims_group {
    const struct groups *groups; /* NULL: there is one, of all that is selected */
    size_t group;
};

/* Writes the claims of a group; all groups one after the other, from 0. Errors of `out` are left to the caller. */
void claims_write(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                  struct claims_group group, enum table_format format, FILE *out);

#endif
