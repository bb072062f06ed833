/* picky verify: slots of a results file done again, on all ranks of MPI_COMM_WORLD, and compared bit by bit. */
#include "cli.h"
#include "clock.h"
#include "numbers.h"
#include "ranks.h"
#include "streams.h"
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_DEFAULT 32

static const double SILENCE_S = 30; /* of a rank that reports every WORKER_HEARTBEAT_S */

/* A verification, and what it came to. */
struct verification {
    const char *path;
    uint64_t n_sample;
    int64_t seed;
    bool is_slot; /* one is asked for: */
    struct job slot;
    bool is_quiet;
    bool is_stopped;
};

static enum error_code parse_whole(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
                                   struct error *error)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || *value < least || *value > most)
        return error_set(error, ERROR_INPUT, "%s %.40s: allowed: a whole number from %" PRIu64 " to %" PRIu64, option,
                         text, least, most);
    return ERROR_NONE;
}

static enum error_code read_options(struct verification *verification, const struct arguments *arguments,
                                    struct error *error)
{
    /* Other slots each time, unless asked for. */
    uint64_t seed = (uint64_t)clock_calendar_s();
    verification->n_sample = arguments->all ? UINT64_MAX : SAMPLE_DEFAULT;
    verification->is_slot = arguments->config || arguments->replicate;
    if (verification->is_slot && (arguments->all || arguments->sample || arguments->seed))
        return error_set(error, ERROR_INPUT,
                         "--config and --replicate: allowed: no --sample, --all or --seed with them");
    if (verification->is_slot && verify_parse_slot(arguments->config, arguments->replicate, &verification->slot, error))
        return error->code;
    if (arguments->all && arguments->sample)
        return error_set(error, ERROR_INPUT, "--sample and --all: allowed: one of them");
    if ((arguments->sample &&
         parse_whole("--sample", arguments->sample, 1, INT64_MAX, &verification->n_sample, error)) ||
        (arguments->seed && parse_whole("--seed", arguments->seed, 0, SEED_MAX, &seed, error)))
        return error->code;
    verification->seed = (int64_t)seed;
    return ERROR_NONE;
}

/* There is nothing to sync. */
static enum error_code sync_nothing(void *verify, bool now, struct error *error)
{
    (void)verify;
    (void)now;
    (void)error;
    return ERROR_NONE;
}

/* Does the chosen slots again. */
static enum error_code compare(struct verification *verification, const struct ranks *ranks, struct verify *verify,
                               struct error *error)
{
    const struct results_description *d = verify_description(verify);
    const struct coordinator_watch watch = {
        .deadline_s = INFINITY, .silence_s = SILENCE_S, .hosts = ranks->hosts, .memory = ranks->memory};
    const struct record_sink sink = {verify, verify_put, sync_nothing};
    struct plan *plan = NULL;
    struct progress progress;
    struct receipt receipt;
    if (!plan_create(&plan, d->configs, d->n_configs, d->replicates, d->seed, error)) {
        plan_skip(plan, verify_leaves_out, verify);
        progress_start(&progress, stderr, plan_jobs_total(plan), verification->is_quiet);
        coordinator_run(ranks->transport, plan, &sink, d->layout, &watch, &progress, &receipt, error);
        verification->is_stopped = receipt.is_stopped;
    }
    plan_destroy(plan);
    return error->code;
}

static enum error_code open_verify(struct verify **verify, const struct verification *v, struct error *error)
{
    return v->is_slot ? verify_open_slot(verify, v->path, &v->slot, stdout, error)
                      : verify_open(verify, v->path, v->n_sample, v->seed, stdout, error);
}

static void report_all(const struct verification *verification, const struct verify_counts *counts)
{
    stream_break_lines(&stdout, 2, true);
    printf("%s: %" PRIu64 " of %" PRIu64 " slots done", verification->path, counts->n_done, counts->n_slots);
    if (counts->n_errors > 0)
        printf(" (%" PRIu64 " with an error: not to be done again)", counts->n_errors);
    printf("; %" PRIu64 " done again", counts->n_compared);
    if (counts->n_chosen < counts->n_done - counts->n_errors)
        printf(" (--seed %" PRId64 ")", verification->seed);
    if (counts->n_different > 0 || counts->n_implausible > 0)
        printf(": %" PRIu64 " differ, %" PRIu64 " of all are not what a run writes\n", counts->n_different,
               counts->n_implausible);
    else
        printf(counts->n_compared == 0 ? "\n"
               : counts->n_failed > 0  ? ": their bits are the same\n"
                                       : ": all bits are the same\n");
}

static void report(const struct verification *verification, const struct verify *verify)
{
    const struct verify_counts counts = verify_counts(verify);
    if (!verification->is_slot)
        report_all(verification, &counts);
    if (verification->is_stopped)
        fprintf(stderr, "picky: stopped early: %" PRIu64 " of %" PRIu64 " slots were done again\n", counts.n_compared,
                counts.n_chosen);
    if (counts.n_failed > 0)
        fprintf(stderr, "picky: %" PRIu64 " slots could not be done again\n", counts.n_failed);
}

static int run_rank0(void *context, const struct ranks *ranks)
{
    struct verification *verification = context;
    struct error error = {0};
    struct verify *verify = NULL;
    int exit_code = 0;
    if (ranks_check(ranks, false, &error) || open_verify(&verify, verification, &error) ||
        (verify_counts(verify).n_chosen > 0 && compare(verification, ranks, verify, &error))) {
        exit_code = report_error(&error);
    } else {
        exit_code = verify_end(verify);
        report(verification, verify);
        if (!exit_code && verification->is_stopped)
            exit_code = EXIT_STOPPED;
    }
    verify_close(verify);
    return exit_code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct verification verification = {0};
    struct error error;
    int exit_code;
    if (ranks_parse(&arguments, command, "SnACLq", "FILE.h5", argc, argv, &exit_code)) {
        verification.path = arguments.operand;
        verification.is_quiet = arguments.is_quiet;
        exit_code = read_options(&verification, &arguments, &error)
                        ? ranks_refuse(&error)
                        : ranks_main(argc, argv, INFINITY, run_rank0, &verification);
    }
    arguments_free(&arguments);
    return exit_code;
}

const struct command command_verify = {
    .name = "verify",
    .synopsis = "FILE.h5 [--sample N | --all] [--seed S] [--quiet] |\n"
                "                    FILE.h5 --config C --replicate R",
    .summary = "Does slots of a results file again, from the file alone, and compares every bit; also under mpirun.",
    .details = "  --sample N        so many of the done slots, chosen at random (default 32)\n"
               "  --all             every done slot\n"
               "  --seed S          chooses them: the same number, the same slots (default:\n"
               "                    others each time)\n"
               "  --config C --replicate R\n"
               "                    this slot alone, counted from 0 as in the file's arrays;\n"
               "                    prints what the file holds of it, by epoch, beside what is\n"
               "                    computed\n"
               "  --quiet           no progress; what differs, errors and the last line stay\n"
               "\n"
               "First the whole file's structure is checked, and of every done slot (but with\n"
               "--config) seed, attempts and test_loss. Arrays that differ have a line each, at\n"
               "most 20: configuration, replicate, place, the file's value and the right one.\n"
               "\n"
               "Exit codes: 0 all bits are the same, 2 bad usage, or the file cannot be opened,\n"
               "is not picky's or is damaged, or has nothing in that slot to compare with,\n"
               "3 fatal (I/O, MPI), 4 bits differ, are not what a run writes or cannot be made\n"
               "again (memory), 75 stopped by a signal.\n",
    .is_parallel = true,
    .pages = "reproduce.md",
    .run = run,
};
