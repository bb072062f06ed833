#include "plot_heatmap.h"

#include "cells.h"
#include "figure_data.h"
#include "grid.h"
#include "identical.h"
#include "layer_mask.h"
#include "plot_dots.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX     1024
#define CELLS_MAX    3000
#define TEXT_GAP     6.0 /* between a cell's text and its sides, both together */
#define COLOUR_LOW   0xe4edf7u
#define COLOUR_HIGH  0x0b4a8fu
#define COLOUR_EMPTY 0xe8e8e8u

/* What a cell shows. */
struct value {
    struct estimate estimate;
    double identical; /* of two_peaks: the share of identical tasks; else NaN */
    uint64_t n_accepted, n_tried;
};

struct heatmap_block {
    size_t group, layer; /* 0-based */
};

struct heatmap_figure {
    struct grid grid;
    enum statistic statistic;
    struct heatmap_block *blocks; /* [grid.n_blocks], by group */
    struct value *values;         /* [grid.n_blocks, rows, columns]; those without a configuration are not used */
    double low, high;             /* of all values */
    bool shows[CELL_LINES];       /* the lines of text that fit into a cell */
    bool is_short;                /* numbers with a digit less, for narrow cells */
};

static struct value *value_of(const struct heatmap_figure *figure, size_t block, size_t row, size_t column)
{
    return &figure->values[(block * figure->grid.rows.n + row) * figure->grid.columns.n + column];
}

static enum error_code read_cell(struct heatmap_figure *figure, struct reader *reader, size_t group, size_t row,
                                 size_t column, struct sample_estimates *estimates, struct error *error)
{
    size_t config = grid_config(&figure->grid, group, row, column);
    const struct selection one = {.configs = &config, .n = 1};
    if (config == GRID_NO_CONFIG)
        return ERROR_NONE;
    if (sample_of_group(reader, &one, &figure->grid.request->ri, false, estimates, error) ||
        ((figure->statistic == STATISTIC_TWO_PEAKS_IDENTICAL || figure->statistic == STATISTIC_TWO_PEAKS) &&
         identical_two_peaks(reader, &one, &figure->grid.request->ri, estimates, error)))
        return error->code;
    for (size_t block = 0; block < figure->grid.n_blocks; block++) {
        struct value *value = value_of(figure, block, row, column);
        size_t layer = figure->blocks[block].layer;
        if (figure->blocks[block].group != group)
            continue;
        value->estimate = (struct estimate){.value = (double)NAN, .low = (double)NAN, .high = (double)NAN};
        if (layer < estimates->n_layers)
            value->estimate = estimates->layers[layer].statistics[figure->statistic];
        value->identical = (double)NAN;
        if (layer < estimates->n_layers && figure->statistic == STATISTIC_TWO_PEAKS)
            value->identical = estimates->layers[layer].statistics[STATISTIC_TWO_PEAKS_IDENTICAL].value;
        value->n_accepted = estimates->counts[STATUS_ACCEPTED];
        value->n_tried = value->n_accepted + estimates->counts[STATUS_REJECTED] + estimates->counts[STATUS_DIVERGED];
        figure->low = fmin(figure->low, value->estimate.value); /* a NaN does not count */
        figure->high = fmax(figure->high, value->estimate.value);
    }
    return ERROR_NONE;
}

static enum error_code read_cells(struct heatmap_figure *figure, struct reader *reader, struct error *error)
{
    const struct grid *grid = &figure->grid;
    struct sample_estimates *estimates = malloc(sizeof *estimates);
    struct ticker ticker;
    if (!estimates)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    figure->low = INFINITY;
    figure->high = -INFINITY;
    ticker_begin(&ticker, "cells", grid->groups.n * grid->rows.n * grid->columns.n);
    error->code = ERROR_NONE;
    for (size_t group = 0; group < grid->groups.n && !error->code; group++)
        for (size_t row = 0; row < grid->rows.n && !error->code; row++)
            for (size_t column = 0; column < grid->columns.n && !error->code; column++) {
                read_cell(figure, reader, group, row, column, estimates, error);
                ticker_add(&ticker, 1);
            }
    ticker_end(&ticker);
    free(estimates);
    return error->code;
}

/* From light to dark; where there are values below 0, from task 2's colour by white to task 1's. */
static uint32_t colour_of(const void *context, double value)
{
    const struct heatmap_figure *figure = context;
    if (figure->low < 0) {
        const struct palette *palette = &figure->grid.request->palette;
        double end = fmax(-figure->low, figure->high);
        return palette_blend(0xffffff, palette->colours[value < 0 ? 1 : 0], fabs(value) / end);
    }
    double range = figure->high - figure->low;
    return palette_blend(COLOUR_LOW, COLOUR_HIGH, range > 0 ? (value - figure->low) / range : 0.5);
}

/* The ends of the colours. */
static double ramp_high(const struct heatmap_figure *figure)
{
    return figure->low < 0 ? fmax(-figure->low, figure->high) : figure->high;
}

static double ramp_low(const struct heatmap_figure *figure)
{
    return figure->low < 0 ? -ramp_high(figure) : figure->low;
}

/* A number as the figure writes it: shares in per cent; others with so many decimals that the largest of all has two
 * digits or three. */
static void format_value(const struct heatmap_figure *figure, double value, char text[16])
{
    double largest = fmax(fabs(figure->low), fabs(figure->high));
    if (statistic_table[figure->statistic].is_share)
        snprintf(text, 16, "%.*f", figure->is_short ? 0 : 1, 100 * value);
    else if (largest < 1e-4 || largest >= 1e4)
        snprintf(text, 16, "%.2g", value);
    else
        snprintf(text, 16, "%.*f", (int)fmax(0, (largest < 0.1 ? 2 : 1) - figure->is_short - floor(log10(largest))),
                 value);
}

static void make_cell(const struct heatmap_figure *figure, const struct value *value, struct cell *cell)
{
    char low[16], high[16];
    memset(cell->lines, 0, sizeof cell->lines);
    cell->is_hatched = false;
    cell->fill = COLOUR_EMPTY;
    snprintf(cell->lines[0], CELL_TEXT_MAX, "-");
    if (!isnan(value->estimate.value)) {
        cell->fill = colour_of(figure, value->estimate.value);
        cell->is_hatched = value->estimate.value < 0;
        format_value(figure, value->estimate.value, cell->lines[0]);
    }
    if (isfinite(value->estimate.low) && isfinite(value->estimate.high)) {
        format_value(figure, value->estimate.low, low);
        format_value(figure, value->estimate.high, high);
        snprintf(cell->lines[1], CELL_TEXT_MAX, "%s to %s", low, high);
    }
    snprintf(cell->lines[2], CELL_TEXT_MAX, "%" PRIu64 "/%" PRIu64, value->n_accepted, value->n_tried);
    if (!isnan(value->identical)) {
        format_value(figure, value->identical, low);
        snprintf(cell->lines[3], CELL_TEXT_MAX, "id. %s", low);
    }
    for (int l = 0; l < CELL_LINES; l++)
        if (!figure->shows[l])
            cell->lines[l][0] = '\0';
}

/* How wide cells have to be for each of their lines of text. */
static void measure_texts(struct heatmap_figure *figure, double wide[CELL_LINES])
{
    size_t n = figure->grid.n_blocks * figure->grid.rows.n * figure->grid.columns.n;
    for (int l = 0; l < CELL_LINES; l++) {
        figure->shows[l] = true;
        wide[l] = TEXT_GAP;
    }
    for (size_t i = 0; i < n; i++) {
        struct cell cell;
        make_cell(figure, &figure->values[i], &cell);
        for (int l = 0; l < CELL_LINES; l++)
            wide[l] = fmax(wide[l], layout_text_width(cell.lines[l], l ? FONT_SMALL : FONT_TEXT) + TEXT_GAP);
    }
}

/* Chooses the lines of text that fit into the cells, and the cells' size: colours alone where there is no room for the
 * value itself. */
static void fit_texts(struct heatmap_figure *figure)
{
    struct grid *grid = &figure->grid;
    double room = grid_room(grid) / (double)grid->columns.n, wide[CELL_LINES];
    measure_texts(figure, wide);
    figure->is_short = wide[1] > room;
    if (figure->is_short)
        measure_texts(figure, wide);
    grid->cell_height = 18;
    grid->cell_width = 18;
    grid->cell_min = 3;
    for (int l = 0; l < CELL_LINES; l++) {
        figure->shows[l] = figure->shows[0] && wide[l] > TEXT_GAP && wide[l] <= room;
        grid->cell_width = figure->shows[l] ? fmax(grid->cell_width, wide[l]) : grid->cell_width;
        grid->cell_height += l && figure->shows[l] ? 11 : 0;
    }
}

static void write_block(const struct heatmap_figure *figure, size_t block, struct cell *cells)
{
    const struct grid *grid = &figure->grid;
    struct box box = grid_block(grid, block);
    char name[32];
    size_t n = 0;
    for (size_t row = 0; row < grid->rows.n; row++)
        for (size_t column = 0; column < grid->columns.n; column++) {
            if (grid_config(grid, figure->blocks[block].group, row, column) == GRID_NO_CONFIG)
                continue;
            cells[n].box = grid_cell(grid, block, row, column);
            cells[n].box.left -= box.left;
            cells[n].box.top -= box.top;
            make_cell(figure, value_of(figure, block, row, column), &cells[n]);
            n++;
        }
    snprintf(name, sizeof name, "block%zu", block + 1);
    cells_panel(&grid->gnuplot, &box, name, cells, n);
}

/* A block for each group and, of a statistic of layers, for each of the layers that are asked for and that a
 * configuration of the group has. */
static enum error_code choose_blocks(struct heatmap_figure *figure, const struct reader *reader, struct error *error)
{
    struct grid *grid = &figure->grid;
    bool has_layers = figure->statistic >= STATISTIC_FIRST_OF_LAYER;
    figure->blocks = malloc(grid->groups.n * LAYERS_MAX * sizeof *figure->blocks);
    if (!figure->blocks)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    for (size_t group = 0; group < grid->groups.n; group++) {
        const struct selection *configs = &grid->groups.groups[group];
        int64_t deepest = 0;
        for (size_t i = 0; i < configs->n; i++) {
            int64_t n = reader->configs[configs->configs[i]].hidden_layers;
            deepest = n > deepest ? n : deepest;
        }
        for (size_t layer = 0; layer < (has_layers ? (size_t)deepest : 1); layer++)
            if (!has_layers || layer_mask_has(grid->request->layers, layer))
                figure->blocks[grid->n_blocks++] = (struct heatmap_block){group, layer};
    }
    return ERROR_NONE;
}

static void write_titles(const struct heatmap_figure *figure, char (*titles)[GRID_TITLE_MAX])
{
    for (size_t block = 0; block < figure->grid.n_blocks; block++) {
        char label[LABEL_MAX], layer[32] = "";
        grid_group_label(&figure->grid, figure->blocks[block].group, label);
        if (figure->statistic >= STATISTIC_FIRST_OF_LAYER)
            snprintf(layer, sizeof layer, "layer %zu", figure->blocks[block].layer + 1);
        snprintf(titles[block], GRID_TITLE_MAX, "%s%s%s", label, *label && *layer ? ", " : "", layer);
    }
}

/* "; task 1 (x0), task 2 (x0 * x1)": what the statistic is about, if it is about tasks. */
static void write_pair(const struct heatmap_figure *figure, char text[TASK_PAIR_LABEL_MAX])
{
    const struct grid *grid = &figure->grid;
    char tasks[2][TASK_LABEL_MAX];
    if (!grid->request->pairs) {
        task_label(grid->reader, grid->selection, 0, tasks[0]);
        if (figure->statistic == STATISTIC_ERROR_1)
            snprintf(text, TASK_PAIR_LABEL_MAX, "; %s", tasks[0]);
        return;
    }
    for (int side = 0; side < 2; side++)
        task_pairs_label(grid->request->pairs, grid->reader, side, tasks[side]);
    snprintf(text, TASK_PAIR_LABEL_MAX, "; %s, %s", tasks[0], tasks[1]);
}

/* "selective: units with |RI| > 0.9, in % (taylor_sample), mean over models" */
static void write_meaning(const struct heatmap_figure *figure, char text[TEXT_MAX])
{
    static const char *const aggregates[] = {"", ", mean over models", ", median over models"};
    const struct statistic_description *row = &statistic_table[figure->statistic];
    const struct figure_request *request = figure->grid.request;
    const struct ri_options ri = figure_common_ri(request);
    char measure[64] = "", pair[TASK_PAIR_LABEL_MAX] = "", label[STATISTIC_LABEL_MAX], meaning[STATISTIC_MEANING_MAX];
    if (figure->statistic >= STATISTIC_FIRST_OF_LAYER)
        snprintf(measure, sizeof measure, " (%s)", measure_table[request->ri.measure].name);
    write_pair(figure, pair);
    statistic_label(figure->statistic, &ri, label);
    statistic_meaning(figure->statistic, &ri, meaning);
    snprintf(text, TEXT_MAX, "%s%s%s%s%s%s%s", label, row->is_share ? ": " : "", row->is_share ? meaning : "",
             row->is_share ? ", in %" : "", measure, aggregates[row->aggregate], pair);
}

/* What the small texts in the cells are, as far as they are there, and the hatches. */
static void write_small(const struct heatmap_figure *figure, char text[LABEL_MAX])
{
    static const char *const names[CELL_LINES] = {"", "95 % interval", "accepted/tried models", "id.: identical tasks"};
    *text = '\0';
    for (int l = 1; l < CELL_LINES; l++)
        if (figure->shows[l])
            snprintf(text + strlen(text), LABEL_MAX - strlen(text), "%s%s", *text ? "; " : "small: ", names[l]);
    if (figure->low < 0)
        snprintf(text + strlen(text), LABEL_MAX - strlen(text), "%s" CELLS_BELOW_0, *text ? "; " : "");
}

static void write_data(const struct heatmap_figure *figure)
{
    const struct grid *grid = &figure->grid;
    bool has_layers = figure->statistic >= STATISTIC_FIRST_OF_LAYER;
    figure_data_begin(&grid->gnuplot, grid->reader, "layer,statistic,value,low,high,n,accepted,tried,identical");
    for (size_t block = 0; block < grid->n_blocks; block++)
        for (size_t row = 0; row < grid->rows.n; row++)
            for (size_t column = 0; column < grid->columns.n; column++) {
                size_t config = grid_config(grid, figure->blocks[block].group, row, column);
                const struct value *value = value_of(figure, block, row, column);
                if (config == GRID_NO_CONFIG)
                    continue;
                figure_data_row(&grid->gnuplot, grid->reader, config);
                figure_data_number(&grid->gnuplot, has_layers ? (double)figure->blocks[block].layer + 1 : (double)NAN);
                figure_data_text(&grid->gnuplot, statistic_table[figure->statistic].name);
                figure_data_estimate(&grid->gnuplot, &value->estimate);
                figure_data_number(&grid->gnuplot, (double)value->n_accepted);
                figure_data_number(&grid->gnuplot, (double)value->n_tried);
                figure_data_number(&grid->gnuplot, value->identical);
            }
}

/* Whether a map would be empty for the most part: configurations of a zip, or of cases. */
static bool is_no_grid(const struct grid *grid)
{
    return grid->selection->n > 1 && 2 * grid->selection->n <= grid->groups.n * grid->rows.n * grid->columns.n;
}

enum error_code plot_heatmap(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, enum statistic statistic, const char *rows,
                             const char *columns, struct error *error)
{
    struct heatmap_figure figure = {.statistic = statistic};
    struct grid *grid = &figure.grid;
    char name[TEXT_MAX], small[LABEL_MAX], settings[LABEL_MAX] = "";
    struct legend_item legend[3] = {{false, NULL, name}};
    char(*titles)[GRID_TITLE_MAX] = NULL;
    struct cell *cells = NULL;

    if (request->layers && figure.statistic < STATISTIC_FIRST_OF_LAYER)
        return error_set(error, ERROR_INPUT, "--layer: %s is not a statistic of layers",
                         statistic_table[figure.statistic].name);
    if (gnuplot_check(&request->place, error) || layer_mask_check_each(request->layers, reader, selection, error) ||
        grid_make(grid, reader, selection, rows, columns, error))
        return error->code;
    grid->request = request;
    write_meaning(&figure, name);
    bool has_settings = figure.statistic >= STATISTIC_FIRST_OF_LAYER && layout_ri_text(&request->ri, settings);
    if (!rows && !columns && is_no_grid(grid)) {
        const struct legend_item remarks[] = {
            legend[0],
            {false, NULL, "lines: 95 % intervals; open: rejected, but alive; right: accepted/tried models"},
            {false, NULL, settings}};
        plot_dots(reader, selection, request, statistic, remarks, has_settings ? 3 : 2, error);
        goto done;
    }
    if (choose_blocks(&figure, reader, error) || grid_check_count(grid, grid->n_blocks, CELLS_MAX, error))
        goto done;
    figure.values = calloc(grid->n_blocks * grid->rows.n * grid->columns.n, sizeof *figure.values);
    titles = calloc(grid->n_blocks, sizeof *titles);
    cells = calloc(grid->rows.n * grid->columns.n, sizeof *cells);
    if (!figure.values || !titles || !cells) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    if (read_cells(&figure, reader, error))
        goto done;
    write_titles(&figure, titles);
    fit_texts(&figure);
    grid->margin_bottom = 14;
    grid->titles = (const char(*)[GRID_TITLE_MAX])titles;
    bool is_share = statistic_table[statistic].is_share, has_values = isfinite(figure.low);
    const struct ramp ramp = {name, ramp_low(&figure), ramp_high(&figure), is_share ? 100 : 1, colour_of, &figure};
    grid->legend = legend;
    grid->n_legend = has_values ? 0 : 1;
    grid->ramp = has_values ? &ramp : NULL;
    write_small(&figure, small);
    if (*small)
        legend[grid->n_legend++] = (struct legend_item){false, NULL, small};
    if (has_settings)
        legend[grid->n_legend++] = (struct legend_item){false, NULL, settings};
    if (grid_begin(grid, error))
        goto done;
    for (size_t block = 0; block < grid->n_blocks; block++)
        write_block(&figure, block, cells);
    write_data(&figure);
    grid_finish(grid, error);
done:
    free(cells);
    free(titles);
    free(figure.values);
    free(figure.blocks);
    grid_free(grid);
    return error->code;
}
