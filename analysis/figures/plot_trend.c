#include "plot_trend.h"

#include "extent.h"
#include "figure_data.h"
#include "grid.h"
#include "keys.h"
#include "layer_mask.h"
#include "sheet.h"
#include "ticker.h"
#include "trend.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX    TASKS_MAX /* as many as the palette tells apart */
#define PANELS_MAX   64
#define POINTS_MAX   200
#define REMARKS_MAX  5
#define PANEL_WIDTH  118.0
#define PANEL_HEIGHT 130.0
#define PANEL_GAP    12.0
#define WORD_MARGIN  0.4  /* beyond the first and last of words, which are 1 apart */
#define BESIDE       0.08 /* from one line's mark to the next one's, at a word */

enum lines { LINES_KEY, LINES_MEASURES, LINES_LAYERS, LINES_ONE };

struct trend_figure {
    struct reader *reader;
    const struct figure_request *request;
    const struct trend_options *options;
    struct grid grid; /* rows: the lines' key, if there is one; columns: the places along the axis */
    enum lines lines;
    size_t n_lines;
    enum measure measures[N_MEASURES];           /* [n_lines] of LINES_MEASURES */
    size_t layers[LAYERS_MAX], n_layers;         /* that are shown, 0-based */
    size_t n_columns;                            /* of panels: layers, if they are not lines */
    double *x;                                   /* [columns]: places along the axis */
    bool is_number, is_logarithmic, is_numbered; /* values are numbers; places are their logarithms; words by number */
    struct trend *trends;                        /* [groups, n_trends]: a line each, but one for all layers */
    size_t n_trends;
    struct extent extent; /* of the points */
    bool is_cut;          /* intervals go beyond it */
    struct sheet sheet;
};

static bool has_layers(const struct trend_figure *figure)
{
    return figure->options->statistic >= STATISTIC_FIRST_OF_LAYER;
}

static double scale_of(const struct trend_figure *figure)
{
    return statistic_table[figure->options->statistic].is_share ? 100 : 1;
}

/* Of a line in a panel: its trend, and the layer of it. */
static const struct trend *trend_of(const struct trend_figure *figure, size_t group, size_t column, size_t line,
                                    size_t *layer)
{
    bool are_layers = figure->lines == LINES_LAYERS;
    *layer = has_layers(figure) ? figure->layers[are_layers ? line : column] : 0;
    return &figure->trends[group * figure->n_trends + (are_layers ? 0 : line)];
}

static const struct estimate *point_of(const struct trend_figure *figure, size_t group, size_t column, size_t line,
                                       size_t i)
{
    static const struct estimate nothing = {(double)NAN, (double)NAN, (double)NAN, 0};
    size_t layer;
    const struct trend *trend = trend_of(figure, group, column, line, &layer);
    return layer < trend->n_layers ? &trend->points[layer * trend->n + i] : &nothing;
}

static struct ri_options ri_of(const struct trend_figure *figure, size_t line)
{
    struct ri_options ri = figure_ri(figure->request, 0);
    if (figure->lines == LINES_MEASURES)
        ri.measure = figure->measures[line];
    return ri;
}

/* ---- What is drawn ---- */

static enum error_code too_many(const struct trend_figure *figure, const char *what, size_t n, size_t n_max,
                                struct error *error)
{
    char names[LABEL_MAX];
    selection_swept(figure->reader, names);
    return error_set(error, ERROR_INPUT,
                     "%s: this figure has at most %zu %s, these are %zu: choose some with --where KEY=VALUE (swept: "
                     "%s), --layer or --measure, or other lines with --by",
                     figure->reader->path, n_max, what, n, names);
}

static enum error_code check_keys(const struct trend_options *options, bool is_word, struct error *error)
{
    const struct hyperparameter *along = NULL, *by = NULL;
    if ((options->along && key_find(&along, "along", options->along, options->along, error)) ||
        (options->by && !is_word && key_find(&by, "by", options->by, options->by, error)))
        return error->code;
    if (along && along == by)
        return error_set(error, ERROR_INPUT, "--along %s --by %s: allowed: two different hyperparameters", along->name,
                         by->name);
    return ERROR_NONE;
}

/* Arranges configurations by --along and, if that is a hyperparameter, --by: the grid's columns and rows. */
static enum error_code choose_lines(struct trend_figure *figure, const struct selection *selection, struct error *error)
{
    const struct trend_options *options = figure->options;
    const char *by = options->by, *name = statistic_table[options->statistic].name;
    bool by_measure = by && strcmp(by, "measure") == 0, by_layer = by && strcmp(by, "layer") == 0;
    if ((by_measure || by_layer) && !has_layers(figure))
        return error_set(error, ERROR_INPUT, "--by %s: it is all the same to %s", by, name);
    if (figure->request->layers && !has_layers(figure))
        return error_set(error, ERROR_INPUT, "--layer: %s is not a statistic of layers", name);
    if (__builtin_popcount(options->measures) > 1 && !by_measure)
        return error_set(error, ERROR_INPUT, "--measure: plot trend takes one measure, or several with --by measure");
    if (check_keys(options, by_measure || by_layer, error) ||
        grid_make(&figure->grid, figure->reader, selection, by_measure || by_layer ? "" : by, options->along, error))
        return error->code;
    if (figure->grid.columns.n < 2)
        return error_set(error, ERROR_INPUT, "%s: these configurations have one value of %s: a trend needs two",
                         figure->reader->path,
                         figure->grid.columns.key ? figure->grid.columns.key->name : "every hyperparameter");
    figure->n_lines = figure->n_trends = figure->grid.rows.n;
    if (by_measure) {
        figure->lines = LINES_MEASURES;
        figure->n_lines = 0;
        for (int m = 0; m < reader_n_measures(figure->reader); m++)
            if (options->measures >> m & 1)
                figure->measures[figure->n_lines++] = (enum measure)m;
        figure->n_trends = figure->n_lines;
    } else if (by_layer || (!figure->grid.rows.key && has_layers(figure))) {
        figure->lines = LINES_LAYERS;
        figure->n_lines = figure->n_layers;
    } else {
        figure->lines = figure->grid.rows.key ? LINES_KEY : LINES_ONE;
    }
    figure->n_columns = figure->lines == LINES_LAYERS ? 1 : figure->n_layers;
    return ERROR_NONE;
}

static void choose_layers(struct trend_figure *figure, const struct selection *selection)
{
    size_t deepest = 0;
    for (size_t i = 0; i < selection->n; i++) {
        size_t n = (size_t)figure->reader->configs[selection->configs[i]].hidden_layers;
        deepest = n > deepest ? n : deepest;
    }
    for (size_t layer = 0; layer < (has_layers(figure) ? deepest : 1); layer++)
        if (!has_layers(figure) || layer_mask_has(figure->request->layers, layer))
            figure->layers[figure->n_layers++] = layer;
}

static void value_text(const struct trend_figure *figure, const struct grid_axis *axis, size_t i,
                       char text[HYPERPARAMETER_FORMAT_MAX])
{
    const struct hyperparameters *h = &figure->reader->configs[axis->examples[i]];
    hyperparameter_format(h, axis->key, text);
    if (!*text) /* a list of tasks that second_task has no word for */
        hyperparameter_format(h, hyperparameter_find("tasks"), text);
}

/* Where the values of the axis lie: numbers as they are, or their binary logarithms where those lie about twice as
 * evenly; words one after the other. */
static enum error_code choose_places(struct trend_figure *figure, struct error *error)
{
    const struct grid_axis *axis = &figure->grid.columns;
    figure->x = malloc(axis->n * sizeof *figure->x);
    if (!figure->x)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    figure->is_number = true;
    for (size_t i = 0; i < axis->n && figure->is_number; i++) {
        char text[HYPERPARAMETER_FORMAT_MAX], *end;
        value_text(figure, axis, i, text);
        figure->x[i] = strtod(text, &end);
        figure->is_number = end != text && *end == '\0' && (i == 0 || figure->x[i] > figure->x[i - 1]);
    }
    figure->is_logarithmic = figure->is_number && trend_is_logarithmic(figure->x, axis->n);
    for (size_t i = 0; i < axis->n; i++)
        figure->x[i] = figure->is_logarithmic ? log2(figure->x[i]) : figure->is_number ? figure->x[i] : (double)i;
    return ERROR_NONE;
}

static enum error_code check_count(const struct trend_figure *figure, struct error *error)
{
    if (figure->n_lines > LINES_MAX)
        return too_many(figure, "lines", figure->n_lines, LINES_MAX, error);
    if (figure->grid.groups.n * figure->n_columns > PANELS_MAX)
        return too_many(figure, "panels", figure->grid.groups.n * figure->n_columns, PANELS_MAX, error);
    if (figure->grid.columns.n > POINTS_MAX)
        return too_many(figure, "values along the axis", figure->grid.columns.n, POINTS_MAX, error);
    return ERROR_NONE;
}

static enum error_code read_trends(struct trend_figure *figure, struct error *error)
{
    const struct grid *grid = &figure->grid;
    size_t n = grid->columns.n, *configs = malloc(n * sizeof *configs);
    struct ticker ticker;
    figure->trends = calloc(grid->groups.n * figure->n_trends, sizeof *figure->trends);
    if (!configs || !figure->trends) {
        free(configs);
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    }
    error->code = ERROR_NONE;
    ticker_begin(&ticker, "lines", grid->groups.n * figure->n_trends);
    for (size_t group = 0; group < grid->groups.n && !error->code; group++)
        for (size_t t = 0; t < figure->n_trends && !error->code; t++) {
            const struct ri_options ri = ri_of(figure, t);
            for (size_t i = 0; i < n; i++)
                configs[i] = grid_config(grid, group, figure->lines == LINES_KEY ? t : 0, i);
            trend_read(&figure->trends[group * figure->n_trends + t], figure->reader, configs,
                       figure->is_number ? figure->x : NULL, n, figure->options->statistic, &ri, error);
            ticker_add(&ticker, 1);
        }
    ticker_end(&ticker);
    free(configs);
    return error->code;
}

/* ---- The page ---- */

static void line_name(const struct trend_figure *figure, size_t line, char text[LABEL_MAX])
{
    char value[HYPERPARAMETER_FORMAT_MAX];
    *text = '\0';
    if (figure->lines == LINES_MEASURES) {
        snprintf(text, LABEL_MAX, "%s", measure_table[figure->measures[line]].name);
    } else if (figure->lines == LINES_LAYERS) {
        snprintf(text, LABEL_MAX, "layer %zu", figure->layers[line] + 1);
    } else if (figure->lines == LINES_KEY) {
        value_text(figure, &figure->grid.rows, line, value);
        snprintf(text, LABEL_MAX, "%s = %.*s", figure->grid.rows.key->name, LABEL_MAX - 64, value);
    }
}

static void tic_text(const struct trend_figure *figure, size_t i, char text[HYPERPARAMETER_FORMAT_MAX])
{
    value_text(figure, &figure->grid.columns, i, text);
    if (figure->is_numbered)
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "%zu", i + 1);
}

/* The numbers or words below the axis. What has no room is left out if it is a number; of words all are replaced by
 * numbers then, which the legend explains. */
static void write_x_axis(const struct trend_figure *figure, FILE *script)
{
    size_t n = figure->grid.columns.n;
    double first = figure->x[0], last = figure->x[n - 1], width = figure->sheet.panel_width, end = -INFINITY;
    char text[HYPERPARAMETER_FORMAT_MAX];
    const char *separator = "";
    double beyond = figure->is_number ? 0.05 : WORD_MARGIN / (last - first + 2 * WORD_MARGIN); /* of the width */
    for (size_t i = 0; i < n; i += n - 1) { /* what is at the ends keeps clear of the next panel's */
        tic_text(figure, i, text);
        double half = layout_text_width(text, FONT_SMALL) / 2 + 2 - PANEL_GAP / 2;
        beyond = fmax(beyond, fmin(half, width / 4) / width);
    }
    double margin = beyond / (1 - 2 * beyond) * (last - first), pixels = width / (last - first + 2 * margin);
    fprintf(script, "set xrange [%.9g:%.9g]\nset xtics (", first - margin, last + margin);
    for (size_t i = 0; i < n; i++) {
        tic_text(figure, i, text);
        double half = layout_text_width(text, FONT_SMALL) / 2, place = (figure->x[i] - first) * pixels;
        bool has_room = place - half > end;
        end = has_room ? place + half + 3 : end;
        fprintf(script, "%s", separator);
        gnuplot_write_string(script, has_room ? text : "");
        fprintf(script, " %.9g", figure->x[i]);
        separator = ", ";
    }
    fprintf(script, ")\n");
}

static bool words_have_room(const struct trend_figure *figure, double panel_width)
{
    const struct grid_axis *axis = &figure->grid.columns;
    for (size_t i = 0; i < axis->n; i++) {
        char text[HYPERPARAMETER_FORMAT_MAX];
        value_text(figure, axis, i, text);
        if (layout_text_width(text, FONT_SMALL) + 4 > panel_width / ((double)(axis->n - 1) + 2 * WORD_MARGIN))
            return false;
    }
    return true;
}

static void choose_extent(struct trend_figure *figure)
{
    figure->extent = EXTENT_EMPTY;
    for (size_t group = 0; group < figure->grid.groups.n; group++)
        for (size_t column = 0; column < figure->n_columns; column++)
            for (size_t line = 0; line < figure->n_lines; line++)
                for (size_t i = 0; i < figure->grid.columns.n; i++)
                    extent_add(&figure->extent, point_of(figure, group, column, line, i));
    figure->is_cut = extent_end(&figure->extent);
}

static void write_y_axis(const struct trend_figure *figure, FILE *script)
{
    double low = figure->extent.low, high = figure->extent.high, scale = scale_of(figure);
    if (!isfinite(low)) {
        low = 0;
        high = 1;
    }
    low *= scale;
    high *= scale;
    if (low > 0 && high >= 20 * low && statistic_table[figure->options->statistic].aggregate == AGGREGATE_MEDIAN) {
        layout_y_range(&figure->sheet.gnuplot, low, high, 0.04, true);
        return;
    }
    double range = high > low ? high - low : fmax(fabs(high), 1e-6), step = layout_step(range, 5);
    fprintf(script, "set yrange [%.9g:%.9g]\nset ytics %.9g,%.9g\n", low - 0.05 * range, high + 0.05 * range,
            step * ceil((low - 0.05 * range) / step), step);
}

static void slope_text(const struct trend_figure *figure, const struct estimate *slope, char text[64])
{
    double scale = scale_of(figure), width = scale * (slope->high - slope->low);
    int digits = width > 0 ? (int)fmin(9, fmax(0, 1 - floor(log10(width)))) : 2; /* two of the interval's width */
    if (isfinite(slope->low))
        snprintf(text, 64, "%+.*f [%+.*f, %+.*f]", digits, scale * slope->value, digits, scale * slope->low, digits,
                 scale * slope->high);
    else if (isfinite(slope->value))
        snprintf(text, 64, "%+.3g", scale * slope->value);
    else
        snprintf(text, 64, "-");
}

/* Data of a line: place, value and interval; a line for the eye, and where the interval is not known a gap in the
 * band. */
static void write_line_data(const struct trend_figure *figure, size_t group, size_t column, size_t line)
{
    FILE *script = figure->sheet.gnuplot.script;
    double scale = scale_of(figure);
    double shift = figure->is_number ? 0 : ((double)line - ((double)figure->n_lines - 1) / 2) * BESIDE;
    fprintf(script, "\n$row%zu_column%zu_line%zu << EOD\n", group + 1, column + 1, line + 1);
    for (size_t i = 0; i < figure->grid.columns.n; i++) {
        const struct estimate *point = point_of(figure, group, column, line, i);
        if (isfinite(point->value))
            fprintf(script, "%.9g %.6g %.6g %.6g\n", figure->x[i] + shift, scale * point->value, scale * point->low,
                    scale * point->high);
        else
            fprintf(script, "\n");
    }
    fprintf(script, "EOD\n");
}

static void write_numbers(const struct trend_figure *figure, size_t group, size_t column, size_t line)
{
    const struct gnuplot *gnuplot = &figure->sheet.gnuplot;
    const char *statistic = statistic_table[figure->options->statistic].name;
    char label[LABEL_MAX] = "", name[LABEL_MAX];
    size_t layer;
    const struct trend *trend = trend_of(figure, group, column, line, &layer);
    grid_group_label(&figure->grid, group, label);
    line_name(figure, line, name);
    for (size_t i = 0; i <= figure->grid.columns.n; i++) {
        bool is_slope = i == figure->grid.columns.n;
        size_t row = figure->lines == LINES_KEY ? line : 0;
        size_t config = is_slope ? SIZE_MAX : grid_config(&figure->grid, group, row, i);
        if ((is_slope && (!figure->is_number || layer >= trend->n_layers)) || (!is_slope && config == GRID_NO_CONFIG))
            continue;
        figure_data_row(gnuplot, figure->reader, config);
        figure_data_text(gnuplot, label);
        figure_data_text(gnuplot, name);
        figure_data_text(gnuplot, has_layers(figure) ? measure_table[ri_of(figure, line).measure].name : "");
        figure_data_number(gnuplot, has_layers(figure) ? (double)layer + 1 : (double)NAN);
        figure_data_text(gnuplot, statistic);
        figure_data_text(gnuplot, !is_slope ? "point" : figure->is_logarithmic ? "slope a doubling" : "slope");
        figure_data_estimate(gnuplot, is_slope ? &trend->slopes[layer] : point_of(figure, group, column, line, i));
    }
}

static void write_panel(const struct trend_figure *figure, size_t group, size_t column)
{
    const struct sheet *sheet = &figure->sheet;
    const struct box box = sheet_box(sheet, group, column);
    FILE *script = sheet->gnuplot.script;
    for (size_t line = 0; line < figure->n_lines; line++) {
        write_line_data(figure, group, column, line);
        write_numbers(figure, group, column, line);
    }
    layout_panel(&sheet->gnuplot, &box);
    for (size_t line = 0; line < figure->n_lines && figure->is_number; line++) {
        char style[STYLE_MAX], mark[STYLE_MAX], text[64];
        size_t layer;
        const struct trend *trend = trend_of(figure, group, column, line, &layer);
        palette_line(&figure->request->palette, line, 1.2, style);
        palette_mark(&figure->request->palette, line, 0.6, mark);
        snprintf(text, sizeof text, "-");
        if (layer < trend->n_layers)
            slope_text(figure, &trend->slopes[layer], text);
        sheet_note(sheet, group, column, line, figure->lines == LINES_ONE ? NULL : style,
                   figure->lines == LINES_ONE ? NULL : mark, text);
    }
    fprintf(script, "set format x '%s'\nset format y '%s'\nplot ", "%g",
            sheet_is_leftmost(sheet, group, column) ? "%g" : "");
    for (size_t line = 0; line < figure->n_lines; line++) {
        char style[STYLE_MAX], mark[STYLE_MAX], data[96];
        palette_line(&figure->request->palette, line, 1.2, style);
        palette_mark(&figure->request->palette, line, 0.6, mark);
        snprintf(data, sizeof data, "$row%zu_column%zu_line%zu", group + 1, column + 1, line + 1);
        if (figure->is_number)
            fprintf(script,
                    "%s using 1:3:4 with filledcurves fs transparent solid %.2f noborder lc rgb '#%06" PRIx32
                    "', \\\n     ",
                    data, fmin(0.15, 0.4 / (double)figure->n_lines), figure->request->palette.colours[line]);
        else
            fprintf(script, "%s using 1:3:(0):($4-$3) with vectors nohead lw 1.2 lc rgb '#%06" PRIx32 "', \\\n     ",
                    data, figure->request->palette.colours[line]);
        fprintf(script, "%s using 1:2 with lines %s, \\\n     %s using 1:2 with points %s%s", data, style, data, mark,
                line + 1 < figure->n_lines ? ", \\\n     " : "\nunset label\nunset arrow\n");
    }
}

/* "selective: units with |RI| > 0.9, %" */
static void write_y_name(const struct trend_figure *figure, char text[LABEL_MAX])
{
    const struct ri_options ri = figure_common_ri(figure->request);
    char label[STATISTIC_LABEL_MAX];
    statistic_label(figure->options->statistic, &ri, label);
    snprintf(text, LABEL_MAX, "%s%s", label, statistic_table[figure->options->statistic].is_share ? ", %" : "");
}

/* What the figure says about itself, besides the lines' names. */
static size_t write_remarks(const struct trend_figure *figure, char texts[4][LABEL_MAX])
{
    static const char *const aggregates[] = {"with Wilson's 95 % interval", "mean over models with its 95 % interval",
                                             "median over models with its 95 % interval"};
    const struct statistic_description *row = &statistic_table[figure->options->statistic];
    const struct ri_options ri = figure_common_ri(figure->request);
    const char *key = figure->grid.columns.key->name;
    char pair[TASK_PAIR_LABEL_MAX] = "", measure[64] = "", tasks[2][TASK_LABEL_MAX];
    char label[STATISTIC_LABEL_MAX], meaning[STATISTIC_MEANING_MAX];
    size_t n = 0;
    statistic_label(figure->options->statistic, &ri, label);
    statistic_meaning(figure->options->statistic, &ri, meaning);
    if (has_layers(figure) && figure->lines != LINES_MEASURES)
        snprintf(measure, sizeof measure, " (%s)", measure_table[figure->request->ri.measure].name);
    if (figure->request->pairs) {
        for (int side = 0; side < 2; side++)
            task_pairs_label(figure->request->pairs, figure->reader, side, tasks[side]);
        snprintf(pair, sizeof pair, "; %s, %s", tasks[0], tasks[1]);
    }
    snprintf(texts[n++], LABEL_MAX, "%s: %s%s, %s%s", label, meaning, measure, aggregates[row->aggregate], pair);
    if (figure->is_number)
        snprintf(texts[n++], LABEL_MAX, "above: slope for %s %s, 95 %% interval over seeds%s",
                 figure->is_logarithmic ? "each doubling of" : "1 more of", key,
                 row->aggregate == AGGREGATE_MEDIAN ? ", of means" : "");
    if (figure->is_numbered) {
        size_t used = 0;
        for (size_t i = 0; i < figure->grid.columns.n && used < LABEL_MAX; i++) {
            char value[HYPERPARAMETER_FORMAT_MAX];
            value_text(figure, &figure->grid.columns, i, value);
            used += (size_t)snprintf(texts[n] + used, LABEL_MAX - used, "%s%zu: %s", i ? "; " : "", i + 1, value);
        }
        n++;
    }
    if (figure->is_cut)
        snprintf(texts[n++], LABEL_MAX, EXTENT_REMARK);
    if (has_layers(figure) && layout_ri_text(&figure->request->ri, texts[n]))
        n++;
    return n;
}

/* The texts of a page. */
struct page_texts {
    char names[LINES_MAX][LABEL_MAX], lines[LINES_MAX][STYLE_MAX], remarks[REMARKS_MAX][LABEL_MAX], y_name[LABEL_MAX];
    char common[LABEL_MAX], rows[PANELS_MAX][LABEL_MAX], columns[LAYERS_MAX][LABEL_MAX];
    struct legend_item legend[LINES_MAX + REMARKS_MAX];
};

static void write_texts(struct trend_figure *figure, const struct selection *selection, struct page_texts *texts)
{
    size_t n = 0;
    for (size_t line = 0; line < figure->n_lines && figure->lines != LINES_ONE; line++) {
        line_name(figure, line, texts->names[line]);
        palette_line(&figure->request->palette, line, 1.6, texts->lines[line]);
        texts->legend[n++] = (struct legend_item){false, texts->lines[line], texts->names[line]};
    }
    size_t n_remarks = write_remarks(figure, texts->remarks);
    for (size_t i = 0; i < n_remarks; i++)
        texts->legend[n++] = (struct legend_item){false, NULL, texts->remarks[i]};
    write_y_name(figure, texts->y_name);
    figure_common(figure->reader, selection, NULL, texts->common);
    for (size_t group = 0; group < figure->grid.groups.n; group++)
        grid_group_label(&figure->grid, group, texts->rows[group]);
    for (size_t column = 0; column < figure->n_layers && figure->lines != LINES_LAYERS; column++)
        if (has_layers(figure))
            snprintf(texts->columns[column], LABEL_MAX, "layer %zu", figure->layers[column] + 1);
    figure->sheet = (struct sheet){
        .request = figure->request,
        .head = {layout_title(figure->reader, figure->request->title), texts->common, texts->legend, n, NULL, 0},
        .n_rows = figure->grid.groups.n,
        .n_columns = figure->n_columns,
        .may_turn = true,
        .row_titles = (const char(*)[LABEL_MAX])texts->rows,
        .column_titles = (const char(*)[LABEL_MAX])texts->columns,
        .n_notes = figure->is_number ? figure->n_lines : 0,
        .panel_width = PANEL_WIDTH,
        .panel_height = PANEL_HEIGHT,
        .margin_left = 56,
        .gap = PANEL_GAP,
        .tics_height = 12,
        .x_name = figure->grid.columns.key->name,
        .y_name = texts->y_name};
}

static enum error_code draw(struct trend_figure *figure, const struct selection *selection, struct error *error)
{
    struct page_texts *texts = calloc(1, sizeof *texts);
    if (!texts)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    figure->is_numbered = !figure->is_number && !words_have_room(figure, PANEL_WIDTH);
    choose_extent(figure);
    write_texts(figure, selection, texts);
    if (!sheet_begin(&figure->sheet, error)) {
        FILE *script = figure->sheet.gnuplot.script;
        figure_data_begin(&figure->sheet.gnuplot, figure->reader,
                          "group,line,measure,layer,statistic,kind,value,low,high,n");
        write_x_axis(figure, script);
        write_y_axis(figure, script);
        for (size_t group = 0; group < figure->grid.groups.n; group++)
            for (size_t column = 0; column < figure->n_columns; column++)
                write_panel(figure, group, column);
        sheet_finish(&figure->sheet, error);
    }
    free(texts);
    return error->code;
}

enum error_code plot_trend(struct reader *reader, const struct selection *selection,
                           const struct figure_request *request, const struct trend_options *options,
                           struct error *error)
{
    struct trend_figure figure = {.reader = reader, .request = request, .options = options};
    if (gnuplot_check(&request->place, error) || layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    choose_layers(&figure, selection);
    if (!choose_lines(&figure, selection, error) && !check_count(&figure, error) && !choose_places(&figure, error) &&
        !read_trends(&figure, error))
        draw(&figure, selection, error);
    for (size_t i = 0; figure.trends && i < figure.grid.groups.n * figure.n_trends; i++)
        trend_free(&figure.trends[i]);
    free(figure.trends);
    free(figure.x);
    grid_free(&figure.grid);
    return error->code;
}
