#include "summary.h"

#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 100

static double percent(uint64_t k, uint64_t n)
{
    return 100 * (double)k / (double)n;
}

/* "12 accepted, 1 rejected" of the statuses that occur, pending ones not included. */
static void print_statuses(FILE *out, const uint64_t counts[N_STATUSES])
{
    bool is_first = true;
    for (int s = STATUS_PENDING + 1; s < N_STATUSES; s++)
        if (counts[s] > 0) {
            fprintf(out, "%s%" PRIu64 " %s", is_first ? "" : ", ", counts[s], status_names[s]);
            is_first = false;
        }
}

static void print_header(const struct reader *reader, const struct selection *selection,
                         const struct ri_options *options, FILE *out)
{
    uint64_t total[N_STATUSES] = {0}, n_jobs = 0;
    char names[LABEL_MAX];
    for (size_t c = 0; c < reader->n_configs; c++) {
        uint64_t counts[N_STATUSES];
        reader_count(reader, c, counts);
        for (int s = 0; s < N_STATUSES; s++)
            total[s] += counts[s];
    }
    for (int s = 0; s < N_STATUSES; s++)
        n_jobs += total[s];

    fprintf(out, "%s", reader->path);
    fprintf(out, "%s", *reader->name ? ": " : "");
    for (const char *c = reader->name; *c; c++) /* nothing in it must steer the terminal */
        fputc((unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
    fprintf(out, "\n%zu configuration%s x %zu replicate%s = %" PRIu64 " job%s: ", reader->n_configs,
            reader->n_configs == 1 ? "" : "s", reader->n_replicates, reader->n_replicates == 1 ? "" : "s", n_jobs,
            n_jobs == 1 ? "" : "s");
    if (total[STATUS_PENDING] > 0)
        fprintf(out, "UNFINISHED, %" PRIu64 " done (%.1f %%)", n_jobs - total[STATUS_PENDING],
                percent(n_jobs - total[STATUS_PENDING], n_jobs));
    else
        fprintf(out, "complete");
    fprintf(out, "\n");
    if (total[STATUS_PENDING] < n_jobs) {
        print_statuses(out, total);
        fprintf(out, "\n");
    }
    selection_swept(reader, names);
    fprintf(out, "swept: %s\n", names);
    if (selection->n < reader->n_configs)
        fprintf(out, "shown: %zu of the configurations\n", selection->n);
    fprintf(out,
            "\nUnits by relative importance RI under %s; below %g of the layer's mean counts as 0.\n"
            "Shares of all units of accepted models: selective(+) RI > %g, for the first task; selective(-)\n"
            "RI < -%g, for the second; mixed |RI| < %g; unimportant to both. [95 %% Wilson intervals]\n",
            measure_names[options->measure], options->unimportant_below, RI_SELECTIVE_ABOVE, RI_SELECTIVE_ABOVE,
            RI_MIXED_BELOW);
}

/* "  WHAT  K of N = 90.0 % (60-98 %)" */
static void print_proportion(FILE *out, const char *what, uint64_t k, uint64_t n)
{
    double low, high;
    fprintf(out, "  %-18s %" PRIu64 " of %" PRIu64, what, k, n);
    if (n > 0) {
        statistics_wilson(k, n, &low, &high);
        fprintf(out, " = %.1f %% [%.1f, %.1f]", percent(k, n), 100 * low, 100 * high);
    }
}

static enum error_code print_acceptance(struct reader *reader, size_t config, FILE *out, struct error *error)
{
    uint64_t counts[N_STATUSES], n_attempts;
    if (models_attempts(reader, config, &n_attempts, error))
        return error->code;
    reader_count(reader, config, counts);

    uint64_t accepted = counts[STATUS_ACCEPTED];
    print_proportion(out, "models accepted", accepted, accepted + counts[STATUS_REJECTED] + counts[STATUS_DIVERGED]);
    for (int s = STATUS_REJECTED; s < N_STATUSES; s++)
        if (counts[s] > 0)
            fprintf(out, ", %" PRIu64 " %s", counts[s], status_names[s]);
    if (counts[STATUS_PENDING] > 0)
        fprintf(out, ", %" PRIu64 " of %zu pending", counts[STATUS_PENDING], reader->n_replicates);
    fprintf(out, "\n");
    print_proportion(out, "attempts accepted", accepted, n_attempts);
    fprintf(out, "\n");
    return ERROR_NONE;
}

static enum error_code print_errors(struct reader *reader, size_t config, FILE *out, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    size_t n = models_accepted(reader, config), n_tasks = (size_t)hyperparameters_n_tasks(h);
    float *errors = malloc(n * n_tasks * sizeof *errors);
    if (!errors)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    if (!models_test_error(reader, config, (size_t)hyperparameters_history(h) - 1, 1, errors, error)) {
        fprintf(out, "  %-18s", "test error");
        for (size_t t = 0; t < n_tasks; t++) {
            statistics_sort(errors + t * n, n);
            fprintf(out, "%s task %zu %.4f (%.4f-%.4f)", t ? "," : "", t + 1,
                    statistics_quantile(errors + t * n, n, 0.5), statistics_quantile(errors + t * n, n, 0.05),
                    statistics_quantile(errors + t * n, n, 0.95));
        }
        fprintf(out, ": median (5-95 %%)\n");
    }
    free(errors);
    return error->code;
}

static enum error_code print_layers(struct reader *reader, size_t config, const struct ri_options *options, FILE *out,
                                    struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    struct ri_counts counts[LAYERS_MAX];
    char selective_a[32], selective_b[32];
    if (models_relative_importance(reader, config, options, counts, error))
        return error->code;

    snprintf(selective_a, sizeof selective_a, "selective(+) %d", options->task_a + 1);
    snprintf(selective_b, sizeof selective_b, "selective(-) %d", options->task_b + 1);
    fprintf(out, "  %-7s %16s %16s %12s %14s\n", "layer", selective_a, selective_b, "mixed", "unimportant");
    for (int l = 0; l < (int)h->hidden_layers; l++)
        fprintf(out, "  %-7d %14.1f %% %14.1f %% %10.1f %% %12.1f %%\n", l + 1,
                percent(counts[l].selective_a, counts[l].n_units), percent(counts[l].selective_b, counts[l].n_units),
                percent(counts[l].mixed, counts[l].n_units), percent(counts[l].unimportant, counts[l].n_units));
    return ERROR_NONE;
}

/* "[N] key = value, ...", broken at its commas. */
static void print_label(const struct reader *reader, size_t config, FILE *out)
{
    char label[LABEL_MAX];
    selection_label(reader, config, label);
    int column = fprintf(out, "\n[%zu]", config + 1) - 1;
    for (const char *item = label; *item;) {
        const char *comma = strchr(item, ',');
        int length = comma ? (int)(comma - item) + 1 : (int)strlen(item);
        if (column + 1 + length > COLUMNS_MAX)
            column = fprintf(out, "\n   ") - 1;
        column += fprintf(out, " %.*s", length, item);
        item += length;
        item += strspn(item, " ");
    }
    fprintf(out, "\n");
}

static enum error_code print_config(struct reader *reader, size_t config, const struct ri_options *options, FILE *out,
                                    struct error *error)
{
    print_label(reader, config, out);
    if (print_acceptance(reader, config, out, error))
        return error->code;
    if (models_accepted(reader, config) == 0)
        return ERROR_NONE;
    if (print_errors(reader, config, out, error))
        return error->code;

    struct ri_options pair = *options;
    int n_tasks = hyperparameters_n_tasks(&reader->configs[config]);
    for (pair.task_a = 0; pair.task_a < n_tasks; pair.task_a++)
        for (pair.task_b = pair.task_a + 1; pair.task_b < n_tasks; pair.task_b++)
            if (print_layers(reader, config, &pair, out, error))
                return error->code;
    return ERROR_NONE;
}

enum error_code summary_print(struct reader *reader, const struct selection *selection,
                              const struct ri_options *options, FILE *out, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_IMPORTANCE};
    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error))
        return error->code;
    print_header(reader, selection, options, out);
    for (size_t i = 0; i < selection->n; i++)
        if (print_config(reader, selection->configs[i], options, out, error))
            return error->code;
    if (fflush(out) != 0 || ferror(out))
        return error_set(error, ERROR_FATAL, "cannot write the summary: %s", strerror(errno));
    return ERROR_NONE;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    return summary_print(reader, selection, &request->ri, stdout, error);
}

const struct command command_summary = {
    .name = "summary",
    .synopsis = "",
    .summary = "Prints acceptance, test errors and shares of selective neurons for each configuration",
    .options = "where measure unimportant-below",
    .run = run,
};
