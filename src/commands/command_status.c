/* picky status: how far a results file is, also while a run writes it. */
#include "cli.h"
#include "clock.h"
#include "counts.h"
#include "go_on.h"
#include "json.h"
#include "numbers.h"
#include "progress.h"
#include "streams.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_runs(const char *path, const struct results_state *state)
{
    bool shard_is_part = state->shard.n > 1;
    const struct results_run *run = &state->last_run;
    char start[CLOCK_TEXT_MAX], end[CLOCK_TEXT_MAX], left[PROGRESS_DURATION_MAX];
    if (state->n_runs > 0) {
        clock_text(run->start_s, start);
        clock_text(run->end_s, end);
        printf("\n%d run%s; the last one: %" PRId64 " job%s on %d rank%s (%s), picky %s,\n%s to %s\n", state->n_runs,
               state->n_runs == 1 ? "" : "s", run->n_jobs, run->n_jobs == 1 ? "" : "s", run->n_ranks,
               run->n_ranks == 1 ? "" : "s", run->hosts, run->version, start, end);
    }
    uint64_t n_pending = state->counts[STATUS_PENDING];
    if (!state->is_written) {
        const struct arguments go_on = {.null_jobs = state->is_null,
                                        .shard = shard_is_part ? state->shard : (struct shard){0}};
        if (n_pending > 0) {
            printf("No run is writing it; ");
            go_on_print_exported(stdout, path, &go_on, state->n_runs > 0 ? go_on_ranks(run) : 1);
            if (*state->command)
                printf("It was made by:\n  %s\n", state->command);
        } else {
            printf(shard_is_part ? "This shard is complete; picky merge joins it with the others.\n" : "Complete.\n");
        }
        return;
    }
    printf("A run is writing it");
    double seconds = run->end_s - run->start_s;
    if (state->n_runs > 0 && run->n_jobs > 0 && seconds > 0) {
        double rate = (double)run->n_jobs / seconds;
        progress_duration((double)n_pending / rate, left);
        printf(": %.3g jobs/s since its start; at this rate %s left", rate, left);
    }
    printf(".\n");
}

static void print_state(const char *path, const struct results_state *state)
{
    char shard[COUNTS_SHARD_MAX];
    uint64_t n_slots = counts_expected(state->counts), n_done = n_slots - state->counts[STATUS_PENDING];
    counts_shard(&state->shard, shard);
    printf("%s: %" PRIu64 " configuration%s x %" PRId64 " replicates%s = %" PRIu64 " jobs\n\n", path, state->n_configs,
           state->n_configs == 1 ? "" : "s", state->replicates, shard, n_slots);
    if (state->is_null)
        printf("  NOT RESULTS: nothing was trained, the records are made up (picky run --null-jobs)\n\n");
    printf("  %-10s %12" PRIu64 "\n", "expected", n_slots);
    printf("  %-10s %12" PRIu64 "  %5.1f %%\n", "done", n_done, number_percent(n_done, n_slots));
    for (int i = 1; i <= N_STATUSES; i++) {
        int status = i % N_STATUSES; /* pending last */
        printf("  %-10s %12" PRIu64 "  %5.1f %%\n", status_names[status], state->counts[status],
               number_percent(state->counts[status], n_slots));
    }
}

/* Why jobs ended with an error. */
static void print_reasons(const struct results_state *state)
{
    uint64_t n_told = 0, n_errors = state->counts[STATUS_ERROR];
    if (state->n_reasons == 0)
        return;
    printf("\nErrors%s:\n", state->n_errors < n_errors ? " (reasons of the first ones)" : "");
    for (int i = 0; i < state->n_reasons; i++) {
        const struct results_reason *reason = &state->reasons[i];
        n_told += reason->n_jobs;
        printf("  %" PRIu64 " job%s: %s\n    first: %s, replicate %" PRIu64 "\n", reason->n_jobs,
               reason->n_jobs == 1 ? "" : "s", *reason->text ? reason->text : "no reason is given", reason->label,
               reason->replicate);
    }
    if (n_told < state->n_errors)
        printf("  %" PRIu64 " more for other reasons\n", state->n_errors - n_told);
}

/* The same for machines. */
static void print_json(const char *path, const struct results_state *state)
{
    uint64_t n_slots = counts_expected(state->counts);
    printf("{\"file\": ");
    json_text(stdout, path);
    printf(",\n \"configurations\": %" PRIu64 ", \"replicates\": %" PRId64 ", \"seed\": %" PRId64
           ", \"null_jobs\": %s,\n \"shard\": [%" PRIu64 ", %" PRIu64 "],\n \"expected\": %" PRIu64,
           state->n_configs, state->replicates, state->seed, state->is_null ? "true" : "false", state->shard.index,
           state->shard.n, n_slots);
    for (int status = 0; status < N_STATUSES; status++)
        printf(", \"%s\": %" PRIu64, status_names[status], state->counts[status]);
    printf(",\n \"is_complete\": %s, \"is_written\": %s,\n \"errors\": [",
           state->counts[STATUS_PENDING] == 0 ? "true" : "false", state->is_written ? "true" : "false");
    for (int i = 0; i < state->n_reasons; i++) {
        printf("%s\n  {\"reason\": ", i > 0 ? "," : "");
        json_text(stdout, state->reasons[i].text);
        printf(", \"jobs\": %" PRIu64 ", \"first\": ", state->reasons[i].n_jobs);
        json_text(stdout, state->reasons[i].label);
        printf(", \"replicate\": %" PRIu64 "}", state->reasons[i].replicate);
    }
    printf("]}\n");
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    struct results_state state;
    struct value_counts values = {0};
    switch (arguments_parse(&arguments, command, "bjq", "FILE.h5", argc, argv)) {
    case ARGUMENTS_HELP: return 0;
    case ARGUMENTS_BAD: return ERROR_INPUT;
    case ARGUMENTS_OK: break;
    }
    stream_break_lines(&stdout, 2, true);
    int exit_code = 0;
    const char *path = arguments.operand;
    if (arguments.json + (arguments.by != NULL) + arguments.is_quiet > 1) {
        error_set(&error, ERROR_INPUT, "--by, --json, --quiet: allowed: one of them");
        exit_code = report_error(&error);
    } else if (counts_choose(&values, arguments.by, &error) || counts_read(&values, path, &state, &error)) {
        exit_code = report_error(&error);
    } else if (arguments.json) {
        print_json(path, &state);
    } else if (arguments.is_quiet) {
        char counts[COUNTS_TEXT_MAX], shard[COUNTS_SHARD_MAX];
        counts_text(state.counts, counts);
        counts_shard(&state.shard, shard);
        printf("%s%s: %s\n", path, shard, counts);
    } else {
        print_state(path, &state);
        print_reasons(&state);
        if (values.row) {
            printf("\n");
            counts_print(stdout, &values);
        }
        print_runs(path, &state);
    }
    counts_free(&values);
    arguments_free(&arguments);
    return exit_code;
}

const struct command command_status = {
    .name = "status",
    .synopsis = "FILE.h5 [--by KEY | --json | --quiet]",
    .summary = "How far a results file is: jobs by status, why some failed, who writes it. Also while a run does.",
    .details = "  --by KEY          counts for each value of this hyperparameter too\n"
               "  --json            for machines: jobs by status, reasons of errors, whether a\n"
               "                    run writes it\n"
               "  --quiet           one line: the counts, as a run's last lines have them\n"
               "\n"
               "The rate is that of the run that is writing, since its start, and the time left\n"
               "takes the pending jobs to be like those it did.\n"
               "\n"
               "Exit codes: 0, also if jobs are pending or failed, or 2 for a file that cannot\n"
               "be read, is not picky's or is damaged.\n",
    .pages = "first-sweep.md, cluster.md",
    .run = run,
};
