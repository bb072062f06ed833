#include "report_maps.h"

#include "grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLOUR_LOW           0xffffffu
#define COLOUR_HIGH          0x0b4a8fu
#define WHITE_TEXT_BELOW     0.179 /* luminance of the ground on which white and black text stand out alike */
#define GRID_FILLED          0.6   /* share of a grid's cells that have a configuration: with fewer it is a list */
#define GROUPS_MAX           12    /* combinations of the hyperparameters that are neither rows nor columns */
#define LIST_INTERVALS_MAX   200   /* rows with intervals in their cells */
#define COLUMN_INTERVALS_MAX 12    /* columns of a map that has them */
#define CELLS_MAX            9000  /* of all maps over two hyperparameters */

/* The statistics of layers that have maps. */
static const enum statistic mapped[] = {STATISTIC_SELECTIVE, STATISTIC_MIXED, STATISTIC_UNIMPORTANT};
#define N_MAPPED (sizeof mapped / sizeof mapped[0])

/* Relative luminance (Web Content Accessibility Guidelines 2.2). */
static double luminance(uint32_t colour)
{
    static const double weights[] = {0.0722, 0.7152, 0.2126}; /* blue, green, red */
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        double value = (double)(colour >> 8 * c & 255) / 255;
        sum += weights[c] * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/* A share in per cent with its interval below, or in the tooltip if there is little room. */
static void write_cell(FILE *out, const struct estimate *share, double share_max, bool with_interval,
                       const char *tooltip)
{
    uint32_t colour = palette_blend(COLOUR_LOW, COLOUR_HIGH, share_max > 0 ? share->value / share_max : 0);
    int digits = share->value < 0.0995 ? 1 : 0;
    if (isnan(share->value)) {
        fprintf(out, "<td class=\"none\">-</td>");
        return;
    }
    fprintf(out, "<td style=\"background:#%06" PRIx32 "\"%s title=\"", colour,
            luminance(colour) < WHITE_TEXT_BELOW ? " class=\"dark\"" : "");
    html_text(out, tooltip);
    fprintf(out, "\">%.*f", digits, 100 * share->value);
    if (with_interval && !isnan(share->low))
        fprintf(out, "<small>%.*f&ndash;%.*f</small>", digits, 100 * share->low, digits, 100 * share->high);
    fprintf(out, "</td>");
}

/* The largest share there is, for one scale of colours. */
static double find_maximum(const struct report *report, enum statistic statistic)
{
    double maximum = 0;
    for (size_t i = 0; i < report->n_rows; i++)
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++)
            maximum = fmax(maximum, report_estimate(report, i, l, statistic)->value);
    return maximum;
}

/* Acceptance is of a configuration, the others of a layer. */
static void write_config_cell(const struct report *report, size_t i, size_t layer, enum statistic statistic,
                              double maximum, bool with_interval)
{
    char share[64], text[256];
    bool is_of_layer = statistic >= STATISTIC_FIRST_OF_LAYER;
    if (i == SIZE_MAX || layer >= report_layers(report, i) || (is_of_layer && report_accepted(report, i) == 0)) {
        fprintf(report->out, "<td class=\"none\">-</td>");
        return;
    }
    const struct estimate *estimate = report_estimate(report, i, layer, statistic);
    report_format(share, estimate, true);
    if (is_of_layer)
        snprintf(text, sizeof text, "no. %zu, layer %zu: %s %s of neurons, %zu models", report->selection->configs[i],
                 layer + 1, statistic_table[statistic].label, share, report_accepted(report, i));
    else
        snprintf(text, sizeof text, "no. %zu: %s %s", report->selection->configs[i], statistic_table[statistic].label,
                 share);
    write_cell(report->out, estimate, maximum, with_interval, text);
}

/* ---- a row for each configuration ---- */

static void write_list(const struct report *report)
{
    FILE *out = report->out;
    size_t n_layers = report->reader->layout.size[DIMENSION_LAYER];
    double maxima[N_MAPPED];

    for (size_t s = 0; s < N_MAPPED; s++)
        maxima[s] = find_maximum(report, mapped[s]);
    fprintf(out,
            "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-maps\">"
            "<table class=\"map list\">\n<thead><tr><th scope=\"col\" rowspan=\"2\">Configuration</th>",
            report->n_rows > 40 ? " tall" : "");
    for (size_t s = 0; s < N_MAPPED; s++) {
        fprintf(out, "<th scope=\"colgroup\" colspan=\"%zu\">%s, %%<br><small>", n_layers,
                statistic_table[mapped[s]].label);
        html_text(out, statistic_table[mapped[s]].meaning);
        fprintf(out, "</small></th>");
    }
    fprintf(out, "</tr>\n<tr>");
    for (size_t s = 0; s < N_MAPPED; s++)
        for (size_t l = 0; l < n_layers; l++)
            fprintf(out, "<th scope=\"col\">layer&nbsp;%zu</th>", l + 1);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->n_rows; i++) {
        char label[LABEL_MAX];
        report_label(report, i, label);
        fprintf(out, "<tr><th scope=\"row\">");
        html_text(out, label);
        fprintf(out, "</th>");
        for (size_t s = 0; s < N_MAPPED; s++)
            for (size_t l = 0; l < n_layers; l++)
                write_config_cell(report, i, l, mapped[s], maxima[s], report->n_rows <= LIST_INTERVALS_MAX);
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table></div>\n");
}

/* ---- over two hyperparameters ---- */

/* Writes the value that a configuration (of the file) has. */
static void write_value(const struct report *report, size_t config, const struct hyperparameter *key)
{
    char value[HYPERPARAMETER_FORMAT_MAX];
    hyperparameter_format(&report->reader->configs[config], key, value);
    html_text(report->out, value);
}

/* The place of a configuration of the file among the rows of the page. */
static size_t find_row(const struct report *report, size_t config)
{
    size_t low = 0, high = report->n_rows; /* they are in the file's order */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (report->selection->configs[middle] < config)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A map of a statistic; `cells` [rows, columns]: configurations. */
static void write_map(const struct report *report, const struct grid *grid, const size_t *cells,
                      enum statistic statistic, size_t layer, double maximum)
{
    const struct grid_axis *columns = &grid->columns, *rows = &grid->rows;
    FILE *out = report->out;

    fprintf(out, "<figure class=\"scroll\" tabindex=\"0\">\n<table class=\"map\"><caption>");
    if (statistic >= STATISTIC_FIRST_OF_LAYER)
        fprintf(out, "Layer %zu: %s, %%", layer + 1, statistic_table[statistic].label);
    else
        fprintf(out, "%s, %%", statistic_table[statistic].label);
    fprintf(out, "</caption>\n<thead><tr><th scope=\"col\">%s&nbsp;&rarr;<br>%s&nbsp;&darr;</th>", columns->key->name,
            rows->key->name);
    for (size_t c = 0; c < columns->n; c++) {
        fprintf(out, "<th scope=\"col\">");
        write_value(report, columns->examples[c], columns->key);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < rows->n; r++) {
        fprintf(out, "<tr><th scope=\"row\">");
        write_value(report, rows->examples[r], rows->key);
        fprintf(out, "</th>");
        for (size_t c = 0; c < columns->n; c++)
            write_config_cell(report, cells[r * columns->n + c], layer, statistic, maximum,
                              columns->n <= COLUMN_INTERVALS_MAX);
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table></figure>\n");
}

/* All maps of one combination of the other hyperparameters; false if memory is short. */
static bool write_group(const struct report *report, const struct grid *grid, size_t group, size_t n_mapped)
{
    FILE *out = report->out;
    size_t n_columns = grid->columns.n, n_layers = report->reader->layout.size[DIMENSION_LAYER];
    char label[LABEL_MAX];
    size_t *cells = malloc(n_columns * grid->rows.n * sizeof *cells);
    if (!cells)
        return false;
    for (size_t r = 0; r < grid->rows.n; r++)
        for (size_t c = 0; c < n_columns; c++) {
            size_t config = grid_config(grid, group, r, c);
            cells[r * n_columns + c] = config == GRID_NO_CONFIG ? SIZE_MAX : find_row(report, config);
        }

    grid_group_label(grid, group, label);
    if (*label) {
        fprintf(out, "<h3>");
        html_text(out, label);
        fprintf(out, "</h3>\n");
    }
    fprintf(out, "<div class=\"panels\">\n");
    write_map(report, grid, cells, STATISTIC_ACCEPTANCE, 0, 1);
    fprintf(out, "</div>\n");
    for (size_t s = 0; s < n_mapped; s++) {
        double maximum = find_maximum(report, mapped[s]);
        fprintf(out, "<div class=\"panels\">\n");
        for (size_t l = 0; l < n_layers; l++)
            write_map(report, grid, cells, mapped[s], l, maximum);
        fprintf(out, "</div>\n");
    }
    free(cells);
    return true;
}

static bool write_grid(const struct report *report, const struct grid *grid)
{
    FILE *out = report->out;
    size_t n_groups = grid->groups.n < GROUPS_MAX ? grid->groups.n : GROUPS_MAX;
    size_t n_cells = grid->columns.n * grid->rows.n * n_groups * report->reader->layout.size[DIMENSION_LAYER];
    size_t n_mapped = n_cells == 0 ? N_MAPPED : CELLS_MAX / n_cells;
    n_mapped = n_mapped < 1 ? 1 : n_mapped > N_MAPPED ? N_MAPPED : n_mapped;

    for (size_t g = 0; g < n_groups; g++)
        if (!write_group(report, grid, g, n_mapped))
            return false;
    if (n_groups < grid->groups.n)
        fprintf(out, "<p class=\"note\">The first %zu of %zu combinations; others with <code>--where</code>.</p>\n",
                n_groups, grid->groups.n);
    if (n_mapped < N_MAPPED) {
        fprintf(out, "<p class=\"note\">Left out, to keep the page small: ");
        for (size_t s = n_mapped; s < N_MAPPED; s++)
            fprintf(out, "%s%s", s > n_mapped ? ", " : "", statistic_table[mapped[s]].label);
        fprintf(out, ". Choose fewer configurations with <code>--where</code>, or see <code>picky-analyse "
                     "summary</code>.</p>\n");
    }
    return true;
}

enum error_code report_maps(const struct report *report, struct error *error)
{
    FILE *out = report->out;
    const struct selection shown = {report->selection->configs, report->n_rows};
    struct grid grid;
    if (grid_make(&grid, report->reader, &shown, NULL, NULL, error))
        return error->code;
    bool is_grid = grid.rows.key && (double)report->n_rows >=
                                        GRID_FILLED * (double)(grid.rows.n * grid.columns.n) * (double)grid.groups.n;
    bool failed = false;

    fprintf(out,
            "<section id=\"maps\" aria-labelledby=\"h-maps\">\n<h2 id=\"h-maps\">Maps</h2>\n"
            "<p>Per cent of a layer&rsquo;s neurons by RI as above, mean over models, with 95&nbsp;%% bootstrap "
            "intervals: selective for "
            "one task (|RI|&nbsp;&gt;&nbsp;%g), mixed (|RI|&nbsp;&lt;&nbsp;%g), unimportant to both. The darker, the "
            "more, on one scale for each kind. Point at a cell for its numbers.</p>\n",
            RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    if (is_grid)
        failed = !write_grid(report, &grid);
    else
        write_list(report);
    if (report->n_rows < report->selection->n)
        fprintf(out,
                "<p class=\"note\">Of the first %zu configurations of %zu; others with <code>--where</code>.</p>\n",
                report->n_rows, report->selection->n);
    fprintf(out, "</section>\n");
    grid_free(&grid);
    error->code = ERROR_NONE;
    return failed ? error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path) : ERROR_NONE;
}
