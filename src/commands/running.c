#include "running.h"

#include "build.h"
#include "clock.h"
#include "coordinator.h"
#include "counts.h"
#include "diagnosis.h"
#include "go_on.h"
#include "hopeless.h"
#include "launch.h"
#include "limit.h"
#include "open.h"
#include "plan.h"
#include "progress.h"
#include "provenance.h"
#include "ranks.h"
#include "room.h"
#include "stop.h"
#include "sweep.h"
#include "sweep_warnings.h"
#include "watchdog.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double SILENCE_S = 30; /* of a rank that reports every WORKER_HEARTBEAT_S */

/* Hosts with their numbers of ranks, "a (avx2) x 4, b (avx2) x 4": neighbours of one name are counted together. */
static void hosts_text(const char *hosts, int n_ranks, char *text, size_t size)
{
    size_t used = 0;
    for (int first = 0, last; first < n_ranks && used < size; first = last) {
        const char *host = hosts + (size_t)first * HOST_MAX;
        for (last = first + 1; last < n_ranks && strcmp(hosts + (size_t)last * HOST_MAX, host) == 0;)
            last++;
        used += (size_t)snprintf(text + used, size - used, "%s%s x %d", first ? ", " : "", host, last - first);
    }
}

/* The receipt goes into /provenance. */
static enum error_code store_receipt(struct results *results, const struct receipt *receipt, struct error *error)
{
    uint64_t n_done = 0;
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++)
        n_done += receipt->counts[status];
    char end[CLOCK_TEXT_MAX];
    clock_text(clock_calendar_s(), end);
    if (results_set_provenance(results, "end_time", end, error) ||
        results_set_provenance_number(results, "run_time", receipt->wall_s, error) ||
        results_set_provenance_number(results, "job_rate", (double)n_done / receipt->wall_s, error) ||
        results_set_provenance_number(results, "busy_share", receipt->busy, error) ||
        results_set_provenance_number(results, "lane_occupancy", receipt->occupancy, error) ||
        results_set_provenance_number(results, "training_cpu_time", receipt->cpu_s, error) ||
        results_set_provenance_number(results, "full_pack_speed", receipt->speed, error) ||
        results_set_provenance_number(results, "rejected_at_start_share", receipt->rejected_at_start, error) ||
        results_set_provenance_number(results, "longest_wait", receipt->longest_wait_s, error) ||
        results_set_provenance_number(results, "tail", receipt->tail_s, error))
        return error->code;
    return ERROR_NONE;
}

static bool is_done(const void *results, uint64_t config, uint64_t replicate)
{
    return results_is_done(results, config, replicate);
}

/* What rank 0 has to do with, and what comes of it. */
struct run_state {
    const struct running *running;
    const struct arguments *arguments;
    const char *command_line;
    struct diagnosis *diagnosis;
    const uint64_t *memory; /* of each rank */
    struct room room;       /* not for null jobs */
    struct transport *transport;
    char *path; /* of the results file; owned */
    struct value_counts values;
    double limit_s;              /* --time-limit, INFINITY without */
    struct limit limit;          /* by that or Slurm's */
    struct sweep sweep;          /* owned; n_configs 0 if it has not been read yet */
    struct receipt receipt;      /* this run's; as it was if there was nothing to do */
    struct shard shard;          /* the file's */
    uint64_t counts[N_STATUSES]; /* the file's */
    bool is_stopped;
};

/* That a shard has jobs at all. */
static enum error_code check_shard(const struct shard *shard, const struct sweep *sweep, struct error *error)
{
    char text[SHARD_TEXT_MAX];
    shard_format(shard, text);
    if (shard_n_jobs(shard, sweep->n_configs, (uint64_t)sweep->replicates) > 0)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT,
                     "--shard %s: no job of the sweep belongs to it; allowed: up to %" PRIu64 " shards", text,
                     (uint64_t)sweep->n_configs + (uint64_t)sweep->replicates - 1);
}

static void print_start(const struct run_state *run, const struct sweep *sweep, const char *host_list)
{
    char shard[COUNTS_SHARD_MAX];
    uint64_t n_left = run->counts[STATUS_PENDING], n_done = counts_expected(run->counts) - n_left;
    counts_shard(&run->shard, shard);
    int n_ranks = run->diagnosis->n_ranks;
    bool is_quiet = run->arguments->is_quiet;
    diagnosis_print(stderr, run->diagnosis, run->path, is_quiet);
    if (!is_quiet)
        fprintf(stderr, "picky: %s: %zu configuration%s x %" PRId64 " replicates%s, %d rank%s on %s, writing %s\n",
                sweep->path, sweep->n_configs, sweep->n_configs == 1 ? "" : "s", sweep->replicates, shard, n_ranks,
                n_ranks == 1 ? "" : "s", host_list, run->path);
    sweep_warnings_print(stderr, sweep);
    if (!run->arguments->null_jobs && !is_quiet) {
        fprintf(stderr, "picky: memory: ");
        room_print_largest(stderr, &run->room);
    }
    if (!run->arguments->null_jobs)
        room_print_warnings(stderr, &run->room);
    if (n_done > 0 && !is_quiet)
        fprintf(stderr, "picky: resuming: %" PRIu64 " job%s done, %" PRIu64 " %s left\n", n_done,
                n_done == 1 ? " is" : "s are", n_left, n_left == 1 ? "is" : "are");
}

/* Warns of a time limit that is too short, or nearly, for the longest of the jobs that are pending. Then these go last.
 */
static enum error_code mind_longest_job(struct run_state *run, const struct results *results, struct plan *plan,
                                        const struct sweep *sweep, struct error *error)
{
    struct pilot_job job;
    double left_s = run->limit.deadline_s - clock_s();
    if (left_s <= 0) {
        char start[PROGRESS_DURATION_MAX];
        progress_duration(clock_s() - run->limit.start_s, start);
        fprintf(stderr, "picky: warning: the start took %s, and all of the time (%s)\n", start, run->limit.source);
        return ERROR_NONE;
    }
    uint64_t *n_pending = isfinite(left_s) ? calloc(sweep->n_configs, sizeof *n_pending) : NULL;
    if (!n_pending)
        return ERROR_NONE; /* no limit; or no memory for a warning */
    for (size_t c = 0; c < sweep->n_configs; c++)
        for (uint64_t replicate = 0; replicate < (uint64_t)sweep->replicates; replicate++)
            n_pending[c] += !results_is_done(results, c, replicate);
    uint64_t memory = memory_less(run->room.most, run->room.n_record_bytes);
    if (!pilot_longest_job(&job, sweep, n_pending, memory, fmax(left_s / 2, 1e-3), error) &&
        limit_is_close(&job, left_s)) {
        run->limit.attempt_s = job.attempt_s;
        fprintf(stderr, "picky: warning: ");
        limit_print_job(stderr, &job, sweep, run->limit.deadline_s - clock_s());
        if (!plan_cheapest_first(plan, error) && plan_n_shapes(plan) > 1)
            fprintf(stderr, "picky: so the shortest jobs go first\n");
    }
    free(n_pending);
    return error->code;
}

/* The results file, and a look at what goes into it. */
struct watched_results {
    struct record_sink results;
    struct hopeless hopeless;
    struct progress *progress;
};

static enum error_code put_watched(void *context, uint64_t config, uint64_t replicate, const void *record,
                                   struct error *error)
{
    struct watched_results *watched = context;
    hopeless_note(&watched->hopeless, config, record, watched->progress);
    return watched->results.put(watched->results.context, config, replicate, record, error);
}

static enum error_code sync_watched(void *context, bool now, struct error *error)
{
    struct watched_results *watched = context;
    return watched->results.sync(watched->results.context, now, error);
}

/* Does what is pending in the results. */
static enum error_code run_pending(struct run_state *run, struct results *results, struct plan *plan,
                                   const struct sweep *sweep, const struct record_layout *layout, const char *host_list,
                                   struct error *error)
{
    struct progress progress;
    const struct coordinator_watch watch = {.deadline_s = run->diagnosis->deadline_s,
                                            .silence_s = SILENCE_S,
                                            .hosts = run->diagnosis->hosts,
                                            .memory = run->memory};
    sweep_warn_of_names(stderr, run->path);
    if (run->counts[STATUS_PENDING] == 0) {
        fprintf(stderr, "picky: %s is complete: nothing to do\n", run->path);
        return ERROR_NONE;
    }
    if (!layout->is_null && room_check(&run->room, error))
        return error->code;
    if (results_log_run(results, run->diagnosis->n_ranks, host_list, build_version(), error))
        return error->code;
    if (run->counts[STATUS_PENDING] < plan_jobs_total(plan))
        plan_skip(plan, is_done, results);
    print_start(run, sweep, host_list);
    if (!layout->is_null && mind_longest_job(run, results, plan, sweep, error))
        return error->code;
    progress_start(&progress, stderr, plan_jobs_total(plan), run->arguments->is_quiet);
    struct watched_results watched = {.results = coordinator_results_sink(results), .progress = &progress};
    hopeless_start(&watched.hopeless, sweep->configs, sweep->n_configs, sweep->swept, layout);
    const struct record_sink sink = {&watched, put_watched, sync_watched};
    run->limit.training_s = clock_s();
    coordinator_run(run->transport, plan, &sink, layout, &watch, &progress, &run->receipt, error);
    progress_end(&progress, clock_s());
    hopeless_sum_up(&watched.hopeless, stderr);
    hopeless_end(&watched.hopeless);
    if (!error->code)
        store_receipt(results, &run->receipt, error);
    results_counts(results, run->counts);
    run->is_stopped = run->receipt.is_stopped;
    return error->code;
}

/* Rank 0's part, between the release of nobody and the release of all. */
static enum error_code run_sweep(struct run_state *run, struct error *error)
{
    const struct arguments *arguments = run->arguments;
    const struct running *running = run->running;
    const char *hosts = run->diagnosis->hosts;
    int n_ranks = run->diagnosis->n_ranks;
    const char *sweep_path = arguments->operands[running->sweep_operand];
    struct sweep sweep = run->sweep;
    struct record_layout layout;
    struct plan *plan = NULL;
    struct results *results = NULL;
    struct provenance provenance;
    char host_list[4096] = "";

    run->sweep = (struct sweep){0};
    if ((sweep.n_configs == 0 && sweep_read(&sweep, sweep_path, arguments->overrides, arguments->n_overrides, error)) ||
        check_shard(&arguments->shard, &sweep, error) ||
        (!arguments->null_jobs && sweep_check_tasks(stderr, &sweep, error)) ||
        record_layout_make(&layout, sweep.configs, sweep.n_configs, sweep.store, error) ||
        plan_create(&plan, sweep.configs, sweep.n_configs, sweep.replicates, sweep.seed, error))
        goto done;
    layout.is_null = arguments->null_jobs;
    if (layout.is_null)
        fprintf(stderr, "picky: --null-jobs: nothing is trained, the records are made up\n");

    run->path = running->output_operand >= 0 ? strdup(arguments->operands[running->output_operand])
                : arguments->output          ? strdup(arguments->output)
                                             : default_output(sweep_path, &arguments->shard);
    if (!run->path) {
        error_set(error, ERROR_FATAL, "out of memory");
        goto done;
    }
    hosts_text(hosts, n_ranks, host_list, sizeof host_list);
    provenance_make(&provenance, run->command_line, host_list, n_ranks, sweep.original);
    struct results_plan sweep_plan = {floor(clock_calendar_s()), sweep.replicates, (int64_t)sweep.n_configs, 0};
    for (size_t i = 0; i < sweep.n_configs; i++)
        if (sweep.configs[i].max_attempts > sweep_plan.max_attempts)
            sweep_plan.max_attempts = sweep.configs[i].max_attempts;
    const struct results_description description = {
        .name = sweep.name,
        .sweep_text = sweep.text,
        .seed = sweep.seed,
        .replicates = sweep.replicates,
        .configs = sweep.configs,
        .n_configs = sweep.n_configs,
        .swept = sweep.swept,
        .layout = &layout,
        .provenance = provenance.attributes,
        .plans = &sweep_plan,
        .n_plans = 1,
        .shard = arguments->shard,
    };
    if (!layout.is_null && room_look(&run->room, &sweep, &layout, run->memory, n_ranks, error))
        goto done;
    /* A file that is there may be complete. */
    bool may_be_complete = arguments->resume && access(run->path, F_OK) == 0;
    if (!layout.is_null && !may_be_complete && room_check(&run->room, error))
        goto done;
    if (running->open(&results, run->path, arguments, &sweep, &description, run->limit.deadline_s, &run->is_stopped,
                      error) ||
        run->is_stopped)
        goto done;
    layout = *results_layout(results);
    results_counts(results, run->counts);
    run->shard = results_shard(results);
    run_pending(run, results, plan, &sweep, &layout, host_list, error);
done:;
    struct error close_error = {0};
    if (results_close(results, &close_error) && !error->code)
        *error = close_error;
    plan_destroy(plan);
    sweep_free(&sweep);
    return error->code;
}

/* What has come of the file: exact counts, and how to go on if it is not complete. */
static void print_end(struct run_state *run)
{
    char counts[COUNTS_TEXT_MAX], shard[COUNTS_SHARD_MAX];
    struct results_state state;
    if (run->receipt.n_ranks > 0)
        progress_receipt(stderr, &run->receipt);
    uint64_t n_jobs = counts_expected(run->counts);
    if (n_jobs > 0) {
        counts_text(run->counts, counts);
        counts_shard(&run->shard, shard);
        fprintf(stderr, "picky: the file%s: %s\n", shard, counts);
    }
    if (n_jobs > 0 && run->values.row) {
        struct error error;
        if (counts_read(&run->values, run->path, &state, &error))
            report_error(&error); /* of the table alone: the sweep is as it is */
        else
            counts_print(stderr, &run->values);
    }
    if (!run->is_stopped)
        return;
    bool is_too_short = limit_is_too_short(&run->limit, &run->receipt);
    if (n_jobs == 0) {
        fprintf(stderr, "picky: stopped early: nothing has changed; go on with the same command");
        fprintf(stderr, is_too_short ? ", and more time than %s\n" : "\n", run->limit.source);
        return;
    }
    struct arguments arguments = *run->arguments;
    arguments.time_limit = is_too_short ? NULL : arguments.time_limit;
    fprintf(stderr, "picky: stopped early: %" PRIu64 " of %" PRIu64 " jobs done", n_jobs - run->counts[STATUS_PENDING],
            n_jobs);
    if (is_too_short)
        fprintf(stderr,
                ", none of them in this run: one job needs longer than the whole time limit (%s), and under the same "
                "one it would be begun again and again",
                run->limit.source);
    fprintf(stderr, is_too_short && !run->limit.is_slurms ? "; without a limit, or with a longer one, " : "; ");
    go_on_print(stderr, arguments.operands[run->running->sweep_operand],
                run->running->output_operand >= 0 ? run->path : arguments.output, &arguments, run->diagnosis->n_ranks);
}

static int run_rank0(void *context, const struct ranks *ranks)
{
    struct run_state *run = context;
    struct error error = {0};
    struct diagnosis diagnosis = {.n_ranks = ranks->transport->n_ranks,
                                  .hosts = ranks->hosts,
                                  .placements = ranks->placements,
                                  .deadline_s = run->limit.deadline_s,
                                  .deadline_source = run->limit.source};
    run->diagnosis = &diagnosis;
    run->memory = ranks->memory;
    run->transport = ranks->transport;
    if (ranks_check(ranks, run->arguments->shard.n > 1, &error))
        return report_error(&error);
    limit_print_understood(stderr, run->arguments->time_limit, run->limit_s);
    if (run_sweep(run, &error))
        return report_error(&error);
    print_end(run);
    if (run->is_stopped)
        return limit_is_too_short(&run->limit, &run->receipt) ? EXIT_TOO_LONG : EXIT_STOPPED;
    return report_complete(run->path, run->counts[STATUS_ERROR]);
}

/* What is wrong with the arguments; and, where no other rank waits for this one, with the sweep. */
static enum error_code check_early(struct run_state *run, double start_s, struct error *error)
{
    const struct arguments *arguments = run->arguments;
    if (run->running->check_arguments && run->running->check_arguments(arguments, error))
        return error->code;
    if (limit_read(arguments->time_limit, &run->limit_s, error) || counts_choose(&run->values, arguments->by, error))
        return error->code;
    watchdog_set_deadline(stop_deadline(start_s, run->limit_s, INFINITY, start_s));
    watchdog_doing("reading the sweep");
    if (launch_rank() < 0 && sweep_read(&run->sweep, arguments->operands[run->running->sweep_operand],
                                        arguments->overrides, arguments->n_overrides, error))
        return error->code;
    run->limit = limit_find(start_s, run->limit_s, launch_rank() <= 0);
    return ERROR_NONE;
}

int running_main(const struct command *command, const struct running *running, int argc, char **argv)
{
    double start_s = clock_s();
    char command_line[4096];
    struct arguments arguments;
    struct error error = {0};
    struct run_state run = {.running = running, .arguments = &arguments, .command_line = command_line};
    int exit_code;
    provenance_command(argc, argv, command_line, sizeof command_line); /* now: parsing changes the order */
    if (ranks_parse(&arguments, command, running->options, running->operands, argc, argv, &exit_code))
        exit_code = check_early(&run, start_s, &error) ? ranks_refuse(&error)
                                                       : ranks_main(argc, argv, run.limit.deadline_s, run_rank0, &run);
    sweep_free(&run.sweep);
    free(run.path);
    counts_free(&run.values);
    arguments_free(&arguments);
    return exit_code;
}
