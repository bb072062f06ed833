#include "report_maps.h"

#include "grid.h"
#include "palette.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLOUR_LOW       0xffffffu
#define COLOUR_HIGH      0x0b4a8fu
#define WHITE_TEXT_BELOW 0.179 /* luminance of the ground on which white and black text stand out alike */
#define GRID_FILLED      0.6   /* share of a grid's cells that have a configuration: with fewer it is a list */
#define GROUPS_MAX       12    /* combinations of the hyperparameters that are neither rows nor columns */
#define LIST_COLUMNS_MAX 12    /* of the table of all; for more there are several tables */
#define COLUMNS_NUMBERED 8     /* columns of a map with numbers; with more it is drawn */

/* A share in per cent with its interval below, if there is room. */
static void write_cell(FILE *out, const struct estimate *share, double share_max, bool with_interval)
{
    uint32_t colour = palette_blend(COLOUR_LOW, COLOUR_HIGH, share_max > 0 ? share->value / share_max : 0);
    int digits = share->value < 0.0995 ? 1 : 0;
    if (isnan(share->value)) {
        fprintf(out, "<td class=\"none\">-</td>");
        return;
    }
    fprintf(out, "<td style=\"background:#%06" PRIx32 "\"%s>%.*f", colour,
            palette_luminance(colour) < WHITE_TEXT_BELOW ? " class=\"dark\"" : "", digits, 100 * share->value);
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

/* A table of shares first .. first + n - 1 in some of the layers. */
static void write_list_of(const struct report *report, int first, int n, size_t first_layer, size_t n_layers)
{
    FILE *out = report->out;
    char name[96], layers[48] = "";
    double maxima[REPORT_N_SHARES];

    for (int s = 0; s < n; s++)
        maxima[s] = find_maximum(report, report_shares[first + s]);
    if (n_layers < report->reader->layout.size[DIMENSION_LAYER])
        snprintf(layers, sizeof layers, ", layers %zu to %zu", first_layer + 1, first_layer + n_layers);
    snprintf(name, sizeof name, "All configurations: %s%s%s", statistic_table[report_shares[first]].label,
             n > 1 ? " and other shares" : "", layers);
    report_table_begin(out, name, "map list");
    fprintf(out, "<thead><tr><th scope=\"col\" rowspan=\"2\">Configuration</th>");
    for (int s = first; s < first + n; s++) {
        fprintf(out, "<th scope=\"colgroup\" colspan=\"%zu\">%s, %%<br><small>", n_layers,
                statistic_table[report_shares[s]].label);
        report_write_meaning(report, report_shares[s]);
        fprintf(out, "</small></th>");
    }
    fprintf(out, "</tr>\n<tr>");
    for (int s = 0; s < n; s++)
        for (size_t l = 0; l < n_layers; l++)
            fprintf(out, "<th scope=\"col\">layer %zu</th>", first_layer + l + 1);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->n_rows; i++) {
        fprintf(out, "<tr><th scope=\"row\">");
        report_write_label(report, i);
        fprintf(out, "</th>");
        for (int s = 0; s < n; s++)
            for (size_t l = 0; l < n_layers; l++)
                write_config_cell(report, i, first_layer + l, report_shares[first + s], maxima[s], true);
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

/* Open where it is short, or nothing else shows the configurations. */
static void write_list(const struct report *report, bool is_folded)
{
    size_t n_layers = report->reader->layout.size[DIMENSION_LAYER];
    if (is_folded)
        report_fold_begin(report->out, "The numbers of all configurations", report->n_rows);
    if (REPORT_N_SHARES * n_layers <= LIST_COLUMNS_MAX)
        write_list_of(report, 0, REPORT_N_SHARES, 0, n_layers);
    else
        for (int s = 0; s < REPORT_N_SHARES; s++)
            for (size_t l = 0; l < n_layers; l += LIST_COLUMNS_MAX)
                write_list_of(report, s, 1, l, n_layers - l < LIST_COLUMNS_MAX ? n_layers - l : LIST_COLUMNS_MAX);
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
            write_config_cell(report, cells[r * columns->n + c], layer, statistic, maximum, true);
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
}

/* ---- drawn maps: many values of both hyperparameters ---- */

#define HEAT_LEFT   62.0
#define HEAT_TOP    16.0
#define HEAT_WIDTH  210.0 /* of all cells, at most */
#define HEAT_HEIGHT 250.0
#define CELL_MAX    16.0
#define ROW_NAME    13.0 /* height of a row's value */
#define COLUMN_NAME 40.0 /* width of a column's value */

/* A value as short as it can be beside an axis: four digits. */
static void short_value(const struct report *report, const struct grid_axis *axis, size_t place, char text[32])
{
    char value[HYPERPARAMETER_FORMAT_MAX], *end;
    hyperparameter_format(&report->reader->configs[axis->examples[place]], axis->key, value);
    double number = strtod(value, &end);
    if (*end == '\0') {
        snprintf(text, 32, "%.4g", number);
        return;
    }
    size_t used = 0;
    while (value[used] && used < 8) { /* of a word, whole characters */
        int length = utf8_length((const unsigned char *)value + used);
        used += length > 0 ? (size_t)length : 1;
    }
    snprintf(text, 32, "%.*s%s", (int)used, value, value[used] ? "..." : "");
}

/* Every so many values of an axis have their names beside it. */
static size_t name_step(size_t n, double cell, double name)
{
    size_t step = 1;
    while ((double)step * cell < name && step < n)
        step++;
    return step;
}

static void write_heat_axes(const struct report *report, const struct grid *grid, double width, double height)
{
    const struct grid_axis *columns = &grid->columns, *rows = &grid->rows;
    FILE *out = report->out;
    double bottom = HEAT_TOP + height * (double)rows->n;
    char text[32];
    for (size_t r = 0, step = name_step(rows->n, height, ROW_NAME); r < rows->n; r += step) {
        short_value(report, rows, r, text);
        svg_text(out, HEAT_LEFT - 5, HEAT_TOP + height * ((double)r + 0.5) + 3.5, SVG_END, "soft", text);
    }
    for (size_t c = 0, step = name_step(columns->n, width, COLUMN_NAME); c < columns->n; c += step) {
        short_value(report, columns, c, text);
        svg_text(out, HEAT_LEFT + width * ((double)c + 0.5), bottom + 13, SVG_MIDDLE, "soft", text);
    }
    svg_text(out, HEAT_LEFT, bottom + 27, SVG_START, NULL, columns->key->name);
    svg_text(out, 2, 10, SVG_START, NULL, rows->key->name);
}

/* The share of a cell, NaN where there is none. */
static double cell_share(const struct report *report, size_t i, enum statistic statistic, size_t layer)
{
    bool is_of_layer = statistic >= STATISTIC_FIRST_OF_LAYER;
    if (i == SIZE_MAX || layer >= report_layers(report, i) || (is_of_layer && report_accepted(report, i) == 0))
        return (double)NAN;
    return report_estimate(report, i, layer, statistic)->value;
}

/* False if memory is short. */
static bool write_heat(const struct report *report, const struct grid *grid, const size_t *cells,
                       enum statistic statistic, size_t layer, double maximum)
{
    FILE *out = report->out;
    size_t n = grid->rows.n * grid->columns.n;
    double width = fmin(CELL_MAX, HEAT_WIDTH / (double)grid->columns.n);
    double height = fmin(CELL_MAX, HEAT_HEIGHT / (double)grid->rows.n);
    double right = HEAT_LEFT + width * (double)grid->columns.n, bottom = HEAT_TOP + height * (double)grid->rows.n;
    double least = INFINITY, most = -INFINITY, *shares = malloc(n * sizeof *shares);
    char title[64], description[128];
    if (!shares)
        return false;
    for (size_t k = 0; k < n; k++) {
        double share = cell_share(report, cells[k], statistic, layer);
        least = fmin(least, share);
        most = fmax(most, share);
        shares[k] = share / (maximum > 0 ? maximum : 1);
    }
    if (statistic >= STATISTIC_FIRST_OF_LAYER)
        snprintf(title, sizeof title, "Layer %zu: %s", layer + 1, statistic_table[statistic].label);
    else
        snprintf(title, sizeof title, "%s", statistic_table[statistic].label);
    snprintf(description, sizeof description, "From %.1f to %.1f %%; the table of all configurations has each number",
             100 * least, 100 * most);
    fprintf(out, "<figure>\n<figcaption>%s</figcaption>\n", title);
    svg_begin(out, right + 16, bottom + 32, title, description);
    fprintf(out, "<rect class=\"none\" x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"/>\n", HEAT_LEFT, HEAT_TOP,
            right - HEAT_LEFT, bottom - HEAT_TOP);
    svg_cells(out, &(struct svg_cells){HEAT_LEFT, HEAT_TOP, width, height, grid->rows.n, grid->columns.n, shares,
                                       COLOUR_LOW, COLOUR_HIGH});
    write_heat_axes(report, grid, width, height);
    svg_end(out);
    fprintf(out, "</figure>\n");
    free(shares);
    return true;
}

/* The colours of drawn maps, with numbers. */
static void write_ramp(FILE *out, const char *name, double maximum)
{
    char text[32];
    fprintf(out, "<figure>\n<figcaption>%s, %%</figcaption>\n", name);
    svg_begin(out, 216, 30, "Scale of colours", "From white, none, to dark blue, the most");
    for (int step = 0; step < 32; step++)
        svg_bar(out, 8 + step * 6.25, 1, 6.25, 10, palette_blend(COLOUR_LOW, COLOUR_HIGH, step / 31.0));
    fprintf(out, "<rect class=\"frame\" x=\"8\" y=\"1\" width=\"200\" height=\"10\"/>\n");
    for (int tick = 0; tick <= 4; tick++) {
        snprintf(text, sizeof text, "%.3g", 25 * tick * maximum);
        svg_line(out, 8 + 50 * tick, 11, 8 + 50 * tick, 14, "axis");
        svg_text(out, 8 + 50 * tick, 25, SVG_MIDDLE, "soft", text);
    }
    svg_end(out);
    fprintf(out, "</figure>\n");
}

/* ---- all maps ---- */

/* Acceptance, unless all shares are the same. Like the next one false if memory is short. */
static bool write_acceptance(const struct report *report, const struct grid *grid, const size_t *cells, size_t group,
                             bool is_drawn)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < report->n_rows; i++) {
        double share = report_estimate(report, i, 0, STATISTIC_ACCEPTANCE)->value;
        least = fmin(least, share);
        most = fmax(most, share);
    }
    bool is_whole = true;
    if (!(least < most))
        return true;
    fprintf(report->out, "<div class=\"panels\">\n");
    if (is_drawn) {
        is_whole = write_heat(report, grid, cells, STATISTIC_ACCEPTANCE, 0, 1);
        write_ramp(report->out, statistic_table[STATISTIC_ACCEPTANCE].label, 1);
    } else {
        write_map(report, grid, cells, group, STATISTIC_ACCEPTANCE, 0, 1);
    }
    fprintf(report->out, "</div>\n");
    return is_whole;
}

/* A share of all layers. */
static bool write_share(const struct report *report, const struct grid *grid, const size_t *cells, size_t group,
                        enum statistic statistic, bool is_drawn)
{
    double maximum = find_maximum(report, statistic);
    bool is_whole = true;
    fprintf(report->out, "<div class=\"panels\">\n");
    for (size_t l = 0; l < report->reader->layout.size[DIMENSION_LAYER]; l++)
        if (is_drawn)
            is_whole = is_whole && write_heat(report, grid, cells, statistic, l, maximum);
        else
            write_map(report, grid, cells, group, statistic, l, maximum);
    if (is_drawn)
        write_ramp(report->out, statistic_table[statistic].label, maximum);
    fprintf(report->out, "</div>\n");
    return is_whole;
}

/* All maps of one combination of the other hyperparameters; false if memory is short. */
static bool write_group(const struct report *report, const struct grid *grid, size_t group)
{
    FILE *out = report->out;
    bool is_drawn = grid->columns.n > COLUMNS_NUMBERED;
    char label[LABEL_MAX];
    size_t n_columns = grid->columns.n;
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
    bool is_whole = write_acceptance(report, grid, cells, group, is_drawn);
    is_whole = is_whole && write_share(report, grid, cells, group, report_shares[0], is_drawn);
    report_fold_begin(out, "Mixed and unimportant neurons", 0);
    for (int s = 1; s < REPORT_N_SHARES; s++)
        is_whole = is_whole && write_share(report, grid, cells, group, report_shares[s], is_drawn);
    report_fold_end(out);
    free(cells);
    return is_whole;
}

static bool write_grid(const struct report *report, const struct grid *grid)
{
    size_t n_groups = grid->groups.n < GROUPS_MAX ? grid->groups.n : GROUPS_MAX;
    for (size_t g = 0; g < n_groups; g++)
        if (!write_group(report, grid, g))
            return false;
    if (n_groups < grid->groups.n)
        fprintf(report->out,
                "<p class=\"note\">Maps are of the first %zu of %zu combinations; the table has all. Others: "
                "<code>--where</code>.</p>\n",
                n_groups, grid->groups.n);
    return true;
}

/* Maps grow downwards, where there is room: the hyperparameter with fewer values has the columns if one has many. */
static enum error_code arrange(struct grid *grid, const struct report *report, struct error *error)
{
    const struct selection shown = {report->selection->configs, report->n_rows};
    if (grid_make(grid, report->reader, &shown, NULL, NULL, error))
        return error->code;
    if (!grid->rows.key || grid->columns.n <= COLUMNS_NUMBERED || grid->columns.n <= grid->rows.n)
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
    bool is_grid = grid.rows.key && (double)report->n_rows >=
                                        GRID_FILLED * (double)(grid.rows.n * grid.columns.n) * (double)grid.groups.n;

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
