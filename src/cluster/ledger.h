/* Which jobs are out: what each rank holds, and what comes back when one dies or hands some back. Plain data: no MPI,
 * no files. 24 bytes a job that is out.
 *
 * A rank that dies may have been killed by a job (memory, a broken library). All that it held is suspect: it comes back
 * and is lent again one job at a time, each to a rank that holds nothing else. If that rank dies too, the job has seen
 * two ranks die and is the one to blame: it is given up. A suspect that is settled is cleared. */
#ifndef PICKY_LEDGER_H
#define PICKY_LEDGER_H

#include "errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_job {
    uint32_t config, shape;
    uint64_t replicate;
    struct past *past; /* of the ledger, which frees it; NULL: no other rank has begun it */
};

struct ledger;

/* ERROR_FATAL if memory is short. The caller owns *ledger. */
enum error_code ledger_create(struct ledger **ledger, int n_ranks, struct error *error);
void ledger_destroy(struct ledger *ledger); /* NULL is allowed */

/* Enters a job that the rank has been given; its past is the ledger's from then on. ERROR_FATAL if memory is short. */
enum error_code ledger_enter(struct ledger *ledger, int rank, struct ledger_job job, struct error *error);

/* Strikes out a job whose record has come from the rank: it is in *job, its past the caller's. False if the rank does
 * not hold it. */
bool ledger_settle(struct ledger *ledger, int rank, uint64_t config, uint64_t replicate, struct ledger_job *job);

/* A job that was struck out is to be done by others: it is kept, with its past, until it is taken. ERROR_FATAL if
 * memory is short. */
enum error_code ledger_return(struct ledger *ledger, struct ledger_job job, struct error *error);

/* Takes the job that was returned last; only one of this shape, if it is not NULL. False if that is none. */
bool ledger_take(struct ledger *ledger, const uint64_t *shape, struct ledger_job *job);

/* Takes note that the rank has died. What it holds becomes suspect, but for a job that had been lent to it, which is
 * given up: then true is returned and it is in *given_up, its past the ledger's. Once for a rank, which must get
 * nothing any more. */
bool ledger_bury(struct ledger *ledger, int rank, struct ledger_job *given_up);

/* Lends a suspect to a rank that holds nothing, and must get nothing else before it has been settled. False if there is
 * none. */
bool ledger_lend(struct ledger *ledger, int rank, struct ledger_job *job);

uint64_t ledger_held(const struct ledger *ledger, int rank);            /* jobs that a living rank holds */
struct ledger_job ledger_oldest(const struct ledger *ledger, int rank); /* of them; there must be one */
uint64_t ledger_out(const struct ledger *ledger);                       /* jobs held by all that live */
uint64_t ledger_returned(const struct ledger *ledger);                  /* jobs to be taken */
uint64_t ledger_suspects(const struct ledger *ledger);                  /* not lent now */

#endif
