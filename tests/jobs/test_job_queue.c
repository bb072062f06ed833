/* Which of the waiting jobs a pack is given: groups of one shape, how many lanes they fill, the longest first. */
#include "job_fixture.h"
#include "job_queue.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

static struct job job_of(const char *n_epochs, const char *hidden_size, uint64_t config)
{
    const struct hyperparameters h =
        hyperparameters_of("epochs", n_epochs, "hidden_size", hidden_size, "N_train", "1000", NULL);
    return (struct job){.config = config, .h = h};
}

/* Epochs of jobs of H = 20, in this order; and one job of H = 30 in their midst. */
static void fill(struct job_queue *queue, const char *const *n_epochs, size_t n)
{
    struct error error;
    for (size_t i = 0; i < n; i++) {
        const struct job job = job_of(n_epochs[i], "20", i), other = job_of("1", "30", 99);
        assert_int_equal(job_queue_add(queue, &job, &error), ERROR_NONE);
        if (i == 1)
            assert_int_equal(job_queue_add(queue, &other, &error), ERROR_NONE);
    }
    assert_int_equal(job_queue_waiting(queue), n + 1);
    assert_int_equal(queue->n_groups, 2);
}

static const char *const EPOCHS[] = {"2", "4", "4", "1", "3"};
enum { N = sizeof EPOCHS / sizeof *EPOCHS };

static void lanes_are_steps_over_those_of_the_longest(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    size_t n_lanes = 7;
    assert_null(job_queue_largest(&queue, &n_lanes));
    assert_int_equal(n_lanes, 0);
    fill(&queue, EPOCHS, N);
    struct job_group *group = job_queue_largest(&queue, &n_lanes);
    assert_int_equal(group->n_waiting, N);
    assert_int_equal(n_lanes, 3); /* 2 + 4 + 4 + 1 + 3 = 14 epochs, of 4 */
    group->waiting[1]->stage = STAGE_SCREENED;
    group->waiting[2]->stage = STAGE_TRAINED;
    assert_int_equal(job_group_lanes(group, STAGE_NEW, STAGE_NEW), 2);           /* 6 of 3 */
    assert_int_equal(job_group_lanes(group, STAGE_NEW, STAGE_SCREENED), 2);      /* 10 of 4 */
    assert_int_equal(job_group_lanes(group, STAGE_SCREENED, STAGE_SCREENED), 1); /* 4 of 4 */
    assert_int_equal(job_group_lanes(group, STAGE_TRAINING, STAGE_TRAINING), 0);
    for (size_t i = 0; i < N; i++)
        group->waiting[i]->stage = STAGE_TRAINING;
    group = job_queue_largest(&queue, &n_lanes); /* the other one */
    assert_int_equal(group->waiting[0]->job.config, 99);
    assert_int_equal(n_lanes, 1);
    job_queue_destroy(&queue);
}

static void the_longest_that_fit_are_taken_the_oldest_first(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    fill(&queue, EPOCHS, N);
    struct job_group *group = &queue.groups[0];
    const uint64_t epoch = group->waiting[3]->n_steps;
    const uint64_t least = group->waiting[3]->n_bytes, most = group->waiting[1]->n_bytes; /* histories are data */
    assert_null(job_group_take_longest(group, UINT64_MAX, UINT64_MAX));                   /* none is screened */
    for (size_t i = 0; i < N; i++)
        group->waiting[i]->stage = STAGE_SCREENED;
    assert_null(job_group_take_longest(group, UINT64_MAX, least - 1));
    assert_null(job_group_take_longest(group, epoch - 1, most));
    assert_int_equal(job_group_take_longest(group, 2 * epoch, most)->job.config, 0);
    static const uint64_t order[] = {1, 2, 4, 3};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct waiting *w = job_group_take_longest(group, UINT64_MAX, UINT64_MAX);
        assert_int_equal(w->job.config, order[i]);
        assert_int_equal(w->stage, STAGE_TRAINING);
    }
    assert_null(job_group_take_longest(group, UINT64_MAX, UINT64_MAX));
    job_queue_destroy(&queue);
}

static void those_that_leave_keep_the_order_of_the_others(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    struct waiting *members[N];
    fill(&queue, EPOCHS, N);
    struct job_group *group = &queue.groups[0];
    job_queue_remove(&queue, group, group->waiting[1]);
    group->waiting[1]->stage = STAGE_SCREENED;
    assert_int_equal(job_group_choose_new(group, N, members), 3);
    assert_int_equal(members[0]->job.config, 0);
    assert_int_equal(members[1]->job.config, 3);
    assert_int_equal(members[2]->job.config, 4);
    assert_int_equal(job_group_choose_new(group, 2, members), 2);
    while (group->n_waiting > 0)
        job_queue_remove(&queue, group, group->waiting[group->n_waiting - 1]);
    job_queue_drop_empty(&queue);
    assert_int_equal(queue.n_groups, 1);
    assert_int_equal(queue.groups[0].waiting[0]->job.config, 99);
    assert_int_equal(job_queue_waiting(&queue), 1);
    job_queue_destroy(&queue);
}

/* 16 MB of them, so of four of these five jobs; a job that goes makes room. */
static void targets_are_kept_up_to_a_limit(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    struct error error;
    for (size_t i = 0; i < 5; i++) {
        const struct hyperparameters h = hyperparameters_of("N_train", "1000000", "N_test", "100", NULL);
        const struct job job = {.config = i, .h = h};
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    }
    struct job_group *group = &queue.groups[0];
    for (size_t twice = 0; twice < 2; twice++)
        for (size_t i = 0; i < 5; i++)
            job_queue_keep_targets(&queue, group->waiting[i]);
    assert_true(queue.n_kept_bytes > 3 * sizeof(float) * 1000000 && queue.n_kept_bytes <= 16 << 20);
    assert_non_null(group->waiting[3]->kept.values);
    assert_null(group->waiting[4]->kept.values);
    job_queue_remove(&queue, group, group->waiting[0]);
    job_queue_keep_targets(&queue, group->waiting[3]);
    assert_non_null(group->waiting[3]->kept.values);
    for (size_t i = 0; i < 4; i++)
        job_queue_release_targets(&queue, group->waiting[i]);
    assert_int_equal(queue.n_kept_bytes, 0);
    job_queue_destroy(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_steps_over_those_of_the_longest),
        cmocka_unit_test(the_longest_that_fit_are_taken_the_oldest_first),
        cmocka_unit_test(those_that_leave_keep_the_order_of_the_others),
        cmocka_unit_test(targets_are_kept_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
