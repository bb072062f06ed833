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
#define LIST_COLUMNS_MAX     12    /* of the table of all; with more there is a table for each share */
#define COLUMN_INTERVALS_MAX 8     /* columns of a map that has them */
#define COLUMNS_MAX          24    /* of a map: with more it would be cut off */
#define CELLS_MAX            9000  /* of all maps over two hyperparameters */

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

/* A share in per cent with its interval below, if there is room. */
static void write_cell(FILE *out, const struct estimate *share, double share_max, bool with_interval)
{
    uint32_t colour = layout_blend(COLOUR_LOW, COLOUR_HIGH, share_max > 0 ? share->value / share_max : 0);
    int digits = share->value < 0.0995 ? 1 : 0;
    if (isnan(share->value)) {
        fprintf(out, "<td class=\"none\">-</td>");
        return;
    }
    fprintf(out, "<td style=\"background:#%06" PRIx32 "\"%s>%.*f", colour,
            luminance(colour) < WHITE_TEXT_BELOW ? " class=\"dark\"" : "", digits, 100 * share->value);
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
    bool is_of_layer = statistic >= STATISTIC_FIRST_OF_LAYER;
    if (i == SIZE_MAX || layer >= report_layers(report, i) || (is_of_layer && report_accepted(report, i) == 0))
        fprintf(report->out, "<td class=\"none\">-</td>");
    else
        write_cell(report->out, report_estimate(report, i, layer, statistic), maximum, with_interval);
}

/* ---- a row for each configuration ---- */

/* A table of shares first .. first + n - 1. */
static void write_list_of(const struct report *report, int first, int n)
{
    FILE *out = report->out;
    size_t n_layers = report->reader->layout.size[DIMENSION_LAYER];
    char name[64];
    double maxima[REPORT_N_SHARES];

    for (int s = 0; s < n; s++)
        maxima[s] = find_maximum(report, report_shares[first + s]);
    snprintf(name, sizeof name, "All configurations: %s%s", statistic_table[report_shares[first]].label,
             n > 1 ? " and other shares" : "");
    report_table_begin(out, name, "map list");
    fprintf(out, "<thead><tr><th scope=\"col\" rowspan=\"2\">Configuration</th>");
    for (int s = first; s < first + n; s++) {
        fprintf(out, "<th scope=\"colgroup\" colspan=\"%zu\">%s, %%<br><small>", n_layers,
                statistic_table[report_shares[s]].label);
        html_text(out, statistic_table[report_shares[s]].meaning);
        fprintf(out, "</small></th>");
    }
    fprintf(out, "</tr>\n<tr>");
    for (int s = 0; s < n; s++)
        for (size_t l = 0; l < n_layers; l++)
            fprintf(out, "<th scope=\"col\">layer %zu</th>", l + 1);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->n_rows; i++) {
        char label[LABEL_MAX];
        report_label(report, i, label);
        fprintf(out, "<tr><th scope=\"row\">");
        html_text(out, label);
        fprintf(out, "</th>");
        for (int s = 0; s < n; s++)
            for (size_t l = 0; l < n_layers; l++)
                write_config_cell(report, i, l, report_shares[first + s], maxima[s], true);
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

/* Open where it is short, or nothing else shows the configurations. */
static void write_list(const struct report *report, bool is_folded)
{
    size_t n_columns = REPORT_N_SHARES * report->reader->layout.size[DIMENSION_LAYER];
    if (is_folded)
        report_fold_begin(report->out, "The numbers of all configurations", report->n_rows);
    if (n_columns <= LIST_COLUMNS_MAX)
        write_list_of(report, 0, REPORT_N_SHARES);
    else
        for (int s = 0; s < REPORT_N_SHARES; s++)
            write_list_of(report, s, 1);
    if (is_folded)
        report_fold_end(report->out);
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
static void write_map(const struct report *report, const struct grid *grid, const size_t *cells, size_t group,
                      enum statistic statistic, size_t layer, double maximum)
{
    const struct grid_axis *columns = &grid->columns, *rows = &grid->rows;
    FILE *out = report->out;

    char layer_text[32] = "";
    if (statistic >= STATISTIC_FIRST_OF_LAYER)
        snprintf(layer_text, sizeof layer_text, "Layer %zu: ", layer + 1);
    fprintf(out,
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"%s%s, %zu\">"
            "<table class=\"map\"><caption>%s%s, %%</caption>\n<thead><tr><th scope=\"col\">%s&nbsp;&rarr;<br>"
            "%s&nbsp;&darr;</th>",
            layer_text, statistic_table[statistic].label, group + 1, layer_text, statistic_table[statistic].label,
            columns->key->name, rows->key->name);
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
    report_table_end(out);
}

/* All maps of one combination of the other hyperparameters; false if memory is short. */
static bool write_group(const struct report *report, const struct grid *grid, size_t group, size_t n_shares)
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
    write_map(report, grid, cells, group, STATISTIC_ACCEPTANCE, 0, 1);
    fprintf(out, "</div>\n");
    for (size_t s = 0; s < n_shares; s++) {
        double maximum = find_maximum(report, report_shares[s]);
        if (s == 1)
            report_fold_begin(out, n_shares > 2 ? "Mixed and unimportant neurons" : "Mixed neurons", 0);
        fprintf(out, "<div class=\"panels\">\n");
        for (size_t l = 0; l < n_layers; l++)
            write_map(report, grid, cells, group, report_shares[s], l, maximum);
        fprintf(out, "</div>\n");
    }
    if (n_shares > 1)
        report_fold_end(out);
    free(cells);
    return true;
}

static bool write_grid(const struct report *report, const struct grid *grid)
{
    FILE *out = report->out;
    size_t n_groups = grid->groups.n < GROUPS_MAX ? grid->groups.n : GROUPS_MAX;
    size_t n_cells = grid->columns.n * grid->rows.n * n_groups * report->reader->layout.size[DIMENSION_LAYER];
    size_t n_shares = n_cells == 0 ? REPORT_N_SHARES : CELLS_MAX / n_cells;
    n_shares = n_shares < 1 ? 1 : n_shares > REPORT_N_SHARES ? REPORT_N_SHARES : n_shares;

    for (size_t g = 0; g < n_groups; g++)
        if (!write_group(report, grid, g, n_shares))
            return false;
    if (n_groups < grid->groups.n || n_shares < REPORT_N_SHARES) {
        fprintf(out, "<p class=\"note\">Maps are of ");
        if (n_groups < grid->groups.n)
            fprintf(out, "the first %zu of %zu combinations", n_groups, grid->groups.n);
        for (size_t s = 0; s < n_shares && n_shares < REPORT_N_SHARES; s++)
            fprintf(out, "%s%s",
                    s > 0                       ? ", "
                    : n_groups < grid->groups.n ? ", and of shares of neurons "
                                                : "neurons ",
                    statistic_table[report_shares[s]].label);
        fprintf(out, "; the table has all. Others: <code>--where</code>.</p>\n");
    }
    return true;
}

/* Maps grow downwards, where there is room: the hyperparameter with fewer values has the columns if one has many. */
static enum error_code arrange(struct grid *grid, const struct report *report, struct error *error)
{
    const struct selection shown = {report->selection->configs, report->n_rows};
    if (grid_make(grid, report->reader, &shown, NULL, NULL, error))
        return error->code;
    if (!grid->rows.key || grid->columns.n <= COLUMN_INTERVALS_MAX || grid->columns.n <= grid->rows.n)
        return ERROR_NONE;
    const char *rows = grid->columns.key->name, *columns = grid->rows.key->name;
    grid_free(grid);
    return grid_make(grid, report->reader, &shown, rows, columns, error);
}

/* Whether any configuration has such a share. */
static bool has_shares(const struct report *report)
{
    for (size_t i = 0; i < report->n_rows; i++)
        if (report_accepted(report, i) > 0 && report_has_pair(report, i))
            return true;
    return false;
}

enum error_code report_maps(const struct report *report, struct error *error)
{
    FILE *out = report->out;
    struct grid grid;
    bool failed = false;
    if (arrange(&grid, report, error))
        return error->code;
    bool is_grid =
        grid.rows.key && grid.columns.n <= COLUMNS_MAX &&
        (double)report->n_rows >= GRID_FILLED * (double)(grid.rows.n * grid.columns.n) * (double)grid.groups.n;

    fprintf(out, "<section id=\"maps\" aria-labelledby=\"h-maps\">\n<h2 id=\"h-maps\">All configurations</h2>\n");
    if (has_shares(report)) {
        fprintf(out,
                "<p>Per cent of a layer&rsquo;s neurons by RI as above, mean over models, with 95&nbsp;%% intervals: "
                "selective for one task (|RI|&nbsp;&gt;&nbsp;%g), mixed (|RI|&nbsp;&lt;&nbsp;%g), unimportant to both. "
                "The darker, the more, on one scale for each kind.</p>\n",
                RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
        if (is_grid)
            failed = !write_grid(report, &grid);
        write_list(report, is_grid || report->n_rows > REPORT_ROWS_OPEN);
        report_write_rows_left(report);
    } else {
        fprintf(out, "<p class=\"note\">Nothing has a relative importance.</p>\n");
    }
    fprintf(out, "</section>\n");
    grid_free(&grid);
    error->code = ERROR_NONE;
    return failed ? error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path) : ERROR_NONE;
}
