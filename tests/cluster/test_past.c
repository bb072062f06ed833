/* Jobs that go from one runner to another between attempts: their records are the same bits. */
#include "past.h"

#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { N_JOBS = 40, N_RUNNERS = 3 };

/* Jobs on their way, and the records of those that are done. */
struct journey {
    struct record_layout layout;
    struct job jobs[N_JOBS];
    struct past *past[N_JOBS];
    bool is_moving[N_JOBS]; /* handed back, and not yet given on */
    bool is_done[N_JOBS];
    char *records; /* [N_JOBS][layout.n_bytes] */
    int n_done, n_moves, n_later_moves;
};

static void begin(struct journey *j)
{
    struct error error;
    struct hyperparameters configs[N_JOBS];
    memset(j, 0, sizeof *j);
    for (size_t i = 0; i < N_JOBS; i++) {
        struct hyperparameters *h = &configs[i];
        hyperparameters_default(h);
        h->hidden_size = 4 + (int64_t)i % 2;
        h->hidden_layers = 2;
        h->N_train = 200;
        h->N_test = 20;
        h->epochs = 6;
        h->error_threshold = i % 8 == 7 ? 1e-6 : 0.6;
        h->max_attempts = 2 + (int64_t)i % 5;
        j->jobs[i] = (struct job){.config = i, .seed = 100 + (int64_t)i, .h = *h};
    }
    assert_int_equal(record_layout_make(&j->layout, configs, N_JOBS, STORE_WEIGHTS, &error), ERROR_NONE);
    j->records = calloc(N_JOBS, j->layout.n_bytes);
    assert_non_null(j->records);
}

static enum error_code keep(void *context, const struct job *job, const void *record, struct error *error)
{
    struct journey *j = context;
    size_t i = (size_t)job->config;
    char *copy = j->records + i * j->layout.n_bytes;
    assert_false(j->is_done[i] || j->is_moving[i]);
    memcpy(copy, record, j->layout.n_bytes);
    if (*(uint8_t *)record_field(&j->layout, copy, FIELD_STATUS) == STATUS_PENDING) {
        j->is_moving[i] = true;
        j->n_moves++;
        assert_int_equal(past_take(&j->past[i], &j->layout, record, error), ERROR_NONE);
        j->jobs[i].attempt = j->past[i]->n_attempts;
        j->n_later_moves += j->jobs[i].attempt > 0;
        return ERROR_NONE;
    }
    if (j->past[i])
        past_complete(j->past[i], &j->layout, copy);
    for (int f = 0; f < N_FIELDS; f++) /* may differ */
        if (record_fields[f].is_provenance && record_field(&j->layout, copy, (enum field)f))
            memset(record_field(&j->layout, copy, (enum field)f), 0,
                   j->layout.n_elements[f] * field_type_size(record_fields[f].type));
    j->is_done[i] = true;
    j->n_done++;
    return ERROR_NONE;
}

static void end(struct journey *j)
{
    for (size_t i = 0; i < N_JOBS; i++)
        free(j->past[i]);
    free(j->records);
}

/* Each of n runners in turn gets what others have handed back, trains a pack, and hands back half of what waits. */
static void travel(struct journey *j, size_t n)
{
    struct error error;
    struct job_runner *runners[N_RUNNERS];
    for (size_t r = 0; r < n; r++)
        assert_int_equal(job_runner_create(&runners[r], &j->layout, &error), ERROR_NONE);
    for (size_t i = 0; i < N_JOBS; i++)
        assert_int_equal(job_runner_add(runners[0], &j->jobs[i], &error), ERROR_NONE);
    for (size_t turn = 0; j->n_done < N_JOBS; turn++) {
        struct job_runner *runner = runners[turn % n];
        assert_true(turn < 10000);
        for (size_t i = 0; i < N_JOBS; i++) {
            if (j->is_moving[i])
                assert_int_equal(job_runner_add(runner, &j->jobs[i], &error), ERROR_NONE);
            j->is_moving[i] = false;
        }
        assert_int_equal(job_runner_step(runner, keep, j, &error), ERROR_NONE);
        size_t n_handed_back = 0, n_before = job_runner_waiting(runner);
        if (n > 1)
            assert_int_equal(job_runner_hand_back(runner, keep, j, &n_handed_back, &error), ERROR_NONE);
        assert_int_equal(job_runner_waiting(runner), n_before - n_handed_back);
        assert_true(n_before == 0 || n_handed_back < n_before);
    }
    for (size_t r = 0; r < n; r++)
        job_runner_destroy(runners[r]);
}

static void where_attempts_are_made_leaves_no_trace(void **state)
{
    const char *layout = *state; /* packs of models keep trained ones, one by one they do not */
    struct journey home, away;
    setenv("PICKY_LAYOUT", layout, 1);
    begin(&home);
    begin(&away);
    travel(&home, 1);
    travel(&away, N_RUNNERS);
    assert_true(away.n_later_moves > 10 && away.n_moves > away.n_later_moves);
    int n_with[N_STATUSES] = {0};
    for (size_t i = 0; i < N_JOBS; i++) {
        const void *record = home.records + i * home.layout.n_bytes;
        assert_memory_equal(record, away.records + i * away.layout.n_bytes, home.layout.n_bytes);
        n_with[*(const uint8_t *)record_field_const(&home.layout, record, FIELD_STATUS)]++;
    }
    assert_true(n_with[STATUS_ACCEPTED] > 10 && n_with[STATUS_REJECTED] > 4);
    end(&home);
    end(&away);
    unsetenv("PICKY_LAYOUT");
}

static void times_add_up_and_what_diverged_has_no_errors(void **unused)
{
    (void)unused;
    struct journey j;
    struct error error;
    begin(&j);
    const struct record_layout *layout = &j.layout;
    void *record = j.records;
    uint8_t *status = record_field(layout, record, FIELD_STATUS);
    uint16_t *attempts = record_field(layout, record, FIELD_ATTEMPTS);
    double *wall_s = record_field(layout, record, FIELD_WALL_TIME);
    float *errors = record_field(layout, record, FIELD_ATTEMPT_ERROR);
    size_t n_tasks = layout->size[DIMENSION_TASK], n_errors = layout->n_elements[FIELD_ATTEMPT_ERROR];

    /* Two attempts here, one there, the fourth where it ends. */
    struct past *past = NULL;
    for (uint16_t next = 3; next <= 4; next++) {
        record_clear(layout, record);
        *attempts = next;
        *wall_s = 0.5;
        for (size_t i = next == 3 ? 0 : 2 * n_tasks; i < (next - 1u) * n_tasks; i++)
            errors[i] = (float)i;
        assert_int_equal(past_take(&past, layout, record, &error), ERROR_NONE);
        assert_int_equal(past->n_attempts, next - 1);
    }
    for (enum job_status end_status = STATUS_ACCEPTED; end_status < N_STATUSES; end_status++) {
        bool has_errors = end_status == STATUS_ACCEPTED || end_status == STATUS_REJECTED;
        record_clear(layout, record);
        *status = (uint8_t)end_status;
        *attempts = 4;
        *wall_s = 0.25;
        for (size_t i = 3 * n_tasks; has_errors && i < 4 * n_tasks; i++)
            errors[i] = (float)i;
        past_complete(past, layout, record);
        assert_true(*wall_s == 1.25);
        assert_int_equal(*attempts, 4);
        for (size_t i = 0; i < n_errors; i++)
            assert_true(has_errors && i < 4 * n_tasks ? errors[i] == (float)i : errors[i] != errors[i]);
    }
    free(past);
    end(&j);
}

static void impossible_pasts_are_refused(void **unused)
{
    (void)unused;
    struct journey j;
    struct error error;
    begin(&j);
    record_clear(&j.layout, j.records);
    uint16_t *attempts = record_field(&j.layout, j.records, FIELD_ATTEMPTS);
    struct past *past = NULL;
    const uint16_t refused[] = {0, 7, UINT16_MAX};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        *attempts = refused[i];
        assert_int_equal(past_take(&past, &j.layout, j.records, &error), ERROR_FATAL);
        assert_null(past);
    }
    *attempts = 6;
    assert_int_equal(past_take(&past, &j.layout, j.records, &error), ERROR_NONE);
    *attempts = 5; /* it has had more */
    assert_int_equal(past_take(&past, &j.layout, j.records, &error), ERROR_FATAL);
    assert_int_equal(past->n_attempts, 5);
    free(past);
    end(&j);
}

int main(void)
{
    static char models[] = "models", units[] = "units";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(where_attempts_are_made_leaves_no_trace, models),
        cmocka_unit_test_prestate(where_attempts_are_made_leaves_no_trace, units),
        cmocka_unit_test(times_add_up_and_what_diverged_has_no_errors),
        cmocka_unit_test(impossible_pasts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
