#include "go_on.h"

#include "cpus.h"
#include "launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void print_launcher(FILE *stream, int n_ranks)
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

static void print_run(FILE *stream, const char *sweep, const char *output, const struct arguments *arguments,
                      int n_ranks)
{
    char shard[SHARD_TEXT_MAX], *assignment;
    fprintf(stream, "  ");
    print_launcher(stream, n_ranks);
    print_quoted(stream, program_invocation_name);
    fprintf(stream, " run ");
    print_quoted(stream, sweep);
    print_option(stream, "-o", output);
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const struct sweep_override *override = &arguments->overrides[i];
        if (asprintf(&assignment, "%s=%s", override->key, override->value) >= 0) {
            print_option(stream, "--set", assignment);
            free(assignment);
        }
    }
    if (arguments->shard.n > 0) {
        shard_format(&arguments->shard, shard);
        print_option(stream, "--shard", shard);
    }
    print_option(stream, "--time-limit", arguments->time_limit);
    print_option(stream, "--by", arguments->by);
    fprintf(stream, "%s%s --resume\n", arguments->null_jobs ? " --null-jobs" : "",
            arguments->is_quiet ? " --quiet" : "");
}

void go_on_print(FILE *stream, const char *sweep, const char *output, const struct arguments *arguments, int n_ranks)
{
    fprintf(stream, "go on with:\n");
    print_run(stream, sweep, output, arguments, n_ranks);
}

/* A name for a file's sweep, in the working directory, that nothing has yet. The caller frees it; NULL if memory is
 * short. */
static char *free_sweep_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    int length = (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base));
    char *name = NULL, number[16] = "";
    for (int i = 2; i < 1000; i++) {
        if (asprintf(&name, "%.*s-as-run%s.cfg", length, base, number) < 0)
            return NULL;
        if (access(name, F_OK) != 0)
            break;
        snprintf(number, sizeof number, "-%d", i);
        free(name);
        name = NULL;
    }
    return name;
}

/* picky-analyse, where it lies beside this program: by the same path. */
static void print_analyse(FILE *stream)
{
    const char *slash = strrchr(program_invocation_name, '/');
    char *beside = NULL;
    if (slash &&
        asprintf(&beside, "%.*s/picky-analyse", (int)(slash - program_invocation_name), program_invocation_name) < 0)
        beside = NULL;
    print_quoted(stream, beside && access(beside, X_OK) == 0 ? beside : "picky-analyse");
    free(beside);
}

void go_on_print_exported(FILE *stream, const char *path, const struct arguments *arguments, int n_ranks)
{
    char *sweep = free_sweep_name(path);
    fprintf(stream, "go on with:\n  ");
    print_analyse(stream);
    fprintf(stream, " export ");
    print_quoted(stream, path);
    fprintf(stream, " --sweep");
    print_option(stream, "-o", sweep ? sweep : "as-run.cfg");
    fprintf(stream, " &&\n");
    print_run(stream, sweep ? sweep : "as-run.cfg", path, arguments, n_ranks);
    free(sweep);
}

int go_on_ranks(const struct results_run *run)
{
    struct utsname host;
    size_t n = uname(&host) == 0 ? strlen(host.nodename) : 0;
    bool is_here =
        n > 0 && strncmp(run->hosts, host.nodename, n) == 0 && run->hosts[n] == ' ' && !strchr(run->hosts, ',');
    return is_here && run->n_ranks <= cpus_usable() ? (int)run->n_ranks : 1;
}
