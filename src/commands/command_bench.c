/* picky bench: how fast picky is here, beside what the machine could do. */
#include "bench_tasks.h"
#include "build.h"
#include "cli.h"
#include "clock.h"
#include "importance.h"
#include "job.h"
#include "kernels.h"
#include "machine_limits.h"
#include "packing.h"
#include "train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS_MAX = 99, WIDTHS_MAX = 16, LEVELS = 4 };

/* Seconds of CPU time of one run are kept near this, and the rest is scaled: an optimiser step costs the same in every
 * epoch. */
static const double RUN_S = 0.25;

/* Median, least and most of some runs. */
struct figure {
    double median, min, max;
};

struct bench {
    const struct kernels *kernels;
    const struct limits *limits;
    int n_runs;
    struct hyperparameters h;                        /* hidden_size varies */
    struct figure gflops, sqrt_div_ns, read[LEVELS]; /* GFLOP/s; ns a vector; GB/s */
    size_t read_bytes[LEVELS];
};

enum { LINES_MAX = 2 * WIDTHS_MAX, FEW_RUNS = 3 };

/* One line of the training table: a full pack, or one model with units in the lanes. */
struct line {
    int64_t hidden_size;
    bool has_units, is_chosen; /* by a pack's worth of models that wait */
    double estimate_ms;        /* of an attempt and its measures, that the choice goes by */
    struct figure attempt_ms, measures_ms, untrained_ms;
    double job_ms, matrix_gflops, roofline_ms;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct figure figure_of(double *runs, int n)
{
    qsort(runs, (size_t)n, sizeof *runs, compare);
    double median = n % 2 ? runs[n / 2] : (runs[n / 2 - 1] + runs[n / 2]) / 2;
    return (struct figure){median, runs[0], runs[n - 1]};
}

/* ---- limits ------------------------------------------------------------------------------------------------- */

static volatile float sink; /* what the limits' loops return, so that they cannot be left out */

static size_t cache_bytes(int name, size_t otherwise)
{
    long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : otherwise;
}

static enum error_code measure_limits(struct bench *bench, struct error *error)
{
    const struct limits *limits = bench->limits;
    bool is_slow = strcmp(limits->name, "portable") == 0; /* multiply-adds are emulated */
    size_t n = is_slow ? 1200000 : 12000000;
    double runs[3][RUNS_MAX];
    for (int run = 0; run < bench->n_runs; run++) {
        double start = clock_cpu_s();
        sink = limits->multiply_add(n);
        runs[0][run] = 2e-9 * (double)(n * limits->lanes) / (clock_cpu_s() - start);
        start = clock_cpu_s();
        sink = limits->sqrt_div(n / 4);
        runs[1][run] = 1e9 * (clock_cpu_s() - start) / ((double)n / 4);
    }
    bench->gflops = figure_of(runs[0], bench->n_runs);
    bench->sqrt_div_ns = figure_of(runs[1], bench->n_runs);

    size_t l1 = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10), l2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    size_t l3 = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 8 << 20);
    const size_t bytes[LEVELS] = {l1 / 2, l2 / 2, l3 / 2 < 8 * l2 ? l3 / 2 : 8 * l2, 2 * l3};
    for (int level = 0; level < LEVELS; level++) {
        size_t n_vectors = bytes[level] / (limits->lanes * sizeof(float)) / 8 * 8;
        float *memory = aligned_alloc(KERNELS_ALIGNMENT, n_vectors * limits->lanes * sizeof(float));
        if (!memory)
            return error_set(error, ERROR_FATAL, "out of memory for %zu bytes", bytes[level]);
        memset(memory, 0, n_vectors * limits->lanes * sizeof(float));
        size_t n_loads = (64u << 20) / (limits->lanes * sizeof(float));
        size_t rounds = n_loads / n_vectors + 1;
        for (int run = 0; run < bench->n_runs; run++) {
            double start = clock_cpu_s();
            sink = limits->read(memory, n_vectors, rounds * n_vectors);
            runs[2][run] =
                1e-9 * (double)(rounds * n_vectors * limits->lanes * sizeof(float)) / (clock_cpu_s() - start);
        }
        free(memory);
        bench->read[level] = figure_of(runs[2], bench->n_runs);
        bench->read_bytes[level] = bytes[level];
    }
    return ERROR_NONE;
}

/* ---- training ----------------------------------------------------------------------------------------------- */

/* Multiply-adds of one sample's training: forward, weight gradients, deltas (not to the inputs of layer 1). */
static double sample_multiply_adds(const struct network *network)
{
    double sum = 0;
    for (int l = 1; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        double weights = (double)layer->n_units * (double)(layer->n_inputs + layer->n_context);
        double back = l > 1 ? (double)layer->n_units * (double)layer->n_inputs : 0;
        sum += 2 * weights + back;
    }
    return sum;
}

static enum error_code load_lanes(struct training *training, const struct hyperparameters *h, struct error *error)
{
    training_clear(training);
    for (size_t lane = 0; lane < training->lanes; lane++)
        if (training_load(training, lane, h, 1 + (int64_t)lane, 0, error))
            return error->code;
    return ERROR_NONE;
}

static enum error_code ignore_record(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)context, (void)job, (void)record, (void)error;
    return ERROR_NONE;
}

/* Whole jobs, rejected attempts and records included: CPU seconds of one. */
static enum error_code time_jobs(const struct hyperparameters *h, double *job_s, struct error *error)
{
    struct record_layout layout;
    struct job_runner *runner = NULL;
    if (record_layout_make(&layout, h, 1, STORE_WEIGHTS, error) || job_runner_create(&runner, &layout, error))
        return error->code;
    int n = (h->hidden_size > 64 ? 3 : 8) * job_runner_lanes(runner);
    for (int i = 0; i < n && !error->code; i++)
        job_runner_add(runner, &(struct job){.seed = 1 + i, .h = *h}, error);
    double start = clock_cpu_s();
    /* Only full packs, as in a long sweep, where the last ones are few. */
    size_t done = (size_t)n;
    while (!error->code && job_runner_largest_group(runner) >= (size_t)job_runner_lanes(runner))
        job_runner_step(runner, ignore_record, NULL, error);
    done -= job_runner_waiting(runner);
    *job_s = (clock_cpu_s() - start) / (double)done;
    job_runner_destroy(runner);
    return error->code;
}

static enum error_code measure_line(const struct bench *bench, const struct kernels *kernels, int64_t hidden_size,
                                    struct line *line, struct error *error)
{
    struct hyperparameters h = bench->h;
    h.hidden_size = hidden_size;
    const struct hyperparameters full = h;
    struct training training = {0};
    struct importance importance = {0};
    struct shape shape = shape_of(&h);
    double lanes = (double)kernels->lanes, width = (double)bench->kernels->lanes, attempt[RUNS_MAX], measures[RUNS_MAX],
           untrained[RUNS_MAX];

    /* As many epochs as fit into a run, at least one; with few, whole runs would take minutes. */
    double parameters = (double)shape_n_parameters(&shape);
    double epoch_s =
        (double)shape.steps[0] * parameters * (lanes / width) *
        (6 * (double)h.batch_size * width / (1e9 * bench->gflops.median) + 1e-9 * bench->sqrt_div_ns.median);
    double epochs = RUN_S / epoch_s;
    h.epochs = epochs < 1 ? 1 : epochs > (double)full.epochs ? full.epochs : (int64_t)epochs;
    double scale = (double)full.epochs / (double)h.epochs;
    shape = shape_of(&h);
    const struct shape whole = shape_of(&full);
    const struct packing chosen = packing_choose(bench->kernels, &full, bench->kernels->lanes, UINT64_MAX);
    *line = (struct line){.hidden_size = hidden_size,
                          .has_units = lanes == 1,
                          .is_chosen = chosen.kernels == kernels,
                          .estimate_ms = 1e-6 * packing_cost(kernels, &whole) / lanes};

    if (training_create(&training, &shape, kernels, NULL, error) || importance_create(&importance, &training, error))
        goto done;
    const int n_runs = line->is_chosen || hidden_size <= 128 ? bench->n_runs : FEW_RUNS;
    for (int run = -1; run < n_runs; run++) { /* the first, not counted, warms up */
        if (load_lanes(&training, &h, error))
            goto done;
        double start = clock_cpu_s();
        training_untrained(&training);
        double middle = clock_cpu_s();
        training_run(&training, NULL);
        double end = clock_cpu_s();
        training_test(&training, 0);
        double tested = clock_cpu_s();
        importance_compute(&importance, &training, NULL);
        if (run < 0)
            continue;
        untrained[run] = 1e3 * (middle - start) / lanes;
        attempt[run] = 1e3 * ((end - middle) * scale + (tested - end)) / lanes;
        measures[run] = 1e3 * (clock_cpu_s() - tested) / lanes;
    }
    line->untrained_ms = figure_of(untrained, n_runs);
    line->attempt_ms = figure_of(attempt, n_runs);
    line->measures_ms = figure_of(measures, n_runs);

    /* R: the matrix products of training at the multiply-add peak and one square root and division for each parameter
     * and step, nothing overlapped; test passes are not in it. */
    double steps = (double)(full.epochs * shape.steps[0]);
    double flops = 2 * steps * (double)h.batch_size * sample_multiply_adds(&training.network);
    line->roofline_ms =
        1e3 * flops / (1e9 * bench->gflops.median) + 1e-6 * steps * parameters * bench->sqrt_div_ns.median / width;
    line->matrix_gflops = 1e-6 * flops / line->attempt_ms.median;
    double job_s = 0;
    if (!line->has_units && strcmp(kernels->name, "portable") != 0 && time_jobs(&full, &job_s, error))
        goto done;
    line->job_ms = 1e3 * job_s;
done:
    importance_destroy(&importance);
    training_destroy(&training);
    return error->code;
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static const char *layout_name(const struct line *line)
{
    return line->has_units ? "units" : "models";
}

static void print_text(const struct bench *bench, const struct line *lines, int n_lines)
{
    static const char *const levels[LEVELS] = {"L1", "L2", "L3", "memory"};
    printf("\n%s, %zu lanes; one core, CPU time; medians of %d runs (least - most)\n", bench->kernels->name,
           bench->kernels->lanes, bench->n_runs);
    printf("limits: multiply-add %.1f GFLOP/s (%.1f - %.1f); sqrt + div %.2f ns a vector (%.2f - %.2f)\n",
           bench->gflops.median, bench->gflops.min, bench->gflops.max, bench->sqrt_div_ns.median,
           bench->sqrt_div_ns.min, bench->sqrt_div_ns.max);
    printf("read:  ");
    for (int level = 0; level < LEVELS; level++)
        printf(" %s (%zu KiB) %.0f GB/s", levels[level], bench->read_bytes[level] >> 10, bench->read[level].median);
    printf("\n\n%5s %-7s %27s %8s %8s %6s %24s %10s %9s %9s\n", "H", "layout", "training, ms an attempt", "GFLOP/s",
           "R, ms", "% of R", "measures, ms a model", "estimate", "untrained", "job, ms");
    for (int i = 0; i < n_lines; i++) {
        const struct line *line = &lines[i];
        char job[16] = "-";
        if (line->job_ms > 0)
            snprintf(job, sizeof job, "%.3f", line->job_ms);
        printf("%5" PRId64 " %-6s%c %8.3f (%7.3f - %7.3f) %8.1f %8.3f %6.1f %7.3f (%6.3f - %6.3f) %10.3f %9.3f %9s\n",
               line->hidden_size, layout_name(line), line->is_chosen ? '*' : ' ', line->attempt_ms.median,
               line->attempt_ms.min, line->attempt_ms.max, line->matrix_gflops, line->roofline_ms,
               100 * line->roofline_ms / line->attempt_ms.median, line->measures_ms.median, line->measures_ms.min,
               line->measures_ms.max, line->estimate_ms, line->untrained_ms.median, job);
    }
}

static void print_json_figure(const char *name, struct figure figure, const char *end)
{
    printf("\"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}%s", name, figure.median, figure.min, figure.max,
           end);
}

/* One object: limits by instruction set; training, measures and job as lists. */
static void print_json(const struct bench *benches, int n_benches, struct line lines[][LINES_MAX], const int *n_lines,
                       const struct bench_tasks *tasks)
{
    static const char *const levels[LEVELS] = {"read_l1_gb_s", "read_l2_gb_s", "read_l3_gb_s", "read_memory_gb_s"};
    const char *separator = "";
    printf("{\"limits\": {");
    for (int b = 0; b < n_benches; b++) {
        printf("%s\n  \"%s\": {\"lanes\": %zu, ", b ? "," : "", benches[b].kernels->name, benches[b].kernels->lanes);
        print_json_figure("multiply_add_gflops", benches[b].gflops, ", ");
        print_json_figure("sqrt_div_ns_a_vector", benches[b].sqrt_div_ns, ", ");
        for (int level = 0; level < LEVELS; level++)
            print_json_figure(levels[level], benches[b].read[level], level + 1 < LEVELS ? ", " : "}");
    }
    printf("},\n \"training\": [");
    for (int b = 0; b < n_benches; b++)
        for (int i = 0; i < 2 * n_lines[b]; i++, separator = ",") {
            const struct line *line = &lines[b][i];
            printf("%s\n  {\"hidden_size\": %" PRId64 ", \"ms_per_attempt\": %.6g, \"ms_min\": %.6g, \"ms_max\": %.6g, "
                   "\"gflops\": %.6g, \"percent_of_roofline\": %.4g, \"instruction_set\": \"%s\", "
                   "\"layout\": \"%s\", \"is_chosen\": %s, \"estimate_ms\": %.6g}",
                   separator, line->hidden_size, line->attempt_ms.median, line->attempt_ms.min, line->attempt_ms.max,
                   line->matrix_gflops, 100 * line->roofline_ms / line->attempt_ms.median, benches[b].kernels->name,
                   layout_name(line), line->is_chosen ? "true" : "false", line->estimate_ms);
        }
    printf("],\n \"measures\": [");
    separator = "";
    for (int b = 0; b < n_benches; b++)
        for (int i = 0; i < 2 * n_lines[b]; i++, separator = ",") {
            printf("%s\n  {\"hidden_size\": %" PRId64 ", \"instruction_set\": \"%s\", \"layout\": \"%s\", ", separator,
                   lines[b][i].hidden_size, benches[b].kernels->name, layout_name(&lines[b][i]));
            print_json_figure("ms_per_model", lines[b][i].measures_ms, "}");
        }
    printf("],\n \"job\": [");
    separator = "";
    for (int i = 0; i < 2 * n_lines[0]; i++) {
        if (lines[0][i].job_ms <= 0)
            continue;
        printf("%s\n  {\"hidden_size\": %" PRId64 ", \"ms_per_job\": %.6g, \"instruction_set\": \"%s\"}", separator,
               lines[0][i].hidden_size, lines[0][i].job_ms, benches[0].kernels->name);
        separator = ",";
    }
    printf("],\n \"formulas\": ");
    bench_tasks_print_json(tasks);
    printf("}\n");
}

/* ---- the command -------------------------------------------------------------------------------------------- */

static enum error_code parse_widths(const char *text, int64_t *widths, int *n, struct error *error)
{
    *n = 0;
    for (const char *at = text; *n < WIDTHS_MAX;) {
        char *end;
        long width = strtol(at, &end, 10);
        if (end == at || width < 1 || width > 4096 || (*end != '\0' && *end != ','))
            break;
        widths[(*n)++] = width;
        if (*end == '\0')
            return ERROR_NONE;
        at = end + 1;
    }
    return error_set(error, ERROR_INPUT, "--hidden-size %s: allowed: up to %d integers from 1 to 4096, with commas",
                     text, WIDTHS_MAX);
}

static enum error_code run_bench(struct bench *bench, const int64_t *widths, int n_widths, struct line *lines,
                                 struct error *error)
{
    if (kernels_choose(&bench->kernels, error) || build_self_test(error))
        return error->code;
    bench->limits = limits_of(bench->kernels->name);
    if (measure_limits(bench, error))
        return error->code;
    for (int i = 0; i < n_widths; i++)
        if (measure_line(bench, bench->kernels, widths[i], &lines[2 * i], error) ||
            measure_line(bench, bench->kernels->units, widths[i], &lines[2 * i + 1], error))
            return error->code;
    return ERROR_NONE;
}

static enum error_code bench_all(const struct arguments *arguments, struct error *error)
{
    static struct line lines[2][LINES_MAX];
    static const int64_t portable_widths[] = {5, 16};
    struct bench benches[2] = {{.n_runs = 9}, {.n_runs = 9}};
    struct bench_tasks tasks;
    int64_t widths[WIDTHS_MAX] = {5, 16, 50, 100, 200};
    int n_lines[2] = {5, 2}, n_benches = 1;

    if (arguments->hidden_size && parse_widths(arguments->hidden_size, widths, &n_lines[0], error))
        return error->code;
    if (arguments->simd)
        setenv("PICKY_SIMD", arguments->simd, 1);
    hyperparameters_default(&benches[0].h);
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const struct hyperparameter *row = hyperparameter_find(arguments->overrides[i].key);
        if (!row)
            return error_set(error, ERROR_INPUT, "--set %s=%s: unknown hyperparameter", arguments->overrides[i].key,
                             arguments->overrides[i].value);
        if (hyperparameter_set_text(&benches[0].h, row, arguments->overrides[i].value, error))
            return error_prefix(error, "--set %s=%s", arguments->overrides[i].key, arguments->overrides[i].value);
    }
    if (hyperparameters_check(&benches[0].h, error))
        return error->code;
    benches[1].h = benches[0].h;
    if (run_bench(&benches[0], widths, n_lines[0], lines[0], error) ||
        bench_tasks_measure(&tasks, &benches[0].h, benches[0].n_runs, error))
        return error->code;
    if (!arguments->json) {
        print_text(&benches[0], lines[0], 2 * n_lines[0]);
        bench_tasks_print(&tasks);
    }
    if (!arguments->simd && strcmp(benches[0].kernels->name, "portable") != 0) {
        n_benches = 2;
        setenv("PICKY_SIMD", "portable", 1);
        if (run_bench(&benches[1], portable_widths, n_lines[1], lines[1], error))
            return error->code;
        if (!arguments->json)
            print_text(&benches[1], lines[1], 2 * n_lines[1]);
    }
    if (arguments->json)
        print_json(benches, n_benches, lines, n_lines, &tasks);
    return ERROR_NONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    enum arguments_result parsed = arguments_parse(&arguments, command, "sHIj", NULL, argc, argv);
    if (parsed == ARGUMENTS_OK)
        bench_all(&arguments, &error);
    arguments_free(&arguments);
    if (error.code)
        return report_error(&error);
    return parsed == ARGUMENTS_BAD ? ERROR_INPUT : 0;
}

const struct command command_bench = {
    .name = "bench",
    .synopsis = "[--hidden-size H,...] [--simd NAME] [--set KEY=VALUE]... [--json]",
    .summary = "Times training, measures and whole jobs, with the machine's own limits beside them.",
    .details =
        "  --hidden-size H,...   units of a hidden layer (default 5,16,50,100,200)\n"
        "  --simd NAME           instruction set: avx512, avx2, neon or portable (default: the widest, then portable)\n"
        "  --set KEY=VALUE       another hyperparameter, e.g. batch_size or context_location\n"
        "  --json                for machines: limits, training, measures, job, formulas\n\n"
        "Training is one attempt of a full pack with models in the SIMD lanes, or of one model with units in the\n"
        "lanes, all test passes included; * is the layout that full packs of jobs get, and the estimate (ms a model,\n"
        "measures included) is what that choice goes by. R is the yardstick: the matrix products at the multiply-add\n"
        "peak plus a square root and a division for each parameter and step, one after the other, without the test\n"
        "passes. A job has its rejected attempts, measures and record in it. Formulas: what the targets of a job cost, "
        "at\n"
        "50 units a layer, as a share of the whole job, if each task takes ten operations, or three transcendental\n"
        "functions, a sample (to stay below 2 and 8 %).\n"
        "Exit codes: 0 done, 2 bad usage, 3 fatal (memory).\n",
    .run = run,
};
