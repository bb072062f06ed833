#include "job_script.h"

#include "cli.h"
#include "kernels/kernels.h"
#include "progress.h"
#include "shape.h"
#include "sweep_sbatch.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Asked for beyond what was measured: other machines, shared caches, file systems. */
static const double TIME_FACTOR = 1.5, TIME_EXTRA_S = 300, MEMORY_FACTOR = 1.5, MEMORY_EXTRA = 64e6;
/* Ahead of the end: ten seconds for the models in training, ten in which Slurm may be late, and to write and requeue.
 */
enum { SIGNAL_S = 40, SHAPES_MAX = 20 };

double job_script_time(const struct pilot *pilot, double n_ranks)
{
    return n_ranks <= 1 ? pilot->total_s : pilot->total_s / n_ranks + pilot->pack_s;
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
    double gathered = fmin(256 * script->pilot->job_memory, 64e6);
    double slots = (double)script->sweep->n_configs * (double)script->sweep->replicates;
    return MEMORY_FACTOR * (script->pilot->memory + 2 * gathered + slots / 8) + MEMORY_EXTRA;
}

static void print_shape(FILE *stream, const struct pilot_shape *entry)
{
    const struct hyperparameters *h = entry->example;
    char one[PROGRESS_DURATION_MAX], all[PROGRESS_DURATION_MAX];
    struct shape shape = shape_of(h);
    progress_duration(entry->job_s, one);
    progress_duration(entry->n_jobs * entry->job_s, all);
    fprintf(stream, "#   %" PRId64 " x %" PRId64 " units, %" PRId64 " steps: %.0f jobs of %.3g ms = %s; ",
            shape.hidden_layers, shape.hidden_size, shape.epochs * (shape.steps[0] + shape.steps[1]), entry->n_jobs,
            1e3 * entry->job_s, all);
    if (entry->n_trained > 0)
        fprintf(stream, "%" PRIu64 " trained in %.3g s\n", entry->n_trained, entry->trained_s);
    else
        fprintf(stream, "extrapolated from a few steps\n");
}

/* The numbers behind the resources, as comments. */
static void print_numbers(FILE *stream, const struct job_script *script, double n_ranks, double needed_s)
{
    const struct pilot *pilot = script->pilot;
    const struct kernels *kernels;
    struct error ignored;
    char host[256] = "?", duration[PROGRESS_DURATION_MAX], pack[PROGRESS_DURATION_MAX];
    gethostname(host, sizeof host - 1);
    fprintf(stream,
            "# %s: by picky plan %s\n# Its time limit may be shortened: it requeues itself and goes on, as it does "
            "when it is "
            "submitted again.\n#\n# Measured on one core of %s (%s); jobs with their repeated attempts:\n",
            *script->sweep->name ? script->sweep->name : script->sweep->path, PICKY_VERSION, host,
            kernels_choose(&kernels, &ignored) ? "?" : kernels->name);
    for (size_t i = 0; i < pilot->n_shapes && i < SHAPES_MAX; i++)
        print_shape(stream, &pilot->shapes[i]);
    if (pilot->n_shapes > SHAPES_MAX)
        fprintf(stream, "#   and %zu cheaper shapes\n", pilot->n_shapes - SHAPES_MAX);
    progress_duration(needed_s, duration);
    progress_duration(pilot->pack_s, pack);
    fprintf(stream,
            "# All: %.3g core-hours. On %.0f ranks %s, with a last pack (%s) alone; --time is %.3g times that and %.0f "
            "min.\n",
            pilot->total_s / 3600, n_ranks, duration, pack, TIME_FACTOR, TIME_EXTRA_S / 60);
    fprintf(
        stream,
        "# Memory: %.0f MB here, %.3g MB a record; --mem-per-cpu is %.3g times what rank 0 needs and %.0f MB for MPI.\n"
        "# The results file: %.3g MB.\n",
        pilot->memory / 1e6, pilot->job_memory / 1e6, MEMORY_FACTOR, MEMORY_EXTRA / 1e6, script->file_size / 1e6);
    if (script->is_assumed)
        fprintf(stream,
                "# Assumed: nodes of %" PRId64 " CPUs, as this one; picky plan --ranks-per-node says otherwise.\n",
                script->ranks_per_node);
}

static void print_resources(FILE *stream, const struct job_script *script, double needed_s)
{
    if (script->n_nodes > 0)
        fprintf(stream, "#SBATCH --nodes=%" PRId64 "\n#SBATCH --ntasks-per-node=%" PRId64 "\n", script->n_nodes,
                script->ranks_per_node);
    else
        fprintf(stream, "#SBATCH --ntasks=%" PRId64 "\n", script->ranks_per_node);
    fprintf(stream, "#SBATCH --mem-per-cpu=%.0fM\n", ceil(rank_memory(script) / (1 << 20) / 10) * 10);
    print_time(stream, TIME_FACTOR * needed_s + TIME_EXTRA_S);
    fprintf(stream, "#SBATCH --signal=B:USR1@%d\n", SIGNAL_S);
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
    double n_ranks = (double)script->ranks_per_node * (double)(script->n_nodes > 0 ? script->n_nodes : 1);
    double needed_s = job_script_time(script->pilot, n_ranks);
    char *sweep = realpath(script->sweep->path, NULL), *output = absolute_path(script->output);
    char *program = realpath("/proc/self/exe", NULL);
    if (!sweep || !output || !program) {
        error_set(error, ERROR_FATAL, "no absolute paths: %s", strerror(errno));
        goto done;
    }

    /* Lines of the template, by how they begin, and what takes their place. */
    enum { COMMENT, NODES, DROPPED, SWEEP, OUT, OPTIONS, PROGRAM, N_MARKS };
    static const struct {
        const char *start;
        int mark;
    } marks[] = {
        {"# ", COMMENT},
        {"#SBATCH --nodes=", NODES},
        {"#SBATCH --exclusive", DROPPED},
        {"#SBATCH --time=", DROPPED},
        {"#SBATCH --signal=", DROPPED},
        {"SWEEP=", SWEEP},
        {"OUT=", OUT},
        {"OPTIONS=", OPTIONS},
        {"PICKY=", PROGRAM},
    };
    bool is_seen[N_MARKS] = {false};
    for (const char *line = sweep_sbatch, *next; *line; line = next) {
        next = strchr(line, '\n') + 1;
        int mark = N_MARKS;
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
            if (strncmp(line, marks[i].start, strlen(marks[i].start)) == 0)
                mark = marks[i].mark;
        /* The comments at the top only. */
        if (mark == COMMENT && is_seen[NODES])
            mark = N_MARKS;
        bool is_first = mark == N_MARKS || !is_seen[mark];
        if (mark < N_MARKS)
            is_seen[mark] = true;
        switch (mark) {
        case COMMENT:
            if (is_first)
                print_numbers(stream, script, n_ranks, needed_s);
            break;
        case NODES: print_resources(stream, script, needed_s); break;
        case DROPPED: break;
        case SWEEP:
            fprintf(stream, "SWEEP=${1:-");
            print_quoted(stream, sweep);
            fprintf(stream, "}\n");
            break;
        case OUT:
            fprintf(stream, "OUT=${2:-");
            print_quoted(stream, output);
            fprintf(stream, "}\n");
            break;
        case OPTIONS:
            fprintf(stream, "OPTIONS=(");
            for (size_t i = 0; i < script->n_overrides; i++) {
                char *text = NULL;
                if (asprintf(&text, "%s=%s", script->overrides[i].key, script->overrides[i].value) < 0) {
                    error_set(error, ERROR_FATAL, "out of memory");
                    goto done;
                }
                fprintf(stream, "--set ");
                print_quoted(stream, text);
                fprintf(stream, " ");
                free(text);
            }
            fprintf(stream, "\"${@:3}\")\n");
            break;
        case PROGRAM:
            fprintf(stream, "PICKY=${PICKY:-");
            print_quoted(stream, program);
            fprintf(stream, "}\n");
            break;
        default: fwrite(line, 1, (size_t)(next - line), stream);
        }
    }
    for (int mark = 0; mark < N_MARKS; mark++)
        check(is_seen[mark]);
done:
    free(sweep);
    free(output);
    free(program);
    return error->code;
}
