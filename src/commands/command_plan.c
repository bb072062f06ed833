/* picky plan: what a sweep would do, without doing it. */
#include "cli.h"
#include "cpus.h"
#include "file.h"
#include "job_script.h"
#include "limit.h"
#include "memory_budget.h"
#include "pilot.h"
#include "plan.h"
#include "power.h"
#include "progress.h"
#include "room.h"
#include "shape.h"
#include "streams.h"
#include "sweep.h"
#include "sweep_warnings.h"
#include "task_likeness.h"
#include "text.h"
#include "trainer.h"
#include "verdict.h"
#include "waiting.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t MPI_BYTES = 210000000; /* of address space that a run has in use when it looks (Open MPI 4.1) */
static const double SD_DEFAULT = 0.15;       /* of effects between seeds, as the notebook's networks have it at most */
static const int64_t COUNT_MAX = 1000000;    /* of nodes, and of ranks */

static void print_swept(const struct sweep *sweep)
{
    enum { VALUES_MAX = 12 }; /* as many as fit on a line; of more, the number */
    for (int i = 0; i < n_hyperparameters; i++) {
        if (!sweep->swept[i])
            continue;
        const struct hyperparameter *row = &hyperparameter_table[i];
        const struct hyperparameters *distinct[VALUES_MAX];
        size_t n = 0;
        bool is_complete = true;
        for (size_t c = 0; c < sweep->n_configs && is_complete; c++) {
            size_t known = 0;
            while (known < n && !hyperparameter_equal(distinct[known], &sweep->configs[c], row))
                known++;
            if (known < n)
                continue;
            is_complete = n < VALUES_MAX;
            if (is_complete)
                distinct[n++] = &sweep->configs[c];
        }
        printf("  %-18s", row->name);
        for (size_t v = 0; v < n; v++) {
            char value[HYPERPARAMETER_FORMAT_MAX];
            hyperparameter_format(distinct[v], row, value);
            printf("%s%s", v ? ", " : " ", value);
        }
        printf("%s\n", is_complete ? "" : ", ...");
    }
}

/* How many seeds find an effect, and how often those of the sweep do. sd: the effect's standard deviation between
 * seeds. */
static void print_power(int64_t replicates, double sd)
{
    static const double effects[] = {0.05, 0.1, 0.2}, above[] = {0, CLAIM_SMALLEST_EFFECT};
    enum { N_EFFECTS = sizeof effects / sizeof effects[0] };
    printf("effect          ");
    for (int e = 0; e < N_EFFECTS; e++)
        printf(" %6g", effects[e]);
    printf("   with a standard deviation of %s between seeds (--sd X)\n", text_number(sd).words);
    for (int a = 0; a < 2; a++) {
        printf(a == 0 ? "  not 0          " : "  above %-9g", above[a]);
        for (int e = 0; e < N_EFFECTS; e++) {
            size_t n = power_seeds(effects[e], above[a], sd);
            if (n > 0)
                printf(" %6zu", n);
            else
                printf(" %6s", "-");
        }
        printf("   seeds find it in %g %% of sweeps", 100 * POWER_WANTED);
        if (replicates < VERDICT_SEEDS)
            printf("; of these %" PRId64 " claims are not judged", replicates);
        for (int e = 0; e < N_EFFECTS && replicates >= VERDICT_SEEDS; e++) {
            printf(e == 0 ? "; these %" PRId64 " in " : ", ", replicates);
            printf("%.0f %%", 100 * power_of(effects[e], above[a], sd, (size_t)replicates));
        }
        printf("\n");
    }
}

/* For one rank that has this machine to itself. */
static enum error_code look_here(struct room *room, const struct sweep *sweep, const struct record_layout *layout,
                                 struct error *error)
{
    struct memory memory = memory_find("");
    memory.own = memory_less(memory.own, MPI_BYTES);
    uint64_t budget = memory_budget(&memory, 1);
    return room_look(room, sweep, layout, &budget, 1, error);
}

/* The sweep's longest job, as this machine would do it. */
static enum error_code find_longest_job(struct pilot_job *job, const struct sweep *sweep, const struct room *room,
                                        struct error *error)
{
    uint64_t *n_jobs = calloc(sweep->n_configs, sizeof *n_jobs);
    if (!n_jobs)
        return error_set(error, ERROR_FATAL, "out of memory for %zu configurations", sweep->n_configs);
    for (size_t c = 0; c < sweep->n_configs; c++)
        n_jobs[c] = (uint64_t)sweep->replicates;
    pilot_longest_job(job, sweep, n_jobs, memory_less(room->most, room->n_record_bytes), 0, error);
    free(n_jobs);
    return error->code;
}

/* The longest job and the estimate, n_ranks' too. */
static enum error_code measure(struct pilot_job *job, struct pilot_estimate *estimate, const struct sweep *sweep,
                               const struct room *room, int64_t n_ranks, struct error *error)
{
    struct waiting_watch watch;
    waiting_start(&watch, stderr, waiting_text_elapsed, "measuring a few steps, and training a few of the jobs");
    if (!find_longest_job(job, sweep, room, error))
        pilot_estimate(estimate, sweep, memory_less(room->most, room->n_record_bytes), n_ranks, error);
    waiting_end(&watch);
    return error->code;
}

static void print_interval(const struct pilot_interval *interval)
{
    char low[PROGRESS_DURATION_MAX], high[PROGRESS_DURATION_MAX];
    progress_duration(interval->low_s, low);
    progress_duration(interval->high_s, high);
    if (strcmp(low, high) == 0)
        printf("%s", low);
    else
        printf("%s to %s", low, high);
}

static void print_times(const struct pilot_estimate *estimate)
{
    printf("core-hours      %.3g to %.3g (", estimate->cpu.low_s / 3600, estimate->cpu.high_s / 3600);
    print_interval(&estimate->cpu);
    printf(" on one core; simulated, from a short timing and %" PRIu64 " job%s trained here)\n", estimate->n_trained,
           estimate->n_trained == 1 ? "" : "s");
    printf("time           ");
    for (int r = 0; r < PILOT_RANKS; r++) {
        printf("%s ", r > 0 ? "," : "");
        print_interval(&estimate->run[r]);
        printf(" on %d", pilot_ranks[r]);
    }
    printf(" ranks\n");
}

static enum error_code print_plan(const struct sweep *sweep, double limit_s, double sd, struct error *error)
{
    struct record_layout layout;
    struct plan *plan = NULL;
    struct room room;
    struct pilot_job job;
    struct pilot_estimate estimate;

    if (record_layout_make(&layout, sweep->configs, sweep->n_configs, sweep->store, error) ||
        plan_create(&plan, sweep->configs, sweep->n_configs, sweep->replicates, sweep->seed, error) ||
        look_here(&room, sweep, &layout, error) || measure(&job, &estimate, sweep, &room, 0, error))
        goto done;

    if (sweep->refused)
        fprintf(stderr, "picky: warning: %s (picky run refuses it, but for files that hold it already)\n",
                sweep->refused);
    sweep_warnings_print(stderr, sweep);
    printf("%s\n", *sweep->name ? sweep->name : sweep->path);
    print_swept(sweep);
    task_likeness_print(stdout, sweep);
    printf("configurations  %zu (%zu shape%s)\n", sweep->n_configs, plan_n_shapes(plan),
           plan_n_shapes(plan) == 1 ? "" : "s");
    printf("replicates      %" PRId64 ", seeds %" PRId64 " to %" PRId64 "\n", sweep->replicates, sweep->seed,
           sweep->seed + sweep->replicates - 1);
    printf("jobs            %" PRIu64 "\n", plan_jobs_total(plan));
    print_times(&estimate);
    printf("longest         ");
    limit_print_job(stdout, &job, sweep, limit_left(limit_s, false));
    printf("memory          ");
    room_print_largest(stdout, &room);
    printf("results file    %s (%" PRIu64 " bytes a job)\n",
           text_size(results_file_size(&layout, sweep->n_configs, sweep->replicates)).words, layout.n_bytes);
    print_power(sweep->replicates, sd);
    room_print_warnings(stderr, &room);
done:
    plan_destroy(plan);
    return error->code;
}

/* A number of nodes or ranks. */
static enum error_code parse_count(const char *option, const char *text, int64_t *count, struct error *error)
{
    char *end;
    *count = strtol(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && *count >= 1 && *count <= COUNT_MAX)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "%s %.40s: allowed: 1 to %" PRId64, option, text, COUNT_MAX);
}

/* The standard deviation of --sd, if it was given. */
static enum error_code parse_sd(const char *text, double *sd, struct error *error)
{
    char *end;
    if (!text)
        return ERROR_NONE;
    *sd = strtod(text, &end);
    if (end != text && *end == '\0' && *sd > 0 && isfinite(*sd))
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--sd %.40s: allowed: a number above 0", text);
}

/* What the script is to ask for, from the options. */
static enum error_code read_resources(const struct arguments *arguments, struct job_script *script, struct error *error)
{
    if (arguments->ranks ? arguments->sbatch || arguments->ranks_per_node : !arguments->sbatch)
        return error_set(
            error, ERROR_INPUT, "%s; allowed: --sbatch NODES, --sbatch NODES --ranks-per-node N, or --ranks N",
            arguments->ranks            ? "--ranks stands beside --sbatch or --ranks-per-node"
            : arguments->ranks_per_node ? "--ranks-per-node: only with --sbatch"
                                        : "-o: the results file of a job script, only with --sbatch or --ranks");
    if (arguments->ranks)
        return parse_count("--ranks", arguments->ranks, &script->ranks_per_node, error);
    if (arguments->ranks_per_node &&
        parse_count("--ranks-per-node", arguments->ranks_per_node, &script->ranks_per_node, error))
        return error->code;
    if (!arguments->ranks_per_node) {
        script->is_assumed = true;
        script->ranks_per_node = cpus_usable();
    }
    return parse_count("--sbatch", arguments->sbatch, &script->n_nodes, error);
}

static double resident_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1024 * (double)usage.ru_maxrss;
}

static enum error_code print_script(const struct arguments *arguments, const struct sweep *sweep, double limit_s,
                                    struct error *error)
{
    struct pilot_estimate estimate;
    struct pilot_job job;
    struct record_layout layout;
    struct room room;
    char *output =
        arguments->output ? strdup(arguments->output) : default_output(arguments->operand, &arguments->shard);
    struct job_script script = {.sweep = sweep,
                                .estimate = &estimate,
                                .job = &job,
                                .limit_s = limit_s,
                                .overrides = arguments->overrides,
                                .n_overrides = arguments->n_overrides,
                                .output = output};
    if (!output)
        error_set(error, ERROR_FATAL, "out of memory");
    double before = resident_bytes();
    if (!error->code && !read_resources(arguments, &script, error) &&
        !record_layout_make(&layout, sweep->configs, sweep->n_configs, sweep->store, error) &&
        !look_here(&room, sweep, &layout, error) &&
        !measure(&job, &estimate, sweep, &room, job_script_ranks(&script), error)) {
        room_print_warnings(stderr, &room);
        script.memory = fmax(resident_bytes(), before + (double)(room.largest.n_bytes + trainer_bytes(&layout)));
        script.record_memory = (double)layout.n_bytes;
        script.file_size = results_file_size(&layout, sweep->n_configs, sweep->replicates);
        job_script_print(stdout, &script, error);
    }
    free(output);
    return error->code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct sweep sweep = {0};
    struct error error = {0};
    enum arguments_result parsed = arguments_parse(&arguments, command, "soBKPTV", "SWEEP.cfg", argc, argv);
    bool is_script = arguments.sbatch || arguments.ranks || arguments.ranks_per_node || arguments.output;
    double limit_s, sd = SD_DEFAULT;
    if (parsed == ARGUMENTS_OK && !parse_sd(arguments.sd, &sd, &error) &&
        !limit_read(arguments.time_limit, &limit_s, &error) &&
        !sweep_read(&sweep, arguments.operand, arguments.overrides, arguments.n_overrides, &error) &&
        !sweep_check_tasks(stderr, &sweep, &error)) {
        limit_print_understood(stderr, arguments.time_limit, limit_s);
        if (is_script) {
            print_script(&arguments, &sweep, limit_s, &error);
        } else {
            stream_break_lines(&stdout, 2, false);
            print_plan(&sweep, limit_s, sd, &error);
        }
    }
    sweep_free(&sweep);
    arguments_free(&arguments);
    if (error.code)
        return report_error(&error);
    return parsed == ARGUMENTS_BAD ? ERROR_INPUT : 0;
}

const struct command command_plan = {
    .name = "plan",
    .synopsis = "SWEEP.cfg [--set KEY=VALUE]... [--time-limit D] [--sd X]\n"
                "                  [--sbatch NODES [--ranks-per-node N] | --ranks N]\n"
                "                  [-o FILE.h5]",
    .summary = "Configurations, jobs, core-hours, time and file size of a sweep; or a job script for it.",
    .details = "  --set KEY=VALUE   replaces a value that the sweep does not vary\n"
               "  --time-limit D    says whether the longest job fits into it: one that does\n"
               "                    not is begun again by each run (picky run --help has what D\n"
               "                    may be); the time that a script asks for\n"
               "  --sd X            standard deviation of an effect between seeds (default\n"
               "                    0.15): how many seeds find effects, if these are normal, by\n"
               "                    an interval that does not hold 0, or that lies above the\n"
               "                    smallest effect of interest\n"
               "  --sbatch NODES    prints a script for sbatch instead, whose tasks, memory and\n"
               "                    time are those of this plan\n"
               "  --ranks-per-node N\n"
               "                    on each of its nodes (default: all that picky may use here)\n"
               "  --ranks N         the same for N ranks, wherever Slurm finds room for them\n"
               "  -o FILE.h5        the script's results (default: the sweep's name with .h5,\n"
               "                    in this directory)\n"
               "\n"
               "Times are simulated: some steps of the sweep's shapes are timed here, and a few\n"
               "of its jobs trained to learn how attempts end, for some two seconds; the high\n"
               "end of an interval is at most twice its low end, which holds in nine of ten\n"
               "cases. Configurations that do not fit into memory here are named on stderr.\n"
               "\n"
               "Exit codes: 0 done, 2 bad usage or sweep file, 3 fatal.\n",
    .pages = "first-sweep.md, cluster.md, scale.md",
    .run = run,
};
