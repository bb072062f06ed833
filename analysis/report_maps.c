/* Statistics as numbers on coloured ground: over two swept hyperparameters if the sweep is a grid, else a row for each
 * configuration. */
#include "report_parts.h"

#include "layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLOUR_LOW  0xffffffu
#define COLOUR_HIGH 0x0b4a8fu
#define GROUPS_MAX  12   /* combinations of the hyperparameters that are neither rows nor columns */
#define CELLS_MAX   9000 /* of all maps over two hyperparameters */

/* The statistics of a layer's neurons that have maps, as shares of all of them. */
static double share_selective(const struct ri_counts *counts)
{
    return (double)(counts->selective_a + counts->selective_b) / (double)counts->n_units;
}
static double share_mixed(const struct ri_counts *counts)
{
    return (double)counts->mixed / (double)counts->n_units;
}
static double share_unimportant(const struct ri_counts *counts)
{
    return (double)counts->unimportant / (double)counts->n_units;
}
static const struct statistic {
    const char *name, *meaning;
    double (*share)(const struct ri_counts *counts);
} statistics[] = {
    {"selective", "|RI| > 0.9", share_selective},
    {"mixed", "|RI| < 0.5", share_mixed},
    {"unimportant", "to both tasks", share_unimportant},
};
#define N_STATISTICS (sizeof statistics / sizeof statistics[0])

/* The different values of a hyperparameter. */
struct axis {
    const struct hyperparameter *row;
    size_t *examples; /* [n]: a selected configuration that has it */
    size_t n;
};

static size_t n_rows(const struct report *report)
{
    return report->selection->n < REPORT_ROWS_MAX ? report->selection->n : REPORT_ROWS_MAX;
}

/* Numbers upwards, words in the sweep's order. */
static bool comes_before(const struct hyperparameters *a, const struct hyperparameters *b,
                         const struct hyperparameter *row)
{
    if (row->type == HYPERPARAMETER_INTEGER)
        return hyperparameter_integer(a, row) < hyperparameter_integer(b, row);
    return row->type == HYPERPARAMETER_REAL && hyperparameter_real(a, row) < hyperparameter_real(b, row);
}

/* Finds the values; false if memory is short. */
static bool make_axis(struct axis *axis, const struct report *report, const struct hyperparameter *row)
{
    axis->row = row;
    axis->n = 0;
    axis->examples = malloc(n_rows(report) * sizeof *axis->examples);
    if (!axis->examples)
        return false;
    for (size_t i = 0; i < n_rows(report); i++) {
        const struct hyperparameters *h = report_hyperparameters(report, i);
        bool is_new = true;
        for (size_t k = 0; k < axis->n && is_new; k++)
            is_new = !hyperparameter_equal(h, report_hyperparameters(report, axis->examples[k]), row);
        if (!is_new)
            continue;
        size_t k = axis->n++;
        for (; k > 0 && comes_before(h, report_hyperparameters(report, axis->examples[k - 1]), row); k--)
            axis->examples[k] = axis->examples[k - 1];
        axis->examples[k] = i;
    }
    return true;
}

static void write_value(const struct report *report, size_t i, const struct hyperparameter *row)
{
    char value[HYPERPARAMETER_TEXT_MAX];
    hyperparameter_format(report_hyperparameters(report, i), row, value);
    html_text(report->out, value);
}

static void write_cell(FILE *out, double share, double share_max, const char *tooltip)
{
    double shade = share_max > 0 ? share / share_max : 0;
    fprintf(out, "<td style=\"background:#%06" PRIx32 "\"%s title=\"", layout_blend(COLOUR_LOW, COLOUR_HIGH, shade),
            shade > 0.5 ? " class=\"dark\"" : "");
    html_text(out, tooltip);
    fprintf(out, "\">%.*f</td>", share < 0.0995 ? 1 : 0, 100 * share);
}

/* A layer of a configuration, in words. */
static void describe_layer(const struct report *report, size_t i, int layer, char text[512])
{
    const struct ri_counts *counts = &report->configs[i].layers[layer];
    double n = (double)counts->n_units;
    snprintf(text, 512,
             "no. %zu, layer %d: %.1f %% selective for task 1, %.1f %% for task 2, %.1f %% mixed, %.1f %% unimportant; "
             "%" PRIu64 " models",
             report->selection->configs[i] + 1, layer + 1, 100 * (double)counts->selective_a / n,
             100 * (double)counts->selective_b / n, 100 * (double)counts->mixed / n,
             100 * (double)counts->unimportant / n, report_accepted(report, i));
}

/* The largest share there is, for one scale of colours. */
static double find_maximum(const struct report *report, const struct statistic *statistic)
{
    double maximum = 0;
    for (size_t i = 0; i < n_rows(report); i++)
        for (int l = 0; l < report_hyperparameters(report, i)->hidden_layers && report_accepted(report, i) > 0; l++)
            maximum = fmax(maximum, statistic->share(&report->configs[i].layers[l]));
    return maximum;
}

static void write_layer_cell(const struct report *report, size_t i, int layer, const struct statistic *statistic,
                             double maximum)
{
    char text[512];
    if (report_accepted(report, i) == 0 || layer >= report_hyperparameters(report, i)->hidden_layers) {
        fprintf(report->out, "<td class=\"none\">&ndash;</td>");
        return;
    }
    describe_layer(report, i, layer, text);
    write_cell(report->out, statistic->share(&report->configs[i].layers[layer]), maximum, text);
}

/* ---- a row for each configuration ---- */

static void write_list(const struct report *report)
{
    FILE *out = report->out;
    int n_layers = (int)report->reader->layout.size[DIMENSION_LAYER];
    double maxima[N_STATISTICS];

    for (size_t s = 0; s < N_STATISTICS; s++)
        maxima[s] = find_maximum(report, &statistics[s]);
    fprintf(out,
            "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-maps\">"
            "<table class=\"map list\">\n<thead><tr><th scope=\"col\" rowspan=\"2\">Configuration</th>",
            n_rows(report) > 40 ? " tall" : "");
    for (size_t s = 0; s < N_STATISTICS; s++) {
        fprintf(out, "<th scope=\"colgroup\" colspan=\"%d\">%s, %%<br><small>", n_layers, statistics[s].name);
        html_text(out, statistics[s].meaning);
        fprintf(out, "</small></th>");
    }
    fprintf(out, "</tr>\n<tr>");
    for (size_t s = 0; s < N_STATISTICS; s++)
        for (int l = 0; l < n_layers; l++)
            fprintf(out, "<th scope=\"col\">layer %d</th>", l + 1);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n_rows(report); i++) {
        char label[LABEL_MAX];
        report_label(report, i, label);
        fprintf(out, "<tr><th scope=\"row\">");
        html_text(out, label);
        fprintf(out, "</th>");
        for (size_t s = 0; s < N_STATISTICS; s++)
            for (int l = 0; l < n_layers; l++)
                write_layer_cell(report, i, l, &statistics[s], maxima[s]);
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table></div>\n");
}

/* ---- over two hyperparameters ---- */

struct grid {
    struct axis axes[64]; /* [n_axes], most values first: columns, rows, the others */
    size_t n_axes;
    size_t *groups; /* [n_groups]: a configuration of each combination of the others */
    size_t n_groups;
};

static void free_grid(struct grid *grid)
{
    for (size_t a = 0; a < grid->n_axes; a++)
        free(grid->axes[a].examples);
    free(grid->groups);
}

/* True if two configurations agree in axes first.. */
static bool agree(const struct report *report, const struct grid *grid, size_t first, size_t i, size_t k)
{
    for (size_t a = first; a < grid->n_axes; a++)
        if (!hyperparameter_equal(report_hyperparameters(report, i), report_hyperparameters(report, k),
                                  grid->axes[a].row))
            return false;
    return true;
}

/* Sorts out the axes; false if memory is short. A sweep that is no grid, or nearly none, has n_groups 0. */
static bool make_grid(struct grid *grid, const struct report *report)
{
    double n_points = 1;
    memset(grid, 0, sizeof *grid);
    for (int r = 0; r < n_hyperparameters && grid->n_axes < sizeof grid->axes / sizeof grid->axes[0]; r++) {
        struct axis axis;
        if (!report->reader->swept[r])
            continue;
        if (!make_axis(&axis, report, &hyperparameter_table[r]))
            return false;
        if (axis.n < 2) { /* the selection leaves one value */
            free(axis.examples);
            continue;
        }
        n_points *= (double)axis.n;
        size_t a = grid->n_axes++;
        for (; a > 0 && grid->axes[a - 1].n < axis.n; a--)
            grid->axes[a] = grid->axes[a - 1];
        grid->axes[a] = axis;
    }
    if (grid->n_axes < 2 || (double)n_rows(report) < 0.6 * n_points)
        return true;

    grid->groups = malloc(n_rows(report) * sizeof *grid->groups);
    if (!grid->groups)
        return false;
    for (size_t i = 0; i < n_rows(report); i++) {
        bool is_new = true;
        for (size_t g = 0; g < grid->n_groups && is_new; g++)
            is_new = !agree(report, grid, 2, i, grid->groups[g]);
        if (is_new)
            grid->groups[grid->n_groups++] = i;
    }
    return true;
}

/* The configuration in a cell, or SIZE_MAX. */
static size_t find_config(const struct report *report, const struct grid *grid, size_t group, size_t column, size_t row)
{
    const struct hyperparameters *at_column = report_hyperparameters(report, grid->axes[0].examples[column]);
    const struct hyperparameters *at_row = report_hyperparameters(report, grid->axes[1].examples[row]);
    for (size_t i = 0; i < n_rows(report); i++) {
        const struct hyperparameters *h = report_hyperparameters(report, i);
        if (hyperparameter_equal(h, at_column, grid->axes[0].row) &&
            hyperparameter_equal(h, at_row, grid->axes[1].row) && agree(report, grid, 2, i, grid->groups[group]))
            return i;
    }
    return SIZE_MAX;
}

/* A map of a layer's statistic, or of the acceptance if statistic is NULL. `cells` [rows, columns]: configurations. */
static void write_map(const struct report *report, const struct grid *grid, const size_t *cells,
                      const struct statistic *statistic, int layer, double maximum)
{
    const struct axis *columns = &grid->axes[0], *rows = &grid->axes[1];
    FILE *out = report->out;

    fprintf(out, "<figure class=\"scroll\" tabindex=\"0\">\n<table class=\"map\"><caption>");
    if (statistic)
        fprintf(out, "Layer %d: %s, %%", layer + 1, statistic->name);
    else
        fprintf(out, "Models accepted, %% of those tried");
    fprintf(out, "</caption>\n<thead><tr><th scope=\"col\">%s \\ %s</th>", rows->row->name, columns->row->name);
    for (size_t c = 0; c < columns->n; c++) {
        fprintf(out, "<th scope=\"col\">");
        write_value(report, columns->examples[c], columns->row);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < rows->n; r++) {
        fprintf(out, "<tr><th scope=\"row\">");
        write_value(report, rows->examples[r], rows->row);
        fprintf(out, "</th>");
        for (size_t c = 0; c < columns->n; c++) {
            size_t i = cells[r * columns->n + c];
            const uint64_t *counts = i == SIZE_MAX ? NULL : report->configs[i].counts;
            uint64_t n_tried = counts ? counts[STATUS_ACCEPTED] + counts[STATUS_REJECTED] + counts[STATUS_DIVERGED] : 0;
            if (i == SIZE_MAX || n_tried == 0) {
                fprintf(out, "<td class=\"none\">&ndash;</td>");
            } else if (statistic) {
                write_layer_cell(report, i, layer, statistic, maximum);
            } else {
                char text[128];
                snprintf(text, sizeof text, "no. %zu: %" PRIu64 " of %" PRIu64 " models accepted",
                         report->selection->configs[i] + 1, counts[STATUS_ACCEPTED], n_tried);
                write_cell(out, (double)counts[STATUS_ACCEPTED] / (double)n_tried, 1, text);
            }
        }
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table></figure>\n");
}

/* All maps of one combination of the other hyperparameters. */
static bool write_group(const struct report *report, const struct grid *grid, size_t group, size_t n_statistics)
{
    FILE *out = report->out;
    size_t n_columns = grid->axes[0].n, n_grid_rows = grid->axes[1].n;
    int n_layers = (int)report->reader->layout.size[DIMENSION_LAYER];
    size_t *cells = malloc(n_columns * n_grid_rows * sizeof *cells);
    if (!cells)
        return false;
    for (size_t r = 0; r < n_grid_rows; r++)
        for (size_t c = 0; c < n_columns; c++)
            cells[r * n_columns + c] = find_config(report, grid, group, c, r);

    if (grid->n_axes > 2) {
        fprintf(out, "<h3>");
        for (size_t a = 2; a < grid->n_axes; a++) {
            fprintf(out, "%s%s = ", a > 2 ? ", " : "", grid->axes[a].row->name);
            write_value(report, grid->groups[group], grid->axes[a].row);
        }
        fprintf(out, "</h3>\n");
    }
    fprintf(out, "<div class=\"panels\">\n");
    write_map(report, grid, cells, NULL, 0, 1);
    fprintf(out, "</div>\n");
    for (size_t s = 0; s < n_statistics; s++) {
        double maximum = find_maximum(report, &statistics[s]);
        fprintf(out, "<div class=\"panels\">\n");
        for (int l = 0; l < n_layers; l++)
            write_map(report, grid, cells, &statistics[s], l, maximum);
        fprintf(out, "</div>\n");
    }
    free(cells);
    return true;
}

static bool write_grid(const struct report *report, const struct grid *grid)
{
    FILE *out = report->out;
    size_t n_groups = grid->n_groups < GROUPS_MAX ? grid->n_groups : GROUPS_MAX;
    size_t n_cells = grid->axes[0].n * grid->axes[1].n * n_groups * report->reader->layout.size[DIMENSION_LAYER];
    size_t n_statistics = n_cells == 0 ? N_STATISTICS : CELLS_MAX / n_cells;
    n_statistics = n_statistics < 1 ? 1 : n_statistics > N_STATISTICS ? N_STATISTICS : n_statistics;

    for (size_t g = 0; g < n_groups; g++)
        if (!write_group(report, grid, g, n_statistics))
            return false;
    if (n_groups < grid->n_groups)
        fprintf(out, "<p class=\"note\">The first %zu of %zu combinations; others with <code>--where</code>.</p>\n",
                n_groups, grid->n_groups);
    if (n_statistics < N_STATISTICS) {
        fprintf(out, "<p class=\"note\">Left out, to keep the page small: ");
        for (size_t s = n_statistics; s < N_STATISTICS; s++)
            fprintf(out, "%s%s", s > n_statistics ? ", " : "", statistics[s].name);
        fprintf(out, ". Choose fewer configurations with <code>--where</code>, or see <code>picky-analyse "
                     "summary</code>.</p>\n");
    }
    return true;
}

enum error_code report_maps(const struct report *report, struct error *error)
{
    FILE *out = report->out;
    struct grid grid;
    bool failed = !make_grid(&grid, report);

    fprintf(out,
            "<section id=\"maps\" aria-labelledby=\"h-maps\">\n<h2 id=\"h-maps\">Maps</h2>\n"
            "<p>Per cent of a layer&rsquo;s neurons, all accepted models together, by RI as above: selective for "
            "one task (|RI|&nbsp;&gt;&nbsp;%g), mixed (|RI|&nbsp;&lt;&nbsp;%g), unimportant to both. The darker, the "
            "more, on one scale for each kind. Point at a cell for its numbers.</p>\n",
            RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    if (!failed && grid.n_groups > 0)
        failed = !write_grid(report, &grid);
    else if (!failed)
        write_list(report);
    if (n_rows(report) < report->selection->n)
        fprintf(out,
                "<p class=\"note\">Of the first %zu configurations of %zu; others with <code>--where</code>.</p>\n",
                n_rows(report), report->selection->n);
    fprintf(out, "</section>\n");
    free_grid(&grid);
    error->code = ERROR_NONE;
    return failed ? error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path) : ERROR_NONE;
}
