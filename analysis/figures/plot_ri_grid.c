#include "plot_ri_grid.h"

#include "figure_data.h"
#include "grid.h"
#include "histogram_panel.h"
#include "layer_mask.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>

#define CELLS_MAX  400
#define X_NAME_MIN 320.0 /* width of the name of the horizontal axes, in two lines */

struct ri_grid_figure {
    struct grid grid;
    struct histogram *histograms; /* [groups, rows, columns]; those without a configuration are not used */
    size_t n_least, n_most;       /* models in one of them */
};

static size_t cell_index(const struct grid *grid, size_t group, size_t row, size_t column)
{
    return (group * grid->rows.n + row) * grid->columns.n + column;
}

static enum error_code read_cell(struct ri_grid_figure *figure, struct reader *reader, size_t config, size_t index,
                                 struct error *error)
{
    const struct figure_request *request = figure->grid.request;
    const struct selection group = {.configs = &config, .n = 1};
    struct sample sample = {0};
    if (!sample_read(&sample, reader, &group, &request->ri, true, error))
        histogram_of(&sample, request->layers, &figure->histograms[index], error);
    figure->n_least = sample.n_models < figure->n_least ? sample.n_models : figure->n_least;
    figure->n_most = sample.n_models > figure->n_most ? sample.n_models : figure->n_most;
    sample_free(&sample);
    return error->code;
}

static enum error_code read_cells(struct ri_grid_figure *figure, struct reader *reader, struct error *error)
{
    const struct grid *grid = &figure->grid;
    struct ticker ticker;
    ticker_begin(&ticker, "configurations", grid->selection->n);
    error->code = ERROR_NONE;
    for (size_t group = 0; group < grid->groups.n && !error->code; group++)
        for (size_t row = 0; row < grid->rows.n && !error->code; row++)
            for (size_t column = 0; column < grid->columns.n && !error->code; column++) {
                size_t config = grid_config(grid, group, row, column);
                if (config == GRID_NO_CONFIG)
                    continue;
                read_cell(figure, reader, config, cell_index(grid, group, row, column), error);
                ticker_add(&ticker, 1);
            }
    ticker_end(&ticker);
    return error->code;
}

static bool is_empty(const struct grid *grid, size_t group, size_t row, size_t column)
{
    return grid_config(grid, group, row, column) == GRID_NO_CONFIG;
}

static void write_figure(const struct ri_grid_figure *figure)
{
    const struct grid *grid = &figure->grid;
    const struct task_pair pair = {grid->request->ri.task_a, grid->request->ri.task_b};
    double highest = 0;
    char layers[LABEL_MAX];
    for (size_t group = 0; group < grid->groups.n; group++)
        for (size_t row = 0; row < grid->rows.n; row++)
            for (size_t column = 0; column < grid->columns.n; column++)
                if (!is_empty(grid, group, row, column))
                    highest = fmax(highest, histogram_top(&figure->histograms[cell_index(grid, group, row, column)]));
    histogram_axes(&grid->gnuplot, highest);
    figure_data_begin(&grid->gnuplot, grid->reader, HISTOGRAM_COLUMNS);
    layout_layers_text(grid->request->layers, layers);
    struct box first = grid_block(grid, 0);
    double page = grid->gnuplot.width, x = first.left + first.width / 2;
    if (fmin(x, page - x) < X_NAME_MIN / 2) /* narrow blocks */
        x = page / 2;
    histogram_x_name(&grid->gnuplot, x, grid->gnuplot.height - 10, 2 * (fmin(x, page - x) - LAYOUT_MARGIN),
                     grid->reader, grid->request);
    for (size_t group = 0; group < grid->groups.n; group++) {
        struct box block = grid_block(grid, group);
        layout_text(&grid->gnuplot, block.left - 34, block.top + block.height / 2, ALIGN_CENTER, FONT_SMALL,
                    COLOUR_TEXT, true, "proportion");
    }
    for (size_t group = 0; group < grid->groups.n; group++)
        for (size_t row = 0; row < grid->rows.n; row++)
            for (size_t column = 0; column < grid->columns.n; column++) {
                struct box box = grid_cell(grid, group, row, column);
                char name[96];
                if (is_empty(grid, group, row, column))
                    continue;
                snprintf(name, sizeof name, "block%zu_row%zu_column%zu", group + 1, row + 1, column + 1);
                histogram_panel(&grid->gnuplot, &box, name, &grid->request->palette, grid->reader,
                                &figure->histograms[cell_index(grid, group, row, column)],
                                row + 1 == grid->rows.n || is_empty(grid, group, row + 1, column),
                                column == 0 || is_empty(grid, group, row, column - 1));
                histogram_data(&grid->gnuplot, grid->reader, grid_config(grid, group, row, column), pair, layers,
                               &figure->histograms[cell_index(grid, group, row, column)]);
            }
}

enum error_code plot_ri_grid(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, const char *rows, const char *columns,
                             struct error *error)
{
    struct ri_grid_figure figure = {.n_least = SIZE_MAX};
    struct grid *grid = &figure.grid;
    char layers[LABEL_MAX], text[LABEL_MAX + 128], models[64] = "", settings[LABEL_MAX];
    const struct legend_item legend[] = {{false, NULL, text},
                                         {false, NULL, "lines: 95 % intervals over models"},
                                         {false, NULL, "+ %: unimportant for both tasks"},
                                         {false, NULL, settings}};
    char(*titles)[GRID_TITLE_MAX] = NULL;

    if (gnuplot_check(&request->place, error) || layer_mask_check_each(request->layers, reader, selection, error) ||
        grid_make(grid, reader, selection, rows, columns, error))
        return error->code;
    grid->request = request;
    grid->cell_width = 104;
    grid->cell_min = 20;
    grid->cell_height = 74;
    grid->gap = 8;
    grid->numbers_left = 40;
    grid->numbers_below = 14;
    grid->margin_bottom = 46;
    if (grid_check_count(grid, grid->groups.n, CELLS_MAX, error))
        goto done;
    grid_turn(grid);
    figure.histograms = calloc(grid->groups.n * grid->rows.n * grid->columns.n, sizeof *figure.histograms);
    titles = calloc(grid->groups.n, sizeof *titles);
    if (!figure.histograms || !titles) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    if (read_cells(&figure, reader, error))
        goto done;
    for (size_t group = 0; group < grid->groups.n; group++)
        grid_group_label(grid, group, titles[group]);
    layout_layers_text(request->layers, layers);
    if (figure.n_least < figure.n_most)
        snprintf(models, sizeof models, "%zu to ", figure.n_least);
    snprintf(text, sizeof text, "neurons of %s%zu model%s, %s", models, figure.n_most, figure.n_most == 1 ? "" : "s",
             layers);
    grid->titles = (const char(*)[GRID_TITLE_MAX])titles;
    grid->n_blocks = grid->groups.n;
    grid->legend = legend;
    grid->n_legend = layout_ri_text(&request->ri, settings) ? 4 : 3;
    if (grid_begin(grid, error))
        goto done;
    write_figure(&figure);
    grid_finish(grid, error);
done:
    free(titles);
    free(figure.histograms);
    grid_free(grid);
    return error->code;
}
