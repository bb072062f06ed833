/* Which of the waiting jobs a pack is given: groups of one shape, how many lanes they fill, the longest first.
 * Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free. */
#include "job_fixture.h"
#include "job_queue.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- memory: how much is in use, what is written behind it, and none ---- */

enum { BEHIND = 256 }; /* bytes behind what realloc gives */
static bool is_short;
static long n_living;                 /* allocations that have not been freed */
static unsigned char *moved, *behind; /* what realloc gave last, and its end */

/* The linker's names (--wrap). NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);
/* NOLINTEND(bugprone-reserved-identifier) */

void *__wrap_malloc(size_t size)
{
    n_living += !is_short;
    return is_short ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    n_living += !is_short;
    return is_short ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (is_short)
        return NULL;
    n_living += !memory;
    moved = __real_realloc(memory, size + BEHIND);
    behind = moved + size;
    for (size_t i = 0; i < BEHIND; i++)
        behind[i] = (unsigned char)i;
    return moved;
}

void __wrap_free(void *memory)
{
    n_living -= memory != NULL;
    __real_free(memory);
}

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

static void destroy(struct job_queue *queue)
{
    job_queue_destroy(queue);
    assert_int_equal(n_living, 0);
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
    group->waiting[0]->stage = STAGE_TRAINING;
    assert_null(job_queue_largest(&queue, &n_lanes));
    assert_int_equal(n_lanes, 0);
    group = &queue.groups[0];
    for (size_t i = 0; i < N; i++)
        group->waiting[i]->n_steps = i < 2 ? 5 - i : 1;
    for (size_t i = 0; i < 2; i++)
        group->waiting[i]->stage = STAGE_SCREENED;
    assert_int_equal(job_group_lanes(group, STAGE_SCREENED, STAGE_SCREENED), 1); /* 9 of 5 */
    assert_int_equal(job_group_lanes(group, STAGE_TRAINING, STAGE_TRAINING), 3); /* 3 of 1 */
    destroy(&queue);
}

static void the_longest_that_fit_are_taken_the_oldest_first(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    fill(&queue, EPOCHS, N);
    struct job_group *group = &queue.groups[0];
    /* Steps: 1,000 samples in batches of 10. Bytes: 3 numbers of a sample, rounded up to 4, and its place; in the
     * history, an entry before each epoch and one at the end, a loss and an error of each task. */
    const uint64_t epoch = 100, least = 1000 * (16 + 4) + 2 * (8 + 2 * 4), most = least + 3 * (8 + 2 * 4);
    assert_null(job_group_take_longest(group, UINT64_MAX, UINT64_MAX)); /* none is screened */
    for (size_t i = 0; i < N; i++)
        group->waiting[i]->stage = STAGE_SCREENED;
    assert_null(job_group_take_longest(group, UINT64_MAX, least - 1));
    assert_null(job_group_take_longest(group, epoch - 1, most));
    assert_int_equal(job_group_take_longest(group, UINT64_MAX, least)->job.config, 3);
    assert_int_equal(job_group_take_longest(group, 2 * epoch, most - 1)->job.config, 0);
    assert_int_equal(job_group_take_longest(group, UINT64_MAX, most)->job.config, 1);
    static const uint64_t order[] = {2, 4};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct waiting *w = job_group_take_longest(group, UINT64_MAX, UINT64_MAX);
        assert_int_equal(w->job.config, order[i]);
        assert_int_equal(w->stage, STAGE_TRAINING);
    }
    assert_null(job_group_take_longest(group, UINT64_MAX, UINT64_MAX));
    destroy(&queue);
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
    destroy(&queue);
}

/* More jobs than there is room for at first, of more shapes. */
static void there_is_room_for_any_number(void **state)
{
    (void)state;
    enum { N_JOBS = 70, N_SHAPES = 9 };
    struct job_queue queue = {0};
    struct error error;
    for (uint64_t i = 0; i < N_JOBS * N_SHAPES; i++) {
        const char hidden_size[] = {(char)('1' + i % N_SHAPES), '\0'};
        const struct job job = job_of("1", hidden_size, i);
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    }
    assert_int_equal(queue.n_groups, N_SHAPES);
    for (uint64_t i = 0; i < N_JOBS * N_SHAPES; i++)
        assert_int_equal(queue.groups[i % N_SHAPES].waiting[i / N_SHAPES]->job.config, i);
    destroy(&queue);
}

/* Nothing is changed where there is no more room, be it among the groups, in a group or for the job. */
static void without_memory_jobs_are_refused(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    for (uint64_t i = 0; i < 40; i++) {
        const struct job job = job_of("1", "20", i);
        struct error error = {0};
        is_short = true;
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_FATAL);
        assert_string_equal(error.message, "out of memory for waiting jobs");
        is_short = false;
        assert_int_equal(job_queue_waiting(&queue), i);
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    }
    struct waiting *w = queue.groups[0].waiting[0];
    is_short = true;
    job_queue_keep_targets(&queue, w);
    is_short = false;
    assert_null(w->kept.values);
    assert_int_equal(queue.n_kept_bytes, 0);
    job_queue_release_targets(&queue, w); /* those that are not kept */
    assert_int_equal(queue.n_kept_bytes, 0);
    destroy(&queue);
}

static void no_attempt_has_an_error_yet(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    struct error error;
    const struct hyperparameters h = hyperparameters_of("max_attempts", "7", NULL);
    const struct job job = {.attempt = 3, .h = h};
    assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    const struct waiting *w = queue.groups[0].waiting[0];
    assert_int_equal(w->attempt, 3);
    assert_int_equal(w->stage, STAGE_NEW);
    for (size_t i = 0; i < 7 * 2; i++)
        assert_true(isnan(w->attempt_error[i]));
    destroy(&queue);
}

/* The last of a full list leaves, and nothing behind the list is moved. */
static void nothing_behind_the_list_is_touched(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    struct error error;
    const struct job job = job_of("1", "20", 0);
    do
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    while (queue.groups[0].n_waiting < queue.groups[0].capacity);
    struct job_group *group = &queue.groups[0];
    assert_ptr_equal(moved, group->waiting);
    job_queue_remove(&queue, group, group->waiting[group->n_waiting - 1]);
    for (size_t i = 0; i < BEHIND; i++)
        assert_int_equal(behind[i], i);
    destroy(&queue);
}

/* The first of those that were added with a shape is the group of it, and of equal ones the first is the largest. */
static void groups_are_found_again(void **state)
{
    (void)state;
    struct job_queue queue = {0};
    struct error error;
    size_t n_lanes;
    static const char *const hidden_sizes[] = {"5", "6", "7", "6", "7", "5"};
    for (uint64_t i = 0; i < 6; i++) {
        const struct job job = job_of("1", hidden_sizes[i], i);
        assert_int_equal(job_queue_add(&queue, &job, &error), ERROR_NONE);
    }
    assert_int_equal(queue.n_groups, 3);
    assert_ptr_equal(job_queue_largest(&queue, &n_lanes), &queue.groups[0]);
    assert_int_equal(n_lanes, 2);
    destroy(&queue);
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
    /* Targets are one of each training sample and one of each test sample and task. */
    static const char *const n_train[] = {"4194104", "4194105"};
    for (size_t i = 0; i < 2; i++) {
        group->waiting[i]->job.h = hyperparameters_of("N_train", n_train[i], "N_test", "100", NULL);
        job_queue_keep_targets(&queue, group->waiting[i]);
        assert_int_equal(group->waiting[i]->kept.values != NULL, i == 0);
        job_queue_release_targets(&queue, group->waiting[i]);
    }
    destroy(&queue);
}

static int count_from_here(void **state)
{
    (void)state;
    hyperparameters_of(NULL); /* what is kept of the default tasks, once */
    n_living = 0;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_steps_over_those_of_the_longest),
        cmocka_unit_test(the_longest_that_fit_are_taken_the_oldest_first),
        cmocka_unit_test(those_that_leave_keep_the_order_of_the_others),
        cmocka_unit_test(there_is_room_for_any_number),
        cmocka_unit_test(without_memory_jobs_are_refused),
        cmocka_unit_test(no_attempt_has_an_error_yet),
        cmocka_unit_test(nothing_behind_the_list_is_touched),
        cmocka_unit_test(groups_are_found_again),
        cmocka_unit_test(targets_are_kept_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, count_from_here, NULL);
}
