#include "ledger.h"

#include <stdlib.h>
#include <string.h>

struct holder {
    struct ledger_job *jobs; /* [n], oldest first; of a rank that has died: suspects */
    size_t n, capacity;
    struct ledger_job lent; /* if has_lent */
    bool has_lent, is_dead;
};

struct ledger {
    int n_ranks;
    uint64_t n_out, n_suspects;
    struct holder holders[]; /* [n_ranks] */
};

enum error_code ledger_create(struct ledger **ledger, int n_ranks, struct error *error)
{
    *ledger = calloc(1, sizeof **ledger + (size_t)n_ranks * sizeof(*ledger)->holders[0]);
    if (!*ledger)
        return error_set(error, ERROR_FATAL, "out of memory for the jobs of %d ranks", n_ranks);
    (*ledger)->n_ranks = n_ranks;
    return ERROR_NONE;
}

void ledger_destroy(struct ledger *ledger)
{
    for (int rank = 0; ledger && rank < ledger->n_ranks; rank++)
        free(ledger->holders[rank].jobs);
    free(ledger);
}

enum error_code ledger_enter(struct ledger *ledger, int rank, struct ledger_job job, struct error *error)
{
    struct holder *holder = &ledger->holders[rank];
    check(!holder->is_dead && !holder->has_lent);
    if (holder->n == holder->capacity) {
        size_t capacity = holder->capacity ? 2 * holder->capacity : 16;
        struct ledger_job *jobs = realloc(holder->jobs, capacity * sizeof *jobs);
        if (!jobs)
            return error_set(error, ERROR_FATAL, "out of memory for the jobs of %d ranks", ledger->n_ranks);
        holder->jobs = jobs;
        holder->capacity = capacity;
    }
    holder->jobs[holder->n++] = job;
    ledger->n_out++;
    return ERROR_NONE;
}

static bool is_job(const struct ledger_job *job, uint64_t config, uint64_t replicate)
{
    return job->config == config && job->replicate == replicate;
}

bool ledger_settle(struct ledger *ledger, int rank, uint64_t config, uint64_t replicate)
{
    struct holder *holder = &ledger->holders[rank];
    if (holder->is_dead)
        return false;
    if (holder->has_lent && is_job(&holder->lent, config, replicate)) {
        holder->has_lent = false;
        ledger->n_out--;
        return true;
    }
    /* Jobs end about in the order in which they went out, so it is among the first. */
    for (size_t i = 0; i < holder->n; i++)
        if (is_job(&holder->jobs[i], config, replicate)) {
            holder->n--;
            memmove(&holder->jobs[i], &holder->jobs[i + 1], (holder->n - i) * sizeof holder->jobs[0]);
            ledger->n_out--;
            return true;
        }
    return false;
}

bool ledger_bury(struct ledger *ledger, int rank, struct ledger_job *given_up)
{
    struct holder *holder = &ledger->holders[rank];
    check(!holder->is_dead);
    ledger->n_out -= holder->n + holder->has_lent;
    ledger->n_suspects += holder->n;
    holder->is_dead = true;
    if (holder->has_lent)
        *given_up = holder->lent;
    return holder->has_lent;
}

bool ledger_lend(struct ledger *ledger, int rank, struct ledger_job *job)
{
    struct holder *borrower = &ledger->holders[rank], *dead = ledger->holders;
    check(!borrower->is_dead && borrower->n == 0 && !borrower->has_lent);
    if (ledger->n_suspects == 0)
        return false;
    while (!dead->is_dead || dead->n == 0)
        dead++;
    *job = borrower->lent = dead->jobs[--dead->n];
    borrower->has_lent = true;
    ledger->n_suspects--;
    ledger->n_out++;
    return true;
}

uint64_t ledger_held(const struct ledger *ledger, int rank)
{
    const struct holder *holder = &ledger->holders[rank];
    return holder->is_dead ? 0 : holder->n + holder->has_lent;
}

struct ledger_job ledger_oldest(const struct ledger *ledger, int rank)
{
    const struct holder *holder = &ledger->holders[rank];
    check(ledger_held(ledger, rank) > 0);
    return holder->has_lent ? holder->lent : holder->jobs[0];
}

uint64_t ledger_out(const struct ledger *ledger)
{
    return ledger->n_out;
}

uint64_t ledger_suspects(const struct ledger *ledger)
{
    return ledger->n_suspects;
}
