#include "summary_text.h"

#include "layer_mask.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "  WHAT  K of N = 90.0 % (60-98 %)" */
static void print_proportion(FILE *out, const char *what, uint64_t k, uint64_t n)
{
    double low, high;
    fprintf(out, "  %-18s %" PRIu64 " of %" PRIu64, what, k, n);
    if (n > 0) {
        statistics_wilson(k, n, &low, &high);
        fprintf(out, " = %.1f %% [%.1f, %.1f]", 100 * (double)k / (double)n, 100 * low, 100 * high);
    }
}

static void begin(const struct reader *reader, const struct selection *selection, const struct groups *groups,
                  const struct summary_options *options, FILE *out)
{
    table_head(reader, selection, out);
    if (options->by)
        fprintf(out, "grouped by %s: %zu group%s\n", options->by, groups->n, groups->n == 1 ? "" : "s");
    fprintf(out,
            "\nUnits by relative importance RI: selective(+) RI > %g, for the first task of a pair; selective(-)\n"
            "RI < -%g, for the second; mixed |RI| < %g; unimportant to both (below %g of the layer's mean).\n"
            "Means over accepted models, of the dip the median; [95 %% intervals] over models: of proportions\n"
            "Wilson's, of medians the sign test's, else Student's under %d models, then the bootstrap's.\n"
            "Dip and two peaks: of ln(I of the first task/I of the second); models whose dip is too large for one\n"
            "peak (p < 0.05), to be compared with identical tasks. Sarle's bimodality is no longer computed.\n"
            "Jaccard index and overlap: of the sets of units that matter to the two tasks, with what chance gives\n"
            "sets of these sizes. Of all tasks: S and N_eff, how selective a unit is and how many it serves, and\n"
            "the share of units that prefer each of the two.\n",
            RI_SELECTIVE_ABOVE, RI_SELECTIVE_ABOVE, RI_MIXED_BELOW, options->ri.unimportant_below,
            BOOTSTRAP_MODELS_MIN);
    if (options->ri.normalise == NORMALISE_LAYER)
        fprintf(out, "Importances are divided by their sum over the layer, for each model and task.\n");
}

static void print_acceptance(const struct summary_table *table, FILE *out)
{
    const struct sample *sample = table->sample;
    uint64_t accepted = sample->counts[STATUS_ACCEPTED], n_jobs = 0;
    for (int s = 0; s < N_STATUSES; s++)
        n_jobs += sample->counts[s];
    print_proportion(out, "models accepted", accepted,
                     accepted + sample->counts[STATUS_REJECTED] + sample->counts[STATUS_DIVERGED]);
    for (int s = STATUS_REJECTED; s < N_STATUSES; s++)
        if (sample->counts[s] > 0)
            fprintf(out, ", %" PRIu64 " %s", sample->counts[s], status_names[s]);
    if (sample->counts[STATUS_PENDING] > 0)
        fprintf(out, ", %" PRIu64 " of %" PRIu64 " pending", sample->counts[STATUS_PENDING], n_jobs);
    fprintf(out, "\n");
    print_proportion(out, "attempts accepted", accepted, sample->n_attempts);
    fprintf(out, "\n");
}

/* "  error of task 1  0.0123 [0.0120, 0.0130], 5-95 % of models 0.0100-0.0200" */
static void print_error(const struct summary_table *table, enum statistic statistic, int task, FILE *out)
{
    const struct estimate *median = &table->estimates->layers[0].statistics[statistic];
    size_t n = table->sample->n_models;
    float *errors = malloc(n * sizeof *errors);
    fprintf(out, "  test error, task %d %.4f", task + 1, median->value);
    if (isfinite(median->low))
        fprintf(out, " [%.4f, %.4f]", median->low, median->high);
    if (errors) { /* without memory for it the line is shorter */
        memcpy(errors, sample_column(table->sample, statistic, 0), n * sizeof *errors);
        statistics_sort(errors, n);
        fprintf(out, " median, 5-95 %% of models %.4f-%.4f", statistics_quantile(errors, n, 0.05),
                statistics_quantile(errors, n, 0.95));
    }
    fprintf(out, "\n");
    free(errors);
}

/* A column of the table of layers. */
struct column {
    enum statistic statistic;
    int width, precision;
};
static const struct column columns[] = {
    {STATISTIC_MEAN_RI, 15, 2},   {STATISTIC_SELECTIVE_1, 14, 1}, {STATISTIC_SELECTIVE_2, 14, 1},
    {STATISTIC_MIXED, 13, 1},     {STATISTIC_UNIMPORTANT, 13, 1}, {STATISTIC_DIP, 13, 3},
    {STATISTIC_TWO_PEAKS, 14, 1},
};
static const struct column sharing_columns[] = {
    {STATISTIC_JACCARD, 12, 1},        {STATISTIC_JACCARD_CHANCE, 12, 1}, {STATISTIC_OVERLAP, 12, 1},
    {STATISTIC_OVERLAP_CHANCE, 12, 1}, {STATISTIC_SELECTIVITY, 13, 2},    {STATISTIC_N_EFF, 13, 2},
    {STATISTIC_PREFERRED_1, 12, 1},    {STATISTIC_PREFERRED_2, 12, 1},
};
#define COLUMNS_MAX 100
#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static void print_number(const struct column *column, const struct estimate *estimate, bool is_interval, FILE *out)
{
    bool is_share = statistic_table[column->statistic].is_share;
    double scale = is_share ? 100 : 1;
    char text[64] = "-";
    if (!is_interval && isfinite(estimate->value))
        snprintf(text, sizeof text, "%.*f%s", column->precision, scale * estimate->value, is_share ? " %" : "");
    else if (is_interval && isfinite(estimate->low))
        snprintf(text, sizeof text, "[%.*f,%.*f]", column->precision, scale * estimate->low, column->precision,
                 scale * estimate->high);
    fprintf(out, "%*s", column->width, text);
}

static void print_head(const struct column *column, const struct ri_options *ri, FILE *out)
{
    char head[32];
    if (column->statistic == STATISTIC_SELECTIVE_1)
        snprintf(head, sizeof head, "select.(+) %d", ri->task_a + 1);
    else if (column->statistic == STATISTIC_SELECTIVE_2)
        snprintf(head, sizeof head, "select.(-) %d", ri->task_b + 1);
    else if (column->statistic == STATISTIC_PREFERRED_1 || column->statistic == STATISTIC_PREFERRED_2)
        snprintf(head, sizeof head, "prefer %d",
                 (column->statistic == STATISTIC_PREFERRED_1 ? ri->task_a : ri->task_b) + 1);
    else if (column->statistic == STATISTIC_JACCARD_CHANCE || column->statistic == STATISTIC_OVERLAP_CHANCE)
        snprintf(head, sizeof head, "by chance");
    else
        snprintf(head, sizeof head, "%s", statistic_table[column->statistic].label);
    fprintf(out, "%*s", column->width, head);
}

static void print_columns(const struct summary_table *table, const struct column *shown, size_t n_shown, FILE *out)
{
    fprintf(out, "    ");
    for (size_t c = 0; c < n_shown; c++)
        print_head(&shown[c], &table->ri, out);
    fprintf(out, "\n");
    for (size_t l = 0; l < table->estimates->n_layers; l++) {
        if (!layer_mask_has(table->options->layers, l))
            continue;
        fprintf(out, "%4zu", l + 1);
        for (int line = 0; line < 2; line++) {
            for (size_t c = 0; c < n_shown; c++)
                print_number(&shown[c], &table->estimates->layers[l].statistics[shown[c].statistic], line == 1, out);
            fprintf(out, line == 0 ? "\n    " : "\n");
        }
    }
}

static void print_layers(const struct summary_table *table, FILE *out)
{
    const struct selection *group = &table->groups->groups[table->group];
    char tasks[2][TASK_LABEL_MAX];
    task_label(table->reader, group, table->ri.task_a, tasks[0]);
    int column = fprintf(out, "  %s", measure_table[table->ri.measure].name);
    if (table->has_pair) {
        task_label(table->reader, group, table->ri.task_b, tasks[1]);
        bool is_long = (size_t)column + strlen(", and ") + strlen(tasks[0]) + strlen(tasks[1]) > COLUMNS_MAX;
        fprintf(out, ", %s%s%s\n", tasks[0], is_long ? "\n    and " : " and ", tasks[1]);
        print_columns(table, columns, N_OF(columns), out);
        print_columns(table, sharing_columns, N_OF(sharing_columns), out);
    } else {
        fprintf(out, ", %s: one task, and so no relative importance\n", tasks[0]);
    }
}

static void print_table(const struct summary_table *table, FILE *out)
{
    const struct selection *group = &table->groups->groups[table->group];
    if (table->is_first) {
        char label[LABEL_MAX], number[64];
        groups_label(table->groups, table->reader, table->group, label);
        if (table->options->by)
            snprintf(number, sizeof number, "\n[%zu configuration%s]", group->n, group->n == 1 ? "" : "s");
        else
            snprintf(number, sizeof number, "\n[%zu]", group->configs[0]);
        table_wrapped(number, label, out);
        print_acceptance(table, out);
    }
    if (table->sample->n_models == 0)
        return;
    if (table->is_first)
        print_error(table, STATISTIC_ERROR_1, table->ri.task_a, out);
    if (table->has_pair && table->is_new_task)
        print_error(table, STATISTIC_ERROR_2, table->ri.task_b, out);
    print_layers(table, out);
}

const struct summary_writer summary_text = {begin, print_table, NULL};
