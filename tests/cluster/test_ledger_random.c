/* The ledger against a naive one that keeps the state of every job, over random runs: jobs handed out and back, records
 * that come once, twice, late or from the wrong rank, ranks that hang and ranks that die. Whatever happens, each job is
 * done once or given up, and given up are those that have seen two ranks die and no others. */
#include "ledger.h"
#include "random_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RANKS_MAX = 7, JOBS_MAX = 150 };

enum state { PLANNED, RETURNED, HELD, SUSPECT, LENT, DONE, GIVEN_UP, N_STATES };

struct naive_job {
    enum state state;
    int rank;       /* HELD, LENT: the rank that has it */
    uint64_t since; /* HELD, LENT: when it got it */
    int n_deaths;   /* ranks that died while they had it */
    int n_done;
};

/* A run: both ledgers. */
struct sequence {
    struct ledger *ledger;
    int n_ranks, n_alive;
    bool is_dead[RANKS_MAX], is_hung[RANKS_MAX];
    uint64_t n_jobs, n_planned, now; /* jobs 0 .. n_jobs - n_planned - 1 have gone out */
    struct naive_job jobs[JOBS_MAX];
};

/* Many jobs of each configuration and replicate, so that both tell a job. */
static struct ledger_job identity(uint64_t n)
{
    return (struct ledger_job){.config = (uint32_t)(n % 11), .shape = (uint32_t)(n % 3), .replicate = n / 11};
}

static bool has(const struct sequence *s, uint64_t n, int rank)
{
    return (s->jobs[n].state == HELD || s->jobs[n].state == LENT) && s->jobs[n].rank == rank;
}

static uint64_t n_held(const struct sequence *s, int rank)
{
    uint64_t count = 0;
    for (uint64_t n = 0; n < s->n_jobs; n++)
        count += has(s, n, rank);
    return count;
}

static uint64_t n_in(const struct sequence *s, enum state state)
{
    uint64_t count = 0;
    for (uint64_t n = 0; n < s->n_jobs; n++)
        count += s->jobs[n].state == state;
    return count;
}

static bool has_lent(const struct sequence *s, int rank)
{
    for (uint64_t n = 0; n < s->n_jobs; n++)
        if (s->jobs[n].state == LENT && s->jobs[n].rank == rank)
            return true;
    return false;
}

/* The job of the naive ledger that is `job`. */
static uint64_t number_of(const struct sequence *s, struct ledger_job job)
{
    uint64_t n = job.replicate * 11 + job.config;
    struct ledger_job expected = identity(n);
    assert_true(n < s->n_jobs);
    assert_memory_equal(&job, &expected, sizeof job);
    return n;
}

static void compare(const struct sequence *s)
{
    assert_int_equal(ledger_out(s->ledger), n_in(s, HELD) + n_in(s, LENT));
    assert_int_equal(ledger_suspects(s->ledger), n_in(s, SUSPECT));
    assert_int_equal(ledger_returned(s->ledger), n_in(s, RETURNED));
    for (int rank = 0; rank < s->n_ranks; rank++) {
        uint64_t held = n_held(s, rank);
        assert_int_equal(ledger_held(s->ledger, rank), held);
        if (held == 0)
            continue;
        uint64_t oldest = number_of(s, ledger_oldest(s->ledger, rank));
        assert_true(has(s, oldest, rank));
        for (uint64_t n = 0; n < s->n_jobs; n++)
            assert_false(has(s, n, rank) && s->jobs[n].since < s->jobs[oldest].since);
    }
}

static void hand_out(struct sequence *s, int rank)
{
    struct error error;
    if (s->is_dead[rank] || has_lent(s, rank))
        return;
    for (uint64_t left = 1 + random_below(40); left > 0 && s->n_planned > 0; left--) {
        uint64_t n = s->n_jobs - s->n_planned--;
        assert_int_equal(ledger_enter(s->ledger, rank, identity(n), &error), ERROR_NONE);
        s->jobs[n] = (struct naive_job){.state = HELD, .rank = rank, .since = s->now++};
    }
}

/* A record comes, often of a job that the rank has, else of any: again, too late, or another rank's. */
static void report(struct sequence *s, int rank)
{
    if (s->n_jobs == 0 || s->is_hung[rank])
        return;
    uint64_t n = random_below(s->n_jobs);
    for (uint64_t tries = 0; random_below(8) > 0 && tries < s->n_jobs && !has(s, n, rank); tries++)
        n = (n + 1) % s->n_jobs;
    const bool is_expected = has(s, n, rank);
    struct error error;
    struct ledger_job job;
    assert_int_equal(ledger_settle(s->ledger, rank, identity(n).config, identity(n).replicate, &job), is_expected);
    if (is_expected && s->jobs[n].state == HELD && random_below(4) == 0) {
        assert_int_equal(ledger_return(s->ledger, job, &error), ERROR_NONE);
        s->jobs[n].state = RETURNED;
    } else if (is_expected) {
        s->jobs[n].state = DONE;
        s->jobs[n].n_done++;
    }
    assert_false(ledger_settle(s->ledger, rank, identity(n).config, identity(n).replicate, &job));
}

/* To a rank that has nothing: up to three of one shape. */
static void hand_on(struct sequence *s, int rank)
{
    struct error error;
    struct ledger_job job;
    uint64_t shape;
    if (s->is_dead[rank] || n_held(s, rank) > 0)
        return;
    for (int i = 0; i < 3 && ledger_take(s->ledger, i > 0 ? &shape : NULL, &job); i++) {
        uint64_t n = number_of(s, job);
        assert_int_equal(s->jobs[n].state, RETURNED);
        assert_true(i == 0 || job.shape == shape);
        shape = job.shape;
        assert_int_equal(ledger_enter(s->ledger, rank, job, &error), ERROR_NONE);
        s->jobs[n].state = HELD;
        s->jobs[n].rank = rank;
        s->jobs[n].since = s->now++;
    }
}

static void die(struct sequence *s, int rank)
{
    struct ledger_job given_up;
    if (s->is_dead[rank] || s->n_alive == 1)
        return;
    s->is_dead[rank] = true;
    s->n_alive--;
    const bool expected = has_lent(s, rank);
    assert_int_equal(ledger_bury(s->ledger, rank, &given_up), expected);
    for (uint64_t n = 0; n < s->n_jobs; n++) {
        if (!has(s, n, rank))
            continue;
        s->jobs[n].n_deaths++;
        if (s->jobs[n].state == LENT)
            assert_int_equal(number_of(s, given_up), n);
        s->jobs[n].state = s->jobs[n].state == LENT ? GIVEN_UP : SUSPECT;
    }
}

/* As the coordinator does: when the plan is empty, to a rank that has nothing. */
static void lend(struct sequence *s, int rank)
{
    struct ledger_job lent;
    if (s->is_dead[rank] || s->n_planned > 0 || n_held(s, rank) > 0)
        return;
    const bool expected = n_in(s, SUSPECT) > 0;
    assert_int_equal(ledger_lend(s->ledger, rank, &lent), expected);
    if (!expected)
        return;
    struct naive_job *job = &s->jobs[number_of(s, lent)];
    assert_int_equal(job->state, SUSPECT);
    job->state = LENT;
    job->rank = rank;
    job->since = s->now++;
}

static void random_sequence(uint64_t n_with[N_STATES])
{
    struct error error;
    struct sequence s = {.n_ranks = (int)random_between(1, RANKS_MAX), .n_jobs = random_below(JOBS_MAX + 1)};
    const uint64_t deadliness = random_below(40); /* deaths and hangs of 1000 events */
    s.n_alive = s.n_ranks;
    s.n_planned = s.n_jobs;
    assert_int_equal(ledger_create(&s.ledger, s.n_ranks, &error), ERROR_NONE);
    for (int events = 0; n_in(&s, DONE) + n_in(&s, GIVEN_UP) < s.n_jobs; events++) {
        assert_true(events < 100000); /* else something is lost */
        int rank = (int)random_below((uint64_t)s.n_ranks);
        uint64_t event = random_below(1000);
        if (event < deadliness)
            die(&s, rank);
        else if (event < 2 * deadliness)
            s.is_hung[rank] = s.n_alive > 1;
        else if (event < 3 * deadliness)
            s.is_hung[rank] = false;
        else if (event < 300)
            hand_out(&s, rank);
        else if (event < 400)
            hand_on(&s, rank);
        else if (event < 500)
            lend(&s, rank);
        else
            report(&s, rank);
        if (events % 8 == 0)
            compare(&s);
        if (s.n_alive == 1)
            memset(s.is_hung, 0, sizeof s.is_hung);
    }
    compare(&s);
    assert_int_equal(ledger_out(s.ledger) + ledger_suspects(s.ledger), 0);
    for (uint64_t n = 0; n < s.n_jobs; n++) {
        assert_int_equal(s.jobs[n].n_done, s.jobs[n].state == DONE);
        assert_int_equal(s.jobs[n].state == GIVEN_UP, s.jobs[n].n_deaths == 2);
        n_with[s.jobs[n].state]++;
    }
    ledger_destroy(s.ledger);
}

static void test_random_sequences(void **state)
{
    (void)state;
    uint64_t n_with[N_STATES] = {0};
    const clock_t end = clock() + CLOCKS_PER_SEC;
    int n = 0;
    for (; n < 500 || (n < 3000 && clock() < end); n++)
        random_sequence(n_with);
    print_message("%d runs: %" PRIu64 " jobs done, %" PRIu64 " given up\n", n, n_with[DONE], n_with[GIVEN_UP]);
    assert_true(n_with[GIVEN_UP] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_sequences)};
    random_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
