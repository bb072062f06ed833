#include "job_script.h"

#include "cli.h"
#include "cpus.h"
#include "kernels.h"
#include "limit.h"
#include "progress.h"
#include "sweep_sbatch.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Asked for beyond what was measured: other machines, shared caches, file systems. */
static const double TIME_FACTOR = 1.5, TIME_EXTRA_S = 300, MEMORY_FACTOR = 1.5, MEMORY_EXTRA = 64e6;

/* What goes into the template. */
struct script_filling {
    const struct job_script *script;
    double limit_s;
    const char *sweep, *output, *program; /* absolute paths */
};

int64_t job_script_ranks(const struct job_script *script)
{
    return script->ranks_per_node * (script->n_nodes > 0 ? script->n_nodes : 1);
}

/* Whole minutes, of which the last one counts. */
static void print_time(FILE *stream, double seconds)
{
    int64_t minutes = (int64_t)ceil(seconds / 60), days = minutes / 1440;
    if (days > 0)
        fprintf(stream, "#SBATCH --time=%" PRId64 "-%02d:%02d:00\n", days, (int)(minutes % 1440 / 60),
                (int)(minutes % 60));
    else
        fprintf(stream, "#SBATCH --time=%02d:%02d:00\n", (int)(minutes / 60), (int)(minutes % 60));
}

/* Bytes for each rank: rank 0 needs most, for the records that it gathers before it writes them, and every rank gets as
 * much. */
static double rank_memory(const struct job_script *script)
{
    double gathered = fmin(256 * script->record_memory, 64e6);
    double slots = (double)script->sweep->n_configs * (double)script->sweep->replicates;
    return MEMORY_FACTOR * (script->memory + 2 * gathered + slots / 8) + MEMORY_EXTRA;
}

/* The numbers behind the resources, as comments. */
static void print_numbers(FILE *stream, const struct script_filling *filling)
{
    const struct job_script *script = filling->script;
    const struct pilot_estimate *estimate = script->estimate;
    const struct kernels *kernels;
    struct error ignored;
    char host[256] = "?", low[PROGRESS_DURATION_MAX], high[PROGRESS_DURATION_MAX];
    gethostname(host, sizeof host - 1);
    progress_duration(estimate->asked.low_s, low);
    progress_duration(estimate->asked.high_s, high);
    fprintf(stream,
            "# %s: by picky plan %s\n# Its time limit may be shortened, but not below what one job needs: it requeues "
            "itself and goes on, as it does when\n# it is submitted again.\n#\n# Simulated, from a short timing and "
            "%" PRIu64 " jobs trained on one core of %s (%s), repeated attempts included:\n"
            "# %.3g to %.3g core-hours; %s to %s on %" PRId64 " rank%s; ",
            *script->sweep->name ? script->sweep->name : script->sweep->path, PICKY_VERSION, estimate->n_trained, host,
            kernels_choose(&kernels, &ignored) ? "?" : kernels->name, estimate->cpu.low_s / 3600,
            estimate->cpu.high_s / 3600, low, high, job_script_ranks(script), job_script_ranks(script) == 1 ? "" : "s");
    if (isfinite(script->limit_s))
        fprintf(stream, "--time is what was asked for.\n# ");
    else
        fprintf(stream, "--time is %.3g times the most of that (or one job with all its attempts) and %.0f min.\n# ",
                TIME_FACTOR, TIME_EXTRA_S / 60);
    limit_print_job(stream, script->job, script->sweep, limit_left(filling->limit_s, true));
    fprintf(
        stream,
        "# Memory: %.0f MB here, %.3g MB a record; --mem-per-cpu is %.3g times what rank 0 needs and %.0f MB for MPI.\n"
        "# The results file: %.3g MB.\n",
        script->memory / 1e6, script->record_memory / 1e6, MEMORY_FACTOR, MEMORY_EXTRA / 1e6, script->file_size / 1e6);
    if (script->is_assumed)
        fprintf(stream, "# Assumed: nodes of %" PRId64 " CPUs, %s; picky plan --ranks-per-node says otherwise.\n",
                script->ranks_per_node,
                script->ranks_per_node < cpus_online() ? "as picky may use of this one's" : "as this one");
}

static void print_resources(FILE *stream, const struct script_filling *filling)
{
    const struct job_script *script = filling->script;
    if (script->n_nodes > 0)
        fprintf(stream, "#SBATCH --nodes=%" PRId64 "\n#SBATCH --ntasks-per-node=%" PRId64 "\n", script->n_nodes,
                script->ranks_per_node);
    else
        fprintf(stream, "#SBATCH --ntasks=%" PRId64 "\n", script->ranks_per_node);
    fprintf(stream, "#SBATCH --mem-per-cpu=%.0fM\n", ceil(rank_memory(script) / (1 << 20) / 10) * 10);
    print_time(stream, filling->limit_s);
    fprintf(stream, "#SBATCH --signal=B:USR1@%d\n", LIMIT_WARNING_S);
}

/* "NAME=${1:-VALUE}": what the user gives goes before. */
static void print_parameter(FILE *stream, const char *name, const char *given, const char *value)
{
    fprintf(stream, "%s=${%s:-", name, given);
    print_quoted(stream, value);
    fprintf(stream, "}\n");
}

static void print_sweep(FILE *stream, const struct script_filling *filling)
{
    print_parameter(stream, "SWEEP", "1", filling->sweep);
}

static void print_output(FILE *stream, const struct script_filling *filling)
{
    print_parameter(stream, "OUT", "2", filling->output);
}

static void print_program(FILE *stream, const struct script_filling *filling)
{
    print_parameter(stream, "PICKY", "PICKY", filling->program);
}

static void print_options(FILE *stream, const struct script_filling *filling)
{
    fprintf(stream, "OPTIONS=(");
    for (size_t i = 0; i < filling->script->n_overrides; i++) {
        fprintf(stream, "--set ");
        print_quoted(stream, filling->script->overrides[i].key);
        fprintf(stream, "=");
        print_quoted(stream, filling->script->overrides[i].value);
        fprintf(stream, " ");
    }
    fprintf(stream, "\"${@:3}\")\n");
}

/* Lines of the template, by how they begin, and what takes their place, if anything. */
static const struct {
    const char *start;
    void (*print)(FILE *stream, const struct script_filling *filling);
} substitutes[] = {
    {"# A sweep, ", print_numbers}, {"#   sbatch ", NULL},     {"#SBATCH --nodes=", print_resources},
    {"#SBATCH --exclusive", NULL},  {"#SBATCH --time=", NULL}, {"#SBATCH --signal=", NULL},
    {"SWEEP=", print_sweep},        {"OUT=", print_output},    {"OPTIONS=", print_options},
    {"PICKY=", print_program},
};
enum { N_SUBSTITUTES = sizeof substitutes / sizeof substitutes[0] };

static void print_template(FILE *stream, const struct script_filling *filling)
{
    bool is_seen[N_SUBSTITUTES] = {false};
    for (const char *line = sweep_sbatch, *next; *line; line = next) {
        next = strchr(line, '\n') + 1;
        int i = 0;
        while (i < N_SUBSTITUTES && strncmp(line, substitutes[i].start, strlen(substitutes[i].start)) != 0)
            i++;
        if (i == N_SUBSTITUTES) {
            fwrite(line, 1, (size_t)(next - line), stream);
            continue;
        }
        is_seen[i] = true;
        if (substitutes[i].print)
            substitutes[i].print(stream, filling);
    }
    for (int i = 0; i < N_SUBSTITUTES; i++)
        check(is_seen[i]); /* sweep.sbatch has changed, and this has to follow */
}

/* The path from the root of a file that need not be there. The caller frees it; NULL on error. */
static char *absolute_path(const char *path)
{
    char *folder = *path == '/' ? NULL : getcwd(NULL, 0), *absolute = NULL;
    if (*path == '/')
        return strdup(path);
    if (folder && asprintf(&absolute, "%s/%s", folder, path) < 0)
        absolute = NULL;
    free(folder);
    return absolute;
}

enum error_code job_script_print(FILE *stream, const struct job_script *script, struct error *error)
{
    char *sweep = realpath(script->sweep->path, NULL), *output = absolute_path(script->output);
    char *program = realpath("/proc/self/exe", NULL);
    double needed_s = script->estimate->asked.high_s;
    double job_s = (double)script->job->max_attempts * script->job->attempt_s;
    double limit_s = isfinite(script->limit_s) ? script->limit_s : TIME_FACTOR * fmax(needed_s, job_s) + TIME_EXTRA_S;
    limit_s = 60 * ceil(limit_s / 60); /* as Slurm counts */
    if (limit_is_close(script->job, limit_left(limit_s, true))) {
        fprintf(stderr, "picky: warning: ");
        limit_print_job(stderr, script->job, script->sweep, limit_left(limit_s, true));
    }
    if (sweep && output && program)
        print_template(stream,
                       &(struct script_filling){
                           .script = script, .limit_s = limit_s, .sweep = sweep, .output = output, .program = program});
    else
        error_set(error, ERROR_FATAL, "the paths of sweep, output and picky: %s", strerror(errno));
    free(sweep);
    free(output);
    free(program);
    return error->code;
}
