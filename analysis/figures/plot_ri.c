#include "plot_ri.h"

#include "figure_data.h"
#include "histogram_panel.h"
#include "layer_mask.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>

struct ri_figure {
    struct rows rows;
    struct histogram (*histograms)[LAYERS_MAX]; /* [selection->n] */
};

static enum error_code read_row(struct ri_figure *figure, size_t row, struct error *error)
{
    const struct rows *rows = &figure->rows;
    const struct selection group = {.configs = &rows->selection->configs[row], .n = 1};
    const struct ri_options ri = figure_ri(rows->request, row);
    struct sample sample = {0};

    if (sample_read(&sample, rows->reader, &group, &ri, true, error))
        return error->code;
    for (size_t l = 0; l < sample.n_layers; l++)
        if (histogram_of(&sample, UINT64_C(1) << l, &figure->histograms[row][l], error))
            break;
    sample_free(&sample);
    return error->code;
}

static void write_figure(const struct ri_figure *figure)
{
    const struct rows *rows = &figure->rows;
    double highest = 0, x, y;
    for (size_t row = 0; row < rows->selection->n; row++)
        for (size_t column = 0; column < rows->n_columns; column++)
            if (rows_has(rows, row, column))
                highest = fmax(highest, histogram_top(&figure->histograms[row][rows->columns[column]]));
    histogram_axes(&rows->gnuplot, highest);
    rows_y_name(rows, "proportion of neurons");
    rows_x_name_place(rows, &x, &y);
    histogram_x_name(&rows->gnuplot, x, y, 2 * (x - rows->margin_left), rows->reader, rows->request);
    figure_data_begin(&rows->gnuplot, rows->reader, HISTOGRAM_COLUMNS);
    for (size_t row = 0; row < rows->selection->n; row++)
        for (size_t column = 0; column < rows->n_columns; column++) {
            struct box box = rows_box(rows, row, column);
            char name[64];
            if (!rows_has(rows, row, column))
                continue;
            snprintf(name, sizeof name, "row%zu_layer%zu", row + 1, rows->columns[column] + 1);
            histogram_panel(&rows->gnuplot, &box, name, &rows->request->palette, rows->reader,
                            &figure->histograms[row][rows->columns[column]], rows_is_lowest(rows, row, column),
                            rows_is_leftmost(rows, column));
            const struct ri_options ri = figure_ri(rows->request, row);
            snprintf(name, sizeof name, "%zu", rows->columns[column] + 1);
            histogram_data(&rows->gnuplot, rows->reader, rows->selection->configs[row],
                           (struct task_pair){ri.task_a, ri.task_b}, name,
                           &figure->histograms[row][rows->columns[column]]);
        }
}

enum error_code plot_ri(struct reader *reader, const struct selection *selection, const struct figure_request *request,
                        struct error *error)
{
    char settings[LABEL_MAX];
    const struct legend_item legend[] = {{false, NULL, "lines: 95 % intervals over models"},
                                         {false, NULL, "+ %: unimportant for both tasks"},
                                         {false, NULL, settings}};
    struct ri_figure figure = {.rows = {.reader = reader,
                                        .selection = selection,
                                        .request = request,
                                        .panel_width = 52,
                                        .panel_height = 84,
                                        .margin_left = 48,
                                        .margin_bottom = 50,
                                        .tics_height = 14,
                                        .legend = legend,
                                        .n_legend = layout_ri_text(&request->ri, settings) ? 3 : 2}};

    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    figure.histograms = calloc(selection->n, sizeof *figure.histograms);
    if (!figure.histograms)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    for (size_t row = 0; row < selection->n; row++) {
        if (read_row(&figure, row, error))
            goto done;
    }
    if (rows_begin(&figure.rows, error))
        goto done;
    write_figure(&figure);
    rows_finish(&figure.rows, error);
done:
    free(figure.histograms);
    return error->code;
}
