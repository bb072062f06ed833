/* Configurations of which nothing is accepted: who is named, when, how often, and with which remedy. */
#include "hopeless.h"

#include "tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hyperparameters with(const char *name, ...)
{
    struct hyperparameters h;
    struct error error;
    hyperparameters_default(&h);
    va_list values;
    va_start(values, name);
    for (; name; name = va_arg(values, const char *))
        assert_int_equal(hyperparameter_set_text(&h, hyperparameter_find(name), va_arg(values, const char *), &error),
                         ERROR_NONE);
    va_end(values);
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
    return h;
}

/* Errors before training, half-way through the epochs and at the end, of tasks 1 and 2. */
struct made_up {
    float start[2], middle[2], end[2];
    int n_silent; /* the first attempts of each job, or, below 0, the last ones */
};

static bool is_made_silent(const struct made_up *made_up, const struct hyperparameters *h, int64_t attempt)
{
    return attempt < made_up->n_silent || attempt >= h->max_attempts + (made_up->n_silent < 0 ? made_up->n_silent : 0);
}

/* The errors of an output that is 0. */
static void silence(const struct hyperparameters *h, int64_t seed, unsigned attempt, float errors[2])
{
    struct targets targets;
    targets_make(&targets, h, seed, NULL, 0);
    for (int task = 0; task < 2; task++) {
        float x[100 * INPUTS_MAX], target[100], sum = 0;
        assert_int_equal(h->N_test, 100);
        tasks_test_inputs(h, rng_key(seed, attempt), task, 0, 100, x);
        targets_compute(&targets, task, 100, x, target);
        for (int i = 0; i < 100; i++)
            sum += fabsf(target[i]);
        errors[task] = sum / 100;
    }
}

/* A record of a job with max_attempts attempts. */
static void *make(const struct record_layout *layout, const struct hyperparameters *h, enum job_status status,
                  int64_t seed, const struct made_up *made_up)
{
    void *record = calloc(1, layout->n_bytes);
    assert_non_null(record);
    record_clear(layout, record);
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) = (uint8_t)status;
    *(int64_t *)record_field(layout, record, FIELD_SEED) = seed;
    *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS) = (uint16_t)h->max_attempts;
    if (status == STATUS_DIVERGED)
        return record;
    float *errors = record_field(layout, record, FIELD_ATTEMPT_ERROR);
    for (int64_t i = 0; i < h->max_attempts; i++)
        if (is_made_silent(made_up, h, i))
            silence(h, seed, (unsigned)i, errors + 2 * i);
        else
            memcpy(errors + 2 * i, made_up->end, sizeof made_up->end);
    float *history = record_field(layout, record, FIELD_TEST_ERROR), *last = errors + 2 * (h->max_attempts - 1);
    int64_t n = hyperparameters_history(h) - 1;
    float *train_loss = record_field(layout, record, FIELD_TRAIN_LOSS);
    float *test_loss = record_field(layout, record, FIELD_TEST_LOSS);
    train_loss[n] = h->N_train < 100 ? 1e-4f : .06f;
    test_loss[0] = test_loss[1] = .05f;
    for (int64_t i = 0; i < 2 * (n + 1); i++) {
        int64_t entry = i / 2;
        float at = 2 * (float)entry / (float)n, middle = made_up->middle[i % 2];
        float from = at < 1 ? made_up->start[i % 2] : 2 * middle - last[i % 2]; /* of the line through the middle */
        float to = at < 1 ? 2 * middle - made_up->start[i % 2] : last[i % 2];
        history[i] = made_up->start[i % 2] == 0 ? last[i % 2] : from + (to - from) * at / 2;
    }
    return record;
}

static void expect(enum job_status status, struct made_up made_up, const char *remedy, struct hyperparameters h)
{
    struct record_layout layout;
    struct error error;
    struct hopeless_evidence evidence = {0};
    char text[HOPELESS_TEXT_MAX];
    assert_int_equal(record_layout_make(&layout, &h, 1, STORE_ALWAYS, &error), ERROR_NONE);
    while (evidence.n_attempts < 20) {
        void *record = make(&layout, &h, status, 7 + (int64_t)evidence.n_jobs, &made_up);
        hopeless_add(&evidence, &h, &layout, record);
        free(record);
    }
    hopeless_text(&evidence, &h, text);
    if (!strstr(text, remedy) || !strstr(text, " attempts, none accepted (error_threshold 0.05)"))
        fail_msg("%s: not: %s", text, remedy);
}

/* Errors that go evenly to their ends, and no attempt silent. */
static void expect_remedy(enum job_status status, float start1, float start2, float end1, float end2,
                          const char *remedy, struct hyperparameters h)
{
    const struct made_up made_up = {
        {start1, start2}, {(start1 + end1) / 2, (start2 + end2) / 2}, {end1, end2}, .n_silent = 0};
    expect(status, made_up, remedy, h);
}

static void test_remedies(void **state)
{
    (void)state;
    const char *none = NULL;
    expect_remedy(STATUS_DIVERGED, 0, 0, 0, 0, "2 of 2 jobs diverged; likely remedy: it diverges: a smaller lr (now 9)",
                  with("lr", "9", none));
    expect_remedy(STATUS_REJECTED, 1, .2f, NAN, NAN, "it diverges: a smaller lr", with("lr", "9", none));
    expect_remedy(STATUS_REJECTED, 1, .3f, .01f, .18f, "task 2 has targets below 0",
                  with("second_task", "add-1", none));
    expect_remedy(STATUS_REJECTED, 1, .3f, .01f, .18f, "the error of task 2 still falls",
                  with("second_task", "add-1", "output_activation", "linear", none));
    expect_remedy(STATUS_REJECTED, 1, .3f, .18f, .01f, "the error of task 1 still falls",
                  with("second_task", "add-1", none)); /* it is not task 2 that misses */
    expect_remedy(STATUS_REJECTED, 1, .2f, .5f, .15f, "the error of task 1 still falls",
                  with("second_task", "add-0.1", none)); /* nor what lies below 0 */
    expect_remedy(
        STATUS_REJECTED, 1, .25f, .3f, .2f,
        "errors, least and median: task 1 0.3, 0.3; task 2 0.2, 0.2; likely remedy: the error of task 1 still "
        "falls at the end: more epochs (now 10) or a larger lr (now 0.001)",
        with("hidden_size", "5", none));
    expect_remedy(STATUS_REJECTED, .5f, .2f, .49f, .2f, "training hardly changes the error: a larger lr",
                  with("lr", "1e-6", none));
    expect_remedy(STATUS_REJECTED, 1, .25f, 2.8f, 1.5f, "larger than it was before: a smaller lr (now 5)",
                  with("lr", "5", "output_activation", "linear", none));
    expect_remedy(STATUS_REJECTED, .08f, .01f, .06f, .01f, "still falls", with("lr", "0.01", none));
    expect_remedy(STATUS_REJECTED, 110, 3000, 90, 2000,
                  "the targets of task 1 are large (root mean square 1.1e+02, best near 1): standardise = "
                  "\"variance\" with output_activation = \"linear\"",
                  with("input_high", "100", none));
    expect_remedy(STATUS_REJECTED, 110, 3000, NAN, NAN, "or a smaller lr (now 9)",
                  with("input_high", "100", "lr", "9", "output_activation", "linear", none));
    expect_remedy(STATUS_REJECTED, 1, .9f, .5f, .6f, "the error of task 1 still falls",
                  with("input_high", "100", "standardise", "variance", "output_activation", "linear", none));
}

/* Of tasks that were learned less than others, or not for long. */
static void test_remedies_of_tasks(void **state)
{
    (void)state;
    const char *none = NULL;
    const struct made_up forgotten = {{1, .25f}, {.2f, .3f}, {.6f, .02f}, 0};
    expect(STATUS_REJECTED, forgotten, "train_mode = \"replay\"", with("train_mode", "sequential", none));
    expect(STATUS_REJECTED, forgotten, "a smaller replay_every (now 10)", with("train_mode", "replay", none));
    const struct made_up never_learned = {{1, .25f}, {.62f, .3f}, {.6f, .02f}, 0};
    expect(STATUS_REJECTED, never_learned, "more epochs", with("train_mode", "sequential", none));
    /* The course of the last attempts tells nothing: it is a silent one. */
    const struct made_up unseen = {{0, 0}, {0, 0}, {.4f, .02f}, -4};
    expect(STATUS_REJECTED, unseen, "task 1 is forgotten", with("train_mode", "sequential", none));

    const struct made_up starved = {{0, 0}, {0, 0}, {.005f, .2f}, -5};
    expect(STATUS_REJECTED, starved,
           "task 2 has only 1 of 1000 training samples: a smaller fraction (now 0.999) or a larger N_train",
           with("fraction", "0.999", none));
    const struct made_up starved_1 = {{1, .25f}, {1, .1f}, {1.5f, .01f}, 0};
    expect(STATUS_REJECTED, starved_1, "task 1 has only 50 of 1000 training samples: a larger fraction (now 0.05)",
           with("fraction", "0.05", none));
    const struct made_up overfitted = {{1, .25f}, {.1f, .2f}, {.005f, .2f}, 0}; /* the loss: see make */
    expect(STATUS_REJECTED, overfitted, "a larger N_train (now 20)", with("N_train", "20", none));
    const struct made_up slow = {{1, .25f}, {.99f, .25f}, {.98f, .25f}, 0}; /* both are as bad */
    expect(STATUS_REJECTED, slow, "training hardly changes", with("fraction", "0.999", "lr", "1e-6", none));
}

/* Silent attempts stay out of the diagnosis of the others, and are told from the start only by the last ones' courses.
 */
static void test_silent(void **state)
{
    (void)state;
    const char *none = NULL;
    const struct made_up from_start = {{0, 0}, {0, 0}, {.3f, .2f}, -9};
    expect(STATUS_REJECTED, from_start,
           "; the output is 0 in 18 of 20; errors of the others, least and median: task 1 0.3, 0.3; task 2 0.2, 0.2; "
           "likely remedy: the output is 0 from the start, and stays so: larger hidden_size (now 2)",
           with("hidden_size", "2", none));
    expect(STATUS_REJECTED, from_start, "or training makes it so: a smaller lr (now 5), larger hidden_size",
           with("lr", "5", none)); /* two courses may be so by chance */
    const struct made_up silenced = {{.9f, .2f}, {1, .25f}, {.3f, .2f}, 10};
    expect(STATUS_REJECTED, silenced, "; the output is 0 in 20 of 20; errors, least and median: task 1 0.9",
           with("lr", "5", none));
    expect(STATUS_REJECTED, silenced, "training silences the output for good: a smaller lr (now 5)",
           with("lr", "5", "hidden_size", "5", none));
    /* Many, but not so many that the others do not count. */
    const struct made_up slow = {{.99f, .25f}, {.99f, .25f}, {.99f, .25f}, 6};
    expect(STATUS_REJECTED, slow, "a larger lr (now 1e-07)", with("lr", "1e-7", "hidden_size", "5", none));
    const struct made_up slow_unseen = {{0, 0}, {0, 0}, {.99f, .25f}, -6};
    expect(STATUS_REJECTED, slow_unseen, "a larger lr (now 1e-07)", with("lr", "1e-7", "hidden_size", "5", none));
    const struct made_up large = {{0, 0}, {0, 0}, {1300, 1200}, -6};
    expect(STATUS_REJECTED, large, "standardise", with("input_high", "100", "hidden_size", "5", none));
    const struct made_up diverging = {{0, 0}, {0, 0}, {NAN, NAN}, -6};
    expect(STATUS_REJECTED, diverging, "it diverges: a smaller lr (now 9)", with("lr", "9", none));
    /* The errors of an output of 0, but of another test set: that is no silence. */
    const struct made_up near_0 = {{1, .25f}, {1, .25f}, {1, .25f}, 0};
    expect(STATUS_REJECTED, near_0, "(error_threshold 0.05); errors, least", with("hidden_size", "2", none));
}

enum { N_CONFIGS = 30 };

/* What is said of so many records of each configuration, of this status, and summed up. */
static void say(uint16_t max_attempts, size_t n_records, size_t n_accepted_before, char text[], size_t size)
{
    struct hyperparameters configs[N_CONFIGS];
    struct record_layout layout;
    struct error error;
    struct hopeless hopeless;
    struct progress progress;
    const struct made_up learned = {{1, 1}, {.1f, .1f}, {.01f, .01f}, 0}, missed = {{1, 1}, {.3f, .3f}, {.2f, .2f}, 0};
    char number[16];
    bool *swept = calloc((size_t)n_hyperparameters, sizeof *swept);
    FILE *stream = tmpfile();
    snprintf(number, sizeof number, "%u", max_attempts);
    for (size_t i = 0; i < N_CONFIGS; i++)
        configs[i] = with("max_attempts", number, NULL);
    assert_true(swept && stream);
    assert_int_equal(record_layout_make(&layout, configs, N_CONFIGS, STORE_ALWAYS, &error), ERROR_NONE);
    void *accepted = make(&layout, configs, STATUS_ACCEPTED, 0, &learned);
    void *rejected = make(&layout, configs, STATUS_REJECTED, 0, &missed);
    progress_start(&progress, stream, N_CONFIGS, false);
    hopeless_start(&hopeless, configs, N_CONFIGS, swept, &layout);
    for (size_t i = 0; i < n_records; i++)
        for (size_t config = 0; config < N_CONFIGS; config++)
            hopeless_note(&hopeless, config, config < n_accepted_before && i == 0 ? accepted : rejected, &progress);
    hopeless_sum_up(&hopeless, stream);
    hopeless_end(&hopeless);
    rewind(stream);
    size_t n = fread(text, 1, size - 1, stream);
    text[n] = '\0';
    fclose(stream);
    free(accepted);
    free(rejected);
    free(swept);
}

static size_t n_warnings(const char *text)
{
    size_t n = 0;
    for (; (text = strstr(text, "picky: warning: ")); text++)
        n++;
    return n;
}

static void test_said_once(void **state)
{
    (void)state;
    char text[32768];
    say(19, 1, 0, text, sizeof text); /* not yet */
    assert_int_equal(n_warnings(text), 0);
    say(10, 2, N_CONFIGS, text, sizeof text); /* something was accepted of each */
    assert_int_equal(n_warnings(text), 0);
    say(10, 2, N_CONFIGS - 1, text, sizeof text);
    assert_int_equal(n_warnings(text), 2);
    assert_non_null(strstr(text, "picky: warning: configuration 29: 20 attempts, none accepted"));
    assert_non_null(strstr(text, "picky: warning: 1 configuration had 20 attempts or more and none accepted: 29\n"));
    say(10, 5, 0, text, sizeof text); /* all: five with their errors, that there are more, the sum */
    assert_int_equal(n_warnings(text), HOPELESS_LINES_MAX + 2);
    assert_non_null(strstr(text, "30 configurations had 20 attempts or more and none accepted: 0, 1, 2, 3, 4, 5, 6, 7, "
                                 "8, 9, ...\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remedies),
        cmocka_unit_test(test_remedies_of_tasks),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
