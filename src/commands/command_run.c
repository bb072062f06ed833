/* picky run: a sweep into a new results file, or on with one that is there. */
#include "open.h"
#include "running.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static enum error_code check_arguments(const struct arguments *arguments, struct error *error)
{
    static const enum job_status lasting[] = {STATUS_REJECTED, STATUS_DIVERGED};
    if (arguments->retry && !arguments->resume)
        return error_set(error, ERROR_INPUT, "--retry: allowed only with --resume");
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
        if (arguments->retry >> lasting[i] & 1)
            return error_set(error, ERROR_INPUT,
                             "--retry %s: done again, a job has the same bits and is %s again; allowed: --retry error, "
                             "or, for further attempts, picky extend FILE.h5 %s with a larger max_attempts",
                             status_names[lasting[i]], status_names[lasting[i]], arguments->operand);
    return ERROR_NONE;
}

/* Opens the file to go on with if it may and is there, else creates it. */
static enum error_code open_results(struct results **results, const char *path, const struct arguments *arguments,
                                    const struct sweep *sweep, const struct results_description *description,
                                    double deadline_s, bool *is_stopped, struct error *error)
{
    (void)deadline_s, (void)is_stopped;
    if (!arguments->resume || (access(path, F_OK) != 0 && errno == ENOENT))
        return sweep->refused ? error_set(error, ERROR_INPUT, "%s", sweep->refused)
                              : results_create(results, path, description, error);
    uint64_t n_again = 0;
    if (results_open(results, path, description, stderr, error) ||
        (arguments->retry && results_retry(*results, arguments->retry, &n_again, error)))
        return error->code;
    if (arguments->retry)
        fprintf(stderr, "picky: %s: %" PRIu64 " job%s to be done again\n", path, n_again, n_again == 1 ? "" : "s");
    return ERROR_NONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    static const struct running running = {.options = "soTrNDRbq",
                                           .operands = "SWEEP.cfg",
                                           .sweep_operand = 0,
                                           .output_operand = -1,
                                           .check_arguments = check_arguments,
                                           .open = open_results};
    return running_main(command, &running, argc, argv);
}

const struct command command_run = {
    .name = "run",
    .synopsis = "SWEEP.cfg [-o FILE.h5] [--resume [--retry error]]\n"
                "                 [--set KEY=VALUE]... [--shard I/N] [--time-limit D]\n"
                "                 [--by KEY] [--quiet]",
    .summary = "Runs a sweep into one HDF5 file; under mpirun every rank trains.",
    .details = "  -o FILE.h5        the results (default: the sweep's name with .h5, in this\n"
               "                    directory); must not exist, except with --resume\n"
               "  --resume          goes on with FILE.h5: only what is pending in it is done.\n"
               "                    The sweep must be the one that it was made with (name,\n"
               "                    comments and layout aside); starts it if there is no file\n"
               "  --retry error     with --resume: jobs that could not run are done again.\n"
               "                    Rejected and diverged ones would have the same bits again:\n"
               "                    picky extend with a larger max_attempts takes them further\n"
               "  --set KEY=VALUE   replaces a value that the sweep does not vary; also seed,\n"
               "                    replicates, name\n"
               "  --shard I/N       does the I-th of N parts of the sweep, into a file of its\n"
               "                    own (default: SWEEP-I-of-N.h5); picky merge joins the parts\n"
               "  --time-limit D    stops early, in good order, to end within D: 90 (seconds),\n"
               "                    30s, 10m, 2h, 1h30m, 1d, or as Slurm writes it: MM:SS,\n"
               "                    HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS. Slurm's own limit is\n"
               "                    minded without being told\n"
               "  --by KEY          at the end, counts for each value of a hyperparameter too\n"
               "  --quiet           no first lines and no progress; warnings, errors and the\n"
               "                    last lines stay\n"
               "\n"
               "SIGTERM, SIGINT and SIGHUP to any rank or to mpirun stop the sweep within a\n"
               "second, SIGUSR1 and SIGUSR2 after the models in training, at most ten seconds\n"
               "later; all that is finished is kept. A second SIGINT kills. A SIGHUP that is\n"
               "ignored at the start (nohup) stays so. Ten seconds after that, or after the\n"
               "time limit, all ranks are ended if one hangs; the sweep can be resumed as well.\n"
               "\n"
               "Where memory is short fewer models are trained at a time, to the same bits;\n"
               "jobs of which not one fits end with status error. A sweep of which no\n"
               "configuration fits is refused.\n"
               "\n"
               "Progress goes to stderr. Exit codes: 0 complete, 2 bad usage, sweep or file,\n"
               "3 fatal (I/O, MPI), 4 complete but some jobs failed with an error (a rejected\n"
               "model is no error), 5 one job needs longer than the whole time limit (none was\n"
               "finished in it), 75 stopped early.\n",
    .lists_hyperparameters = true,
    .is_parallel = true,
    .pages = "first-sweep.md, own-tasks.md, cluster.md",
    .run = run,
};
