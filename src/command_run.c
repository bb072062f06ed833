/* picky run: a sweep, on all ranks of MPI_COMM_WORLD (one without mpirun). */
#include "backoff.h"
#include "cli.h"
#include "coordinator.h"
#include "diagnosis.h"
#include "kernels/kernels.h"
#include "plan.h"
#include "progress.h"
#include "results.h"
#include "slurm.h"
#include "stop.h"
#include "sweep.h"
#include "version.h"
#include "worker.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIME_MAX         32
#define PLAIN_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

static const double SILENCE_S = 30; /* of a rank that reports every WORKER_HEARTBEAT_S */
static const double SCONTROL_S = 5; /* to wait for what Slurm says of the job */

static void abort_all_ranks(void)
{
    MPI_Abort(MPI_COMM_WORLD, ERROR_FATAL);
}

/* The moment as ISO 8601, UTC. */
static void time_text(char text[TIME_MAX])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* "host (instruction set)" of every rank: hosts [n_ranks][HOST_MAX] on rank 0. Collective. */
static void gather_hosts(char *hosts)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "", mine[HOST_MAX] = "";
    int length;
    struct error error;
    const struct kernels *kernels;
    MPI_Get_processor_name(name, &length);
    snprintf(mine, sizeof mine, "%.70s (%s)", name, kernels_choose(&kernels, &error) ? "?" : kernels->name);
    MPI_Gather(mine, HOST_MAX, MPI_CHAR, hosts, HOST_MAX, MPI_CHAR, 0, MPI_COMM_WORLD);
}

/* That every rank can run the kernels asked for, before a file is made. */
static enum error_code check_kernels(const char *hosts, int n_ranks, struct error *error)
{
    const struct kernels *kernels;
    if (kernels_choose(&kernels, error))
        return error->code;
    for (int rank = 0; rank < n_ranks; rank++)
        if (strstr(hosts + (size_t)rank * HOST_MAX, "(?)"))
            return error_set(error, ERROR_INPUT, "PICKY_SIMD = \"%.40s\": rank %d on %.70s cannot run it",
                             getenv("PICKY_SIMD"), rank, hosts + (size_t)rank * HOST_MAX);
    return ERROR_NONE;
}

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

static void command_text(int argc, char **argv, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "picky");
    for (int i = 0; i < argc && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", argv[i]);
}

/* The command that goes on with this one's work: its own arguments, quoted for a shell where need be, with --resume.
 * The caller frees it; NULL if memory is short. */
static char *resume_text(int argc, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    bool has_resume = false;
    fprintf(stream, "picky");
    for (int i = 0; i < argc; i++) {
        has_resume |= strcmp(argv[i], "--resume") == 0;
        bool is_plain = argv[i][0] && argv[i][strspn(argv[i], PLAIN_CHARACTERS)] == '\0';
        fprintf(stream, is_plain ? " " : " '");
        for (const char *at = argv[i]; *at; at++)
            fprintf(stream, *at == '\'' ? "'\\''" : "%c", *at);
        fprintf(stream, is_plain ? "" : "'");
    }
    fprintf(stream, has_resume ? "" : " --resume");
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* When to stop, from the arguments and from Slurm, into diagnosis. */
static enum error_code find_deadline(const struct arguments *arguments, double start_s, struct diagnosis *diagnosis,
                                     struct error *error)
{
    double limit_s = INFINITY;
    char slurm_end[SLURM_TIME_MAX];
    if (arguments->time_limit && stop_parse_duration(arguments->time_limit, &limit_s, error))
        return error_prefix(error, "--time-limit");
    slurm_job_end(SCONTROL_S, slurm_end);
    double now_s = clock_s(), now_unix_s = (double)time(NULL);
    double own_s = stop_deadline(start_s, limit_s, NULL, now_unix_s, now_s);
    diagnosis->deadline_s = stop_deadline(start_s, limit_s, slurm_end, now_unix_s, now_s);
    diagnosis->deadline_source = diagnosis->deadline_s < own_s ? "Slurm's time limit" : "--time-limit";
    return ERROR_NONE;
}

/* Where the results go if -o does not say: the sweep's name in the working directory, .cfg replaced by .h5. The caller
 * frees it; NULL if memory is short. */
static char *default_output(const char *sweep_path)
{
    const char *slash = strrchr(sweep_path, '/'), *base = slash ? slash + 1 : sweep_path;
    const char *dot = strrchr(base, '.');
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    char *output = malloc(length + 4);
    if (output) {
        memcpy(output, base, length);
        memcpy(output + length, ".h5", 4);
    }
    return output;
}

/* The receipt goes into /provenance. */
static enum error_code store_receipt(struct results *results, const struct receipt *receipt, struct error *error)
{
    uint64_t n_done = 0;
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++)
        n_done += receipt->counts[status];
    char end[TIME_MAX];
    time_text(end);
    if (results_set_provenance(results, "end_time", end, error) ||
        results_set_provenance_number(results, "run_time", receipt->wall_s, error) ||
        results_set_provenance_number(results, "job_rate", (double)n_done / receipt->wall_s, error) ||
        results_set_provenance_number(results, "busy_share", receipt->busy, error) ||
        results_set_provenance_number(results, "lane_occupancy", receipt->occupancy, error) ||
        results_set_provenance_number(results, "rejected_at_start_share", receipt->rejected_at_start, error) ||
        results_set_provenance_number(results, "longest_wait", receipt->longest_wait_s, error) ||
        results_set_provenance_number(results, "tail", receipt->tail_s, error))
        return error->code;
    return ERROR_NONE;
}

static void print_counts(const uint64_t counts[N_STATUSES])
{
    fprintf(stderr, "picky: the file:");
    for (int i = 1; i <= N_STATUSES; i++)
        fprintf(stderr, "%s %" PRIu64 " %s", i > 1 ? "," : "", counts[i % N_STATUSES], status_names[i % N_STATUSES]);
    fprintf(stderr, "\n");
}

/* Opens the file to go on with if it may and is there, else creates it, and enters this run into its log. */
static enum error_code open_results(struct results **results, const char *path, bool resume,
                                    const struct results_description *description, int n_ranks, const char *hosts,
                                    struct error *error)
{
    resume = resume && (access(path, F_OK) == 0 || errno != ENOENT);
    if (resume ? results_open(results, path, description, stderr, error)
               : results_create(results, path, description, error))
        return error->code;
    uint64_t counts[N_STATUSES];
    results_counts(*results, counts);
    if (counts[STATUS_PENDING] == 0)
        return ERROR_NONE; /* nothing to do: no run */
    return results_log_run(*results, n_ranks, hosts, PICKY_VERSION " (" PICKY_GIT_REVISION ")", error);
}

static bool is_done(const void *results, uint64_t config, uint64_t replicate)
{
    return results_is_done(results, config, replicate);
}

/* Rank 0's part, between the release of nobody and the release of all. *receipt is this run's and stays as it is if
 * there is nothing to do; counts are the whole file's. */
static enum error_code run_sweep(const struct arguments *arguments, const char *command_line,
                                 struct transport *transport, const struct diagnosis *diagnosis,
                                 const struct coordinator_watch *watch, struct receipt *receipt,
                                 uint64_t counts[N_STATUSES], struct error *error)
{
    const char *hosts = diagnosis->hosts;
    int n_ranks = diagnosis->n_ranks;
    struct sweep sweep = {0};
    struct record_layout layout;
    struct plan *plan = NULL;
    struct results *results = NULL;
    struct progress progress;
    char *default_path = NULL;
    char start[TIME_MAX], mpi_version[MPI_MAX_LIBRARY_VERSION_STRING], host_list[4096] = "", ranks[16];
    int length;

    if (check_kernels(hosts, n_ranks, error) ||
        sweep_read(&sweep, arguments->operand, arguments->overrides, arguments->n_overrides, error) ||
        record_layout_make(&layout, sweep.configs, sweep.n_configs, sweep.store, error) ||
        plan_create(&plan, sweep.configs, sweep.n_configs, sweep.replicates, sweep.seed, error))
        goto done;
    layout.is_null = arguments->null_jobs;
    if (layout.is_null)
        fprintf(stderr, "picky: --null-jobs: nothing is trained, the records are made up\n");

    default_path = default_output(arguments->operand);
    if (!default_path) {
        error_set(error, ERROR_FATAL, "out of memory");
        goto done;
    }
    const char *path = arguments->output ? arguments->output : default_path;
    time_text(start);
    hosts_text(hosts, n_ranks, host_list, sizeof host_list);
    snprintf(ranks, sizeof ranks, "%d", n_ranks);
    MPI_Get_library_version(mpi_version, &length);
    mpi_version[strcspn(mpi_version, "\n")] = '\0';
    const struct results_attribute provenance[] = {
        {"picky_version", PICKY_VERSION, NULL},
        {"git_revision", PICKY_GIT_REVISION, NULL},
        {"compiler", PICKY_COMPILER, NULL},
        {"compiler_flags", PICKY_FLAGS, NULL},
        {"hdf5_version", results_hdf5_version(), NULL},
        {"mpi_version", mpi_version, NULL},
        {"command_line", command_line, NULL},
        {"hosts", host_list, NULL},
        {"n_ranks", ranks, NULL},
        {"start_time", start, NULL},
        /* Known at the end: see store_receipt. */
        {"end_time", "", NULL},
        {"run_time", "", "s"},
        {"job_rate", "", "s-1"},
        {"busy_share", "", "1"},
        {"lane_occupancy", "", "1"},
        {"rejected_at_start_share", "", "1"},
        {"longest_wait", "", "s"},
        {"tail", "", "s"},
        {NULL, NULL, NULL},
    };
    const struct results_description description = {
        .name = sweep.name,
        .sweep_text = sweep.text,
        .seed = sweep.seed,
        .replicates = sweep.replicates,
        .configs = sweep.configs,
        .n_configs = sweep.n_configs,
        .swept = sweep.swept,
        .layout = &layout,
        .provenance = provenance,
    };
    if (open_results(&results, path, arguments->resume, &description, n_ranks, host_list, error))
        goto done;
    results_counts(results, counts);
    uint64_t n_left = counts[STATUS_PENDING], n_done = plan_jobs_total(plan) - n_left;
    if (n_left == 0) {
        fprintf(stderr, "picky: %s is complete: nothing to do\n", path);
        goto done;
    }
    if (n_done > 0)
        plan_skip(plan, is_done, results);

    diagnosis_print(stderr, diagnosis, path);
    fprintf(stderr, "picky: %s: %zu configuration%s x %" PRId64 " replicates, %d rank%s on %s, writing %s\n",
            arguments->operand, sweep.n_configs, sweep.n_configs == 1 ? "" : "s", sweep.replicates, n_ranks,
            n_ranks == 1 ? "" : "s", host_list, path);
    if (n_done > 0)
        fprintf(stderr, "picky: resuming: %" PRIu64 " jobs are done, %" PRIu64 " are left\n", n_done, n_left);
    progress_start(&progress, stderr, plan_jobs_total(plan));
    const struct record_sink sink = coordinator_results_sink(results);
    coordinator_run(transport, plan, &sink, &layout, watch, &progress, receipt, error);
    progress_end(&progress, clock_s());
    if (!error->code)
        store_receipt(results, receipt, error);
    results_counts(results, counts);
done:;
    struct error close_error = {0};
    if (results_close(results, &close_error) && !error->code)
        *error = close_error;
    plan_destroy(plan);
    sweep_free(&sweep);
    free(default_path);
    return error->code;
}

/* How far a stopped run came, and how to go on. */
static void print_stopped(const uint64_t file_counts[N_STATUSES], const char *resume)
{
    uint64_t n_jobs = 0;
    for (int status = 0; status < N_STATUSES; status++)
        n_jobs += file_counts[status];
    fprintf(stderr, "picky: stopped early: %" PRIu64 " of %" PRIu64 " jobs done; go on with: %s\n",
            n_jobs - file_counts[STATUS_PENDING], n_jobs, resume ? resume : "the same command and --resume");
}

static int run_rank0(const struct command *command, int argc, char **argv, struct transport *transport,
                     struct diagnosis *diagnosis, double start_s)
{
    struct arguments arguments;
    struct error error = {0};
    struct receipt receipt = {0};
    struct coordinator_watch watch = {.silence_s = SILENCE_S, .hosts = diagnosis->hosts};
    uint64_t counts[N_STATUSES] = {0};
    char command_line[4096];
    char *resume = resume_text(argc, argv); /* now: parsing changes argv */
    int exit_code = 0;

    command_text(argc, argv, command_line, sizeof command_line);
    switch (arguments_parse(&arguments, command, "soTrN", "SWEEP.cfg", argc, argv, true)) {
    case ARGUMENTS_HELP: break;
    case ARGUMENTS_BAD: exit_code = ERROR_INPUT; break;
    case ARGUMENTS_OK:
        if (diagnosis_check_launch(diagnosis->n_ranks, &error) ||
            find_deadline(&arguments, start_s, diagnosis, &error)) {
            exit_code = *error.message ? report_error(&error) : (int)error.code;
            break;
        }
        watch.deadline_s = diagnosis->deadline_s;
        if (run_sweep(&arguments, command_line, transport, diagnosis, &watch, &receipt, counts, &error)) {
            exit_code = report_error(&error);
            break;
        }
        if (receipt.n_ranks > 0)
            progress_receipt(stderr, &receipt);
        if (memcmp(&counts[1], &receipt.counts[1], (N_STATUSES - 1) * sizeof counts[0]) != 0)
            print_counts(counts);
        if (receipt.is_stopped)
            print_stopped(counts, resume);
        exit_code = receipt.is_stopped ? EXIT_STOPPED : counts[STATUS_ERROR] > 0 ? EXIT_JOB_ERRORS : 0;
    }
    free(resume);
    arguments_free(&arguments);
    return exit_code;
}

static int run(const struct command *command, int argc, char **argv)
{
    int provided, exit_code = ERROR_FATAL;
    struct transport transport;
    struct error error;
    double start_s = clock_s();
    stop_catch_signals();
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
        fprintf(stderr, "picky: MPI could not be started\n");
        return ERROR_FATAL;
    }
    error_set_bug_handler(abort_all_ranks);
    if (transport_open(&transport, MPI_COMM_WORLD, &error)) {
        report_error(&error);
        abort_all_ranks();
    }

    char *hosts = calloc((size_t)transport.n_ranks, HOST_MAX);
    check(hosts);
    gather_hosts(hosts);
    struct diagnosis diagnosis = {
        .n_ranks = transport.n_ranks, .hosts = hosts, .placements = diagnosis_gather(MPI_COMM_WORLD)};
    if (transport.rank == 0) {
        exit_code = run_rank0(command, argc, argv, &transport, &diagnosis, start_s);
        coordinator_release(&transport, exit_code);
    } else {
        exit_code = worker_run(&transport, WORKER_HEARTBEAT_S);
    }
    free(diagnosis.placements);
    free(hosts);
    transport_close(&transport);
    MPI_Finalize();
    return exit_code;
}

const struct command command_run = {
    .name = "run",
    .synopsis = "SWEEP.cfg [-o FILE.h5] [--resume] [--set KEY=VALUE]... [--time-limit D]",
    .summary = "Runs a sweep into one HDF5 file; under mpirun on all ranks, each of which trains.",
    .details =
        "  -o FILE.h5        the results (default: the sweep's name with .h5, in this directory); must not exist,\n"
        "                    except with --resume\n"
        "  --resume          goes on with FILE.h5: only what is pending in it is done. The sweep must be the one that\n"
        "                    it was made with (name, comments and layout aside); starts it if there is no file\n"
        "  --set KEY=VALUE   replaces a value that the sweep does not vary; also seed, replicates, name\n"
        "  --time-limit D    stops early, in good order, so as to end within D: 90 (seconds), 30s, 10m, 2h, 1h30m,\n"
        "                    1d or HH:MM:SS. Slurm's time limit is minded without being told\n\n"
        "SIGTERM and SIGINT to any rank or to mpirun stop the sweep within a second, SIGUSR1 and SIGUSR2 after the\n"
        "models in training, at most ten seconds later; all that is finished is kept. A second SIGINT kills.\n\n"
        "Progress goes to stderr. Exit codes: 0 complete, 1 complete but some jobs failed with an error (a\n"
        "rejected model is a finding, not an error), 2 bad usage, sweep or file, 3 fatal (I/O, MPI), 75 stopped\n"
        "early.\n",
    .lists_hyperparameters = true,
    .run = run,
};
