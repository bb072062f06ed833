#include "go_on.h"

#include "launch.h"

#include <errno.h>
#include <stdlib.h>

static void print_launcher(FILE *stream, int n_ranks)
{
    if (n_ranks <= 1 || getenv("SLURM_JOB_ID"))
        return;
    char **words = launch_command();
    if (!words)
        fprintf(stream, "mpirun -n %d ", n_ranks);
    for (size_t i = 0; words && words[i]; i++) {
        print_quoted(stream, words[i]);
        fputc(' ', stream);
    }
    free(words);
}

static void print_option(FILE *stream, const char *option, const char *value)
{
    if (!value)
        return;
    fprintf(stream, " %s ", option);
    print_quoted(stream, value);
}

void go_on_print(FILE *stream, const char *sweep, const char *output, const struct arguments *arguments, int n_ranks,
                 const char *more)
{
    char shard[SHARD_TEXT_MAX], assignment[1024];
    fprintf(stream, "go on with:\n  ");
    print_launcher(stream, n_ranks);
    print_quoted(stream, program_invocation_name);
    fprintf(stream, " run ");
    print_quoted(stream, sweep);
    print_option(stream, "-o", output);
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const struct sweep_override *override = &arguments->overrides[i];
        snprintf(assignment, sizeof assignment, "%s=%s", override->key, override->value);
        print_option(stream, "--set", assignment);
    }
    if (arguments->shard.n > 0) {
        shard_format(&arguments->shard, shard);
        print_option(stream, "--shard", shard);
    }
    print_option(stream, "--time-limit", arguments->time_limit);
    print_option(stream, "--by", arguments->by);
    fprintf(stream, "%s%s --resume%s\n", arguments->null_jobs ? " --null-jobs" : "",
            arguments->is_quiet ? " --quiet" : "", more);
}
