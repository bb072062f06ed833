/* The compute thread and its mailbox, without MPI: a coordinator in small around one trainer, with made-up jobs. */
#include "clock.h"
#include "trainer.h"

#include "backoff.h"
#include "fakes.h"
#include "memory_budget.h"
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { RANK = 3, SEED = 16, CONFIGS_MAX = 64, REPLICATES = 20 };

struct run {
    struct hyperparameters configs[CONFIGS_MAX];
    struct record_layout layout;
    struct plan *plan;
    struct trainer *trainer;
    uint64_t n_records, n_handed_back, n_requests, n_empty_requests, n_outstanding;
    unsigned n_puts[CONFIGS_MAX][REPLICATES];
};

static int64_t run_epochs = 10;

static void begin(struct run *run, size_t n_configs, int64_t n_shapes, struct fake_job job)
{
    struct error error;
    memset(run, 0, sizeof *run);
    for (size_t i = 0; i < n_configs; i++) {
        hyperparameters_default(&run->configs[i]);
        run->configs[i].epochs = run_epochs;
        run->configs[i].hidden_size = 2 + (int64_t)i % n_shapes;
        run->configs[i].lr = 0.001 + 0.001 * (double)i;
    }
    fake_job = job;
    assert_int_equal(record_layout_make(&run->layout, run->configs, n_configs, 0, &error), ERROR_NONE);
    assert_int_equal(plan_create(&run->plan, run->configs, n_configs, REPLICATES, SEED, &error), ERROR_NONE);
    assert_int_equal(trainer_create(&run->trainer, &run->layout, RANK, MEMORY_UNLIMITED, &error), ERROR_NONE);
}

static void end(struct run *run)
{
    trainer_destroy(run->trainer);
    plan_destroy(run->plan);
}

static void take_records(struct run *run)
{
    for (void *report; (report = trainer_take(run->trainer)); trainer_return(run->trainer, report))
        for (size_t i = 0; i < wire_report_n_records(report); i++) {
            uint64_t config, replicate;
            const void *record = wire_report_record(report, &run->layout, i, &config, &replicate);
            assert_true(config < CONFIGS_MAX && replicate < REPLICATES);
            run->n_outstanding--;
            if (*(const uint8_t *)record_field_const(&run->layout, record, FIELD_STATUS) == STATUS_PENDING) {
                run->n_handed_back++;
                continue;
            }
            run->n_puts[config][replicate]++;
            run->n_records++;
            assert_int_equal(*(const int32_t *)record_field_const(&run->layout, record, FIELD_RANK), RANK);
            assert_int_equal(*(const int64_t *)record_field_const(&run->layout, record, FIELD_SEED),
                             SEED + (int64_t)replicate);
        }
}

/* Answers a request, if there is one, with at most n_max jobs. */
static void answer(struct run *run, size_t n_max)
{
    struct wire_request request;
    struct job jobs[WIRE_JOBS_MAX];
    if (!trainer_wants(run->trainer, &request))
        return;
    run->n_requests++;
    assert_in_range(request.n_wanted, 1, WIRE_JOBS_MAX);
    struct wire_request again;
    assert_false(trainer_wants(run->trainer, &again)); /* one at a time */
    for (uint64_t i = 0; i < request.n_shapes; i++)
        assert_true(request.shapes[i] < plan_n_shapes(run->plan));
    size_t n = request.n_wanted < n_max ? (size_t)request.n_wanted : n_max;
    struct wire_handout handout = {.shape = 0};
    handout.n_jobs = plan_next(run->plan, request.shapes, request.n_shapes, n, jobs, &handout.shape);
    handout.end = plan_jobs_left(run->plan) == 0;
    run->n_empty_requests += handout.n_jobs == 0 && !handout.end;
    run->n_outstanding += handout.n_jobs;
    trainer_give(run->trainer, &handout, jobs);
}

static void every_job_comes_back_once(void **unused)
{
    (void)unused;
    const struct {
        size_t n_configs, n_max;
        int64_t n_shapes;
        struct fake_job job;
    } cases[] = {
        {1, 128, 1, {.lanes = 16, .accepted = 0.75}},
        {40, 128, 2, {.lanes = 8, .accepted = 0.75, .pack_s = 1e-4}},
        {64, 128, 64, {.lanes = 4, .accepted = 0.3}},
        {40, 1, 5, {.lanes = 8, .accepted = 1}},
        {30, 5, 1, {.lanes = 8, .accepted = 0.05, .pack_s = 1e-5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run run;
        struct error error;
        begin(&run, cases[i].n_configs, cases[i].n_shapes, cases[i].job);
        while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
            take_records(&run);
            answer(&run, cases[i].n_max);
            trainer_wait(run.trainer, 1e-3);
        }
        assert_int_equal(trainer_state(run.trainer, &error), TRAINER_FINISHED);
        assert_int_equal(run.n_records, cases[i].n_configs * REPLICATES);
        for (size_t config = 0; config < cases[i].n_configs; config++)
            for (int replicate = 0; replicate < REPLICATES; replicate++)
                assert_int_equal(run.n_puts[config][replicate], 1);
        struct wire_totals totals = trainer_totals(run.trainer);
        assert_true(totals.packs > 0 && totals.lanes_total == totals.packs * (uint64_t)cases[i].job.lanes);
        assert_true(totals.attempts >= run.n_records && totals.lanes_used == totals.attempts);
        assert_true(totals.waited_s >= totals.longest_wait_s);
        end(&run);
    }
}

/* Two of three attempts are rejected, but there are jobs of the same shape to be had: packs stay full. */
static void rejected_attempts_find_company(void **unused)
{
    (void)unused;
    struct run run;
    struct error error;
    begin(&run, 60, 3, (struct fake_job){.lanes = 16, .accepted = 0.33, .pack_s = 1e-3});
    while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
        take_records(&run);
        answer(&run, WIRE_JOBS_MAX);
        trainer_wait(run.trainer, 1e-3);
    }
    struct wire_totals totals = trainer_totals(run.trainer);
    assert_true((double)totals.lanes_used > 0.9 * (double)totals.lanes_total);
    end(&run);
}

/* A coordinator that gives nothing while jobs are held, as at the end of a sweep that others share: no storm of
 * requests, no standstill. */
static void refusals_are_borne(void **unused)
{
    (void)unused;
    struct run run;
    struct error error;
    begin(&run, 4, 1, (struct fake_job){.lanes = 8, .accepted = 0.5, .pack_s = 1e-3});
    while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
        take_records(&run);
        answer(&run, run.n_outstanding > 0 ? 0 : 3);
        trainer_wait(run.trainer, 1e-3);
    }
    assert_int_equal(run.n_records, 4 * REPLICATES);
    assert_true(run.n_empty_requests > 0);
    assert_true(run.n_requests <= 4 * trainer_totals(run.trainer).packs + 10);
    end(&run);
}

/* Waits until so many packs have been trained; false if that does not happen within two seconds. */
static bool packs_reach(struct run *run, uint64_t n_packs)
{
    for (double start = clock_s(); clock_s() - start < 2; trainer_wait(run->trainer, 1e-3))
        if (trainer_totals(run->trainer).packs >= n_packs)
            return true;
    return false;
}

static void give_nothing(struct run *run)
{
    trainer_give(run->trainer, &(struct wire_handout){.n_jobs = 0}, NULL);
}

static void less_than_a_pack_waits_for_an_answer(void **unused)
{
    (void)unused;
    struct run run;
    struct wire_request request;
    begin(&run, 1, 1, (struct fake_job){.lanes = 8, .accepted = 0.5});
    answer(&run, 8);
    assert_true(packs_reach(&run, 1));
    take_records(&run);
    assert_in_range(run.n_outstanding, 1, 7); /* rejected: they could fill a pack with others */
    backoff_sleep(0.05);
    assert_int_equal(trainer_totals(run.trainer).packs, 1);
    assert_true(trainer_wants(run.trainer, &request));
    give_nothing(&run);
    assert_true(packs_reach(&run, 2)); /* alone, then */
    end(&run);
}

static void requests_come_after_the_records_that_they_follow(void **unused)
{
    (void)unused;
    struct run run;
    struct wire_request request;
    begin(&run, 8, 1, (struct fake_job){.lanes = 8, .accepted = 1});
    answer(&run, 8);
    assert_true(packs_reach(&run, 1));
    assert_false(trainer_wants(run.trainer, &request));
    take_records(&run);
    assert_int_equal(run.n_outstanding, 0);
    assert_true(trainer_wants(run.trainer, &request));
    end(&run);
}

/* A request made while a pack trains is answered when the pack has ended: that there was nothing to be had says nothing
 * about now. Whoever took it for the last word would wait for ever. */
static void late_refusals_are_no_refusals(void **unused)
{
    (void)unused;
    struct run run;
    struct wire_request request;
    begin(&run, 8, 1, (struct fake_job){.lanes = 8, .accepted = 1, .pack_s = 0.05});
    answer(&run, 8);
    while (!trainer_wants(run.trainer, &request)) /* the pack has begun: the next one is asked for */
        trainer_wait(run.trainer, 1e-3);
    assert_int_equal(trainer_totals(run.trainer).packs, 0);
    assert_true(packs_reach(&run, 1));
    take_records(&run);
    assert_int_equal(run.n_outstanding, 0);
    give_nothing(&run);
    assert_true(trainer_wants(run.trainer, &request));
    end(&run);
}

/* With the last jobs it does not ask until it has none left; more may come then, and the wait for the end is none for
 * jobs. */
static void after_the_last_jobs_it_asks_when_it_has_none(void **unused)
{
    (void)unused;
    struct run run;
    struct wire_request request;
    struct error error;
    struct job jobs[WIRE_JOBS_MAX];
    begin(&run, 3, 1, (struct fake_job){.lanes = 8, .accepted = 0.5});
    for (int i = 0; i < 3; i++) {
        while (!trainer_wants(run.trainer, &request))
            trainer_wait(run.trainer, 1e-3);
        assert_int_equal(run.n_outstanding, 0);
        assert_int_equal(trainer_state(run.trainer, &error), TRAINER_WORKING);
        struct wire_handout handout = {.is_last = true};
        run.n_outstanding = handout.n_jobs = plan_next(run.plan, NULL, 0, i == 0 ? 5 : 1, jobs, &handout.shape);
        trainer_give(run.trainer, &handout, jobs);
        while (run.n_outstanding > 0) { /* packs that are not full, and no request */
            assert_false(trainer_wants(run.trainer, &request));
            take_records(&run);
            trainer_wait(run.trainer, 1e-3);
        }
    }
    while (!trainer_wants(run.trainer, &request))
        trainer_wait(run.trainer, 1e-3);
    double waited_s = trainer_totals(run.trainer).waited_s;
    backoff_sleep(0.05);
    trainer_give(run.trainer, &(struct wire_handout){.is_last = true, .end = true}, NULL);
    while (trainer_state(run.trainer, &error) == TRAINER_WORKING)
        trainer_wait(run.trainer, 1e-3);
    assert_true(trainer_totals(run.trainer).waited_s == waited_s);
    end(&run);
}

/* Every second job that waits when the pack has ended; and what is given later is not meant. */
static void recalled_jobs_are_handed_back(void **unused)
{
    (void)unused;
    struct run run;
    struct wire_request request;
    const struct wire_handout recall = {.is_recall = true};
    begin(&run, 2, 1, (struct fake_job){.lanes = 8, .accepted = 1, .pack_s = 0.3});
    while (run.n_outstanding < 16) { /* one pack in training, and one ahead */
        answer(&run, 8);
        trainer_wait(run.trainer, 1e-3);
    }
    assert_int_equal(trainer_totals(run.trainer).packs, 0);
    trainer_give(run.trainer, &recall, NULL);
    while (!trainer_wants(run.trainer, &request)) {
        take_records(&run);
        trainer_wait(run.trainer, 1e-3);
    }
    give_nothing(&run);
    assert_true(packs_reach(&run, 2));
    take_records(&run);
    assert_int_equal(run.n_records, 12);
    assert_int_equal(run.n_handed_back, 4);
    assert_int_equal(run.n_outstanding, 0);

    trainer_give(run.trainer, &recall, NULL);
    while (!trainer_wants(run.trainer, &request))
        trainer_wait(run.trainer, 1e-3);
    struct job jobs[8];
    struct wire_handout handout = {.is_last = true};
    run.n_outstanding = handout.n_jobs = plan_next(run.plan, NULL, 0, 8, jobs, &handout.shape);
    trainer_give(run.trainer, &handout, jobs);
    assert_true(packs_reach(&run, 3));
    take_records(&run);
    assert_int_equal(run.n_records, 20);
    assert_int_equal(run.n_handed_back, 4);
    end(&run);
}

static void a_slow_main_thread_holds_it_up(void **unused)
{
    (void)unused;
    struct run run;
    struct error error;
    struct wire_request request;
    run_epochs = 100000; /* records larger than a report is meant to be: one in each, so a pack of 8 fills all */
    begin(&run, 1, 1, (struct fake_job){.lanes = 8, .accepted = 1});
    run_epochs = 10;
    assert_int_equal(trainer_report_records(&run.layout), 1);
    /* However loaded the machine is: a second after it has its jobs the thread has long been waiting. */
    for (int turn = 0, since = 0; since < 1000 && turn<60000; turn++, since += run.n_outstanding> TRAINER_REPORTS) {
        answer(&run, WIRE_JOBS_MAX);
        backoff_sleep(1e-3);
    }
    assert_true(run.n_outstanding > TRAINER_REPORTS);
    assert_int_equal(trainer_totals(run.trainer).packs, 0); /* the first one has not ended */
    assert_false(trainer_wants(run.trainer, &request));     /* records first */
    while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
        take_records(&run);
        answer(&run, WIRE_JOBS_MAX);
        trainer_wait(run.trainer, 1e-3);
    }
    assert_int_equal(run.n_records, REPLICATES);
    assert_true(trainer_totals(run.trainer).longest_wait_s > 0.05);
    end(&run);
}

static void it_can_be_halted_at_any_moment(void **unused)
{
    (void)unused;
    for (int turns = 0; turns < 30; turns++) {
        struct run run;
        struct error error;
        begin(&run, 40, 2, (struct fake_job){.lanes = 8, .accepted = 0.75, .pack_s = 2e-3});
        for (int turn = 0; turn < turns; turn++) {
            if (turn % 2)
                take_records(&run);
            answer(&run, WIRE_JOBS_MAX);
            trainer_wait(run.trainer, 1e-3);
        }
        double start = clock_s();
        if (turns % 3)
            trainer_order(run.trainer, WIRE_HALT);
        if (turns % 3 == 1)
            while (trainer_state(run.trainer, &error) == TRAINER_WORKING)
                trainer_wait(run.trainer, 1e-3);
        end(&run);
        assert_true(clock_s() - start < 1);
    }
}

/* Winding up: the pack in training ends, its records come out, the rest is dropped. Abandoned: it does not even end,
 * but what was finished before comes out all the same. */
static void it_ends_early_in_good_order(void **unused)
{
    (void)unused;
    for (int abandons = 0; abandons < 2; abandons++) {
        struct run run;
        struct error error;
        begin(&run, 8, 1, (struct fake_job){.lanes = 8, .accepted = 1, .pack_s = 0.2});
        answer(&run, 8);
        while (!trainer_wants(run.trainer, &(struct wire_request){.n_wanted = 0}))
            trainer_wait(run.trainer, 1e-3);
        trainer_order(run.trainer, WIRE_GO_ON); /* changes nothing */
        if (abandons)
            assert_true(packs_reach(&run, 1));
        struct job jobs[8];
        struct wire_handout handout = {.shape = 0};
        handout.n_jobs = plan_next(run.plan, NULL, 0, 8, jobs, &handout.shape);
        run.n_outstanding += 8;
        trainer_give(run.trainer, &handout, jobs);
        backoff_sleep(0.05);
        double start = clock_s();
        trainer_give(run.trainer, &(struct wire_handout){.order = abandons ? WIRE_ABANDON : WIRE_WIND_UP}, NULL);
        while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
            struct wire_request request;
            assert_false(trainer_wants(run.trainer, &request));
            take_records(&run);
            trainer_wait(run.trainer, 1e-3);
        }
        assert_int_equal(trainer_state(run.trainer, &error), TRAINER_FINISHED);
        assert_int_equal(run.n_records, 8);
        assert_int_equal(run.n_outstanding, 8);
        assert_true(clock_s() - start < (abandons ? 0.12 : 1));
        assert_true(abandons || clock_s() - start > 0.1);
        end(&run);
    }
}

static void failures_are_told(void **unused)
{
    (void)unused;
    struct run run;
    struct error error;
    begin(&run, 40, 2, (struct fake_job){.lanes = 8, .accepted = 0.75, .fails_at_pack = 3});
    while (trainer_state(run.trainer, &error) == TRAINER_WORKING) {
        take_records(&run);
        answer(&run, WIRE_JOBS_MAX);
        trainer_wait(run.trainer, 1e-3);
    }
    assert_int_equal(trainer_state(run.trainer, &error), TRAINER_FAILED);
    assert_int_equal(error.code, ERROR_FATAL);
    assert_string_equal(error.message, "the pack fails");
    end(&run);

    fake_job = (struct fake_job){.lanes = 8, .fails_to_create = true};
    struct trainer *trainer;
    assert_int_equal(trainer_create(&trainer, &run.layout, 0, MEMORY_UNLIMITED, &error), ERROR_FATAL);
    assert_null(trainer);
    trainer_destroy(trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_comes_back_once),
        cmocka_unit_test(rejected_attempts_find_company),
        cmocka_unit_test(refusals_are_borne),
        cmocka_unit_test(less_than_a_pack_waits_for_an_answer),
        cmocka_unit_test(requests_come_after_the_records_that_they_follow),
        cmocka_unit_test(late_refusals_are_no_refusals),
        cmocka_unit_test(after_the_last_jobs_it_asks_when_it_has_none),
        cmocka_unit_test(recalled_jobs_are_handed_back),
        cmocka_unit_test(a_slow_main_thread_holds_it_up),
        cmocka_unit_test(it_can_be_halted_at_any_moment),
        cmocka_unit_test(it_ends_early_in_good_order),
        cmocka_unit_test(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
