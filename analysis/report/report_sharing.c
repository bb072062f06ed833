#include "report_sharing.h"

#include "histogram.h"
#include "palette.h"
#include "report_task_map.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define CONFIGS_MAX 12 /* that are shown: each is read once for each pair of its tasks */
#define PAIRS_MAX   (TASKS_MAX * (TASKS_MAX - 1) / 2)
#define MINI_WIDTH  84.0 /* of a pair's histogram, at most; of all in a row */
#define MINI_ROW    500.0
#define MINI_HEIGHT 44.0
#define COLOUR_LOW  0xffffffu
#define COLOUR_HIGH 0x9cc3e6u /* black text is easy to read on it */

/* One configuration by pairs of its tasks, a < b, at b (b - 1)/2 + a. */
struct sharing {
    size_t row; /* of the report */
    int n_tasks;
    struct sample_estimates pairs[PAIRS_MAX];
    struct histogram histograms[PAIRS_MAX]; /* of all layers together */
};

static size_t pair_index(int a, int b)
{
    return (size_t)b * (size_t)(b - 1) / 2 + (size_t)a;
}

static int n_tasks_of(const struct report *report, size_t i)
{
    return (int)hyperparameters_n_tasks(report_hyperparameters(report, i));
}

bool report_has_sharing(const struct report *report)
{
    for (size_t i = 0; i < report->n_rows; i++)
        if (n_tasks_of(report, i) > 2)
            return true;
    return false;
}

static enum error_code read_sharing(const struct report *report, size_t i, struct sharing *sharing, struct error *error)
{
    const struct selection one = {&report->selection->configs[i], 1};
    struct ri_options ri = report->options->ri;
    uint64_t wanted = 0;
    for (int s = STATISTIC_FIRST_OF_SHARING; s < N_STATISTICS; s++)
        wanted |= (uint64_t)1 << s;
    sharing->row = i;
    sharing->n_tasks = n_tasks_of(report, i);
    error->code = ERROR_NONE;
    for (ri.task_b = 1; ri.task_b < sharing->n_tasks && !error->code; ri.task_b++)
        for (ri.task_a = 0; ri.task_a < ri.task_b && !error->code; ri.task_a++) {
            size_t p = pair_index(ri.task_a, ri.task_b);
            struct sample sample = {0};
            if (!sample_read(&sample, report->reader, &one, &ri, true, error) &&
                !sample_estimate_some(&sample, wanted, &sharing->pairs[p], error))
                histogram_of(&sample, 0, &sharing->histograms[p], error);
            sample_free(&sample);
        }
    return error->code;
}

static void write_task(const struct report *report, size_t i, int task)
{
    char name[TASK_LABEL_MAX];
    task_name(report_hyperparameters(report, i), task, name);
    html_printf(report->out, "%d: %s", task + 1, name);
}

/* ---- histograms of all pairs ---- */

static void write_mini(FILE *out, const struct histogram *histogram, double top, double full_width, int a, int b)
{
    char title[64], description[128];
    double width = full_width / RI_BINS, bottom = MINI_HEIGHT - 1;
    snprintf(title, sizeof title, "Relative importance, tasks %d and %d", a + 1, b + 1);
    snprintf(description, sizeof description,
             "RI below -0.8: %.1f %%; above 0.8: %.1f %%; unimportant to both: %.1f %%", 100 * histogram->bins[0].value,
             100 * histogram->bins[RI_BINS - 1].value, 100 * histogram->unimportant.value);
    svg_begin(out, full_width, MINI_HEIGHT, title, description);
    for (int bin = 0; bin < RI_BINS; bin++) {
        double height = (MINI_HEIGHT - 4) * histogram->bins[bin].value / top;
        svg_bar(out, bin * width + 0.5, bottom - height, width - 1, height,
                palette_ri(&palette_safe, 2 * bin / (RI_BINS - 1.0) - 1));
    }
    svg_line(out, 0, bottom, full_width, bottom, "axis");
    svg_end(out);
}

static void write_histograms(const struct report *report, const struct sharing *sharing)
{
    FILE *out = report->out;
    char name[64];
    double top = 0;
    for (size_t p = 0; p <= pair_index(sharing->n_tasks - 2, sharing->n_tasks - 1); p++)
        for (int b = 0; b < RI_BINS; b++)
            top = fmax(top, sharing->histograms[p].bins[b].value);
    if (!(top > 0))
        return;
    snprintf(name, sizeof name, "RI of all pairs of tasks, configuration %zu",
             report->selection->configs[sharing->row]);
    report_table_begin(out, name, "matrix");
    fprintf(out, "<caption>RI of all pairs, all layers</caption>\n<thead><tr><td></td>");
    for (int a = 0; a < sharing->n_tasks - 1; a++) {
        fprintf(out, "<th scope=\"col\">");
        write_task(report, sharing->row, a);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int b = 1; b < sharing->n_tasks; b++) {
        fprintf(out, "<tr><th scope=\"row\">");
        write_task(report, sharing->row, b);
        fprintf(out, "</th>");
        for (int a = 0; a < sharing->n_tasks - 1; a++) {
            fprintf(out, "<td>");
            if (a < b)
                write_mini(out, &sharing->histograms[pair_index(a, b)], top,
                           fmin(MINI_WIDTH, MINI_ROW / (sharing->n_tasks - 1)), a, b);
            fprintf(out, "</td>");
        }
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

/* ---- matrices of a layer ---- */

static const struct estimate *of_pair(const struct sharing *sharing, int a, int b, size_t layer,
                                      enum statistic statistic)
{
    return &sharing->pairs[a < b ? pair_index(a, b) : pair_index(b, a)].layers[layer].statistics[statistic];
}

static void write_matrix_cell(FILE *out, double share)
{
    if (isnan(share))
        fprintf(out, "<td class=\"none\">-</td>");
    else
        fprintf(out, "<td style=\"background:#%06" PRIx32 "\">%.0f</td>", palette_blend(COLOUR_LOW, COLOUR_HIGH, share),
                100 * share);
}

/* Jaccard below the diagonal, chance above it. */
static void write_matrix(const struct report *report, const struct sharing *sharing, size_t layer)
{
    FILE *out = report->out;
    char name[64];
    snprintf(name, sizeof name, "Jaccard of layer %zu, configuration %zu", layer + 1,
             report->selection->configs[sharing->row]);
    report_table_begin(out, name, "map");
    fprintf(out, "<caption>Layer %zu: Jaccard, %% (above: chance)</caption>\n<thead><tr><td></td>", layer + 1);
    for (int a = 0; a < sharing->n_tasks; a++)
        fprintf(out, "<th scope=\"col\">%d</th>", a + 1);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int b = 0; b < sharing->n_tasks; b++) {
        fprintf(out, "<tr><th scope=\"row\">%d</th>", b + 1);
        for (int a = 0; a < sharing->n_tasks; a++)
            if (a == b)
                fprintf(out, "<td></td>");
            else
                write_matrix_cell(
                    out, of_pair(sharing, a, b, layer, a < b ? STATISTIC_JACCARD : STATISTIC_JACCARD_CHANCE)->value);
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

/* ---- tables ---- */

/* The share of units that prefer a task. */
static const struct estimate *preferring(const struct sharing *sharing, int task, size_t layer)
{
    return task == 0 ? of_pair(sharing, 0, 1, layer, STATISTIC_PREFERRED_1)
                     : of_pair(sharing, 0, task, layer, STATISTIC_PREFERRED_2);
}

static void write_layers(const struct report *report, const struct sharing *sharing)
{
    FILE *out = report->out;
    char name[64];
    snprintf(name, sizeof name, "Tasks that neurons serve, configuration %zu",
             report->selection->configs[sharing->row]);
    report_table_begin(out, name, "stacked sharing");
    fprintf(out, "<thead><tr><th scope=\"col\">layer</th><th scope=\"col\">S</th><th scope=\"col\">N_eff</th>");
    for (int t = 0; t < sharing->n_tasks; t++) {
        fprintf(out, "<th scope=\"col\">prefer ");
        write_task(report, sharing->row, t);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t l = 0; l < report_layers(report, sharing->row); l++) {
        fprintf(out, "<tr><th scope=\"row\">%zu</th><td>", l + 1);
        report_write_estimate(out, of_pair(sharing, 0, 1, l, STATISTIC_SELECTIVITY), false);
        fprintf(out, "</td><td>");
        report_write_estimate(out, of_pair(sharing, 0, 1, l, STATISTIC_N_EFF), false);
        fprintf(out, "</td>");
        for (int t = 0; t < sharing->n_tasks; t++) {
            fprintf(out, "<td>");
            report_write_estimate(out, preferring(sharing, t, l), true);
            fprintf(out, "</td>");
        }
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

static void write_pairs(const struct report *report, const struct sharing *sharing)
{
    static const enum statistic shown[] = {STATISTIC_JACCARD, STATISTIC_JACCARD_CHANCE, STATISTIC_OVERLAP,
                                           STATISTIC_OVERLAP_CHANCE};
    size_t n_layers = report_layers(report, sharing->row), config = report->selection->configs[sharing->row];
    FILE *out = report->out;
    char name[64];
    report_fold_begin(out, "Overlap of each pair, with intervals", pair_index(0, sharing->n_tasks) * n_layers);
    snprintf(name, sizeof name, "Overlap of each pair, configuration %zu", config);
    report_table_begin(out, name, "stacked");
    fprintf(out, "<thead><tr><th scope=\"col\">Tasks</th><th scope=\"col\">layer</th>");
    for (size_t s = 0; s < sizeof shown / sizeof shown[0]; s++)
        fprintf(out, "<th scope=\"col\">%s</th>", statistic_table[shown[s]].label);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int b = 1; b < sharing->n_tasks; b++)
        for (int a = 0; a < b; a++)
            for (size_t l = 0; l < n_layers; l++) {
                fprintf(out, "<tr>");
                if (l == 0)
                    fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%zu\">%d and %d</th>", n_layers, a + 1, b + 1);
                fprintf(out, "<th scope=\"row\">%zu</th>", l + 1);
                for (size_t s = 0; s < sizeof shown / sizeof shown[0]; s++) {
                    fprintf(out, "<td>");
                    report_write_estimate(out, of_pair(sharing, a, b, l, shown[s]), true);
                    fprintf(out, "</td>");
                }
                fprintf(out, "</tr>\n");
            }
    report_table_end(out);
    report_fold_end(out);
}

static enum error_code write_config(const struct report *report, const struct sharing *sharing, struct error *error)
{
    FILE *out = report->out;
    fprintf(out, "<h3>");
    report_write_label(report, sharing->row);
    fprintf(out, "</h3>\n<div class=\"panels\">\n");
    write_histograms(report, sharing);
    for (size_t l = 0; l < report_layers(report, sharing->row); l++)
        write_matrix(report, sharing, l);
    fprintf(out, "</div>\n");
    write_layers(report, sharing);
    if (report_task_map(report, sharing->row, error))
        return error->code;
    write_pairs(report, sharing);
    return ERROR_NONE;
}

static void write_head(const struct report *report)
{
    FILE *out = report->out;
    fprintf(out, "<section id=\"sharing\" aria-labelledby=\"h-sharing\">\n<h2 id=\"h-sharing\">Sharing</h2>\n"
                 "<p>How tasks share the neurons of a layer, a neuron mattering to a task if its importance does not "
                 "count as 0. Jaccard: ");
    html_text(out, statistic_table[STATISTIC_JACCARD].meaning);
    fprintf(out, "; overlap: ");
    html_text(out, statistic_table[STATISTIC_OVERLAP].meaning);
    fprintf(out, "; both beside what random neurons, as many for each task, have by chance. S: ");
    html_text(out, statistic_table[STATISTIC_SELECTIVITY].meaning);
    fprintf(out, ". N_eff: ");
    html_text(out, statistic_table[STATISTIC_N_EFF].meaning);
    fprintf(out,
            ". Prefer: neurons to which, of all tasks, this one is the most important. Histograms: left, the row's "
            "task alone; right, the column's. Tasks by units: the darker, the nearer to the task's most important "
            "unit of the layer; units stand by the task that they serve most.</p>\n");
}

enum error_code report_sharing(const struct report *report, struct error *error)
{
    FILE *out = report->out;
    size_t n = 0, n_shown = 0;
    struct sharing *sharing = calloc(1, sizeof *sharing);
    if (!sharing)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    for (size_t k = 0; k < report->n_figured; k++)
        n += n_tasks_of(report, report->figured[k]) > 2 && report_accepted(report, report->figured[k]) > 0;
    write_head(report);
    error->code = ERROR_NONE;
    for (size_t k = 0; k < report->n_figured && n_shown < CONFIGS_MAX && !error->code; k++) {
        size_t i = report->figured[k];
        if (n_tasks_of(report, i) < 3 || report_accepted(report, i) == 0)
            continue;
        if (!read_sharing(report, i, sharing, error))
            write_config(report, sharing, error);
        n_shown++;
    }
    if (n == 0)
        fprintf(out, "<p class=\"note\">No accepted model.</p>\n");
    if (n_shown < n)
        fprintf(out,
                "<p class=\"note\">The first %zu of %zu configurations with figures; others with <code>--where</code>, "
                "all in <code>picky-analyse summary FILE</code>.</p>\n",
                n_shown, n);
    fprintf(out, "</section>\n");
    free(sharing);
    return error->code;
}
