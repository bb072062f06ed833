/* picky bench: how fast picky is here, beside what the machine could do. */
#include "bench_tasks.h"
#include "build.h"
#include "cli.h"
#include "clock.h"
#include "cost.h"
#include "importance.h"
#include "job.h"
#include "kernels.h"
#include "machine_limits.h"
#include "numbers.h"
#include "packing.h"
#include "train.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 99, WIDTHS_MAX = 16, LEVELS = 4 };

/* Seconds of CPU time of one run are kept near this, and the rest is scaled: an optimiser step costs the same in every
 * epoch. */
static const double RUN_S = 0.25;

/* Median, least and most of some rounds. */
struct figure {
    double median, min, max;
};

/* What the machine could do in one round. */
struct rates {
    double gflops, sqrt_div_ns;           /* GFLOP/s; ns a vector */
    double read[LEVELS], rewrite[LEVELS]; /* GB/s there; GB/s there and back together */
};

struct bench {
    const struct kernels *kernels;
    const struct limits *limits;
    int n_rounds;
    bool only_training;
    struct hyperparameters h;                       /* hidden_size varies */
    size_t cache_bytes[LEVELS], read_bytes[LEVELS]; /* of a cache; of what is read to measure it */
    float *memory;                                  /* the largest of these; owned */
    struct rates *rates;                            /* [n_rates], of all rounds so far; owned */
    size_t n_rates;
};

enum { LINES_MAX = 2 * WIDTHS_MAX, FEW_ROUNDS = 3 };

/* One line of the training table: a full pack, or one model with units in the lanes. */
struct line {
    const struct kernels *kernels;
    int64_t hidden_size;
    bool is_chosen;          /* by a pack's worth of models that wait */
    struct cost_terms terms; /* for the fit of the cost function */
    double estimate_ms;      /* of an attempt and its measures, that the choice goes by */
    struct figure attempt_ms, measures_ms, untrained_ms;
    struct figure percent_of_r, percent_of_n; /* of the limits as they were in the same round */
    struct figure r_ms, n_ms;
    double job_ms, matrix_gflops;
};

static struct figure figure_of(double *runs, int n)
{
    qsort(runs, (size_t)n, sizeof *runs, number_compare);
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

static enum error_code prepare_limits(struct bench *bench, struct error *error)
{
    size_t l1 = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10), l2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    size_t l3 = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 8 << 20);
    const size_t caches[LEVELS] = {l1, l2, l3, SIZE_MAX};
    const size_t bytes[LEVELS] = {l1 / 2, l2 / 2, l3 / 2 < 8 * l2 ? l3 / 2 : 8 * l2, 2 * l3};
    memcpy(bench->cache_bytes, caches, sizeof caches);
    memcpy(bench->read_bytes, bytes, sizeof bytes);
    size_t n_bytes = bytes[LEVELS - 1] / KERNELS_ALIGNMENT * KERNELS_ALIGNMENT;
    bench->memory = aligned_alloc(KERNELS_ALIGNMENT, n_bytes);
    if (!bench->memory)
        return error_set(error, ERROR_FATAL, "out of memory for %zu bytes", n_bytes);
    memset(bench->memory, 0, n_bytes);
    return ERROR_NONE;
}

/* GB/s of one of the loops over memory. */
static double rate(float (*loop)(float *, size_t, size_t), const struct bench *bench, int level)
{
    const size_t vector = bench->limits->lanes * sizeof(float), least = 16 << 20;
    size_t n_vectors = bench->read_bytes[level] / vector / 8 * 8, n = (least / vector / n_vectors + 1) * n_vectors;
    if (level + 1 < LEVELS)
        sink = loop(bench->memory, n_vectors, n_vectors); /* into the cache */
    double start = clock_cpu_s();
    sink = loop(bench->memory, n_vectors, n);
    return 1e-9 * (double)(n * vector) / (clock_cpu_s() - start);
}

/* One round's, kept. Takes some 50 ms. */
static enum error_code measure_limits(struct bench *bench, struct rates *rates, struct error *error)
{
    const struct limits *limits = bench->limits;
    bool is_slow = strcmp(limits->name, "portable") == 0; /* multiply-adds are emulated */
    size_t n = is_slow ? 600000 : 6000000;
    double start = clock_cpu_s();
    sink = limits->multiply_add(n);
    rates->gflops = 2e-9 * (double)(n * limits->lanes) / (clock_cpu_s() - start);
    start = clock_cpu_s();
    sink = limits->sqrt_div(n / 4);
    rates->sqrt_div_ns = 1e9 * (clock_cpu_s() - start) / ((double)n / 4);
    for (int level = 0; level < LEVELS; level++) {
        rates->read[level] = rate(limits->read, bench, level);
        rates->rewrite[level] = 2 * rate(limits->rewrite, bench, level);
    }
    struct rates *grown = realloc(bench->rates, (bench->n_rates + 1) * sizeof *grown);
    if (!grown)
        return error_set(error, ERROR_FATAL, "out of memory");
    bench->rates = grown;
    bench->rates[bench->n_rates++] = *rates;
    return ERROR_NONE;
}

/* The figure of one of the rates, a double `offset` bytes into them. */
static struct figure figure_of_rate(const struct bench *bench, size_t offset)
{
    double *all = malloc(bench->n_rates * sizeof *all);
    check(all && bench->n_rates > 0);
    for (size_t i = 0; i < bench->n_rates; i++)
        memcpy(&all[i], (const char *)&bench->rates[i] + offset, sizeof *all);
    struct figure figure = figure_of(all, (int)bench->n_rates);
    free(all);
    return figure;
}

static struct figure figure_of_level(const struct bench *bench, size_t offset, int level)
{
    return figure_of_rate(bench, offset + (size_t)level * sizeof(double));
}

/* ---- training ----------------------------------------------------------------------------------------------- */

/* Multiply-adds of one sample: of its forward pass, and of what it carries back (not to the inputs of layer 1). Its
 * weight gradients take as many as the forward pass. */
static void multiply_adds(const struct network *network, double *forward, double *back)
{
    *forward = *back = 0;
    for (int l = 1; l <= network->n_layers; l++) {
        const struct layer *layer = &network->layer[l];
        *forward += (double)layer->n_units * (double)(layer->n_inputs + layer->n_context);
        *back += l > 1 ? (double)layer->n_units * (double)layer->n_inputs : 0;
    }
}

/* What the work of one model's training takes at least, by the rates of a round, in ms. */
struct yardsticks {
    double r; /* the matrix products at the multiply-add peak, and then one square root and division for each parameter
                 and step: nothing overlaps; without test passes */
    double n; /* forward, back and update, each the largest of its multiply-adds, its square roots and divisions, and
                 its weights' (and moments') way from the cache that holds them all, and back; and the test passes */
};

static struct yardsticks yardsticks(const struct bench *bench, const struct training *training,
                                    const struct rates *rates, const struct shape *whole)
{
    const double steps = (double)shape_steps(whole), rows = (double)whole->batch_size;
    const double parameters = (double)shape_n_parameters(whole), flop_ms = 1e-6 / rates->gflops;
    double forward, back;
    multiply_adds(&training->network, &forward, &back);
    const double divider = 1e-6 * parameters * rates->sqrt_div_ns / (double)bench->limits->lanes;
    const double arrays = whole->optimizer == OPTIMIZER_ADAM ? 3 : 1, bytes = parameters * sizeof(float);
    int level = 0;
    while (arrays * bytes * (double)training->lanes > (double)bench->cache_bytes[level])
        level++;
    const double read = 1e-6 * bytes / rates->read[level];
    const double rewrite = 2 * arrays * 1e-6 * bytes / rates->rewrite[level];
    const bool is_fused = training->lanes == 1; /* back reads what update does */

    double forward_ms = fmax(2 * rows * forward * flop_ms, read);
    double back_ms = fmax(2 * rows * back * flop_ms, is_fused ? 0 : read);
    double update_ms = fmax(fmax(2 * rows * forward * flop_ms, arrays > 1 ? divider : 0), rewrite);
    double test_ms = fmax(2 * TRAIN_BLOCK_ROWS * forward * flop_ms, read) / TRAIN_BLOCK_ROWS;
    double tests = (double)(shape_history(whole) * whole->n_tasks * whole->N_test);
    return (struct yardsticks){
        .r = steps * (2 * rows * (2 * forward + back) * flop_ms + (arrays > 1 ? divider : 0)),
        .n = steps * (forward_ms + back_ms + update_ms) + tests * test_ms,
    };
}

static enum error_code load_lanes(struct training *training, const struct hyperparameters *h, struct error *error)
{
    training_clear(training);
    for (size_t lane = 0; lane < training->lanes; lane++)
        if (training_load(training, lane, h, 1 + (int64_t)lane, 0, error))
            return error->code;
    return ERROR_NONE;
}

/* A line while it is measured, and what its rounds gave. */
struct trial {
    struct training training;
    struct importance importance;
    double scale; /* of the time of the epochs that are trained, for all */
    double attempt_ms[ROUNDS_MAX], measures_ms[ROUNDS_MAX], untrained_ms[ROUNDS_MAX];
    double r_ms[ROUNDS_MAX], n_ms[ROUNDS_MAX], percent_of_r[ROUNDS_MAX], percent_of_n[ROUNDS_MAX];
};

/* As many epochs as fit into a run, at least one; with few, whole runs would take minutes. */
static int64_t epochs_of_a_run(const struct pack_cost *cost, int64_t epochs)
{
    double n = RUN_S / (1e-9 * cost->training_ns / (double)epochs);
    return n < 1 ? 1 : n > (double)epochs ? epochs : (int64_t)n;
}

static enum error_code run_once(struct trial *trial, const struct bench *bench, const struct hyperparameters *h,
                                int round, struct error *error)
{
    struct training *training = &trial->training;
    double lanes = (double)training->lanes;
    if (load_lanes(training, h, error))
        return error->code;
    double start = clock_cpu_s();
    training_untrained(training);
    double middle = clock_cpu_s();
    training_run(training, NULL);
    double end = clock_cpu_s();
    training_test(training, 0);
    double tested = clock_cpu_s();
    if (!bench->only_training)
        importance_compute(&trial->importance, training, NULL);
    trial->untrained_ms[round] = 1e3 * (middle - start) / lanes;
    trial->attempt_ms[round] = 1e3 * ((end - middle) * trial->scale + (tested - end)) / lanes;
    trial->measures_ms[round] = 1e3 * (clock_cpu_s() - tested) / lanes;
    return ERROR_NONE;
}

static void summarise(struct line *line, struct trial *trial, int n)
{
    line->untrained_ms = figure_of(trial->untrained_ms, n);
    line->attempt_ms = figure_of(trial->attempt_ms, n);
    line->measures_ms = figure_of(trial->measures_ms, n);
    line->r_ms = figure_of(trial->r_ms, n);
    line->n_ms = figure_of(trial->n_ms, n);
    line->percent_of_r = figure_of(trial->percent_of_r, n);
    line->percent_of_n = figure_of(trial->percent_of_n, n);
}

/* Both layouts of one width, in turn, with the machine's limits in between. */
static enum error_code measure_width(struct bench *bench, int64_t hidden_size, struct line lines[2],
                                     struct error *error)
{
    struct hyperparameters full = bench->h, h[2];
    full.hidden_size = hidden_size;
    const struct shape whole = shape_of(&full);
    const struct packing chosen = packing_choose(bench->kernels, &full, bench->kernels->lanes, UINT64_MAX);
    struct trial *trials = calloc(2, sizeof *trials);
    if (!trials)
        return error_set(error, ERROR_FATAL, "out of memory");
    double round_s = 0;
    for (int i = 0; i < 2; i++) {
        struct trial *trial = &trials[i];
        const struct kernels *kernels = i == 0 ? bench->kernels : bench->kernels->units;
        const struct pack_cost cost = cost_of_pack(kernels, &whole);
        h[i] = full;
        h[i].epochs = epochs_of_a_run(&cost, full.epochs);
        trial->scale = (double)full.epochs / (double)h[i].epochs;
        round_s += 1e-9 * (cost.training_ns / trial->scale + (bench->only_training ? 0 : cost.measures_ns));
        lines[i] = (struct line){.kernels = kernels,
                                 .hidden_size = hidden_size,
                                 .is_chosen = chosen.kernels == kernels,
                                 .terms = cost_terms(kernels, &whole),
                                 .estimate_ms = 1e-6 * (cost.training_ns + cost.measures_ns) / (double)kernels->lanes};
        const struct shape shape = shape_of(&h[i]);
        if (training_create(&trial->training, &shape, kernels, NULL, error) ||
            importance_create(&trial->importance, &trial->training, error))
            goto done;
    }
    const int n = round_s > 1 && bench->n_rounds > FEW_ROUNDS ? FEW_ROUNDS : bench->n_rounds;
    for (int round = -1; round < n; round++) { /* the first warms up, and is overwritten */
        struct rates rates;
        for (int i = 0; i < 2; i++) {
            struct trial *trial = &trials[i];
            int at = round < 0 ? 0 : round;
            if (run_once(trial, bench, &h[i], at, error) || (i == 0 && measure_limits(bench, &rates, error)))
                goto done;
            const struct yardsticks least = yardsticks(bench, &trial->training, &rates, &whole);
            trial->r_ms[at] = least.r;
            trial->n_ms[at] = least.n;
            trial->percent_of_r[at] = 100 * least.r / trial->attempt_ms[at];
            trial->percent_of_n[at] = 100 * least.n / trial->attempt_ms[at];
        }
    }
    for (int i = 0; i < 2; i++) {
        double forward, back;
        multiply_adds(&trials[i].training.network, &forward, &back);
        summarise(&lines[i], &trials[i], n);
        lines[i].matrix_gflops =
            2e-6 * (double)(shape_steps(&whole) * whole.batch_size) * (2 * forward + back) / lines[i].attempt_ms.median;
    }
    struct bench_jobs jobs = {0};
    if (!bench->only_training && strcmp(bench->kernels->name, "portable") != 0 && bench_jobs_time(&jobs, &full, error))
        goto done;
    lines[0].job_ms = jobs.ms;
done:
    for (int i = 0; i < 2; i++) {
        importance_destroy(&trials[i].importance);
        training_destroy(&trials[i].training);
    }
    free(trials);
    return error->code;
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static const char *layout_name(const struct line *line)
{
    return line->kernels->lanes == 1 ? "units" : "models";
}

static void print_text(const struct bench *bench, const struct line *lines, int n_lines)
{
    static const char *const levels[LEVELS] = {"L1", "L2", "L3", "memory"};
    const struct figure gflops = figure_of_rate(bench, offsetof(struct rates, gflops));
    const struct figure sqrt_div_ns = figure_of_rate(bench, offsetof(struct rates, sqrt_div_ns));
    printf("\n%s, %zu lanes; one core, CPU time; medians (least - most) of %d rounds, %d where they take long\n",
           bench->kernels->name, bench->kernels->lanes, bench->n_rounds,
           bench->n_rounds < FEW_ROUNDS ? bench->n_rounds : FEW_ROUNDS);
    printf("limits: multiply-add %.1f GFLOP/s (%.1f - %.1f); sqrt + div %.2f ns a vector (%.2f - %.2f)\n",
           gflops.median, gflops.min, gflops.max, sqrt_div_ns.median, sqrt_div_ns.min, sqrt_div_ns.max);
    printf("GB/s read, and read and written:");
    for (int level = 0; level < LEVELS; level++)
        printf("%s %s (%zu KiB) %.0f, %.0f", level ? ";" : "", levels[level], bench->read_bytes[level] >> 10,
               figure_of_level(bench, offsetof(struct rates, read), level).median,
               figure_of_level(bench, offsetof(struct rates, rewrite), level).median);
    printf("\n\n%5s %-7s %27s %8s %8s %8s %6s %6s %24s %10s %9s %9s\n", "H", "layout", "training, ms an attempt",
           "GFLOP/s", "R, ms", "N, ms", "% of R", "% of N", "measures, ms a model", "estimate", "untrained", "job, ms");
    for (int i = 0; i < n_lines; i++) {
        const struct line *line = &lines[i];
        char job[16] = "-", measures[40] = "-";
        if (line->job_ms > 0)
            snprintf(job, sizeof job, "%.3f", line->job_ms);
        if (!bench->only_training)
            snprintf(measures, sizeof measures, "%7.3f (%6.3f - %6.3f)", line->measures_ms.median,
                     line->measures_ms.min, line->measures_ms.max);
        printf("%5" PRId64 " %-6s%c %8.3f (%7.3f - %7.3f) %8.1f %8.3f %8.3f %6.1f %6.1f %24s %10.3f %9.3f %9s\n",
               line->hidden_size, layout_name(line), line->is_chosen ? '*' : ' ', line->attempt_ms.median,
               line->attempt_ms.min, line->attempt_ms.max, line->matrix_gflops, line->r_ms.median, line->n_ms.median,
               line->percent_of_r.median, line->percent_of_n.median, measures, line->estimate_ms,
               line->untrained_ms.median, job);
    }
}

static void print_json_figure(const char *name, struct figure figure, const char *end)
{
    printf("\"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}%s", name, figure.median, figure.min, figure.max,
           end);
}

static void print_json_limits(const struct bench *bench)
{
    static const char *const levels[LEVELS] = {"l1", "l2", "l3", "memory"};
    printf("\n  \"%s\": {\"lanes\": %zu, ", bench->kernels->name, bench->kernels->lanes);
    print_json_figure("multiply_add_gflops", figure_of_rate(bench, offsetof(struct rates, gflops)), ", ");
    print_json_figure("sqrt_div_ns_a_vector", figure_of_rate(bench, offsetof(struct rates, sqrt_div_ns)), "");
    for (int level = 0; level < LEVELS; level++) {
        char name[32];
        printf(", ");
        snprintf(name, sizeof name, "read_%s_gb_s", levels[level]);
        print_json_figure(name, figure_of_level(bench, offsetof(struct rates, read), level), ", ");
        snprintf(name, sizeof name, "rewrite_%s_gb_s", levels[level]);
        print_json_figure(name, figure_of_level(bench, offsetof(struct rates, rewrite), level), "");
    }
    printf("}");
}

/* What the cost function says that a pack is made of. */
static void print_json_costs(const struct cost_term *term, const char *end)
{
    printf("\"costs\": [");
    for (int i = 0; i < N_COSTS; i++)
        printf("%s%.9g", i ? ", " : "", term->n[i]);
    printf("]%s", end);
}

static void print_json_line(const struct bench *bench, const struct line *line)
{
    printf("\n  {\"hidden_size\": %" PRId64 ", \"instruction_set\": \"%s\", \"layout\": \"%s\", \"lanes\": %zu, "
           "\"is_chosen\": %s, \"ms_per_attempt\": %.6g, \"ms_min\": %.6g, \"ms_max\": %.6g, \"gflops\": %.6g, "
           "\"percent_of_roofline\": %.4g, \"estimate_ms\": %.6g, ",
           line->hidden_size, bench->kernels->name, layout_name(line), line->kernels->lanes,
           line->is_chosen ? "true" : "false", line->attempt_ms.median, line->attempt_ms.min, line->attempt_ms.max,
           line->matrix_gflops, line->percent_of_r.median, line->estimate_ms);
    print_json_costs(&line->terms.training, ", ");
    print_json_figure("r_ms", line->r_ms, ", ");
    print_json_figure("n_ms", line->n_ms, ", ");
    print_json_figure("percent_of_r", line->percent_of_r, ", ");
    print_json_figure("percent_of_n", line->percent_of_n, "}");
}

/* One object: limits by instruction set; training, measures and job as lists. */
static void print_json(const struct bench *benches, int n_benches, struct line lines[][LINES_MAX], const int *n_lines,
                       const struct bench_tasks *tasks)
{
    const char *separator = "";
    printf("{\"limits\": {");
    for (int b = 0; b < n_benches; b++, separator = ",") {
        printf("%s", separator);
        print_json_limits(&benches[b]);
    }
    printf("},\n \"training\": [");
    separator = "";
    for (int b = 0; b < n_benches; b++)
        for (int i = 0; i < 2 * n_lines[b]; i++, separator = ",") {
            printf("%s", separator);
            print_json_line(&benches[b], &lines[b][i]);
        }
    printf("],\n \"measures\": [");
    separator = "";
    for (int b = 0; b < n_benches; b++)
        for (int i = 0; i < 2 * n_lines[b] && !benches[b].only_training; i++, separator = ",") {
            printf("%s\n  {\"hidden_size\": %" PRId64 ", \"instruction_set\": \"%s\", \"layout\": \"%s\", ", separator,
                   lines[b][i].hidden_size, benches[b].kernels->name, layout_name(&lines[b][i]));
            print_json_costs(&lines[b][i].terms.measures, ", ");
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
    printf("]");
    if (tasks->job.ms > 0) {
        printf(",\n \"formulas\": ");
        bench_tasks_print_json(tasks);
    }
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
    if (prepare_limits(bench, error))
        return error->code;
    for (int i = 0; i < n_widths; i++)
        if (measure_width(bench, widths[i], &lines[2 * i], error))
            return error->code;
    return ERROR_NONE;
}

/* What all lines have in common, from the options. */
static enum error_code read_options(const struct arguments *arguments, struct bench *bench, struct error *error)
{
    hyperparameters_default(&bench->h);
    bench->n_rounds = 9;
    bench->only_training = arguments->training;
    if (arguments->rounds) {
        char *end;
        long n = strtol(arguments->rounds, &end, 10);
        if (end == arguments->rounds || *end || n < 1 || n > ROUNDS_MAX)
            return error_set(error, ERROR_INPUT, "--rounds %.40s: allowed: 1 to %d", arguments->rounds, ROUNDS_MAX);
        bench->n_rounds = (int)n;
    }
    for (size_t i = 0; i < arguments->n_overrides; i++) {
        const struct sweep_override *override = &arguments->overrides[i];
        const struct hyperparameter *row = hyperparameter_find(override->key);
        if (!row)
            return error_set(error, ERROR_INPUT, "--set %s=%s: unknown hyperparameter%s", override->key,
                             override->value, hyperparameter_hint_or_names(override->key).words);
        if (hyperparameter_set_text(&bench->h, row, override->value, error))
            return error_prefix(error, "--set %s=%s", override->key, override->value);
    }
    return hyperparameters_check(&bench->h, error);
}

static enum error_code choose_simd(const char *name, struct error *error)
{
    const struct kernels *ignored;
    if (!name)
        return ERROR_NONE;
    setenv("PICKY_SIMD", name, 1);
    if (kernels_choose(&ignored, error)) { /* its message begins with the variable */
        char words[ERROR_MESSAGE_MAX];
        snprintf(words, sizeof words, "%s", strchr(error->message, ':') ? strchr(error->message, ':') : "");
        return error_set(error, ERROR_INPUT, "--simd %.60s%s", name, words);
    }
    return ERROR_NONE;
}

static enum error_code bench_all(const struct arguments *arguments, struct bench benches[2], struct error *error)
{
    static struct line lines[2][LINES_MAX];
    static const int64_t portable_widths[] = {5, 16};
    struct bench_tasks tasks = {0};
    int64_t widths[WIDTHS_MAX] = {5, 16, 50, 100, 200, 400};
    int n_lines[2] = {6, 2}, n_benches = 1;

    if (arguments->hidden_size && parse_widths(arguments->hidden_size, widths, &n_lines[0], error))
        return error->code;
    if (choose_simd(arguments->simd, error) || read_options(arguments, &benches[0], error))
        return error->code;
    benches[1] = benches[0];
    if (run_bench(&benches[0], widths, n_lines[0], lines[0], error) ||
        (!arguments->training && bench_tasks_measure(&tasks, &benches[0].h, benches[0].n_rounds, error)))
        return error->code;
    if (!arguments->json) {
        print_text(&benches[0], lines[0], 2 * n_lines[0]);
        if (tasks.job.ms > 0)
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
    enum arguments_result parsed = arguments_parse(&arguments, command, "sHIjGW", NULL, argc, argv);
    struct bench benches[2] = {{.kernels = NULL}};
    if (parsed == ARGUMENTS_OK)
        bench_all(&arguments, benches, &error);
    for (int b = 0; b < 2; b++) {
        free(benches[b].memory);
        free(benches[b].rates);
    }
    arguments_free(&arguments);
    if (error.code)
        return report_error(&error);
    return parsed == ARGUMENTS_BAD ? ERROR_INPUT : 0;
}

const struct command command_bench = {
    .name = "bench",
    .synopsis = "[--hidden-size H,...] [--simd NAME] [--set KEY=VALUE]...\n"
                "                   [--rounds N] [--training] [--json]",
    .summary = "Times training, measures and whole jobs, with the machine's own limits beside them.",
    .details = "  --hidden-size H,...\n"
               "                    units of a hidden layer (default 5,16,50,100,200,400)\n"
               "  --simd NAME       instruction set: avx512, avx2, neon or portable (default:\n"
               "                    the widest, then portable)\n"
               "  --set KEY=VALUE   another hyperparameter, e.g. batch_size or context_location\n"
               "  --rounds N        runs of each line, in turn (default 9, or 3 of long ones)\n"
               "  --training        training alone: no measures, no whole jobs\n"
               "  --json            for machines: limits, training, measures, job, formulas\n"
               "\n"
               "Training is one attempt of a full pack with models in the SIMD lanes, or of one\n"
               "model with units in the lanes, all test passes included; * is the layout that\n"
               "full packs of jobs get, and the estimate (ms a model, measures included) is\n"
               "what that choice goes by.\n"
               "\n"
               "Two yardsticks, by the machine's limits, which are measured between the runs: R\n"
               "has the matrix products at the multiply-add peak and then a square root and a\n"
               "division for each parameter and step, one after the other, without the test\n"
               "passes. N has for forward, back and update the longest of multiply-adds, square\n"
               "roots and divisions, and the weights' way from the cache that holds them (and\n"
               "back), and the test passes.\n"
               "\n"
               "A job has its rejected attempts, measures and record in it. Formulas: what the\n"
               "targets of a job cost, at 50 units a layer, as a share of the whole job, if\n"
               "each task takes ten operations, or three transcendental functions, a sample (to\n"
               "stay below 2 and 8 %).\n"
               "\n"
               "Exit codes: 0 done, 2 bad usage, 3 fatal (memory).\n",
    .pages = "scale.md",
    .run = run,
};
