/* picky train: one job, printed. */
#include "build.h"
#include "cli.h"
#include "job.h"
#include "job_record.h"
#include "memory_budget.h"
#include "numbers.h"
#include "progress.h"
#include "waiting.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    const struct record_layout *layout;
    struct waiting_watch *watch; /* to be ended before anything is printed; NULL: it has been */
};

static const char *percent(double share, char text[8])
{
    snprintf(text, 8, "%3.0f %%", 100 * share);
    return text;
}

static void print_history(const struct record_layout *layout, const struct hyperparameters *h, const void *record)
{
    const float *train_loss = record_field_const(layout, record, FIELD_TRAIN_LOSS);
    const float *test_error = record_field_const(layout, record, FIELD_TEST_ERROR);
    int n_tasks = hyperparameters_n_tasks(h);
    printf("\n%5s  %12s", "epoch", "train loss");
    for (int task = 0; task < n_tasks; task++)
        printf("  test error %d", task + 1);
    printf("\n");
    for (int64_t epoch = 0; epoch < hyperparameters_history(h); epoch++) {
        printf("%5" PRId64 "  %12.6f", epoch, (double)train_loss[epoch]);
        for (int task = 0; task < n_tasks; task++)
            printf("  %12.6f", (double)test_error[epoch * n_tasks + task]);
        printf("\n");
    }
}

static void print_units(const struct record_layout *layout, const struct hyperparameters *h, const void *record)
{
    printf("\nHidden units by relative importance (taylor_sample; selective: |RI| > 0.9, mixed: |RI| < 0.5)\n");
    printf("%5s  %12s  %9s  %6s\n", "layer", "unimportant", "selective", "mixed");
    for (int layer = 0; layer < h->hidden_layers; layer++) {
        struct unit_shares shares = record_unit_shares(layout, record, h, MEASURE_TAYLOR_SAMPLE, layer);
        char text[3][8];
        printf("%5d  %12s  %9s  %6s\n", layer + 1, percent(shares.unimportant, text[0]),
               percent(shares.selective, text[1]), percent(shares.mixed, text[2]));
    }
}

static enum error_code print_record(void *context, const struct job *job, const void *record, struct error *error)
{
    struct printer *printer = context;
    const struct record_layout *layout = printer->layout;
    waiting_end(printer->watch);
    printer->watch = NULL;
    int status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    if (status == STATUS_ERROR)
        return error_set(error, ERROR_FATAL, "%s", (const char *)record_field_const(layout, record, FIELD_REASON));
    int attempts = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    const float *errors = record_field_const(layout, record, FIELD_ATTEMPT_ERROR);
    int n_tasks = hyperparameters_n_tasks(&job->h);

    for (int i = 0; i < n_hyperparameters; i++) {
        char value[HYPERPARAMETER_TEXT_MAX];
        hyperparameter_format(&job->h, &hyperparameter_table[i], value);
        printf("%-18s %s\n", hyperparameter_table[i].name, value);
    }
    printf("%-18s %" PRId64 "\n", "seed", job->seed);
    if (status == STATUS_ACCEPTED || status == STATUS_REJECTED) {
        print_history(layout, &job->h, record);
        print_units(layout, &job->h, record);
    }
    printf("\n%s after %d of at most %" PRId64 " attempts", status_names[status], attempts, job->h.max_attempts);
    printf(" (error threshold %g; errors of each attempt:", job->h.error_threshold);
    for (int attempt = 0; attempt < attempts && !isnan(errors[attempt * n_tasks]); attempt++) {
        printf("%s", attempt ? ";" : "");
        for (int task = 0; task < n_tasks; task++)
            printf(" %.4f", (double)errors[attempt * n_tasks + task]);
    }
    printf(")\n");
    const char *reason = record_field_const(layout, record, FIELD_REASON);
    if (*reason)
        printf("%s\n", reason);
    return ERROR_NONE;
}

static enum error_code parse_job(const struct arguments *arguments, struct job *job, struct error *error)
{
    memset(job, 0, sizeof *job);
    job->seed = 1;
    hyperparameters_default(&job->h);
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const char *key = arguments->overrides[i].key, *value = arguments->overrides[i].value;
        const struct hyperparameter *row = hyperparameter_find(key);
        if (!row) {
            return error_set(error, ERROR_INPUT,
                             "--set %s=%s: unknown hyperparameter%s (picky train --help lists them)", key, value,
                             hyperparameter_hint(key).words);
        }
        if (hyperparameter_set_text(&job->h, row, value, error))
            return error_prefix(error, "--set %s=%s", key, value);
    }
    if (arguments->seed) {
        char *end;
        long long seed = strtoll(arguments->seed, &end, 10);
        if (end == arguments->seed || *end != '\0' || seed < 0 || seed > SEED_MAX)
            return error_set(error, ERROR_INPUT, "--seed %s: allowed: an integer from 0 to 2^53 - 1", arguments->seed);
        job->seed = seed;
    }
    return hyperparameters_check(&job->h, error);
}

/* How far a runner is with its one job; for the watch's thread. */
struct sight {
    const struct job_runner *runner;
    size_t n_before;
    double since_s; /* when this attempt was first seen */
};

static void describe(void *context, double elapsed_s, char text[WAITING_TEXT_MAX])
{
    struct sight *sight = context;
    const struct job_runner_pack pack = job_runner_pack(sight->runner);
    char left[PROGRESS_DURATION_MAX];
    int used = snprintf(text, WAITING_TEXT_MAX, "training: ");
    if (pack.n_before != sight->n_before)
        sight->since_s = elapsed_s;
    sight->n_before = pack.n_before;
    if (pack.n_before > 0)
        used += snprintf(text + used, WAITING_TEXT_MAX - (size_t)used, "%zu attempt%s rejected, ", pack.n_before,
                         pack.n_before == 1 ? "" : "s");
    used += snprintf(text + used, WAITING_TEXT_MAX - (size_t)used, "%.0f %% of %s attempt done",
                     floor(100 * pack.share), pack.n_before > 0 ? "the next" : "the first");
    if (pack.share > 0 && elapsed_s > sight->since_s) {
        progress_duration((1 / pack.share - 1) * (elapsed_s - sight->since_s), left);
        snprintf(text + used, WAITING_TEXT_MAX - (size_t)used, ", %s left of it", left);
    }
}

static enum error_code train(struct job_runner *runner, struct printer *printer, struct error *error)
{
    struct waiting_watch watch;
    struct sight sight = {.runner = runner};
    printer->watch = &watch;
    waiting_start(&watch, stderr, describe, &sight);
    while (job_runner_waiting(runner) > 0 && !job_runner_step(runner, print_record, printer, error))
        continue;
    if (printer->watch)
        waiting_end(&watch);
    return error->code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    enum arguments_result parsed = arguments_parse(&arguments, command, "sS", NULL, argc, argv, true);
    struct error error = {0};
    struct job_runner *runner = NULL;
    struct record_layout layout;
    struct job job;
    if (parsed != ARGUMENTS_OK) {
        arguments_free(&arguments);
        return parsed == ARGUMENTS_HELP ? 0 : ERROR_INPUT;
    }

    struct printer printer = {.layout = &layout};
    if (parse_job(&arguments, &job, &error) || build_self_test(&error) ||
        record_layout_make(&layout, &job.h, 1, STORE_ALWAYS, &error) || job_runner_create(&runner, &layout, &error) ||
        job_runner_add(runner, &job, &error))
        goto done;
    struct memory memory = memory_find("");
    job_runner_set_memory(runner, memory_budget(&memory, 1));
    train(runner, &printer, &error);
done:
    job_runner_destroy(runner);
    arguments_free(&arguments);
    return error.code ? report_error(&error) : 0;
}

const struct command command_train = {
    .name = "train",
    .synopsis = "[--set KEY=VALUE]... [--seed S]",
    .summary = "Trains one model, as a job of a sweep would be, and prints it.",
    .details = "  --set KEY=VALUE   a hyperparameter (default: see below)\n"
               "  --seed S          the job's seed (default 1)\n\n"
               "Replicate r of a sweep has seed + r: with its hyperparameters and that seed the result is the same,\n"
               "bit for bit. Exit codes: 0 trained (accepted or not), 2 bad usage, 3 too little memory for it.\n",
    .lists_hyperparameters = true,
    .run = run,
};
