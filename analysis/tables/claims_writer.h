/* What the formats of the claims have in common. Only claims_*.c of this folder use this. */
#ifndef PICKY_CLAIMS_WRITER_H
#define PICKY_CLAIMS_WRITER_H

#include "claims_write.h"

void claims_text(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                 struct claims_group group, FILE *out);
void claims_csv(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out);
void claims_json(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out);

/* Whether a measure was asked for. */
bool claims_has_measure(const struct claims *claims, int measure);

/* Whether a claim compares two conditions. */
bool claim_has_two(int claim);

enum side { SIDE_A, SIDE_B };
const struct claim_side *claim_pair_side(const struct claim_pair *pair, enum side side);

/* The configurations with a pair of tasks that no claim is about, i of claims->others. */
struct claim_pairs claims_other_pairs(const struct claims *claims, size_t i);

/* "important" or "all": the units that shares are of. */
const char *claims_shares_of(const struct claims *claims);

/* The names of warnings (bits of verdict_warning), between them ";". */
void claims_print_warnings(unsigned warnings, FILE *out);

#endif
