#include "plot_scatter.h"

#include "correlation.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "lesion.h"
#include "sample.h"
#include "sheet.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_SIZE     118.0
#define PANEL_MAX      230.0
#define MODELS_DEFAULT 50 /* of each configuration that are lesioned */
#define SERIES_MAX     2
#define REMARKS_MAX    4

/* The dots of one kind in one panel. Owns its arrays. */
struct series {
    float *x, *y; /* [n]: NaN if there is none */
    size_t n;
};

/* What both figures have. */
struct scatter_figure {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    size_t n_rows, n_columns, n_series;     /* n_rows: configurations */
    size_t layers[LAYERS_MAX];              /* [n_columns] of plot_ri_loss, 0-based */
    struct series *series;                  /* [n_rows, n_columns, n_series] */
    size_t *n_models;                       /* [selection->n]: drawn */
    char (*row_titles)[LABEL_MAX];          /* [n_rows] */
    char (*column_titles)[LABEL_MAX];       /* [n_columns] */
    char names[SERIES_MAX][TASK_LABEL_MAX]; /* of the two tasks */
    char remarks[REMARKS_MAX][LABEL_MAX];   /* [n_remarks] */
    size_t n_remarks;
    struct sheet sheet;
};

static enum error_code no_memory(const struct scatter_figure *figure, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
}

static struct series *series_of(const struct scatter_figure *figure, size_t row, size_t column, size_t s)
{
    return &figure->series[(row * figure->n_columns + column) * figure->n_series + s];
}

static enum error_code make_room(struct scatter_figure *figure, struct error *error)
{
    check(figure->n_rows > 0 && figure->n_columns > 0 && figure->n_series > 0);
    figure->series = calloc(figure->n_rows * figure->n_columns * figure->n_series, sizeof *figure->series);
    figure->n_models = calloc(figure->selection->n, sizeof *figure->n_models);
    figure->row_titles = calloc(figure->n_rows, sizeof *figure->row_titles);
    figure->column_titles = calloc(figure->n_columns, sizeof *figure->column_titles);
    if (!figure->series || !figure->n_models || !figure->row_titles || !figure->column_titles)
        return no_memory(figure, error);
    return error->code = ERROR_NONE;
}

static enum error_code make_series(const struct scatter_figure *figure, struct series *series, size_t n,
                                   struct error *error)
{
    *series = (struct series){malloc((n + 1) * sizeof(float)), malloc((n + 1) * sizeof(float)), n};
    return series->x && series->y ? ERROR_NONE : no_memory(figure, error);
}

static void release(struct scatter_figure *figure)
{
    for (size_t i = 0; figure->series && i < figure->n_rows * figure->n_columns * figure->n_series; i++) {
        free(figure->series[i].x);
        free(figure->series[i].y);
    }
    free(figure->series);
    free(figure->n_models);
    free(figure->row_titles);
    free(figure->column_titles);
}

/* ---- What is drawn ---- */

/* Reads the i-th configuration of plot_ri_loss. */
static enum error_code read_ri_loss(struct scatter_figure *figure, size_t i, struct error *error)
{
    const struct selection one = {.configs = &figure->selection->configs[i], .n = 1};
    const struct ri_options ri = figure_ri(figure->request, i);
    struct sample sample;
    if (sample_read(&sample, figure->reader, &one, &ri, false, error))
        return error->code;
    figure->n_models[i] = sample.n_models;
    for (size_t k = 0; k < figure->n_columns && !error->code; k++) {
        struct series *series = series_of(figure, i, k, 0);
        size_t n = figure->layers[k] < sample.n_layers ? sample.n_models : 0;
        if (make_series(figure, series, n, error) || n == 0)
            continue;
        memcpy(series->x, sample_column(&sample, STATISTIC_LOSS_RATIO, 0), n * sizeof *series->x);
        memcpy(series->y, sample_column(&sample, STATISTIC_MEAN_RI, figure->layers[k]), n * sizeof *series->y);
    }
    sample_free(&sample);
    return error->code;
}

/* Reads the i-th configuration of plot_damage. */
static enum error_code read_damage(struct scatter_figure *figure, size_t i, size_t n_models_max, struct error *error)
{
    static const enum lesion selective[] = {LESION_SELECTIVE_A, LESION_SELECTIVE_B};
    static const enum lesion random[] = {LESION_RANDOM_A, LESION_RANDOM_B};
    const struct hyperparameters *h = &figure->reader->configs[figure->selection->configs[i]];
    const struct ri_options ri = figure_ri(figure->request, i);
    const int tasks[] = {ri.task_a, ri.task_b};
    struct lesion_result result;
    size_t n_units = 0;
    if (lesion_measure(figure->reader, figure->selection->configs[i], &ri, figure->request->layers, n_models_max,
                       &result, error))
        return error->code;
    for (int64_t layer = 0; layer < h->hidden_layers; layer++)
        n_units += layer_mask_has(figure->request->layers, (size_t)layer) ? (size_t)h->hidden_size : 0;
    figure->n_models[i] = result.n_models;
    for (size_t s = 0; s < figure->n_series && !error->code; s++) {
        struct series *series = series_of(figure, i, 0, s);
        if (make_series(figure, series, result.n_models, error))
            break;
        lesion_difference(&result, random[s], (size_t)tasks[s], series->y);
        for (size_t m = 0; m < result.n_models; m++)
            series->x[m] = 100 * result.n_silenced[selective[s] * result.n_models + m] / (float)n_units;
    }
    lesion_free(&result);
    return error->code;
}

/* ---- The page ---- */

/* The range of one axis, the same in all panels: it holds 0. */
static void write_axis(const struct scatter_figure *figure, char axis, int n_max)
{
    FILE *script = figure->sheet.gnuplot.script;
    double low = 0, high = 0;
    for (size_t i = 0; i < figure->n_rows * figure->n_columns * figure->n_series; i++) {
        const struct series *series = &figure->series[i];
        for (size_t k = 0; k < series->n; k++)
            if (isfinite(series->x[k]) && isfinite(series->y[k])) {
                low = fmin(low, (double)(axis == 'x' ? series->x[k] : series->y[k]));
                high = fmax(high, (double)(axis == 'x' ? series->x[k] : series->y[k]));
            }
    }
    double range = high > low ? high - low : 1, step = layout_step(1.1 * range, n_max);
    fprintf(script, "set %crange [%.9g:%.9g]\nset %ctics %.9g,%.9g\n", axis, low - 0.05 * range, high + 0.05 * range,
            axis, step * ceil((low - 0.05 * range) / step), step);
}

static void write_note(const struct scatter_figure *figure, size_t row, size_t column, size_t s,
                       const struct estimate *r, const char *mark)
{
    char text[64] = "r -";
    if (isfinite(r->low))
        snprintf(text, sizeof text, "r %+.2f [%+.2f, %+.2f]", r->value, r->low, r->high);
    else if (isfinite(r->value))
        snprintf(text, sizeof text, "r %+.2f", r->value);
    sheet_note(&figure->sheet, row, column, s, NULL, figure->n_series > 1 ? mark : NULL, text);
}

/* A row of --data for each dot, and one for their correlation. */
static void write_numbers(const struct scatter_figure *figure, size_t row, size_t column, size_t s,
                          const struct estimate *r)
{
    const struct gnuplot *gnuplot = &figure->sheet.gnuplot;
    const struct series *series = series_of(figure, row, column, s);
    size_t config = figure->selection->configs[row];
    const struct ri_options ri = figure_ri(figure->request, row);
    double task = s ? ri.task_b + 1 : ri.task_a + 1;
    double part = figure->n_series > 1 ? task : (double)figure->layers[column] + 1;
    for (size_t k = 0; k <= series->n; k++) {
        bool is_dot = k < series->n;
        figure_data_row(gnuplot, figure->reader, config);
        figure_data_pair(gnuplot, figure->request, row);
        figure_data_number(gnuplot, part);
        figure_data_number(gnuplot, is_dot ? (double)series->x[k] : (double)NAN);
        figure_data_number(gnuplot, is_dot ? (double)series->y[k] : (double)NAN);
        for (int i = 0; is_dot && i < 4; i++)
            figure_data_text(gnuplot, "");
        if (!is_dot)
            figure_data_estimate(gnuplot, r);
    }
}

static void write_panel(const struct scatter_figure *figure, size_t row, size_t column)
{
    const struct sheet *sheet = &figure->sheet;
    const struct box box = sheet_box(sheet, row, column);
    FILE *script = sheet->gnuplot.script;
    char marks[SERIES_MAX][STYLE_MAX];
    bool has_models = figure->n_models[row] > 0;
    for (size_t s = 0; s < figure->n_series; s++) {
        const struct series *series = series_of(figure, row, column, s);
        const struct estimate r = correlation_of(series->x, series->y, series->n);
        palette_mark(&figure->request->palette, s, 0.45, marks[s]);
        fprintf(script, "\n$row%zu_column%zu_series%zu << EOD\n", row + 1, column + 1, s + 1);
        for (size_t k = 0; k < series->n; k++)
            if (isfinite(series->x[k]) && isfinite(series->y[k]))
                fprintf(script, "%.6g %.6g\n", (double)series->x[k], (double)series->y[k]);
        fprintf(script, "EOD\n");
        write_numbers(figure, row, column, s, &r);
        write_note(figure, row, column, s, &r, marks[s]);
    }
    layout_panel(&sheet->gnuplot, &box);
    if (!has_models)
        layout_text(&sheet->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, FONT_SMALL,
                    COLOUR_GREY, false, models_none(figure->reader));
    fprintf(script, "set format y '%s'\nplot ", sheet_is_leftmost(sheet, row, column) ? "%g" : "");
    for (size_t s = 0; s < figure->n_series; s++)
        if (has_models)
            fprintf(script, "$row%zu_column%zu_series%zu using 1:2 with points %s, \\\n     ", row + 1, column + 1,
                    s + 1, marks[s]);
    fprintf(script, "NaN\nunset label\nunset arrow\n");
}

/* `names`: of the horizontal and vertical axes, and the columns of --data. */
static enum error_code draw(struct scatter_figure *figure, const char *const names[3], struct error *error)
{
    char common[LABEL_MAX], marks[SERIES_MAX][STYLE_MAX];
    struct legend_item legend[SERIES_MAX + REMARKS_MAX];
    size_t n = 0;
    for (size_t s = 0; s < figure->n_series && figure->n_series > 1; s++) {
        palette_mark(&figure->request->palette, s, 0.6, marks[s]);
        legend[n++] = (struct legend_item){true, marks[s], figure->names[s]};
    }
    for (size_t i = 0; i < figure->n_remarks; i++)
        legend[n++] = (struct legend_item){false, NULL, figure->remarks[i]};
    for (size_t i = 0; i < figure->selection->n; i++)
        figure_label(figure->request, figure->reader, figure->selection, i, figure->n_models, figure->row_titles[i]);
    figure_common(figure->reader, figure->selection, figure->n_models, common);
    figure->sheet =
        (struct sheet){.request = figure->request,
                       .head = {layout_title(figure->reader, figure->request->title), common, legend, n, NULL, 0},
                       .n_rows = figure->n_rows,
                       .n_columns = figure->n_columns,
                       .row_titles = (const char(*)[LABEL_MAX])figure->row_titles,
                       .column_titles = (const char(*)[LABEL_MAX])figure->column_titles,
                       .n_notes = figure->n_series,
                       .panel_width = PANEL_SIZE,
                       .panel_width_max = PANEL_MAX,
                       .margin_left = 56,
                       .gap = 12,
                       .tics_height = 14,
                       .may_turn = true,
                       .x_name = names[0],
                       .y_name = names[1]};
    if (sheet_begin(&figure->sheet, error))
        return error->code;
    figure_data_begin(&figure->sheet.gnuplot, figure->reader, names[2]);
    fprintf(figure->sheet.gnuplot.script, "set zeroaxis lt 1 lw 0.6 lc rgb '#%06x'\n", COLOUR_GRID);
    write_axis(figure, 'x', (int)(figure->sheet.panel_width / 24));
    write_axis(figure, 'y', 5);
    for (size_t row = 0; row < figure->n_rows; row++)
        for (size_t column = 0; column < figure->n_columns; column++)
            write_panel(figure, row, column);
    return sheet_finish(&figure->sheet, error);
}

/* What both say of how RI is computed, and of which tasks. */
static void write_settings(struct scatter_figure *figure, const char *text)
{
    char pair[TASK_PAIR_LABEL_MAX] = "";
    for (int side = 0; side < 2; side++)
        task_pairs_label(figure->request->pairs, figure->reader, side, figure->names[side]);
    if (figure->n_series == 1) /* else the legend has them */
        snprintf(pair, sizeof pair, "; %s, %s", figure->names[0], figure->names[1]);
    snprintf(figure->remarks[figure->n_remarks++], LABEL_MAX, "%s (%s)%s", text,
             measure_table[figure->request->ri.measure].name, pair);
    snprintf(figure->remarks[figure->n_remarks++], LABEL_MAX,
             "r: Pearson's correlation over models, with Fisher's 95 %% interval");
    if (layout_ri_text(&figure->request->ri, figure->remarks[figure->n_remarks]))
        figure->n_remarks++;
}

enum error_code plot_ri_loss(struct reader *reader, const struct selection *selection,
                             const struct figure_request *request, struct error *error)
{
    const struct ri_options ri = figure_common_ri(request);
    char x_name[STATISTIC_LABEL_MAX];
    const char *const names[] = {x_name, "mean RI", "pair,layer,log_loss_ratio,mean_ri,r,low,high,n"};
    struct scatter_figure figure = {
        .reader = reader, .selection = selection, .request = request, .n_rows = selection->n, .n_series = 1};
    struct ticker ticker;
    size_t deepest = 0;
    statistic_label(STATISTIC_LOSS_RATIO, &ri, x_name);
    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    for (size_t i = 0; i < selection->n; i++) {
        size_t n = (size_t)reader->configs[selection->configs[i]].hidden_layers;
        deepest = n > deepest ? n : deepest;
    }
    for (size_t layer = 0; layer < deepest; layer++)
        if (layer_mask_has(request->layers, layer))
            figure.layers[figure.n_columns++] = layer;
    make_room(&figure, error);
    for (size_t k = 0; k < figure.n_columns && !error->code; k++)
        snprintf(figure.column_titles[k], LABEL_MAX, "layer %zu", figure.layers[k] + 1);
    ticker_begin(&ticker, "configurations", selection->n);
    for (size_t i = 0; i < selection->n && !error->code; i++) {
        read_ri_loss(&figure, i, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    write_settings(&figure, "a dot: a model, its RI averaged over a layer's units");
    if (!error->code)
        draw(&figure, names, error);
    release(&figure);
    return error->code;
}

enum error_code plot_damage(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, size_t n_models_max, struct error *error)
{
    static const char *const names[] = {"units selective for the task, %", "damage to the task",
                                        "pair,task,selective_percent,damage,r,low,high,n"};
    struct scatter_figure figure = {.reader = reader,
                                    .selection = selection,
                                    .request = request,
                                    .n_rows = selection->n,
                                    .n_columns = 1,
                                    .n_series = 2};
    struct ticker ticker;
    char layers[LABEL_MAX];
    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    make_room(&figure, error);
    ticker_begin(&ticker, "configurations", selection->n);
    for (size_t i = 0; i < selection->n && !error->code; i++) {
        read_damage(&figure, i, n_models_max ? n_models_max : MODELS_DEFAULT, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    layout_layers_text(request->layers, layers);
    snprintf(
        figure.remarks[figure.n_remarks++], LABEL_MAX,
        "damage: the task's error with the units of %.200s silenced that are selective for it, less its error with "
        "as many random ones silenced, on a second test set",
        layers);
    write_settings(&figure, "a mark: a task of a model");
    if (!error->code)
        draw(&figure, names, error);
    release(&figure);
    return error->code;
}
