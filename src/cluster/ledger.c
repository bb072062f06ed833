#include "ledger.h"

#include <stdlib.h>
#include <string.h>

struct jobs {
    struct ledger_job *jobs; /* [n], owned with their pasts */
    size_t n, capacity;
};

struct holder {
    struct jobs held;       /* oldest first; of a rank that has died: suspects */
    struct ledger_job lent; /* if has_lent */
    bool has_lent, is_dead;
};

struct ledger {
    int n_ranks;
    uint64_t n_out, n_suspects;
    struct jobs returned;
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

static void free_jobs(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->n; i++)
        free(jobs->jobs[i].past);
    free(jobs->jobs);
}

void ledger_destroy(struct ledger *ledger)
{
    for (int rank = 0; ledger && rank < ledger->n_ranks; rank++) {
        struct holder *holder = &ledger->holders[rank];
        free_jobs(&holder->held);
        if (holder->has_lent)
            free(holder->lent.past);
    }
    if (ledger)
        free_jobs(&ledger->returned);
    free(ledger);
}

static enum error_code append(const struct ledger *ledger, struct jobs *jobs, struct ledger_job job,
                              struct error *error)
{
    if (jobs->n == jobs->capacity) {
        size_t capacity = jobs->capacity ? 2 * jobs->capacity : 16;
        struct ledger_job *more = realloc(jobs->jobs, capacity * sizeof *more);
        if (!more)
            return error_set(error, ERROR_FATAL, "out of memory for the jobs of %d ranks", ledger->n_ranks);
        jobs->jobs = more;
        jobs->capacity = capacity;
    }
    jobs->jobs[jobs->n++] = job;
    return ERROR_NONE;
}

enum error_code ledger_enter(struct ledger *ledger, int rank, struct ledger_job job, struct error *error)
{
    struct holder *holder = &ledger->holders[rank];
    check(!holder->is_dead && !holder->has_lent);
    if (append(ledger, &holder->held, job, error))
        return error->code;
    ledger->n_out++;
    return ERROR_NONE;
}

static bool is_job(const struct ledger_job *job, uint64_t config, uint64_t replicate)
{
    return job->config == config && job->replicate == replicate;
}

bool ledger_settle(struct ledger *ledger, int rank, uint64_t config, uint64_t replicate, struct ledger_job *job)
{
    struct holder *holder = &ledger->holders[rank];
    struct jobs *held = &holder->held;
    if (holder->is_dead)
        return false;
    if (holder->has_lent && is_job(&holder->lent, config, replicate)) {
        *job = holder->lent;
        holder->has_lent = false;
        ledger->n_out--;
        return true;
    }
    /* Jobs end about in the order in which they went out, so it is among the first. */
    for (size_t i = 0; i < held->n; i++)
        if (is_job(&held->jobs[i], config, replicate)) {
            *job = held->jobs[i];
            held->n--;
            memmove(&held->jobs[i], &held->jobs[i + 1], (held->n - i) * sizeof held->jobs[0]);
            ledger->n_out--;
            return true;
        }
    return false;
}

enum error_code ledger_return(struct ledger *ledger, struct ledger_job job, struct error *error)
{
    return append(ledger, &ledger->returned, job, error);
}

bool ledger_take(struct ledger *ledger, const uint64_t *shape, struct ledger_job *job)
{
    struct jobs *returned = &ledger->returned;
    if (returned->n == 0 || (shape && returned->jobs[returned->n - 1].shape != *shape))
        return false;
    *job = returned->jobs[--returned->n];
    return true;
}

bool ledger_bury(struct ledger *ledger, int rank, struct ledger_job *given_up)
{
    struct holder *holder = &ledger->holders[rank];
    check(!holder->is_dead);
    ledger->n_out -= holder->held.n + holder->has_lent;
    ledger->n_suspects += holder->held.n;
    holder->is_dead = true;
    if (holder->has_lent)
        *given_up = holder->lent;
    return holder->has_lent;
}

bool ledger_lend(struct ledger *ledger, int rank, struct ledger_job *job)
{
    struct holder *borrower = &ledger->holders[rank], *dead = ledger->holders;
    check(!borrower->is_dead && borrower->held.n == 0 && !borrower->has_lent);
    if (ledger->n_suspects == 0)
        return false;
    while (!dead->is_dead || dead->held.n == 0)
        dead++;
    *job = borrower->lent = dead->held.jobs[--dead->held.n];
    borrower->has_lent = true;
    ledger->n_suspects--;
    ledger->n_out++;
    return true;
}

uint64_t ledger_held(const struct ledger *ledger, int rank)
{
    const struct holder *holder = &ledger->holders[rank];
    return holder->is_dead ? 0 : holder->held.n + holder->has_lent;
}

struct ledger_job ledger_oldest(const struct ledger *ledger, int rank)
{
    const struct holder *holder = &ledger->holders[rank];
    check(ledger_held(ledger, rank) > 0);
    return holder->has_lent ? holder->lent : holder->held.jobs[0];
}

uint64_t ledger_out(const struct ledger *ledger)
{
    return ledger->n_out;
}

uint64_t ledger_returned(const struct ledger *ledger)
{
    return ledger->returned.n;
}

uint64_t ledger_suspects(const struct ledger *ledger)
{
    return ledger->n_suspects;
}
