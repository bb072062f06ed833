#include "summary_text.h"

#include "layer_mask.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether a statistic is wanted. Without a choice that is all but the sum of the two sorts of selective units, and what
 * has no place of its own. */
static bool is_shown(const struct summary_table *table, enum statistic statistic)
{
    unsigned statistics = table->options->statistics;
    return statistics ? statistics >> statistic & 1
                      : statistic != STATISTIC_SELECTIVE && statistic != STATISTIC_LOSS_RATIO;
}

/* "K of N = 90.0 % [60.1, 98.2]" */
static void format_proportion(char *text, size_t size, uint64_t k, uint64_t n, const struct estimate *estimate)
{
    size_t used = (size_t)snprintf(text, size, "%" PRIu64 " of %" PRIu64, k, n);
    if (n > 0)
        snprintf(text + used, size - used, " = %.1f %% [%.1f, %.1f]", 100 * estimate->value, 100 * estimate->low,
                 100 * estimate->high);
}

static void begin(const struct reader *reader, const struct selection *selection, const struct groups *groups,
                  const struct summary_options *options, FILE *out)
{
    table_head(reader, selection, out);
    if (options->by)
        fprintf(out, "grouped by %s: %zu group%s\n", options->by, groups->n, groups->n == 1 ? "" : "s");
    fputc('\n', out);
    table_filled(out,
                 "Units by relative importance RI: selective for the first task of a pair\n"
                 "(RI > %s), for the second (RI < -%s); mixed (|RI| < %s); unimportant to both\n"
                 "(below %s of the layer's mean).\n"
                 "Means over %s models, of test errors and the dip medians;\n"
                 "[95 %% intervals] over models: of proportions Wilson's, of medians the sign\n"
                 "test's, else Student's under %d models, then the bootstrap's. Rejected models\n"
                 "count as alive if training changed their test errors.\n"
                 "Dip and two peaks: of ln(I of the first task/I of the second); models whose dip\n"
                 "is too large for one peak (p < .05), beside those of the same configuration with\n"
                 "one of the two tasks learned twice (identical), as far as the file has them.\n"
                 "Jaccard index and overlap: of the sets of units that matter to the two tasks,\n"
                 "with what chance gives sets of these sizes. D: how far their importances lie on\n"
                 "different units, 0 to 1. Of all tasks: S and N_eff, how selective a unit is and\n"
                 "how many it serves, and the share of units that prefer each of the two.\n",
                 text_number(ri_selective_above(&options->ri)).words,
                 text_number(ri_selective_above(&options->ri)).words, text_number(ri_mixed_below(&options->ri)).words,
                 text_number(options->ri.unimportant_below).words, models_word(reader), BOOTSTRAP_MODELS_MIN);
    if (options->ri.normalise == NORMALISE_LAYER)
        fprintf(out, "Importances are divided by their sum over the layer, for each model and task.\n");
}

static void print_acceptance(const struct summary_table *table, FILE *out)
{
    const struct sample *sample = table->sample;
    const struct estimate *statistics = table->estimates->layers[0].statistics;
    uint64_t accepted = sample->counts[STATUS_ACCEPTED], n_jobs = 0;
    char text[512];
    for (int s = 0; s < N_STATUSES; s++)
        n_jobs += sample->counts[s];
    if (is_shown(table, STATISTIC_ACCEPTANCE)) {
        format_proportion(text, sizeof text, accepted,
                          accepted + sample->counts[STATUS_REJECTED] + sample->counts[STATUS_DIVERGED],
                          &statistics[STATISTIC_ACCEPTANCE]);
        for (int s = STATUS_REJECTED; s < N_STATUSES; s++)
            if (sample->counts[s] > 0)
                snprintf(text + strlen(text), sizeof text - strlen(text), ", %" PRIu64 " %s", sample->counts[s],
                         status_names[s]);
        if (sample->counts[STATUS_PENDING] > 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), ", %" PRIu64 " of %" PRIu64 " pending",
                     sample->counts[STATUS_PENDING], n_jobs);
        table_wrapped("  models accepted   ", text, out);
    }
    if (is_shown(table, STATISTIC_ATTEMPT_ACCEPTANCE)) {
        format_proportion(text, sizeof text, accepted, sample->n_attempts, &statistics[STATISTIC_ATTEMPT_ACCEPTANCE]);
        table_wrapped("  attempts accepted ", text, out);
    }
}

/* "WHAT .0123 [.0120,.0130]" */
static void print_estimate(const char *what, const struct estimate *estimate, FILE *out)
{
    char value[TABLE_NUMBER_MAX], low[TABLE_NUMBER_MAX], high[TABLE_NUMBER_MAX];
    table_number(estimate->value, 3, value);
    table_number(estimate->low, 3, low);
    table_number(estimate->high, 3, high);
    fprintf(out, "  %s %s", what, value);
    if (isfinite(estimate->low))
        fprintf(out, " [%s,%s]", low, high);
}

/* "  test error, task 1 .0123 [.0120,.0130], 5-95 % of models .0100-.0200" */
static void print_error(const struct summary_table *table, enum statistic statistic, int task, FILE *out)
{
    size_t n = table->sample->n_models;
    float *errors = malloc(n * sizeof *errors);
    char what[64], low[TABLE_NUMBER_MAX], high[TABLE_NUMBER_MAX];
    snprintf(what, sizeof what, "test error, task %d", task + 1);
    print_estimate(what, &table->estimates->layers[0].statistics[statistic], out);
    if (errors) { /* without memory for it the line is shorter */
        memcpy(errors, sample_column(table->sample, statistic, 0), n * sizeof *errors);
        statistics_sort(errors, n);
        table_number(statistics_quantile(errors, n, 0.05), 3, low);
        table_number(statistics_quantile(errors, n, 0.95), 3, high);
        fprintf(out, ", 5-95 %% of models %s-%s", low, high);
    }
    fprintf(out, "\n");
    free(errors);
}

/* A column of the tables of layers. */
struct column {
    enum statistic statistic;
    int width, precision;
    bool is_first; /* of a table */
};
static const struct column columns[] = {
    {STATISTIC_MEAN_RI, 13, 2, true},
    {STATISTIC_SELECTIVE, 12, 1, false},
    {STATISTIC_SELECTIVE_1, 12, 1, false},
    {STATISTIC_SELECTIVE_2, 12, 1, false},
    {STATISTIC_MIXED, 12, 1, false},
    {STATISTIC_UNIMPORTANT, 12, 1, false},
    {STATISTIC_DIP, 12, 3, true},
    {STATISTIC_TWO_PEAKS, 12, 1, false},
    {STATISTIC_TWO_PEAKS_IDENTICAL, 12, 1, false},
    {STATISTIC_JACCARD, 12, 1, true},
    {STATISTIC_JACCARD_CHANCE, 12, 1, false},
    {STATISTIC_OVERLAP, 12, 1, false},
    {STATISTIC_OVERLAP_CHANCE, 12, 1, false},
    {STATISTIC_DISTANCE, 12, 2, true},
    {STATISTIC_SELECTIVITY, 12, 2, false},
    {STATISTIC_N_EFF, 12, 2, false},
    {STATISTIC_PREFERRED_1, 12, 1, false},
    {STATISTIC_PREFERRED_2, 12, 1, false},
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static void print_number(const struct column *column, const struct estimate *estimate, bool is_interval, FILE *out)
{
    bool is_share = statistic_table[column->statistic].is_share;
    double scale = is_share ? 100 : 1;
    char text[2 * TABLE_NUMBER_MAX + 4] = "-", low[TABLE_NUMBER_MAX], high[TABLE_NUMBER_MAX];
    if (!is_interval && isfinite(estimate->value)) {
        table_fixed(scale * estimate->value, column->precision, low);
        snprintf(text, sizeof text, "%s%s", low, is_share ? " %" : "");
    } else if (is_interval && isfinite(estimate->low)) {
        table_fixed(scale * estimate->low, column->precision, low);
        table_fixed(scale * estimate->high, column->precision, high);
        snprintf(text, sizeof text, "[%s,%s]", low, high);
    }
    fprintf(out, " %*s", column->width - 1, text);
}

static void print_head(const struct column *column, const struct ri_options *ri, FILE *out)
{
    char head[STATISTIC_LABEL_MAX];
    switch (column->statistic) {
    case STATISTIC_SELECTIVE_1: snprintf(head, sizeof head, "selective %d", ri->task_a + 1); break;
    case STATISTIC_SELECTIVE_2: snprintf(head, sizeof head, "selective %d", ri->task_b + 1); break;
    case STATISTIC_PREFERRED_1: snprintf(head, sizeof head, "prefer %d", ri->task_a + 1); break;
    case STATISTIC_PREFERRED_2: snprintf(head, sizeof head, "prefer %d", ri->task_b + 1); break;
    case STATISTIC_TWO_PEAKS_IDENTICAL: snprintf(head, sizeof head, "identical"); break;
    case STATISTIC_JACCARD_CHANCE:
    case STATISTIC_OVERLAP_CHANCE: snprintf(head, sizeof head, "by chance"); break;
    default: snprintf(head, sizeof head, "%s", statistic_table[column->statistic].label);
    }
    fprintf(out, " %*s", column->width - 1, head);
}

/* A table of the columns `shown` [n_shown]. */
static void print_columns(const struct summary_table *table, const struct sample_estimates *estimates,
                          const struct column *const *shown, size_t n_shown, FILE *out)
{
    fprintf(out, "    ");
    for (size_t c = 0; c < n_shown; c++)
        print_head(shown[c], &table->ri, out);
    fprintf(out, "\n");
    for (size_t l = 0; l < estimates->n_layers; l++) {
        if (!layer_mask_has(table->options->layers, l))
            continue;
        fprintf(out, "%4zu", l + 1);
        for (int line = 0; line < 2; line++) {
            for (size_t c = 0; c < n_shown; c++)
                print_number(shown[c], &estimates->layers[l].statistics[shown[c]->statistic], line == 1, out);
            fprintf(out, line == 0 ? "\n    " : "\n");
        }
    }
}

/* The tables of all columns that are wanted; of rejected models the first. */
static void print_tables(const struct summary_table *table, const struct sample_estimates *estimates, FILE *out)
{
    for (size_t first = 0, end; first < (estimates == table->rejected ? 1 : N_COLUMNS); first = end) {
        const struct column *shown[N_COLUMNS];
        size_t n = 0;
        for (end = first; end < N_COLUMNS && (end == first || !columns[end].is_first); end++)
            if (is_shown(table, columns[end].statistic))
                shown[n++] = &columns[end];
        if (n > 0)
            print_columns(table, estimates, shown, n, out);
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
        bool is_long = (size_t)column + strlen(", and ") + strlen(tasks[0]) + strlen(tasks[1]) > TABLE_COLUMNS_MAX;
        fprintf(out, ", %s%s%s\n", tasks[0], is_long ? "\n    and " : " and ", tasks[1]);
        if (table->sample->n_models > 0)
            print_tables(table, table->estimates, out);
        if (table->rejected) {
            fprintf(out, "  rejected, but alive: %zu model%s\n", table->rejected->n_models,
                    table->rejected->n_models == 1 ? "" : "s");
            print_tables(table, table->rejected, out);
        }
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
    if (table->sample->n_models == 0 && !table->rejected)
        return;
    bool has_models = table->sample->n_models > 0;
    if (has_models && table->is_first && is_shown(table, STATISTIC_ERROR_1))
        print_error(table, STATISTIC_ERROR_1, table->ri.task_a, out);
    if (has_models && table->has_pair && table->is_new_task && is_shown(table, STATISTIC_ERROR_2))
        print_error(table, STATISTIC_ERROR_2, table->ri.task_b, out);
    if (has_models && table->has_pair && is_shown(table, STATISTIC_LOSS_RATIO)) {
        char label[STATISTIC_LABEL_MAX];
        statistic_label(STATISTIC_LOSS_RATIO, &table->ri, label);
        print_estimate(label, &table->estimates->layers[0].statistics[STATISTIC_LOSS_RATIO], out);
        fprintf(out, "\n");
    }
    bool has_layers = !table->options->statistics || table->options->statistics >> STATISTIC_FIRST_OF_LAYER;
    if (has_layers)
        print_layers(table, out);
}

const struct summary_writer summary_text = {begin, print_table, NULL, true};
