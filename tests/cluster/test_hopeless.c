/* Configurations of which nothing is accepted: who is named, when, how often, and with which remedy. */
#include "hopeless.h"

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

/* A record of a job with max_attempts attempts that all ended with these errors, which were `start` before training and
 * fell evenly in the last attempt. */
static void *make(const struct record_layout *layout, const struct hyperparameters *h, enum job_status status,
                  const float start[2], const float end[2])
{
    void *record = calloc(1, layout->n_bytes);
    assert_non_null(record);
    record_clear(layout, record);
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) = (uint8_t)status;
    *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS) = (uint16_t)h->max_attempts;
    if (status == STATUS_DIVERGED)
        return record;
    float *errors = record_field(layout, record, FIELD_ATTEMPT_ERROR);
    float *history = record_field(layout, record, FIELD_TEST_ERROR);
    int64_t last = hyperparameters_history(h) - 1;
    for (int64_t i = 0; i < 2 * h->max_attempts; i++)
        errors[i] = end[i % 2];
    for (int64_t i = 0; i < 2 * (last + 1); i++)
        history[i] = start[i % 2] + (end[i % 2] - start[i % 2]) * (float)(i / 2) / (float)last;
    return record;
}

static void expect_remedy(enum job_status status, float start1, float start2, float end1, float end2,
                          const char *remedy, struct hyperparameters h)
{
    struct record_layout layout;
    struct error error;
    struct hopeless_evidence evidence = {0};
    char text[HOPELESS_TEXT_MAX];
    assert_int_equal(record_layout_make(&layout, &h, 1, STORE_ALWAYS, &error), ERROR_NONE);
    void *record = make(&layout, &h, status, (const float[]){start1, start2}, (const float[]){end1, end2});
    hopeless_add(&evidence, &h, &layout, record);
    hopeless_add(&evidence, &h, &layout, record);
    hopeless_text(&evidence, &h, &layout, record, text);
    if (!strstr(text, remedy) || !strstr(text, "20 attempts, none accepted (error_threshold 0.05)"))
        fail_msg("%s: not: %s", text, remedy);
    free(record);
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
    expect_remedy(STATUS_REJECTED, 1, .25f, 1, .25f, "the output is 0 from the start", with("hidden_size", "2", none));
    expect_remedy(STATUS_REJECTED, 1, .25f, .6f, .02f, "train_mode = \"replay\"",
                  with("train_mode", "sequential", none));
    expect_remedy(STATUS_REJECTED, 1, .25f, .6f, .02f, "a smaller replay_every (now 10)",
                  with("train_mode", "replay", none));
    expect_remedy(
        STATUS_REJECTED, 1, .25f, .3f, .2f,
        "errors, least and median: task 1 0.3, 0.3; task 2 0.2, 0.2; likely remedy: the error of task 1 still "
        "falls at the end: more epochs (now 10) or a larger lr (now 0.001)",
        with("hidden_size", "5", none));
    expect_remedy(STATUS_REJECTED, .5f, .2f, .49f, .2f, "training hardly changes the error: a larger lr",
                  with("lr", "1e-6", none));
    expect_remedy(STATUS_REJECTED, .08f, .01f, .06f, .01f, "still falls", with("lr", "0.01", none));
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
    char number[16];
    bool *swept = calloc((size_t)n_hyperparameters, sizeof *swept);
    FILE *stream = tmpfile();
    snprintf(number, sizeof number, "%u", max_attempts);
    for (size_t i = 0; i < N_CONFIGS; i++)
        configs[i] = with("max_attempts", number, NULL);
    assert_true(swept && stream);
    assert_int_equal(record_layout_make(&layout, configs, N_CONFIGS, STORE_ALWAYS, &error), ERROR_NONE);
    void *accepted = make(&layout, configs, STATUS_ACCEPTED, (const float[]){1, 1}, (const float[]){.01f, .01f});
    void *rejected = make(&layout, configs, STATUS_REJECTED, (const float[]){1, 1}, (const float[]){.2f, .2f});
    progress_start(&progress, stream, N_CONFIGS);
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
        cmocka_unit_test(test_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
