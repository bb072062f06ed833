/* picky: the command line. Finds the command and hands over. */
#include "build.h"
#include "cli.h"
#include "description.h"
#include "launch.h"
#include "streams.h"
#include "text.h"

#include <fenv.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {&command_run,   &command_plan,   &command_status, &command_verify,
                                                 &command_merge, &command_extend, &command_train,  &command_bench};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *stream)
{
    fprintf(stream, "picky: what makes neurons picky? Trains networks on two tasks over a grid of\n"
                    "hyperparameters and measures how important every hidden neuron is to each task.\n\nUsage:\n");
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(stream, "  picky %s %s\n      ", commands[i]->name, commands[i]->synopsis);
        stream_fill(stream, commands[i]->summary, 6);
    }
    fprintf(stream, "  picky help COMMAND\n  picky --version\n\n"
                    "Under MPI: mpirun -n N picky run SWEEP.cfg -o FILE.h5. Results are read by\n"
                    "picky-analyse, h5dump, h5py and xarray.\n\n"
                    "Environment:\n"
                    "  PICKY_SIMD=NAME   instruction set: avx512, avx2, neon or portable (default:\n"
                    "                    the widest that the processor has; all give the same bits)\n"
                    "  PICKY_GRACE_SECONDS=D\n"
                    "                    so long after a time limit or a signal all ranks are ended\n"
                    "                    if one hangs (default 10)\n"
                    "  TERM=dumb         progress as lines, not a bar, for screen readers and logs\n"
                    "  COLUMNS=N         for terminals that do not tell their width\n\n"
                    "Pages (in share/doc/picky, or docs/ of the sources): first-sweep.md,\n"
                    "own-tasks.md, cluster.md, reading.md, measures.md, claims.md, reproduce.md,\n"
                    "more-replicates.md.\n");
}

static int refuse_command(const char *name)
{
    if (!is_to_speak())
        return ERROR_INPUT;
    const char *nearest = NULL;
    for (int i = 0; i < N_COMMANDS; i++)
        nearest = text_nearer(name, nearest, commands[i]->name);
    fprintf(stderr, "picky: unknown command \"%s\"; %sallowed:", name, text_hint_first(nearest).words);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(stderr, " %s", commands[i]->name);
    fprintf(stderr, " (see picky --help)\n");
    return ERROR_INPUT;
}

/* picky help COMMAND */
static int help_of(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0) {
            if (launch_rank() <= 0)
                command_help(commands[i]);
            return 0;
        }
    return refuse_command(name);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        if (is_to_speak()) {
            stream_break_help(&stderr);
            usage(stderr);
            fflush(stderr);
        }
        return ERROR_INPUT;
    }
    bool is_help = strcmp(argv[1], "help") == 0;
    if (is_help && argc == 3)
        return help_of(argv[2]);
    if (is_help || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        stream_break_help(&stdout);
        if (launch_rank() <= 0)
            usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        if (launch_rank() <= 0)
            printf("picky %s, arithmetic %" PRId64 ", schema %d\n", build_version(), build_arithmetic(),
                   RESULTS_SCHEMA_VERSION);
        return 0;
    }
    int i = 0;
    while (i < N_COMMANDS && strcmp(argv[1], commands[i]->name) != 0)
        i++;
    if (i == N_COMMANDS)
        return refuse_command(argv[1]);
    if (!commands[i]->is_parallel && one_of_several())
        return refuse_among_several(commands[i]->name);
    if (!commands[i]->is_parallel && launch_is_spare())
        return 0;
    bool is_for_help = false;
    for (int k = 2; k < argc; k++)
        is_for_help |= strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0;
    int code = commands[i]->run(commands[i], argc - 1, argv + 1);
    int n_spare = commands[i]->is_parallel || is_for_help || code == ERROR_INPUT ? 0 : launch_n_spare();
    if (n_spare > 0)
        fprintf(stderr, "picky: %s runs on one rank: the other %d had nothing to do\n", commands[i]->name, n_spare);
    return code;
}

int main(int argc, char **argv)
{
    streams_begin();
    fesetenv(FE_DFL_ENV);     /* a library may have left another floating-point environment when it was loaded */
    signal(SIGPIPE, SIG_IGN); /* a lost peer or a closed pager is an error code, not a death */
    signal(SIGXFSZ, SIG_IGN); /* so is a file size limit */
    return streams_finish("picky", run(argc, argv));
}
