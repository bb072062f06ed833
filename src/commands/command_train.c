/* picky train: one job, printed. */
#include "build.h"
#include "cli.h"
#include "job.h"
#include "job_print.h"
#include "job_record.h"
#include "memory_budget.h"
#include "numbers.h"
#include "progress.h"
#include "streams.h"
#include "task_checks.h"
#include "text.h"
#include "verify.h"
#include "waiting.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    const struct record_layout *layout;
    const struct job_runner *runner;
};

static const char *percent(double share, char text[8])
{
    snprintf(text, 8, "%3.0f %%", 100 * share);
    return text;
}

enum { COLUMN_WIDTH = 12, COLUMNS_MAX = 5 }; /* of the histories, within 80 columns */

static void print_history(const struct record_layout *layout, const struct hyperparameters *h, const void *record)
{
    const float *train_loss = record_field_const(layout, record, FIELD_TRAIN_LOSS);
    const float *test_error = record_field_const(layout, record, FIELD_TEST_ERROR);
    int n_tasks = hyperparameters_n_tasks(h);
    for (int first = 0; first <= n_tasks; first += COLUMNS_MAX) { /* the loss, then a column a task */
        const int end = first + COLUMNS_MAX < n_tasks + 1 ? first + COLUMNS_MAX : n_tasks + 1;
        printf("\n%5s", "epoch");
        for (int c = first; c < end; c++)
            if (c == 0)
                printf("  %*s", COLUMN_WIDTH, "train loss");
            else
                printf("  test error %d", c);
        printf("\n");
        for (int64_t epoch = 0; epoch < hyperparameters_history(h); epoch++) {
            printf("%5" PRId64, epoch);
            for (int c = first; c < end; c++) {
                printf("  ");
                job_print_number(stdout, c ? test_error[epoch * n_tasks + c - 1] : train_loss[epoch], COLUMN_WIDTH);
            }
            printf("\n");
        }
    }
}

static void print_units(const struct record_layout *layout, const struct hyperparameters *h, const void *record)
{
    size_t n_tasks = (size_t)hyperparameters_n_tasks(h);
    if (n_tasks == 1) /* relative to what? */
        return;
    printf("\nHidden units by relative importance (taylor_sample; selective: |RI| > 0.9, mixed: |RI| < 0.5)\n");
    printf("%s%5s  %12s  %9s  %6s\n", n_tasks > 2 ? "tasks  " : "", "layer", "unimportant", "selective", "mixed");
    for (size_t b = 1; b < n_tasks; b++)
        for (size_t a = 0; a < b; a++)
            for (int layer = 0; layer < h->hidden_layers; layer++) {
                struct unit_shares shares = record_unit_shares(layout, record, h, MEASURE_TAYLOR_SAMPLE, a, b, layer);
                char text[3][8];
                if (n_tasks > 2)
                    printf("%zu, %zu   ", a + 1, b + 1);
                printf("%5d  %12s  %9s  %6s\n", layer + 1, percent(shares.unimportant, text[0]),
                       percent(shares.selective, text[1]), percent(shares.mixed, text[2]));
            }
}

static enum error_code print_record(void *context, const struct job *job, const void *record, struct error *error)
{
    struct printer *printer = context;
    const struct record_layout *layout = printer->layout;
    int status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    if (status == STATUS_ERROR)
        return error_set(error, ERROR_FATAL, "%s", job_runner_reason(printer->runner));
    job_print(stdout, job);
    if (status == STATUS_ACCEPTED || status == STATUS_REJECTED) {
        print_history(layout, &job->h, record);
        stream_break_lines(&stdout, 2, true); /* below the wide table */
        print_units(layout, &job->h, record);
    }
    printf("\n");
    job_print_outcome(stdout, layout, job, record);
    printf("\n");
    const char *reason = record_field_const(layout, record, FIELD_REASON);
    if (*reason)
        printf("%s\n", reason);
    return ERROR_NONE;
}

static enum error_code read_settings(const struct arguments *arguments, struct job *job, struct error *error)
{
    memset(job, 0, sizeof *job);
    job->seed = 1;
    hyperparameters_default(&job->h);
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const char *key = arguments->overrides[i].key, *value = arguments->overrides[i].value;
        const struct hyperparameter *row = hyperparameter_find(key);
        if (strcmp(key, "seed") == 0)
            return error_set(error, ERROR_INPUT, "--set seed=%.60s: no hyperparameter; allowed: --seed N", value);
        if (strcmp(key, "name") == 0 || strcmp(key, "replicates") == 0)
            return error_set(error, ERROR_INPUT,
                             "--set %s=%.60s: a key of sweeps, and this trains one model; allowed: hyperparameters",
                             key, value);
        if (!row)
            return error_set(error, ERROR_INPUT,
                             "--set %.60s=%.60s: unknown hyperparameter%s (picky train --help lists them)", key, value,
                             hyperparameter_hint(key).words);
        for (size_t k = 0; k < i; k++)
            if (strcmp(key, "tasks") == 0
                    ? strcmp(arguments->overrides[k].key, "second_task") == 0
                    : strcmp(key, "second_task") == 0 && strcmp(arguments->overrides[k].key, "tasks") == 0)
                return error_set(error, ERROR_INPUT, "--set %s=%.60s: %s is given too; allowed: one of the two", key,
                                 value, arguments->overrides[k].key);
        if (row->type == HYPERPARAMETER_TASKS
                ? hyperparameters_set_list(&job->h, value, error)
                : hyperparameter_set_text(&job->h, row, value, error) || hyperparameters_check_new(&job->h, error))
            return error_prefix(error, "--set %s=%.60s", key, value);
    }
    if (arguments->seed) {
        char *end;
        long long seed = strtoll(arguments->seed, &end, 10);
        if (end == arguments->seed || *end != '\0' || seed < 0 || seed > SEED_MAX)
            return error_set(error, ERROR_INPUT, "--seed %s: allowed: an integer from 0 to 2^53 - 1", arguments->seed);
        job->seed = seed;
    }
    hyperparameters_resolve(&job->h);
    return hyperparameters_check(&job->h, error);
}

static enum error_code parse_job(const struct arguments *arguments, struct job *job, struct error *error)
{
    if (read_settings(arguments, job, error)) {
        text_make_line(error->message); /* what was given may hold anything */
        return error->code;
    }
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const char *where = hyperparameter_idle(&job->h, hyperparameter_find(arguments->overrides[i].key));
        if (where)
            fprintf(stderr, "picky: warning: %s is given, but has no effect on this model: it matters %s\n",
                    arguments->overrides[i].key, where);
    }
    const struct task_checks checks = {.configs = &job->h, .n_configs = 1, .seed = job->seed, .place = "the model"};
    return task_checks_run(&checks, stderr, error);
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

/* Ends the watch before anything is printed. */
struct handover {
    struct waiting_watch watch;
    job_done done;
    void *context;
    bool is_over;
};

static enum error_code hand_over(void *context, const struct job *job, const void *record, struct error *error)
{
    struct handover *handover = context;
    waiting_end(&handover->watch);
    handover->is_over = true;
    return handover->done(handover->context, job, record, error);
}

/* Trains a job and hands its record to `done`, while *seen (NULL: not asked for) is the runner. */
static enum error_code train(const struct job *job, const struct record_layout *layout, job_done done, void *context,
                             const struct job_runner **seen, struct error *error)
{
    struct job_runner *runner = NULL;
    if (!build_self_test(error) && !job_runner_create(&runner, layout, error) && !job_runner_add(runner, job, error)) {
        if (seen)
            *seen = runner;
        struct memory memory = memory_find("");
        struct sight sight = {.runner = runner};
        struct handover handover = {.done = done, .context = context};
        job_runner_set_memory(runner, memory_budget(&memory, 1));
        waiting_start(&handover.watch, stderr, describe, &sight);
        while (!error->code && job_runner_waiting(runner) > 0)
            job_runner_step(runner, hand_over, &handover, error);
        if (!handover.is_over)
            waiting_end(&handover.watch);
    }
    job_runner_destroy(runner);
    return error->code;
}

static enum error_code compare_record(void *verify, const struct job *job, const void *record, struct error *error)
{
    return verify_put(verify, job->config, job->replicate, record, error);
}

/* Trains a slot of a file and compares. */
static enum error_code train_slot(const struct arguments *arguments, int *exit_code, struct error *error)
{
    struct verify *verify;
    struct job slot;
    if (arguments->n_overrides > 0 || arguments->seed)
        return error_set(error, ERROR_INPUT, "--from %.200s: allowed: no --set or --seed, which are the slot's",
                         arguments->from);
    if (verify_parse_slot(arguments->config, arguments->replicate, &slot, error) ||
        verify_open_slot(&verify, arguments->from, &slot, stdout, error))
        return error->code;
    if (!train(verify_job(verify), verify_description(verify)->layout, compare_record, verify, NULL, error))
        *exit_code = verify_end(verify);
    verify_close(verify);
    return error->code;
}

/* Trains what --set and --seed say. */
static enum error_code train_job(const struct arguments *arguments, struct error *error)
{
    struct record_layout layout;
    struct job job;
    struct printer printer = {&layout, NULL};
    if (arguments->config || arguments->replicate)
        return error_set(error, ERROR_INPUT, "--config and --replicate: allowed only with --from");
    if (parse_job(arguments, &job, error) || record_layout_make(&layout, &job.h, 1, STORE_ALWAYS, error))
        return error->code;
    return train(&job, &layout, print_record, &printer, &printer.runner, error);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    int exit_code = 0;
    switch (arguments_parse(&arguments, command, "sSFCL", NULL, argc, argv)) {
    case ARGUMENTS_HELP: break;
    case ARGUMENTS_BAD: exit_code = ERROR_INPUT; break;
    case ARGUMENTS_OK:
        if (arguments.from ? train_slot(&arguments, &exit_code, &error) : train_job(&arguments, &error))
            exit_code = report_error(&error);
    }
    arguments_free(&arguments);
    return exit_code;
}

const struct command command_train = {
    .name = "train",
    .synopsis = "[--set KEY=VALUE]... [--seed S] |\n"
                "                   --from FILE.h5 --config C --replicate R",
    .summary = "Trains one model, as a job of a sweep would be, and prints it.",
    .details = "  --set KEY=VALUE   a hyperparameter (default: see below)\n"
               "  --seed S          the job's seed (default 1)\n"
               "  --from FILE.h5    the job of this file's configuration C and replicate R,\n"
               "                    both counted from 0 as in its arrays: prints what it holds,\n"
               "                    by epoch, beside what is computed, each array that differs,\n"
               "                    and whether all bits are the same (as picky verify does of\n"
               "                    a slot)\n"
               "\n"
               "Replicate r of a sweep has seed + r: with its hyperparameters and that seed the\n"
               "result is the same, bit for bit.\n"
               "\n"
               "Exit codes: 0 trained (accepted or not), 2 bad usage or file, 3 too little\n"
               "memory for it, 4 it is not what FILE.h5 holds, or cannot be done again.\n",
    .lists_hyperparameters = true,
    .pages = "own-tasks.md, reproduce.md, model.md",
    .run = run,
};
