/* picky status: how far a results file is, also while a run writes it. */
#include "cli.h"
#include "hyperparameters.h"
#include "progress.h"
#include "results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUES_MAX = 1000 }; /* of the key of --by */

/* Counts by value of one hyperparameter, values in order of appearance. */
struct table {
    const struct hyperparameter *row;
    size_t n, capacity;
    bool is_full; /* there are more than VALUES_MAX values, or memory is short */
    struct value {
        struct hyperparameters h;
        uint64_t counts[N_STATUSES];
    } * values; /* [n], owned */
};

static void add_config(void *context, const struct hyperparameters *h, const uint64_t counts[N_STATUSES])
{
    struct table *table = context;
    size_t i = 0;
    while (i < table->n && !hyperparameter_equal(&table->values[i].h, h, table->row))
        i++;
    if (i == table->n) {
        size_t capacity = table->capacity > 0 ? 2 * table->capacity : 16;
        struct value *grown = table->values;
        if (table->n == table->capacity && (grown = realloc(grown, capacity * sizeof *grown))) {
            table->values = grown;
            table->capacity = capacity;
        }
        table->is_full = table->is_full || !grown || table->n == VALUES_MAX;
        if (table->is_full)
            return;
        table->values[table->n++] = (struct value){.h = *h};
    }
    for (int status = 0; status < N_STATUSES; status++)
        table->values[i].counts[status] += counts[status];
}

static uint64_t sum(const uint64_t counts[N_STATUSES])
{
    uint64_t n = 0;
    for (int status = 0; status < N_STATUSES; status++)
        n += counts[status];
    return n;
}

static void time_text(double seconds, char text[32])
{
    time_t whole = (time_t)seconds;
    struct tm utc;
    if (!(seconds >= 0 && seconds < 1e12) || !gmtime_r(&whole, &utc))
        snprintf(text, 32, "?");
    else
        strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void print_runs(const struct results_state *state)
{
    const struct results_run *run = &state->last_run;
    char start[32], end[32], left[PROGRESS_DURATION_MAX];
    if (state->n_runs > 0) {
        time_text(run->start_s, start);
        time_text(run->end_s, end);
        printf("\n%d run%s; the last one: %" PRId64 " job%s on %d rank%s (%s), picky %s,\n%s to %s\n", state->n_runs,
               state->n_runs == 1 ? "" : "s", run->n_jobs, run->n_jobs == 1 ? "" : "s", run->n_ranks,
               run->n_ranks == 1 ? "" : "s", run->hosts, run->version, start, end);
    }
    uint64_t n_pending = state->counts[STATUS_PENDING];
    if (!state->is_written) {
        printf(n_pending > 0 ? "No run is writing it; picky run SWEEP.cfg -o FILE.h5 --resume goes on.\n"
                             : "Complete.\n");
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
    uint64_t n_slots = sum(state->counts), n_done = n_slots - state->counts[STATUS_PENDING];
    printf("%s: %" PRIu64 " configuration%s x %" PRId64 " replicates = %" PRIu64 " jobs\n\n", path, state->n_configs,
           state->n_configs == 1 ? "" : "s", state->replicates, n_slots);
    if (state->is_null)
        printf("  NOT RESULTS: nothing was trained, the records are made up (picky run --null-jobs)\n\n");
    printf("  %-10s %12" PRIu64 "  %5.1f %%\n", "done", n_done, 100 * (double)n_done / (double)n_slots);
    for (int i = 1; i <= N_STATUSES; i++) {
        int status = i % N_STATUSES; /* pending last */
        printf("  %-10s %12" PRIu64 "  %5.1f %%\n", status_names[status], state->counts[status],
               100 * (double)state->counts[status] / (double)n_slots);
    }
}

static void print_table(const struct table *table)
{
    printf("\n%-18s %12s", table->row->name, "done");
    for (int i = 1; i <= N_STATUSES; i++)
        printf(" %12s", status_names[i % N_STATUSES]);
    printf("\n");
    for (size_t v = 0; v < table->n; v++) {
        const struct value *value = &table->values[v];
        char text[HYPERPARAMETER_TEXT_MAX];
        hyperparameter_format(&value->h, table->row, text);
        printf("%-18s %12" PRIu64, text, sum(value->counts) - value->counts[STATUS_PENDING]);
        for (int i = 1; i <= N_STATUSES; i++)
            printf(" %12" PRIu64, value->counts[i % N_STATUSES]);
        printf("\n");
    }
}

/* Finds --by's row. */
static enum error_code find_row(const char *by, const struct hyperparameter **row, struct error *error)
{
    *row = by ? hyperparameter_find(by) : NULL;
    if (!by || *row)
        return ERROR_NONE;
    const char *nearest = hyperparameter_nearest(by, NULL);
    return error_set(error, ERROR_INPUT, "--by %.100s: unknown hyperparameter%s%s%s", by,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    struct results_state state;
    struct table table = {0};
    switch (arguments_parse(&arguments, command, "b", "FILE.h5", argc, argv, true)) {
    case ARGUMENTS_HELP: return 0;
    case ARGUMENTS_BAD: return ERROR_INPUT;
    case ARGUMENTS_OK: break;
    }
    int exit_code = 0;
    const char *path = arguments.operand;
    if (find_row(arguments.by, &table.row, &error) ||
        results_inspect(path, &state, table.row, add_config, &table, &error)) {
        exit_code = report_error(&error);
    } else if (table.is_full) {
        error_set(&error, ERROR_INPUT, "--by %s: more than %d values; allowed: a key with fewer", table.row->name,
                  VALUES_MAX);
        exit_code = report_error(&error);
    } else {
        print_state(path, &state);
        if (table.row)
            print_table(&table);
        print_runs(&state);
    }
    free(table.values);
    arguments_free(&arguments);
    return exit_code;
}

const struct command command_status = {
    .name = "status",
    .synopsis = "FILE.h5 [--by KEY]",
    .summary = "How far a results file is: jobs by status, and who writes it. Also while a run writes it.",
    .details =
        "  --by KEY          counts for each value of this hyperparameter too\n\n"
        "The rate is that of the run that is writing, since its start, and the time left takes the pending jobs\n"
        "to be like those it did. Exit codes: 0, or 2 for a file that cannot be read, is not picky's or is\n"
        "damaged.\n",
    .run = run,
};
