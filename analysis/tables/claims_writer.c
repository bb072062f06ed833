#include "claims_writer.h"

bool claims_has_measure(const struct claims *claims, int measure)
{
    return claims->measures >> measure & 1;
}

bool claim_has_two(int claim)
{
    return claim_table[claim].key != NULL;
}

const struct claim_side *claim_pair_side(const struct claim_pair *pair, enum side side)
{
    return side == SIDE_B ? &pair->b : &pair->a;
}

struct claim_pairs claims_other_pairs(const struct claims *claims, size_t i)
{
    return (struct claim_pairs){claims->others.groups[i].pairs, claims->others.groups[i].n};
}

const char *claims_shares_of(const struct claims *claims)
{
    return claims->is_of_important ? "important" : "all";
}

void claims_print_warnings(unsigned warnings, FILE *out)
{
    static const char *const names[] = {"all_equal", "zeros", "under_30_seeds"};
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (warnings >> i & 1) {
            fprintf(out, "%s%s", separator, names[i]);
            separator = ";";
        }
}
